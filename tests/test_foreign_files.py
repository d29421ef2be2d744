"""Files of other programs: each is read and searched, or refused with the way out."""

import contextlib
import json
import re
from pathlib import Path

import foreign_files as foreign
import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner

from noether_sym import load_discovery
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.errors import DatasetError, NoetherSymError

SEARCH = ("--search", "sums", "--budget", "1s", "-q")


def energy(law, columns):
    """The factor c of x**2 + c*v**2."""
    plain = re.compile(r"[\w.]+")
    x, v = (re.escape(name if plain.fullmatch(name) else f"`{name}`") for name in columns)
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
    assert own.note in " ".join(laws["notes"])
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


@pytest.mark.parametrize("kind", foreign.READ)
def test_damaged_files_are_read_or_refused(tmp_path, kind):
    """Cut short, a byte changed, a stretch lost: a data set or a message, nothing else."""
    own = foreign.READ[kind]
    rng = np.random.default_rng(len(kind))
    whole = own.write(tmp_path / own.file).read_bytes()
    for damage in ("cut", "byte", "lost"):
        place = int(rng.integers(len(whole)))
        rest = {"cut": b"", "byte": bytes([rng.integers(256)]) + whole[place + 1 :]}
        path = tmp_path / own.file
        path.write_bytes(whole[:place] + rest.get(damage, whole[place + 40 :]))
        with contextlib.suppress(NoetherSymError):
            assert load(str(path), unitless=True).train


@pytest.mark.parametrize("packed", [False, True])
def test_variables_of_matlab_that_lie_about_their_size(tmp_path, packed):
    """What SciPy would take at its word, beyond the end of the file."""
    t, x, v = foreign.motion()
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"t": t, "x": x, "v": v}, do_compression=packed)
    assert load(str(path), unitless=True).names == ("x", "v")
    whole = bytearray(path.read_bytes())
    if packed:
        whole[140] ^= 0xFF
    else:
        whole[132 + 36] = 0x7F  # a dimension
    path.write_bytes(bytes(whole))
    with pytest.raises(DatasetError, match="is not a readable MATLAB file"):
        load(str(path), unitless=True)


def test_a_search_without_laws_says_that_velocities_are_missing(tmp_path):
    t, x, _ = foreign.motion()
    path = foreign.text(tmp_path / "a.csv", "t [s],x [m]", *foreign.lines((t, x)))
    advice = "--derivatives x"
    assert advice in " ".join(call("inspect", path, "--depth", 5).output.split())
    options = ("--dataset", path, *SEARCH, "--results", tmp_path / "results")
    said = " ".join(call("fit", *options).output.split())
    assert "No law found" in said
    assert f"an energy needs velocities too; {advice}" in said
    (run,) = (own.parent for own in (tmp_path / "results").glob("*/run.json"))
    found = load_discovery(run)
    for shown in (found.summary(), found.report().read_text(encoding="utf-8")):
        assert "(x): an energy needs velocities too; derivatives=[" in shown
    said = call("fit", *options, "--derivatives", "x").output
    assert "velocities" not in said
    assert "x**2 + 0.25" in said
