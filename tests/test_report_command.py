"""The command that the report gives makes the same run again."""

import json
import re
import shlex

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from documents import run_document

from noether_sym.cli import main
from noether_sym.commands import run as verb
from noether_sym.commands.options import search_from
from noether_sym.commands.reading import data_from
from noether_sym.pipeline import fitted
from noether_sym.report import write_report
from noether_sym.report.command import command_line
from noether_sym.store.options import DataOptions
from noether_sym.store.run import Run
from noether_sym.store.schema import LawsDocument, RunDocument, encode

_SAMPLES = (
    True,
    0.1 + 0.2,
    7,
    "a b's",
    ("x", "y, z"),
    {"x": "m", "y z": "m/s"},
    {"r1": ("x", "y, z")},
    {"x": 0.1 + 0.2, "y z": 1e-9},
)
"""One of the values fits each option, whatever its type."""


def _parsed(line):
    """What the command line takes from a command."""
    *_, verb_name = words = shlex.split(line)[:2]
    assert (words, verb_name) == (["noether-sym", "run"], "run")
    return verb.command.make_context("run", shlex.split(line)[2:]).params


def _sample(field):
    for value in _SAMPLES:
        try:
            msgspec.convert({field.name: msgspec.to_builtins(value)}, DataOptions)
        except msgspec.ValidationError:
            continue
        return value
    raise AssertionError(f"no value for {field.name}: {field.type}")


@pytest.mark.parametrize("field", msgspec.structs.fields(DataOptions), ids=lambda own: own.name)
def test_every_option_of_the_data_comes_back(field):
    data = DataOptions(**{field.name: _sample(field)})
    assert data != DataOptions()
    line = command_line(msgspec.structs.replace(run_document(), data=data))
    assert data_from(_parsed(line)) == data


def test_every_option_of_the_search_comes_back(tmp_path):
    options = ["--search", "sums", "--budget", "7s", "--acceptance", "50", "--fdr", "0.02"]
    options += ["--window", "20", "--depth", "4", "--grammar", "paper+log-sin", "--seed", "3"]
    options += ["--results", str(tmp_path)]
    given = search_from(verb.command.make_context("run", [
        "--dataset", "ideal_spring", *options,
    ]).params)  # fmt: skip
    again = _parsed(command_line(given.run.read(RunDocument)))
    again["results"] = tmp_path / "again"
    other = search_from(again)
    assert other.run.read(RunDocument).identity == given.run.read(RunDocument).identity


def test_what_the_page_says_gives_the_same_laws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["run,clock [s],x [m],v [m/s],junk [K]"]
    for number, (size, phase) in enumerate([(1.0, 0.0), (1.5, 1.0), (0.7, 2.0), (2.0, 3.0)]):
        for step, t in enumerate(np.linspace(0, 6, 60)):
            x, v = size * np.cos(2 * t + phase), -2 * size * np.sin(2 * t + phase)
            shown = "" if (number, step) == (1, 30) else f"{v:.10f}"
            rows.append(f"r{number},{t:.6f},{x:.10f},{shown},{(number * step) % 5}")
    (tmp_path / "my data.csv").write_text("\n".join(rows))
    words = ["fit", "--dataset", "my data.csv", "--trajectory", "run", "--time", "clock"]
    words += ["--columns", "x,v", "--drop-missing", "--search", "sums", "-q"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (folder,) = [own for own in (tmp_path / "results").iterdir() if own.is_dir()]
    first = Run(folder)
    line = command_line(first.read(RunDocument))
    for flag in ("--trajectory run", "--time clock", "--columns x,v", "--drop-missing"):
        assert flag in line
    values = _parsed(line)
    values["results"] = tmp_path / "again"
    laws = fitted(search_from(values))
    assert encode(laws) == encode(first.read(LawsDocument))
    assert json.loads(encode(laws))["independent_laws"] == 1


def test_a_run_that_keeps_its_data_names_that_file(tmp_path):
    held = run_document()
    held = msgspec.structs.replace(held, data=DataOptions(dataset="kept.csv", unitless=True))
    (tmp_path / "kept.csv").write_text("x\n1\n")
    laws = msgspec.convert(
        {
            "dataset": "kept", "inputs": [], "counts": [0, 0, 0, 0], "independent_laws": 0,
            "window": None, "laws": [], "candidates_not_accepted": [],
        } | {"counts": dict.fromkeys(("candidates", "distinct", "fitted", "accepted"), 0)},
        LawsDocument,
    )  # fmt: skip
    write_report(Run(tmp_path), held, laws)
    page = re.sub("<[^>]*>", "", (tmp_path / "report.html").read_text(encoding="utf-8"))
    assert f"noether-sym run --dataset {tmp_path / 'kept.csv'} --unitless" in page
