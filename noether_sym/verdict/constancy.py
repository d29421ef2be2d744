"""How constant a quantity is along trajectories, noise told from change by its memory.

Measurement noise has no memory from one sample to the next; whatever changes along a trajectory
has. Products of residuals at neighbouring samples therefore estimate the variance of what is no
noise, without a model of the noise, and however the noise differs from sample to sample.
Trajectories are the independent units, pieces of one trial together: their disagreement gives the
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.parts import trial_numbers

CONFIDENCE = 0.95
"""Of the bound on what changes."""

_MODES = 3
"""Cosine modes, the slowest, whose sizes tell a drift."""

_FEWEST = 2
"""Samples of a trajectory of which something can be told."""

_LEAST_SAMPLES = 4
"""Samples of a trajectory from which change is told from noise by its memory."""

_RESOLVED = 0.5
"""Correlation of neighbours in what changes, from which on neighbours tell it from noise."""

_LAGS = 6
"""Samples between those that are compared where neighbours are too far apart to tell."""

_LEAST_BOUND = 0.1
"""Share of the root of the standard error below which the bound never falls."""

_CHANCE = 0.01
"""Level at which means differ by more than noise makes of them."""

_CLOSE = 1e-9
"""Rounding of sums of shares."""


@dataclass(frozen=True, slots=True)
class Constancy:
    """How constant a quantity is.

    Attributes
    ----------
    variation : float
        Mean square along trajectories of what is no noise; negative where noise hides it.
    error : float
        Its standard error.
    freedom : float
        Degrees of freedom of the error.
    white : float
        p-value that the residuals have no memory in time.
    trajectories : int
        Those that were compared, pieces of one trial as one; where they weigh differently, their
        effective number.
    choice : float
        By what factor the quantity may change more on other trajectories, having been chosen on
        these: the bound grows by it, and neither what is seen to change nor a p-value knows of it.
    """

    variation: float
    error: float
    freedom: float
    white: float
    trajectories: int
    choice: float = 1.0

    @property
    def largest(self) -> float:
        """Upper 95 % bound on the standard deviation along trajectories of what is no noise."""
        return _largest(self.variation, self.error, self.freedom)

    def within(self, spread: float) -> float:
        """The same over a spread, on other trajectories too."""
        return self.choice * self.largest / spread if spread > 0 else float("inf")

    def equivalence(self, most: float) -> float:
        """p-value that the standard deviation along trajectories is `most` or more.

        The one-sided test of equivalence (Schuirmann 1987, J. Pharmacokin. Biopharm. 15, 657,
        doi:10.1007/BF01068419): a small value says that less changes than that.
        """
        from scipy.stats import t

        margin = most**2 - self.variation
        if self.error <= 0:
            return 0.0 if margin > 0 else 1.0
        return float(t.sf(margin / self.error, self.freedom))


def constancy(
    values: Sequence[NDArray[np.float64]],
    tangents: Sequence[NDArray[np.float64]] | None = None,
    resolution: float = 1.0,
    noise: Sequence[NDArray[np.float64]] | None = None,
    doubt: float = np.inf,
    trials: Sequence[str] | None = None,
) -> Constancy:
    """Measure how constant a quantity is along trajectories.

    Parameters
    ----------
    values : sequence of arrays of shape (sample,)
        Of each trajectory, in order of time.
    tangents : sequence of arrays of shape (sample, constant), optional
        What one standard error of each constant of the formula changes. As much as such errors
        explain takes no part in the test for memory.
    resolution : float
        Correlation from one sample to the next of the fastest change there could be, between 0
        and 1. Below 1/2 samples are too far apart to tell change from noise by its memory: what
        the noise that is known does not explain counts as change.
    noise : sequence of arrays of shape (sample,), optional
        Variance of the noise of each value, as far as it is known: samples with far more noise
        than is usual count less.
    doubt : float
        Relative standard error of `noise`, the same for all samples; infinite if it is no more
        than a guess.
    trials : sequence of str, optional
        What each trajectory is a piece of; empty for those that are whole.
    """
    weights = weights_of(noise) if noise else [np.ones(len(own)) for own in values]
    usable = [place for place, one in enumerate(values) if len(one) >= _FEWEST]
    own = [_Residuals.of(values[place], weights[place]) for place in usable]
    pieces = trial_numbers(trials, len(values))
    pool = _Pool(own, [pieces[place] for place in usable])
    squares = np.array([one.mean_square for one in own])
    found, number = pool.pooled(squares), pool.number
    if resolution >= _RESOLVED:
        long = [one for one in own if len(one.deviations) >= _LEAST_SAMPLES]
        some = _Pool(long, [pieces[p] for p in usable if len(values[p]) >= _LEAST_SAMPLES])
        slow = np.array([one.neighbours for one in long]) / resolution
        errors = np.array([one.neighbours_error for one in long]) / resolution
        told = some.pooled(slow, errors)
        found, number = min((found, number), (told, some.number), key=lambda one: _largest(*one[0]))
    elif noise is not None and np.isfinite(doubt) and own:
        known = np.array([np.average(noise[place], weights=weights[place]) for place in usable])
        variation, error, freedom = pool.pooled(squares - known)
        counts = np.array([one.weights.sum() for one in own])
        both = float(np.hypot(error, doubt * (counts @ known) / counts.sum()))
        surer = (both / error) ** 2 if error > 0 else np.inf
        told = variation, both, freedom * surer
        found = min(found, told, key=lambda one: _largest(*one))
    left = own
    if own and tangents is not None:
        left = _without(own, [tangents[place] for place in usable])
    white = _white(left, 1 if resolution >= _RESOLVED else _LAGS)
    return Constancy(*found, white=white, trajectories=round(number))


@dataclass(frozen=True, slots=True, eq=False)
class _Residuals:
    """Deviations of a trajectory's values from their weighted mean, and the weights."""

    deviations: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> _Residuals:
        return cls(values - np.average(values, weights=weights), weights)

    @property
    def _pairs(self) -> NDArray[np.float64]:
        """Weights of neighbours, of sum 1."""
        both = np.sqrt(self.weights[1:] * self.weights[:-1])
        shares: NDArray[np.float64] = both / both.sum()
        return shares

    @property
    def mean_square(self) -> float:
        """Of the deviations, noise included."""
        count = len(self.deviations)
        return float(np.average(self.deviations**2, weights=self.weights)) * count / (count - 1)

    @property
    def mean_square_error(self) -> float:
        """Standard error of that by which the bound is that of independent Gaussian values."""
        from scipy.stats import chi2, norm

        freedom = self.weights.sum() ** 2 / (self.weights**2).sum() - 1.0
        above = freedom / float(chi2.ppf(1.0 - CONFIDENCE, freedom))
        return self.mean_square * (above - 1.0) / float(norm.ppf(CONFIDENCE))

    @property
    def neighbours(self) -> float:
        """Mean product of neighbours, what taking off the mean does to noise put right."""
        own, weights, whole = self.deviations, self.weights, self.weights.sum()
        steps = 0.5 * np.diff(own) ** 2  # of independent noise: its variance
        shares = self._pairs
        between = shares @ ((weights[1:] + weights[:-1]) * steps) / whole
        # n - 1 pairs stand for n samples
        of_mean = (weights[1:] * weights[:-1] * steps).sum() / whole**2 * len(own) / len(steps)
        return float(shares @ (own[1:] * own[:-1]) + between - of_mean)

    @property
    def neighbours_error(self) -> float:
        """Standard error of that, from independent noise."""
        products = (self.deviations[1:] * self.deviations[:-1]) ** 2
        return float(np.sqrt(self._pairs**2 @ products))


