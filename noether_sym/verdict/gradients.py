"""Gradients of laws at samples: natural spread, alignment, parallel families."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.statistics.conservation import masked
from noether_sym.statistics.directions import PARALLEL
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import within_variance


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Samples in coordinates of unit spread.

    Attributes
    ----------
    states : array of shape (sample, column)
    velocities : array of shape (sample, base column)
        Base columns are those that are not derived from others.
    spread : array of shape (base column,)
        Standard deviation of each column within segments; of a column that is still along
        trajectories, over all of them.
    dataset : Dataset
        Which columns are derived, and how.
    noise : array of shape (sample, base column) or None
        Standard deviation of each number's noise over that of its column's; None where it is
        the same for all.
    """

    states: NDArray[np.float64]
    velocities: NDArray[np.float64]
    spread: NDArray[np.float64]
    dataset: Dataset
    noise: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, samples: Samples, dataset: Dataset) -> Frame:
        """Take the samples of a data set apart into rows, without padding."""
        real = samples.weights > 0
        spread = within_variance(*masked(samples.states, samples.weights)).sqrt().numpy()
        spread = np.where(samples.still, samples.surrogate[:, real].std(axis=1), spread)
        base = list(dataset.base_columns)
        return cls(
            samples.states[:, real].T,
            samples.velocities[base][:, real].T,
            np.where(spread > 0, spread, 1.0)[base],
            dataset,
            None if samples.noise is None else samples.noise[base][:, real].T,
        )

    def gradients(self, law: Law) -> NDArray[np.float64]:
        """Gradient of a law by the unit-spread coordinates, 0 where not finite.

        In units of its largest component, so that squares stay finite. Declared parameters are no
        coordinates: a law times a function of them is the same law.
        """
        gradients, _ = self.scaled_gradients(law)
        places = [self.dataset.base_columns.index(own) for own in self.dataset.parameters]
        gradients[:, places] = 0.0
        return gradients

    def scaled_gradients(self, law: Law) -> tuple[NDArray[np.float64], float]:
        """The gradients, those by declared parameters too, and the unit that they are given in."""
        with np.errstate(all="ignore"):
            gradient = self.dataset.base_gradients(self.states, law.gradient(self.states))
            gradient = gradient * self.spread
        gradient = np.where(np.isfinite(gradient).all(1, keepdims=True), gradient, 0.0)
        unit = float(np.abs(gradient).max(initial=0.0)) or 1.0
        return gradient / unit, unit

    def directions(self) -> NDArray[np.float64] | None:
        """Velocity in the unit-spread coordinates; None where dx/dt is not known."""
        return self.velocities / self.spread if self.dataset.has_derivatives else None


def alignment(gradients: NDArray[np.float64], velocities: NDArray[np.float64]) -> float:
    """Mean squared cosine between gradients and velocities, weighted by their lengths.

    0 for a conserved quantity, 1/n for directions at random in n dimensions.
    """
    drift = (gradients * velocities).sum(1) ** 2
    longest = (gradients**2).sum(1) * (velocities**2).sum(1)
    bound = _trim_bound(longest)
    weight = np.minimum(bound, longest) / np.where(longest > 0, longest, 1.0)
    total = float((weight * longest).sum())
    return float((weight * drift).sum()) / total if total > 0 else 1.0


def root_mean_square(gradients: NDArray[np.float64], unit: float) -> float:
    """Root of the mean squared length of gradients of shape (sample, column), times a unit.

    The standard deviation that a law would have if its columns varied independently, each as
    much as it does, to first order.
    """
    return unit * float(np.sqrt(trimmed_mean((gradients**2).sum(1))))


def angle_between(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Mean squared sine of the angle between two gradient fields, weighted by length."""
    dot = (one * two).sum(1) ** 2
    lengths = (one**2).sum(1) * (two**2).sum(1)
    total = lengths.sum()
    return float(1.0 - dot.sum() / total) if total > 0 else 1.0


def proportional(one: NDArray[np.float64], two: NDArray[np.float64]) -> bool:
    """Whether two gradient fields are one field and a constant factor."""
    dot, lengths = float((one * two).sum()) ** 2, float((one**2).sum()) * float((two**2).sum())
    return lengths > 0 and 1.0 - dot / lengths < PARALLEL


def trimmed_mean(values: NDArray[np.float64]) -> float:
    """Mean with the few largest pulled in, so that one pole does not decide; 0 of nothing."""
    return float(np.minimum(values, _trim_bound(values)).sum()) / max(1, len(values))


def _trim_bound(values: NDArray[np.float64]) -> float:
    bound = 9.0 * float(np.quantile(values, 0.9))
    return bound if bound > 0 else float("inf")
