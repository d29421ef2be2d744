"""Put together what a parser reads: units are checked, numbers joined, sizes bounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn

import numpy as np

from noether_sym.dsl.expression import (
    LARGEST_POWER,
    PARAMETER,
    Expression,
    call,
    parameter,
    result_dimension,
)
from noether_sym.dsl.operators import BY_CODE, OPERATORS, Operator, UnitRule, operator_of
from noether_sym.dsl.tokens import Token, error_at
from noether_sym.errors import GrammarError, UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

MOST_NODES = 500
HIGHEST = 120
"""Most nodes of the tree, and most nodes from its top to a leaf."""

_MOST_BITS = 8192
"""Most bits of the numerator or denominator of an exact number: some 2,500 digits."""

ReadUnit = Callable[[str], tuple[float, Dimension]]
"""From the name of a unit to its factor and dimension in the data's units."""


@dataclass(frozen=True, slots=True)
class Constant:
    """What stands in a parameter slot of a formula.

    Attributes
    ----------
    value : float or None
        None for a free parameter.
    name : str
        Of a free parameter, as written; empty for a number.
    dimension : Dimension or None
        As stated, or None where it follows from the place.
    exact : Fraction or None
        The number as it was written, where formulas are read exactly.
    """

    value: float | None
    name: str = ""
    dimension: Dimension | None = None
    exact: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A part of the formula; `number` is its value if it is nothing but a number."""

    expression: Expression
    dimension: Dimension | None
    start: int
    size: int = 1
    height: int = 1
    number: float | None = None
    exact: Fraction | None = None


class Builder:
    """Makes parts of a formula out of parts of it.

    Parameters
    ----------
    text : str
        The whole formula, for messages.
    dimensions : sequence of Dimension, optional
        Of the columns; without them units are not checked.
    read_unit : callable, optional
    exact : bool
        Whether numbers are fractions, and joined only to fractions.
    """

    def __init__(
        self,
        text: str,
        dimensions: Sequence[Dimension] | None,
        read_unit: ReadUnit | None,
        exact: bool = False,
    ) -> None:
        self.text = text
        self.dimensions = dimensions
        self.read_unit = read_unit
        self.exact = exact
        self.constants: list[Constant] = []
        self._free: dict[str, int] = {}

    def number(self, token: Token, unit: Token | None) -> Item:
        """A number, with the token of its unit if one follows."""
        value = float(token.text)
        if not math.isfinite(value):
            self.fail(token.start, f"{token.text} is too large for a number")
        if unit is None:
            return self.literal(value, None, token.start, self._fraction(token, value))
        if self.read_unit is None:
            self.fail(unit.start, "units are not used here; leave them out")
        try:
            factor, dimension = self.read_unit(unit.text)
        except UnitError as error:
            self.fail(unit.start, str(error), UnitError)
        return self.literal(factor * value, dimension, token.start)

    def literal(
        self, value: float, dimension: Dimension | None, start: int, exact: Fraction | None = None
    ) -> Item:
        """A number that stands in a slot of its own."""
        self.constants.append(Constant(value, "", dimension, exact))
        slot = parameter(len(self.constants) - 1)
        return Item(slot, dimension, start, number=value, exact=exact)

    def _fraction(self, token: Token, value: float) -> Fraction | None:
        """The number of a token as it is written; its size is bounded by that of `value`."""
        if not self.exact:
            return None
        mantissa = token.text.lower().partition("e")[0]
        if value == 0 and mantissa.strip("0.") != "":
            self.fail(token.start, f"{token.text} is too small for a number")
        return Fraction(token.text) if value else Fraction(0)

    def free_parameter(self, token: Token) -> Item:
        """A parameter to be fitted; its name may come once."""
        if token.text in self._free:
            self.fail(
                token.start,
                f"{token.text} is used twice; a free parameter may be used only once, "
                "take another name or factor it out",
            )
        self._free[token.text] = token.start
        self.constants.append(Constant(None, token.text))
        return Item(parameter(len(self.constants) - 1), None, token.start)

    def call(self, name: str, token: Token, *parts: Item) -> Item:
        """Apply an operation; its units are checked here, and numbers are joined."""
        operator = operator_of(name)
        start = parts[0].start if len(parts) > 1 else token.start
        dimension = None
        if self.dimensions is not None:
            try:
                dimension = result_dimension(operator, *(part.dimension for part in parts))
            except UnitError as error:
                self.fail(token.start, f"units do not fit: {error}", UnitError)
        numbers = [part.number for part in parts if part.number is not None]
        if len(numbers) == len(parts):
            with np.errstate(all="ignore"):
                value = float(operator.apply(np, *(np.float64(number) for number in numbers)))
            if not math.isfinite(value):
                self.fail(token.start, "this has no finite value")
            if not self.exact:
                return self.literal(value, dimension, start)
            exact = self._joined(operator, token, parts)
            if exact is not None:
                return self.literal(value, dimension, start, exact)
        size = 1 + sum(part.size for part in parts)
        height = 1 + max(part.height for part in parts)
        if size > MOST_NODES or height > HIGHEST:
            self.fail(
                token.start,
                f"the formula is too large: at most {MOST_NODES} nodes, a height of {HIGHEST}",
            )
        return Item(
            call(name, *(part.expression for part in parts)), dimension, start, size, height
        )

    def _joined(self, operator: Operator, token: Token, parts: Sequence[Item]) -> Fraction | None:
        """An operation on fractions; None where its result is not a fraction."""
        fractions = [part.exact for part in parts if part.exact is not None]
        is_power = operator.unit_rule is UnitRule.POWER and operator.power.denominator == 1
        if not (operator.is_sum or operator.is_product or is_power) or len(fractions) < len(parts):
            return None
        exact = Fraction(operator.apply(None, *fractions))
        if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > _MOST_BITS:
            self.fail(token.start, "this number has too many digits to be exact")
        return exact

    def negated(self, sign: Token, item: Item) -> Item:
        """Minus a part."""
        if item.number is not None:
            exact = None if item.exact is None else -item.exact
            return self.literal(-item.number, item.dimension, sign.start, exact)
        minus = self.literal(-1.0, DIMENSIONLESS, sign.start, Fraction(-1) if self.exact else None)
        return self.call("mul", sign, minus, item)

    def function(self, token: Token, argument: Item) -> Item:
        """A function of a part."""
        name = token.text
        if name in OPERATORS:
            return self.call(name, token, argument)
        if name == "abs":
            return self.call("sqrt", token, self.call("square", token, argument))
        once = self.call("sin", token, argument)
        again = self.call("cos", token, self._copy(token, argument))
        return self.call("div", token, once, again)

    def raised(self, sign: Token, base: Item, exponent: float, start: int) -> Item:
        """A power of a part, whose exponent begins at `start`."""
        power = Fraction(exponent).limit_denominator(2)
        if float(power) != exponent or power == 0 or abs(power) > LARGEST_POWER:
            self.fail(
                start, f"an exponent is a whole or half number other than 0, up to {LARGEST_POWER}"
            )
        if base.number is not None and not self.exact:
            return self._number_raised(sign, base, power)
        if power.denominator == 2:
            base = self.call("sqrt", sign, base)
        whole = abs(power.numerator)
        item = self._whole_power(sign, base, whole)
        return self.call("inverse", sign, item) if power < 0 else item

    def _number_raised(self, sign: Token, base: Item, power: Fraction) -> Item:
        assert base.number is not None
        try:
            value = base.number ** float(power)
        except (ZeroDivisionError, OverflowError):
            value = math.inf
        if isinstance(value, complex) or not math.isfinite(value):
            self.fail(sign.start, "this has no finite value")
        unit = None if base.dimension is None else base.dimension**power
        return self.literal(value, unit, base.start)

    def _whole_power(self, sign: Token, base: Item, power: int) -> Item:
        """Powers of powers, so that the base stands once, else products of them."""
        names = {own.whole_power: own.name for own in BY_CODE if own.whole_power > 1}
        if power == 1:
            return base
        outer = next((whole for whole in sorted(names, reverse=True) if power % whole == 0), None)
        if outer is not None:
            return self.call(names[outer], sign, self._whole_power(sign, base, power // outer))
        first = max(whole for whole in names if whole < power)
        rest = self._whole_power(sign, self._copy(sign, base), power - first)
        return self.call("mul", sign, self._whole_power(sign, base, first), rest)

    def _copy(self, token: Token, item: Item) -> Item:
        """The same part with slots of its own: it is about to stand in a second place."""
        for slot in item.expression.slots:
            own = self.constants[slot]
            if own.value is None:
                self.fail(
                    token.start,
                    f"written out, {own.name} is used twice here; a free parameter may be "
                    "used only once",
                )
        if item.size > MOST_NODES:
            self.fail(token.start, "the formula is too large")

        def leaf(node: Expression) -> Expression:
            if node.head != PARAMETER:
                return node
            self.constants.append(self.constants[node.index])
            return parameter(len(self.constants) - 1)

        return replace(item, expression=item.expression.mapped(leaf))

    def fail(
        self, place: int, what: str, kind: type[GrammarError] | type[UnitError] = GrammarError
    ) -> NoReturn:
        """Raise an error that shows a place of the text."""
        raise error_at(self.text, place, what, kind)
