"""Units of a formula that is given whole: its numbers are plain ones unless their place asks.

A search leaves the unit of every parameter open, because another parameter can balance it. In
a formula such as ``0.5*v**2`` there is nothing to balance: 0.5 is a plain number. Only where a
sum has a part of known unit, as ``x**2 + 2*v**2`` has, do numbers of the others take the unit
that makes them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from noether_sym.dsl.expression import INPUT, Expression, input_, parameter, with_leaves
from noether_sym.dsl.operators import Operator, UnitRule
from noether_sym.dsl.parser import Formula
from noether_sym.errors import UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension


@dataclass(frozen=True, slots=True)
class _Part:
    """Dimension of a part with plain numbers, and whether other numbers could change it."""

    dimension: Dimension
    open: bool


def natural_dimensions(
    formula: Formula, inputs: Sequence[Dimension]
) -> tuple[Dimension, tuple[Dimension, ...]]:
    """Dimension of a formula, and of each of its constants by slot.

    Parameters
    ----------
    formula : Formula
        Without free parameters.
    inputs : sequence of Dimension
        Of the columns.

    Raises
    ------
    UnitError
        If parts do not fit together.
    """
    stated = {
        slot: own.dimension
        for slot, own in enumerate(formula.constants)
        if own.dimension is not None
    }
    rest = [slot for slot in range(len(formula.constants)) if slot not in stated]
    leaves = {slot: input_(len(inputs) + place) for place, slot in enumerate(stated)}
    leaves |= {slot: parameter(place) for place, slot in enumerate(rest)}
    typed = with_leaves(formula.expression, {}, leaves)
    known = [*inputs, *stated.values()]
    dimension, found = typed.parameter_dimensions(known, natural_dimension(typed, known))
    every = {**stated, **dict(zip(rest, found, strict=True))}
    return dimension, tuple(every[slot] for slot in range(len(formula.constants)))


def natural_dimension(expression: Expression, inputs: Sequence[Dimension]) -> Dimension:
    """Dimension of a formula whose parameters are plain numbers where nothing else is asked.

    Raises
    ------
    UnitError
        If parts do not fit together.
    """

    def leaf(node: Expression) -> _Part:
        if node.head == INPUT:
            return _Part(inputs[node.index], open=False)
        return _Part(DIMENSIONLESS, open=True)

    part: _Part = expression.fold(leaf, _combined)
    return part.dimension


def _combined(operator: Operator, *parts: _Part) -> _Part:
    rule = operator.unit_rule
    is_open = any(part.open for part in parts)
    first, last = parts[0], parts[-1]
    if rule is UnitRule.EQUAL:
        alike = first.dimension == last.dimension
        if not alike and first.open == last.open:
            hint = "; give numbers their units, as in 3 [m/s]" if is_open else ""
            raise UnitError(f"{operator.name} of {first.dimension} and {last.dimension}{hint}")
        return last if first.open else first
    if rule in (UnitRule.ANGLE, UnitRule.PURE):
        return _Part(DIMENSIONLESS, open=False)
    if rule is UnitRule.PRODUCT:
        return _Part(first.dimension * last.dimension, is_open)
    if rule is UnitRule.QUOTIENT:
        return _Part(first.dimension / last.dimension, is_open)
    return _Part(first.dimension**operator.power, is_open)
