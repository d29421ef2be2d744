"""Equations of motion as people write them: a line a column, and constants by name.

::

    # a pendulum
    g = 9.81
    theta' = omega            # or: dtheta/dt = omega
    omega' = -g/l*sin(theta)  # l is defined nowhere: it stays a symbol

Nothing is evaluated: every formula goes through `noether_sym.dsl.parser`, and decimal numbers
are the fractions that they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from noether_sym.dsl.parser import Formula, parse
from noether_sym.dsl.tokens import AMBIGUOUS, CONSTANTS, bare_names, functions, quoted
from noether_sym.errors import GrammarError

TIME = "t"
"""What time is called, unless a column is."""

MOST_LINES = 500
"""Most lines of equations."""

_WORD = rf"[^'{re.escape(''.join(sorted(AMBIGUOUS)))}]+"
_OWN, _OVER = (rf"(?:`(?P<{name}_marked>[^`]+)`|(?P<{name}>{_WORD}))" for name in ("own", "over"))
_RATE = re.compile(rf"\s*(?:{_OWN}\s*'|d\s*{_OVER}\s*/\s*d\s*t)\s*=(?P<right>.*)", re.DOTALL)
_DEFINITION = re.compile(rf"\s*(?P<name>{_WORD})\s*=(?P<right>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Equations:
    """The equations dx/dt = f(x, t) of a system.

    Attributes
    ----------
    columns : tuple of str
    names : tuple of str
        What formulas may read, by the number of their inputs: the columns, `TIME`, what is
        defined, and symbols.
    rates : tuple of Formula
        dx/dt of each column.
    definitions : dict of int to Formula
        By number of the name, each after those that it reads.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    rates: tuple[Formula, ...]
    definitions: dict[int, Formula]

    def read(self, text: str) -> tuple[Formula, Equations]:
        """Read a formula of the same names; unknown ones become symbols of the equations.

        Raises
        ------
        GrammarError
            If the text is not a formula.
        """
        names = _with_symbols(text, self.names)
        return parse(text, names, exact=True), replace(self, names=names)

    @property
    def moving(self) -> tuple[int, ...]:
        """Numbers of the columns, and of time where it is not one of them."""
        return tuple(dict.fromkeys((*range(len(self.columns)), self.names.index(TIME))))

    @property
    def constants(self) -> tuple[int, ...]:
        """Numbers of the names that mean a constant, and are no column."""
        names = enumerate(self.names[len(self.columns) :], len(self.columns))
        return tuple(number for number, name in names if name in CONSTANTS)

    @property
    def symbols(self) -> tuple[int, ...]:
        """Numbers of the names that stand for any number."""
        known = {*self.moving, *self.definitions, *self.constants}
        return tuple(sorted(set(range(len(self.names))) - known))

    def needed(self, formula: Formula) -> frozenset[int]:
        """Numbers of the names that a formula reads, through definitions too."""
        found = set(formula.expression.inputs)
        for number, definition in reversed(self.definitions.items()):
            if number in found:
                found |= definition.expression.inputs
        return frozenset(found)

    def reached(self, formula: Formula) -> frozenset[int]:
        """Numbers of the names that the rate dL/dt of a formula L depends on."""
        own = self.needed(formula)
        columns = [self.rates[number] for number in own if number < len(self.columns)]
        return own.union(*map(self.needed, columns))

    def values(self, formula: Formula, numbers: Any) -> list[Any]:
        """Numbers of a formula: ``numbers(fraction)`` of each."""
        return [numbers(own.exact) for own in formula.constants]


def read_equations(source: str | Path) -> Equations:
    """Read equations of motion.

    Parameters
    ----------
    source : str or Path
        The text itself, or the path of a UTF-8 file: a line a column, ``x' = v`` or
        ``dx/dt = v``; lines ``name = formula`` define constants and abbreviations that the
        lines below them use; what comes after # is a comment.

    Raises
    ------
    GrammarError
        If the file cannot be read, or a line is not an equation; the message names the line.
    """
    where = "the equations"
    if isinstance(source, Path):
        where = str(source)
        try:
            source = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise GrammarError(f"cannot read {where}: {reason}") from error
    lines = list(_lines(source, where))
    rates: dict[str, _Line] = {}
    for line in lines:
        if line.column:
            if line.name in rates:
                raise line.error(
                    f"{line.name}' is already given in line {rates[line.name].number}; give it once"
                )
            rates[line.name] = line
    if not rates:
        raise GrammarError(f"{where}: there is no equation; write a line a column, as in x' = v")
    columns = tuple(rates)
    read = Equations(columns, columns if TIME in columns else (*columns, TIME), (), {})
    found: dict[str, Formula] = {}
    for line in lines:
        if not line.column:
            _check_definition(line, read)
        try:
            formula, read = read.read(line.right)
        except GrammarError as error:
            raise line.error(str(error)) from error
        if line.column:
            found[line.name] = formula
        else:
            definitions = {**read.definitions, len(read.names): formula}
            read = replace(read, names=(*read.names, line.name), definitions=definitions)
    return replace(read, rates=tuple(found[name] for name in columns))


@dataclass(frozen=True, slots=True)
class _Line:
    """``name' = right`` of a column, or ``name = right``."""

    where: str
    number: int
    name: str
    right: str
    column: bool

    def error(self, what: str) -> GrammarError:
        return GrammarError(f"{self.where}, line {self.number}: {what}")


def _lines(text: str, where: str) -> Iterator[_Line]:
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise GrammarError(f"{where}: {len(lines):,} lines; at most {MOST_LINES} are read")
    for number, whole in enumerate(lines, 1):
        line = whole.partition("#")[0]
        if not line.strip():
            continue
        if found := _RATE.match(line):
            name = next(
                own for own in found.group("own", "own_marked", "over", "over_marked") if own
            )
            yield _Line(where, number, name, found["right"], column=True)
        elif found := _DEFINITION.match(line):
            yield _Line(where, number, found["name"], found["right"], column=False)
        else:
            second = "''" in line.partition("=")[0]
            raise GrammarError(
                f"{where}, line {number}: {line.strip()!r} is not an equation; "
                + (
                    "give a second derivative as two lines, x' = v and v' = ..."
                    if second
                    else "write x' = ..., dx/dt = ... or, for a constant, g = 9.81"
                )
            )


def _check_definition(line: _Line, read: Equations) -> None:
    name = line.name
    if not name.isidentifier() or name in CONSTANTS or name in functions():
        raise line.error(f"{name!r} cannot be defined; choose a name without another meaning here")
    if name in read.columns:
        raise line.error(f"{name} has an equation {name}' = ... and cannot be defined too")
    if name in read.names:
        used = "is time" if name == TIME else "is used or defined in a line above; define it once, "
        raise line.error(f"{name} {used}" + ("" if name == TIME else "before its first use"))


def _with_symbols(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, and after them those of a formula that are not among them."""
    added = [name for name in bare_names(text, names) if name not in names]
    for name in added:
        if not name.isidentifier():
            hint = " (a derivative can only be on the left)" if "'" in name else ""
            known = ", ".join(map(quoted, names))
            raise GrammarError(f"{name!r} is not a name{hint}; names: {known}")
    return (*names, *added)


def reads_columns(equations: Equations, formula: Formula) -> bool:
    """Whether a formula reads a column, or time."""
    return not equations.needed(formula).isdisjoint(equations.moving)
