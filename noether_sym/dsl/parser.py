"""Read formulas that people write. A small recursive-descent parser; nothing is evaluated.

::

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = ("-" | "+") signed | power
    power   = atom [("**" | "^") signed]
    atom    = number ["[" unit "]"] | column | free | function "(" sum ")" | "(" sum ")"

A column is its name, between backquotes or quotes where it is not one word; ``c0``, ``c1``,
... are free parameters, unless a column has that name. The text that `Expression.text`
prints is read back as the same function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

import numpy as np

from noether_sym.dsl.expression import (
    PARAMETER,
    Expression,
    call,
    input_,
    parameter,
    result_dimension,
)
from noether_sym.dsl.operators import BY_CODE, OPERATORS, operator_of
from noether_sym.dsl.tokens import CONSTANTS, Token, error_at, split
from noether_sym.errors import GrammarError, UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

LONGEST = 10_000
"""Most characters of a formula."""

MOST_NODES = 500
HIGHEST = 120
"""Most nodes of the tree, and most nodes from its top to a leaf."""

_NESTED = 40
_MOST_NODES_TO_FIT = 60
_MOST_FREE = 8
_LARGEST_POWER = 12


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
    """

    value: float | None
    name: str = ""
    dimension: Dimension | None = None


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read.

    Attributes
    ----------
    text : str
        As written.
    expression : Expression
        Slots 0, 1, ... in reading order.
    constants : tuple of Constant
        By slot.
    """

    text: str
    expression: Expression
    constants: tuple[Constant, ...]

    @property
    def free(self) -> tuple[int, ...]:
        """Slots of the free parameters."""
        return tuple(slot for slot, own in enumerate(self.constants) if own.value is None)


ReadUnit = Callable[[str], tuple[float, Dimension]]
"""From the name of a unit to its factor and dimension in the data's units."""


