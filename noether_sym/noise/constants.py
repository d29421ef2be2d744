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

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh
from scipy.stats import t as student

from noether_sym.dsl.expression import Expression
from noether_sym.errors import DatasetError
from noether_sym.noise.adjusted import noisy_columns
from noether_sym.noise.problem import Features, Point, Problem, change
from noether_sym.noise.resampling import NOTHING, uncertainty
from noether_sym.noise.scatter import NEXT_SAMPLE, SAME_SAMPLE, Sums

_MEMORY = 0.5
"""Least scatter of any combination of the derivatives between neighbours, as a part of that of
single samples: below it the samples are too far apart for neighbours to tell the same."""

_RIDGE = 0.25
"""Part of the typical noise that is added to each trajectory's own before the weights are taken:
that of a trajectory near a fixed point is hardly known and may come out negative."""

_LEAST_NOISE = 1e-4
"""Added to the variance of each sample's noise, in units of its mean: a sample that is exact by
what was given counts as some ten thousand usual ones."""

_STEPS, _HALVINGS = 30, 12
"""Most Gauss-Newton steps, and how often one is halved."""

_STEPS_WITHOUT = 4
"""Steps from the constants of all trajectories to those of most."""

_SMALL = 0.3
"""Of the errors of the constants: beside them what a second step would change is then little."""

_STILL = 1e-10
"""Relative size of the step at which constants have settled."""

_FREE = 1e-6
"""Least part of a derivative, as standard deviations go, that neither the formula itself nor the
derivatives by other constants can stand for: beyond a millionth the Gram matrix is rounding."""


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
        Slots of given values, and those that the data cannot tell, such as a factor of
        everything.
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
    held: Collection[int] = (),
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
    sigma : array of shape (column,) or (column, segment, time)
        Standard deviation of each column's noise, independent and Gaussian; 0 for exact columns.
        Where it is given for each number, samples weigh as one over the variance that is usual
        for the columns of the formula.
    groups : sequence of int, optional
        The trajectory of each segment, where segments are windows; by default each its own.
    held : collection of int
        Slots whose values are given.

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
    features = Features.of(expression, start, states, _checked(sigma, states.shape))
    weights = weights * _sample_weights(features, weights)
    labels = np.arange(len(weights)) if groups is None else np.asarray(groups)
    problem = Problem(features, weights, np.ones(len(weights)))
    return _untold(start) if _tells_nothing(problem) else _refitted(problem, labels, held)


def refit_without(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    weights: NDArray[np.float64],
    sigma: NDArray[np.float64],
    left_out: Sequence[Sequence[int]],
    held: Collection[int] = (),
) -> list[Refit]:
    """As `refit`, again and again without some of the segments, each a trajectory.

    Parameters
    ----------
    expression, values, states, weights, sigma, held
        As there.
    left_out : sequence of sequence of int
        Numbers of the segments that are left out each time.

    Notes
    -----
    Of a formula with constants inside its terms they are fitted once, and what leaving out some
    segments changes is a Gauss-Newton step from there, with the same weights of trajectories: to
    undo the noise in its features takes hundreds of evaluations. Where that is no small one beside
    the errors of the constants, there are a few, each looked at.
    """
    start = np.array(values, dtype=np.float64)
    features = Features.of(expression, start, states, _checked(sigma, states.shape))
    weights = weights * _sample_weights(features, weights)
    problem = Problem(features, weights, np.ones(len(weights)))
    kept = [np.setdiff1d(np.arange(len(weights)), some) for some in left_out]
    if features.separated is not None:
        problem.at(start, SAME_SAMPLE), problem.at(start, NEXT_SAMPLE)  # sums that all share
        return [_refitted(problem.restricted(own), own, held) for own in kept]
    point, free, lags = _fitted(problem, held)
    problem = replace(problem, features=point.features, segment_weights=point.segment_weights)
    small = _SMALL * _told(point, free, lags, np.arange(len(weights))).errors[free]
    found = []
    for own in kept:
        rest = problem.restricted(own)
        begin = rest.at(point.values, lags)
        step = _step(begin, free)
        if (np.abs(step[free]) <= small).all():
            moved = _moved(begin.values, step, _scales_of(rest, begin))
            found.append(replace(_told(begin, free, lags, own), values=moved))
        else:
            least = _improved(rest, begin, free, lags, _STEPS_WITHOUT)
            found.append(_told(least, free, lags, own))
    return found


