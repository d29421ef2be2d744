"""Whether residuals have a memory in time, and what errors of constants have to do with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.verdict.residuals import Residuals

_MODES = 3
"""Cosine modes, the slowest, whose sizes tell a drift."""

_DEPENDENT = 1e-10
"""Share of the largest eigenvalue below which directions of constants are one."""

_TOLD = 3.0
"""Standard errors by which what a constant changes must stand out from the noise of that change."""


def without_constants(
    residuals: Sequence[Residuals],
    tangents: Sequence[NDArray[np.float64]],
    resolution: float | None,
) -> list[Residuals]:
    """Residuals without what errors of the constants, the same for all, likely explain.

    The errors are estimated as a least-squares fit with a normal prior would, but for one thing: a
    residual and what a constant changes in it carry the same noise, by which a fit on the same
    samples would be drawn to where the noise's bias is, and leave behind what has been taken out
    of the constants. Of neighbouring samples the noises are independent, and what changes is
    nearly the same (instruments: Sargan 1958, doi:10.2307/1907619).

    Parameters
    ----------
    residuals : sequence of Residuals
    tangents : sequence of arrays of shape (sample, constant)
        What one standard error of each constant changes.
    resolution : float or None
        Correlation of neighbours in what changes; None where they are too far apart, and only one
        and the same sample tells.
    """
    moved = [
        own - np.average(own, axis=0, weights=one.weights)
        for one, own in zip(residuals, tangents, strict=True)
    ]
    values = [one.deviations for one in residuals]
    target = np.concatenate(values)
    noise = float(target @ target) / len(target)
    whole = _products(moved, moved, None)
    if not moved[0].shape[1] or not (noise > 0 and whole.any() and np.isfinite(whole).all()):
        return list(residuals)
    # directions of equal effect; then those of whose effect noise is not all
    sizes, axes = np.linalg.eigh(whole)
    axes = axes[:, kept := sizes > _DEPENDENT * sizes[-1]] / np.sqrt(sizes[kept])
    shares, turned = np.linalg.eigh(axes.T @ _products(moved, moved, resolution) @ axes)
    axes = axes @ turned
    if resolution is not None:
        told = shares > _TOLD * _noise_of_shares([own @ axes for own in moved]) / resolution
        axes, shares = axes[:, told], shares[told]
    sought = axes.T @ _products(moved, [own[:, None] for own in values], resolution)
    left = np.linalg.solve(np.diag(shares) + noise * axes.T @ axes, sought)
    factors = (axes @ left)[:, 0]
    return [
        Residuals(one.deviations - own @ factors, one.weights)
        for one, own in zip(residuals, moved, strict=True)
    ]


def _products(
    one: Sequence[NDArray[np.float64]],
    two: Sequence[NDArray[np.float64]],
    resolution: float | None,
) -> NDArray[np.float64]:
    """Sums of products of columns on the same samples, or on neighbours, of their correlation."""
    total = np.zeros((one[0].shape[1], two[0].shape[1]))
    for own, other in zip(one, two, strict=True):
        count = len(own)
        if resolution is None:
            total += own.T @ other
        elif count > 1:
            both = own[1:].T @ other[:-1] + own[:-1].T @ other[1:]
            total += both * (0.5 * count / (count - 1) / resolution)
    return total


def _noise_of_shares(columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """What sums of products of neighbours would be of noise alone, one standard deviation."""
    squares = [own**2 for own in columns if len(own) > 1]
    total = np.sum([(own[1:] * own[:-1]).sum(0) for own in squares], axis=0)
    return np.asarray(np.sqrt(total), dtype=np.float64)


def whiteness(residuals: Sequence[Residuals], lags: int) -> float:
    """p-value of the residuals being independent: low modes in time, and neighbours.

    Sums of products of residuals at different times have mean zero if these are independent,
    whatever the variance of each; the squares of those products give the variance of the sum.
    Of one lag a sum above zero counts, for changes are slower than the samples; of several, where
    they need not be, any sum does (after Box and Pierce 1970, doi:10.2307/2284333). Two samples
    have no product that tells anything: of such trajectories the mean step must be zero.
    """
    from scipy.stats import chi2, norm, ttest_1samp

    low = low_variance = 0.0
    sums, variances = np.zeros(lags), np.zeros(lags)
    freedom = 0
    largest = max((float(np.abs(one.deviations).max()) for one in residuals), default=0.0)
    for one in residuals:
        if len(one.weights) == 2:
            continue
        own = one.deviations * one.weights / (largest or 1.0)
        count = len(own)
        squares = own**2 * count / (count - 1)
        modes = cosines(count)
        low += float(((modes @ own) ** 2).sum() - (modes**2 @ squares).sum())
        # of the sum over pairs of different times, without a matrix of all times
        pairs = ((modes * squares) @ modes.T) ** 2
        low_variance += 2.0 * float(pairs.sum() - ((modes**2).sum(0) ** 2 @ squares**2))
        freedom += len(modes)
        for lag in range(1, min(lags, count - 1) + 1):
            of_mean = squares.mean() * (count - lag) / count
            sums[lag - 1] += float((own[lag:] * own[:-lag]).sum() + of_mean)
            variances[lag - 1] += float((squares[lag:] * squares[:-lag]).sum())
    chances = []
    steps = np.array([np.diff(one.deviations)[0] for one in residuals if len(one.weights) == 2])
    if len(steps) > 2 and steps.any():
        chances.append(float(ttest_1samp(steps, 0.0).pvalue))
    if low_variance > 0:
        wave = freedom + low / np.sqrt(low_variance) * np.sqrt(2.0 * freedom)
        chances.append(float(chi2.sf(wave, freedom)))
    there = variances > 0
    if there.any():
        memory = sums[there] / np.sqrt(variances[there])
        several = chi2.sf(memory @ memory, len(memory))
        chances.append(float(norm.sf(memory[0]) if lags == 1 else several))
    return float(min(1.0, len(chances) * min(chances, default=1.0)))


def cosines(count: int) -> NDArray[np.float64]:
    """The lowest cosine modes over a number of samples, the constant left out."""
    places = (np.arange(count) + 0.5) / count
    orders = np.arange(1, min(_MODES, count - 1) + 1)
    modes: NDArray[np.float64] = np.sqrt(2.0 / count) * np.cos(np.pi * orders[:, None] * places)
    return modes