def parse(
    text: str,
    columns: Sequence[str],
    dimensions: Sequence[Dimension] | None = None,
    read_unit: ReadUnit | None = None,
) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
    columns : sequence of str
        Names of the columns.
    dimensions : sequence of Dimension, optional
        Of the columns; without them units are not checked.
    read_unit : callable, optional
        Reads the unit in brackets after a number. Without it, such units are refused.

    Raises
    ------
    GrammarError
        If the text is no formula; the message shows the place.
    UnitError
        If units do not fit together; the message shows the place.
    """
    reader = _Reader(text, columns, dimensions, read_unit)
    top = reader.whole()
    slots = [node.index for node in top.expression.walk() if node.head == PARAMETER]
    constants = tuple(reader.constants[slot] for slot in slots)
    return Formula(text, top.expression.renumbered(), constants)


@dataclass(frozen=True, slots=True)
class _Item:
    """A part of the formula; `number` is its value if it is nothing but a number."""

    expression: Expression
    dimension: Dimension | None
    start: int
    size: int = 1
    height: int = 1
    number: float | None = None


class _Reader:
    def __init__(
        self,
        text: str,
        columns: Sequence[str],
        dimensions: Sequence[Dimension] | None,
        read_unit: ReadUnit | None,
    ) -> None:
        if len(text) > LONGEST:
            raise GrammarError(
                f"the formula has {len(text):,} characters; at most {LONGEST:,} are read"
            )
        self.text = text
        self.columns = {name: column for column, name in enumerate(columns)}
        self.dimensions = dimensions
        self.read_unit = read_unit
        self.constants: list[Constant] = []
        self._free: dict[str, int] = {}
        self._nested = 0
        self._tokens = split(text, columns)
        self._place = 0

    # reading

    def whole(self) -> _Item:
        """The whole text as one formula."""
        if self._now.kind == "end":
            self._fail(0, "the formula is empty")
        top = self._sum()
        if self._now.kind != "end":
            self._fail(
                self._now.start,
                f"an operator is missing before {self._now.text!r}"
                if self._now.kind in ("name", "number", "free", "call", "(")
                else f"{self._now.text!r} is not expected here",
            )
        free = [slot for slot in self._slots(top) if self.constants[slot].value is None]
        if len(free) > _MOST_FREE:
            self._fail(0, f"{len(free)} free parameters; at most {_MOST_FREE} can be fitted")
        if free and top.size > _MOST_NODES_TO_FIT:
            self._fail(
                0,
                f"{top.size} nodes; at most {_MOST_NODES_TO_FIT} where parameters are free",
            )
        return top

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _slots(self, item: _Item) -> list[int]:
        return [node.index for node in item.expression.walk() if node.head == PARAMETER]

    def _sum(self) -> _Item:
        total = self._product()
        while self._now.kind in ("+", "-"):
            sign = self._take()
            total = self._call("add" if sign.kind == "+" else "sub", sign, total, self._product())
        return total

    def _product(self) -> _Item:
        total = self._signed()
        while self._now.kind in ("*", "/"):
            sign = self._take()
            total = self._call("mul" if sign.kind == "*" else "div", sign, total, self._signed())
        return total

    def _signed(self) -> _Item:
        if self._now.kind not in ("+", "-"):
            return self._power()
        sign = self._take()
        self._deeper(sign)
        item = self._signed()
        self._nested -= 1
        return item if sign.kind == "+" else self._negated(sign, item)

    def _power(self) -> _Item:
        base = self._atom()
        if self._now.kind != "**":
            return base
        sign = self._take()
        self._deeper(sign)
        exponent = self._signed()
        self._nested -= 1
        if exponent.number is None:
            self._fail(exponent.start, "an exponent must be a number; write exp(a*log(x)) for x**a")
        if exponent.dimension is not None and not exponent.dimension.is_dimensionless:
            self._fail(exponent.start, "an exponent has no unit", UnitError)
        return self._raised(sign, base, exponent.number, exponent.start)

    def _atom(self) -> _Item:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            column = self.columns[token.text]
            known = None if self.dimensions is None else self.dimensions[column]
            return _Item(input_(column), known, token.start)
        if token.kind == "constant":
            return self._literal(CONSTANTS[token.text], DIMENSIONLESS, token.start)
        if token.kind == "free":
            return self._free_parameter(token)
        if token.kind == "call":
            opening = self._take()
            argument = self._inside(opening)
            return self._function(token, argument)
        if token.kind == "(":
            return self._inside(token)
        wanted = "a number, a column or '('"
        if token.kind == "end":
            raise error_at(self.text, token.start, f"the formula ends where {wanted} should come")
        raise error_at(self.text, token.start, f"{token.text!r} stands where {wanted} should")

    def _inside(self, opening: Token) -> _Item:
        self._deeper(opening)
        item = self._sum()
        self._nested -= 1
        if self._now.kind != ")":
            self._fail(opening.start, "this '(' is not closed")
        self._take()
        return item

    def _deeper(self, token: Token) -> None:
        self._nested += 1
        if self._nested > _NESTED:
            self._fail(token.start, f"more than {_NESTED} levels of brackets, signs and powers")

    # building

    def _number(self, token: Token) -> _Item:
        value = float(token.text)
        if not math.isfinite(value):
            self._fail(token.start, f"{token.text} is too large for a number")
        if self._now.kind != "unit":
            return self._literal(value, None, token.start)
        unit = self._take()
        if self.read_unit is None:
            self._fail(unit.start, "units are not used here; leave them out")
        try:
            factor, dimension = self.read_unit(unit.text)
        except UnitError as error:
            self._fail(unit.start, str(error), UnitError)
        return self._literal(factor * value, dimension, token.start)

    def _literal(self, value: float, dimension: Dimension | None, start: int) -> _Item:
        self.constants.append(Constant(value, "", dimension))
        return _Item(parameter(len(self.constants) - 1), dimension, start, number=value)

    def _free_parameter(self, token: Token) -> _Item:
        if token.text in self._free:
            self._fail(
                token.start,
                f"{token.text} stands in a second place; a free parameter has one place only, "
                "take another name or factor it out",
            )
        self._free[token.text] = token.start
        self.constants.append(Constant(None, token.text))
        return _Item(parameter(len(self.constants) - 1), None, token.start)

    def _call(self, name: str, token: Token, *parts: _Item) -> _Item:
        """Apply an operation; its units are checked here, and numbers are joined."""
        operator = operator_of(name)
        start = parts[0].start if len(parts) > 1 else token.start
        dimension = None
        if self.dimensions is not None:
            try:
                dimension = result_dimension(operator, *(part.dimension for part in parts))
            except UnitError as error:
                self._fail(token.start, f"units do not fit: {error}", UnitError)
        numbers = [part.number for part in parts if part.number is not None]
        if len(numbers) == len(parts):
            with np.errstate(all="ignore"):
                value = float(operator.apply(np, *(np.float64(number) for number in numbers)))
            if not math.isfinite(value):
                self._fail(token.start, "this has no finite value")
            return self._literal(value, dimension, start)
        size = 1 + sum(part.size for part in parts)
        height = 1 + max(part.height for part in parts)
        if size > MOST_NODES or height > HIGHEST:
            self._fail(
                token.start,
                f"the formula is too large: at most {MOST_NODES} nodes, a height of {HIGHEST}",
            )
        return _Item(
            call(name, *(part.expression for part in parts)), dimension, start, size, height
        )

    def _negated(self, sign: Token, item: _Item) -> _Item:
        if item.number is not None:
            return self._literal(-item.number, item.dimension, sign.start)
        return self._call("mul", sign, self._literal(-1.0, DIMENSIONLESS, sign.start), item)

    def _function(self, token: Token, argument: _Item) -> _Item:
        name = token.text
        if name in OPERATORS:
            return self._call(name, token, argument)
        if name == "abs":
            return self._call("sqrt", token, self._call("square", token, argument))
        once = self._call("sin", token, argument)
        again = self._call("cos", token, self._copy(token, argument))
        return self._call("div", token, once, again)

    def _raised(self, sign: Token, base: _Item, exponent: float, start: int) -> _Item:
        power = Fraction(exponent).limit_denominator(2)
        if float(power) != exponent or power == 0 or abs(power) > _LARGEST_POWER:
            self._fail(
                start,
                f"an exponent is a whole or half number other than 0, up to {_LARGEST_POWER}",
            )
        if base.number is not None:
            return self._number_raised(sign, base, power)
        if power.denominator == 2:
            base = self._call("sqrt", sign, base)
        whole = abs(power.numerator)
        item = self._whole_power(sign, base, whole)
        return self._call("inverse", sign, item) if power < 0 else item

    def _number_raised(self, sign: Token, base: _Item, power: Fraction) -> _Item:
        assert base.number is not None
        try:
            value = base.number ** float(power)
        except (ZeroDivisionError, OverflowError):
            value = math.inf
        if isinstance(value, complex) or not math.isfinite(value):
            self._fail(sign.start, "this has no finite value")
        unit = None if base.dimension is None else base.dimension**power
        return self._literal(value, unit, base.start)

    def _whole_power(self, sign: Token, base: _Item, power: int) -> _Item:
        """Products of the highest powers that are operations."""
        names = {own.whole_power: own.name for own in BY_CODE if own.whole_power > 1}
        total: _Item | None = None
        while power:
            step = max((whole for whole in names if whole <= power), default=1)
            own = base if total is None else self._copy(sign, base)
            part = self._call(names[step], sign, own) if step > 1 else own
            total = part if total is None else self._call("mul", sign, total, part)
            power -= step
        assert total is not None
        return total

    def _copy(self, token: Token, item: _Item) -> _Item:
        """The same part with slots of its own: it is about to stand in a second place."""
        for slot in self._slots(item):
            own = self.constants[slot]
            if own.value is None:
                self._fail(
                    token.start,
                    f"written out, {own.name} stands in two places here; a free parameter has "
                    "one place only",
                )
        if item.size > MOST_NODES:
            self._fail(token.start, "the formula is too large")

        def leaf(node: Expression) -> Expression:
            if node.head != PARAMETER:
                return node
            self.constants.append(self.constants[node.index])
            return parameter(len(self.constants) - 1)

        copied = item.expression.fold(leaf, lambda operator, *parts: call(operator.name, *parts))
        return _Item(copied, item.dimension, item.start, item.size, item.height, item.number)

    def _fail(
        self, place: int, what: str, kind: type[GrammarError] | type[UnitError] = GrammarError
    ) -> NoReturn:
        raise error_at(self.text, place, what, kind)
