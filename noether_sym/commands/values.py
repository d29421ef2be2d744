"""Values of options, read from text; an error says what is wrong, and shows how it is written."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click

SEED = click.IntRange(min=0, max=2**31 - 1)
_SECONDS = {"m": 60.0, "min": 60.0, "h": 3600.0}


class Written(click.ParamType):
    """A value that a function reads from text; its ValueError says what is wrong."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error))


class OneOf(click.Choice[str]):
    """One of a few words; an error names the one that was probably meant."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = difflib.get_close_matches(value, list(self.choices), n=1)
            if not close:
                raise
            self.fail(f"{error.message} Did you mean {close[0]!r}?", param, ctx)


def window(text: str) -> str | int:
    """``auto``, ``full`` or a number of samples above 1."""
    if text in ("auto", "full"):
        return text
    with suppress(ValueError):
        if (number := int(text)) > 1:
            return number
    raise ValueError(f"{text!r} is neither 'auto', 'full' nor a number of samples above 1")


def above(least: float, text: str, *, inclusive: bool = False) -> float:
    """A finite number above a bound."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    high_enough = number >= least if inclusive else number > least
    if not math.isfinite(number) or not high_enough:
        raise ValueError(f"{text} is not {'at least' if inclusive else 'above'} {least:g}")
    return number


def budget(text: str) -> float:
    """A time: seconds, or a number with a unit."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|m|h)?\s*", text)
    with suppress(ValueError):
        seconds = float(match[1]) * _SECONDS.get(match[2], 1.0) if match else 0.0
        if 0 < seconds < math.inf:
            return seconds
    raise ValueError(f"{text!r} is not a time above zero, as in 20s or 5min")


NOT_NEGATIVE = Written("number", partial(above, 0.0, inclusive=True))
POSITIVE = Written("number", partial(above, 0.0))


def named_unit(text: str) -> tuple[str, str]:
    """A name with a unit, as in ``q=rad``."""
    name, sign, unit = text.rpartition("=")
    if not sign or not name:
        raise ValueError(f"{text!r} is not of the form NAME=UNIT, as in q=rad")
    return name.strip(), unit.strip()


def named_noise(text: str) -> tuple[str, float | str]:
    """A name with a number or another name, as in ``q=0.01`` or ``q=dq``."""
    name, sign, number = text.rpartition("=")
    if not sign or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME=VALUE, as in q=0.01")
    if not number.strip():
        raise ValueError(f"{text!r} gives no number, and no column that holds it")
    try:
        return name.strip(), float(number)
    except ValueError:
        return name.strip(), number.strip()


def quantity(text: str) -> tuple[str, str]:
    """A name with a quantity, as in ``g=9.81 m/s**2``."""
    name, sign, quantity = (part.strip() for part in text.partition("="))
    if not sign or not name or not quantity:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE UNIT, as in g='9.81 m/s**2'")
    return name, quantity


def names_in(text: str) -> tuple[str, ...]:
    """Names with commas between them; quotes hold a comma."""
    try:
        names = [name.strip() for name in next(csv.reader([text], strict=True), [])]
    except csv.Error:
        names = []
    if not names or "" in names:
        raise ValueError(f"{text!r} is not a list of names with commas, as in q,p")
    return tuple(names)


def pairs_in(text: str) -> tuple[tuple[str, str], ...]:
    """Names with names, as in ``x=vx,y=vy``."""
    pairs = []
    for item in names_in(text):
        name, sign, column = (part.strip() for part in item.partition("="))
        if not sign or not name or not column:
            raise ValueError(f"{text!r} is not of the form NAME=COLUMN,..., as in x=vx,y=vy")
        pairs.append((name, column))
    return tuple(pairs)


def vector(text: str) -> tuple[str, tuple[str, ...]]:
    """A name with the columns of a vector, as in ``r1=x1,y1,z1``."""
    name, sign, columns = text.partition("=")
    if not sign or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME=A,B,C, as in r1=x1,y1,z1")
    return name.strip(), names_in(columns)


def definition(text: str) -> tuple[str, str]:
    """A name with a formula, as in ``r = sqrt(x**2 + y**2)``."""
    name, sign, formula = (part.strip() for part in text.partition("="))
    if not sign or not name or not formula:
        raise ValueError(f"{text!r} is not of the form NAME = FORMULA, as in r = sqrt(x**2 + y**2)")
    return name, formula
