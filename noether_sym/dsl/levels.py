"""Formulas by size: which sizes make the next, and which row lies where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from noether_sym.dsl.expression import Expression, call, input_, parameter
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.operators import BY_CODE, Operator
from noether_sym.errors import GrammarError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF = -1
"""The code of a leaf."""


class Rows(Protocol):
    """Formulas of one size, a row each: see `noether_sym.dsl.enumeration.Block`."""

    @property
    def code(self) -> NDArray[Any]: ...

    @property
    def left(self) -> NDArray[Any]: ...

    @property
    def right(self) -> NDArray[Any]: ...

    def __len__(self) -> int: ...


_Rows = TypeVar("_Rows", bound=Rows)


class Levels(Generic[_Rows]):
    """The rows of sizes 1, 2, ..., numbered one after the other."""

    def __init__(self) -> None:
        self._rows: list[_Rows] = []
        self._starts = [0]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def end(self) -> int:
        """Number of rows, which the next will be called by."""
        return self._starts[-1]

    def add(self, rows: _Rows) -> None:
        """Add the rows of the next size."""
        self._rows.append(rows)
        self._starts.append(self.end + len(rows))

    def of(self, size: int) -> tuple[_Rows, int]:
        """The rows of a size, and the number of the first."""
        return self._rows[size - 1], self._starts[size - 1]

    def sizes(self, numbers: NDArray[np.integer]) -> NDArray[np.int64]:
        """Sizes of rows by number."""
        return np.searchsorted(self._starts, numbers, side="right")

    def tree(self, number: int, memory: dict[int, Expression]) -> Expression:
        """The formula of a row as a tree; `memory` holds those built before."""
        if number not in memory:
            rows, start = self.of(int(np.searchsorted(self._starts, number, side="right")))
            memory[number] = self.tree_of(rows, number - start, memory)
        return memory[number]

    def tree_of(self, rows: _Rows, row: int, memory: dict[int, Expression]) -> Expression:
        """The formula of a row of any size, stored or not, as a tree."""
        code, left, right = int(rows.code[row]), int(rows.left[row]), int(rows.right[row])
        if code == LEAF:
            return parameter(0) if left < 0 else input_(left)
        sides = (left, right)[: BY_CODE[code].arity]
        return call(BY_CODE[code].name, *(self.tree(side, memory) for side in sides))


def operand_sizes(grammar: Grammar, size: int) -> Iterator[tuple[Operator, tuple[int, ...]]]:
    """Operations, and sizes of their arguments, that make formulas of a size.

    Of a commutative pair the smaller argument comes first.
    """
    for operator in grammar.operators:
        if operator.arity == 1:
            if size > 1:
                yield operator, (size - 1,)
            continue
        for left in range(1, size - 1):
            right = size - 1 - left
            if not operator.commutative or left <= right:
                yield operator, (left, right)


def check_depth(depth: int) -> None:
    """Refuse a depth that is not a positive number of nodes."""
    if depth < 1:
        raise GrammarError(f"depth must be at least 1 (a single node), not {depth}")
