"""How far apart the means of trajectories are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.parts import trial_numbers
from noether_sym.verdict.pooling import compressed, effective_number, together
from noether_sym.verdict.residuals import FEWEST, weights_of

_CHANCE = 0.01
"""Level at which means differ by more than noise makes of them."""

_CLOSE = 1e-9
"""Rounding of sums of shares."""


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
    usable = [pair for pair in zip(values, weights, strict=True) if len(pair[0]) >= FEWEST]
    numbers = zip(trial_numbers(trials, len(values)), values, strict=True)
    pieces = compressed([number for number, own in numbers if len(own) >= FEWEST])
    parts = np.array([weight.sum() for _, weight in usable])
    counts, lengths = together(pieces, parts, np.array([float(len(own)) for own, _ in usable]))
    shares = counts / lengths
    number = effective_number(shares)
    if round(number) < 2:
        return 0.0
    shares /= shares.sum()
    every = np.array([np.average(own, weights=weight) for own, weight in usable])
    each = np.array([_mean_error(own, weight) for own, weight in usable])
    means, errors = together(pieces, parts * every, parts**2 * each)
    means, errors = means / counts, errors / counts**2
    centre = _quantile(means, shares, 0.5)
    bound = 3.0 * _quantile(np.abs(means - centre), shares, 0.9)
    inside = centre + np.clip(means - centre, -bound, bound)
    variance = float(shares @ (inside - shares @ inside) ** 2) * number / (number - 1)
    error, freedom = float(shares @ errors), number - 1
    if variance <= error * float(chi2.isf(_CHANCE, freedom)) / freedom:
        return 0.0
    return float(np.sqrt(variance - error))


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
