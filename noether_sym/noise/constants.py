"""Constants of a law from noisy data, without the noise's bias, and how sure they are.

Least squares on noisy columns pulls constants aside: on a pendulum with noise .2 by 7 %. The
constants here minimise the scatter of the adjusted formula along trajectories, less what noise
adds to it, over its scatter over all samples. Formula and derivatives by the constants are the
features (`noether_sym.noise.adjusted`); the least generalised eigenvector of their two scatter
matrices is the Gauss-Newton step of variable projection (Golub and Pereyra 1973,
doi:10.1137/0710036), exact at once where constants are factors.

The scatter over all samples only normalises, and keeps its noise: corrected for it, it need not be
positive where noise outweighs the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh
from scipy.stats import t as student

from noether_sym.dsl.expression import PARAMETER, Expression
from noether_sym.dsl.operators import operator_of
from noether_sym.errors import DatasetError
from noether_sym.noise.adjusted import Adjusted, adjusted
from noether_sym.noise.scatter import NEXT_SAMPLE, SAME_SAMPLE, Sums, compared, sums_of

TRAJECTORIES, BLOCKS, NOTHING = "trajectories", "blocks of time", "nothing"
"""What is left out in turn to tell how sure constants are."""

_MEMORY = 0.5
"""Least scatter of any combination of the derivatives between neighbours, as a part of that of
single samples: below it the samples are too far apart for neighbours to tell the same."""

_RIDGE = 0.25
"""Part of the typical noise that is added to each trajectory's own before the weights are taken:
that of a trajectory near a fixed point is hardly known and may come out negative."""

_STEPS, _HALVINGS = 30, 12
"""Most Gauss-Newton steps, and how often one is halved."""

_STILL = 1e-10
"""Relative size of the step at which constants have settled."""

_FREE = 1e-6
"""Least part of a derivative, as standard deviations go, that neither the formula itself nor the
derivatives by other constants can stand for: beyond a millionth the Gram matrix is rounding."""

_LEAST_GROUPS = 3
"""Fewest trajectories, or blocks, whose differences give an error."""

_BLOCK_COUNT, _BLOCK_SAMPLES = 20, 8
"""Blocks of time wanted in all, and the fewest samples of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """Constants of a formula, refitted.

    Attributes
    ----------
    values : array of shape (parameter,)
        By slot, in the parameters' units.
    covariance : array of shape (parameter, parameter)
        By the jackknife, with the floor that rounding sets. Zero for held constants, not a number
        where there is nothing to tell it from.
    degrees : array of shape (parameter,)
        Degrees of freedom of the errors; 0 where there is no error.
    resampled : str
        What was left out in turn: `TRAJECTORIES`, `BLOCKS` or `NOTHING`.
    held : tuple of int
        Slots that the data cannot tell, such as a factor of everything: their values are those
        given.
    neighbours : bool
        Whether neighbours in time were compared, so that sigma matters to second order only.
    approximate : float
        Share of the samples for which features could be adjusted in part only.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees: NDArray[np.float64]
    resampled: str
    held: tuple[int, ...]
    neighbours: bool
    approximate: float

    @property
    def errors(self) -> NDArray[np.float64]:
        """Standard errors by slot; not a number for held constants."""
        errors = np.sqrt(np.diag(self.covariance))
        errors[self.degrees == 0] = np.nan
        return errors

    def intervals(self, level: float = 0.95) -> NDArray[np.float64]:
        """Confidence intervals by Student's distribution: shape (parameter, 2).

        Parameters
        ----------
        level : float
            Between 0 and 1.
        """
        reach = np.full(len(self.values), np.nan)
        known = self.degrees > 0
        reach[known] = student.ppf(0.5 + level / 2, self.degrees[known]) * self.errors[known]
        return np.stack([self.values - reach, self.values + reach], axis=1)


def refit(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    weights: NDArray[np.float64],
    sigma: NDArray[np.float64],
    groups: Sequence[int] | None = None,
) -> Refit:
    """Constants of a formula without the noise's bias.

    With noise, neighbours in time are compared (of a law they differ by independent noise only):
    that needs sigma for the features alone, and has the smaller spread. Without noise, or where
    samples lie too far apart, it is the samples themselves. A second fit weighs each trajectory
    by the noise that the first says it gives the law.

    Parameters
    ----------
    expression : Expression
        With parameter slots 0, 1, ...
    values : sequence of float
        Where to begin, by slot; kept where nothing is better.
    states : array of shape (column, segment, time)
    weights : array of shape (segment, time)
        1 for a sample, 0 for padding.
    sigma : array of shape (column,)
        Standard deviation of each column's noise, independent and Gaussian; 0 for exact columns.
    groups : sequence of int, optional
        The trajectory of each segment, where segments are windows; by default each its own.

    Returns
    -------
    Refit
        Errors from leaving out one trajectory at a time (the jackknife: Miller 1974, Biometrika
        61, 1, doi:10.1093/biomet/61.1.1), each a Gauss-Newton step. Trajectories do not weigh
        the same, so that the degrees of freedom are those of a sum of unequal squares
        (Satterthwaite 1946, Biometrics Bulletin 2, 110; Bell and McCaffrey 2002, Survey
        Methodology 28, 169). Fewer than 3 trajectories: blocks of time instead.

    Raises
    ------
    DatasetError
        If sigma does not fit the columns.
    """
    start = np.array(values, dtype=np.float64)
    features = _Features.of(expression, start, states, _checked(sigma, len(states)))
    labels = np.arange(len(weights)) if groups is None else np.asarray(groups)
    return _refitted(features, weights, labels)


def refit_without(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    weights: NDArray[np.float64],
    sigma: NDArray[np.float64],
    left_out: Sequence[Sequence[int]],
) -> list[Refit]:
    """As `refit`, again and again without some of the segments, each a trajectory.

    Parameters
    ----------
    expression, values, states, weights, sigma
        As there.
    left_out : sequence of sequence of int
        Numbers of the segments that are left out each time.
    """
    start = np.array(values, dtype=np.float64)
    features = _Features.of(expression, start, states, _checked(sigma, len(states)))
    found = []
    for some in left_out:
        kept = np.setdiff1d(np.arange(len(weights)), some)
        found.append(_refitted(features.restricted(kept), weights[kept], kept))
    return found


def _checked(sigma: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
    sigma = np.asarray(sigma, dtype=np.float64)
    if sigma.shape != (columns,) or not (np.isfinite(sigma) & (sigma >= 0)).all():
        raise DatasetError(
            f"sigma {sigma.tolist()} for {columns} columns: give one number from 0 up for each"
        )
    return sigma


def _refitted(
    features: _Features, weights: NDArray[np.float64], labels: NDArray[np.int64]
) -> Refit:
    problem = _Problem(features, weights, np.ones(len(weights)))
    point = problem.at(features.start, SAME_SAMPLE)
    free = _free_slots(point)
    lags: Sequence[float] = SAME_SAMPLE
    if len(free) and point.own.covariance.any():
        neighbours = problem.at(point.values, NEXT_SAMPLE)
        if _remembers(neighbours.total, point.total, free):
            point, lags = neighbours, NEXT_SAMPLE
    if len(free):
        point = _improved(problem, point, free, lags)
        problem = replace(problem, segment_weights=_weights(point))
        point = _improved(problem, problem.at(point.values, lags), free, lags)
    covariance, degrees, resampled = _uncertainty(point, free, lags, labels)
    counted = point.own.approximate[point.mask > 0]
    return Refit(
        values=point.values,
        covariance=covariance,
        degrees=degrees,
        resampled=resampled,
        held=tuple(slot for slot in range(len(point.values)) if slot not in free),
        neighbours=lags is NEXT_SAMPLE,
        approximate=float(counted.mean()) if counted.size else 0.0,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """Constants with the features there, and their sums by segment and over all."""

    values: NDArray[np.float64]
    own: Adjusted
    mask: NDArray[np.float64]
    segment_weights: NDArray[np.float64]
    sums: Sums
    total: Sums

    @property
    def ratio(self) -> float:
        """Scatter within trajectories over that over all samples; of noise either sign."""
        spread = float(self.total.spread()[0, 0])
        return float(self.total.within[0, 0]) / spread if spread > 0 else np.inf


@dataclass(frozen=True, slots=True, eq=False)
class _Features:
    """A formula's adjusted features for any constants.

    Those of a formula that is linear in its constants are computed once.
    """

    expression: Expression
    start: NDArray[np.float64]
    states: NDArray[np.float64]
    sigma: NDArray[np.float64]
    first: Adjusted
    linear: bool

    @classmethod
    def of(
        cls,
        expression: Expression,
        start: NDArray[np.float64],
        states: NDArray[np.float64],
        sigma: NDArray[np.float64],
    ) -> _Features:
        first = adjusted(expression, start.tolist(), states, sigma)
        return cls(expression, start, states, sigma, first, _degree(expression) <= 1)

    def restricted(self, segments: NDArray[np.int64]) -> _Features:
        own = self.first
        first = Adjusted(
            own.features[:, segments], own.covariance[:, :, segments], own.approximate[segments]
        )
        return replace(self, states=self.states[:, segments], first=first)

    def at(self, values: NDArray[np.float64]) -> Adjusted:
        if not self.linear:
            return adjusted(self.expression, values.tolist(), self.states, self.sigma)
        features, covariance = self.first.features.copy(), self.first.covariance.copy()
        change = values - self.start
        features[0] += np.tensordot(change, features[1:], 1)
        covariance[0] += np.tensordot(change, covariance[1:], 1)
        covariance[:, 0] += np.tensordot(change, covariance[:, 1:], (0, 1))
        return replace(self.first, features=features, covariance=covariance)


def _degree(expression: Expression) -> int:
    """Degree of a formula in its constants; 2 for all that is not linear."""
    if expression.is_leaf:
        return int(expression.head == PARAMETER)
    own = [_degree(part) for part in expression.arguments]
    if expression.head == "mul":
        return min(2, sum(own))
    if operator_of(expression.head).is_sum or (expression.head == "div" and not own[1]):
        return max(own)
    return 2 * (max(own) > 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """What stays the same while constants change."""

    features: _Features
    weights: NDArray[np.float64]
    segment_weights: NDArray[np.float64]

    def at(self, values: NDArray[np.float64], lags: Sequence[float]) -> _Point:
        own = self.features.at(values)
        finite = np.isfinite(own.features).all(axis=0) & np.isfinite(own.covariance).all((0, 1))
        mask = np.where(finite & (self.weights > 0), 1.0, 0.0)
        sums = sums_of(own.features, own.covariance, mask, lags)
        sums = replace(sums, within=sums.within * self.segment_weights[:, None, None])
        return _Point(values, own, mask, self.segment_weights, sums, sums.total())


def _improved(
    problem: _Problem, point: _Point, free: NDArray[np.int64], lags: Sequence[float]
) -> _Point:
    """Gauss-Newton steps as long as the ratio falls; most samples must stay defined."""
    least = 0.9 * point.mask.sum()
    for _ in range(_STEPS):
        step = np.zeros_like(point.values)
        step[free] = change(point.total.of(np.append(0, 1 + free)))
        if not np.isfinite(step).all():
            return point
        for halving in range(_HALVINGS):
            trial = problem.at(point.values + step / 2**halving, lags)
            if trial.mask.sum() >= least and trial.ratio < point.ratio:
                break
        else:
            return point
        settled = (np.abs(trial.values - point.values) <= _STILL * np.abs(trial.values)).all()
        point = trial
        if settled:
            break
    return point


def _weights(point: _Point) -> NDArray[np.float64]:
    """Weight of each segment: one over its noise, of mean 1.

    Where trajectories differ in size, noise gives the law of the large ones an error many times
    that of the small ones, which would decide alone.
    """
    noise = np.where(point.mask > 0, point.own.covariance[0, 0], 0.0)
    count = point.mask.sum(axis=1)
    typical = float(noise.sum() / max(count.sum(), 1.0))
    if typical <= 0:
        return np.ones(len(count))
    own = noise.sum(axis=1) / np.maximum(count, 1.0)
    weights: NDArray[np.float64] = 1.0 / (own.clip(min=0.0) + _RIDGE * typical)
    return weights / weights[count > 0].mean()


def change(sums: Sums) -> NDArray[np.float64]:
    """Change of the constants that makes the ratio least, to first order.

    Parameters
    ----------
    sums : Sums
        Of the formula and its derivatives by the free constants.

    Returns
    -------
    array of shape (constant,)
        Not a number where the features depend on each other.
    """
    within, spread = sums.within, sums.spread()
    scale = np.sqrt(np.diag(spread))
    failed = np.full(len(scale) - 1, np.nan)
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        return failed
    outer = np.outer(scale, scale)
    try:
        _, axes = eigh(within / outer, spread / outer, subset_by_index=(0, 0))
    except LinAlgError:
        return failed
    factors: NDArray[np.float64] = axes[:, 0] / scale
    return factors[1:] / factors[0] if factors[0] else failed


def _free_slots(point: _Point) -> NDArray[np.int64]:
    """Constants that the data tell, of several that stand for each other the later ones."""
    rows = point.own.features[:, point.mask > 0]
    if rows.shape[1] < 2:
        return np.zeros(0, dtype=np.int64)
    sizes = np.sqrt(np.diag(point.total.within).clip(min=0.0))
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1)
    basis = [rows[0] / length[0]] if length[0] > 0 else []
    free = []
    for slot in reversed(range(len(rows) - 1)):
        rest = rows[1 + slot].copy()
        for _ in range(2):  # once more for what rounding leaves
            for known in basis:
                rest -= (rest @ known) * known
        left = float(np.linalg.norm(rest))
        if left > _FREE * length[1 + slot] and sizes[1 + slot] > _FREE * length[1 + slot]:
            free.append(slot)
            basis.append(rest / left)
    return np.array(free[::-1], dtype=np.int64)


def _remembers(neighbours: Sums, same: Sums, free: NDArray[np.int64]) -> bool:
    """Whether neighbours in time scatter alike in every direction of the free constants."""
    pick = np.ix_(1 + free, 1 + free)
    try:
        least = eigh(neighbours.within[pick], same.within[pick], eigvals_only=True)[0]
    except LinAlgError:  # no positive scatter: neighbours would not have more
        return False
    return bool(least >= _MEMORY)


def _uncertainty(
    point: _Point, free: NDArray[np.int64], lags: Sequence[float], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Covariance, degrees of freedom, and what was left out to have them."""
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
    changes = np.array([change(rest) for _, rest in parts])
    moved = changes - changes.mean(axis=0)
    found = (len(parts) - 1) / len(parts) * moved.T @ moved
    found[np.diag_indices(len(free))] += _rounding(point, free) ** 2
    covariance[np.ix_(free, free)] = found
    known = np.isfinite(np.diag(found))
    degrees[free] = np.where(known, _degrees(point, free, lags, parts), 0.0)
    return covariance, degrees, resampled


