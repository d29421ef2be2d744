"""Conserved columns, parameters, derived columns and data without time, through the whole way."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from noether_sym import discover
from noether_sym.api.verbs import inspected as inspect
from noether_sym.check import check
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.datasets.chain import ColumnFormula
from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.derive import without_derived
from noether_sym.datasets.windows import choose_window
from noether_sym.dsl.parser import parse
from noether_sym.errors import DatasetError, GrammarError
from noether_sym.export import export
from noether_sym.export.json import law_from_entry, law_to_entry
from noether_sym.laws.expansion import expanded, with_expansions
from noether_sym.laws.law import Law, Parameter
from noether_sym.laws.symmetry import TIME, with_symmetries
from noether_sym.report.command import command_line
from noether_sym.store.run import Run
from noether_sym.store.schema import RunDocument
from noether_sym.store.search import reopen
from noether_sym.units.dimension import Dimension
from tests.strategies import expressions
from tests.test_datasets_columns import collisions, points_file, write


def springs(tracks=6, samples=40, noise=0.0, seed=0):
    """x'' = -x, beside a conserved column and one that is as mixed as noise."""
    rng = np.random.default_rng(seed)
    tables = []
    for number in range(tracks):
        t = np.linspace(0, 12, samples)
        size, phase = 1 + 0.3 * number, rng.uniform(0, 6)
        columns = {
            "t [s]": t,
            "x [m]": size * np.cos(t + phase),
            "v [m/s]": -size * np.sin(t + phase),
            "px [kg*m/s]": np.full(samples, number - 2.3) + noise * rng.standard_normal(samples),
        }
        tables.append(pd.DataFrame(columns))
    return tables


def circuits(count=14, noise=0.01, seed=0):
    """Charge and current of coils and capacitors that differ between trajectories."""
    draw = np.random.default_rng(seed)
    tables = []
    for _ in range(count):
        coil, capacity, charge = draw.uniform(1, 10), draw.uniform(0.5, 5), draw.uniform(0.2, 2)
        turn = 1.0 / np.sqrt(coil * capacity)
        t = np.linspace(0, 20, 200)
        angle = turn * t + draw.uniform(0, 6)
        own = np.array([charge * np.cos(angle), -charge * turn * np.sin(angle)])
        own += noise * own.std(1, keepdims=True) * draw.normal(size=own.shape)
        columns = {"t [s]": t, "Q [C]": own[0], "I [A]": own[1], "L [H]": coil, "C [F]": capacity}
        tables.append(pd.DataFrame(columns))
    return tables


def capacitors(count=14, noise=0.01, seed=0):
    """Voltages of two capacitors, joined by a resistor: their charge stays."""
    draw = np.random.default_rng(seed)
    tables = []
    for _ in range(count):
        (one, two), (u, w) = draw.uniform(1, 10, 2), draw.uniform(1, 10, 2)
        t = np.linspace(0, 8, 120)
        end = (one * u + two * w) / (one + two)
        fade = np.exp(-t * (1 / one + 1 / two))
        own = np.array([end + (u - end) * fade, end + (w - end) * fade])
        own += noise * own.std() * draw.normal(size=own.shape)
        columns = {"t [s]": t, "u [V]": own[0], "w [V]": own[1], "a [F]": one, "b [F]": two}
        tables.append(pd.DataFrame(columns))
    return tables


def test_a_law_times_a_function_of_parameters_is_the_same_law():
    found = discover(capacitors(), parameters=["a", "b"], jobs=1)
    assert (found.independent, found.most) == (1, 1)
    assert {law.family for law in found.accepted} == {1}
    assert {str(law) for law in found.accepted} >= {"u*a + w*b"}


def test_sums_in_noise_do_not_follow_whatever_parameters_do():
    """Some ten terms in one parameter follow fourteen trajectories; two in both are the energy."""
    found = discover(circuits(), parameters=["L", "C"], search="sums", jobs=1)
    (law,) = found.accepted
    assert {*law.expression.inputs} == {0, 1, 2, 3}
    assert len(law.parameters) == 1
    assert law.parameters[0].value == pytest.approx(1.0, abs=0.01)


def as_file(path, tables, drop=("t [s]",)):
    frames = [table.assign(trajectory=number) for number, table in enumerate(tables)]
    pd.concat(frames).drop(columns=list(drop)).to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("tracks", [3, 5, 12])
def test_a_conserved_column_is_conserved(tmp_path, noise, tracks):
    """With five trajectories a single one is held out, which shows no spread between any."""
    dataset = load(as_file(tmp_path / "a.csv", springs(tracks, noise=noise)))
    found = check("px", dataset)
    assert (found.verdict, found.reason) == ("law", "")
    assert found.window is None
    assert found.law.conservation_ratio < 0.003
    assert found.law.heldout_ratio < 0.003


@pytest.mark.parametrize("formula", ["x", "v", "x*px", "px + 0.5 [kg/s]*x", "v/px"])
def test_what_moves_beside_a_conserved_column_is_not(tmp_path, formula):
    dataset = load(as_file(tmp_path / "a.csv", springs(12, noise=0.03)))
    assert check(formula, dataset).verdict == "not a law"


def test_a_column_that_drifts_is_not_still(tmp_path):
    tables = springs(8)
    for table in tables:
        table["px [kg*m/s]"] += 0.15 * table["t [s]"]
    dataset = load(as_file(tmp_path / "a.csv", tables))
    assert not still_columns([one.states for one in dataset.train]).any()
    assert check("px", dataset).verdict == "not a law"


def test_windows_do_not_wait_for_conserved_columns(tmp_path):
    plain = load(as_file(tmp_path / "a.csv", springs(4, samples=80), drop=["t [s]", "px [kg*m/s]"]))
    noisy = load(as_file(tmp_path / "b.csv", springs(4, samples=80, noise=0.03)))
    assert choose_window(noisy.train) == choose_window(plain.train) is not None


def test_masses_that_differ(tmp_path):
    """Momentum from columns of masses; of parameters alone no law is listed."""
    header = "trajectory,t [s],m1 [kg],m2 [kg],v1 [m/s],v2 [m/s],x [m]"
    path = write(tmp_path / "a.csv", header, collisions())
    dataset = load(path, parameters=["m1", "m2"])
    assert check("m1*v1 + m2*v2", dataset).conserved
    assert check("m1*v1 + c0*m2*v2", dataset).law.parameters[0].value == pytest.approx(1)
    assert not check("v1 + v2", dataset).conserved
    assert "parameters only" in check("m1", dataset).notes[-1]
    bare = discover(path, depth=3, columns=["m1", "m2", "v1"])
    assert {"m1", "m2"} <= set(bare.laws["law"])
    told = discover(path, depth=3, columns=["v1"], parameters=["m1", "m2"])
    assert told.laws.empty


def test_without_time_laws_are_the_same():
    options = {"columns": ["x", "v"], "unitless": True, "depth": 5}
    timed = discover(springs(8, samples=20), **options)
    bare = [table.drop(columns="t [s]") for table in springs(8, samples=20)]
    found = discover(bare, **options)
    assert found.dataset.has_derivatives is False
    assert list(found.laws["law"]) == list(timed.laws["law"]) == ["x**2 + v**2"]
    assert found.best.alignment is None
    assert timed.best.alignment < 1e-3
    with pytest.raises(DatasetError, match="has no time, and tailoring trains a network on rates"):
        discover(bare, **options, tailor=True)


def test_two_laws_without_time(tmp_path):
    """What a second law adds to the first cannot be tested without dx/dt, and is not refused."""
    t = np.linspace(0, 9, 40)
    tables = [
        pd.DataFrame(
            {"x": a * np.cos(t), "v": a * np.sin(t), "y": b * np.cos(2 * t), "w": b * np.sin(2 * t)}
        )
        for a, b in np.random.default_rng(0).uniform(0.5, 2, (10, 2))
    ]
    found = discover(tables, unitless=True, depth=5)
    assert {"x**2 + v**2", "y**2 + w**2"} <= set(found.laws["law"])
    assert found.independent >= 2


def test_a_run_without_time_leaves_tailoring_out(tmp_path):
    path = as_file(tmp_path / "a.csv", springs(8), drop=["t [s]", "px [kg*m/s]"])
    options = ["--unitless", "--depth", "5", "--results", str(tmp_path / "results")]
    arguments = ["run", "--dataset", path, *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "have no time, and predictions need one" in result.output
    assert "x**2 + v**2" in result.output


def test_points_without_order_are_refused_where_order_matters(tmp_path):
    path = points_file(tmp_path / "a.csv")
    options = ["--rates", "x=v,v=a", "--parameter", "m"]
    fit = ["fit", "--search", "formulas", "--dataset", path, "--depth", "2"]
    for verb in (["check", "x", path], fit):
        results = [] if verb[0] == "check" else ["--results", str(tmp_path / "results")]
        result = CliRunner().invoke(main, [*verb, *options, *results])
        assert result.exit_code == 2, result.output
        assert "each row is taken as an independent point" in result.output


@settings(max_examples=60)
@given(
    expressions(columns=4, most=5),
    expressions(columns=2, most=3),
    expressions(columns=3, most=3),
    st.integers(0, 2**31),
)
def test_written_out_is_the_same_function(law, first, second, seed):
    """Values and gradients of a law, with derived columns and without."""
    rng = np.random.default_rng(seed)
    dataset = load("ideal_spring", unitless=True)
    columns = [dataset.columns[0], dataset.columns[1]]
    columns += [replace(columns[0], name=name) for name in "ab"]
    formulas = [
        ColumnFormula("", one, tuple(rng.uniform(1, 2, one.parameter_count)), (Dimension(),) * 9)
        for one in (first, second)
    ]
    wide = replace(dataset.train[0], states=np.ones((30, 4)), derivatives=np.ones((30, 4)))
    dataset = replace(
        dataset,
        columns=tuple(columns),
        train=(wide,),
        test=(),
        derived=tuple(zip((2, 3), formulas, strict=True)),
        canonical_pairs=(),
    )
    values = rng.uniform(1, 2, law.parameter_count)
    parameters = [Parameter(f"c{n}", value, Dimension()) for n, value in enumerate(values)]
    short = Law(law, dataset.inputs, tuple(parameters), Dimension(), 0.0, 1.0)
    long = expanded(short, dataset)
    base = rng.uniform(0.5, 1.5, (6, 2))
    whole = base
    with np.errstate(all="ignore"):
        for formula in formulas:
            whole = np.column_stack([whole, formula(whole)])
        assert long(base) == pytest.approx(short(whole), rel=1e-9, nan_ok=True)
        through = dataset.base_gradients(whole, short.gradient(whole))
        direct = long.gradient(base)
    usable = np.isfinite(through).all(1) & np.isfinite(direct).all(1)
    scale = np.abs(direct[usable]).max(initial=1.0)
    assert through[usable] == pytest.approx(direct[usable], rel=1e-6, abs=1e-9 * scale)
    names = [own.name for own in long.parameters]
    assert len(set(names)) == len(names)
    (kept,) = with_expansions((short,), dataset)
    assert (kept.expanded is None) == (not law.inputs & {2, 3})
    assert law_from_entry(law_to_entry(kept)) == kept


def spring_law(dataset, text="1*E"):
    formula = parse(text, dataset.names, dataset.dimensions)
    dimension, dimensions = formula.expression.parameter_dimensions(dataset.dimensions)
    parameters = tuple(
        Parameter(f"c{slot}", own.value, dimensions[slot])
        for slot, own in enumerate(formula.constants)
    )
    return Law(formula.expression, dataset.inputs, parameters, dimension, 0.0, 1.0)


def test_exports_show_both_forms():
    dataset = load("ideal_spring", derive={"V": "q**2", "T": "1 [m**2/(kg*m/s)**2]*p**2"})
    (law,) = with_expansions((spring_law(dataset, "V + T"),), dataset)
    assert law.text() == "V + T"
    assert law.expanded.text() == "q**2 + 1*p**2"
    assert [name for name, _ in law.expanded.inputs] == ["q", "p"]
    assert "Written out: $\\displaystyle " in export([law], "latex")
    script = export([law], "sympy")
    found = {}
    exec(script, found)
    symbols = {own.name: own for own in found["g1_expanded"].free_symbols}
    assert found["g1"].free_symbols != found["g1_expanded"].free_symbols
    assert found["g1_expanded"].subs({symbols["q"]: 2, symbols["p"]: 3}) == 13.0
    (entry,) = json.loads(export([law], "json"))
    assert entry["expanded"]["expression"] == "q**2 + 1*p**2"
    (plain,) = json.loads(export([law.expanded], "json"))
    assert "expanded" not in plain


def test_symmetries_see_through_derived_columns():
    dataset = load("ideal_spring", derive={"V": "q**2", "T": "1 [m**2/(kg*m/s)**2]*p**2"})
    law = spring_law(dataset, "V + T")
    own = with_symmetries((law,), dataset)[0].symmetry
    assert own.name == TIME
    assert own.pairs == ((0, 1),)
    assert without_derived(dataset).digest() == load("ideal_spring").digest()


def test_what_would_be_too_long_keeps_its_short_form():
    doubled = {"d0": "q + q"} | {f"d{n}": f"d{n - 1} + d{n - 1}" for n in range(1, 12)}
    dataset = load("ideal_spring", unitless=True, derive=doubled)
    law = spring_law(dataset, "d11 + p")
    with pytest.raises(GrammarError, match="written out, a law has"):
        expanded(law, dataset)
    assert with_expansions((law,), dataset)[0].expanded is None


def test_options_are_kept_and_reproduced(tmp_path):
    path = as_file(tmp_path / "a.csv", springs(6, samples=11), drop=())
    given = [
        "--derive", "V = x**2", "--derive", "E = V + 1 [s**2]*v**2", "--with-time",
        "--parameter", "px", "--vector", "w=x,V", "--rates", "x=v", "--columns", "x,v",
    ]  # fmt: skip
    results = tmp_path / "results"
    arguments = ["enumerate", "--dataset", path, *given, "--depth", "3", "--results", str(results)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "components have one unit" in result.output
    arguments[arguments.index("w=x,V")] = "w=V,E"
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    (run,) = results.iterdir()
    dataset = reopen(Run(run), 1, "cpu").dataset
    assert dataset.names == ("x", "v", "px", "t", "V", "E")
    assert dataset.parameters == (2,)
    assert dataset.vectors[0].columns == (4, 5)
    line = command_line(Run(run).read(RunDocument))
    assert "--derive 'V = x**2' --derive 'E = V + 1 [s**2]*v**2' --vector w=V,E" in line
    assert "--parameter px --rates x=v --with-time" in line


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--derive", "x**2", "not of the form NAME = FORMULA"),
        ("--vector", "x,y", "not of the form NAME=A,B,C"),
        ("--rates", "x", "not of the form NAME=COLUMN"),
        ("--parameter", "a,", "not a list of names"),
    ],
)
def test_options_of_another_form(option, value, message):
    result = CliRunner().invoke(main, ["inspect", "ideal_spring", option, value])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("option", "value"), [("--derive", "a = q"), ("--vector", "a=q,p"), ("--rates", "a=q")]
)
def test_a_name_comes_once(option, value):
    result = CliRunner().invoke(main, ["inspect", "ideal_spring", option, value, option, value])
    assert result.exit_code == 2
    assert f"{option} names 'a' twice" in result.output


def test_inspection_tells_roles(tmp_path):
    path = as_file(tmp_path / "a.csv", springs(6, samples=11), drop=())
    found = inspect(load(path, derive={"E": "x**2 + 1 [s**2]*v**2"}, with_time=True))
    roles = {column.name: column.role for column in found.columns}
    assert roles["px"].startswith("constant along every trajectory: conserved, or a parameter")
    assert roles["E"].startswith("constant along every trajectory: conserved; derived: x**2")
    assert (roles["x"], roles["t"]) == ("", "the time")
    assert dict(inspect(load("kepler_2d")).vectors) == {"r": ("x", "y"), "v": ("vx", "vy")}
    bare = inspect(load(as_file(tmp_path / "b.csv", springs(6))))
    assert bare.steps is None
    assert bare.derivative == "none"
    assert all(one.period is None and one.noise == 0 for one in bare.columns)
    result = CliRunner().invoke(main, ["inspect", str(tmp_path / "b.csv"), "--depth", "2"])
    assert "not known, as there are no times" in result.output
    assert max(map(len, result.output.splitlines()[1:])) <= 80
