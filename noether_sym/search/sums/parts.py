"""Values and slopes of terms, the parts that they share computed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import INPUT, Expression
from noether_sym.dsl.operators import operator_of
from noether_sym.search.sums.terms import Term

_Key = Expression | tuple[Expression, tuple[float, ...]]
_Slopes = dict[int, Any]


class Parts:
    """Formulas on the same samples; what has no constant inside is kept from call to call.

    Parameters
    ----------
    states : array of shape (column, sample)
    points : array of int
        Samples at which slopes are wanted.
    """

    def __init__(self, states: NDArray[np.float64], points: NDArray[np.int64]) -> None:
        self._everywhere = _Memory(states)
        self._points = _Memory(states[:, points])

    def value(self, expression: Expression, values: tuple[float, ...]) -> Any:
        """Value of a formula at all samples; a number where it reads no column."""
        return self._everywhere.value(expression, values)

    def slopes(self, expression: Expression, values: tuple[float, ...]) -> _Slopes:
        """Partial derivatives at the points, by the columns that the formula reads."""
        return self._points.slopes(expression, values)

    def forget_constants(self) -> None:
        """Forget the parts with a constant inside."""
        for memory in (self._everywhere, self._points):
            memory.moving.clear()
            memory.moving_slopes.clear()


class Values:
    """Values of terms; what has no constant inside is kept from call to call.

    Parameters
    ----------
    states : array of shape (column, sample)
        Real or complex.
    """

    def __init__(self, states: NDArray[Any]) -> None:
        self._memory = _Memory(states)
        self._shape, self._kind = states.shape[1], states.dtype

    def of(self, terms: Sequence[Term]) -> NDArray[Any]:
        """Values of shape (term, sample)."""
        self._memory.moving.clear()
        found = np.empty((len(terms), self._shape), dtype=self._kind)
        with np.errstate(all="ignore"):
            for place, term in enumerate(terms):
                found[place] = self._memory.value(term.expression, term.values)
        return found


class _Memory:
    """Values and slopes at some samples, of parts without and with constants."""

    def __init__(self, states: NDArray[Any]) -> None:
        self.columns = list(states)
        self.fixed: dict[_Key, Any] = {}
        self.moving: dict[_Key, Any] = {}
        self.fixed_slopes: dict[_Key, _Slopes] = {}
        self.moving_slopes: dict[_Key, _Slopes] = {}

    def value(self, node: Expression, values: tuple[float, ...]) -> Any:
        if not node.arguments:
            return self.columns[node.index] if node.head == INPUT else values[node.index]
        constants = node.parameter_count
        known, key = (self.moving, (node, values)) if constants else (self.fixed, node)
        found = known.get(key)
        if found is None:
            arguments = [self.value(part, values) for part in node.arguments]
            found = known[key] = operator_of(node.head).apply(np, *arguments)
        return found

    def slopes(self, node: Expression, values: tuple[float, ...]) -> _Slopes:
        if not node.arguments:
            return {node.index: 1.0} if node.head == INPUT else {}
        constants = node.parameter_count
        known, key = (
            (self.moving_slopes, (node, values)) if constants else (self.fixed_slopes, node)
        )
        found = known.get(key)
        if found is None:
            found = known[key] = self._chained(node, values)
        return found

    def _chained(self, node: Expression, values: tuple[float, ...]) -> _Slopes:
        """By the chain rule, from the arguments' slopes."""
        inner = [self.slopes(part, values) for part in node.arguments]
        arguments = [self.value(part, values) for part in node.arguments]
        partials = operator_of(node.head).partials(np, self.value(node, values), *arguments)
        found: _Slopes = {}
        for partial, slopes in zip(partials, inner, strict=True):
            for column, slope in slopes.items():
                own = partial * slope
                found[column] = found[column] + own if column in found else own
        return found
