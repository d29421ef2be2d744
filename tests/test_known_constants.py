"""Constants that are known: they enter formulas by name, with units, and are not fitted."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import noether_sym
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.datasets.constants import with_constants
from noether_sym.errors import DatasetError, UnitError
from noether_sym.report.command import command_line
from noether_sym.store.schema import RunDocument

G = {"g": "9.81 m/s**2"}


def throws(unit="m", length=1.0):
    """Stones thrown up: v**2/2 + g*y is constant along each."""
    generator = np.random.default_rng(0)
    tables = []
    for height, speed in zip(generator.uniform(0, 3, 8), generator.uniform(2, 9, 8), strict=True):
        t = np.linspace(0.0, 1.5, 60)
        y, v = height + speed * t - 4.905 * t**2, speed - 9.81 * t
        columns = {f"y [{unit}]": length * y, f"v [{unit}/s]": length * v}
        tables.append(pd.DataFrame({"t [s]": t, **columns}))
    return tables


@pytest.mark.parametrize(("unit", "length"), [("m", 1.0), ("cm", 100.0)])
def test_a_law_names_the_constant_and_fits_a_pure_number(unit, length):
    found = noether_sym.discover(throws(unit, length), constants=G, search="sums", budget=1)
    assert found.independent == 1
    law = found.best
    assert law.text() == "y + 0.5/g*v**2"
    (own,) = law.parameters
    assert own.dimension.is_dimensionless
    assert own.value == pytest.approx(0.5, rel=1e-9)
    assert 0 <= own.stderr < 1e-6
    assert str(law.dimension) == unit
    assert law.inputs[-1] == ("g", f"{unit}/s**2")
    assert f"constant g = {9.81 * length:g} {unit}/s**2" in found.notes
    # the value is that of the fit without the name
    plain = noether_sym.discover(throws(unit, length), search="sums", budget=1).best
    states = np.array([[1.0, 2.0], [0.5, -3.0]]) * length
    known = np.column_stack([states, [9.81 * length] * 2])
    np.testing.assert_allclose(law(known), plain(states), rtol=1e-9)
    assert law.gradient(known)[:, :2] == pytest.approx(plain.gradient(states))
    for format in ("python", "sympy", "latex", "c"):
        assert "g" in noether_sym.export(law, format)
    assert "g" in {symbol.name for symbol in law.sympy().free_symbols}


def test_a_constant_of_zero_names_nothing():
    tables = [table.assign(**{"b [m/s**2]": 0.0}) for table in throws()]
    found = noether_sym.discover(tables, parameters=["b"], search="sums", budget=1)
    (law,) = found.accepted
    assert "b" not in law.text()


def test_formulas_and_derived_columns_read_it():
    tables = throws()
    assert noether_sym.check("v**2/2 + g*y", tables, constants=G).verdict == "law"
    assert noether_sym.check("v**2/2 + 2*g*y", tables, constants=G).verdict == "not a law"
    data = load("ideal_pendulum", constants={"k": "2 1/s"}, derive={"w": "k*q"})
    assert data.names == ("q", "p", "k", "w")
    assert data.parameters == (2,)
    assert str(data.columns[3].dimension) == "1/s"
    assert data.constant_columns == (2,)


def test_units_are_converted_and_pure_numbers_are_taken():
    data = with_constants(load("ideal_spring"), {"l": "250 mm", "n": "-3e-2", "m": "4"})
    assert [own.unit.symbol for own in data.columns[2:]] == ["m", "dimensionless", "dimensionless"]
    assert data.train[0].states[0, 2:].tolist() == [0.25, -0.03, 4.0]
    bare = load("ideal_spring", unitless=True, constants={"l": "250 mm"})
    assert bare.train[0].states[0, 2] == 250.0
    assert bare.columns[2].dimension.is_dimensionless
    read = noether_sym.inspect("ideal_spring", constants={"n": 7})
    assert read.columns[2].median == 7.0


@pytest.mark.parametrize(
    ("constants", "error", "message"),
    [
        ({"g": "heavy"}, DatasetError, "'heavy' is not a number with a unit"),
        ({"g": "0 m"}, DatasetError, "give another number"),
        ({"g": "1e999 m"}, DatasetError, "give another number"),
        ({"q": "1 m"}, DatasetError, "choose a name that no column has"),
        ({"t": "1 s"}, DatasetError, "choose a name that no column has"),
        ({" ": "1 s"}, DatasetError, "choose a name"),
        ({"g": "3 parsnip"}, UnitError, "constant 'g': 'parsnip' is not a unit"),
        ({"g": "20 degC"}, UnitError, "does not start at zero"),
    ],
)
def test_what_is_no_constant_is_refused(constants, error, message):
    with pytest.raises(error, match=message):
        load("ideal_spring", constants=constants)


def test_saved_runs_keep_it_and_the_command_line_takes_it(tmp_path):
    path = tmp_path / "throws.csv"
    rows = [table.assign(trajectory=number) for number, table in enumerate(throws())]
    pd.concat(rows).to_csv(path, index=False)
    options = [
        "--constant",
        "g=9.81 m/s**2",
        "--search",
        "sums",
        "--budget",
        "1",
        "--results",
        str(tmp_path),
    ]
    done = CliRunner().invoke(main, ["fit", str(path), *options, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["laws"][0]["expression"] == "y + 0.5/g*v**2"
    (run,) = [own for own in tmp_path.iterdir() if own.is_dir()]
    held = json.loads((run / "run.json").read_text())
    assert held["data"]["constants"] == G
    found = noether_sym.load_discovery(run)
    assert found.best.text() == "y + 0.5/g*v**2"
    again = command_line(found.run.read(RunDocument))
    assert "--constant 'g=9.81 m/s**2'" in again
    for wrong in ("g", "g=", "=3 m"):
        done = CliRunner().invoke(main, ["fit", str(path), "--constant", wrong])
        assert done.exit_code == 2
        assert "NAME=VALUE UNIT" in done.output