class _Pool:
    """Trajectories that weigh as much as their samples, pieces of one trial together."""

    def __init__(self, residuals: Sequence[_Residuals], trials: Sequence[int]) -> None:
        self._residuals = residuals
        self._trials = _compressed(trials)
        self._parts = np.array([one.weights.sum() for one in residuals])
        lengths = np.array([float(len(one.weights)) for one in residuals])
        self._counts, lengths = _together(self._trials, self._parts, lengths)
        self.number = _effective(self._counts / lengths)

    def pooled(
        self, variations: NDArray[np.float64], noise: NDArray[np.float64] | None = None
    ) -> tuple[float, float, float]:
        """Mean over samples, its standard error, and the degrees of freedom of that.

        `noise` is the standard error that noise alone gives each trajectory, known well from its
        many samples. Where trials disagree by more, that is the error, with their effective number
        less 1 as degrees of freedom. Of a single one, where noise says nothing, its own scatter.
        """
        if not len(self._counts):
            return float("inf"), 0.0, np.inf
        single = round(self.number) < 2
        if noise is None:
            errors = [one.mean_square_error if single else 0.0 for one in self._residuals]
            noise = np.array(errors)
        weighed, doubt = _together(
            self._trials, self._parts * variations, (self._parts * noise) ** 2
        )
        of_trials = weighed / self._counts
        shares = self._counts / self._counts.sum()
        mean = float(shares @ of_trials)
        known = float(doubt.sum() / self._counts.sum() ** 2)
        if single:
            return mean, float(np.sqrt(known)), np.inf
        more = self.number / (self.number - 1.0)
        excess = max(float(shares**2 @ (of_trials - mean) ** 2) * more - known, 0.0)
        if excess == 0.0:
            return mean, float(np.sqrt(known)), np.inf
        return mean, float(np.sqrt(known + excess)), self.number - 1.0


