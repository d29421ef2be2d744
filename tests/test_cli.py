"""The command line from end to end: real runs, and what they write."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import quick
from click.testing import CliRunner

from noether_sym.cli import main
from noether_sym.commands import tailor


@pytest.fixture
def call(tmp_path):
    """Run the command line in an empty folder; returns click's result."""
    results = tmp_path / "results"

    def run(*arguments, code=0):
        options = [str(argument) for argument in arguments]
        if options[0] not in ("datasets",) and "--results" not in options:
            options += ["--results", str(results)]
        result = CliRunner().invoke(main, options)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    run.results = results
    return run


def only_run(results: Path) -> Path:
    (run,) = results.iterdir()
    return run


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"], ["run", "-h"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from noether_sym.cli import main\n"
        f"sys.argv = ['noether-sym', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'sympy', 'numpy', 'pandas', 'scipy', 'pint', 'matplotlib'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n"), done.stdout


def test_datasets_lists_names_units_and_source(call):
    shown = call("datasets").output
    assert "real_pendulum" in shown
    assert "[kg*m/s]" in shown
    assert max(map(len, shown.splitlines())) <= 80
    listed = json.loads(call("datasets", "--json").output)
    assert {"name": "p", "unit": "rad/s"} in next(
        one for one in listed if one["name"] == "real_pendulum"
    )["columns"]


def test_bare_enumerate_counts_the_pendulum(call):
    shown = call("enumerate").output
    assert "ideal_pendulum" in shown
    assert "70,493 formulas of up to 7 nodes" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if str(call.results) not in line)
    run = only_run(call.results)
    table = pd.read_parquet(run / "candidates.parquet")
    stage = json.loads((run / "run.json").read_text())["stages"]["enumerate"]
    assert len(table) == stage["distinct"]
    assert "p**2 + c0*cos(q)" in set(table["expression"])
    assert table["size"].max() == 7


def test_enumerate_all_writes_every_formula(call):
    call("enumerate", "--dataset", "ideal_spring", "--depth", "5", "--all", "-q")
    run = only_run(call.results)
    counts = json.loads((run / "run.json").read_text())["raw_counts"]
    table = pd.read_parquet(run / "formulas.parquet")
    assert table.groupby("size").size().tolist() == counts


def test_fit_writes_the_contract(call):
    printed = json.loads(
        call("fit", "--dataset", "ideal_spring", "--json", "--jobs", "1", "-q").stdout
    )
    run = only_run(call.results)
    assert printed == json.loads((run / "laws.json").read_text())
    assert printed["dataset"] == "ideal_spring"
    assert printed["inputs"][0] == {"name": "q", "unit": "m"}
    assert printed["independent_laws"] == 1
    assert printed["counts"]["candidates"] > printed["counts"]["distinct"]
    assert printed["counts"]["distinct"] >= printed["counts"]["fitted"]
    (law, *_) = printed["laws"]
    assert law["rank"] == law["family"] == 1
    assert law["parameters"][0]["value"] == pytest.approx(1.0, rel=0.005)
    assert law["parameters"][0]["unit"] == "s**2/kg**2"
    assert law["conservation_ratio"] < 1e-10 < law["random_ratio"]
    fits = pd.read_parquet(run / "fits.parquet")
    sums = fits["candidate"] >= printed["counts"]["fitted"]  # they follow the formulas
    assert sums.sum() == 1
    assert (fits["status"] == "accepted").sum() == printed["counts"]["accepted"]
    assert set(fits["status"]) <= {
        "accepted",
        "not conserved",
        "constant",
        "diverged",
        "out of domain",
    }


def test_laws_are_the_same_bytes_whatever_the_number_of_jobs(call, tmp_path):
    written = []
    for number, jobs in enumerate((1, 2, 2)):
        results = tmp_path / f"again{number}"
        options = ("--dataset", "ideal_spring", "--jobs", jobs, "--results", results, "-q")
        call("fit", *options)
        written.append((only_run(results) / "laws.json").read_bytes())
    assert written[0] == written[1] == written[2]


def test_a_finished_fit_is_used_again_and_fresh_repeats_it(call):
    call("fit", "--dataset", "ideal_spring", "--depth", "5")
    path = only_run(call.results) / "laws.json"
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    shown = call("fit", "--dataset", "ideal_spring", "--depth", "5").output
    assert "already holds this fit" in shown
    assert path.stat().st_mtime_ns == stamp
    call("fit", "--dataset", "ideal_spring", "--depth", "5", "--fresh")
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns != stamp