def _without_trajectories(
    point: _Point, pick: NDArray[np.int64], labels: NDArray[np.int64], seen: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.bool_], Sums]]:
    """Samples left out, one trajectory at a time, and sums over the rest."""
    for label in seen:
        rows = labels == label
        left = (point.mask > 0) & rows[:, None]
        yield left, (point.total - point.sums[rows].total()).of(pick)


def _without_blocks(
    point: _Point, pick: NDArray[np.int64], lags: Sequence[float]
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
    point: _Point,
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
    count = np.maximum(point.mask.sum(axis=1), 1.0)
    centred = compared((rows - (rows.sum(axis=2) / count)[..., None]) * point.mask, lags)
    centred = centred * point.segment_weights[:, None]
    noise = point.own.covariance[0, 0]
    sizes = np.where(point.mask > 0, noise.clip(min=0.0) if noise.any() else 1.0, 0.0)
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


def _rounding(point: _Point, free: NDArray[np.int64]) -> NDArray[np.float64]:
    """Errors of the constants that rounding of the formula's values can make."""
    real = point.mask > 0
    terms = point.values[:, None] * point.own.features[1:, real]
    size = float(np.sqrt(np.mean(np.max(np.abs([*terms, point.own.features[0, real]]), 0) ** 2)))
    pick = np.ix_(1 + free, 1 + free)
    inverse = np.linalg.pinv(point.total.within[pick] / max(float(point.total.count), 1.0))
    reach = size * np.sqrt(np.diag(inverse).clip(min=0.0))
    return np.finfo(float).eps * np.maximum(reach, np.abs(point.values[free]))
