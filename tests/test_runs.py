"""Run folders: written whole or not at all, never mixed."""

import json
import os

import pytest

from noether_sym.errors import RunError
from noether_sym.store import runs

DESCRIPTION = {"identity": {"depth": 7, "seed": 0}}


def test_same_options_find_the_same_run(tmp_path):
    name = runs.run_name("spring", DESCRIPTION["identity"])
    first = runs.open_run(tmp_path, name, DESCRIPTION)
    first.finish_stage("fit", seconds=1.5)
    again = runs.open_run(tmp_path, name, DESCRIPTION)
    assert again.stage("fit") == {"seconds": 1.5}


def test_name_follows_from_every_option():
    names = {runs.run_name("spring", {"depth": depth, "seed": 0}) for depth in range(5)}
    assert len(names) == 5
    assert runs.run_name("../x y/é", {}).startswith("___x_y__")


def test_a_run_with_other_options_is_not_touched(tmp_path):
    runs.open_run(tmp_path, "same-name", DESCRIPTION)
    with pytest.raises(RunError, match="belongs to a run with other options"):
        runs.open_run(tmp_path, "same-name", {"identity": {"depth": 8, "seed": 0}})


def test_write_is_whole_or_nothing(tmp_path):
    run = runs.open_run(tmp_path, "run", DESCRIPTION)
    run.write("laws.json", {"laws": []})
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write("laws.json", {"laws": float("nan")})

    def breaks(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(RunError, match="No space left on device"):
        run.write_with("laws.json", breaks)
    assert run.read("laws.json") == {"laws": []}
    assert sorted(path.name for path in run.path.iterdir()) == ["laws.json", "run.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_results(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot create"):
        runs.open_run(tmp_path, "run", DESCRIPTION)


def test_results_folder_is_a_file(tmp_path):
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(RunError, match="cannot create"):
        runs.open_run(tmp_path / "results", "run", DESCRIPTION)


def test_newest_run_has_the_file(tmp_path):
    with pytest.raises(RunError, match=r"run `noether-sym fit` first"):
        runs.newest_run(tmp_path, runs.LAWS_FILE)
    for number in range(3):
        run = runs.open_run(tmp_path, f"run-{number}", DESCRIPTION)
        run.write(runs.LAWS_FILE, {})
        os.utime(run.file(runs.LAWS_FILE), ns=(number, 10**18 + (number != 1) * 10**9 - number))
    assert runs.newest_run(tmp_path, runs.LAWS_FILE).name == "run-0"


def test_foreign_or_edited_folders_are_refused(tmp_path):
    with pytest.raises(RunError, match="is not the folder of a run"):
        runs.find_run(str(tmp_path))
    (tmp_path / runs.RUN_FILE).write_text("{not json")
    with pytest.raises(RunError, match="cannot be read"):
        runs.find_run(str(tmp_path))
    (tmp_path / runs.RUN_FILE).write_text(json.dumps({"format": 99}))
    with pytest.raises(RunError, match="another version"):
        runs.find_run(str(tmp_path))
