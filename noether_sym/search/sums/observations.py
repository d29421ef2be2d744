"""What a walk through a library sees of terms: variation along trajectories, and a reference.

The reference of a quantity g is the sum of (dg/dx_i)^2 var(x_i), the variance that g would have
if the columns varied independently, each as much as it does along trajectories. It needs no
surrogate and no spread between trajectories; it vanishes for identities, such as
sin^2 + cos^2, and for functions of columns that never change; and a Taylor series in disguise,
small wherever the data are, is small by this measure too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.search.sums.parts import Parts
from noether_sym.search.sums.terms import Term
from noether_sym.statistics.samples import Samples

_WIDEST = 1e3
_USUAL = 0.75
_REFERENCE_ROWS = 3000
"""Partial derivatives of a term that its reference is made of."""

_LEAST_POINTS = 100
"""Fewest points for that, however many columns."""

_FEW = 4
"""Parts that points and samples are taken in, each spread over all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Samples as rows.

    Attributes
    ----------
    dataset : Dataset
        Which columns are derived from others, and how.
    states : array of shape (column, sample)
    segment : array of shape (sample,)
        Number of the trajectory that a sample belongs to, from 0 without holes.
    spread : array of shape (base column,)
        Standard deviation within trajectories of each column that is not derived.
    points : array of int
        Samples at which gradients are taken; the first `few` are spread over all of them.
    directions : array of shape (sample, base column) or None
        Of points without order: the velocity in units of the columns' spread, its length 1.
    noise : array of shape (column, sample) or None
        Standard deviation of each number's noise over that of its column's; None where it is
        the same for all.
    """

    dataset: Dataset
    states: NDArray[np.float64]
    segment: NDArray[np.int64]
    spread: NDArray[np.float64]
    points: NDArray[np.int64]
    directions: NDArray[np.float64] | None = None
    noise: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, samples: Samples, dataset: Dataset) -> Observations:
        """Take the samples of a data set apart into rows, without padding."""
        real = samples.weights > 0
        segment = np.broadcast_to(np.arange(real.shape[0])[:, None], real.shape)[real]
        numbers = np.unique(segment, return_inverse=True)[1]
        states = samples.states[:, real]
        noise = None if samples.noise is None else samples.noise[:, real]
        spread = np.sqrt((_deviations(states, numbers) ** 2).mean(1))
        spread = np.where(samples.still, 0.0, spread)[list(dataset.base_columns)]
        if not dataset.ordered:
            return cls._of_points(samples, dataset, states, spread)
        points = _spread_out(len(numbers), _REFERENCE_ROWS // len(spread))
        return cls(dataset, states, numbers, spread, points, noise=noise)

    @classmethod
    def _of_points(
        cls,
        samples: Samples,
        dataset: Dataset,
        states: NDArray[np.float64],
        spread: NDArray[np.float64],
    ) -> Observations:
        """Points without order: every one is looked at, along its own velocity."""
        base = list(dataset.base_columns)
        velocities = samples.velocities[base][:, samples.weights > 0].T
        moves = velocities / np.where(spread > 0, spread, np.inf)
        lengths = np.linalg.norm(moves, axis=1, keepdims=True)
        directions = moves / np.where(lengths > 0, lengths, 1.0)
        everything = np.arange(states.shape[1])
        points = np.concatenate([everything[start::_FEW] for start in range(_FEW)])
        segment = np.zeros(states.shape[1], dtype=np.int64)
        return cls(dataset, states[:, points], segment, spread, everything, directions[points])

    def thinned(self, limit: int) -> Observations:
        """Every k-th sample, about `limit` of them, and few points.

        At least four samples a trajectory are kept where there are as many.
        """
        kept = slice(None, None, max(1, self.count // max(limit, _FEW * self.segments)))
        segment = np.unique(self.segment[kept], return_inverse=True)[1]
        noise = None if self.noise is None else self.noise[:, kept]
        if self.directions is None:
            points, directions = _spread_out(len(segment), self.few), None
        else:
            points, directions = np.arange(len(segment)), self.directions[kept]
        states = self.states[:, kept]
        return Observations(self.dataset, states, segment, self.spread, points, directions, noise)

    def joined(self) -> Observations:
        """The same as one trajectory, of which only what is the same in all is constant."""
        return replace(self, segment=np.zeros_like(self.segment))

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.segment)

    @property
    def few(self) -> int:
        """Number of points that are enough for an estimate."""
        return -(-len(self.points) // _FEW)

    @property
    def segments(self) -> int:
        """Number of trajectories, or windows of them."""
        return int(self.segment.max()) + 1

    @property
    def moving(self) -> set[int]:
        """The columns that vary along trajectories, without derived ones."""
        base = np.array(self.dataset.base_columns)
        return set(base[self.spread > 0].tolist())

    def centred(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Deviations from the mean of each trajectory, for values of shape (sample, term)."""
        return _deviations(values.T, self.segment).T

    def parts(self) -> Parts:
        """What evaluates formulas on these data."""
        return Parts(self.states, self.points)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """Terms on the data, in units of the root of each one's own reference.

    Attributes
    ----------
    within, total : arrays of shape (sample, term)
        Deviations from the means of trajectories, and from the mean of all. Of points without
        order `within` holds the derivatives along the velocity.
    reference : array of shape (point * base column, term)
        Partial derivatives times the columns' spread; the mean over points of the sum of
        squares is 1.
    scale : array of shape (term,)
        The unit.
    usable : array of shape (term,)
        False where a term is not finite somewhere, constant along every trajectory by
        construction, or ranges too widely.
    """

    within: NDArray[np.float64]
    total: NDArray[np.float64]
    reference: NDArray[np.float64]
    scale: NDArray[np.float64]
    usable: NDArray[np.bool_]


