"""Dimensions numbered for array code, and the unit rules as look-up tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension import Dimension
from noether_sym.dsl.expression import result_dimension
from noether_sym.dsl.operators import Operator, UnitRule
from noether_sym.errors import UnitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANY = 0
"""The kind of a formula whose unit a parameter balances: any unit will do."""

INVALID = -1
"""The kind of a combination that the unit rules forbid."""


class KindTable:
    """Numbers every dimension that occurs, and remembers each rule's answer.

    Kind 0 is 'any unit' (`ANY`), 1 is dimensionless; others come as they are met.
    """

    def __init__(self) -> None:
        self.dimensions: list[Dimension | None] = [None]
        self._numbers: dict[Dimension | None, int] = {None: ANY}
        self._answers: dict[tuple[int, ...], int] = {}
        self.number(Dimension())

    def number(self, dimension: Dimension | None) -> int:
        """The kind of a dimension."""
        if dimension not in self._numbers:
            self._numbers[dimension] = len(self.dimensions)
            self.dimensions.append(dimension)
        return self._numbers[dimension]

    def result(self, operator: Operator, *kinds: int) -> int:
        """The kind of an operation's result, `INVALID` where units do not fit."""
        key = (operator.code, *kinds)
        if operator.unit_rule is UnitRule.EQUAL:  # most questions are these: no unit is needed
            known = {kind for kind in kinds if kind != ANY}
            return INVALID if len(known) > 1 else max(known, default=ANY)
        if key not in self._answers:
            try:
                dimension = result_dimension(operator, *(self.dimensions[kind] for kind in kinds))
                self._answers[key] = self.number(dimension)
            except UnitError:
                self._answers[key] = INVALID
        return self._answers[key]

    def results(
        self, operator: Operator, left: Sequence[int], right: Sequence[int] | None = None
    ) -> NDArray[np.int32]:
        """The rule as a table: shape (left,) for one argument, (left, right) for two."""
        if right is None:
            return np.array([self.result(operator, kind) for kind in left], dtype=np.int32)
        return np.array(
            [[self.result(operator, one, two) for two in right] for one in left], dtype=np.int32
        ).reshape(len(left), len(right))
