"""Files of other programs: each is read and searched, or refused with the way out."""

import json

import foreign_files as foreign
import pytest
from click.testing import CliRunner

from noether_sym.cli import main


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


@pytest.mark.parametrize("kind", foreign.REFUSED)
def test_files_that_are_refused(tmp_path, kind):
    name, write, message = foreign.REFUSED[kind]
    path = write(tmp_path / name)
    said = call("inspect", path, code=2).output
    assert message in said
    assert str(path) in said