def _checked(sigma: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    sigma = np.asarray(sigma, dtype=np.float64)
    fits = sigma.shape in (shape[:1], shape)
    if not (fits and (np.isfinite(sigma) & (sigma >= 0)).all()):
        said = f"{sigma.tolist()}" if sigma.ndim < 2 else f"of shape {sigma.shape}"
        raise DatasetError(
            f"sigma {said} for {shape[0]} columns: give one number from 0 up for each"
        )
    return sigma


def _sample_weights(features: Features, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What samples count for by their noise, of mean 1: shape (segment, time).

    Such weights know nothing of the values, so that they pull no constant aside.
    """
    sigma = features.sigma
    noisy = sorted(features.expression.inputs & frozenset(noisy_columns(sigma).tolist()))
    if sigma.ndim == 1 or not noisy:
        return np.ones_like(weights)
    real = weights > 0
    relative = [own**2 / np.mean(own[real] ** 2) for own in sigma[noisy]]
    found = 1.0 / (np.mean(relative, axis=0) + _LEAST_NOISE)
    return np.asarray(found / found[real].mean())


def _tells_nothing(problem: Problem) -> bool:
    """Whether the scatter along trajectories is that over all samples, whatever the constants.

    It is of a single segment without noise: the ratio is 1, and rounding alone would decide.
    """
    alone = int((problem.weights > 0).any(axis=1).sum()) < 2
    return alone and not problem.at(problem.features.start, SAME_SAMPLE).own.covariance.any()


def _untold(values: NDArray[np.float64]) -> Refit:
    """Constants as they are, about which nothing is known."""
    unknown = np.full((len(values), len(values)), np.nan)
    return Refit(values, unknown, np.zeros(len(values)), NOTHING, (), False, 0.0)


def _refitted(problem: Problem, labels: NDArray[np.int64], held: Collection[int]) -> Refit:
    return _told(*_fitted(problem, held), labels)


def _fitted(
    problem: Problem, held: Collection[int]
) -> tuple[Point, NDArray[np.int64], Sequence[float]]:
    """The best constants, those of them that the data tell, and what samples were compared."""
    start = problem.features.start
    point = problem.at(start, SAME_SAMPLE)
    free = _free_slots(point, held)
    lags: Sequence[float] = SAME_SAMPLE
    if len(free) and point.own.covariance.any():
        neighbours = problem.at(start, NEXT_SAMPLE)
        if _remembers(neighbours.total, point.total, free):
            point, lags = neighbours, NEXT_SAMPLE
    if len(free):
        point = _improved(problem, point, free, lags)
        problem = replace(problem, features=point.features, segment_weights=_weights(point))
        point = _improved(problem, problem.at(point.values, lags), free, lags)
    return point, free, lags


def _told(
    point: Point, free: NDArray[np.int64], lags: Sequence[float], labels: NDArray[np.int64]
) -> Refit:
    """The constants of a point with their errors."""
    covariance, degrees, resampled = uncertainty(point, free, lags, labels)
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


def _improved(
    problem: Problem,
    point: Point,
    free: NDArray[np.int64],
    lags: Sequence[float],
    steps: int = _STEPS,
) -> Point:
    """Gauss-Newton steps as long as the ratio falls; most samples must stay defined."""
    least = 0.9 * point.mask.sum()
    scales = _scales_of(problem, point)
    for _ in range(steps):
        step = _step(point, free)
        if not np.isfinite(step).all():
            return point
        for halving in range(_HALVINGS):
            own = step / 2**halving
            small = (np.abs(own) <= _STILL * np.abs(point.values)).all()
            trial = problem.at(_moved(point.values, own, scales), lags)
            if trial.mask.sum() >= least and trial.ratio < point.ratio:
                break
            if small:
                return point
        else:
            return point
        point = trial
        if small:
            break
    return point


def _scales_of(problem: Problem, point: Point) -> NDArray[np.bool_]:
    """Which constants only scale what a logarithm is taken of."""
    return np.isin(np.arange(len(point.values)), list(problem.features.scales))


def _moved(
    values: NDArray[np.float64], step: NDArray[np.float64], scales: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Constants after a step; scales are multiplied, so that they stay positive."""
    with np.errstate(all="ignore"):
        return np.where(scales, values * np.exp(step / values), values + step)


def _step(point: Point, free: NDArray[np.int64]) -> NDArray[np.float64]:
    """The Gauss-Newton step of the free constants; not a number where there is none."""
    step = np.zeros_like(point.values)
    step[free] = change(point.total.of(np.append(0, 1 + free)))
    return step


def _weights(point: Point) -> NDArray[np.float64]:
    """Weight of each segment: one over its noise, of mean 1.

    Where trajectories differ in size, noise gives the law of the large ones an error many times
    that of the small ones, which would decide alone.
    """
    noise = np.where(point.mask > 0, point.own.covariance[0, 0], 0.0) * point.mask
    count = point.mask.sum(axis=1)
    typical = float(noise.sum() / max(count.sum(), 1.0))
    if typical <= 0:
        return np.ones(len(count))
    own = noise.sum(axis=1) / np.where(count > 0, count, 1.0)
    weights: NDArray[np.float64] = 1.0 / (own.clip(min=0.0) + _RIDGE * typical)
    return weights / weights[count > 0].mean()


def _free_slots(point: Point, held: Collection[int]) -> NDArray[np.int64]:
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
        if slot in held:
            continue
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
