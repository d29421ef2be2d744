"""Enumerate every distinct law once: the deduplication that the paper lacked.

A formula with parameters stands for a family of functions. Two formulas with the same
family may replace each other inside any larger formula, so only one of them needs to be
built upon; see `noether_sym.dsl.equivalence`.

Families are recognised by the values of their cores at random complex points: analytic
functions that agree at a random point are, with probability one, identical. Complex points
also tell ``sqrt(q**2)`` from ``q``.

In the end two families are the same *law* when one is a function of the other, which is
when the gradients of their cores are parallel: ``g``, ``c*g``, ``c - g``, ``g**2``, ``cos(g)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension_ids import ANY, INVALID, KindTable
from noether_sym.dsl.enumeration import check_depth, splits
from noether_sym.dsl.equivalence import LEAF, PARAMETER_ROW, Algebra, Families, join
from noether_sym.dsl.expression import Expression, call, input_, parameter
from noether_sym.dsl.fingerprint import (
    affine_normalised,
    direction_hash,
    is_constant,
    ordering_hash,
    random_points,
    value_hash,
)
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.operators import BY_CODE, Operator
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNK = 1 << 15


@dataclass(frozen=True, slots=True)
class DistinctLaws:
    """The result of `enumerate_laws`.

    Attributes
    ----------
    expressions : tuple of Expression
        One formula a law, by size: the first, hence smallest, found.
    families_by_size, laws_by_size : tuple of int
        Number of new families and of new laws of each size from 1.
    tried_by_size : tuple of int
        Number of combinations of families that were looked at.
    undefined : int
        Combinations dropped because they are finite nowhere (``1/(q - q)``).
    """

    expressions: tuple[Expression, ...]
    families_by_size: tuple[int, ...]
    laws_by_size: tuple[int, ...]
    tried_by_size: tuple[int, ...]
    undefined: int


def enumerate_laws(
    grammar: Grammar,
    inputs: Sequence[Dimension],
    depth: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> DistinctLaws:
    """Enumerate one formula for each distinct law up to a size.

    Parameters
    ----------
    grammar : Grammar
    inputs : sequence of Dimension
        One a column.
    depth : int
        Largest number of nodes.
    progress : callable, optional
        Called with (stage, done, total) after each size.

    Returns
    -------
    DistinctLaws
    """
    check_depth(depth)
    search = _Search(grammar, inputs, depth)
    for size in range(1, depth + 1):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            search.extend(size)  # what is not finite is counted, and not built upon
        if progress is not None:
            progress("enumerate", size, depth)
    return search.result()


class _Search:
    """State of one enumeration: the families so far, and the keys that are taken."""

    def __init__(self, grammar: Grammar, inputs: Sequence[Dimension], depth: int) -> None:
        self.grammar = grammar
        self.depth = depth
        self.kinds = KindTable()
        offsets = self._offsets(1)
        self.points, self.slot_values = random_points(len(inputs), offsets + 2)
        self.algebra = Algebra(grammar, self.points, self.slot_values, offsets)
        self.column_kinds = [self.kinds.number(dimension) for dimension in inputs]
        self.levels: list[Families] = []
        self.starts: list[int] = []
        self.family_keys = np.empty(0, np.uint64)
        self.law_of_key: dict[int, int] = {}
        self.law_rows: list[int] = []
        self.families_by_size: list[int] = []
        self.laws_by_size: list[int] = []
        self.tried_by_size: list[int] = []
        self.undefined = 0

    def _offsets(self, size: int) -> int:
        """How many offsets of the slots a formula of this size can still be given."""
        return 1 + (self.depth - size) // 2  # a partner has no more than so many parameters

    def extend(self, size: int) -> None:
        """Add the families and laws of one size."""
        last = size == self.depth
        self.algebra.offsets = self._offsets(size)
        kept: list[Families] = []
        tried = 0
        laws_before = len(self.law_rows)
        start = self.starts[-1] + len(self.levels[-1]) if self.levels else 0
        position = start
        leaves = [self.algebra.leaves(self.column_kinds)] if size == 1 else []
        for block in leaves or self._combinations(size):
            tried += len(block)
            new = self._new_families(block)
            if not len(new):
                continue
            self._new_laws(new, position)
            position += len(new)
            kept.append(new.without_numbers() if last else new)
        self.starts.append(start)
        self.levels.append(join(kept, self.algebra.offsets, self.points.shape))
        self.families_by_size.append(position - start)
        self.laws_by_size.append(len(self.law_rows) - laws_before)
        self.tried_by_size.append(tried)

    def result(self) -> DistinctLaws:
        """Unfold the laws into trees."""
        memory: dict[int, Expression] = {}
        return DistinctLaws(
            tuple(self._tree(row, memory).renumbered() for row in self.law_rows),
            tuple(self.families_by_size),
            tuple(self.laws_by_size),
            tuple(self.tried_by_size),
            self.undefined,
        )

    def _tree(self, number: int, memory: dict[int, Expression]) -> Expression:
        if number not in memory:
            level, row = self._locate(number)
            code, left, right = int(level.code[row]), int(level.left[row]), int(level.right[row])
            if code == LEAF:
                tree = parameter(0) if left < 0 else input_(left)
            elif right < 0:
                tree = call(BY_CODE[code].name, self._tree(left, memory))
            else:
                sides = self._tree(left, memory), self._tree(right, memory)
                tree = call(BY_CODE[code].name, *sides)
            memory[number] = tree
        return memory[number]

    def _locate(self, number: int) -> tuple[Families, int]:
        level = int(np.searchsorted(self.starts, number, side="right")) - 1
        return self.levels[level], number - self.starts[level]

    def _combinations(self, size: int):  # type: ignore[no-untyped-def]
        for operator in self.grammar.operators:
            if operator.arity == 1:
                yield from self._unary(operator, size)
                continue
            for left, right in splits(operator, size):
                yield from self._binary(operator, left, right)

    def _unary(self, operator: Operator, size: int):  # type: ignore[no-untyped-def]
        if size < 2:
            return
        level, start = self.levels[size - 2], self.starts[size - 2]
        known = np.unique(level.kind)
        table = np.full(len(self.kinds.dimensions), INVALID)
        table[known] = self.kinds.results(operator, known.tolist())
        rows = np.flatnonzero(table[level.kind] != INVALID)
        rows = rows[start + rows != PARAMETER_ROW]
        for part in np.array_split(rows, 1 + len(rows) // _CHUNK):
            if len(part):
                yield self.algebra.unary(operator, level.take(part), start + part, table)

    def _binary(self, operator: Operator, left_size: int, right_size: int):  # type: ignore[no-untyped-def]
        left, right = self.levels[left_size - 1], self.levels[right_size - 1]
        left_start, right_start = self.starts[left_size - 1], self.starts[right_size - 1]
        same = operator.commutative and left_size == right_size
        if not len(left) or not len(right):
            return
        table = np.full((len(self.kinds.dimensions),) * 2, INVALID)
        left_kinds, right_kinds = np.unique(left.kind), np.unique(right.kind)
        table[np.ix_(left_kinds, right_kinds)] = self.kinds.results(
            operator, left_kinds.tolist(), right_kinds.tolist()
        )
        step = max(1, _CHUNK // len(right))
        for begin in range(0, len(left), step):
            block = np.arange(begin, min(begin + step, len(left)))
            valid = table[left.kind[block][:, None], right.kind[None, :]] != INVALID
            if operator.name == "sub" and "add" in self.grammar.operations:
                valid &= (right.kind != ANY)[None, :]  # a - c*b is a + c*b
            one, two = np.nonzero(valid)
            one = block[one]
            if same:
                keep = one <= two
                one, two = one[keep], two[keep]
            both = (left_start + one == PARAMETER_ROW) & (right_start + two == PARAMETER_ROW)
            one, two = one[~both], two[~both]
            for part in np.array_split(np.arange(len(one)), 1 + len(one) // _CHUNK):
                if len(part):
                    yield self.algebra.binary(
                        operator,
                        (left.take(one[part]), left_start + one[part]),
                        (right.take(two[part]), right_start + two[part]),
                        table,
                    )

    def _new_families(self, block: Families) -> Families:
        """The families of a block that are finite, not constant and not known yet."""
        core = block.values[:, 0]
        finite = np.asarray(
            np.isfinite(core).all(axis=1) & np.isfinite(block.slopes[:, 0]).all(axis=(1, 2))
        )
        useful: NDArray[np.bool_] = finite.copy()
        useful[finite] = ~is_constant(core[finite], block.slopes[finite, 0])
        if block.code[0] == LEAF:
            useful[0] = True
        self.undefined += int((~finite).sum())
        rows = np.flatnonzero(useful)
        keys = value_hash(core[rows], block.kind[rows], block.shift[rows])
        unique, first = np.unique(keys, return_index=True)
        place = np.minimum(np.searchsorted(self.family_keys, unique), len(self.family_keys) - 1)
        fresh = np.ones(len(unique), dtype=np.bool_)
        if len(self.family_keys):
            fresh = np.asarray(self.family_keys[place] != unique)
        chosen = np.sort(first[fresh])
        merged = np.concatenate([self.family_keys, unique[fresh]])
        merged.sort()
        self.family_keys = merged
        return block.take(rows[chosen])

    def _new_laws(self, block: Families, position: int) -> None:
        """Register the laws of new families; both orders of a + c*b count as one."""
        slopes = block.slopes[:, 0]
        plain = direction_hash(slopes)
        ordered = plain.copy()
        pairs = self._linear_pairs(block)
        if len(pairs):
            ordered[pairs] = self._pair_hash(block, pairs)
        moves = np.abs(slopes).max(axis=(1, 2)) > 0
        for row in np.flatnonzero(moves).tolist():
            keys = int(ordered[row]), int(plain[row])
            known = [self.law_of_key[key] for key in keys if key in self.law_of_key]
            law = known[0] if known else len(self.law_rows)
            if not known:
                self.law_rows.append(position + row)
            for key in keys:
                self.law_of_key.setdefault(key, law)

    def _linear_pairs(self, block: Families) -> NDArray[np.int64]:
        sums = np.isin(block.code, [BY_CODE[0].code, BY_CODE[1].code])
        return np.flatnonzero(sums)

    def _pair_hash(self, block: Families, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Hash of span(a, b) where a + c*b has a free relative factor, else of a + b."""
        result = direction_hash(block.slopes[rows, 0])
        left = self._gather(block.left[rows])
        right = self._gather(block.right[rows])
        free = (left[1] == ANY) | (right[1] == ANY)
        constant = (block.left[rows] == PARAMETER_ROW) | (block.right[rows] == PARAMETER_ROW)
        plain = ((left[2] == 0) | (right[2] == 0)) & free & ~constant
        if not plain.any():
            return result
        one, one_scale = affine_normalised(left[0][plain])
        two, two_scale = affine_normalised(right[0][plain])
        one_slopes = left[3][plain] / one_scale[:, None, None]
        two_slopes = right[3][plain] / two_scale[:, None, None]
        swap = ordering_hash(one) > ordering_hash(two)
        first = np.where(swap[:, None, None], two_slopes, one_slopes)
        second = np.where(swap[:, None, None], one_slopes, two_slopes)
        result[plain] = direction_hash(first + self.slot_values[-1] * second)
        return result

    def _gather(self, numbers: NDArray[np.int64]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Cores, kinds, slot counts and gradients of families by number."""
        points, columns = self.points.shape
        values = np.empty((len(numbers), points), np.complex128)
        slopes = np.empty((len(numbers), points, columns), np.complex128)
        kinds = np.empty(len(numbers), np.int64)
        slots = np.empty(len(numbers), np.int64)
        which = np.searchsorted(self.starts, numbers, side="right") - 1
        for level in np.unique(which).tolist():
            rows = np.flatnonzero(which == level)
            local = numbers[rows] - self.starts[level]
            family = self.levels[level]
            values[rows], slopes[rows] = family.values[local, 0], family.slopes[local, 0]
            kinds[rows], slots[rows] = family.kind[local], family.slots[local]
        return values, kinds, slots, slopes
