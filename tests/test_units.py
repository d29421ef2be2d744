"""Units at the border, and the algebra of dimensions behind it."""

import pickle
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noether_sym.errors import UnitError
from noether_sym.units.coherent import coherent_units, written
from noether_sym.units.dimension import DIMENSIONLESS, Dimension, product

EXPONENTS = st.fractions(min_value=-4, max_value=4, max_denominator=6)
DIMENSIONS = st.dictionaries(
    st.sampled_from(["m", "kg", "s", "A", "K", "mol", "cd"]), EXPONENTS, max_size=4
).map(Dimension.of)


@given(DIMENSIONS, DIMENSIONS, DIMENSIONS)
def test_dimensions_are_a_commutative_group(a, b, c):
    assert a * b == b * a
    assert (a * b) * c == a * (b * c)
    assert a * DIMENSIONLESS == a
    assert a / a == DIMENSIONLESS
    assert (a / b) * b == a
    assert product([a, b, c]) == c * b * a
    assert hash(a * b) == hash(b * a)


@given(DIMENSIONS, DIMENSIONS, EXPONENTS, EXPONENTS)
def test_powers_of_dimensions(a, b, r, s):
    assert (a * b) ** r == a**r * b**r
    assert a**r * a**s == a ** (r + s)
    assert (a**r) ** s == a ** (r * s)
    assert a**1 == a
    assert (a**0).is_dimensionless


@given(DIMENSIONS)
@settings(max_examples=50, deadline=None)
def test_a_printed_dimension_is_a_unit_that_reads_back(dimension):
    (unit,) = coherent_units([str(dimension)])
    assert unit.dimension == dimension
    assert not unit.converted


@given(st.lists(st.sampled_from(["m", "cm", "s", "ms", "kg", "g", "m/s", "J"]), min_size=1))
@settings(max_examples=50, deadline=None)
def test_equal_kinds_get_equal_dimensions(names):
    kinds = {"cm": "m", "ms": "s", "g": "kg"}
    units = coherent_units(names)
    for name, unit in zip(names, units, strict=True):
        for other, other_unit in zip(names, units, strict=True):
            same = kinds.get(name, name) == kinds.get(other, other)
            assert (unit.dimension == other_unit.dimension) is same


def test_nothing_to_convert():
    units = coherent_units(["rad", "kg*m**2/s", "", "1", "dimensionless", "Hz"])
    assert [unit.symbol for unit in units] == [
        "rad",
        "kg*m**2/s",
        "dimensionless",
        "dimensionless",
        "dimensionless",
        "Hz",
    ]
    assert not any(unit.converted for unit in units)
    values = np.array([1.0, 2.0])
    assert units[0].convert(values) is values


@pytest.mark.parametrize("text", ["a.u.", "a.u./s", "1/(a. u.)"])
def test_a_unit_that_may_be_arbitrary_is_not_guessed(text):
    """To pint a.u. is a year times an atomic mass."""
    with pytest.raises(UnitError, match="may be arbitrary, atomic or astronomical"):
        coherent_units([text])


def test_a_dash_is_no_unit():
    assert [unit.symbol for unit in coherent_units(["-", "\u2013"])] == ["dimensionless"] * 2


@pytest.mark.parametrize(
    ("given_", "symbol", "dimension", "factor"),
    [
        ("deg", "rad", "dimensionless", np.pi / 180),
        ("deg/s", "rad/s", "1/s", np.pi / 180),
        ("rpm", "rad/s", "1/s", 2 * np.pi / 60),
        ("arcmin", "rad", "dimensionless", np.pi / 180 / 60),
        ("deg**2/s", "rad**2/s", "1/s", (np.pi / 180) ** 2),
        ("percent", "dimensionless", "dimensionless", 0.01),
    ],
)
def test_conversion(given_, symbol, dimension, factor):
    (unit,) = coherent_units([given_])
    assert (unit.given, unit.symbol, str(unit.dimension)) == (given_, symbol, dimension)
    assert unit.factor == pytest.approx(factor, rel=1e-12)
    assert unit.offset == 0.0
    assert unit.converted


@pytest.mark.parametrize(
    "names",
    [
        ("mol/L", "mol/L", "s"),
        ("mV", "mA", "ms"),
        ("kPa", "L", "K", "s"),
        ("psi", "gallon", "min"),
        ("kJ/mol", "K", "s"),
        ("eV",),
        ("gauss",),
    ],
)
def test_units_that_agree_with_some_base_units_stay_as_they_are(names):
    units = coherent_units(names)
    assert [unit.symbol for unit in units] == list(names)
    assert not any(unit.converted for unit in units)


def test_units_that_do_not_agree_are_converted_to_the_first():
    _, flow = coherent_units(["m", "L/s"])
    assert (flow.symbol, flow.factor) == ("m**3/s", pytest.approx(1e-3))
    first, second = coherent_units(["eV", "J"])
    assert first.dimension == second.dimension
    assert (second.symbol, 1 / second.factor) == ("eV", pytest.approx(1.602176634e-19))


