"""Enumerate every distinct law once: the deduplication that the paper lacked.

A formula with parameters stands for a set of functions, and formulas with the same set are
equivalent: they may replace each other inside any larger formula, so only one of them needs
to be built upon; see `noether_sym.dsl.equivalence`.

Classes are recognised by the values of their cores at random complex points: analytic
functions that agree at a random point are, with probability one, identical (as polynomials
are: Schwartz 1980, doi:10.1145/322217.322225). Complex points also tell ``sqrt(q**2)`` from
``q``.

In the end two classes are the same *law* when one is a function of the other, which is
when the gradients of their cores are parallel: ``g``, ``c*g``, ``c - g``, ``g**2``, ``cos(g)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension_ids import ANY, INVALID, DimensionIds
from noether_sym.dsl.equivalence import PARAMETER_ROW, Algebra, EquivalenceClasses, join
from noether_sym.dsl.expression import Expression
from noether_sym.dsl.fingerprint import (
    affine_normalised,
    direction_hash,
    is_constant,
    ordering_hash,
    random_points,
    value_hash,
)
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.levels import LEAF, Levels, check_depth, operand_sizes
from noether_sym.dsl.operators import Operator
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
    classes_by_size, laws_by_size : tuple of int
        Number of new equivalence classes and of new laws of each size from 1.
    undefined : int
        Combinations dropped because they are finite nowhere (``1/(q - q)``).
    """

    expressions: tuple[Expression, ...]
    classes_by_size: tuple[int, ...]
    laws_by_size: tuple[int, ...]
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
    """State of one enumeration: the classes so far, and the keys that are taken."""

    def __init__(self, grammar: Grammar, inputs: Sequence[Dimension], depth: int) -> None:
        self.grammar = grammar
        self.inputs = inputs
        self.depth = depth
        self.adds = any(own.is_sum and own.sign > 0 for own in grammar.operators)
        self.sums = [own.code for own in grammar.operators if own.is_sum]
        self.dimension_ids = DimensionIds()
        offsets = self._offsets(1)
        self.points, self.slot_values = random_points(len(inputs), offsets + 2)
        self.algebra = Algebra(grammar, self.points, self.slot_values, offsets)
        self.levels: Levels[EquivalenceClasses] = Levels()
        self.class_keys = np.empty(0, np.uint64)
        self.law_of_key: dict[int, int] = {}
        self.law_rows: list[int] = []
        self.counts: list[tuple[int, int]] = []  # classes and laws by size
        self.undefined = 0

    def _offsets(self, size: int) -> int:
        """How many offsets of the slots a formula of this size can still be given."""
        return 1 + (self.depth - size) // 2  # a partner has no more than so many parameters

    def extend(self, size: int) -> None:
        """Add the classes and laws of one size."""
        last = size == self.depth
        self.algebra.offsets = self._offsets(size)
        kept: list[EquivalenceClasses] = []
        count = 0
        laws_before = len(self.law_rows)
        for block in self._leaves() if size == 1 else self._combinations(size):
            new = self._new_classes(block)
            if not len(new):
                continue
            self._new_laws(new, self.levels.end + count)
            count += len(new)
            kept.append(new.cut(0) if last else new)
        if not kept:  # no classes, in the form of those of the size before
            kept = [self.levels.of(size - 1)[0].take(np.empty(0, np.int64))]
        self.levels.add(join(kept))
        self.counts.append((count, len(self.law_rows) - laws_before))

    def result(self) -> DistinctLaws:
        """Unfold the laws into trees."""
        memory: dict[int, Expression] = {}
        expressions = tuple(self.levels.tree(row, memory).renumbered() for row in self.law_rows)
        classes, laws = zip(*self.counts, strict=True)
        return DistinctLaws(expressions, classes, laws, self.undefined)

    def _leaves(self) -> Iterator[EquivalenceClasses]:
        yield self.algebra.leaves([self.dimension_ids.of(dimension) for dimension in self.inputs])

    def _combinations(self, size: int) -> Iterator[EquivalenceClasses]:
        for operator, sizes in operand_sizes(self.grammar, size):
            build = self._unary if len(sizes) == 1 else self._binary
            yield from build(operator, *sizes)

    def _unary(self, operator: Operator, size: int) -> Iterator[EquivalenceClasses]:
        level, start = self.levels.of(size)
        table = self.dimension_ids.table(operator, level.dimension_id)
        rows = np.flatnonzero(table[level.dimension_id] != INVALID)
        rows = rows[start + rows != PARAMETER_ROW]
        for part in np.array_split(rows, 1 + len(rows) // _CHUNK):
            if len(part):
                yield self.algebra.unary(operator, level.take(part), start + part, table)

    def _binary(
        self, operator: Operator, left_size: int, right_size: int
    ) -> Iterator[EquivalenceClasses]:
        left, left_start = self.levels.of(left_size)
        right, right_start = self.levels.of(right_size)
        same = operator.commutative and left_size == right_size
        if not len(left) or not len(right):
            return
        ids = left.dimension_id, right.dimension_id
        table = self.dimension_ids.table(operator, *ids)
        step = max(1, _CHUNK // len(right))
        for begin in range(0, len(left), step):
            block = np.arange(begin, min(begin + step, len(left)))
            valid = table[ids[0][block][:, None], ids[1][None, :]] != INVALID
            if operator.is_sum and operator.sign < 0 and self.adds:
                valid &= (ids[1] != ANY)[None, :]  # a - c*b is a + c*b
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

    def _new_classes(self, block: EquivalenceClasses) -> EquivalenceClasses:
        """The classes of a block that are finite, not constant and not known yet."""
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
        keys = value_hash(core[rows], block.dimension_id[rows], block.shift[rows])
        unique, first = np.unique(keys, return_index=True)
        before = np.searchsorted(self.class_keys, unique)
        after = np.searchsorted(self.class_keys, unique, side="right")
        fresh = before == after  # else it is known
        self.class_keys = np.insert(self.class_keys, before[fresh], unique[fresh])
        return block.take(rows[np.sort(first[fresh])])

    def _new_laws(self, block: EquivalenceClasses, position: int) -> None:
        """Register the laws of new classes; both orders of a + c*b count as one."""
        slopes = block.slopes[:, 0]
        plain = direction_hash(slopes)
        ordered = plain.copy()
        pairs = np.flatnonzero(np.isin(block.code, self.sums))
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

    def _pair_hash(self, block: EquivalenceClasses, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Hash of span(a, b) where a + c*b has a free relative factor, else of a + b."""
        result = direction_hash(block.slopes[rows, 0])
        left, right = self._classes(block.left[rows]), self._classes(block.right[rows])
        free = (left.dimension_id == ANY) | (right.dimension_id == ANY)
        constant = (block.left[rows] == PARAMETER_ROW) | (block.right[rows] == PARAMETER_ROW)
        plain = ((left.slots == 0) | (right.slots == 0)) & free & ~constant
        if not plain.any():
            return result
        one, one_scale = affine_normalised(left.values[plain, 0])
        two, two_scale = affine_normalised(right.values[plain, 0])
        one_slopes = left.slopes[plain, 0] / one_scale[:, None, None]
        two_slopes = right.slopes[plain, 0] / two_scale[:, None, None]
        swap = ordering_hash(one) > ordering_hash(two)
        first = np.where(swap[:, None, None], two_slopes, one_slopes)
        second = np.where(swap[:, None, None], one_slopes, two_slopes)
        result[plain] = direction_hash(first + self.slot_values[-1] * second)
        return result

    def _classes(self, numbers: NDArray[np.int64]) -> EquivalenceClasses:
        """Classes by number, their cores at the first offset."""
        sizes = self.levels.sizes(numbers)
        parts, order = [], np.argsort(sizes, kind="stable")
        for size in np.unique(sizes).tolist():
            level, start = self.levels.of(size)
            parts.append(level.cut(1).take(numbers[sizes == size] - start))
        return join(parts).take(np.argsort(order))
