"""Fields of gradients: what one adds to others, and which are independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PARALLEL = 1e-4
"""A mean squared sine below this is not a new direction."""


def residual(
    gradients: NDArray[np.float64], others: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Part of a gradient field outside the span of other fields, sample by sample.

    Parameters
    ----------
    gradients : array of shape (sample, column)
    others : sequence of arrays of that shape
    """
    rest = gradients.copy()
    for known in directions(others):
        rest -= (rest * known).sum(1, keepdims=True) * known
    return rest


def directions(fields: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Fields of unit vectors, orthogonal sample by sample, with the same span.

    Zero at samples where a field adds nothing to those before it.

    Parameters
    ----------
    fields : sequence of arrays of shape (sample, column)
    """
    basis: list[NDArray[np.float64]] = []
    for own in fields:
        direction = own.copy()
        for known in basis:
            direction -= (direction * known).sum(1, keepdims=True) * known
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        usable = length > 1e-8 * np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-300)
        basis.append(np.where(usable, direction / np.where(usable, length, 1.0), 0.0))
    return basis


def new_share(gradients: NDArray[np.float64], others: Sequence[NDArray[np.float64]]) -> float:
    """Part of a gradient field's squared length that lies outside the span of others."""
    total = float((gradients**2).sum())
    return float((residual(gradients, others) ** 2).sum()) / total if total > 0 else 0.0
