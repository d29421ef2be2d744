"""Files of other programs: each is read and searched, or refused with the way out."""

import json
import re
from pathlib import Path

import foreign_files as foreign
import pytest
from click.testing import CliRunner

from noether_sym.cli import main

SEARCH = ("--search", "sums", "--budget", "1s", "-q")


def energy(law, columns):
    """The factor c of x**2 + c*v**2."""
    x, v = (re.escape(name if name.isidentifier() else f"`{name}`") for name in columns)
    found = re.fullmatch(rf"{x}\*\*2 \+ ([0-9.]+)\*{v}\*\*2", law["expression"])
    assert found, law["expression"]
    return float(found[1])


def call(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("kind", foreign.READ)
def test_files_that_are_read(tmp_path, kind):
    own = foreign.READ[kind]
    path = own.write(tmp_path / own.file)
    found = json.loads(call("inspect", path, *own.options, "--depth", 5, "--json").stdout)
    assert tuple(column["name"] for column in found["columns"]) == own.columns
    assert max(len(found["train"]), len(found["test"])) == own.trajectories
    assert own.note in " ".join(found["notes"])
    results = tmp_path / "results"
    call("fit", "--dataset", path, *own.options, *SEARCH, "--results", results)
    (laws,) = (json.loads(file.read_text()) for file in results.glob("*/laws.json"))
    # one run of one and a half periods is little to call a law by, but the closest is the energy
    best = (laws["laws"] or laws["candidates_not_accepted"])[0]
    if len(own.columns) == 2:
        assert energy(best, own.columns) == pytest.approx(0.25, rel=0.02)
    else:
        assert [one["name"] for one in laws["inputs"]] == list(own.columns)


@pytest.mark.parametrize("kind", foreign.REFUSED)
def test_files_that_are_refused(tmp_path, kind):
    name, write, message = foreign.REFUSED[kind]
    path = write(tmp_path / name)
    said = call("inspect", path, code=2).output
    assert message in said
    assert str(path) in said


def test_the_documents_list_every_kind():
    text = (Path(__file__).parents[1] / "docs" / "files.md").read_text(encoding="utf-8")
    first = [line.split("|")[1].strip() for line in text.split("\n") if line.startswith("| ")]
    listed = {name for cell in first for name in (cell, *cell.split(", "))}
    assert {*foreign.READ, *foreign.REFUSED} <= listed
