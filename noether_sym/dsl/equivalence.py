"""Equivalence classes of formulas as arrays, and the operations of a grammar on them.

A formula with parameters stands for a set of functions; formulas with the same set are one
equivalence class. It is held as a core function with two flags: `scale` (any multiple of
the core is in the class) and `shift` (any constant may be added). Parameters that no flag
absorbs become internal parameters of the core. ``c*q``, ``q/c`` and ``c*q + c*q`` are all
the class of core ``q`` with a free scale. Since a parameter may take any unit, a free scale
and 'any unit' are one and the same.

Cores are known by their values and gradients at random complex points, with fixed random
numbers for the internal parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.dsl.dimension_ids import ANY
from noether_sym.dsl.grammar import Grammar
from noether_sym.dsl.levels import LEAF
from noether_sym.dsl.operators import Freedom, Operator, operator_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARAMETER_ROW = 0
"""Number of the class that is a parameter alone: the first of all."""


@dataclass(frozen=True, slots=True, eq=False)
class EquivalenceClasses:
    """Equivalence classes, a row each; arrays of one length.

    `values` has shape (row, offset, point) and `slopes` (row, offset, point, column): the
    core and its gradient with the internal parameters taken from slot `offset` on, so that
    two operands can be given different slots.
    """

    code: NDArray[np.int8]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    dimension_id: NDArray[np.int64]
    shift: NDArray[np.bool_]
    slots: NDArray[np.int64]
    values: NDArray[np.complex128]
    slopes: NDArray[np.complex128]

    def __len__(self) -> int:
        return len(self.code)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> EquivalenceClasses:
        return EquivalenceClasses(*(getattr(self, name)[rows] for name in self.__slots__))

    def cut(self, offsets: int) -> EquivalenceClasses:
        """The same classes with the first offsets alone; none, to be unfolded only."""
        return replace(self, values=self.values[:, :offsets], slopes=self.slopes[:, :offsets])


Operand = tuple[EquivalenceClasses, "NDArray[np.int64]"]
"""Classes and their numbers over all sizes."""


class Algebra:
    """Operations on classes.

    Parameters
    ----------
    grammar : Grammar
    points : array of shape (point, column)
        Random complex points.
    slot_values : array of shape (slot,)
        Numbers that stand for internal parameters.
    offsets : int

    Attributes
    ----------
    offsets : int
        How many offsets of the slots results are computed for; fewer as formulas grow.
    """

    def __init__(
        self,
        grammar: Grammar,
        points: NDArray[np.complex128],
        slot_values: NDArray[np.complex128],
        offsets: int,
    ) -> None:
        self.multiplies = any(operator.is_product for operator in grammar.operators)
        self.points = points
        self.slot_values = slot_values
        self.offsets = offsets

    def leaves(self, ids: Sequence[int]) -> EquivalenceClasses:
        """The parameter alone, then the columns, whose dimension ids are given."""
        points, columns = self.points.shape
        count = columns + 1
        values = np.ones((count, self.offsets, points), np.complex128)
        values[1:] = self.points.T[:, None, :]
        slopes = np.zeros((count, self.offsets, points, columns), np.complex128)
        for column in range(columns):
            slopes[column + 1, :, :, column] = 1.0
        return EquivalenceClasses(
            np.full(count, LEAF, np.int8),
            np.arange(-1, columns),
            np.full(count, -1, np.int64),
            np.array([ANY, *ids]),
            np.zeros(count, bool),
            np.zeros(count, np.int64),
            values,
            slopes,
        )

    def unary(
        self,
        operator: Operator,
        argument: EquivalenceClasses,
        numbers: NDArray[np.int64],
        table: NDArray[np.int64],
    ) -> EquivalenceClasses:
        """Apply an operation of one argument.

        Parameters
        ----------
        operator : Operator
        argument : EquivalenceClasses
        numbers : array of shape (row,)
            Numbers of the arguments over all sizes.
        table : array of shape (dimension id,)
            Dimension id of the result.
        """
        ids = table[argument.dimension_id]
        scale, shift, slots = argument.dimension_id == ANY, argument.shift, argument.slots
        values, slopes = self._shifted(argument, None)
        if operator.factor is Freedom.INSIDE:
            values, slopes, slots = self._insert(values, slopes, slots, scale, multiply=True)
        if operator.constant is Freedom.FACTOR and self.multiplies:
            ids = np.where(shift, ANY, ids)  # exp(a + t) is c*exp(a), of any unit
        else:
            values, slopes, slots = self._insert(values, slopes, slots, shift, multiply=False)
        result, result_slopes = _chain(operator, values, slopes)
        if operator.shifted and shift.any():  # sin(a + t) and cos(a + t') are one class
            other = _chain(operator_of(operator.shifted), values[shift], slopes[shift])
            result[shift], result_slopes[shift] = other
        # log(s*a) is log(a) with a free constant
        is_log = operator.factor is Freedom.CONSTANT
        return EquivalenceClasses(
            np.full(len(argument), operator.code, np.int8),
            numbers,
            np.full(len(argument), -1, np.int64),
            ids,
            scale if is_log else np.zeros(len(argument), bool),
            slots,
            result,
            result_slopes,
        )

    def binary(
        self, operator: Operator, left: Operand, right: Operand, table: NDArray[np.int64]
    ) -> EquivalenceClasses:
        """Apply an operation of two arguments, each with its numbers; as `unary`.

        `table` has shape (dimension id, dimension id).
        """
        ids = table[left[0].dimension_id, right[0].dimension_id]
        if operator.is_sum:
            parts = self._sum(operator, left, right)
        else:
            parts = self._product(operator, left, right)
        values, slopes, slots, shift = parts
        return EquivalenceClasses(
            np.full(len(ids), operator.code, np.int8),
            left[1],
            right[1],
            ids,
            shift,
            slots,
            values,
            slopes,
        )

    def _sum(
        self, operator: Operator, left: Operand, right: Operand
    ) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """a + b: where both scales are free one is taken out, else a free one goes inside."""
        a, b = left[0], right[0]
        free_a, free_b = a.dimension_id == ANY, b.dimension_id == ANY
        constant_a, constant_b = left[1] == PARAMETER_ROW, right[1] == PARAMETER_ROW
        # the operand whose scale is free, if any, comes second and takes the new slot
        swap = free_a & ~free_b
        b_values, b_slopes = self._shifted(b, a.slots)
        a_values, a_slopes = self._shifted(a, None)
        if swap.any():
            a_values, a_slopes = a_values.copy(), a_slopes.copy()
            b_values, b_slopes = b_values.copy(), b_slopes.copy()
            a_values[swap], a_slopes[swap] = self._shifted(b.take(swap), None)
            b_values[swap], b_slopes[swap] = self._shifted(a.take(swap), b.slots[swap])
        slots = a.slots + b.slots
        inside = (free_a | free_b) & ~constant_a & ~constant_b
        b_values, b_slopes, slots = self._insert(b_values, b_slopes, slots, inside, multiply=True)
        sign_a = np.where(swap, operator.sign, 1.0)
        sign_b = np.where(swap, 1.0, operator.sign)
        # a constant adds a free shift and nothing else; here it stands second, or first
        # with the other operand's scale free too
        weight_a = np.where(constant_a & ~swap, 0.0, sign_a)
        weight_b = np.where(constant_b | (constant_a & swap), 0.0, sign_b)
        values = weight_a[:, None, None] * a_values + weight_b[:, None, None] * b_values
        slopes = weight_a[:, None, None, None] * a_slopes + weight_b[:, None, None, None] * b_slopes
        return values, slopes, slots, a.shift | b.shift | constant_a | constant_b

    def _product(
        self, operator: Operator, left: Operand, right: Operand
    ) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """a * b or a / b: free scales come out, free shifts go inside."""
        a, b = left[0], right[0]
        constant_a, constant_b = left[1] == PARAMETER_ROW, right[1] == PARAMETER_ROW
        numerator_only = constant_b | (constant_a & operator.commutative)
        keep_shift = numerator_only & (a.shift | b.shift)
        b_values, b_slopes = self._shifted(b, a.slots)
        slots = a.slots + b.slots
        a_values, a_slopes = self._shifted(a, None)
        a_values, a_slopes, slots = self._insert(
            a_values, a_slopes, slots, a.shift & ~keep_shift, multiply=False
        )
        b_values, b_slopes, slots = self._insert(
            b_values, b_slopes, slots, b.shift & ~keep_shift, multiply=False
        )
        values = operator.apply(np, a_values, b_values)
        by_a, by_b = operator.partials(np, values, a_values, b_values)
        slopes = by_a[..., None] * a_slopes + by_b[..., None] * b_slopes
        return values, slopes, slots, keep_shift

    def _insert(
        self,
        values: NDArray,
        slopes: NDArray,
        slots: NDArray,
        where: NDArray[np.bool_],
        *,
        multiply: bool,
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Give a flag's freedom to a new internal parameter in the next free slot."""
        if not where.any():
            return values, slopes, slots
        offsets = np.arange(values.shape[1])
        last = len(self.slot_values) - 1
        chosen = self.slot_values[np.minimum(slots[where][:, None] + offsets, last)][..., None]
        values, slopes = values.copy(), slopes.copy()
        if multiply:
            values[where] *= chosen
            slopes[where] *= chosen[..., None]
        else:
            # {t - a} is {a + t} reversed: the sign that comes out must not tell them apart
            lean = values[where, :, 1:2] - values[where, :, :1]
            values[where] += np.where(lean.real < 0, -chosen, chosen)
        return values, slopes, slots + where

    def _shifted(
        self, classes: EquivalenceClasses, by: NDArray[np.int64] | None
    ) -> tuple[NDArray, NDArray]:
        """The cores with their internal parameters `by` slots further on, None for none."""
        if by is None or not by.any():
            return classes.values[:, : self.offsets], classes.slopes[:, : self.offsets]
        offsets = np.arange(self.offsets)
        wanted = np.minimum(by[:, None] + offsets, classes.values.shape[1] - 1)
        rows = np.arange(len(classes))[:, None]
        return classes.values[rows, wanted], classes.slopes[rows, wanted]


def _chain(operator: Operator, values: NDArray, slopes: NDArray) -> tuple[NDArray, NDArray]:
    result = operator.apply(np, values)
    (slope,) = operator.partials(np, result, values)
    return result, slope[..., None] * slopes


def join(parts: list[EquivalenceClasses]) -> EquivalenceClasses:
    """Classes of several blocks, one at least, in one."""
    names = EquivalenceClasses.__slots__
    return EquivalenceClasses(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in names)
    )