@pytest.mark.parametrize(
    ("names", "powers", "shown"),
    [
        (("V", "A", "s"), (2, -2), "V**2/A**2"),
        (("mol/L", "s"), (2,), "mol**2/L**2"),
        (("mol/L", "s"), (-1, -1), "L/mol/s"),
        (("kPa", "L", "K", "s"), (1, 1, -1), "L*kPa/K"),
        (("kg*m**2/s", "s"), (2, -2), "kg**2*m**4/s**4"),
        (("m", "m/s", "J", "kg"), (0, 2), "m**2/s**2"),
        (("m", "m/s", "J", "kg"), (0, 2, 0, 1), "J"),
        (("eV", "s"), (2, -1), "eV**2/s"),
        (("au", "au/yr"), (1, -1), "yr"),
    ],
)
def test_dimensions_are_written_in_the_units_of_the_user(names, powers, shown):
    units = coherent_units(names)
    powers = (*powers, *[0] * (len(units) - len(powers)))
    own = product(unit.dimension**power for unit, power in zip(units, powers, strict=True))
    assert str(written(own, units)) == shown


def test_the_first_unit_that_is_named_is_the_base():
    centimetre, metre, area = coherent_units(["cm", "m", "m**2"])
    assert centimetre.dimension == metre.dimension == Dimension.of({"cm": 1})
    assert (centimetre.factor, metre.factor) == (1.0, 100.0)
    assert area.factor == pytest.approx(1e4)
    assert metre.convert(np.array([2.0])).tolist() == [200.0]
    metre, centimetre = coherent_units(["m", "cm"])
    assert (metre.symbol, centimetre.symbol, centimetre.factor) == ("m", "m", 0.01)


def test_base_units_keep_the_users_spelling():
    distance, speed, day = coherent_units(["AU", "AU/yr", "day"])
    assert (distance.symbol, speed.symbol) == ("au", "au/yr")
    assert speed.dimension == Dimension.of({"au": 1, "yr": -1})
    assert day.symbol == "yr"
    assert day.factor == pytest.approx(1 / 365.25)


def test_the_astronomical_unit_is_a_length():
    distance, near = coherent_units(["AU", "km"])
    assert distance.dimension == near.dimension
    assert 1 / near.factor == pytest.approx(149597870.7)


def test_temperatures_are_absolute():
    celsius, kelvin, slope = coherent_units(["degC", "K", "degC/s"])
    assert celsius.convert(np.array([0.0, 100.0])) == pytest.approx([273.15, 373.15])
    assert celsius.dimension == kelvin.dimension
    assert celsius.symbol == "K"
    assert slope.dimension == Dimension.of({"K": 1, "s": -1})
    assert not slope.converted
    (fahrenheit,) = coherent_units(["degF"])
    assert fahrenheit.convert(np.array([32.0])) == pytest.approx([273.15])


@pytest.mark.parametrize(
    ("name", "exponent"),
    [("m**0.5", Fraction(1, 2)), ("m**(1/3)", Fraction(1, 3)), ("m**-1.5", Fraction(-3, 2))],
)
def test_rational_exponents_are_exact(name, exponent):
    (unit,) = coherent_units([name])
    assert unit.dimension == Dimension.of({"m": exponent})
    unit, other = coherent_units(["m", f"c{name}"])
    assert other.factor == pytest.approx(0.01 ** float(exponent))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dB", "logarithmic"),
        ("dBm", "logarithmic"),
        ("octave", "logarithmic"),
        ("bit", "no physical quantity"),
        ("byte/s", "no physical quantity"),
        ("bit", "dimensionless for a plain number"),
        ("furlonk", "'furlonk' is not a unit that is known"),
        ("5 m", "scaling factor"),
        ("m;s", "';' is not allowed in a unit"),
        ("m/s^", "not a unit"),
        ("()", "not a unit"),
        ("dBm/s", "not a unit"),
        ("__import__('os')", "not a unit"),
    ],
)
def test_refused(name, message):
    with pytest.raises(UnitError, match="unit") as caught:
        coherent_units(["m", name])
    assert message in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    "name", ["m**9**9**9", "9**9**9", "(3*3)^9", "9⁹⁹⁹⁹⁹⁹⁹", "m**1e300", "m" * 5000]
)
def test_units_that_would_never_end_are_refused(name):
    with pytest.raises(UnitError, match="is not a unit that is known"):
        coherent_units([name])


def test_superscripts():
    (unit,) = coherent_units(["kg*m²/s"])
    assert unit.dimension == coherent_units(["kg*m**2/s"])[0].dimension
    assert coherent_units(["m²"])[0].dimension == coherent_units(["m**2"])[0].dimension


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("kg m s-1", "kg*m*s**-1"),
        ("kg m s\u22121", "kg*m*s**-1"),
        ("m s-2", "m*s**-2"),
        ("kg m2/s2", "kg*m**2/s**2"),
    ],
)
def test_powers_without_a_sign_are_refused_with_the_way_to_write_them(name, hint):
    with pytest.raises(UnitError) as raised:
        coherent_units([name])
    assert f"a power needs ** or ^: {hint}" in str(raised.value)
    assert "ParserHelper" not in str(raised.value)
    coherent_units([hint])


@pytest.mark.parametrize("name", ["m**", "((m", "s-", "m//s", "1/"])
def test_what_is_no_unit_never_shows_how_pint_failed(name):
    with pytest.raises(UnitError, match="is not a unit that is known") as raised:
        coherent_units([name])
    assert not re.search("ParserHelper|operand|Error|token", str(raised.value))
