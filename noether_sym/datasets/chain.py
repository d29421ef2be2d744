"""Columns that are formulas of others: their values, and slopes by the chain rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.expression import INPUT, Expression
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ColumnFormula:
    """The formula of a derived column.

    Attributes
    ----------
    text : str
        As written.
    expression : Expression
        Inputs are the columns before it; slots refer to `values`.
    values : tuple of float
        The numbers of the formula by slot, in the data's units.
    dimensions : tuple of Dimension
        Of the numbers.
    """

    text: str
    expression: Expression
    values: tuple[float, ...]
    dimensions: tuple[Dimension, ...]

    def __call__(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at states (..., column): shape (...)."""
        return self.linearised(states)[0]

    def linearised(
        self, states: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], dict[int, NDArray[np.float64] | float]]:
        """Values at states (..., column), and slopes by the columns that the formula reads."""
        columns = list(np.moveaxis(states, -1, 0))
        numbers = list(np.array(self.values))
        with np.errstate(all="ignore"):
            value, slopes = self.expression.linearise(np, columns, numbers, INPUT)
        return np.broadcast_to(value, states.shape[:-1]).astype(np.float64), slopes

    def rate(self, states: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """d/dt of the column from dx/dt of the columns before it: shape (...)."""
        _, slopes = self.linearised(states)
        total = np.zeros(states.shape[:-1])
        with np.errstate(all="ignore"):
            for column, slope in slopes.items():
                # where nothing moves nothing changes, though the slope may be infinite
                moving = rates[..., column] != 0
                total += np.where(moving, slope * rates[..., column], 0.0)
        return total
