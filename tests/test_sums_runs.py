"""Sums of terms through the whole way: discover, the command line, what a run keeps."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from test_datasets_columns import collisions
from test_sums import epidemics

from noether_sym import discover
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import GRAMMARS
from noether_sym.store.limits import limits
from noether_sym.store.schema import LawsDocument
from noether_sym.units.coherent import coherent_units

SUMS = {"search": "sums", "budget": 1}
"""The smallest libraries."""


def dimension_of(unit):
    return coherent_units([unit])[0].dimension


def names_of(found):
    return list(found.laws["law"])


def document(found):
    return found.run.read(LawsDocument)


@pytest.fixture(scope="module")
def kepler():
    """Trajectories of the built-in system, as tables with units."""
    whole = load("kepler_2d")
    header = ["t [s]", "x [m]", "y [m]", "vx [m/s]", "vy [m/s]"]
    return [
        pd.DataFrame(np.column_stack([one.times, one.states]), columns=header)
        for one in (*whole.train[:9], *whole.test[:3])
    ]


@pytest.fixture(scope="module")
def kepler_file(kepler, tmp_path_factory):
    path = tmp_path_factory.mktemp("kepler") / "kepler.csv"
    frames = [table.assign(trajectory=number) for number, table in enumerate(kepler)]
    pd.concat(frames).to_csv(path, index=False)
    return str(path)


def springs_of_their_own(count=12):
    """x1' = x2, x2' = -x3*x1, the stiffness x3 another one on each trajectory."""
    rng = np.random.default_rng(0)
    t = np.linspace(0, 7, 50)
    tables = []
    for stiffness, size, phase in rng.uniform((0.5, 0.5, 0), (3, 2, 6), (count, 3)):
        omega = stiffness**0.5
        x1, x2 = size * np.cos(omega * t + phase), -size * omega * np.sin(omega * t + phase)
        tables.append(pd.DataFrame({"t": t, "x1": x1, "x2": x2, "x3": stiffness}))
    return tables


def colliding():
    """Two masses on a spring between them, in 24 pairs."""
    masses = tuple(np.random.default_rng(0).uniform(1, 4, 24))
    header = ["trajectory", "t [s]", "m1 [kg]", "m2 [kg]", "v1 [m/s]", "v2 [m/s]", "x [m]"]
    return pd.DataFrame(collisions(count=24, samples=40, masses=masses), columns=header)


def test_a_parameter_that_differs_enters_a_law_as_a_factor():
    found = discover(springs_of_their_own(), unitless=True, parameters=["x3"], **SUMS)
    assert names_of(found) == ["x2**2 + x1**2*x3"]
    assert found.best.values == pytest.approx((1,), abs=1e-6)
    assert (found.independent, document(found).most_laws) == (1, 1)


def test_masses_as_columns():
    found = discover(colliding(), parameters=["m1", "m2"], **SUMS)
    momentum, energy = found.accepted
    assert momentum.text(4) == "m1*v1 + m2*v2"
    assert energy.text(4) == "x**2 + 1*m1*v1**2 + 1*m2*v2**2"  # factors of 1 s**2/kg
    assert momentum.values == pytest.approx((1,), abs=1e-6)
    assert energy.values == pytest.approx((1, 1), abs=1e-6)
    assert energy.parameters[0].dimension == dimension_of("s**2/kg")
    assert (found.independent, document(found).most_laws) == (2, 2)


def test_masses_that_are_not_declared_are_laws_too():
    found = discover(colliding(), **SUMS)
    assert {"m1", "m2", "m1*v1 + m2*v2"} <= set(names_of(found))
    assert (found.independent, document(found).most_laws) == (4, 4)


def test_derived_columns_enter_sums_and_are_no_laws(kepler):
    found = discover(kepler, derive={"r": "sqrt(x**2 + y**2)"}, **SUMS)
    assert names_of(found)[:2] == ["x*vy - y*vx", "vx**2 + vy**2 - 2/r"]
    assert (found.independent, document(found).most_laws) == (3, 3)
    assert document(found).constraints == ()
    energy = found.law(2)
    assert energy.expanded.text(4) == "vx**2 + vy**2 - 2/sqrt(x**2 + y**2)"


@pytest.mark.xfail(
    strict=True, reason="a column that never moves is in no sum: E - x1**2 - x2**2 is not seen"
)
def test_a_column_that_is_the_energy_is_no_second_law():
    tables = []
    for table in springs_of_their_own():
        x1, x2 = table["x1"], table["x2"] / table["x3"] ** 0.5
        tables.append(pd.DataFrame({"t": table["t"], "x1": x1, "x2": x2, "E": x1**2 + x2**2}))
    found = discover(tables, unitless=True, **SUMS)
    assert found.independent == 1


def test_a_limit_cycle_is_a_constraint():
    """The same value on all trajectories, whichever way it is found."""
    t = np.linspace(0, 12, 60)
    phases = np.random.default_rng(0).uniform(0, 6, 10)
    tables = [pd.DataFrame({"t": t, "x": np.cos(t + p), "v": -np.sin(t + p)}) for p in phases]
    for search in ("sums", "both"):
        found = discover(tables, unitless=True, search=search, budget=1)
        assert found.laws.empty
        assert [one.expression for one in document(found).constraints] == ["x**2 + v**2"]
        assert document(found).most_laws == 0


def test_what_differs_on_trajectories_that_confirm_is_a_law():
    """The two that reach far take no part in the search, whose trajectories are all alike."""
    t = np.linspace(0, 12, 60)
    phases = np.random.default_rng(0).uniform(0, 6, 16)
    sizes = [3.0, *[1.0] * 6, 3.0, *[1.0] * 8]
    tables = [
        pd.DataFrame({"t": t, "x": size * np.cos(t + p), "v": -size * np.sin(t + p)})
        for size, p in zip(sizes, phases, strict=True)
    ]
    for search in ("sums", "both"):
        found = discover(tables, unitless=True, search=search, budget=1)
        assert [law.text() for law in found.accepted] == ["x**2 + v**2"]
        assert document(found).constraints == ()


def test_a_column_of_one_value_is_no_law_and_no_warning():
    t = np.linspace(0, 12, 60)
    sizes = np.linspace(0.5, 2.0, 6)
    tables = [
        pd.DataFrame({"t": t, "x": a * np.cos(t), "v": -a * np.sin(t), "k": 2.0}) for a in sizes
    ]
    found = discover(tables, unitless=True, **SUMS)
    assert [law.text() for law in found.accepted] == ["x**2 + v**2"]


def test_the_unit_inside_a_logarithm_has_no_error():
    """Any value serves: it adds a constant."""
    t = np.linspace(0, 4, 60)
    tables = [
        pd.DataFrame({"t [s]": t, "x [m]": np.log1p(v * t), "v [m/s]": v / (1 + v * t)})
        for v in np.linspace(0.5, 2.0, 6)
    ]
    (law,) = discover(tables, **SUMS).accepted
    assert law.text() == "x + 1*log(1*v)"
    factor, unit = law.parameters
    assert 0 < factor.stderr < 1e-6
    assert unit.stderr is None
    assert unit.interval is None


def test_the_sum_of_all_people_is_a_constraint():
    tables = []
    for states in epidemics(lambda rng: 1.0):
        table = pd.DataFrame(states, columns=["S", "I", "R"])
        tables.append(table.assign(t=np.linspace(0, 30, len(table))))
    found = discover(tables, unitless=True, columns=["S", "I", "R"], **SUMS)
    assert names_of(found) == ["R + 0.4*log(S)"]
    assert [one.expression for one in document(found).constraints] == ["S + I + R"]
    assert (found.independent, document(found).most_laws) == (1, 1)


def test_two_bodies():
    found = discover("two_body", **SUMS)
    texts = [law.text(4) for law in found.accepted]
    assert {"vx1 + vx2", "vy1 + vy2"} <= set(texts)
    assert found.independent >= 5
    assert document(found).most_laws == 7
    assert any("1/sqrt((x1 - x2)**2 + (y1 - y2)**2)" in one for one in texts)


# the command line


def call(*arguments, code=0):
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout if code == 0 else result.output


@pytest.fixture(scope="module")
def fitted(kepler_file, tmp_path_factory):
    """The folder of a run with both searches, and what it printed."""
    results = tmp_path_factory.mktemp("results")
    shown = call("fit", "--dataset", kepler_file, "--results", results, "--jobs", 1)
    (run,) = results.iterdir()
    return run, shown


def test_the_count_is_that_of_the_list(fitted):
    run, shown = fitted
    laws = json.loads((run / "laws.json").read_text())
    count, most = map(int, re.search(r"(\d+) of at most (\d+) independent laws", shown).groups())
    heads = {entry["family"] for entry in laws["laws"] if not entry["function_of"]}
    assert count == laws["independent_laws"] == len(heads) == 3
    assert most == laws["most_laws"] == 3
    for entry in laws["laws"]:
        assert set(entry["function_of"]) <= heads
    accepted = [entry["expression"] for entry in laws["laws"]]
    assert len(set(accepted)) == len(accepted)


def test_json_is_what_the_run_keeps(fitted, kepler_file):
    run, _ = fitted
    printed = json.loads(
        call("fit", "--dataset", kepler_file, "--results", run.parent, "--json", "-q")
    )
    assert printed == json.loads((run / "laws.json").read_text())


def test_limits_are_kept_with_the_run(fitted):
    run, _ = fitted
    held = json.loads((run / "run.json").read_text())
    assert run.name.startswith("kepler-both-")
    assert held["search"]["method"] == held["identity"]["method"] == "both"
    assert held["search"]["budget"] == 20
    assert held["search"]["terms"] == held["identity"]["terms"] == limits(20).terms
    assert held["search"]["given"] is False
    assert sum(held["raw_counts"]) <= limits(20).formulas
    assert held["stages"]["sums"]["complete"] is True


def test_the_number_of_jobs_decides_nothing(fitted, kepler_file, tmp_path):
    run, _ = fitted
    call("fit", "--dataset", kepler_file, "--results", tmp_path, "--jobs", 2, "-q")
    (again,) = tmp_path.iterdir()
    assert again.name == run.name
    assert (again / "laws.json").read_bytes() == (run / "laws.json").read_bytes()


def test_formulas_of_seven_nodes_are_those_of_the_paper(tmp_path):
    options = ("--search", "formulas", "--depth", 7, "--results", tmp_path, "--json", "-q")
    laws = json.loads(call("fit", "--dataset", "ideal_spring", *options))
    dimensions = load("ideal_spring").dimensions
    assert laws["counts"]["candidates"] == sum(count_formulas(GRAMMARS["paper"], dimensions, 7))
    assert laws["counts"]["distinct"] == 271
    (run,) = tmp_path.iterdir()
    held = json.loads((run / "run.json").read_text())
    assert "sums" not in held["stages"] or held["stages"]["sums"] is None
    assert run.name.startswith("ideal_spring-formulas-")
    assert "q**2 + 1*p**2" in [entry["expression"] for entry in laws["laws"]]


def test_another_method_or_another_limit_is_another_run(tmp_path):
    """Budgets that pay for the same limits find the same run."""
    options = ("--dataset", "ideal_spring", "--results", tmp_path, "--depth", 3, "-q")
    for budget, runs in (("1s", 1), ("9", 1), ("2min", 2), ("0.04h", 2), ("1.5 min", 3)):
        call("fit", *options, "--search", "sums", "--budget", budget)
        assert len(list(tmp_path.iterdir())) == runs
    call("fit", *options, "--search", "both", "--budget", "1s")
    call("fit", *options, "--search", "formulas", "--budget", "1s")
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize(
    "budget", ["soon", "0", "-5", "-1s", "0s", "nan", "inf", "1e9999", "5 days", "", "1.2.3s"]
)
def test_a_budget_that_is_none_is_refused(budget, tmp_path):
    shown = call(
        "fit", "--dataset", "ideal_spring", f"--budget={budget}", "--results", tmp_path, code=2
    )
    assert "--budget" in shown
    assert "is not a time above zero, as in 20s or 5min" in " ".join(shown.split())
    assert not list(tmp_path.iterdir())


def test_a_budget_pays_for_the_entry_below_it():
    assert limits(0.5) == limits(9.99)
    assert limits(20) == limits(59) != limits(60)
    sizes = [limits(seconds) for seconds in (1, 10, 20, 60, 120, 600, 1e6)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == sizes[-2]