def evaluated(terms: Sequence[Term], data: Observations, parts: Parts | None = None) -> Evaluated:
    """Evaluate terms on the data.

    Parameters
    ----------
    terms : sequence of Term
    data : Observations
    parts : Parts, optional
        Where parts of the terms were evaluated before.
    """
    parts = parts or data.parts()
    parts.forget_constants()
    # rows are terms here, which is how they lie in memory
    total = np.empty((len(terms), data.count))
    with np.errstate(all="ignore"):
        for place, term in enumerate(terms):
            total[place] = parts.value(term.expression, term.values)
        reference = gradients(terms, data, parts).reshape(len(terms), -1)
        total -= total.mean(1, keepdims=True)
        scale = np.sqrt(np.einsum("ij,ij->i", reference, reference) / len(data.points))
        usable = np.isfinite(total).all(1) & np.isfinite(scale) & (scale > 0)
        usable &= _is_even(total) & _is_even(reference)
        total /= scale[:, None]
        reference /= scale[:, None]
    total[~usable] = 0.0
    reference[~usable] = 0.0
    if data.directions is None:
        within = _deviations(total, data.segment)
    else:
        within = (reference.reshape(len(terms), data.count, -1) * data.directions).sum(2)
    return Evaluated(within.T, total.T, reference.T, scale, usable)


def gradients(
    terms: Sequence[Term], data: Observations, parts: Parts | None = None
) -> NDArray[np.float64]:
    """Partial derivatives at the points, times the columns' spread: (term, point, base column)."""
    parts = parts or data.parts()
    slopes = np.zeros((len(terms), len(data.points), len(data.states)))
    for place, term in enumerate(terms):
        for column, slope in parts.slopes(term.expression, term.values).items():
            slopes[place, :, column] = slope
    states = data.states[:, data.points].T
    by_base: NDArray[np.float64] = data.dataset.base_gradients(states, slopes)
    return by_base * data.spread


def _spread_out(count: int, number: int) -> NDArray[np.int64]:
    """Numbers of samples, not too few, of which any first part is spread over all."""
    places = np.linspace(0, count - 1, min(max(_LEAST_POINTS, number), count))
    points = np.unique(places.astype(int))
    return np.concatenate([points[start::_FEW] for start in range(_FEW)])


def _is_even(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the largest of each row is not far above what most others but zeros reach."""
    sizes = np.abs(rows)
    near = sizes >= sizes.max(1, keepdims=True) / _WIDEST
    near_largest, nonzero = np.count_nonzero(near, axis=1), np.count_nonzero(sizes, axis=1)
    even: NDArray[np.bool_] = (nonzero > 0) & (near_largest > (1.0 - _USUAL) * nonzero)
    return even


def _deviations(rows: NDArray[np.float64], segment: NDArray[np.int64]) -> NDArray[np.float64]:
    """Deviations from the mean of each segment, for an array of shape (row, sample)."""
    edges = np.flatnonzero(np.diff(segment, prepend=-1))
    counts = np.diff(np.append(edges, len(segment)))
    means = np.add.reduceat(rows, edges, axis=1) / counts
    return rows - np.repeat(means, counts, axis=1)
