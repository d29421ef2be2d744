"""The border to pint: unit names come in here, exact dimensions go on.

Columns of one data set are brought into one coherent system of base units, so that
``x [cm] + y [m]`` can never be added without conversion. The system takes the base
units that the columns themselves name (``AU`` for lengths if a column is in ``AU``)
and SI for the rest. Angles go to radians.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.dsl.dimension import Dimension
from noether_sym.errors import UnitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SI = {
    "[length]": "m",
    "[mass]": "kg",
    "[time]": "s",
    "[current]": "A",
    "[temperature]": "K",
    "[substance]": "mol",
    "[luminosity]": "cd",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it enters formulas.

    Attributes
    ----------
    given : str
        As the user wrote it (``deg``).
    symbol : str
        As formulas use it (``rad``); equal to `given` where no conversion is needed.
    dimension : Dimension
        Exponents of the coherent base units.
    factor, offset : float
        ``value_in_formulas = factor * value_given + offset``.
    """

    given: str
    symbol: str
    dimension: Dimension
    factor: float = 1.0
    offset: float = 0.0

    @property
    def converted(self) -> bool:
        """Whether values change when they enter formulas."""
        return self.factor != 1.0 or self.offset != 0.0

    def convert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring values given in `given` into `symbol`."""
        return self.factor * values + self.offset if self.converted else values


def coherent_units(names: Sequence[str]) -> tuple[Unit, ...]:
    """Read unit names and bring them into one coherent system.

    Parameters
    ----------
    names : sequence of str
        One unit a column, as pint reads them; ``""``, ``"1"`` and ``"dimensionless"``
        are dimensionless.

    Returns
    -------
    tuple of Unit
        In the order of `names`.

    Raises
    ------
    UnitError
        If a name is not a unit, or is logarithmic (decibels).
    """
    registry = _registry()
    parsed = [_parse(name) for name in names]
    base = dict(_SI)
    named: set[str] = set()
    for unit in parsed:
        for part in unit._units:
            dimensionality = registry.get_dimensionality(part)
            kind = next(iter(dimensionality), "")
            if kind not in named and dict(dimensionality) == {kind: 1} and kind in base:
                named.add(kind)
                if registry._units[part].converter.is_multiplicative:
                    base[kind] = f"{registry.Unit(part):~}"
    return tuple(_coherent(name, unit, base) for name, unit in zip(names, parsed, strict=True))


def _coherent(name: str, unit: Any, base: dict[str, str]) -> Unit:
    registry = _registry()
    exponents: dict[str, Fraction] = {}
    target = registry.Unit("")
    for kind, exponent in unit.dimensionality.items():
        if kind not in base:
            raise UnitError(
                f"unit {name!r} has dimension {kind}, which is no physical base dimension; "
                "give a physical unit, or --unitless to search without units"
            )
        power = Fraction(exponent).limit_denominator(1000)
        exponents[base[kind]] = power
        target = target * registry.Unit(base[kind]) ** power
    dimension = Dimension.of(exponents)
    try:
        at_zero = float(registry.Quantity(0.0, unit).to(target).magnitude)
        at_one = float(registry.Quantity(1.0, unit).to(target).magnitude)
        at_two = float(registry.Quantity(2.0, unit).to(target).magnitude)
    except Exception as error:  # pint raises many kinds here; all mean the same to a user
        raise UnitError(f"unit {name!r} cannot be converted to {dimension}: {error}") from error
    factor, offset = at_one - at_zero, at_zero
    if abs(at_two - at_one - factor) > 1e-9 * abs(factor):
        raise UnitError(f"unit {name!r} is logarithmic; convert the column to a linear unit first")
    if abs(factor - 1.0) < 1e-12 and offset == 0.0:
        return Unit(name, name if name not in ("", "1") else "dimensionless", dimension)
    symbol = str(dimension)
    if dimension.is_dimensionless and _is_angle(unit):
        symbol = "rad"
    return Unit(name, symbol, dimension, factor, offset)


def _is_angle(unit: Any) -> bool:
    registry = _registry()
    return any(
        "radian" in registry.get_root_units(part, check_nonmult=False)[1]._units
        for part in unit._units
    )


def _parse(name: str) -> Any:
    text = name.strip()
    if text in ("", "1"):
        text = "dimensionless"
    try:
        return _registry().Unit(text)
    except Exception as error:  # pint raises many kinds here; all mean the same to a user
        raise UnitError(
            f"{name!r} is not a unit that is known ({error}); write it as in "
            "kg*m**2/s, rad, deg, m/s, dimensionless"
        ) from error


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
