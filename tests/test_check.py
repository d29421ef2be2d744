"""A formula of one's own on data: verdict, numbers, fitted constants, refusals."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from strategies import expressions

import noether_sym
from noether_sym.check import check
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.errors import GrammarError, NoetherSymError, UnitError
from noether_sym.export import law_from_entry
from noether_sym.export.check import checked_document
from noether_sym.laws.law import LAW, NOT_A_LAW, UNDECIDED
from noether_sym.store.schema import LawEntry, encode
from noether_sym.units.dimension import Dimension

PENDULUM = "ideal_pendulum"


@pytest.fixture(scope="module")
def pendulum():
    return load(PENDULUM)


def values(checked):
    return {own.name: own.value for own in checked.law.parameters}


def test_a_law_is_conserved(pendulum):
    checked = check("p**2 - 3*cos(q)", pendulum)
    assert (checked.verdict, checked.reason, checked.window) == ("law", "", None)
    assert checked.law.conservation_ratio < 1e-15
    assert checked.law.heldout_ratio < 1e-15
    assert checked.law.random_ratio > 0.5
    assert checked.law.text() == "p**2 - 3*cos(q)"
    assert checked.law.parameters[0].dimension == Dimension.of({"kg": 2, "m": 4, "s": -2})
    assert checked.fixed == (True,)
    assert checked.law.symmetry.name == "time translation"
    for drift in (checked.train, checked.held_out):
        assert 0 < drift.slope < 1e-8
        assert 0 < drift.deviation <= drift.largest < 1e-8


def test_a_wrong_number_is_not_fitted_away(pendulum):
    checked = check("p**2 - 2*cos(q)", pendulum)
    assert checked.verdict == "not a law"
    assert "changes along trajectories" in checked.reason
    assert not checked.conserved
    assert checked.law.symmetry is None
    assert values(checked) == {"k0": 2.0}
    # the ratio is that of the formula as given: the variance within over that of the control
    from noether_sym.statistics.samples import make_samples

    samples = make_samples(pendulum.train, window=None, seed=0)
    own = checked.law(np.moveaxis(samples.states, 0, -1))
    control = checked.law(np.moveaxis(samples.surrogate, 0, -1))
    within = own.var(1, ddof=1).mean()
    assert checked.law.conservation_ratio == pytest.approx(within / control.var(ddof=1), rel=0.1)
    assert checked.train.deviation == pytest.approx(math.sqrt(within) / control.std(), rel=0.1)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("p**2 - c0*cos(q)", PENDULUM, {"c0": 3.0}),
        ("0.5*p**2 - c7*cos(q)", PENDULUM, {"k0": 0.5, "c7": 1.5}),
        ("c0*cos(q)/2 + 4*p**2", PENDULUM, {"c0": -24.0, "k0": 2.0, "k1": 4.0}),
        ("c0*p**2 + c1*cos(q)", PENDULUM, {"c0": 1.0, "c1": -3.0}),
        ("cos(q)*c1 - c0*p**2", PENDULUM, {"c1": 1.0, "c0": 1 / 3}),
        ("p**2 - 3*cos(c0*q)", PENDULUM, {"k0": 3.0, "c0": 1.0}),
        ("p**2 - c1*cos(c0*q)", PENDULUM, {"c1": 3.0, "c0": 1.0}),
        ("vx**2 + vy**2 - c0/sqrt(x**2 + y**2)", "kepler_2d", {"c0": 2.0}),
        ("S + I - c0*log(S)", "sir", {"c0": 0.4}),
        ("w1**2 + c0*w2**2 + c1*w3**2 + 0*w1", "rigid_body", None),
    ],
)
def test_free_parameters_are_fitted(text, name, expected):
    checked = check(text, load(name))
    assert checked.verdict == "law"
    if expected is None:
        return
    assert {own: abs(value) for own, value in values(checked).items()} == pytest.approx(
        {own: abs(value) for own, value in expected.items()}, rel=1e-6
    )
    for own, fixed in zip(checked.law.parameters, checked.fixed, strict=True):
        assert (own.stderr is None) == fixed
    points = load(name).test[0].states
    assert np.ptp(checked.law(points)) < 1e-6


def test_other_forms_are_written_as_the_search_writes_them():
    checked = check("c0*(q**2 + c1*p**2)", load("ideal_spring"))
    assert checked.conserved
    assert any("as the search writes it" in note for note in checked.notes)
    assert checked.law.text() == "q**2 + 1*p**2"


@pytest.mark.parametrize("text", ["p**2 - c0*cos(q)", "p**2/c0 - cos(q)"])
def test_constants_in_noise_are_those_of_a_search(text):
    data = load("ideal_pendulum", noise=0.1)
    (own,) = check(text, data).law.parameters[:1]
    assert abs(own.value - 3.0) < 3.0 * own.stderr < 0.3
    assert own.degrees > 3
    (law,) = noether_sym.discover("ideal_pendulum", noise=0.1, search="sums").accepted
    found = law.parameters[0]
    assert own.value == pytest.approx(found.value, rel=1e-6)


def test_the_verdict_in_noise_is_that_of_a_search():
    """By constants that noise pulls aside the energy would be none: 'not a law'."""
    data = load("duffing", noise=0.05)
    found = noether_sym.discover("duffing", noise=0.05, search="sums").best
    free = check("v**2 - c0*x**2 + c1*x**4", data)
    assert (found.verdict, free.verdict) == (LAW, LAW)
    assert values(free) == pytest.approx({"c0": 1.0, "c1": 0.5}, rel=0.05)
    held = check("v**2 - c0*x**2 + 0.5*x**4", data)
    assert (held.verdict, held.fixed) == (LAW, (False, True))
    assert values(held)["c0"] == pytest.approx(1.0, rel=0.05)
    wrong = check("v**2 - c0*x**2 + 0.3*x**4", data)
    assert wrong.verdict == NOT_A_LAW
    assert check("v**2 + c0*x**2", data).verdict == NOT_A_LAW


@pytest.mark.parametrize(
    ("system", "law", "wrong"),
    [
        ("duffing", "v**2 - x**2 + 0.5*x**4", "v**2 - x**2 + 0.3*x**4"),
        (
            "lotka_volterra",
            "0.07*x + 0.075*y - 0.15*log(x) - 0.25*log(y)",
            "0.07*x + 0.075*y - 0.15*log(x) - 0.2*log(y)",
        ),
    ],
)
def test_a_law_is_one_however_its_noise_is_spread(system, law, wrong):
    """How much noise a sample has is known by where the noise has put it, and so is what a
    constant changes there: both had made white residuals seem to have a memory."""
    clean = load(system)
    draw = np.random.default_rng(3)
    sizes = np.concatenate([own.states for own in clean.train]).std(0)
    verdicts = []
    for _ in range(3):
        noisy = [
            own.states + 0.1 * sizes * draw.normal(size=own.states.shape)
            for own in (*clean.train, *clean.test)
        ]
        reading = {"names": list(clean.names), "dt": 0.1, "unitless": True}
        found = noether_sym.check(law, noisy, **reading)
        verdicts.append(found.verdict)
        assert found.law.evidence.white > 1e-3
        assert noether_sym.check(wrong, noisy, **reading).verdict != LAW
    assert verdicts == [LAW] * 3


def test_numbers_of_a_formula_are_taken_at_their_word():
    """A free constant may be off by its error; a number that was given may not."""
    data = load("ideal_pendulum", noise=0.02)
    assert check("p**2 - c0*cos(q)", data).verdict == LAW
    assert check("p**2 - 3*cos(q)", data).verdict == LAW
    assert check("p**2 - 2.6*cos(q)", data).verdict == NOT_A_LAW


def test_measured_data_are_approximately_conserved(pendulum_file):
    checked = check("p**2 - c0*cos(q)", load("real_pendulum"))
    assert checked.verdict == "approximate law"
    assert checked.window == checked.period
    (own,) = checked.law.parameters
    if pendulum_file == "measured":
        assert own.value == pytest.approx(2.4505, abs=0.001)
    else:  # made with 2 * 1.2
        assert own.value == pytest.approx(2.4, abs=2 * own.stderr)
    assert 0.01 < own.stderr < 0.05
    low, high = own.interval
    assert high - own.value == pytest.approx(t.ppf(0.975, own.degrees) * own.stderr)
    assert own.value - low == pytest.approx(high - own.value)
    assert 0.05 < checked.train.slope < 0.5
    whole = check("p**2 - c0*cos(q)", load("real_pendulum"), window="full")
    assert whole.verdict == "approximate law"
    assert whole.window is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("q - q", "constant everywhere"),
        ("q/q", "constant everywhere"),
        ("log(-square(p) - 1)", "not defined"),
        ("sqrt(-square(q))*c0", "not defined"),
    ],
)
def test_formulas_that_say_nothing(text, verdict, pendulum):
    dataset = replace(pendulum, columns=load(PENDULUM, unitless=True).columns)
    checked = check(text, dataset)
    assert checked.verdict == verdict
    assert checked.reason
    document = checked_document(checked)
    assert document.law.conservation_ratio is None
    encode(document)


@pytest.mark.parametrize(
    ("text", "error", "what"),
    [
        ("q + p", UnitError, "at character 3: units do not fit: add of dimensionless and kg"),
        ("p**2 - 3 [m]*cos(q)", UnitError, "at character 6"),
        ("p**2 - 3 [frog]*cos(q)", UnitError, "'frog' is not a unit"),
        ("p**2 - 3 [degC]*cos(q)", UnitError, "does not start at zero"),
        ("p**2 +", GrammarError, "the formula ends"),
        ("3 + 4", GrammarError, "reads no column"),
        ("c0", GrammarError, "reads no column"),
        ("p**2 - c0*cos(q) + c1", GrammarError, "c1 only adds a constant"),
        ("p**2 - c0*cos(q) + 2*c1", GrammarError, "c1 only adds a constant"),
        ("+".join(["1.5*q"] * 50), GrammarError, "at most 50 together"),
        ("velocity", GrammarError, "columns: q, p"),
    ],
)
def test_refusals(text, error, what, pendulum):
    with pytest.raises(error, match=what.replace("(", r"\(").replace("[", r"\[")):
        check(text, pendulum)


def test_units_of_numbers(pendulum):
    checked = check("p**2 - 3 [kg**2*m**4/s**2]*cos(q)", pendulum)
    assert checked.conserved
    checked = check("p**2 - 3e14 [g**2*cm**4/s**2]*cos(q)", pendulum)
    assert values(checked)["k0"] == pytest.approx(3.0)
    assert checked.conserved


def test_nested_formulas_are_fitted_in_time(pendulum):
    dataset = load("ideal_spring")
    text = "p"
    for _ in range(13):
        text = f"p*(1 + {text})"
    begin = time.perf_counter()
    check(f"c0*q*(1 + {text})", dataset)
    assert time.perf_counter() - begin < 60


def run(*arguments):
    return CliRunner().invoke(main, ["check", *arguments])


def test_the_command_says_what_it_finds():
    done = run("p**2 - 3*cos(q)", PENDULUM)
    assert done.exit_code == 0
    assert "p**2 - 3*cos(q) is a law." in done.stdout
    assert "k0 = 3 kg**2*m**4/s**2 (given)" in done.stdout
    assert "Symmetry: time translation" in done.stdout
    for row in ("conservation ratio", "random data", "accuracy", "drift per trajectory"):
        assert row in done.stdout
    done = run("p**2 - 2*cos(q)", "--dataset", PENDULUM, "-q")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert "is not a law: it changes" in done.stdout


def test_the_command_writes_json():
    done = run("p**2 - c0*cos(q)", PENDULUM, "--json")
    document = json.loads(done.stdout)
    assert document["conserved"] is True
    assert document["drift_per"] == "trajectory"
    assert document["law"]["parameters"][0]["fixed"] is False
    assert law_from_entry(msgspec.convert(document["law"], LawEntry)).text() == "p**2 - 3*cos(q)"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["p +", PENDULUM], "at character 4"),
        (["p + q", PENDULUM], "units do not fit"),
        (["p", PENDULUM, "--dataset", PENDULUM], "give the data only once"),
        (["p", "nowhere.csv"], "nowhere.csv"),
        (["x", "lorenz", "--unit", "x=m"], "units"),
    ],
)
def test_bad_input_has_exit_code_2(arguments, what):
    done = run(*arguments)
    assert done.exit_code == 2
    assert what in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("names", [("E", "S"), ("lambda", "θ"), ("<script>", "x y"), ("I", "c0")])
def test_any_column_of_a_file(names, tmp_path):
    angles = np.linspace(0, 12, 60)
    rows = [
        f"{trajectory},{t!r},{radius * math.cos(t)!r},{-2 * radius * math.sin(t)!r}"
        for trajectory, radius in enumerate((1.0, 1.7, 2.2, 0.6, 1.3, 2.6))
        for t in map(float, angles)
    ]
    path = tmp_path / "own.csv"
    header = f"trajectory,t,{names[0]} [m],{names[1]} [m/s]"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    done = run(f"c1*`{names[0]}`**2 + `{names[1]}`**2", str(path), "--unit", "t=s", "--json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["conserved"]
    assert document["law"]["parameters"][0]["value"] == pytest.approx(4.0, rel=1e-6)
    assert document["law"]["parameters"][0]["unit"] == "1/s**2"


ANY_FORMULA = expressions(columns=2, most=5), st.lists(st.booleans(), min_size=12, max_size=12)


def answered(expression, free):
    numbers = [f"c{slot}" if free[slot] else "1.5" for slot in range(expression.parameter_count)]
    dataset = load("ideal_spring", unitless=True)
    try:
        checked = check(expression.text(dataset.names, numbers), dataset)
    except NoetherSymError:
        return
    encode(checked_document(checked))


@settings(max_examples=25)
@given(*ANY_FORMULA)
def test_any_formula_gets_a_verdict_or_a_message(expression, free):
    answered(expression, free)


@pytest.mark.slow
@settings(max_examples=400, derandomize=False)
@given(*ANY_FORMULA)
def test_many_formulas_get_a_verdict_or_a_message(expression, free):
    answered(expression, free)


def test_a_formula_without_a_value_on_a_whole_trajectory_is_judged_by_the_others():
    times = np.linspace(0.0, 12.0, 100)
    frames = []
    for number, size in enumerate(np.linspace(0.5, 2.0, 6)):
        shrunk = size * np.exp(-0.02 * times)
        waves = {"x": shrunk * np.cos(times), "v": -shrunk * np.sin(times)}
        frames.append(pd.DataFrame({"t": times, **waves, "k": 1.0 - (number == 3)}))
    found = noether_sym.check("(x**2 + v**2)/k", frames, unitless=True)
    assert found.law.evidence.trajectories == 5
    assert any("no value at 100 of 600 samples" in note for note in found.notes)
    for frame, own in zip(frames, (1.0, 1.5, -1.0, -2.0, 1.2, 1.3), strict=True):
        frame["k"] = own
    found = noether_sym.check("sqrt(k)*(x**2 + v**2)", frames, unitless=True)
    assert found.law.evidence.trajectories == 4


def test_samples_without_a_value_are_named():
    draw = np.random.default_rng(0)
    times = np.linspace(0.0, 6.0, 60)
    tables = []
    for _ in range(14):
        size, phase = draw.uniform(0.5, 2.0), draw.uniform(0.0, 6.0)
        wave = times + phase
        tables.append({"t": times, "x": size * (np.cos(wave) + 0.9), "v": np.sin(wave)})
    undefined = sum(int((table["x"] <= 0).sum()) for table in tables)
    frames = [pd.DataFrame(table) for table in tables]
    found = noether_sym.check("log(x) + v", frames, unitless=True)
    assert any(f"no value at {undefined} of 840 samples" in note for note in found.notes)
    whole = noether_sym.check("x**2 + v", frames, unitless=True)
    assert not any("no value" in note for note in whole.notes)


@pytest.mark.parametrize("text", ["sin(8*q)", "sin(30*q)", "tan(3*q)", "cos(20*q)"])
def test_a_wave_that_turns_many_times_between_samples_is_no_constraint(text):
    """Its gradient is large, its range is not, and neighbours are as far apart as any."""
    dataset = load("ideal_pendulum")
    assert check(text, dataset).verdict in (NOT_A_LAW, UNDECIDED)
    few = replace(dataset, train=dataset.train[:1], test=())
    assert check(text, few).verdict in (NOT_A_LAW, UNDECIDED)


def test_a_term_that_is_not_there_does_not_hide_a_law():
    """Its factor is about 0, so that nothing can be told beside it."""
    checked = check("p**2/2 + c0*cos(q) + c1*q**2", load("ideal_pendulum", noise=0.01))
    assert checked.verdict == LAW
    wave, square = checked.law.parameters[1:]
    assert abs(wave.value + 1.5) < 4 * wave.stderr < 0.1
    assert abs(square.value) < 4 * square.stderr < 0.1


def fall(folder):
    """Bodies that fall, exactly."""
    times = np.linspace(0.0, 1.0, 60)
    rows = [
        pd.DataFrame(
            {
                "trajectory": number,
                "t [s]": times,
                "y [m]": 20.0 + number + number * times - 4.905 * times**2,
                "v [m/s]": number - 9.81 * times,
            }
        )
        for number in range(5)
    ]
    path = folder / "fall.csv"
    pd.concat(rows).to_csv(path, index=False)
    return load(str(path))


ACCELERATION = Dimension.of({"m": 1, "s": -2})


@pytest.mark.parametrize(
    ("text", "constant"),
    [("(0.5*v**2)/c0 + y", 9.81), ("v**2/(2*c0) + y", 9.81), ("v**2/(c0*2) + y", 9.81)],
)
def test_constants_that_divide_keep_their_place_and_numbers_theirs(tmp_path, text, constant):
    checked = check(text, fall(tmp_path))
    number, own = checked.law.parameters
    if text.endswith("*2) + y"):
        number, own = own, number
    assert (own.value, own.dimension) == (pytest.approx(constant), ACCELERATION)
    assert number.dimension.is_dimensionless
    assert checked.verdict == LAW
