"""The border to pint: unit names come in here, exact dimensions go on.

Columns of one data set are brought into one coherent system of base units, so that
``x [cm] + y [m]`` can never be added without conversion. The system takes the base
units that the columns themselves name (``au`` for lengths if the first length is in
``au``), then those in which their other units need no conversion (dm where a column is
in ``mol/L``), and SI for the rest; temperatures are always in K. Angles go to radians,
which are dimensionless in formulas but stay in the unit that is shown (``rad/s``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import UnitError
from noether_sym.spelling import spelt
from noether_sym.units.dimension import Dimension
from noether_sym.units.written import in_parts

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
    "[printing_unit]": "px",
}
_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", -2: "c", -1: "d", 3: "k", 6: "M", 9: "G"}
_ADJUSTED = ("[mass]", "[length]", "[current]", "[substance]", "[luminosity]", "[time]")
_NOT_PHYSICAL = frozenset({"bit", "css_pixel", "absorbance_unit"})
_WORD = re.compile(r"[^\W\d]\w*")
_FORBIDDEN = re.compile(r"[;,:=\[\]{}\"!?&|<>@#$\\]|//")
_POWER_OF_NUMBER = re.compile(r"(?<!\w)\d[\d.]*\s*\)*\s*(?:\*\*|\^|[⁰¹²³⁴⁵⁶⁷⁸⁹])")
_PLAIN = re.compile(
    r"(?:1|[A-Za-zµμΩΩ°Å%]+)(?:\*\*(?:\d+|\(-?\d+(?:/\d+)?\)))?"
    r"(?:[*/][A-Za-zµμΩΩ°Å%]+(?:\*\*(?:\d+|\(-?\d+(?:/\d+)?\)))?)*"
)
_POWER_BY_NUMBER = re.compile(r"([^\W\d_]+)([+-]?\d+)\b")

_LONGEST = 200
"""Most characters of a unit; a message shows as many."""

_LARGEST_POWER = 20
"""Largest power of a kind of quantity, such as length, in a unit."""

_ASTRONOMICAL = re.compile(r"\bAU\b")
_AMBIGUOUS = re.compile(r"\ba\. ?u\b", re.IGNORECASE)
_NO_UNIT = ("", "1", "-", "\u2013")


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
    parts : tuple of (str, Dimension)
        The units that it is written with, each with its dimension; those that would have to be
        converted are left out.
    """

    given: str
    symbol: str
    dimension: Dimension
    factor: float = 1.0
    offset: float = 0.0
    parts: tuple[tuple[str, Dimension], ...] = ()

    @property
    def converted(self) -> bool:
        """Whether values change when they enter formulas."""
        return self.factor != 1.0 or self.offset != 0.0

    @property
    def is_angle(self) -> bool:
        """Whether this measures an angle; formulas take it in radians, without a dimension."""
        return self.dimension.is_dimensionless and _roots(_parse(self.given)) == {"radian": 1}

    def convert(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring values given in `given` into `symbol`."""
        return self.factor * values + self.offset if self.converted else values


@dataclass(frozen=True, slots=True)
class _Base:
    """A base unit: its symbol, and its size in a unit of pint's."""

    symbol: str
    known: str
    scale: float = 1.0


def coherent_units(names: Sequence[str], others: Sequence[str] = ()) -> tuple[Unit, ...]:
    """Read unit names and bring them into one coherent system.

    Parameters
    ----------
    names : sequence of str
        One unit a column, as pint reads them; ``""``, ``"1"`` and ``"dimensionless"``
        are dimensionless. ``AU`` is the astronomical unit.
    others : sequence of str
        More units, which have no say in the choice of the system.

    Returns
    -------
    tuple of Unit
        In the order of `names`, then `others`.

    Raises
    ------
    UnitError
        If a name is not a unit, is logarithmic (decibels), or measures nothing physical
        (bits, pixels).
    """
    return _coherent_units(tuple(names), tuple(others))


@lru_cache(maxsize=1024)
def _coherent_units(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[Unit, ...]:
    own = {name: _parse(name) for name in names}
    every = own | {name: _parse(name) for name in others}
    base = _base_units(own)
    parts = [_coherent_parts(name, unit, base) for name, unit in own.items()]
    known = {symbol: part for some in parts for symbol, part in some}
    found = {name: _coherent(name, unit, base, known) for name, unit in every.items()}
    return tuple(found[name] for name in (*names, *others))


def unit_conversion(given: str, wanted: str) -> tuple[float, float]:
    """Factor and offset that bring a value in one unit into another.

    Parameters
    ----------
    given, wanted : str
        As `Unit.symbol` writes them.

    Returns
    -------
    factor, offset : float
        ``value wanted = factor * value given + offset``.

    Raises
    ------
    UnitError
        If they measure different things, or one is no unit. Between an angle and a plain number
        radians are taken.
    """
    if given == wanted:
        return 1.0, 0.0
    base = _base_units({wanted: _parse(wanted)})
    one, other = (_coherent(name, _parse(name), base, {}) for name in (given, wanted))
    if one.dimension != other.dimension:
        raise UnitError(f"{given} and {wanted} measure different things")
    return one.factor / other.factor, (one.offset - other.offset) / other.factor


def written(dimension: Dimension, units: Sequence[Unit]) -> Dimension:
    """A dimension as a product of the units that some columns are written with.

    Parameters
    ----------
    dimension : Dimension
        In the coherent base units.
    units : sequence of Unit
        Of all columns and the time.

    Returns
    -------
    Dimension
        Whose symbols are those units, or base units where they make it no shorter.
    """
    return in_parts(dimension, {symbol: own for unit in units for symbol, own in unit.parts})


def unit_factors(text: str) -> list[tuple[str, str]]:
    """Symbol and exponent of each factor of a unit, as its user spells them; none where 1.

    Powers are texts: ``-1``, ``1/2``. What is not a unit stands for itself.
    """
    if text in ("", "1", "dimensionless"):
        return []
    if _PLAIN.fullmatch(text) is None:
        try:
            spelled, parts = _spelled(text), _parts(_parse(text))
        except UnitError:
            return [(text, "1")]
        ordered = sorted(parts.items(), key=lambda item: item[1] < 0)
        exponents = [(part, Fraction(power).limit_denominator(1000)) for part, power in ordered]
        return [
            (spelled.get(part) or f"{_registry().Unit(part):~}", str(power))
            for part, power in exponents
        ]
    factors = []
    for sign, factor in re.findall(r"(\A|/|\*(?!\*))((?:\*\*|\([^()]*\)|[^*/])+)", text):
        symbol, _, power = (part.strip() for part in factor.partition("**"))
        power = power.strip("()") or "1"
        if symbol != "1":
            factors.append((symbol, f"-{power}" if sign == "/" else power))
    return factors


def _base_units(units: Mapping[str, Any]) -> dict[str, _Base]:
    """The base unit of each kind: the first that the names spell out, or need, else SI."""
    registry = _registry()
    base: dict[str, _Base] = {}
    composite: list[Any] = []
    for name, unit in units.items():
        spelled = _spelled(name)
        for part in _parts(unit):
            dimensionality = dict(registry.get_dimensionality(part))
            kind = next(iter(dimensionality), "")
            if dimensionality != {kind: 1} and not _measures_angle(registry.Unit(part)):
                composite.append(registry.Unit(part))
            elif dimensionality == {kind: 1} and kind in _SI and kind != "[temperature]":
                symbol = spelled.get(part) or f"{registry.Unit(part):~}"
                base.setdefault(kind, _Base(symbol, symbol))
    for unit in sorted(composite, key=lambda unit: len(unit.dimensionality)):
        _adjust(base, unit)
    return {**{kind: _Base(symbol, symbol) for kind, symbol in _SI.items()}, **base}


def _adjust(base: dict[str, _Base], unit: Any) -> None:
    """Choose a base unit that no column has named so that `unit` needs no conversion."""
    kinds = dict(unit.dimensionality)
    whole = {**{kind: _Base(symbol, symbol) for kind, symbol in _SI.items()}, **base}
    try:
        factor, _ = _conversion(str(unit), unit, whole)
    except UnitError:  # where it stands, it is refused with its name
        return
    free = [kind for kind in _ADJUSTED if kind in kinds and kind not in base]
    if free and abs(factor - 1.0) > 1e-12:
        scale = factor ** (1.0 / float(kinds[free[0]]))
        base[free[0]] = _scaled(_SI[free[0]], scale)
    for kind in kinds:
        if kind != "[temperature]":
            base.setdefault(kind, whole[kind])


def _scaled(symbol: str, scale: float) -> _Base:
    """A multiple of an SI unit, with its name where it is a power of ten that has one."""
    power, plain = math.log10(scale), symbol
    if symbol == "kg":
        power, plain = power + 3, "g"
    prefix = _PREFIXES.get(round(power)) if abs(power - round(power)) < 1e-12 else None
    if prefix is None:
        return _Base(f"{scale:.12g}{symbol}", symbol, scale)
    return _Base(f"{prefix}{plain}", f"{prefix}{plain}")


def _spelled(name: str) -> dict[str, str]:
    """How the user wrote each part of a unit: ``yr`` for what pint calls ``year``."""
    found: dict[str, str] = {}
    for word in _WORD.findall(_readable(name)):
        try:
            parts = _parts(_registry().Unit(word))
        except Exception:  # a word that is no unit alone (the E of 1E3)
            continue
        if list(parts.values()) == [1]:  # m² is a word too
            found.setdefault(next(iter(parts)), word)
    return found


def _coherent(name: str, unit: Any, base: dict[str, _Base], known: dict[str, Dimension]) -> Unit:
    dimension = _dimension(unit, base)
    factor, offset = _conversion(name, unit, base)
    if abs(factor - 1.0) < 1e-12 and offset == 0.0:
        parts = _coherent_parts(name, unit, base)
        return Unit(name, _readable(name), dimension, parts=parts)
    angle = Fraction(_roots(unit).get("radian", 0)).limit_denominator(1000)
    shown = in_parts(dimension, known) * Dimension.of({"rad": angle})
    parts = tuple((symbol, known[symbol]) for symbol, _ in shown.exponents if symbol in known)
    return Unit(name, str(shown), dimension, factor, offset, parts)


def _dimension(unit: Any, base: dict[str, _Base]) -> Dimension:
    exponents = {
        base[kind].symbol: Fraction(exponent).limit_denominator(1000)
        for kind, exponent in unit.dimensionality.items()
    }
    return Dimension.of(exponents)


def _coherent_parts(
    name: str, unit: Any, base: dict[str, _Base]
) -> tuple[tuple[str, Dimension], ...]:
    """The units that a unit is written with and that need no conversion, as the user spells them.

    What has no dimension, such as an angle, is left out.
    """
    found = []
    spelled = _spelled(name)
    for part in _parts(unit):
        own = _registry().Unit(part)
        dimension = _dimension(own, base)
        if dimension.is_dimensionless or _measures_angle(own):
            continue
        try:
            factor, offset = _conversion(name, own, base)
        except UnitError:  # logarithmic; refused where the whole is converted
            continue
        if abs(factor - 1.0) < 1e-12 and offset == 0.0:
            found.append((spelled.get(part) or f"{own:~}", dimension))
    return tuple(found)


def _conversion(name: str, unit: Any, base: dict[str, _Base]) -> tuple[float, float]:
    """Factor and offset that bring a value in `unit` into the base units."""
    registry = _registry()
    target, scale = registry.Unit(""), 1.0
    for kind, exponent in unit.dimensionality.items():
        power = Fraction(exponent).limit_denominator(1000)
        target = target * registry.Unit(base[kind].known) ** power
        scale *= base[kind].scale ** float(power)
    try:
        at_zero, at_one, at_two = (
            float(registry.Quantity(value, unit).to(target).magnitude) / scale
            for value in (0.0, 1.0, 2.0)
        )
    except Exception as error:  # pint raises many kinds here; all mean the same to a user
        raise UnitError(f"unit {name!r} cannot be converted to {target:~}: {error}") from error
    factor, offset = at_one - at_zero, at_zero
    if abs(at_two - at_one - factor) > 1e-9 * abs(factor):
        raise UnitError(f"unit {name!r} is logarithmic; convert the column to a linear unit first")
    if offset == 0.0:
        factor = at_one
    if not (math.isfinite(factor) and factor > 0):
        raise UnitError(f"unit {name!r} is too large or too small to convert to {target:~}")
    return factor, offset


def _measures_angle(unit: Any) -> bool:
    """Whether radians are a part of a unit, as of rpm: it goes to radians in any case."""
    return "radian" in _roots(unit)


@lru_cache(maxsize=1024)
def _parse(name: str) -> Any:
    text = _readable(name)
    wrong = _FORBIDDEN.search(text)
    try:
        if wrong:
            raise ValueError(f"{wrong.group()!r} is not allowed in a unit")
        if _AMBIGUOUS.search(text):  # to pint a year times an atomic mass
            raise ValueError(
                "it may be arbitrary, atomic or astronomical: write dimensionless, bohr, hartree "
                "or au"
            )
        # 9**9**9 would be computed, digit by digit
        if _POWER_OF_NUMBER.search(text) or len(text) > _LONGEST:
            raise ValueError("too long, or a power of a plain number")
        unit = _registry().Unit(text)
        kinds = set(unit.dimensionality)
        if any(not abs(power) <= _LARGEST_POWER for power in unit.dimensionality.values()):
            raise ValueError(f"a power above {_LARGEST_POWER}")
        strange = (kinds - set(_SI)) | ({*_parts(unit), *_roots(unit)} & _NOT_PHYSICAL)
    except Exception as error:  # pint raises many kinds here; all mean the same to a user
        raise UnitError(
            f"{name[:_LONGEST]!r} is not a unit that is known{_reason(text, error)}; write it as "
            "in kg*m**2/s, rad, deg, m/s, dimensionless"
        ) from error
    if strange:
        raise UnitError(
            f"unit {name!r} measures no physical quantity ({', '.join(sorted(strange))}); give a "
            "physical unit, or dimensionless for a plain number, or search without units: "
            f"{spelt('--unitless', 'unitless=True')}"
        )
    return unit


def _reason(text: str, error: Exception) -> str:
    """Why a text is not a unit: in pint's words where they are for people, or how to write it."""
    powers = _POWER_BY_NUMBER.sub(r"\1**\2", text)
    if powers != text:
        with suppress(Exception):
            _registry().Unit(powers)
            return f" (a power needs ** or ^: {re.sub(r' +', '*', powers)})"
    if isinstance(error, (ValueError, AttributeError)) and str(error):
        return f" ({error})"  # an unknown name is pint's AttributeError
    return ""


def _readable(name: str) -> str:
    """The name as pint is to read it, and as it is shown where nothing is converted."""
    text = name.strip().replace("\u2212", "-")  # pint leaves out what it does not know
    # to pint AU is the absorbance unit, to people with trajectories the astronomical one
    return "dimensionless" if text in _NO_UNIT else _ASTRONOMICAL.sub("au", text)


def _parts(unit: Any) -> dict[str, Any]:
    """Names and exponents of the units that a unit is written with."""
    return dict(_registry().Quantity(1.0, unit).unit_items())


def _roots(unit: Any) -> dict[str, Any]:
    """Exponents of pint's root units; unlike its dimensions, these keep angles and bits."""
    _, root = _registry().get_root_units(unit, check_nonmult=False)
    return _parts(root)


@cache
def _registry() -> Any:
    import pint

    new: Callable[..., Any] = partial(pint.UnitRegistry, on_redefinition="ignore")
    try:  # definitions that pint has read once are kept: a tenth of the time at every start
        registry = new(cache_folder=":auto:")
    except Exception:  # a folder that cannot be written to, or what another process left there
        registry = new()
    # to pint px is a length on paper; in a video it is what positions are counted in
    registry.define("pixel = [printing_unit] = px")
    return registry