def test_no_law_is_said_plainly(call):
    shown = call("fit", "--dataset", "van_der_pol", "--depth", "5").output
    assert "No law found (sums from up to 600 terms, formulas of up to 5 nodes)" in shown
    assert "Closest, not conserved" in shown
    laws = json.loads((only_run(call.results) / "laws.json").read_text())
    assert laws["laws"] == []
    assert laws["independent_laws"] == 0
    assert laws["candidates_not_accepted"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["enumerate", "--depth", "0"], 2, "0 is not in the range"),
        (["fit", "--dataset", "ideal_sprnig"], 2, "ideal_spring"),
        (["fit", "--dataset", "ideal_spring", "--grammar", "poem"], 2, "unknown grammar"),
        (["fit", "--dataset", "ideal_spring", "--noise", "-1"], 2, "not at least 0"),
        (["fit", "--dataset", "ideal_spring", "--noise", "nan"], 2, "not at least 0"),
        (["fit", "--dataset", "ideal_spring", "--window", "one"], 2, "neither 'auto'"),
        (["fit", "--dataset", "ideal_spring", "--acceptance", "0.5"], 2, "not above 1"),
        (["fit", "--dataset", "ideal_spring", "--unit", "q"], 2, "NAME=UNIT"),
        (["fit", "--dataset", "ideal_spring", "--unit", "q=m"], 2, "has its own units"),
        (["tailor", "--top", "0"], 2, "0 is not in the range"),
        (["run", "ideal_spring", "--exhaustive", "--tailor-budget", "9s"], 2, "has no budget"),
        (["tailor", "--run", "nowhere"], 2, "not the folder of a run"),
        (["tailor", "nowhere"], 2, "not the folder of a run"),
        (["tailor", "one", "--run", "two"], 2, "give the run only once"),
        (["tailor"], 2, "noether-sym fit"),
        (["export"], 2, "noether-sym fit"),
        (["export", "--format", "poem"], 2, "poem"),
        (["report", "nowhere"], 2, "not the folder of a run"),
        (["fly"], 2, "No such command"),
    ],
)
def test_bad_input_is_answered_in_words(call, arguments, code, text):
    if arguments[0] == "fly":
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == code
    else:
        result = call(*arguments, code=code)
    assert text in result.output
    assert not call.results.exists()


def test_a_wrong_unit_names_the_column(call, tmp_path):
    path = tmp_path / "data.csv"
    rows = "\n".join(f"{number / 10},{number % 7},{number % 5}" for number in range(50))
    path.write_text(f"t [s],q [parsnip],p [m]\n{rows}\n")
    result = call("fit", "--dataset", path, code=2)
    assert "parsnip" in result.output
    assert "'q'" in result.output
    assert not call.results.exists()


def test_a_gpu_that_is_not_there(call):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    result = call("fit", "--dataset", "ideal_spring", "--device", "cuda", code=2)
    assert "no CUDA device" in result.output
    assert not call.results.exists()


def test_results_that_cannot_be_written(call):
    result = call("enumerate", "--results", "/proc/nothing/results", code=1)
    assert "cannot create" in result.output


def test_own_data_with_awkward_names(call, tmp_path):
    import numpy as np

    lines = ["trajectory,t [s],E [m],lambda [m/s]"]
    for number, radius in enumerate(np.linspace(0.5, 2.0, 8)):
        for step in range(60):
            time = 0.1 * step
            lines.append(
                f"{number},{time:.6f},{radius * np.cos(2 * time):.12f},"
                f"{-2 * radius * np.sin(2 * time):.12f}"
            )
    path = tmp_path / "circles.csv"
    path.write_text("\n".join(lines) + "\n")
    call("fit", "--dataset", path, "--depth", "7")
    laws = json.loads((only_run(call.results) / "laws.json").read_text())
    assert laws["independent_laws"] == 1
    law = laws["laws"][0]
    assert law["expression"].startswith("E**2")
    assert law["parameters"][0]["value"] == pytest.approx(0.25, rel=1e-3)
    assert law["parameters"][0]["unit"] == "s**2"
    for form in ("latex", "sympy", "python", "torch", "json"):
        assert call("export", "--format", form).stdout.strip()


def test_without_laws_tailoring_says_so_first_and_selects_nothing(call, monkeypatch):
    monkeypatch.setattr(tailor, "tailoring_from", quick.tailoring_from)
    call("fit", "--dataset", "ideal_spring", "--search", "formulas", "--depth", "3")
    shown = call("tailor", "--top", "1", "--epochs", "1").output
    assert shown.startswith("No law was accepted in this run, so none can be selected")
    assert "No law is selected: nothing was accepted as conserved." in shown
    assert "a control, never selected" in " ".join(shown.split())
    laws = json.loads((only_run(call.results) / "laws.json").read_text())
    assert not any(entry["selected"] for entry in laws["candidates_not_accepted"])


