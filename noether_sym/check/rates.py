"""How fast a formula changes along given equations, at points, in interval arithmetic.

An interval holds the true value, so that one which does not hold zero proves that the formula
is not conserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from noether_sym.check.equations import Equations
from noether_sym.dsl.expression import INPUT
from noether_sym.dsl.parser import Formula

DIGITS = 60
POINTS = 24
"""Decimal digits of the arithmetic, and how many points a formula is looked at."""

_DRAWS = 600
"""Points that are drawn at most: at many a formula, or an equation, is not defined."""

_LARGEST = 1e6  # arguments beyond this are left out, so that no exponential overflows


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate dL/dt of a formula at a point.

    Attributes
    ----------
    point : dict of str to Fraction
        Values of the columns, of symbols and of time, as far as they matter.
    value, error : float
        dL/dt, and half the width of its interval.
    size : float
        Sum of the absolute values of the terms that make dL/dt up.
    proven : bool
        Whether the interval of dL/dt does not hold zero.
    trivial : bool
        Whether every partial derivative of the formula is zero within its interval.
    """

    point: dict[str, Fraction]
    value: float
    error: float
    size: float
    proven: bool
    trivial: bool

    @property
    def share(self) -> float:
        """Of dL/dt in the sum of its terms: 0 where it may be zero, 1 where nothing cancels."""
        return abs(self.value) / self.size if self.proven and self.size > 0 else 0.0


def rates(equations: Equations, law: Formula) -> list[Rate]:
    """Rates of a formula at points where it and the equations are defined and real.

    Points are drawn from a fixed stream, so that the answer is always the same.
    """
    rng = np.random.default_rng(0)
    needed = _needed(equations, law)
    found = []
    for draw in range(_DRAWS):
        point = _point(rng, draw, needed)
        try:
            found.append(_rate(equations, law, point))
        except (ArithmeticError, ValueError):
            continue
        if len(found) == POINTS:
            break
    return found


def _needed(equations: Equations, law: Formula) -> list[int]:
    """Numbers of the columns, symbols and time that the rate of the formula depends on."""
    return sorted(equations.reached(law) - {*equations.constants, *equations.definitions})


def _point(rng: np.random.Generator, draw: int, needed: list[int]) -> dict[int, Fraction]:
    """Short decimals: of either sign, or positive, for roots and logarithms; in three sizes."""
    size = (200, 50, 1000)[draw // 2 % 3]
    values = rng.integers(1, size, len(needed))
    signs = rng.choice([-1, 1], len(needed)) if draw % 2 == 0 else np.ones(len(needed), int)
    return {
        number: Fraction(int(sign * value), 100)
        for number, sign, value in zip(needed, signs, values, strict=True)
    }


class _Intervals:
    """What formulas ask of an array library, on intervals of real numbers."""

    def __init__(self) -> None:
        from mpmath.ctx_iv import MPIntervalContext

        self.context = MPIntervalContext()
        self.context.dps = DIGITS

    def number(self, fraction: Fraction) -> Any:
        return self.context.mpf(fraction.numerator) / fraction.denominator

    def sin(self, x: Any) -> Any:
        return self.context.sin(self._bounded(x))

    def cos(self, x: Any) -> Any:
        return self.context.cos(self._bounded(x))

    def exp(self, x: Any) -> Any:
        return self.context.exp(self._bounded(x))

    def sqrt(self, x: Any) -> Any:
        return self.context.sqrt(self._positive(x))

    def log(self, x: Any) -> Any:
        return self.context.log(self._positive(x))

    def _bounded(self, x: Any) -> Any:
        if not (-_LARGEST < x < _LARGEST):
            raise ValueError("too large an argument")
        return x

    def _positive(self, x: Any) -> Any:
        if not x > 0:  # also where it is not certain
            raise ValueError("not a positive argument")
        return x


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """Values of the names at a point, and their derivatives by columns and time."""

    lib: _Intervals
    equations: Equations
    values: list[Any]
    slopes: list[dict[int, Any]]

    def dual(self, formula: Formula) -> tuple[Any, dict[int, Any]]:
        """Value of a formula, and its derivatives by columns and time."""
        numbers = self.equations.values(formula, self.lib.number)
        value, partials = formula.expression.linearise(self.lib, self.values, numbers, INPUT)
        slopes: dict[int, Any] = {}
        for name, partial in partials.items():
            for column, slope in self.slopes[name].items():
                slopes[column] = slopes.get(column, 0) + partial * slope
        return value, slopes


def _rate(equations: Equations, law: Formula, point: Mapping[int, Fraction]) -> Rate:
    lib = _Intervals()
    columns, used = len(equations.columns), equations.reached(law)
    at = _At(lib, equations, [None] * len(equations.names), [{} for _ in equations.names])
    for number, value in point.items():
        at.values[number] = lib.number(value)
        at.slopes[number] = {number: 1} if number in equations.moving else {}
    for number in equations.constants:
        at.values[number] = +lib.context.pi
    for number, definition in equations.definitions.items():
        if number in used:
            at.values[number], at.slopes[number] = at.dual(definition)
    _, slopes = at.dual(law)
    terms = [
        lib.context.mpf(slope * (at.dual(equations.rates[number])[0] if number < columns else 1))
        for number, slope in slopes.items()
    ]
    total = sum(terms, lib.context.mpf(0))
    low, high = (float(end) for end in (total.a, total.b))
    if not np.isfinite([low, high]).all():
        raise ArithmeticError("no finite rate")
    return Rate(
        point={equations.names[number]: value for number, value in point.items()},
        value=float(total.mid),
        error=float(total.delta) / 2,
        size=sum(abs(float(term.mid)) for term in terms),
        proven=not (total.a <= 0 <= total.b),
        trivial=all(0 in lib.context.mpf(slope) for slope in slopes.values()),
    )
