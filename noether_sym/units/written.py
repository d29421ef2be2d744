"""Dimensions written in the units that the user's own columns are written with.

A constant between volts and amperes is in ``V**2/A**2``, a concentration in ``mol/L``: not in
``kg**2*m**4/A**4/s**6`` and ``mol/dm**3``, which are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations, product

from noether_sym.units.dimension import Dimension, Exponent

Parts = Mapping[str, Dimension]
"""Units by symbol, each with its dimension in the coherent base units."""

_COMPOSITE = 2.5
"""Cost of a composite unit beside its power: J before kg*m**2/s**2, m**2/s**2 before J/kg."""

_FOREIGN = 3.0
"""Cost of a base unit that no column is written with, beside its power."""

_NAMELESS = 100.0
"""Cost of a power of a base unit without a name, a number times one of SI."""

_STEPS: tuple[Exponent, ...] = (
    *(sign * step for step in (1, 2, 3, 4) for sign in (1, -1)),
    Fraction(1, 2),
)


def in_parts(dimension: Dimension, parts: Parts) -> Dimension:
    """A dimension as the shortest product of some units and base units that is found.

    Powers of the composite units are changed, of one or two at a time, as long as that makes
    the product shorter; what is left over is written in base units.
    """
    composite = [symbol for symbol, own in parts.items() if own != Dimension.of({symbol: 1})]
    powers: dict[str, Exponent] = dict.fromkeys(composite, 0)
    best = _cost(dimension, powers, parts)
    steps = _steps(composite)
    while True:
        tried = [{**powers, **{name: powers[name] + step[name] for name in step}} for step in steps]
        costs = [_cost(dimension, one, parts) for one in tried]
        if not costs or min(costs) >= best:
            break
        best = min(costs)
        powers = tried[costs.index(best)]
    return Dimension.of(powers) * _rest(dimension, powers, parts)


def _steps(composite: Sequence[str]) -> list[dict[str, Exponent]]:
    single: list[dict[str, Exponent]] = [{name: step} for name in composite for step in _STEPS]
    double: list[dict[str, Exponent]] = [
        {one: first, other: second}
        for one, other in combinations(composite, 2)
        for first, second in product((1, -1), repeat=2)
    ]
    return [*single, *double]


def _rest(dimension: Dimension, powers: Mapping[str, Exponent], parts: Parts) -> Dimension:
    for symbol, power in powers.items():
        dimension = dimension / parts[symbol] ** power
    return dimension


def _cost(dimension: Dimension, powers: Mapping[str, Exponent], parts: Parts) -> float:
    """How long a product is; base units that no column is written with count more."""
    total = sum(_COMPOSITE + _length(power) for power in powers.values() if power)
    for symbol, power in _rest(dimension, powers, parts).exponents:
        total += _length(power)
        if symbol[0].isdigit():
            total += _NAMELESS * abs(float(power))
        elif symbol not in parts:
            total += _FOREIGN
    return total


def _length(power: Exponent) -> float:
    return abs(float(power)) + (0.0 if power.denominator == 1 else 1.0)
