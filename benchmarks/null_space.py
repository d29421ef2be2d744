"""Combinations of given terms that do not change along a flow: the null space of a library.

`polynomial_null_space` is the method of Oellerich and Emelianenko (arXiv 2403.04889), the
baseline of `benchmarks.recovery`: monomials, their derivatives along the data, and the singular
vectors below a cut-off. `wide_null_space` knows more functions and is careful about what is
nearly degenerate; the generator of planted laws asks it whether there are laws beside them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_DEPENDENT = 1e-6
"""Singular value of the terms' scatter, over the largest, up to which terms are dependent."""

_CONSTANT = 1e-8
"""Rate of a combination of unit spread, over that of the columns, below which it is constant."""


@dataclass(frozen=True, eq=False)
class Library:
    """Monomials of columns, and sines, cosines and exponentials of single columns.

    Attributes
    ----------
    powers : array of int, shape (monomial, column)
    functions : bool
        Whether sin, cos, exp(x) and exp(-x) of each column come after the monomials.
    scale : array of shape (column,)
        By which columns are divided before the monomials are taken.
    """

    powers: NDArray[np.int64]
    functions: bool
    scale: Array

    @classmethod
    def to_degree(cls, degree: int, scale: Array, *, functions: bool = False) -> Library:
        """Every monomial from degree 1 to `degree`."""
        columns = len(scale)
        rows = [
            np.bincount(chosen, minlength=columns)
            for size in range(1, degree + 1)
            for chosen in itertools.combinations_with_replacement(range(columns), size)
        ]
        return cls(np.array(rows), functions, scale)

    @property
    def size(self) -> int:
        """Number of terms."""
        return len(self.powers) + 4 * len(self.scale) * self.functions

    def values(self, states: Array) -> Array:
        """Terms at states (sample, column): shape (sample, term)."""
        return self._joined(states, None)

    def partial(self, states: Array, column: int) -> Array:
        """Derivatives of the terms by a column: shape (sample, term)."""
        return self._joined(states, column)

    def along(self, states: Array, velocities: Array) -> Array:
        """Derivatives of the terms by time: shape (sample, term)."""
        total = np.zeros((len(states), self.size))
        for column in range(states.shape[1]):
            total += velocities[:, column, None] * self.partial(states, column)
        return total

    def _joined(self, states: Array, by: int | None) -> Array:
        scaled = states / self.scale
        result = np.ones((len(states), len(self.powers)))
        for column, powers in enumerate(self.powers.T):
            used = np.arange(powers.max() + 1)
            table = scaled[:, column, None] ** used
            if column == by:
                table = used * scaled[:, column, None] ** np.maximum(used - 1, 0)
                table = table / self.scale[column]
            result *= table[:, powers]
        if not self.functions:
            return result
        with np.errstate(over="ignore"):
            grown, shrunk = np.exp(states), np.exp(-states)
        sine, cosine = np.sin(states), np.cos(states)
        blocks = [sine, cosine, grown, shrunk]
        if by is not None:
            chosen = np.eye(states.shape[1])[by]
            blocks = [own * chosen for own in (cosine, -sine, grown, -shrunk)]
        return np.concatenate([result, *blocks], axis=1)


@dataclass(frozen=True, eq=False)
class Combination:
    """A sum of terms: a quantity that can be called, with a gradient, as a law has."""

    library: Library
    coefficients: Array

    def __call__(self, states: Array) -> Array:
        flat = np.reshape(states, (-1, np.shape(states)[-1]))
        value = self.library.values(flat) @ self.coefficients
        return value.reshape(np.shape(states)[:-1])

    def gradient(self, states: Array) -> Array:
        """Shape (sample, column) for states of that shape."""
        columns = range(np.shape(states)[-1])
        partials = [self.library.partial(states, own) @ self.coefficients for own in columns]
        return np.stack(partials, axis=-1)

    def text(self) -> str:
        """How many terms there are: nobody reads such a sum."""
        return f"a sum of {np.count_nonzero(self.coefficients)} terms"


def polynomial_null_space(
    states: Array, velocities: Array, epsilon: float = float(np.finfo(np.float64).eps)
) -> list[Combination]:
    """Null vectors of the derivatives of monomials, as arXiv 2403.04889 finds them.

    Parameters
    ----------
    states, velocities : array of shape (sample, column)
    epsilon : float
        Relative error of the data, which the method is told.

    Raises
    ------
    ValueError
        If there are more monomials than samples.

    Notes
    -----
    Degree 4 up to four columns, else 3. Columns are divided by their largest value. A singular
    value counts as zero below sqrt(N p) epsilon^(2/3), for N samples and p monomials.
    """
    scale = np.maximum(np.abs(states).max(0), 1e-300)
    library = Library.to_degree(4 if len(scale) <= 4 else 3, scale)
    if library.size > len(states):
        raise ValueError(
            f"{library.size:,} monomials and {len(states):,} samples: any samples have a null space"
        )
    derivatives = library.along(states, velocities)
    _, values, vectors = np.linalg.svd(derivatives, full_matrices=False)
    cutoff = math.sqrt(derivatives.size) * epsilon ** (2 / 3)
    return [Combination(library, vector) for vector in vectors[values < cutoff]]


def wide_null_space(states: Array, velocities: Array) -> list[Combination]:
    """Combinations of monomials, sines, cosines and exponentials that do not change.

    What depends on other terms in total scatter is left out first: a Taylor series is no law.
    """
    library = Library.to_degree(
        4 if states.shape[1] <= 4 else 3, np.abs(states).max(0), functions=True
    )
    terms = library.values(states)
    terms = terms - terms.mean(0)
    spread = np.maximum(terms.std(0), 1e-300)
    _, scatter, directions = np.linalg.svd(terms / spread, full_matrices=False)
    kept = scatter > _DEPENDENT * scatter[0]
    basis = (directions[kept] / scatter[kept, None]).T * math.sqrt(len(states)) / spread[:, None]
    changes = library.along(states, velocities) @ basis
    speed = np.sqrt(np.mean((velocities / states.std(0)) ** 2))
    changes /= speed * math.sqrt(len(states))
    _, values, vectors = np.linalg.svd(changes, full_matrices=False)
    return [Combination(library, basis @ own) for own in vectors[values < _CONSTANT]]


def rank(quantities: Sequence[Combination], states: Array) -> int:
    """Number of functionally independent quantities: the rank of their gradients, its median."""
    if not quantities:
        return 0
    slopes = np.stack([own.gradient(states) for own in quantities], axis=1)
    slopes /= np.maximum(np.linalg.norm(slopes, axis=-1, keepdims=True), 1e-300)
    return int(np.median(np.linalg.matrix_rank(slopes, tol=1e-3)))
