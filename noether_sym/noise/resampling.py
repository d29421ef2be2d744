"""How sure refitted constants are: what leaving out trajectories, or blocks of time, changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.noise.problem import Point, change
from noether_sym.noise.scatter import Sums, compared, sums_of
from noether_sym.statistics.jackknife import jackknife_covariance

TRAJECTORIES, BLOCKS, NOTHING = "trajectories", "blocks of time", "nothing"
"""What is left out in turn to tell how sure constants are."""

_LEAST_GROUPS = 3
"""Fewest trajectories, or blocks, whose differences give an error."""

_BLOCK_COUNT, _BLOCK_SAMPLES = 20, 8
"""Blocks of time wanted in all, and the fewest samples of one."""


def uncertainty(
    point: Point, free: NDArray[np.int64], lags: Sequence[float], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Covariance, degrees of freedom, and what was left out to have them.

    Parameters
    ----------
    point : Point
        The fitted constants.
    free : array of shape (constant,)
        Slots of those that the data tell.
    lags : sequence of float
        As they were fitted.
    labels : array of shape (segment,)
        The trajectory of each segment.

    Returns
    -------
    covariance : array of shape (parameter, parameter)
        See `noether_sym.noise.constants.Refit`.
    degrees : array of shape (parameter,)
    resampled : str
        `TRAJECTORIES`, `BLOCKS` or `NOTHING`.
    """
    count = len(point.values)
    covariance, degrees = np.zeros((count, count)), np.zeros(count)
    pick = np.append(0, 1 + free)
    seen = np.unique(labels[point.mask.any(axis=1)])
    resampled = TRAJECTORIES
    parts = list(_without_trajectories(point, pick, labels, seen))
    if len(seen) < _LEAST_GROUPS:
        resampled = BLOCKS
        parts = list(_without_blocks(point, pick, lags))
    if len(parts) < _LEAST_GROUPS or not len(free):
        resampled = NOTHING
        covariance[np.ix_(free, free)] = np.nan
        return covariance, degrees, resampled
    found = jackknife_covariance(np.array([change(rest) for _, rest in parts]))
    found[np.diag_indices(len(free))] += _rounding(point, free) ** 2
    covariance[np.ix_(free, free)] = found
    known = np.isfinite(np.diag(found))
    degrees[free] = np.where(known, _degrees(point, free, lags, parts), 0.0)
    return covariance, degrees, resampled


def _without_trajectories(
    point: Point, pick: NDArray[np.int64], labels: NDArray[np.int64], seen: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.bool_], Sums]]:
    """Samples left out, one trajectory at a time, and sums over the rest."""
    for label in seen:
        rows = labels == label
        left = (point.mask > 0) & rows[:, None]
        yield left, (point.total - point.sums[rows].total()).of(pick)


def _without_blocks(
    point: Point, pick: NDArray[np.int64], lags: Sequence[float]
) -> Iterator[tuple[NDArray[np.bool_], Sums]]:
    """The same for blocks of time."""
    segments = np.flatnonzero(point.mask.any(axis=1))
    for row in segments:
        places = np.flatnonzero(point.mask[row])
        blocks = min(-(-_BLOCK_COUNT // len(segments)), len(places) // _BLOCK_SAMPLES)
        for block in np.array_split(places, max(blocks, 1)):
            left = np.zeros(point.mask.shape, dtype=bool)
            left[row, block] = True
            one = slice(row, row + 1)
            rest = sums_of(
                point.own.features[:, one],
                point.own.covariance[:, :, one],
                np.where(left, 0.0, point.mask)[one],
                lags,
            )
            rest = replace(rest, within=rest.within * point.segment_weights[row])
            yield left, (point.total - point.sums[row] + rest[0]).of(pick)


def _degrees(
    point: Point,
    free: NDArray[np.int64],
    lags: Sequence[float],
    parts: Sequence[tuple[NDArray[np.bool_], Sums]],
) -> NDArray[np.float64]:
    """Degrees of freedom by constant, from how unevenly the parts contribute.

    To first order what a part adds to the estimating equations is noise with the covariance
    M_k of its squared derivatives, centred, times the formula's noise (the same for all samples
    where there is none); less its part H_k / H of the whole, which the estimate takes up. The
    errors' square is a quadratic form of these.
    """
    rows = np.where(point.mask > 0, point.own.features[1 + free], 0.0)
    count = point.mask.sum(axis=1)
    means = (rows * point.mask).sum(axis=2) / np.where(count > 0, count, 1.0)
    centred = compared((rows - means[..., None]) * np.sqrt(point.mask), lags)
    centred = centred * point.segment_weights[:, None]
    noise = point.own.covariance[0, 0]
    sizes = np.where(point.mask > 0, noise.clip(min=0.0) if noise.any() else 1.0, 0.0) * point.mask
    whole = point.total.within[np.ix_(1 + free, 1 + free)]
    rests = np.array([rest.within[1:, 1:] for _, rest in parts])
    meats = np.array([(centred[:, left] * sizes[left]) @ centred[:, left].T for left, _ in parts])
    taken = (whole - rests) @ np.linalg.pinv(whole)
    inverses = np.linalg.pinv(rests)
    degrees = np.ones(len(free))
    for place in range(len(free)):
        lever = inverses[:, place]
        own = np.einsum("kp,kpq->kq", lever, meats)
        shared = np.einsum("kp,kpq->kq", lever, taken)
        cross = shared @ own.T
        form = np.diag((own * lever).sum(axis=1)) - cross - cross.T
        form += shared @ meats.sum(axis=0) @ shared.T
        form = form - form.mean(axis=0)
        form = form - form.mean(axis=1, keepdims=True)
        squared = float((form**2).sum())
        if squared > 0:
            degrees[place] = max(float(np.trace(form)) ** 2 / squared, 1.0)
    return degrees


def _rounding(point: Point, free: NDArray[np.int64]) -> NDArray[np.float64]:
    """Errors of the constants that rounding of the formula's values can make."""
    real = point.mask > 0
    terms = point.values[:, None] * point.own.features[1:, real]
    size = float(np.sqrt(np.mean(np.max(np.abs([*terms, point.own.features[0, real]]), 0) ** 2)))
    pick = np.ix_(1 + free, 1 + free)
    inverse = np.linalg.pinv(point.total.within[pick] / max(float(point.total.count), 1.0))
    reach = size * np.sqrt(np.diag(inverse).clip(min=0.0))
    return np.finfo(float).eps * np.maximum(reach, np.abs(point.values[free]))
