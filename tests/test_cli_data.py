"""How the command line takes data and runs, what it says where, and what a shell completes."""

import json
import os
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from noether_sym.cli import main

QUICK = ["--search", "formulas", "--depth", "3"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder with one finished run."""
    folder = tmp_path_factory.mktemp("cli") / "results"
    done = CliRunner().invoke(
        main, ["fit", "ideal_spring", *QUICK, "--results", str(folder), "--json"]
    )
    assert done.exit_code == 0, done.output
    return folder


def call(*arguments, code=0):
    done = CliRunner().invoke(main, [str(own) for own in arguments])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done


def name_in(results):
    (run,) = json.loads(call("runs", "--results", results, "--json").stdout)["runs"]
    return run["run"]


@pytest.mark.parametrize("verb", ["fit", "enumerate"])
def test_the_data_are_an_argument_or_an_option(verb, tmp_path):
    options = ["--depth", "2", "--json", "-q", "--results"]
    options = [*(["--search", "formulas"] if verb == "fit" else []), *options]
    one = call(verb, "ideal_spring", *options, tmp_path / "one").stdout
    two = call(verb, "--dataset", "ideal_spring", *options, tmp_path / "two").stdout
    assert json.loads(one).get("laws_by_size") == json.loads(two).get("laws_by_size")
    (first,), (second,) = ((tmp_path / name).iterdir() for name in ("one", "two"))
    assert first.name == second.name


@pytest.mark.parametrize("verb", ["fit", "enumerate", "inspect", "run"])
def test_the_data_are_given_once(verb):
    twice = call(verb, "ideal_spring", "--dataset", "ideal_spring", code=2)
    assert "give the data only once" in twice.output
    if verb != "enumerate":
        assert "Missing argument 'NAME|FILE'" in call(verb, code=2).output


def test_only_verbs_with_default_data_name_it():
    for verb, named in (("check", True), ("enumerate", True), ("run", False), ("fit", False)):
        assert (
            "[default: ideal_pendulum]" in " ".join(call(verb, "--help").output.split())
        ) == named
    assert "Missing argument 'NAME|FILE'" in call("run", code=2).output


def test_check_takes_its_default_data():
    assert "is a law" in call("check", "p**2 - 3*cos(q)", "-q").output
    assert "[default: ideal_pendulum]" in " ".join(call("check", "--help").output.split())
    shown = call("inspect", "--dataset", "ideal_pendulum").output
    assert shown == call("inspect", "ideal_pendulum").output


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["fitt"], "'fit'"),
        (["exprot"], "'export'"),
        (["fit", "x", "--search", "sum"], "'sums'"),
        (["fit", "x", "--device", "gpu"], "'cpu'"),
        (["fit", "x", "--depht", "3"], "'--depth'"),
        (["export", "--format", "latx"], "'latex'"),
        (["fit", "ideal_sprnig"], "ideal_spring"),
    ],
)
def test_what_was_probably_meant_is_said(arguments, meant):
    output = call(*arguments, code=2).output
    # by click's version
    assert "did you mean" in output.lower() or "possible options" in output.lower()
    assert meant.strip("'") in output


def test_columns_that_were_probably_meant_are_said(tmp_path):
    path = tmp_path / "swing.csv"
    path.write_text("t [s],theta [rad]\n" + "\n".join(f"{n},{n % 3}" for n in range(20)))
    for option in ("--columns=thet", "--unit=thet=m", "--sigma=thet=1", "--time=thet"):
        assert "did you mean 'theta'?" in call("inspect", path, option, code=2).output
    assert "It is a file: noether-sym run" in call(path, code=2).output


def test_runs_are_taken_by_name_everywhere(results):
    name = name_in(results)
    given = ["--results", results]
    assert "No law" in call("export", name, "--format", "markdown", *given).output
    assert "report.html" in call("report", name, *given).output
    wrong = [("export", f"{name}x"), ("report", name[:-1]), ("tailor", "--run", name[1:])]
    wrong += [("run", "--resume", f"{name}x"), ("runs", *given, "rm", f"{name}x")]
    for arguments in wrong:
        extra = [] if arguments[0] == "runs" else given
        assert f"did you mean {name}?" in call(*arguments, *extra, code=2).output
    other = call("run", "--resume", name, *given, code=2).output
    assert "was not made by `noether-sym run`" in other
    typed = ("ideal_spring", "--search", "sums", "--constant", "g=9.8 m/s**2", "--quiet")
    refused = call("run", "--resume", name, *typed, *given, code=2).output
    assert "leave out NAME|FILE, --constant, --search\n" in " ".join(refused.split()) + "\n"


def test_json_leaves_standard_error_to_progress(results, tmp_path):
    fresh = tmp_path / "results"
    for arguments in (
        ("fit", "ideal_spring", *QUICK, "--results", results),
        ("fit", "ideal_spring", *QUICK, "--results", fresh, "-v"),
        ("enumerate", "ideal_spring", "--depth", "2", "--results", fresh),
        ("inspect", "ideal_spring"),
        ("check", "q**2", "ideal_spring"),
        ("runs", "--results", results),
        ("datasets",),
    ):
        done = call(*arguments, "--json")
        assert done.stderr == "", arguments
        json.loads(done.stdout)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk to write to")
def test_a_full_disk_is_said_in_words(results):
    output = call("export", "--results", results, "--output", "/dev/full", code=1).output
    assert "cannot write /dev/full: No space left on device; free some space" in output
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "noether_sym", "datasets"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: cannot write the output: No space left on device\n"


def test_folders_and_files_in_each_others_places_are_said_in_words(results, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    assert (
        "is a directory"
        in call("export", "--results", results, "--output", tmp_path, code=2).output
    )
    assert "is a file" in call("fit", "ideal_spring", "--results", file, code=2).output
    inside = call("fit", "ideal_spring", *QUICK, "--results", file / "below", code=1)
    assert "cannot create" in inside.output
    missing = call("export", "--results", results, "--output", file / "x.tex", code=1)
    assert f"cannot write {file / 'x.tex'}: Not a directory" in missing.output
    assert "is a directory" in call("check", "x", "--equations", tmp_path, code=2).output
    (tmp_path / "empty").mkdir()
    assert "is a folder without a" in call("inspect", tmp_path / "empty", code=2).output


def test_names_that_a_terminal_cannot_show_are_no_error(tmp_path):
    path = tmp_path / "swing.csv"
    rows = "\n".join(f"{n},{n % 3}" for n in range(20))
    path.write_text(f"t [s],θ [rad]\n{rows}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "noether_sym", "inspect", str(path)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"? " in done.stdout


def completed(*words):
    *before, last = words
    found = ShellComplete(main, {}, "noether-sym", "_C").get_completions(before, last)
    return {(item.type, item.value) for item in found}


def test_a_shell_completes_verbs_data_sets_files_and_runs(results):
    name = name_in(results)
    assert ("plain", "fit") in completed("fi")
    for verb in ("fit", "run", "enumerate", "inspect"):
        offered = completed(verb, "ideal_s")
        assert offered == {("plain", "ideal_spring"), ("file", "ideal_s")}
    assert completed("fit", "--dataset", "lor") >= {("plain", "lorenz")}
    assert completed("check", "x", "lor") >= {("plain", "lorenz")}
    given = ["--results", str(results)]
    for words in (("export",), ("report",), ("tailor", "--run"), ("run", "--resume")):
        verb, *option = words
        assert ("plain", name) in completed(verb, *given, *option, name[:5])
    assert ("plain", name) in completed("runs", *given, "rm", "")
    assert ("plain", "sums") in completed("fit", "--search", "s")
