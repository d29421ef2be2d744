"""Units of a formula that is given whole: its numbers are plain ones unless their place asks.

A search leaves the unit of every parameter open, because another parameter can balance it. In
a formula such as ``0.5*v**2 + c0*y`` there is nothing to balance: 0.5 is a plain number, and c0
takes the unit that makes both parts alike. Only where a sum has a part of known unit, as
``x**2 + 2*v**2`` has, or a function asks for a pure number, as in ``exp(2*t)``, does a number
take the unit that fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression
from noether_sym.dsl.operators import Operator, UnitRule, operator_of
from noether_sym.dsl.parser import Formula
from noether_sym.errors import UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension


class _Freedom(IntEnum):
    """What could change the unit of a part; of two unlike parts the freer one gives way.

    A number that stands alone in a sum is freer than one that is a factor.
    """

    NOTHING = 0
    FACTOR = 1
    NUMBER = 2
    PARAMETER = 3


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a formula whose numbers and free parameters are taken as plain numbers.

    Attributes
    ----------
    dimension : Dimension
    freedom : _Freedom
    factor : int or None
        Slot of a number that is a factor of the part, for the message of an error.
    arguments : tuple of _Part
    """

    dimension: Dimension
    freedom: _Freedom
    factor: int | None = None
    arguments: tuple[_Part, ...] = ()


def natural_dimensions(
    formula: Formula, inputs: Sequence[Dimension]
) -> tuple[Dimension, tuple[Dimension, ...]]:
    """Dimension of a formula, and of each of its constants by slot.

    Free parameters take the unit of their place. A number without a unit of its own is a plain
    number wherever that fits.

    Parameters
    ----------
    formula : Formula
    inputs : sequence of Dimension
        Of the columns.

    Raises
    ------
    UnitError
        If parts do not fit together.
    """
    constants = formula.constants

    def leaf(node: Expression) -> _Part:
        if node.head == INPUT:
            return _Part(inputs[node.index], _Freedom.NOTHING)
        own = constants[node.index]
        if own.dimension is not None:
            return _Part(own.dimension, _Freedom.NOTHING)
        if own.value is None:
            return _Part(DIMENSIONLESS, _Freedom.PARAMETER)
        return _Part(DIMENSIONLESS, _Freedom.NUMBER, node.index)

    def operation(operator: Operator, *parts: _Part) -> _Part:
        return replace(_combined(operator, parts, _values(formula)), arguments=parts)

    whole: _Part = formula.expression.fold(leaf, operation)
    found: dict[int, Dimension] = {}
    _assign(formula.expression, whole, whole.dimension, found)
    return whole.dimension, tuple(found[slot] for slot in range(len(constants)))


def _values(formula: Formula) -> Callable[[int], float | None]:
    return lambda slot: formula.constants[slot].value


def _combined(
    operator: Operator, parts: Sequence[_Part], value: Callable[[int], float | None]
) -> _Part:
    rule = operator.unit_rule
    first, last = parts[0], parts[-1]
    freest = max(part.freedom for part in parts)
    freest = _Freedom.FACTOR if freest is _Freedom.NUMBER else freest
    if rule is UnitRule.EQUAL:
        if first.dimension == last.dimension:
            return replace(min(first, last, key=lambda part: part.freedom), factor=None)
        if first.freedom == last.freedom < _Freedom.PARAMETER:
            raise UnitError(
                f"{operator.name} of {first.dimension} and {last.dimension}"
                + _remedy(first, last, value)
            )
        return replace(first if first.freedom <= last.freedom else last, factor=None)
    if rule in (UnitRule.ANGLE, UnitRule.PURE):
        return _Part(DIMENSIONLESS, _Freedom.NOTHING)
    if rule is UnitRule.PRODUCT:
        factor = first.factor if first.factor is not None else last.factor
        return _Part(first.dimension * last.dimension, freest, factor)
    if rule is UnitRule.QUOTIENT:
        return _Part(first.dimension / last.dimension, freest, first.factor)
    return _Part(first.dimension**operator.power, freest)


def _remedy(first: _Part, last: _Part, value: Callable[[int], float | None]) -> str:
    """How a number of a sum could have the unit that the other part asks for."""
    for own, other in ((last, first), (first, last)):
        if own.factor is not None:
            needed = other.dimension / own.dimension
            return (
                "; a number without a unit is a plain number, so give one of them its unit, as in "
                f"{value(own.factor):g} [{needed}]"
            )
    return ""


def _assign(
    expression: Expression, own: _Part, wanted: Dimension, found: dict[int, Dimension]
) -> None:
    """Enter the dimensions of the constants below `expression` that make it `wanted`."""
    if expression.head == PARAMETER:
        found[expression.index] = wanted
    if expression.is_leaf:
        return
    operator = operator_of(expression.head)
    rule, parts = operator.unit_rule, own.arguments
    if rule is UnitRule.EQUAL:
        asked = min(parts, key=lambda part: part.freedom)
        free = asked.freedom is not _Freedom.NOTHING
        need = [wanted if free else asked.dimension] * len(parts)
    elif rule in (UnitRule.ANGLE, UnitRule.PURE):
        need = [DIMENSIONLESS]
    elif rule is UnitRule.POWER:
        need = [wanted ** (1 / operator.power)]
    else:
        need = [part.dimension for part in parts]
        missing = wanted / own.dimension
        if parts[0].freedom >= parts[1].freedom:
            need[0] = need[0] * missing
        else:
            over = rule is UnitRule.QUOTIENT
            need[1] = need[1] / missing if over else need[1] * missing
    for argument, part, dimension in zip(expression.arguments, parts, need, strict=True):
        _assign(argument, part, dimension, found)
