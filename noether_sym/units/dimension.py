"""Physical dimensions as exact rational exponents of base units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

Exponent = int | Fraction


@dataclass(frozen=True, slots=True)
class Dimension:
    """A product of base units with rational exponents.

    Parameters
    ----------
    exponents : tuple of (str, int or Fraction)
        Base-unit symbol and exponent, sorted by symbol, without zeros; whole exponents are
        integers, with which a search computes faster. Use `Dimension.of` to build one from
        a mapping.

    Notes
    -----
    All formulas of a search share one coherent system of base units (see
    `noether_sym.units.coherent`), so a dimension and a unit are the same thing here and no
    conversion factor can hide inside a formula. Radians are dimensionless.
    """

    exponents: tuple[tuple[str, Exponent], ...] = ()

    @classmethod
    def of(cls, exponents: Mapping[str, Exponent]) -> Dimension:
        """Build a dimension from a mapping of base-unit symbol to exponent."""
        return cls(tuple(sorted((k, _exact(v)) for k, v in exponents.items() if v != 0)))

    @property
    def is_dimensionless(self) -> bool:
        """Whether every exponent is zero."""
        return not self.exponents

    def __mul__(self, other: Dimension) -> Dimension:
        return self._times(other, 1)

    def __truediv__(self, other: Dimension) -> Dimension:
        return self._times(other, -1)

    def _times(self, other: Dimension, sign: int) -> Dimension:
        if not other.exponents:
            return self
        total = dict(self.exponents)
        for symbol, exponent in other.exponents:
            total[symbol] = _exact(total.get(symbol, 0) + sign * exponent)
        return Dimension(tuple(sorted(item for item in total.items() if item[1])))

    def __pow__(self, power: Exponent) -> Dimension:
        power = _exact(power)
        if not power:
            return Dimension()
        return Dimension(tuple((symbol, _exact(own * power)) for symbol, own in self.exponents))

    def __str__(self) -> str:
        """Print as pint reads it: ``kg*m**2/s``; ``dimensionless`` when empty."""
        over = [_factor(s, e) for s, e in self.exponents if e > 0]
        under = [_factor(s, -e) for s, e in self.exponents if e < 0]
        if not over and not under:
            return "dimensionless"
        return "/".join(["*".join(over) or "1", *under])


DIMENSIONLESS = Dimension()


def product(dimensions: Iterable[Dimension]) -> Dimension:
    """Multiply dimensions together."""
    result = DIMENSIONLESS
    for dimension in dimensions:
        result = result * dimension
    return result


def _exact(exponent: Exponent) -> Exponent:
    if isinstance(exponent, int):
        return exponent
    return exponent.numerator if exponent.denominator == 1 else exponent


def _factor(symbol: str, exponent: Exponent) -> str:
    if exponent == 1:
        return symbol
    if exponent.denominator == 1:
        return f"{symbol}**{exponent}"
    return f"{symbol}**({exponent})"
