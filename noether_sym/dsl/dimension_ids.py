"""Dimensions numbered for array code, and the unit rules as look-up tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.expression import result_dimension
from noether_sym.dsl.operators import Operator, UnitRule
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANY = 0
"""The id of a formula whose unit a parameter balances: any unit will do."""

_PURE = 1
"""The id of what has no dimension."""

INVALID = -1
"""The id of a combination that the unit rules forbid."""


class DimensionIds:
    """Numbers every dimension that occurs, and remembers each rule's answer.

    Id 0 is 'any unit' (`ANY`), 1 is dimensionless; others come as they are met. Rules
    that need no arithmetic of dimensions are answered by number alone.
    """

    def __init__(self) -> None:
        self.dimensions: list[Dimension | None] = [None]
        self._ids: dict[Dimension | None, int] = {None: ANY}
        self._answers: dict[int, dict[tuple[int, ...], int]] = {}
        self.of(Dimension())

    def of(self, dimension: Dimension | None) -> int:
        """The id of a dimension."""
        if dimension not in self._ids:
            self._ids[dimension] = len(self.dimensions)
            self.dimensions.append(dimension)
        return self._ids[dimension]

    def results(
        self, operator: Operator, left: Sequence[int], right: Sequence[int] | None = None
    ) -> NDArray[np.int32]:
        """Ids of an operation's results, `INVALID` where units do not fit.

        Shape (left,) for an operation of one argument, (left, right) for one of two.
        """
        one = np.array(left, np.int32)
        if operator.unit_rule in (UnitRule.ANGLE, UnitRule.PURE):
            return np.where((one == ANY) | (one == _PURE), _PURE, INVALID).astype(np.int32)
        if operator.unit_rule is UnitRule.EQUAL and right is not None:
            one, two = one[:, None], np.array(right, np.int32)[None, :]
            return np.where((one == two) | (two == ANY), one, np.where(one == ANY, two, INVALID))
        known = self._answers.setdefault(operator.code, {})
        asked = [(one,) for one in left] if right is None else [*product(left, right)]
        for ids in asked:
            if ids not in known:
                answer = self.of(result_dimension(operator, *(self.dimensions[own] for own in ids)))
                known[ids] = answer
                if operator.commutative:
                    known[ids[::-1]] = answer
        shape = (len(left),) if right is None else (len(left), len(right))
        return np.array([known[ids] for ids in asked], dtype=np.int32).reshape(shape)

    def table(self, operator: Operator, *ids: NDArray[np.integer]) -> NDArray[np.int64]:
        """The `results` for ids that occur, an array of ids an argument, to be looked up by id.

        Shape (id,) for an operation of one argument, (id, id) for one of two; `INVALID`
        too for ids that do not occur.
        """
        found = [np.unique(own) for own in ids]
        table = np.full((len(self.dimensions),) * len(found), INVALID)
        table[np.ix_(*found)] = self.results(operator, *(own.tolist() for own in found))
        return table
