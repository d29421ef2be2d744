"""Runs that are cut short, edited, shared or full: they go on, or say why not."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noether_sym import runs
from noether_sym.checkpoint import Checkpoint
from noether_sym.cli import main
from noether_sym.runs import Run

KILLS = int(os.environ.get("NOETHER_SYM_KILLS", "3"))
COMMAND = [
    *(sys.executable, "-m", "noether_sym", "run", "--dataset", "ideal_spring"),
    *("--top", "2", "--epochs", "2", "-q", "--results"),
]


def start(results, *more, **options):
    return subprocess.Popen(
        [*COMMAND, str(results), *more],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        **options,
    )


def finish(child):
    _, errors = child.communicate()
    return child.returncode, errors


def only_run(results):
    (folder,) = [path for path in Path(results).iterdir() if path.is_dir()]
    return folder


def answers(results):
    folder = only_run(results)
    return [(folder / name).read_bytes() for name in ("laws.json", "tailoring.json")]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    results = tmp_path_factory.mktemp("unbroken")
    begin = time.monotonic()
    code, errors = finish(start(results))
    assert code == 0, errors
    return results, time.monotonic() - begin


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_to_the_same_answer(unbroken, tmp_path):
    whole, seconds = unbroken
    expected = answers(whole)
    generator = random.Random(7)
    for number in range(KILLS):
        results = tmp_path / str(number)
        moment = generator.uniform(0.15, 1.0) * seconds
        child = start(results)
        time.sleep(moment)
        child.send_signal(signal.SIGKILL)
        finish(child)
        if number % 2 and results.is_dir() and list(results.iterdir()):
            command = [*COMMAND[:4], "--resume", str(only_run(results)), "-q"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            # killed before the run was planned, it is begun again
            code, errors = done.returncode, done.stderr
            if "was not made by" in errors:
                code, errors = finish(start(results))
        else:
            code, errors = finish(start(results))
        assert code == 0, errors
        assert answers(results) == expected, f"killed after {moment:.2f} s"
        assert not (only_run(results) / "checkpoint").exists()


def test_pieces_of_the_tailoring_are_not_computed_twice(tmp_path, monkeypatch):
    from noether_sym.datasets import load
    from noether_sym.pipeline import oracle_law
    from noether_sym.tailor import TailorOptions, network, tailor

    spring = load("ideal_spring")
    law = oracle_law(spring)
    options = TailorOptions(top=1, epochs=2, baseline_steps=5, rates=(0.01, 0.1))
    checkpoint = Checkpoint(Run(tmp_path))
    first = tailor(spring, [law], options=options, checkpoint=checkpoint)
    monkeypatch.setattr(network, "train", None)
    again = tailor(spring, [law], options=options, checkpoint=checkpoint)
    assert again.to_json() == first.to_json()
    for name, curve in first.curves.items():
        np.testing.assert_array_equal(curve, again.curves[name])


def test_a_second_process_on_a_run_is_refused(unbroken):
    results, _ = unbroken
    run = Run(only_run(results))
    with runs.locked(run):
        code, errors = finish(start(results))
    assert code == 2
    assert f"another process is working on {run.path}" in errors


def test_a_full_disk_is_said_and_loses_nothing(unbroken, tmp_path):
    whole, _ = unbroken

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    code, errors = finish(start(tmp_path, preexec_fn=limit))
    assert code == 1
    assert "cannot write" in errors
    assert "Traceback" not in errors
    assert finish(start(tmp_path))[0] == 0
    assert answers(tmp_path) == answers(whole)


def test_resume_takes_the_options_of_the_run(unbroken):
    results, _ = unbroken
    runner = CliRunner()
    folder = str(only_run(results))
    refused = runner.invoke(main, ["run", "--resume", folder, "--depth", "6"])
    assert refused.exit_code == 2
    assert "--depth" in refused.output
    neither = runner.invoke(main, ["run"])
    assert neither.exit_code == 2
    assert "--dataset" in neither.output
    done = runner.invoke(main, ["run", "--resume", folder, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["laws"]


def test_runs_are_listed_and_removed(unbroken, tmp_path):
    source = only_run(unbroken[0])
    results = tmp_path / "results"
    for number in range(3):
        copy = results / f"run{number}"
        shutil.copytree(source, copy)
        os.utime(copy / "run.json", (1e9 + number, 1e9 + number))
    (results / "run1" / "laws.json").write_text("{}")
    (results / "notes").mkdir()
    runner = CliRunner()
    shown = json.loads(runner.invoke(main, ["runs", "--results", str(results), "--json"]).stdout)
    assert [row["run"] for row in shown["runs"]] == ["run2", "run1", "run0"]
    assert [row["stage"] for row in shown["runs"]] == ["tailor", "damaged", "tailor"]
    assert shown["runs"][0]["laws"] == 1
    table = runner.invoke(main, ["runs", "--results", str(results)])
    assert all(len(line) <= 80 for line in table.output.splitlines())
    asked = runner.invoke(main, ["runs", "rm", str(results / "run0")], input="n\n")
    assert asked.exit_code != 0
    assert (results / "run0").is_dir()
    kept = runner.invoke(main, ["runs", "--results", str(results), "--keep", "1", "--yes"])
    assert kept.exit_code == 0, kept.output
    assert sorted(path.name for path in results.iterdir()) == ["notes", "run2"]
    foreign = runner.invoke(main, ["runs", "rm", str(results / "notes"), "--yes"])
    assert foreign.exit_code == 2
    assert (results / "notes").is_dir()
    (results / "link").symlink_to(results / "run2")
    linked = runner.invoke(main, ["runs", "rm", str(results / "link"), "--yes"])
    assert linked.exit_code == 2
    assert (results / "run2").is_dir()


def test_links_out_of_a_run_are_refused(unbroken, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(only_run(unbroken[0]), folder)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(folder / "figures")
    (folder / "figures").symlink_to(outside)
    shutil.move(folder / "laws.json", outside / "laws.json")
    (folder / "laws.json").symlink_to(outside / "laws.json")
    runner = CliRunner()
    for verb in ("report", "export"):
        result = runner.invoke(main, [verb, str(folder)])
        assert result.exit_code == 2, result.output
        assert "symbolic link" in result.output
    (folder / "laws.json").unlink()
    shutil.copy(outside / "laws.json", folder / "laws.json")
    before = sorted(outside.iterdir())
    assert runner.invoke(main, ["report", str(folder)]).exit_code == 2
    assert sorted(outside.iterdir()) == before


JSON_FILES = ("run.json", "laws.json", "tailoring.json")


def places(document, path=()):
    """Every place in a document."""
    yield path
    items = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def changed(document, path, value, *, remove):
    copy = json.loads(json.dumps(document))
    if not path:
        return value
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if remove:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([[["add"]]]),
)


@pytest.mark.parametrize("name", JSON_FILES)
def test_edited_files_are_refused_in_words_or_understood(name, unbroken, tmp_path):
    source = only_run(unbroken[0])
    folder = tmp_path / "run"
    shutil.copytree(source, folder)
    original = (source / name).read_bytes()
    document = json.loads(original)
    every = list(places(document))
    tries = int(os.environ.get("NOETHER_SYM_FUZZ", "12"))

    @settings(
        max_examples=tries,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(
        st.one_of(
            st.builds(
                lambda path, value, remove: json.dumps(
                    changed(document, path, value, remove=remove and bool(path))
                ).encode(),
                st.sampled_from(every),
                SCALARS,
                st.booleans(),
            ),
            st.integers(0, len(original) - 1).map(lambda count: original[:count]),
            st.binary(max_size=30),
        ),
        st.sampled_from(["export", "report", "runs"]),
    )
    def attempt(content, verb):
        (folder / name).write_bytes(content)
        arguments = [verb, "--results", str(tmp_path)] if verb == "runs" else [verb, str(folder)]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code in (0, 1, 2)
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            content[:80],
            result.exception,
        )

    attempt()
