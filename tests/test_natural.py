"""Units of the constants of a formula that is given whole."""

import numpy as np
import pytest

from noether_sym.check import check
from noether_sym.datasets import load
from noether_sym.dsl.natural import natural_dimensions
from noether_sym.dsl.parser import parse
from noether_sym.errors import UnitError
from noether_sym.units import coherent_units

_COLUMNS = {"x": "m", "v": "m/s", "m": "kg"}


def _units(*names):
    *_, last = coherent_units(["m", "m/s", "kg", *names])
    return last.factor, last.dimension


def _found(text):
    dimensions = [unit.dimension for unit in coherent_units([*_COLUMNS.values()])]
    formula = parse(text, [*_COLUMNS], dimensions, _units)
    whole, constants = natural_dimensions(formula, dimensions)
    return str(whole), [str(own) for own in constants]


@pytest.mark.parametrize(
    ("text", "whole", "constants"),
    [
        ("0.5*v**2 + c0*x", "m**2/s**2", ["dimensionless", "m/s**2"]),
        ("c0*x + 0.5*v**2", "m**2/s**2", ["m/s**2", "dimensionless"]),
        ("m*v**2/2 + 0.5*c0*x**2", "kg*m**2/s**2", ["dimensionless", "dimensionless", "kg/s**2"]),
        ("v**2 + 19.62*x", "m**2/s**2", ["m/s**2"]),
        ("v**2 - 2*(c0*x + c1*x**2)", "m**2/s**2", ["dimensionless", "m/s**2", "1/s**2"]),
        ("c0*v**2 + c1*x", "m**2/s**2", ["dimensionless", "m/s**2"]),
        ("2*x + 3", "m", ["dimensionless", "m"]),
        ("v*exp(2*x/c0)", "m/s", ["dimensionless", "m"]),
        ("v*sin(2*x)", "m/s", ["1/m"]),
        ("0.5*v**2 + 9.81 [m/s**2]*x", "m**2/s**2", ["dimensionless", "m/s**2"]),
        ("x/3 + v/c0", "m", ["dimensionless", "1/s"]),
        ("sqrt(c0*x) + 2*v", "m/s", ["m/s**2", "dimensionless"]),
        ("2*c0*(3*x + c1*v)", "m", ["dimensionless", "dimensionless", "dimensionless", "s"]),
    ],
)
def test_numbers_are_plain_and_free_parameters_take_the_unit_of_their_place(text, whole, constants):
    assert _found(text) == (whole, constants)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.5*v**2 + 9.81*x", r"add of m\*\*2/s\*\*2 and m; .* as in 9.81 \[m/s\*\*2\]"),
        ("9.81*x - v**2/2", r"sub of m and m\*\*2/s\*\*2; .* as in 9.81 \[m/s\*\*2\]"),
    ],
)
def test_where_two_numbers_could_have_the_unit_the_message_shows_how_to_give_it(text, what):
    with pytest.raises(UnitError, match=what):
        _found(text)


def test_a_checked_formula_keeps_its_numbers_plain(tmp_path):
    rows = ["trajectory,t [s],y [m],vy [m/s]"]
    for name, (height, speed) in enumerate([(1.0, 3.0), (2.0, 1.0), (3.0, -1.0)]):
        for t in np.linspace(0, 1, 20):
            y, vy = height + speed * t - 4.905 * t**2, speed - 9.81 * t
            rows.append(f"{name},{t:.6f},{y:.12g},{vy:.12g}")
    path = tmp_path / "fall.csv"
    path.write_text("\n".join(rows))
    checked = check("0.5*vy**2 + c0*y", load(str(path)))
    assert [str(own.dimension) for own in checked.law.parameters] == ["dimensionless", "m/s**2"]
    assert checked.law.parameters[1].value == pytest.approx(9.81, rel=1e-6)
    assert str(checked.law.dimension) == "m**2/s**2"