def _compressed(trials: Sequence[int]) -> NDArray[np.int64]:
    return np.unique(np.array(trials, dtype=np.int64), return_inverse=True)[1]


def _together(
    trials: NDArray[np.int64], *values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Sums over the pieces of each trial."""
    return tuple(np.bincount(trials, weights=own).astype(np.float64) for own in values)


def weights_of(noise: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Weights of samples, 1 for the usual noise and less for more than that.

    Parameters
    ----------
    noise : sequence of arrays of shape (sample,)
        Variance of the noise of each value.
    """
    clean = [np.where(np.isfinite(own), np.maximum(own, 0.0), 0.0) for own in noise]
    usual = float(np.median(np.concatenate(clean))) if any(map(len, clean)) else 0.0
    if not usual > 0:
        return [np.ones(len(own)) for own in clean]
    return [np.minimum(1.0, 2.0 * usual / (own + usual)) for own in clean]


def slow_share(values: Sequence[NDArray[np.float64]], variation: float) -> float:
    """Mean square along trajectories of the lowest modes in time, over that of all change.

    0 where no trajectory has samples enough to have modes.
    """
    slow, count = 0.0, 0
    for own in values:
        if len(own) >= _LEAST_SAMPLES:
            slow += float(((_cosines(len(own)) @ (own - own.mean())) ** 2).sum())
            count += len(own)
    return slow / count / variation if count and variation > 0 else 0.0


def spread_between(
    values: Sequence[NDArray[np.float64]],
    noise: Sequence[NDArray[np.float64]] | None = None,
    trials: Sequence[str] | None = None,
) -> float:
    """Standard deviation between trajectories of a quantity's means, outliers pulled in.

    The variance of the means' errors is taken off; 0 where errors alone would often (1 %) make
    as much.

    Parameters
    ----------
    values : sequence of arrays of shape (sample,)
    noise : sequence of arrays of shape (sample,), optional
        Variance of the noise of each value: samples weigh as they do in `constancy`, so that
        both measure one and the same part of the data.
    trials : sequence of str, optional
        As in `constancy`.
    """
    from scipy.stats import chi2

    weights = weights_of(noise) if noise else [np.ones(len(own)) for own in values]
    usable = [pair for pair in zip(values, weights, strict=True) if len(pair[0]) >= _FEWEST]
    numbers = zip(trial_numbers(trials, len(values)), values, strict=True)
    pieces = _compressed([number for number, own in numbers if len(own) >= _FEWEST])
    parts = np.array([weight.sum() for _, weight in usable])
    counts, lengths = _together(pieces, parts, np.array([float(len(own)) for own, _ in usable]))
    shares = counts / lengths
    number = _effective(shares)
    if round(number) < 2:
        return 0.0
    shares /= shares.sum()
    every = np.array([np.average(own, weights=weight) for own, weight in usable])
    each = np.array([_mean_error(own, weight) for own, weight in usable])
    means, errors = _together(pieces, parts * every, parts**2 * each)
    means, errors = means / counts, errors / counts**2
    centre = _quantile(means, shares, 0.5)
    bound = 3.0 * _quantile(np.abs(means - centre), shares, 0.9)
    inside = centre + np.clip(means - centre, -bound, bound)
    variance = float(shares @ (inside - shares @ inside) ** 2) * number / (number - 1)
    error, freedom = float(shares @ errors), number - 1
    if variance <= error * float(chi2.isf(_CHANCE, freedom)) / freedom:
        return 0.0
    return float(np.sqrt(variance - error))


def _effective(weights: NDArray[np.float64]) -> float:
    """How many of equal weight tell as much, at most their number (Kish 1965, section 11.7)."""
    if not len(weights):
        return 0.0
    even = np.ptp(weights) == 0.0
    return float(len(weights)) if even else float(weights.sum() ** 2 / (weights**2).sum())


def _quantile(values: NDArray[np.float64], shares: NDArray[np.float64], level: float) -> float:
    """The largest value with less than a share of all weight below it."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(shares[order]) - shares[order]
    place = int(np.searchsorted(below, level - _CLOSE, side="left")) - 1
    return float(values[order][max(place, 0)])


def _mean_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Variance of a weighted mean by noise without memory, from steps between neighbours."""
    count = len(values)
    steps = 0.5 * weights[1:] * weights[:-1] * np.diff(values) ** 2
    return float(steps.sum() / weights.sum() ** 2) * count / (count - 1)


def _largest(variation: float, error: float, freedom: float) -> float:
    """Upper bound on the root of a variation; never 0 where there is noise."""
    from scipy.stats import t

    above = variation + float(t.ppf(CONFIDENCE, freedom)) * error
    return float(np.sqrt(max(above, _LEAST_BOUND**2 * error)))


def _without(
    residuals: Sequence[_Residuals], tangents: Sequence[NDArray[np.float64]]
) -> list[_Residuals]:
    """Residuals without what errors of the constants, the same for all, likely explain."""
    target = np.concatenate([own.deviations for own in residuals])
    pairs = list(zip(residuals, tangents, strict=True))
    matrix = np.concatenate([t - np.average(t, axis=0, weights=own.weights) for own, t in pairs])
    noise = float(np.sqrt((target @ target) / len(target)))
    if not matrix.shape[1] or not noise > 0:
        return list(residuals)
    prior = np.vstack([matrix / noise, np.eye(matrix.shape[1])])
    sought = np.concatenate([target / noise, np.zeros(matrix.shape[1])])
    factors = np.linalg.lstsq(prior, sought, rcond=None)[0]
    edges = np.cumsum([len(own.deviations) for own in residuals])[:-1]
    left = np.split(target - matrix @ factors, edges)
    return [_Residuals(rest, own.weights) for rest, own in zip(left, residuals, strict=True)]


def _white(residuals: Sequence[_Residuals], lags: int) -> float:
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
        modes = _cosines(count)
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


def _cosines(count: int) -> NDArray[np.float64]:
    """The lowest cosine modes over a number of samples, the constant left out."""
    places = (np.arange(count) + 0.5) / count
    orders = np.arange(1, min(_MODES, count - 1) + 1)
    modes: NDArray[np.float64] = np.sqrt(2.0 / count) * np.cos(np.pi * orders[:, None] * places)
    return modes
