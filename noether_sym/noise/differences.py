"""Divided differences of samples: what is left of noise where a smooth motion vanishes.

A difference of order r is a sum of r + 1 samples that is 0 for polynomials of degree below r.
Its weights are normalised, so that white noise keeps its standard deviation (pseudo-residuals;
Gasser, Sroka, Jennen-Steinmetz 1986, doi:10.1093/biomet/73.3.625; Hall, Kay, Titterington 1990,
doi:10.1093/biomet/77.3.521).
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.noise.scale import influence_covariance

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EVEN = 1e-9
"""Largest difference of steps in time, over the median step, that is rounding of even ones."""


class Differences:
    """Weights of the differences of one sequence of times.

    Parameters
    ----------
    times : array of shape (time,)
        Increasing, at least two.

    Attributes
    ----------
    count : int
        Number of times.
    even : bool
        Whether all steps are alike.
    """

    def __init__(self, times: NDArray[np.float64]) -> None:
        steps = np.diff(times)
        middle = float(np.median(steps))
        self.count = len(times)
        self.even = bool(np.ptp(steps) <= _EVEN * middle)
        self._clock = (times - times[0]) / middle
        self._kept: dict[int, NDArray[np.float64]] = {}
        self._covariances: dict[int, list[NDArray[np.float64]]] = {}
        self._single: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def weights(self, order: int) -> NDArray[np.float64]:
        """Weights of each difference: shape (difference, order + 1), or (1, order + 1) if all
        are alike; the difference i reads the samples i to i + order."""
        if self.even:
            return _binomial(order)
        if order not in self._kept:
            self._kept[order] = _divided(self._clock, order)
        return self._kept[order]

    def of(self, values: NDArray[np.float64], order: int) -> NDArray[np.float64]:
        """Differences of values at the times: shape (time - order,)."""
        if self.even:
            return self.of_even(values, order)
        weights, count = self.weights(order), self.count - order
        total = np.zeros(count)
        for place in range(order + 1):
            total += weights[:, place] * values[place : place + count]
        return total

    @staticmethod
    def of_even(values: NDArray[np.float64], order: int) -> NDArray[np.float64]:
        """Differences of values, more than the order, at even steps."""
        return np.correlate(values, _binomial(order)[0])

    def adjoint(self, left: NDArray[np.float64], order: int) -> NDArray[np.float64]:
        """What each sample adds up of differences, by its weights in them: shape (time,)."""
        weights = np.broadcast_to(self.weights(order), (len(left), order + 1))
        total = np.zeros(self.count)
        for place in range(order + 1):
            total[place : place + len(left)] += weights[:, place] * left
        return total

    def single(self, order: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What `adjoint` makes of differences of one sample, and of white noise.

        Returns
        -------
        own : array of shape (time,)
            Of a sample that is 1 among zeros, at itself.
        noise : array of shape (time,)
            The standard deviation for samples of standard deviation 1.
        """
        if order not in self._single:
            count = self.count - order
            weights = np.broadcast_to(self.weights(order), (count, order + 1))
            own = np.zeros(self.count)
            for place in range(order + 1):
                own[place : place + count] += weights[:, place] ** 2
            noise = own**2
            for lag in range(1, order + 1):
                pair = np.zeros(self.count - lag)
                for place in range(order + 1 - lag):
                    pair[place : place + count] += weights[:, place] * weights[:, place + lag]
                noise[lag:] += pair**2
                noise[:-lag] += pair**2
            self._single[order] = own, np.sqrt(noise)
        return self._single[order]

    def variance(self, order: int, chosen: NDArray[np.bool_]) -> float:
        """Variance of the sum of influences of chosen differences on the log of their scale.

        Parameters
        ----------
        order : int
        chosen : array of bool, of shape (difference,)

        Returns
        -------
        float
            Over the squared number of differences, the variance of the log of their scale.
        """
        shares = _even_shares(order) if self.even else self._shares(order)
        total = 0.0
        for lag in range(min(order, len(chosen) - 1) + 1):
            both = chosen[: len(chosen) - lag] & chosen[lag:]
            added = float(both @ shares[lag]) if shares[lag].ndim else both.sum() * shares[lag]
            total += float(added) if lag == 0 else 2.0 * float(added)
        return total

    def _shares(self, order: int) -> list[NDArray[np.float64]]:
        """For each lag, the covariance of the influences of pairs so far apart: (pair,)."""
        if order not in self._covariances:
            weights = self.weights(order)
            self._covariances[order] = [
                influence_covariance(
                    (weights[: len(weights) - lag, lag:] * weights[lag:, : order + 1 - lag]).sum(1)
                )
                for lag in range(min(order, len(weights) - 1) + 1)
            ]
        return self._covariances[order]


@cache
def _even_shares(order: int) -> list[NDArray[np.float64]]:
    (weights,) = _binomial(order)
    return [
        np.asarray(influence_covariance(weights[lag:] @ weights[: order + 1 - lag]))
        for lag in range(order + 1)
    ]


@cache
def _binomial(order: int) -> NDArray[np.float64]:
    weights = np.array([[(-1.0) ** (order - k) * comb(order, k) for k in range(order + 1)]])
    return weights / np.linalg.norm(weights)


def _divided(clock: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    count = len(clock) - order
    weights = np.ones((count, order + 1))
    for place in range(order + 1):
        for other in range(order + 1):
            if other != place:
                apart = clock[place : place + count] - clock[other : other + count]
                weights[:, place] /= apart
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)
