"""Scatter of features within trajectories and over all samples, less what noise adds to it.

A law leaves along a trajectory nothing but noise, which has no memory from one sample to the
next. So there are two ways to a scatter that vanishes for true constants: take what the noise
adds to each sample's square away (adjusted least squares: Kukush, Markovsky, Van Huffel 2004,
Computational Statistics and Data Analysis 47, 123), or compare each sample with its neighbours
in time only, which leaves of the noise nothing but the share of the trajectory's mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAME_SAMPLE = (1.0,)
"""Lags that compare each sample with itself."""

NEXT_SAMPLE = (0.0, 1.0)
"""Lags that compare it with the samples before and after it."""


_Rule = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums over the samples of each trajectory, or of several.

    Attributes
    ----------
    within : array of shape (..., feature, feature)
        Products of deviations from the trajectory's mean, less the noise's share.
    squares : array of shape (..., feature, feature)
        Products of features.
    values : array of shape (..., feature)
    count : array of shape (...)
        Samples, each as its weight.
    """

    within: NDArray[np.float64]
    squares: NDArray[np.float64]
    values: NDArray[np.float64]
    count: NDArray[np.float64]

    def __add__(self, other: Sums) -> Sums:
        return self._mapped(lambda one, two: one + two, other)

    def __sub__(self, other: Sums) -> Sums:
        return self._mapped(lambda one, two: one - two, other)

    def __getitem__(self, chosen: Any) -> Sums:
        return self._mapped(lambda one, _: np.asarray(one[chosen]), self)

    def total(self) -> Sums:
        """Over all trajectories."""
        return self._mapped(lambda one, _: one.sum(axis=0), self)

    def spread(self) -> NDArray[np.float64]:
        """Scatter about the mean of all samples, with the noise: (..., feature, feature)."""
        mean = self.values / np.maximum(self.count, 1.0)[..., None]
        return self.squares - self.values[..., :, None] * mean[..., None, :]

    def of(self, chosen: NDArray[np.int64]) -> Sums:
        """The same for some of the features."""
        one, two = np.ix_(chosen, chosen)
        return Sums(
            self.within[..., one, two],
            self.squares[..., one, two],
            self.values[..., chosen],
            self.count,
        )

    def combined(self, factors: NDArray[np.float64]) -> Sums:
        """The same of combinations of the features: factors of shape (combination, feature)."""
        return Sums(
            factors @ self.within @ factors.T,
            factors @ self.squares @ factors.T,
            self.values @ factors.T,
            self.count,
        )

    def _mapped(self, rule: _Rule, other: Sums) -> Sums:
        return Sums(
            rule(self.within, other.within),
            rule(self.squares, other.squares),
            rule(self.values, other.values),
            rule(self.count, other.count),
        )


def sums_of(
    features: NDArray[np.float64],
    covariance: NDArray[np.float64],
    mask: NDArray[np.float64],
    lags: Sequence[float],
) -> Sums:
    """Sums by trajectory.

    Parameters
    ----------
    features : array of shape (feature, trajectory, time)
    covariance : array of shape (feature, feature, trajectory, time)
        Of the noise of the features.
    mask : array of shape (trajectory, time)
        Weights of samples that count, else 0. A product of two samples has the root of both.
    lags : sequence of float
        Weights of the products of samples so many steps apart, from 0 up; they add up to 1.
    """
    roots = np.sqrt(mask)
    count = mask.sum(axis=1)
    safe = np.where(count > 0, count, 1.0)
    features = np.where(mask > 0, features, 0.0)
    weighted = features * mask
    values = weighted.sum(axis=2)
    centred = (features - (values / safe)[..., None]) * roots
    products = np.einsum("ikt,jkt->kij", centred, compared(centred, lags))
    # the noise's share: the diagonal of R C A C R, A the weights of the lags, C the centring and
    # R the roots of the weights
    rows = compared(roots, lags) * roots
    share = lags[0] - 2 * rows / safe[:, None] + (rows.sum(axis=1) / safe**2)[:, None] * mask
    noise = np.where(mask > 0, covariance, 0.0)
    return Sums(
        within=products - np.einsum("ijkt,kt->kij", noise, share * mask),
        squares=np.einsum("ikt,jkt->kij", weighted, features),
        values=values.T,
        count=count,
    )


def compared(rows: NDArray[np.float64], lags: Sequence[float]) -> NDArray[np.float64]:
    """Each sample's neighbours with their weights: half before it, half after it."""
    found = lags[0] * rows
    for steps, weight in enumerate(lags):
        if steps and weight:
            found[..., steps:] += 0.5 * weight * rows[..., :-steps]
            found[..., :-steps] += 0.5 * weight * rows[..., steps:]
    return found
