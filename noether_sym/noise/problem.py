"""A formula with its adjusted features about given constants: what constants are fitted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, eigh

from noether_sym.dsl.expression import Expression
from noether_sym.noise.adjusted import Adjusted, adjusted
from noether_sym.noise.scatter import Sums, sums_of
from noether_sym.noise.separation import Separation, separation


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A formula's adjusted features for any constants.

    Where constants stand in front of terms only, those of the terms are computed once.

    Attributes
    ----------
    expression : Expression
    start : array of shape (parameter,)
        Constants at which `first` was computed.
    states : array of shape (column, segment, time)
    sigma : array of shape (column,) or that of the states
        Standard deviation of each column's noise, or of each number's.
    first : Adjusted
    separated : Separation or None
        The formula as terms with factors, if it is a sum of such.
    terms : Adjusted or None
        The features of these terms.
    """

    expression: Expression
    start: NDArray[np.float64]
    states: NDArray[np.float64]
    sigma: NDArray[np.float64]
    first: Adjusted
    separated: Separation | None = None
    terms: Adjusted | None = None

    @classmethod
    def of(
        cls,
        expression: Expression,
        start: NDArray[np.float64],
        states: NDArray[np.float64],
        sigma: NDArray[np.float64],
    ) -> Features:
        """Features with those at `start` computed."""
        separated = separation(expression)
        if separated is not None and np.isfinite(separated.at(start.tolist())).all():
            unit = [1.0] * len(separated.terms)
            terms = _without_first(adjusted(separated.expression, unit, states, sigma))
            first = _combined(terms, separated.at(start.tolist()))
            return cls(expression, start, states, sigma, first, separated, terms)
        first = adjusted(expression, start.tolist(), states, sigma)
        return cls(expression, start, states, sigma, first)

    @property
    def scales(self) -> frozenset[int]:
        """Slots of positive constants that only scale what a logarithm is taken of."""
        return frozenset() if self.separated is None else self.separated.scales

    def restricted(self, segments: NDArray[np.int64]) -> Features:
        """The same for some of the segments."""
        return replace(
            self,
            states=self.states[:, segments],
            sigma=self.sigma if self.sigma.ndim == 1 else self.sigma[:, segments],
            first=_restricted(self.first, segments),
            terms=None if self.terms is None else _restricted(self.terms, segments),
        )

    def about(self, values: NDArray[np.float64]) -> Features:
        """The same with the features at other constants computed."""
        return replace(self, start=values, first=self.at(values))

    def at(self, values: NDArray[np.float64]) -> Adjusted:
        """Features for constants of shape (parameter,)."""
        if (values == self.start).all():
            return self.first
        if self.separated is not None and self.terms is not None:
            return _combined(self.terms, self.separated.at(values.tolist()))
        own = adjusted(self.expression, values.tolist(), self.states, self.sigma, checked=False)
        return replace(own, approximate=self.first.approximate)


def _without_first(own: Adjusted) -> Adjusted:
    return replace(own, features=own.features[1:], covariance=own.covariance[1:, 1:])


def _restricted(own: Adjusted, segments: NDArray[np.int64]) -> Adjusted:
    return Adjusted(
        own.features[:, segments], own.covariance[:, :, segments], own.approximate[segments]
    )


def _combined(terms: Adjusted, factors: NDArray[np.float64]) -> Adjusted:
    """Features that are combinations of others: factors of shape (feature, term)."""
    return replace(
        terms,
        features=np.tensordot(factors, terms.features, 1),
        covariance=np.einsum(
            "fs,st...,gt->fg...", factors, terms.covariance, factors, optimize=True
        ),
    )


@dataclass(frozen=True, eq=False)
class Point:
    """Constants with the features there, and their sums by segment and over all.

    Attributes
    ----------
    values : array of shape (parameter,)
        The constants, by slot.
    features : Features
    mask : array of shape (segment, time)
        Weights of samples that count, else 0.
    segment_weights : array of shape (segment,)
        What each segment's scatter counts for.
    sums, total : Sums
        By segment, and over all.
    """

    values: NDArray[np.float64]
    features: Features
    mask: NDArray[np.float64]
    segment_weights: NDArray[np.float64]
    sums: Sums
    total: Sums

    @cached_property
    def own(self) -> Adjusted:
        """The formula and its derivatives by the constants, on all samples."""
        return self.features.at(self.values)

    @property
    def ratio(self) -> float:
        """Scatter within trajectories over that over all samples; of noise either sign."""
        spread = float(self.total.spread()[0, 0])
        return float(self.total.within[0, 0]) / spread if spread > 0 else np.inf


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
    known : dict
        Sums of the terms of a formula that is separated, and the mask, by lags.
    """

    features: Features
    weights: NDArray[np.float64]
    segment_weights: NDArray[np.float64]
    known: dict[Sequence[float], tuple[Sums, NDArray[np.float64]]] = field(default_factory=dict)

    def at(self, values: NDArray[np.float64], lags: Sequence[float]) -> Point:
        """Constants of shape (parameter,) with sums at such lags; see `sums_of`."""
        features, separated = self.features, self.features.separated
        if separated is None:
            features = features.about(values)
            sums, mask = self._sums(features.first, lags)
        else:
            sums, mask = self._of_terms(lags)
            sums = sums.combined(separated.at(values.tolist()))
        sums = replace(sums, within=sums.within * self.segment_weights[:, None, None])
        return Point(values, features, mask, self.segment_weights, sums, sums.total())

    def restricted(self, segments: NDArray[np.int64]) -> Problem:
        """The same for some of the segments."""
        return Problem(
            self.features.restricted(segments),
            self.weights[segments],
            self.segment_weights[segments],
            {lags: (sums[segments], mask[segments]) for lags, (sums, mask) in self.known.items()},
        )

    def _of_terms(self, lags: Sequence[float]) -> tuple[Sums, NDArray[np.float64]]:
        if lags not in self.known:
            assert self.features.terms is not None
            self.known[lags] = self._sums(self.features.terms, lags)
        return self.known[lags]

    def _sums(self, own: Adjusted, lags: Sequence[float]) -> tuple[Sums, NDArray[np.float64]]:
        finite = np.isfinite(own.features).all(axis=0) & np.isfinite(own.covariance).all((0, 1))
        mask = np.where(finite, self.weights, 0.0)
        return sums_of(own.features, own.covariance, mask, lags), mask


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
