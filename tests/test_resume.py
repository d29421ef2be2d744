"""Runs that are cut short, edited, shared or full: they go on, or say why not."""

import hashlib
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import quick
from click.testing import CliRunner
from documents import run_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noether_sym.cli import main
from noether_sym.commands import tailor as tailor_command
from noether_sym.errors import RunError
from noether_sym.store import runs
from noether_sym.store.checkpoint import Checkpoint
from noether_sym.store.run import Run

KILLS = int(os.environ.get("NOETHER_SYM_KILLS", "3"))
COMMAND = [
    *(sys.executable, quick.__file__, "run", "--dataset", "ideal_spring"),
    *("--top", "2", "--epochs", "2", "-q", "--results"),
]


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    """What runs in this process trains as little as what `COMMAND` starts."""
    monkeypatch.setattr(tailor_command, "tailoring_from", quick.tailoring_from)


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
    (run,) = runs.all_runs(Path(results))
    return run.path


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
@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_is_killed_goes_on_to_the_same_answer(number, unbroken, tmp_path):
    whole, seconds = unbroken
    moment = random.Random(number).uniform(0.05, 1.0) * seconds
    child = start(tmp_path)
    time.sleep(moment)
    child.send_signal(signal.SIGKILL)
    finish(child)
    if number % 2 and runs.all_runs(tmp_path):
        command = [*COMMAND[:3], "--resume", str(only_run(tmp_path)), "-q"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        code, errors = done.returncode, done.stderr
    else:
        code, errors = finish(start(tmp_path))
    assert code == 0, errors
    folder = only_run(tmp_path)
    assert answers(tmp_path) == answers(whole), f"killed after {moment:.2f} s"
    left = {path.name for path in folder.iterdir()}
    assert left == {path.name for path in only_run(whole).iterdir()}


def test_pieces_of_the_tailoring_are_not_computed_twice(tmp_path, monkeypatch):
    from noether_sym.datasets import load
    from noether_sym.laws.known import known_law
    from noether_sym.tailor import TailorOptions, tailor, work

    spring = load("ideal_spring")
    law = known_law(spring)
    options = TailorOptions(top=1, epochs=2, baseline_steps=5, rates=(0.01, 0.1))
    checkpoint = Checkpoint(Run(tmp_path))
    first = tailor(spring, [law], options=options, checkpoint=checkpoint)
    monkeypatch.setattr(work, "train", None)
    again = tailor(spring, [law], options=options, checkpoint=checkpoint)
    assert again.document == first.document
    for name, curve in first.curves.items():
        np.testing.assert_array_equal(curve, again.curves[name])


@given(st.data())
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
def test_a_damaged_or_foreign_piece_is_no_piece(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("run")
    checkpoint = Checkpoint(runs.open_run(folder, run_document("own", depth=5)))
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", "yz"])}
    checkpoint.write("key", arrays)
    held = checkpoint.read("key")
    assert held is not None
    assert {name: array.tolist() for name, array in held.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }
    path = checkpoint.run.file("checkpoint/key.npz")
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytes([content[place] ^ data.draw(st.integers(1, 255))])
    damaged = data.draw(
        st.sampled_from(
            [
                content[:place],
                content[:place] + flipped + content[place + 1 :],
                content + b"\0",
                b"",
            ]
        )
    )
    path.write_bytes(damaged)
    assert checkpoint.read("key") is None
    path.with_name("other.npz").write_bytes(content)
    assert checkpoint.read("other") is None
    foreign = Checkpoint(runs.open_run(folder, run_document("foreign", depth=6)))
    foreign.write("key", arrays)
    shutil.copy(foreign.run.file("checkpoint/key.npz"), path)
    assert checkpoint.read("key") is None
    path.unlink()
    path.symlink_to(foreign.run.file("checkpoint/key.npz"))
    assert checkpoint.read("key") is None
    checkpoint.clear()
    assert foreign.read("key") is not None


def test_a_second_process_on_a_run_is_refused(unbroken):
    results, _ = unbroken
    run = Run(only_run(results))
    with runs.locked(run):
        code, errors = finish(start(results))
    assert code == 2
    assert f"another process (process {os.getpid()}) is working on {run.path}" in errors


def test_a_killed_process_leaves_no_lock_and_no_half_file(tmp_path):
    run = runs.open_run(tmp_path, run_document())
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from noether_sym.store import run as one, runs\n"
        "def slow(path):\n    path.write_text('half')\n    print('held', flush=True)\n"
        "    time.sleep(60)\n"
        "run = one.Run(Path(sys.argv[1]))\n"
        "with runs.locked(run):\n    run.write_with('laws.json', slow)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(run.path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    message = rf"another process \(process {child.pid}\) is working"
    with pytest.raises(RunError, match=message), runs.locked(run):
        pass
    child.kill()
    child.communicate()
    with runs.locked(run):
        assert {path.name for path in run.path.iterdir()} == {"run.json", ".lock", ".owner"}
    assert {path.name for path in run.path.iterdir()} == {"run.json", ".lock"}


def test_processes_that_open_a_run_at_once_share_it(tmp_path):
    document = run_document()
    with ThreadPoolExecutor(16) as pool:
        opened = [pool.submit(runs.open_run, tmp_path, document) for _ in range(64)]
    assert {one.result().path for one in opened} == {tmp_path / "run"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    "size", [5_000, *(pytest.param(n, marks=pytest.mark.slow) for n in (100, 15_000, 10**5, 10**6))]
)
def test_a_full_disk_is_said_and_loses_nothing(size, unbroken, tmp_path):
    """At 5,000 bytes the fits do not fit, at 15,000 the laws, at 100,000 the report."""
    whole, _ = unbroken

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    code, errors = finish(start(tmp_path, preexec_fn=limit))
    if size < 10**6:
        assert code == 1
        assert "cannot write" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.rglob(".part-*"))
    assert finish(start(tmp_path))[0] == 0
    assert answers(tmp_path) == answers(whole)


def test_a_tailoring_with_other_options_is_not_overwritten(unbroken, tmp_path):
    folder = tmp_path / only_run(unbroken[0]).name
    shutil.copytree(only_run(unbroken[0]), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    runner = CliRunner()
    for arguments in (
        ["tailor", "--run", str(folder), "--top", "2", "--epochs", "3"],
        ["run", "--dataset", "ideal_spring", "--top", "3", "--epochs", "2", "--results", tmp_path],
    ):
        result = runner.invoke(main, [str(one) for one in arguments])
        assert result.exit_code == 2, result.output
        assert re.search(r"another choice of (epochs|top); --fresh", result.output)
        assert "--fresh" in result.output
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {**after, ".lock": b""} == {**before, ".lock": b""}


def test_pieces_of_another_first_seed_are_not_taken(tmp_path):
    from noether_sym.tailor import TailorOptions
    from noether_sym.tailor.pieces import Pieces

    checkpoint = Checkpoint(Run(tmp_path))
    options = [TailorOptions(seed=seed, seeds=seeds) for seed, seeds in ((0, 1), (0, 3), (1, 1))]
    one, more, other = (Pieces.of(checkpoint, own, "cpu", []).prefix for own in options)
    assert one == more != other


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
    for answer in ("n\n", ""):
        asked = runner.invoke(main, ["runs", "rm", str(results / "run0")], input=answer)
        assert asked.exit_code == 1
        assert "Nothing is removed" in asked.output
    assert (results / "run0").is_dir()
    shutil.copytree(source, results / "run3")
    (results / "run3" / "run.json").write_text("{")
    (results / "run3" / ".part-x").mkdir()
    outside = tmp_path / "outside"
    shutil.copytree(source, outside)
    (results / "linked").symlink_to(outside)
    shown = json.loads(runner.invoke(main, ["runs", "--results", str(results), "--json"]).stdout)
    assert {row["run"] for row in shown["runs"]} == {"run0", "run1", "run2", "run3", "linked"}
    assert [row["dataset"] for row in shown["runs"] if row["run"] == "run2"] == ["ideal_spring"]
    kept = runner.invoke(main, ["runs", "--results", str(results), "--keep", "1", "--yes"])
    assert kept.exit_code == 0, kept.output
    assert sorted(path.name for path in results.iterdir()) == ["linked", "notes", "run2", "run3"]
    assert kept.output.count("left alone") == 2
    assert (outside / "laws.json").is_file()
    both = runner.invoke(main, ["runs", "--keep", "1", "rm", "run2"])
    assert both.exit_code == 2
    foreign = runner.invoke(main, ["runs", "rm", str(results / "notes"), "--yes"])
    assert foreign.exit_code == 2
    assert (results / "notes").is_dir()
    (results / "link").symlink_to(results / "run2")
    linked = runner.invoke(main, ["runs", "rm", str(results / "link"), "--yes"])
    assert linked.exit_code == 2
    assert (results / "run2").is_dir()
    named = runner.invoke(main, ["runs", "--results", str(results), "rm", "run2", "run2", "--yes"])
    assert named.exit_code == 0, named.output
    assert not (results / "run2").exists()


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


def test_an_edited_run_is_not_gone_on_with(unbroken, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(only_run(unbroken[0]), folder)
    document = json.loads((folder / "run.json").read_text())
    for path, value in [
        (("identity", "depth"), 6),
        (("search", "depth"), 6),
        (("search", "window"), 30),
        (("data", "seed"), 1),
        (("data", "noise"), -1.0),
        (("data", "units"), {"q": 1}),
        (("data", "more"), 1),
        (("identity", "version"), "0.0.1"),
        (("tailoring", "top"), 0),
        (("tailoring", "loss"), "none"),
        (("tailoring",), []),
    ]:
        edited = json.dumps(changed(document, path, value, remove=False))
        (folder / "run.json").write_text(edited)
        result = CliRunner().invoke(main, ["run", "--resume", str(folder)])
        assert result.exit_code == 2, (path, result.output)
        assert isinstance(result.exception, SystemExit)
        assert (folder / "run.json").read_text() == edited


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


def verb(name, folder):
    """A command on a run; those that compute do little."""
    return {
        "export": ["export", folder],
        "report": ["report", folder],
        "runs": ["runs", "--results", folder.parent],
        "resume": ["run", "--resume", folder, "-q"],
        "tailor": ["tailor", "--run", folder, "--top", "2", "--epochs", "2", "-q"],
    }[name]


def answered(name, folder):
    """Run a verb; whatever the run holds, it is done or refused in words."""
    result = CliRunner().invoke(main, [str(word) for word in verb(name, folder)])
    assert isinstance(result.exception, SystemExit | None), (name, result.exception)
    assert result.exit_code in (0, 1, 2)
    assert result.exit_code == 0 or "Error" in result.output
    return result


FUZZ = settings(
    max_examples=int(os.environ.get("NOETHER_SYM_FUZZ", "12")),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
VERBS = st.sampled_from(["export", "report", "runs", "resume", "tailor"])


@pytest.mark.parametrize("name", JSON_FILES)
def test_edited_files_are_refused_in_words_or_understood(name, unbroken, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(only_run(unbroken[0]), folder)
    originals = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    original = originals[folder / name]
    document = json.loads(original)
    edits = st.builds(
        lambda path, value, remove: json.dumps(
            changed(document, path, value, remove=remove and bool(path))
        ).encode(),
        st.sampled_from(list(places(document))),
        SCALARS,
        st.booleans(),
    )
    contents = st.one_of(
        edits,
        st.integers(0, len(original) - 1).map(lambda count: original[:count]),
        st.binary(max_size=30),
        st.sampled_from([b"[" * 100_000, b'{"laws": NaN}', original.replace(b"q", b"\\ud800")]),
        st.sampled_from(JSON_FILES).map(lambda other: originals[folder / other]),
    )

    @FUZZ
    @given(contents, VERBS)
    def attempt(content, chosen):
        for path, own in originals.items():
            path.write_bytes(own)
        (folder / name).write_bytes(content)
        answered(chosen, folder)

    attempt()


class Content(bytes):
    """Bytes that a failing test can show."""

    def __repr__(self):
        return f"<{len(self)} bytes, {hashlib.sha256(self).hexdigest()[:12]}>"


def packed(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def test_edited_curves_are_refused_in_words_or_understood(unbroken, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(only_run(unbroken[0]), folder)
    path = folder / "curves.npz"
    original = path.read_bytes()
    with np.load(path) as held:
        arrays = dict(held)
    odd = st.sampled_from(
        [
            np.zeros(0),
            np.array(1.0),
            np.full(len(arrays["times"]), np.nan),
            np.full(len(arrays["times"]), 1e308),
            np.arange(len(arrays["times"])),
            np.array(["hnn", "<b>", "\ud800"]),
            np.zeros((3, 2), complex),
        ]
    )
    flips = st.tuples(st.integers(0, len(original) - 1), st.integers(0, 255))
    contents = st.one_of(
        st.builds(
            lambda name, array: packed({**arrays, name: array}),
            st.sampled_from([*sorted(arrays), "energy/more"]),
            odd,
        ),
        st.sampled_from(sorted(arrays)).map(
            lambda name: packed({key: own for key, own in arrays.items() if key != name})
        ),
        st.integers(0, len(original) - 1).map(lambda count: original[:count]),
        flips.map(lambda one: original[: one[0]] + bytes([one[1]]) + original[one[0] + 1 :]),
        st.binary(max_size=40),
        st.just(b"\x93NUMPY\x01\x00"),
    )

    @FUZZ
    @given(contents.map(Content))
    def attempt(content):
        path.write_bytes(content)
        answered("report", folder)
        answered("runs", folder)

    attempt()
    path.write_bytes(original[:100])
    assert answered("report", folder).exit_code == 2
