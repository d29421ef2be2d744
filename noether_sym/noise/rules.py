"""Nodes and weights with which features are evaluated to take the effect of noise out.

A rule is a list of displacements of the state in standard deviations of the noise. Imaginary
ones undo Gaussian noise: see `noether_sym.noise.adjusted`.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_POINTS = {1: 10, 2: 8, 3: 6, 4: 5}
"""Gauss-Hermite points a column of a full grid, by the number of columns: exact to degree 19, 15,
11 and 9 in each column. Even numbers have no node on the data themselves, where a quotient may
have its pole."""

_LEVELS = {5: 4, 6: 4, 7: 4, 8: 4}
"""Level of a sparse grid, by the number of columns: exact to degree 2*level - 1 = 7."""

_LEAST_LEVEL = 3
"""Level of sparse grids of more columns: exact to degree 5, with 2n^2 + 2n + 1 nodes."""

STEP = 0.1
"""Step of second differences in standard deviations: far above rounding, while the first term left
out is a hundredth of the next order of the noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Displacements and weights.

    Attributes
    ----------
    nodes : complex array of shape (node, column)
        In standard deviations of each column's noise.
    weights : array of shape (node,)
        They add up to 1.
    """

    nodes: NDArray[np.complex128]
    weights: NDArray[np.float64]


@functools.cache
def imaginary_rule(columns: int, *, coarser: bool = False) -> Rule:
    """Nodes i*z with the weights of normal numbers z.

    A full grid of Gauss-Hermite points for up to four columns, a sparse grid beyond (Smolyak
    1963; Heiss and Winschel 2008, Journal of Econometrics 144, 62,
    doi:10.1016/j.jeconom.2007.12.004). Of z and -z, which give complex conjugates, one is kept.

    Parameters
    ----------
    columns : int
        At least 1.
    coarser : bool
        The rule one step below, to see how far the rule has converged.
    """
    if columns in _POINTS:
        points, weights = _hermite(_POINTS[columns] - 2 * coarser)
        grid = np.array(list(itertools.product(points, repeat=columns)))
        shares = np.array([math.prod(own) for own in itertools.product(weights, repeat=columns)])
    else:
        level = _LEVELS.get(columns, _LEAST_LEVEL)
        grid, shares = _sparse_grid(columns, level - coarser)
    first = np.array([next((value for value in node if value), 0.0) for node in grid])
    kept = first >= 0
    return Rule(1j * grid[kept], shares[kept] * np.where(first[kept] > 0, 2.0, 1.0))


@functools.cache
def difference_rule(columns: int) -> Rule:
    """Second differences: phi less half the noise's variance times its second derivatives."""
    nodes = np.concatenate(
        [np.zeros((1, columns)), STEP * np.eye(columns), -STEP * np.eye(columns)]
    )
    weights = np.full(len(nodes), -0.5 / STEP**2)
    weights[0] = 1.0 + columns / STEP**2
    return Rule(nodes.astype(np.complex128), weights)


@functools.cache
def _hermite(points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss-Hermite nodes and weights of a normal number, exactly symmetric."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    weights = weights / weights.sum()
    return (nodes - nodes[::-1]) / 2, (weights + weights[::-1]) / 2


def _sparse_grid(columns: int, level: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smolyak's combination of full grids of 1 to `level` points a column."""
    found: dict[tuple[float, ...], float] = {}
    for extra in range(max(0, level - columns), level):
        sign = (-1) ** (level - 1 - extra) * math.comb(columns - 1, level - 1 - extra)
        for raised in itertools.combinations_with_replacement(range(columns), extra):
            sides = [_hermite(1 + raised.count(column)) for column in range(columns)]
            every = itertools.product(*(zip(*side, strict=True) for side in sides))
            for pairs in every:
                node = tuple(float(value) + 0.0 for value, _ in pairs)
                share = sign * math.prod(float(weight) for _, weight in pairs)
                found[node] = found.get(node, 0.0) + share
    return np.array(list(found)), np.array(list(found.values()))
