"""Run folders: written whole or not at all, never mixed."""

import json
import os

import msgspec
import pytest
from documents import FITTED, run_document

from noether_sym.errors import RunError
from noether_sym.store import runs
from noether_sym.store.run import LAWS_FILE, RUN_FILE
from noether_sym.store.schema import Counts, LawsDocument, RunDocument

LAWS = LawsDocument("own", (), Counts(0, 0, 0, 0), 0, None, (), ())


def test_same_options_find_the_same_run(tmp_path):
    first = runs.open_run(tmp_path, run_document())
    first.finish(fit=FITTED)
    again = runs.open_run(tmp_path, run_document())
    assert again.stages.fit == FITTED
    assert again.stages.tailor is None


def test_name_follows_from_every_option():
    identities = [run_document(depth=depth).identity for depth in range(5)]
    assert len({runs.run_name("spring", identity) for identity in identities}) == 5
    assert runs.run_name("../x y/é", identities[0]).startswith("___x_y__")


def test_a_run_with_other_options_is_not_touched(tmp_path):
    runs.open_run(tmp_path, run_document("same-name"))
    with pytest.raises(RunError, match="belongs to a run with other options"):
        runs.open_run(tmp_path, run_document("same-name", depth=8))


def test_documents_come_back_as_they_were_written(tmp_path):
    run = runs.open_run(tmp_path, run_document())
    run.write(LAWS)
    assert run.read(LawsDocument) == LAWS
    assert run.read(RunDocument) == run_document()
    assert "tailoring" not in json.loads(run.file(RUN_FILE).read_text())
    run.update(device="cpu")
    assert list(json.loads(run.file(RUN_FILE).read_text()))[-2:] == ["stages", "device"]


def test_write_is_whole_or_nothing(tmp_path):
    run = runs.open_run(tmp_path, run_document())
    run.write(LAWS)
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write(msgspec.structs.replace(LAWS, window=float("nan")))

    def breaks(path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(RunError, match="No space left on device"):
        run.write_with("laws.json", breaks)
    assert run.read(LawsDocument) == LAWS
    assert sorted(path.name for path in run.path.iterdir()) == ["laws.json", "run.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_results(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RunError, match="cannot create"):
        runs.open_run(tmp_path, run_document())


def test_results_folder_is_a_file(tmp_path):
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(RunError, match="cannot create"):
        runs.open_run(tmp_path / "results", run_document())


def test_newest_run_has_the_file(tmp_path):
    with pytest.raises(RunError, match=r"run `noether-sym fit` first"):
        runs.newest_run(tmp_path, LAWS_FILE)
    for number in range(3):
        run = runs.open_run(tmp_path, run_document(f"run-{number}"))
        run.write(LAWS)
        os.utime(run.file(LAWS_FILE), ns=(number, 10**18 + (number != 1) * 10**9 - number))
    assert runs.newest_run(tmp_path, LAWS_FILE).name == "run-0"


def test_names_near_those_of_runs_are_offered(tmp_path):
    for name in ("hooke-both-1f09", "hooke-sums-77aa", "kepler-both-2b2b"):
        runs.open_run(tmp_path, run_document(name))
    with pytest.raises(RunError, match="mean hooke-both-1f09 or hooke-sums-77aa\\?"):
        runs.find_run("hooke", tmp_path)
    with pytest.raises(RunError, match="mean kepler-both-2b2b\\?"):
        runs.find_run("kepelr", tmp_path)
    with pytest.raises(RunError, match=r"run\.json$"):
        runs.find_run("sun", tmp_path)
    file = tmp_path / "states.csv"
    file.touch()
    with pytest.raises(RunError, match=r"is a file, .* `noether-sym fit .*states.csv`"):
        runs.find_run(str(file), tmp_path)


def test_foreign_or_edited_folders_are_refused(tmp_path):
    with pytest.raises(RunError, match="is not the folder of a run"):
        runs.find_run(str(tmp_path))
    (tmp_path / RUN_FILE).write_text("{not json")
    with pytest.raises(RunError, match="cannot be read"):
        runs.find_run(str(tmp_path))
    (tmp_path / RUN_FILE).write_text(json.dumps({"format": 99}))
    with pytest.raises(RunError, match="another version"):
        runs.find_run(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"depth": 7',
            '"depth": "7"',
            r"run.json, entry identity.depth: Expected `int`, got `str`",
        ),
        ('"depth": 7', '"depth": 1e999', "Number out of range"),
        ('"factor": 100.0', '"factor": NaN', "cannot be read"),
        ('"seed": 3', '"seed": 3, "more": 1', "unknown field `more`"),
        ('"noise": 0.0', '"noise": -1.0', "entry data.noise: Expected `float` >= 0.0"),
        ('"name": "own"', '"name": "\\ud800"', "cannot be read"),
        ('"name": "own"', '"name": "\\udc00!"', "cannot be read"),
        ('"stages": {}', '"stages": {"fit": {"seconds": 1.0}}', "required field `window`"),
        ('"stages": {}', '"stages": ' + "[" * 100_000, "run.json"),
    ],
)
def test_edited_files_are_refused_with_place_and_remedy(tmp_path, old, new, message):
    run = runs.open_run(tmp_path, run_document())
    text = run.file(RUN_FILE).read_text()
    assert old in text
    run.file(RUN_FILE).write_text(text.replace(old, new))
    with pytest.raises(RunError, match=message) as caught:
        run.read(RunDocument)
    assert "run the stage again" in str(caught.value)
