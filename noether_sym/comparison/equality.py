"""Whether several estimates of the same constants agree, with covariances that are estimates too.

The statistic is that of Welch and James: the squared distances of the estimates from their common
weighted mean, each in its own covariance. With covariances that are known it is chi-square; here
they are estimated from few trajectories, each run's from its own, and so its distribution is that
of Johansen (1980, Biometrika 67, 85, doi:10.1093/biomet/67.1.85): an F distribution, which for one
constant of two runs is Welch's t test, and with many degrees of freedom chi-square.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from scipy.stats import f as fisher

LEVEL = 0.05
"""Adjusted p-value below which constants are said to differ."""

_SINGULAR = 1e-10
"""Least eigenvalue of a correlation matrix that can be inverted: below it, it is rounding."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """The constants of one run.

    Attributes
    ----------
    values : array of shape (constant,)
    covariance : array of shape (constant, constant)
        Not a number off the diagonal where only standard errors are known.
    degrees : float
        Degrees of freedom of the covariance, the least of its constants; infinite where they are
        not known.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees: float

    def of(self, place: int) -> Estimates:
        """One constant alone."""
        one = slice(place, place + 1)
        return Estimates(self.values[one], self.covariance[one, one], self.degrees)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well estimates agree.

    Attributes
    ----------
    chi_square : float
        Squared distances from the common mean; of the constant that agrees least where `joint`
        is false.
    degrees : int
        Constants times (runs - 1): what `chi_square` would have with known covariances.
    p : float
        Chance of so large a distance between equal constants.
    joint : bool
        Whether all constants were tested together. If not, each was tested by itself and the
        least p-value was multiplied by their number (Bonferroni), which holds whatever their
        correlation.
    """

    chi_square: float
    degrees: int
    p: float
    joint: bool


def agreement(runs: Sequence[Estimates]) -> Agreement:
    """Test whether the constants of independent runs are equal.

    Parameters
    ----------
    runs : sequence of Estimates
        Two or more, of the same constants. All variances must be positive.

    Returns
    -------
    Agreement
        Of all constants together where every covariance is known, can be inverted and has more
        than two degrees of freedom for each constant; else constant by constant.
    """
    count = len(runs[0].values)
    if count == 1 or all(_invertible(own) for own in runs):
        return _johansen(runs)
    each = [_johansen([own.of(place) for own in runs]) for place in range(count)]
    worst = min(each, key=lambda own: own.p)
    return Agreement(worst.chi_square, worst.degrees, min(1.0, count * worst.p), joint=False)


def _invertible(own: Estimates) -> bool:
    if not np.isfinite(own.covariance).all() or own.degrees <= 2 * len(own.values):
        return False
    scale = np.sqrt(np.diag(own.covariance))
    return bool(np.linalg.eigvalsh(own.covariance / np.outer(scale, scale))[0] > _SINGULAR)


def _johansen(runs: Sequence[Estimates]) -> Agreement:
    count = len(runs[0].values)
    scale = np.sqrt(np.diag(runs[0].covariance))  # constants may differ by many powers of ten
    weights = [np.linalg.inv(own.covariance / np.outer(scale, scale)) for own in runs]
    values = np.array([own.values for own in runs])
    centred = (values - values[0]) / scale
    inverse = np.linalg.inv(np.sum(weights, axis=0))
    mean = inverse @ sum(weight @ own for weight, own in zip(weights, centred, strict=True))
    statistic = 0.0
    correction = 0.0
    for own, weight, place in zip(runs, weights, centred, strict=True):
        statistic += float((place - mean) @ weight @ (place - mean))
        left = np.eye(count) - inverse @ weight
        if math.isfinite(own.degrees):
            correction += float(np.trace(left @ left) + np.trace(left) ** 2) / (2 * own.degrees)
    degrees = count * (len(runs) - 1)
    if correction == 0.0:
        return Agreement(statistic, degrees, float(chi2.sf(statistic, degrees)), joint=True)
    size = degrees + 2 * correction - 6 * correction / (degrees + 2)
    second = degrees * (degrees + 2) / (3 * correction)
    return Agreement(statistic, degrees, float(fisher.sf(statistic / size, degrees, second)), True)


def holm(p: Sequence[float]) -> list[float]:
    """P-values adjusted for all being looked at (Holm 1979, Scand. J. Statist. 6, 65).

    Below a level they are with at most the level's chance if all constants are equal, however the
    tests depend on each other.
    """
    order = sorted(range(len(p)), key=lambda place: p[place])
    adjusted = [0.0] * len(p)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = largest
    return adjusted
