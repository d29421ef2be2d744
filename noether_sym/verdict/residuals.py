"""Values along a trajectory less their mean, and what each sample counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Of the bound on what changes."""

FEWEST = 2
"""Samples of a trajectory of which something can be told."""

RESOLVED = 0.5
"""Correlation of neighbours in what changes, from which on neighbours tell it from noise."""

_BESIDE = (-2, 2)
"""Samples, counted from one's own, whose noise says how much that one counts: near enough to have
as much, and none of those that it is multiplied with where neighbours are."""


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Deviations of a trajectory's values from their weighted mean, and the weights."""

    deviations: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> Residuals:
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


def noise_beside(noise: NDArray[np.float64], told: NDArray[np.float64]) -> NDArray[np.float64]:
    """The variance of the noise that samples nearby have, to weigh each by.

    How much noise a formula makes of that of its columns is read where the noise has put them.
    A weight by a sample's own would err with its value, and the mean of their product be off by
    about as much as the noise's bias.

    Parameters
    ----------
    noise : array of shape (sample,)
        Of each value.
    told : array of shape (sample,)
        By what factor it is told to differ between samples: that is each sample's own.
    """
    finite = np.isfinite(noise) & (told > 0)
    clean = np.where(finite, np.maximum(noise, 0.0), 0.0) / np.where(told > 0, told, 1.0)
    if not len(clean):
        return clean
    places = np.arange(len(clean))[:, None] + np.array(_BESIDE)
    there = (places >= 0) & (places < len(clean))
    sums = np.where(there, clean[np.clip(places, 0, len(clean) - 1)], 0.0).sum(1)
    counts = there.sum(1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), clean)
    return np.asarray(means * told, dtype=np.float64)