def test_nothing_is_tailored_where_there_is_nothing_to_tailor_with(call, tmp_path):
    import numpy as np

    draw = np.random.default_rng(0)
    rows = ["trajectory,t [s],x [m],y [kg]"]
    rows += [
        f"{name},{step},{x:.6f},{y:.6f}"
        for name in range(6)
        for step, (x, y) in enumerate(draw.standard_normal((40, 2)).cumsum(0))
    ]
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(rows))
    shown = call("fit", "--dataset", str(path), "--search", "sums").output
    assert "Searched in" in shown
    assert f"  noether-sym fit {path}\n" in shown
    done = call("tailor", code=2)
    assert "neither a law nor a candidate" in done.output


@pytest.mark.slow
def test_only_a_law_is_selected_on_a_noisy_pendulum(call, monkeypatch, tmp_path):
    monkeypatch.setattr(tailor, "tailoring_from", quick.tailoring_from)
    path = tmp_path / "swings.csv"
    path.write_text(noisy_pendulum(np.random.default_rng(0)))
    shown = " ".join(call("run", "--dataset", path, "--top", "4", "--epochs", "3").output.split())
    run = only_run(call.results)
    laws = json.loads((run / "laws.json").read_text())
    document = json.loads((run / "tailoring.json").read_text())
    (law,) = laws["laws"]
    assert law["expression"].startswith("omega**2 - 39.")
    assert document["choice"]["law"] == document["energy"] == law["expression"]
    assert document["selected"] in (law["expression"], None)
    assert law["selected"] == (document["selected"] is not None)
    assert not any(entry["selected"] for entry in laws["candidates_not_accepted"])
    said = f"Selected: {law['expression']}" if law["selected"] else "No law is selected: "
    assert said in shown
    assert "drift of the law MSE" in shown
    assert document["roll_outs"]["validation"]["sequences"] == 4
    hnn = document["seeds"][0]["controls"][2]
    assert hnn["status"] == "ok"
    others = laws["candidates_not_accepted"]  # at most 100, each in a direction of its own
    assert 50 <= len(others) <= 100
    assert len(document["candidates"]) == 1 + len(others)


def noisy_pendulum(generator):
    """Thirty swings of 150 samples with noise of 1 %, as a file's text."""
    from scipy.integrate import solve_ivp

    times = np.linspace(0.0, 3.0, 150)
    starts = np.column_stack([generator.uniform(0.3, 2.5, 30), generator.uniform(-1.0, 1.0, 30)])
    swings = np.concatenate(
        [
            solve_ivp(
                lambda _, x: [x[1], -39.27 / 2 * np.sin(x[0])], (0.0, 3.0), start, t_eval=times,
                rtol=1e-9, atol=1e-9,
            ).y.T
            for start in starts
        ]
    )  # fmt: skip
    swings += 0.01 * swings.std(axis=0) * generator.normal(size=swings.shape)
    rows = np.column_stack([np.repeat(np.arange(30), 150), np.tile(times, 30), swings])
    lines = [f"{row[0]:.0f},{row[1]:.9g},{row[2]:.9g},{row[3]:.9g}" for row in rows]
    return "\n".join(["trajectory,t [s],theta [rad],omega [rad/s]", *lines]) + "\n"


def test_the_whole_pipeline(call, monkeypatch):
    monkeypatch.setattr(tailor, "tailoring_from", quick.tailoring_from)
    options = ["--top", "2", "--epochs", "2", "--jobs", "2"]
    shown = call("run", "--dataset", "ideal_spring", *options).output
    run = only_run(call.results)
    tailoring = json.loads((run / "tailoring.json").read_text())
    methods = [row["method"] for row in tailoring["seeds"][0]["controls"]]
    assert {"vanilla", "extra epochs", "hnn", "projected", "oracle"} <= set(methods)
    laws = json.loads((run / "laws.json").read_text())
    entries = [*laws["laws"], *laws["candidates_not_accepted"]]
    chosen = [entry["expression"] for entry in entries if entry["selected"]]
    assert chosen == ([tailoring["selected"]] if tailoring["selected"] else [])
    choice = tailoring["choice"]
    assert choice["law"] == laws["laws"][0]["expression"]
    said = "Selected: q**2" if choice["selected"] else "No law is selected: "
    assert said in shown
    assert f"'not a law' is {choice['control']}, which has the least" in " ".join(shown.split())
    screened = {row["candidate"] for row in tailoring["seeds"][0]["screening"]}
    assert screened == set(range(len(entries)))
    page = (run / "report.html").read_text()
    assert "<math" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    described = json.loads((run / "run.json").read_text())
    assert set(described["stages"]) == {"sums", "enumerate", "fit", "tailor"}
    assert described["versions"]["torch"]
    again = call("tailor", "--run", run, *options).output
    assert "already holds this tailoring" in again
