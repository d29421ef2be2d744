"""Enumerate every dimensionally valid formula, as flat arrays (paper, appendix C).

A formula is a row: the code of its operation and the row numbers of its arguments. Two
prunings happen on the way, as in the paper: units must fit, and of two formulas that
differ by the order of a commutative operation's arguments one is kept. Rows up to one
node less than the depth are stored (11 bytes each); the last size is streamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension_ids import ANY, INVALID, KindTable
from noether_sym.dsl.expression import Expression, call, input_, parameter
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.operators import BY_CODE, Operator
from noether_sym.errors import GrammarError
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF = -1
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
    kind : int16 array of shape (row,)
        Number of the dimension in the `KindTable`.
    """

    code: NDArray[np.int8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    kind: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.code)

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return sum(array.nbytes for array in (self.code, self.left, self.right, self.kind))


@dataclass(frozen=True, slots=True, eq=False)
class _ByKind:
    """Rows of one size, ordered by kind; `places` are positions in `kinds`, a row each."""

    kinds: list[int]
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    bounds: list[int]

    @classmethod
    def of(cls, kind: NDArray[np.int16]) -> _ByKind:
        order = np.argsort(kind, kind="stable")
        kinds, first, counts = np.unique(kind[order], return_index=True, return_counts=True)
        places = np.repeat(np.arange(len(kinds), dtype=np.int32), counts)
        return cls(kinds.tolist(), order.astype(np.int32), places, [*first.tolist(), len(order)])

    def rows_of(self, places: list[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows of some kinds, by their places, and the place of each row."""
        if len(places) == len(self.kinds):
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
        self.kinds = KindTable()
        column_kinds = [self.kinds.number(dimension) for dimension in inputs]
        leaves = np.arange(-1, len(column_kinds), dtype=np.int32)
        self._levels = [
            Block(
                np.full(len(leaves), LEAF, np.int8),
                leaves,
                np.full(len(leaves), -1, np.int32),
                np.array([ANY, *column_kinds], dtype=np.int16),
            )
        ]
        self._starts = [0]
        self._rows_by_kind: list[_ByKind] = []

    def blocks(self, size: int) -> Iterator[Block]:
        """Stream the formulas of one size, in a fixed order, in blocks of bounded length."""
        if size <= len(self._levels):
            yield self._levels[size - 1]
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
        return self._tree(block, row).renumbered()

    def _tree(self, block: Block, row: int) -> Expression:
        code, left, right = int(block.code[row]), int(block.left[row]), int(block.right[row])
        if code == LEAF:
            return parameter(0) if left < 0 else input_(left)
        arguments = [self._tree(*self._locate(left))]
        if right >= 0:
            arguments.append(self._tree(*self._locate(right)))
        return call(BY_CODE[code].name, *arguments)

    def _locate(self, number: int) -> tuple[Block, int]:
        level = int(np.searchsorted(self._starts, number, side="right")) - 1
        return self._levels[level], number - self._starts[level]

    def _store(self, size: int) -> None:
        while len(self._levels) < size:
            following = len(self._levels) + 1
            pieces = list(self._pieces(following))
            self._starts.append(self._starts[-1] + len(self._levels[-1]))
            self._levels.append(_join(pieces))

    def _pieces(self, size: int) -> Iterator[Block]:
        for operator in self.grammar.operators:
            if operator.arity == 1:
                yield from self._unary(operator, size)
                continue
            for left, right in splits(operator, size):
                yield from self._binary(operator, left, right)

    def _unary(self, operator: Operator, size: int) -> Iterator[Block]:
        if size < 2:
            return
        level, start = self._levels[size - 2], self._start(size - 1)
        known = np.unique(level.kind)
        table = np.full(len(self.kinds.dimensions), INVALID, np.int32)
        table[known] = self.kinds.results(operator, known.tolist())
        kind = table[level.kind]
        rows = np.flatnonzero(kind != INVALID)
        for part in np.array_split(rows, max(1, len(rows) // CHUNK)):
            yield _block(operator.code, start + part, np.full(len(part), -1), kind[part])

    def _binary(self, operator: Operator, left_size: int, right_size: int) -> Iterator[Block]:
        left_start, right_start = self._start(left_size), self._start(right_size)
        same = operator.commutative and left_size == right_size
        left, right = self._by_kind(left_size), self._by_kind(right_size)
        answers = self.kinds.results(operator, left.kinds, right.kinds)
        partners_of: dict[bytes, list[int]] = {}  # left kinds that have the same partners
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
                kind = answers[one_places[part]][:, partner_places].ravel()
                if same:
                    keep = first <= second
                    first, second, kind = first[keep], second[keep], kind[keep]
                if len(first):
                    yield _block(operator.code, left_start + first, right_start + second, kind)

    def _by_kind(self, size: int) -> _ByKind:
        """The rows of a stored size, by kind."""
        while len(self._rows_by_kind) < size:
            self._rows_by_kind.append(_ByKind.of(self._levels[len(self._rows_by_kind)].kind))
        return self._rows_by_kind[size - 1]

    def _start(self, size: int) -> int:
        return self._starts[size - 1]


def splits(operator: Operator, size: int) -> list[tuple[int, int]]:
    """Sizes of the two arguments of a formula; of a commutative pair the smaller one first."""
    pairs = [(left, size - 1 - left) for left in range(1, size - 1)]
    return [pair for pair in pairs if not operator.commutative or pair[0] <= pair[1]]


def check_depth(depth: int) -> None:
    """Refuse a depth that is no positive number of nodes."""
    if depth < 1:
        raise GrammarError(f"depth must be at least 1 (a single node), not {depth}")


def count_formulas(grammar: Grammar, inputs: Sequence[Dimension], depth: int) -> tuple[int, ...]:
    """Number of valid formulas by size, by counting over dimensions alone.

    Exact and immediate at any depth; equal to `Enumeration.counts`.
    """
    check_depth(depth)
    kinds = KindTable()
    first: dict[int, int] = {ANY: 1}
    for dimension in inputs:
        kind = kinds.number(dimension)
        first[kind] = first.get(kind, 0) + 1
    levels = [first]
    for size in range(2, depth + 1):
        level: dict[int, int] = {}
        for operator in grammar.operators:
            for kind, number in _counted(operator, levels, size, kinds):
                level[kind] = level.get(kind, 0) + number
        levels.append(level)
    return tuple(sum(level.values()) for level in levels)


def _counted(
    operator: Operator, levels: list[dict[int, int]], size: int, kinds: KindTable
) -> Iterator[tuple[int, int]]:
    if operator.arity == 1:
        level = levels[size - 2]
        answers = kinds.results(operator, list(level)).tolist()
        for result, number in zip(answers, level.values(), strict=True):
            if result != INVALID:
                yield result, number
        return
    for left, right in splits(operator, size):
        same = operator.commutative and left == right
        ones, twos = levels[left - 1], levels[right - 1]
        answers = kinds.results(operator, list(ones), list(twos)).tolist()
        for (one, one_number), row in zip(ones.items(), answers, strict=True):
            for (two, two_number), result in zip(twos.items(), row, strict=True):
                if result == INVALID or (same and one > two):
                    continue
                if same and one == two:
                    yield result, one_number * (one_number + 1) // 2
                else:
                    yield result, one_number * two_number


def _block(
    code: int, left: NDArray[np.integer], right: NDArray[np.integer], kind: NDArray[np.integer]
) -> Block:
    return Block(
        np.full(len(left), code, np.int8),
        left.astype(np.int32, copy=False),
        right.astype(np.int32, copy=False),
        kind.astype(np.int16),
    )


def _join(pieces: list[Block]) -> Block:
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return _block(LEAF, np.empty(0, int), np.empty(0, int), np.empty(0, int))
    return Block(
        np.concatenate([piece.code for piece in pieces]),
        np.concatenate([piece.left for piece in pieces]),
        np.concatenate([piece.right for piece in pieces]),
        np.concatenate([piece.kind for piece in pieces]),
    )
