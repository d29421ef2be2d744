"""Enumerate every dimensionally valid formula, as flat arrays (paper, appendix C).

A formula is a row: the code of its operation and the row numbers of its arguments. Two
prunings happen on the way, as in the paper: units must fit, and of two formulas that
differ by the order of a commutative operation's arguments one is kept. Rows up to one
node less than the depth are stored (11 bytes each); the last size is streamed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension_ids import ANY, INVALID, DimensionIds
from noether_sym.dsl.expression import Expression
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.levels import LEAF, Levels, check_depth, operand_sizes
from noether_sym.dsl.operators import Operator
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Formulas of one size, a row each.

    Attributes
    ----------
    code : int8 array of shape (row,)
        Operation, or -1 for a leaf.
    left, right : int32 arrays of shape (row,)
        Row numbers of the arguments over all sizes; for a leaf `left` is the column, or
        -1 for the parameter; `right` is -1 where there is no second argument.
    dimension_id : int16 array of shape (row,)
        Number of the dimension in `DimensionIds`.
    """

    code: NDArray[np.int8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    dimension_id: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.code)

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return sum(array.nbytes for array in (self.code, self.left, self.right, self.dimension_id))


@dataclass(frozen=True, slots=True, eq=False)
class _ById:
    """Rows of one size, ordered by dimension; `places` are positions in `ids`, a row each."""

    ids: list[int]
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    bounds: list[int]

    @classmethod
    def of(cls, dimension_id: NDArray[np.int16]) -> _ById:
        order = np.argsort(dimension_id, kind="stable")
        ids, first, counts = np.unique(dimension_id[order], return_index=True, return_counts=True)
        places = np.repeat(np.arange(len(ids), dtype=np.int32), counts)
        return cls(ids.tolist(), order.astype(np.int32), places, [*first.tolist(), len(order)])

    def rows_of(self, places: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows of some dimensions, by their places, and the place of each row."""
        if len(places) == len(self.ids):
            return self.rows, self.places
        parts = [slice(self.bounds[place], self.bounds[place + 1]) for place in places]
        if len(parts) == 1:
            return self.rows[parts[0]], self.places[parts[0]]
        chosen = [np.concatenate([own[part] for part in parts]) for own in (self.rows, self.places)]
        return chosen[0], chosen[1]


class Enumeration:
    """Every valid formula over some inputs, up to a size.

    Parameters
    ----------
    grammar : Grammar
    inputs : sequence of Dimension
        One a column.
    depth : int
        Largest number of nodes, at least 1.
    """

    def __init__(self, grammar: Grammar, inputs: Sequence[Dimension], depth: int) -> None:
        check_depth(depth)
        self.grammar = grammar
        self.depth = depth
        self.dimension_ids = DimensionIds()
        ids = np.array([ANY, *map(self.dimension_ids.of, inputs)])
        leaves = np.arange(-1, len(inputs))
        self._levels: Levels[Block] = Levels()
        self._levels.add(_block(LEAF, leaves, np.full(len(leaves), -1), ids))
        self._rows_by_id: list[_ById] = []

    def blocks(self, size: int) -> Iterator[Block]:
        """Stream the formulas of one size, in a fixed order, in blocks of bounded length."""
        if size <= len(self._levels):
            yield self._levels.of(size)[0]
            return
        self._store(size - 1)
        pieces: list[Block] = []
        held = 0
        for piece in self._pieces(size):
            pieces.append(piece)
            held += len(piece)
            if held >= CHUNK:
                yield _join(pieces)
                pieces, held = [], 0
        if pieces:
            yield _join(pieces)

    def counts(self) -> tuple[int, ...]:
        """Number of formulas by size, by counting the rows of every block."""
        return tuple(
            sum(len(block) for block in self.blocks(size)) for size in range(1, self.depth + 1)
        )

    def expression(self, block: Block, row: int) -> Expression:
        """The formula of a row as a tree, its parameters numbered in reading order."""
        return self._levels.tree_of(block, row, {}).renumbered()

    def _store(self, size: int) -> None:
        while len(self._levels) < size:
            self._levels.add(_join(list(self._pieces(len(self._levels) + 1))))

    def _pieces(self, size: int) -> Iterator[Block]:
        for operator, sizes in operand_sizes(self.grammar, size):
            build = self._unary if len(sizes) == 1 else self._binary
            yield from build(operator, *sizes)

    def _unary(self, operator: Operator, size: int) -> Iterator[Block]:
        level, start = self._levels.of(size)
        ids = self.dimension_ids.table(operator, level.dimension_id)[level.dimension_id]
        rows = np.flatnonzero(ids != INVALID)
        for part in np.array_split(rows, max(1, len(rows) // CHUNK)):
            yield _block(operator.code, start + part, np.full(len(part), -1), ids[part])

    def _binary(self, operator: Operator, left_size: int, right_size: int) -> Iterator[Block]:
        left_start, right_start = self._levels.of(left_size)[1], self._levels.of(right_size)[1]
        same = operator.commutative and left_size == right_size
        left, right = self._by_id(left_size), self._by_id(right_size)
        answers = self.dimension_ids.results(operator, left.ids, right.ids)
        partners_of: dict[bytes, list[int]] = {}  # left ids that have the same partners
        for place, valid in enumerate(answers != INVALID):
            partners_of.setdefault(valid.tobytes(), []).append(place)
        for places in partners_of.values():
            matching = np.flatnonzero(answers[places[0]] != INVALID)
            if not len(matching):
                continue
            ones, one_places = left.rows_of(places)
            partners, partner_places = right.rows_of(matching.tolist())
            step = max(1, CHUNK // len(partners))
            for begin in range(0, len(ones), step):
                part = slice(begin, begin + step)
                first = np.repeat(ones[part], len(partners))
                second = np.tile(partners, len(ones[part]))
                ids = answers[one_places[part]][:, partner_places].ravel()
                if same:
                    keep = first <= second
                    first, second, ids = first[keep], second[keep], ids[keep]
                if len(first):
                    yield _block(operator.code, left_start + first, right_start + second, ids)

    def _by_id(self, size: int) -> _ById:
        """The rows of a stored size, by dimension."""
        while len(self._rows_by_id) < size:
            rows, _ = self._levels.of(len(self._rows_by_id) + 1)
            self._rows_by_id.append(_ById.of(rows.dimension_id))
        return self._rows_by_id[size - 1]


def count_formulas(grammar: Grammar, inputs: Sequence[Dimension], depth: int) -> tuple[int, ...]:
    """Number of valid formulas by size, by counting over dimensions alone.

    Exact and immediate at any depth; equal to `Enumeration.counts`.
    """
    check_depth(depth)
    ids = DimensionIds()
    levels = [Counter([ANY, *map(ids.of, inputs)])]
    for size in range(2, depth + 1):
        level: Counter[int] = Counter()
        for operator, sizes in operand_sizes(grammar, size):
            for own, number in _counted(operator, [levels[one - 1] for one in sizes], ids):
                level[own] += number
        levels.append(level)
    return tuple(level.total() for level in levels)


def _counted(
    operator: Operator, arguments: list[Counter[int]], ids: DimensionIds
) -> Iterator[tuple[int, int]]:
    """Ids of results, and how many formulas there are, from those of the arguments."""
    answers = ids.results(operator, *(list(own) for own in arguments)).tolist()
    if len(arguments) == 1:
        for result, number in zip(answers, arguments[0].values(), strict=True):
            if result != INVALID:
                yield result, number
        return
    ones, twos = arguments
    same = operator.commutative and ones is twos
    for (one, one_number), row in zip(ones.items(), answers, strict=True):
        for (two, two_number), result in zip(twos.items(), row, strict=True):
            if result == INVALID or (same and one > two):
                continue
            if same and one == two:
                yield result, one_number * (one_number + 1) // 2
            else:
                yield result, one_number * two_number


def _block(
    code: int, left: NDArray[np.integer], right: NDArray[np.integer], ids: NDArray[np.integer]
) -> Block:
    return Block(
        np.full(len(left), code, np.int8),
        left.astype(np.int32, copy=False),
        right.astype(np.int32, copy=False),
        ids.astype(np.int16),
    )


def _join(pieces: list[Block]) -> Block:
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return _block(LEAF, np.empty(0, int), np.empty(0, int), np.empty(0, int))
    names = Block.__slots__
    return Block(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in names))
