"""Numbers, units and formulas as people read them."""

from __future__ import annotations

import math

import pytest

from noether_sym.laws.law import Parameter
from noether_sym.report import words
from noether_sym.tailor.document import Moments
from noether_sym.units.dimension import Dimension


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (0.00123456, "0.00123"),
        (1.23456e-5, "1.23×10⁻⁵"),
        (-2.5e-30, "-2.50×10⁻³⁰"),
        (123456.0, "123456"),
        (1.5e7, "1.50×10⁷"),
        (math.nan, "–"),
        (None, "–"),
        (-math.inf, "–"),
    ],
)
def test_numbers(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (2.44693, 0.0131, "2.447 ± 0.013"),
        (2.44693, None, "2.44693"),
        (2.44693, 0.0, "2.44693"),
        (3.0, 1e-16, "3 ± 1.0×10⁻¹⁶"),
        (3.0, math.inf, "3 ± –"),
        (12345678.0, 12.0, "1.23457×10⁷ ± 12"),
        (None, None, "–"),
    ],
)
def test_values_with_errors(value, error, text):
    assert words.with_error(value, error) == text


@pytest.mark.parametrize(
    ("mean", "std", "text", "plain"),
    [
        (0.15513, 0.00022, "0.1551 ± 0.0002", "0.16 ± 0.0002"),
        (0.01075549, 6.3e-7, "0.0108", "0.011 ± 6e-07"),
        (57.0, 80.2, "57 ± 80", "57 ± 8e+01"),
        (1.2e9, 3e8, "1.20×10⁹ ± 3×10⁸", "1.2e+09 ± 3e+08"),
        (0.5, None, "0.500", "0.5"),
        (None, None, "–", "-"),
        (0.0, 0.1, "0", "0"),
        (0.25, 0.0, "0.250", "0.25"),
    ],
)
def test_spreads(mean, std, text, plain):
    own = Moments(mean, std, 0 if mean is None else 4)
    assert words.spread(own, 4) == text
    assert words.spread(own, 4, plain=True) == plain
    missing = "" if mean is None else " (4 of 5)"
    assert words.spread(own, 5) == text + missing
    assert words.spread(own, 5, plain=True) == plain + missing


def test_plain_numbers_are_those_of_programs():
    assert words.number(1.23456e-5, 2, plain=True) == "1.2e-05"
    assert words.number(None, plain=True) == words.number(math.nan, plain=True) == "-"
    metre = Dimension.of({"m": 1})

    def shown(*own):
        return words.constant(Parameter("c0", own[0], metre, *own[1:]), "m")

    assert shown(2.44693, 0.0131) == "c0 = 2.447 ± 0.013 m"
    assert shown(3.0, 1e-16) == "c0 = 3 ± 1e-16 m"
    assert shown(math.nan, None) == "c0 = - m"
    # two standard errors to either side are what ± says; one degree of freedom needs 12.7
    assert shown(2.0, 0.1, (1.8, 2.2)) == "c0 = 2.00 ± 0.10 m"
    assert shown(2.0, 0.1, (0.73, 3.27)) == "c0 = 2.00 ± 0.10 m, 95 %: 0.73 to 3.27"
    assert shown(0.25, 1.6e-16, (0.25 - 2e-15, 0.25 + 2e-15)) == "c0 = 0.25 ± 1.6e-16 m"
    assert shown(2e8, 1e3, (1.99e8, 2.01e8)).endswith("m, 95 %: 1.99e+08 to 2.01e+08")


def test_units_and_formulas():
    assert words.unit("kg*m**2/s**2") == "kg·m²/s²"
    assert words.unit("m**(1/2)") == "m^(1/2)"
    assert words.unit("dimensionless") == words.unit("1") == words.unit("") == ""
    assert words.formula("p**2 - 2.43*cos(q)") == "p² − 2.43·cos(q)"
    assert words.formula("x**12") == "x¹²"


def test_durations():
    assert words.seconds(3.14) == "3.1 s"
    assert words.seconds(600) == "10 min"
