"""What a walk through a library sees of terms: variation along trajectories, and a reference.

The reference of a quantity g is the sum of (dg/dx_i)^2 var(x_i), the variance that g would have
if the columns varied independently, each as much as it does along trajectories. It needs no
surrogate and no spread between trajectories; it vanishes for identities, such as
sin^2 + cos^2, and for functions of columns that never change; and a Taylor series in disguise,
small wherever the data are, is small by this measure too.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import INPUT
from noether_sym.search.sums.terms import Term
from noether_sym.statistics.samples import Samples

_WIDEST = 1e3
_USUAL = 0.75
_REFERENCE_ROWS = 3000
_LEAST_POINTS = 100
_FEW = 4


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
    directions : array of shape (sample, base column) or None
        Of points without order: the velocity in units of the columns' spread, its length 1.
    points : array of int
        Samples at which gradients are taken; the first `few` are spread over all of them.
    """

    dataset: Dataset
    states: NDArray[np.float64]
    segment: NDArray[np.int64]
    spread: NDArray[np.float64]
    points: NDArray[np.int64]
    directions: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, samples: Samples, dataset: Dataset) -> Observations:
        """Take the samples of a data set apart into rows, without padding."""
        real = samples.weights > 0
        segment = np.broadcast_to(np.arange(real.shape[0])[:, None], real.shape)[real]
        numbers = np.unique(segment, return_inverse=True)[1]
        states = samples.states[:, real]
        counts = np.bincount(numbers)
        means = np.stack([np.bincount(numbers, row) / counts for row in states])
        spread = np.sqrt(((states - means[:, numbers]) ** 2).mean(1))
        spread = np.where(samples.still, 0.0, spread)[list(dataset.base_columns)]
        if not dataset.ordered:
            return cls._of_points(samples, dataset, states, spread)
        number = max(_LEAST_POINTS, _REFERENCE_ROWS // len(spread))
        points = np.unique(np.linspace(0, len(numbers) - 1, min(number, len(numbers))).astype(int))
        points = np.concatenate([points[start::_FEW] for start in range(_FEW)])
        return cls(dataset, states, numbers, spread, points)

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

    def centred(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Deviations from the mean of each trajectory, for values of shape (sample, term)."""
        edges = np.flatnonzero(np.diff(self.segment, prepend=-1))
        counts = np.diff(np.append(edges, self.count))
        means = np.add.reduceat(values, edges, axis=0) / counts[:, None]
        return values - np.repeat(means, counts, axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
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


def evaluated(terms: Sequence[Term], data: Observations) -> Columns:
    """Evaluate terms on the data."""
    with np.errstate(all="ignore"):
        total = np.stack([_values(term, data) for term in terms], 1)
        reference = np.stack([gradients(term, data).ravel() for term in terms], 1)
        total = total - total.mean(0)
        scale = np.sqrt((reference**2).sum(0) / len(data.points))
        usable = np.isfinite(total).all(0) & np.isfinite(scale) & (scale > 0)
        usable &= _is_even(total) & _is_even(reference)
        total, reference = total / scale, reference / scale
    total = np.where(usable, total, 0.0)
    reference = np.where(usable, reference, 0.0)
    within = data.centred(total)
    if data.directions is not None:
        along = reference.reshape(data.count, -1, len(terms)) * data.directions[:, :, None]
        within = along.sum(1)
    return Columns(within, total, reference, scale, usable)


def _is_even(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the largest of values (row, term) is not far above what most of them reach."""
    sizes = np.abs(values)
    sizes = np.where(sizes > 0, sizes, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a term may be zero throughout
        usual = np.nanquantile(sizes, _USUAL, axis=0)
        even: NDArray[np.bool_] = np.nanmax(sizes, axis=0) <= _WIDEST * usual
    return even


def gradients(term: Term, data: Observations) -> NDArray[np.float64]:
    """Partial derivatives at the points, times the columns' spread: (point, base column)."""
    states = data.states[:, data.points]
    _, slopes = term.expression.linearise(np, list(states), term.values, INPUT)
    result = np.zeros((len(data.points), len(states)))
    for column, slope in slopes.items():
        result[:, column] = slope
    by_base: NDArray[np.float64] = data.dataset.base_gradients(states.T, result)
    return by_base * data.spread


def _values(term: Term, data: Observations) -> NDArray[np.float64]:
    value = term.expression.evaluate(np, list(data.states), term.values)
    return np.broadcast_to(value, (data.count,))
