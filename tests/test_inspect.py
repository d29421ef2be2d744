"""``noether-sym inspect``: what was understood of the data."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from noether_sym.api.verbs import inspected as inspect
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.datasets.inspection import likely_period
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import resolve_grammar

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "swings.py"
NO_LIST = "is not a list of names with commas, as in q,p"


def call(*arguments, code=0):
    result = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def spring(path, noise=0.0, irregular=False, count=400):
    """q'' = -4 q, so a period of pi."""
    rng = np.random.default_rng(0)
    times = np.linspace(0, 20, count)
    if irregular:
        times = np.sort(rng.uniform(0, 20, size=count))
    states = np.stack([np.cos(2 * times), -2 * np.sin(2 * times)], axis=-1)
    states += noise * rng.standard_normal(states.shape) * [1, 2]
    header = "t [s],q [m],v [m/s]"
    np.savetxt(path, np.column_stack([times, states]), delimiter=",", header=header, comments="")
    return path


@pytest.mark.parametrize("irregular", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_period_noise_and_error(tmp_path, noise, irregular):
    dataset = load(str(spring(tmp_path / "mine.csv", noise, irregular)))
    found = inspect(dataset)
    truth = [
        np.stack([one.states[:, 1], -4 * one.states[:, 0]], axis=-1)
        for one in (*dataset.train, *dataset.test)
    ]
    for place, column in enumerate(found.columns):
        assert column.period == pytest.approx(np.pi, rel=0.05)
        amplitude = place + 1
        assert column.noise == pytest.approx(noise * amplitude, rel=0.5, abs=5e-3 * amplitude)
        if noise:
            off = np.concatenate(
                [
                    one.derivatives[:, place] - exact[:, place]
                    for one, exact in zip((*dataset.train, *dataset.test), truth, strict=True)
                ]
            )
            error = np.sqrt(np.mean(off**2)) / (amplitude * np.sqrt(2))
            assert 0.4 * error < column.derivative_error < 2.5 * error
        else:
            assert column.derivative_error < 0.05


def test_no_period():
    times = np.linspace(0, 5, 100)
    assert likely_period(times, times**2) is None
    assert likely_period(times, np.cos(times)) is None
    assert likely_period(times, np.random.default_rng(0).standard_normal(100)) is None
    assert likely_period(times, np.ones(100)) is None
    assert likely_period(times, np.cos(20 * times)) == pytest.approx(np.pi / 10, rel=0.1)


@pytest.mark.parametrize("name", ["ideal_spring", "kepler_2d"])
def test_built_in_names(name):
    shows_what_is_loaded(name)


def test_the_measured_pendulum(pendulum_file):
    shows_what_is_loaded("real_pendulum")


def shows_what_is_loaded(name):
    shown = call(name)
    assert max(map(len, shown.splitlines())) <= 80
    dataset = load(name)
    facts = json.loads(call(name, "--json"))
    assert facts["train"] == [len(one) for one in dataset.train]
    assert facts["derivative"] in shown.replace("\n              ", " ")
    assert [one["name"] for one in facts["columns"]] == list(dataset.names)
    counts = count_formulas(resolve_grammar("paper"), dataset.dimensions, 7)
    assert facts["search"]["formulas"] == sum(counts)
    assert f"{sum(counts):,} formulas" in shown


def test_a_file_is_shown_with_what_was_done_to_it(tmp_path):
    path = spring(tmp_path / "mine.csv")
    lines = path.read_text().splitlines()
    lines[20] = lines[20].rsplit(",", 1)[0] + ","
    del lines[100:150]
    lines = [
        f"{line},{'mass of the bob [kg]' if row == 0 else 0.1}" for row, line in enumerate(lines)
    ]
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    assert "--drop-missing" in call(path, code=2)
    shown = call(path, "--drop-missing", "--depth", 5)
    assert max(len(line) for line in shown.splitlines() if str(path) not in line) <= 80
    told = " ".join(shown.split())
    assert "1 row with missing numbers left out, and 1 trajectory cut there" in told
    assert "1 row left out as repeats of the row before" in told
    assert "1 trajectory cut at 1 gap in time" in told
    assert "column 'mass of the bob' has the same value everywhere" in told
    assert "formulas of up to 5 nodes" in told


def test_names_as_they_are(tmp_path):
    path = spring(tmp_path / "mine.csv")
    long = "a very long name of a column that goes on and on and on and on and on"
    path.write_text(path.read_text().replace("q [m],v [m/s]", f"<script> [m],{long} [m/s]"))
    shown = call(path)
    assert "<script>" in shown
    assert max(len(line) for line in shown.splitlines() if str(path) not in line) <= 80
    facts = json.loads(call(path, "--json"))
    assert [one["name"] for one in facts["columns"]] == ["<script>", long]


def test_a_column_without_a_unit_shows_the_flags(tmp_path):
    path = spring(tmp_path / "mine.csv")
    path.write_text(path.read_text().replace("q [m],v [m/s]", "q,v of q"))
    shown = call(path, code=2)
    assert "no unit for q, v of q;" in shown
    assert "--unit q=UNIT --unit 'v of q=UNIT'" in shown
    call(path, "--unit", "q=m", "--unit", "v of q=m/s")
    assert "taken as dimensionless" in call(path, "--unitless")


def test_a_run_keeps_the_options(tmp_path):
    path = spring(tmp_path / "mine.csv", count=80)
    text = path.read_text().replace("t [s],q [m],v [m/s]", "clock [s],q [m],v [m/s]").splitlines()
    lines = [f"{line},{'run' if row == 0 else 'a'},x" for row, line in enumerate(text)]
    path.write_text("\n".join(lines) + "\n")
    options = ["--time", "clock", "--trajectory", "run", "--columns", "q,v", "--drop-missing"]
    results = tmp_path / "results"
    arguments = ["--dataset", path, *options, "--depth", 3, "--results", results]
    result = CliRunner().invoke(main, ["enumerate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    (run,) = results.iterdir()
    data = json.loads((run / "run.json").read_text())["data"]
    assert data["trajectory"] == "run"
    assert data["columns"] == ["q", "v"]
    assert data["drop_missing"] is True

    from noether_sym.store.run import Run
    from noether_sym.store.search import reopen

    assert reopen(Run(run), 1, "cpu").dataset.names == ("q", "v")


@pytest.mark.parametrize(
    ("names", "why"),
    [("", NO_LIST), ("q,", NO_LIST), ('q,"v', NO_LIST), ("q,w", "no column")],
)
def test_lists_of_names(tmp_path, names, why):
    path = spring(tmp_path / "mine.csv")
    assert why in call(path, "--columns", names, code=2)


def test_the_example_of_the_readme(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path / "swings")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "swings" in done.stdout
    dataset = load(str(tmp_path / "swings"))
    assert dataset.names == ("q", "w")
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    for column, sigma in zip(inspect(dataset).columns, (0.002, 0.01), strict=True):
        assert column.noise == pytest.approx(sigma, rel=0.1)


def test_what_is_understood_has_a_short_repr():
    shown = repr(inspect(load("ideal_pendulum")))
    assert shown.startswith("Inspection('ideal_pendulum': q [rad], p [kg*m**2/s]; 25 + 25 traj")
    assert len(shown) < 100


def test_samples_too_far_apart_to_tell_noise_are_said(tmp_path):
    """Differences of neighbours are mostly motion, whatever the noise."""
    said = "about 9 samples a turn, too few to tell noise from motion"
    rare = spring(tmp_path / "rare.csv", 0.02, count=60)
    assert said in " ".join(call(rare).split())
    assert "give it with --sigma q=SIZE" in " ".join(call(rare).split())
    assert "samples a turn" not in call(rare, "--sigma", "q=0.02")
    assert "samples a turn" not in call(spring(tmp_path / "often.csv", 0.02))
