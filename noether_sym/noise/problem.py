"""A formula with its adjusted features about given constants: what constants are fitted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh

from noether_sym.dsl.expression import PARAMETER, Expression
from noether_sym.dsl.operators import operator_of
from noether_sym.noise.adjusted import Adjusted, adjusted
from noether_sym.noise.scatter import Sums, sums_of


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Constants with the features there, and their sums by segment and over all.

    Attributes
    ----------
    values : array of shape (parameter,)
        The constants, by slot.
    own : Adjusted
        The formula and its derivatives by the constants, on all samples.
    mask : array of shape (segment, time)
        Weights of samples that count, else 0.
    segment_weights : array of shape (segment,)
        What each segment's scatter counts for.
    sums, total : Sums
        By segment, and over all.
    """

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
class Features:
    """A formula's adjusted features for any constants.

    Those of a formula that is linear in its constants are computed once.

    Attributes
    ----------
    expression : Expression
    start : array of shape (parameter,)
        Constants at which `first` was computed.
    states : array of shape (column, segment, time)
    sigma : array of shape (column,) or that of the states
        Standard deviation of each column's noise, or of each number's.
    first : Adjusted
    linear : bool
        Whether the formula is linear in its constants.
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
    ) -> Features:
        """Features with those at `start` computed."""
        first = adjusted(expression, start.tolist(), states, sigma)
        return cls(expression, start, states, sigma, first, _degree(expression) <= 1)

    def restricted(self, segments: NDArray[np.int64]) -> Features:
        """The same for some of the segments."""
        own = self.first
        first = Adjusted(
            own.features[:, segments], own.covariance[:, :, segments], own.approximate[segments]
        )
        sigma = self.sigma if self.sigma.ndim == 1 else self.sigma[:, segments]
        return replace(self, states=self.states[:, segments], sigma=sigma, first=first)

    def at(self, values: NDArray[np.float64]) -> Adjusted:
        """Features for constants of shape (parameter,)."""
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
class Problem:
    """What stays the same while constants change.

    Attributes
    ----------
    features : Features
    weights : array of shape (segment, time)
        What each sample counts for, 0 for padding.
    segment_weights : array of shape (segment,)
        What each segment's scatter counts for.
    """

    features: Features
    weights: NDArray[np.float64]
    segment_weights: NDArray[np.float64]

    def at(self, values: NDArray[np.float64], lags: Sequence[float]) -> Point:
        """Constants of shape (parameter,) with sums at such lags; see `sums_of`."""
        own = self.features.at(values)
        finite = np.isfinite(own.features).all(axis=0) & np.isfinite(own.covariance).all((0, 1))
        mask = np.where(finite, self.weights, 0.0)
        sums = sums_of(own.features, own.covariance, mask, lags)
        sums = replace(sums, within=sums.within * self.segment_weights[:, None, None])
        return Point(values, own, mask, self.segment_weights, sums, sums.total())


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
