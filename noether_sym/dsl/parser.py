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

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from noether_sym.dsl.builder import Builder, Constant, Item, ReadUnit
from noether_sym.dsl.expression import Expression, input_
from noether_sym.dsl.tokens import CONSTANTS, Token, error_at, split
from noether_sym.errors import GrammarError, UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

LONGEST = 10_000
"""Most characters of a formula."""

_SIGNS = MappingProxyType({"+": "add", "-": "sub", "*": "mul", "/": "div"})

_NESTED = 40
"""Most levels of brackets, signs and powers: the parser calls itself for each."""

_MOST_NODES_TO_FIT = 60
"""Most nodes of a formula with parameters to fit."""

_MOST_FREE = 8
"""Most parameters of a formula that are fitted."""


@dataclass(frozen=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @property
    def free(self) -> tuple[int, ...]:
        """Slots of the free parameters."""
        return tuple(slot for slot, own in enumerate(self.constants) if own.value is None)


def parse(
    text: str,
    columns: Sequence[str],
    dimensions: Sequence[Dimension] | None = None,
    read_unit: ReadUnit | None = None,
    *,
    exact: bool = False,
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
    exact : bool
        Keep numbers as the fractions that they are: ``0.1`` is 1/10 and ``1/3`` is 1/3, in
        `Constant.exact`; ``sqrt(2)`` stays an operation.

    Raises
    ------
    GrammarError
        If the text is not a formula; the message shows the place.
    UnitError
        If units do not fit together; the message shows the place.
    """
    reader = _Reader(text, columns, dimensions, read_unit, exact)
    top = reader.whole()
    constants = tuple(reader.build.constants[slot] for slot in top.expression.slots)
    return Formula(text, top.expression.renumbered(), constants)


class _Reader:
    def __init__(
        self,
        text: str,
        columns: Sequence[str],
        dimensions: Sequence[Dimension] | None,
        read_unit: ReadUnit | None,
        exact: bool,
    ) -> None:
        if len(text) > LONGEST:
            raise GrammarError(
                f"the formula has {len(text):,} characters; at most {LONGEST:,} are read"
            )
        self.text = text
        self.columns = {name: column for column, name in enumerate(columns)}
        self.dimensions = dimensions
        self.build = Builder(text, dimensions, read_unit, exact)
        self._nested = 0
        self._tokens = split(text, columns)
        self._place = 0

    def whole(self) -> Item:
        """The whole text as one formula."""
        if self._now.kind == "end":
            self.build.fail(0, "the formula is empty")
        top = self._sum()
        if self._now.kind != "end":
            self.build.fail(
                self._now.start,
                f"an operator is missing before {self._now.text!r}"
                if self._now.kind in ("name", "number", "free", "call", "(")
                else f"{self._now.text!r} is not expected here",
            )
        slots = top.expression.slots
        free = [slot for slot in slots if self.build.constants[slot].value is None]
        if len(free) > _MOST_FREE:
            self.build.fail(0, f"{len(free)} free parameters; at most {_MOST_FREE} can be fitted")
        if free and top.size > _MOST_NODES_TO_FIT:
            self.build.fail(
                0, f"{top.size} nodes; at most {_MOST_NODES_TO_FIT} where parameters are free"
            )
        return top

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _sum(self) -> Item:
        total = self._product()
        while self._now.kind in ("+", "-"):
            sign = self._take()
            total = self.build.call(_SIGNS[sign.kind], sign, total, self._product())
        return total

    def _product(self) -> Item:
        total = self._signed()
        while self._now.kind in ("*", "/"):
            sign = self._take()
            total = self.build.call(_SIGNS[sign.kind], sign, total, self._signed())
        return total

    def _signed(self) -> Item:
        if self._now.kind not in ("+", "-"):
            return self._power()
        sign = self._take()
        self._deeper(sign)
        item = self._signed()
        self._nested -= 1
        return item if sign.kind == "+" else self.build.negated(sign, item)

    def _power(self) -> Item:
        base = self._atom()
        if self._now.kind != "**":
            return base
        sign = self._take()
        self._deeper(sign)
        exponent = self._signed()
        self._nested -= 1
        if exponent.number is None:
            self.build.fail(
                exponent.start, "an exponent must be a number; write exp(a*log(x)) for x**a"
            )
        if exponent.dimension is not None and not exponent.dimension.is_dimensionless:
            self.build.fail(exponent.start, "an exponent has no unit", UnitError)
        return self.build.raised(sign, base, exponent.number, exponent.start)

    def _atom(self) -> Item:
        token = self._take()
        if token.kind == "number":
            unit = self._take() if self._now.kind == "unit" else None
            return self.build.number(token, unit)
        if token.kind == "name":
            column = self.columns[token.text]
            known = None if self.dimensions is None else self.dimensions[column]
            return Item(input_(column), known, token.start)
        if token.kind == "constant":
            return self.build.literal(CONSTANTS[token.text], DIMENSIONLESS, token.start)
        if token.kind == "free":
            return self.build.free_parameter(token)
        if token.kind == "call":
            opening = self._take()
            argument = self._inside(opening)
            return self.build.function(token, argument)
        if token.kind == "(":
            return self._inside(token)
        wanted = "a number, a column or '('"
        if token.kind == "end":
            raise error_at(self.text, token.start, f"the formula ends where {wanted} should come")
        raise error_at(self.text, token.start, f"{token.text!r} is where {wanted} should be")

    def _inside(self, opening: Token) -> Item:
        self._deeper(opening)
        item = self._sum()
        self._nested -= 1
        if self._now.kind != ")":
            self.build.fail(opening.start, "this '(' is not closed")
        self._take()
        return item

    def _deeper(self, token: Token) -> None:
        self._nested += 1
        if self._nested > _NESTED:
            self.build.fail(
                token.start, f"more than {_NESTED} levels of brackets, signs and powers"
            )
