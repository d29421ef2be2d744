"""Tidy the signs of a fitted formula: ``p**2 - (-3.2)*cos(q)`` into ``p**2 + 3.2*cos(q)``.

Signs are taken out of every part from the leaves up, as far as the operations let them
through (an even function swallows one, a sum turns into a difference), and what is left
at the top, or inside a logarithm, goes back in where it costs the fewest minus signs.
Changing a sign is exact in floating point, so values stay as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call
from noether_sym.dsl.operators import Parity, operator_of


def tidied(expression: Expression, values: Sequence[float]) -> tuple[Expression, tuple[float, ...]]:
    """Rewrite signs so that as few parameters as possible are negative.

    Parameters
    ----------
    expression : Expression
    values : sequence of float
        Of the parameters, by slot.

    Returns
    -------
    expression : Expression
        Same operations but for ``add`` and ``sub``; parameters keep their slots.
    values : tuple of float
        By slot; magnitudes are unchanged.

    Notes
    -----
    A formula that uses a slot twice is returned as it is: one place could not change its
    sign without the other.
    """
    if len(set(expression.slots)) < expression.parameter_count:
        return expression, tuple(values)
    signs = _Signs(list(values))
    node = signs.restored(*signs.taken_out(expression))
    return node, tuple(signs.values)


@dataclass(frozen=True, slots=True)
class _Negation:
    """A way to negate a formula: how many minus signs it adds, and in how many sums."""

    cost: tuple[int, int]
    carry_out: Callable[[], Expression]


class _Signs:
    """Moves signs about within one formula; `values` are those of its parameters."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def taken_out(self, node: Expression) -> tuple[Expression, bool]:
        """An equal formula, without minus signs where possible, and whether to negate it."""
        if node.head == INPUT:
            return node, False
        if node.head == PARAMETER:
            value = self.values[node.index]
            negative = math.copysign(1.0, value) < 0 and not math.isnan(value)
            if negative:
                self.values[node.index] = -value
            return node, negative
        parts = [self.taken_out(argument) for argument in node.arguments]
        operator = operator_of(node.head)
        if operator.is_sum:
            (left, minus), (right, other) = parts
            return _sum(left, minus, right, other != (operator.sign < 0))
        if operator.is_product:
            return call(node.head, *(part for part, _ in parts)), parts[0][1] != parts[1][1]
        if operator.parity is not Parity.NONE:
            ((argument, negative),) = parts
            return call(node.head, argument), negative and operator.parity is Parity.ODD
        return call(node.head, *(self.restored(*part) for part in parts)), False

    def restored(self, node: Expression, negative: bool) -> Expression:
        """Put a sign back in; there is always a place for a sign that was taken out."""
        if not negative:
            return node
        negation = self._negation(node)
        assert negation is not None
        return negation.carry_out()

    def _negation(self, node: Expression) -> _Negation | None:
        if node.head == PARAMETER:
            return _Negation((1, 0), lambda: self._flipped(node))
        if node.is_leaf:
            return None
        operator = operator_of(node.head)
        if operator.is_sum and operator.sign < 0:
            left, right = node.arguments
            return _Negation((0, 0), lambda: call("sub", right, left))
        if not (operator.is_sum or operator.is_product or operator.parity is Parity.ODD):
            return None
        ways = [self._negation(argument) for argument in node.arguments]
        best = _cheapest(ways)
        if best is None:
            return None
        place, way = best
        arguments = node.arguments
        if operator.is_sum:  # -(a + b) is (-a) - b
            signs, sums = way.cost
            return _Negation(
                (signs, sums + 1), lambda: call("sub", way.carry_out(), arguments[1 - place])
            )
        return _Negation(
            way.cost,
            lambda: call(node.head, *arguments[:place], way.carry_out(), *arguments[place + 1 :]),
        )

    def _flipped(self, node: Expression) -> Expression:
        self.values[node.index] = -self.values[node.index]
        return node


def _sum(left: Expression, minus: bool, right: Expression, other: bool) -> tuple[Expression, bool]:
    """The sum of two signed formulas, with the sign that is left over."""
    if minus == other:
        return call("add", left, right), minus
    return (call("sub", right, left) if minus else call("sub", left, right)), False


def _cheapest(ways: Sequence[_Negation | None]) -> tuple[int, _Negation] | None:
    found = [(place, way) for place, way in enumerate(ways) if way is not None]
    return min(found, key=lambda entry: entry[1].cost, default=None)
