"""``--version`` and ``bug-report``: what a report of a fault should say, and what it must not."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

import noether_sym
from noether_sym.cli import main
from noether_sym.store.schema import ALGORITHM
from noether_sym.store.without_paths import without_folders


def call(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.fixture(scope="module")
def swings(tmp_path_factory):
    """A run of a file in a folder with a telling name."""
    folder = tmp_path_factory.mktemp("Jane Doe")
    rows = ["trajectory,t [s],x [cm],v [m/s]"]
    for number in range(4):
        x, v = 1.0 + number, 0.3
        for step in range(30):
            rows.append(f"{number},{step / 10},{100 * x:.17g},{v:.17g}")
            for _ in range(100):
                v -= 0.001 * x / 2
                x += 0.001 * v
                v -= 0.001 * x / 2
    file = folder / "swings.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    results = folder / "results"
    done = call("fit", file, "--search", "formulas", "--depth", 5, "--results", results)
    assert done.exit_code == 0, done.output
    (run,) = results.iterdir()
    return run


def test_the_version_names_what_computes():
    shown = call("--version").output
    assert shown.startswith(f"noether-sym, version {noether_sym.__version__}\n")
    for name in ("numpy", "torch", "sympy"):
        assert f"{name} {version(name)}" in shown


def test_a_report_has_options_and_shape_and_no_data_or_folders(swings):
    done = call("bug-report", swings.name, "--results", swings.parent)
    assert done.exit_code == 0, done.output
    for part in (
        "dataset swings.csv",
        "x [cm]",
        "- trajectories: train 3, test 1",
        "depth 5",
        "- numpy:",
        "- matplotlib:",
        "- joblib:",
        "- av:",
        "- CUDA: ",
        f"- algorithm: {ALGORITHM}",
        "- seed: 0",
        "- verdicts: ",
    ):
        assert part in done.output, part
    for part in ("Jane", "/", str(Path.home())):
        own = [line for line in done.output.splitlines() if part in line]
        assert all(line.startswith(("- columns", "- dx/dt", "- notes")) for line in own), own
    assert "Jane" not in done.output
    held = json.loads(call("bug-report", swings, "--json").stdout)
    assert held["run"]["samples"] == {"train": 90, "test": 30}
    assert "range" not in json.dumps(held["run"])


def test_the_threads_are_those_that_the_user_has_set(tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-m", "noether_sym", "bug-report", "--json", "--results", tmp_path],
        env=own | {"OMP_NUM_THREADS": "7"},
        check=True,
        capture_output=True,
        text=True,
    )
    machine = json.loads(done.stdout)["machine"]
    assert machine["OMP_NUM_THREADS"] == "7"
    assert machine["MKL_NUM_THREADS"] == "not set, so 1"


def test_a_damaged_run_and_no_run_are_reported_too(swings, tmp_path):
    run = tmp_path / swings.name
    shutil.copytree(swings, run)
    (run / "run.json").write_text('{"format": 1, "name": 3}', encoding="utf-8")
    done = call("bug-report", run)
    assert done.exit_code == 0, done.output
    assert "- error: run.json, entry name" in done.output
    done = call("bug-report", "--results", tmp_path / "none")
    assert done.exit_code == 0
    assert "none in the folder of results" in done.output
    assert call("bug-report", tmp_path / "none").exit_code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"read from {Path.home()}/lab/day 1.csv", "read from day 1.csv"),
        ("the file /data/lab/swings.csv has 3 rows", "the file swings.csv has 3 rows"),
        (r"C:\Users\jane\swings.csv", "swings.csv"),
        ("v in m/s, a in m/s**2 and kg*m**2/s", "v in m/s, a in m/s**2 and kg*m**2/s"),
        ("dx/dt by splines", "dx/dt by splines"),
        ("1/s as well as °/s", "1/s as well as °/s"),
    ],
)
def test_folders_go_and_units_stay(text, expected):
    assert without_folders({"note": [text]}) == {"note": [expected]}
