"""``noether-sym embed`` and `noether_sym.embed`: what they write, read back, and refuse."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from safetensors import safe_open

import noether_sym
from benchmarks import neural_states
from noether_sym import pipeline
from noether_sym.cli import main
from noether_sym.errors import OptionError
from noether_sym.neural.embed_verdict import judged, next_over_chance
from noether_sym.neural.states_file import read_embedding
from noether_sym.neural.states_predict import ARMS, LEARNED
from noether_sym.report.embedding import completeness
from noether_sym.store.run import EMBEDDING_FILE, LEARNED_FILE, WEIGHTS_FILE, Run
from noether_sym.store.runs import find_run
from noether_sym.store.schema import LawsDocument
from noether_sym.store.search import reopen

EMBEDDED = ["embed", "isotropic_oscillator_2d", "--search", "sums"]


def call(*arguments, code=0):
    result = CliRunner().invoke(main, [str(own) for own in arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A results folder with one run, and what the command said."""
    results = tmp_path_factory.mktemp("results")
    said = call(*EMBEDDED, "--results", results, "--json").stdout
    (path,) = results.iterdir()
    return results, Run(path), json.loads(said)


def test_the_command_counts_and_explains(made):
    _, run, said = made
    assert (said["directions"], said["explained"], said["most"]) == (3, 3, 3)
    assert said == json.loads(run.file(EMBEDDING_FILE).read_text())
    assert (said["complete"], said["next_over_chance"]) == (True, None)
    again = call("embed", "--run", run.path)  # held, and shown as a table
    assert "Three independent conserved directions, three laws: nothing left." in again.output
    assert max(map(len, again.output.splitlines()[1:6])) <= 80
    assert len(said["laws"]) == 3


def test_fewer_laws_leave_something_to_find(made):
    _, run, _ = made
    laws = run.read(LawsDocument)
    entries = tuple(own for own in laws.laws if own.family == 1)
    try:
        run.write(type(laws)(**{**_fields(laws), "laws": entries, "independent_laws": 1}))
        shown = call("embed", "--run", run.path, "--fresh").output
        assert "Three independent conserved directions, one law: search deeper." in shown
        assert "Two directions are conserved and explained by no law." in shown
    finally:
        run.write(laws)
        call("embed", "--run", run.path, "--fresh", "--quiet")


def _fields(document):
    return {name: getattr(document, name) for name in document.__struct_fields__}


def test_a_killed_embedding_goes_on_and_ends_the_same(made, monkeypatch):
    _, run, _ = made
    whole = run.file(WEIGHTS_FILE).read_bytes()
    search = reopen(find_run(str(run.path)), 1, "cpu")

    def killed(stage, done, total):
        if stage == "directions" and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.embedded(search, None, killed, fresh=True)
    assert {own.name for own in run.file("checkpoint").iterdir()} == {
        "chance.npz",
        "direction-0.npz",
    }
    run.file(WEIGHTS_FILE).unlink()
    read = []
    from noether_sym.store.checkpoint import Checkpoint

    own = Checkpoint.read

    def noted(self, key):
        found = own(self, key)
        read.append((key, found is not None))
        return found

    monkeypatch.setattr(Checkpoint, "read", noted)
    pipeline.embedded(search, None)
    assert read[:3] == [("chance", True), ("direction-0", True), ("direction-1", False)]
    assert run.file(WEIGHTS_FILE).read_bytes() == whole
    assert not run.file("checkpoint").exists()


def test_the_report_has_a_section(made):
    _, run, _ = made
    page = pipeline.run_report(run).read_text(encoding="utf-8")
    assert "Is anything left to find?" in page
    assert "Three independent conserved directions, three laws: nothing left." in page


def test_a_new_fit_forgets_the_embedding(made, tmp_path):
    results, run, _ = made
    call("fit", "isotropic_oscillator_2d", "--search", "sums", "--results", results, "--fresh")
    assert not run.has(EMBEDDING_FILE)
    assert not run.has(WEIGHTS_FILE)
    call(*EMBEDDED, "--results", results, "--quiet")


def test_programs_have_it_too(made):
    _, run, _ = made
    found = noether_sym.load_discovery(run.path)
    own = noether_sym.embed(found)
    assert (own.directions, own.explained, own.most) == (3, 3, 3)
    assert own.complete is True
    assert own.summary().endswith("nothing left.")
    assert list(own.tried["conserved"]) == [True] * 3
    states = found.dataset.test[0].states
    values = own(states)
    assert values.shape == (len(states), 3)
    assert values.std(0).max() < 1e-4
    path = own.save(run.path.parent / "copy.safetensors")
    assert np.array_equal(read_embedding(path)(states), values)
    with pytest.raises(OptionError, match="seed: a Discovery holds its data already"):
        noether_sym.embed(found, seed=1)
    with pytest.raises(OptionError, match="outputs is 0"):
        noether_sym.embed(found, outputs=0)


def test_a_file_without_laws(tmp_path):
    generator = np.random.default_rng(0)
    rows = [
        (number, time, *state)
        for number in range(6)
        for time, state in enumerate(generator.standard_normal((40, 2)).cumsum(0))
    ]
    path = tmp_path / "walks.csv"
    pd.DataFrame(rows, columns=["trajectory", "t", "u", "w"]).to_csv(path, index=False)
    shown = call("embed", path, "--unitless", "--search", "sums", "--results", tmp_path / "r")
    assert "Nothing left: the embedding found no conserved direction" in shown.output


def test_algorithm_1_is_trained_where_it_is_asked_for(made, monkeypatch):
    from noether_sym.neural import states_predict
    from noether_sym.neural.embedding import MetaTraining

    def short():
        return MetaTraining(updates=3, batch=4)

    whole = states_predict.Prediction
    monkeypatch.setattr(
        states_predict, "Prediction", lambda: whole(first=3, hidden=4, rates=(1e-3,), meta=short())
    )
    _, run, _ = made
    shown = call("embed", "--run", run.path, "--predict", "--inner-steps", 2, "--form", "steps")
    assert "frozen random g" in shown.output
    assert "This is one seed." in shown.output
    held = json.loads(run.file(EMBEDDING_FILE).read_text())["prediction"]
    assert (held["form"], held["steps"], len(held["errors"])) == ("steps", 2, 5)
    with safe_open(run.file(LEARNED_FILE), framework="numpy") as weights:
        assert "0.weight" in weights.keys()  # noqa: SIM118
    assert "frozen random g" in pipeline.run_report(run).read_text(encoding="utf-8")
    assert "frozen random g" in call("embed", "--run", run.path).output  # held


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ideal_spring", "--form", "drift"], "--form is for --predict; add it"),
        ([], "Missing argument 'NAME|FILE'"),
        (["ideal_spring", "--outputs", "0"], "0 is not in the range"),
        (["--run", "nowhere"], "nowhere is not the folder of a run"),
        (["--run", "x", "--noise", "1"], "--run takes the data of the run; leave out --noise"),
    ],
)
def test_bad_input_is_told_in_words(tmp_path, arguments, message):
    result = call("embed", *arguments, "--results", tmp_path, code=2)
    assert message in result.output


def test_a_single_trajectory_is_told_what_is_missing(tmp_path):
    times = np.linspace(0, 20, 200)
    path = tmp_path / "one.csv"
    pd.DataFrame({"t": times, "q": np.cos(times), "p": -np.sin(times)}).to_csv(path, index=False)
    result = call("embed", path, "--unitless", "--search", "sums", "--results", tmp_path, code=2)
    assert "has 1 trajectory to train on" in result.output


def test_columns_that_stand_still_are_told(tmp_path):
    rows = [(n, t, np.cos(t + n), float(n)) for n in range(5) for t in np.linspace(0, 9, 40)]
    path = tmp_path / "still.csv"
    pd.DataFrame(rows, columns=["trajectory", "t", "q", "m"]).to_csv(path, index=False)
    result = call("embed", path, "--unitless", "--results", tmp_path, code=2)
    assert "fewer than two columns change" in result.output


def counted(**others):
    answer = {"known": 2, "laws": 2, "directions": 1, "explained": 1, "most": 3, "share": 1e-9}
    answer |= {"next": None, "chance": 0.5, "over_chance": None, "complete": None, "seconds": 2.0}
    return {**answer, **others}


def test_the_page_of_the_benchmark_says_what_was_run(tmp_path):
    for kind in neural_states.TITLES:
        (text,) = neural_states.section(kind, tmp_path, None, fresh=False, quick=True).values()
        assert text is None
    answers = {"count a": counted(), "count b": counted(complete=True, laws=1)}
    counts = neural_states.page("count", answers, 3, {"count a"})
    assert "misses 2; it counts 0 too many" in counts
    assert "says 'nothing' while a known law was not found: 1." in counts
    assert "2 of 3 cases are run. 1 of 2 answers was measured with earlier sources." in counts
    assert "| undecided | 2 |" in counts
    answers = {
        "predict ideal_spring 0": {"errors": dict.fromkeys(ARMS, 0.2)},
        "predict ideal_spring 1": {"errors": {**dict.fromkeys(ARMS, 0.4), LEARNED: 0.2}},
    }
    predictions = neural_states.page("predict", answers, 2, {*answers})
    assert "| ideal_spring | algorithm 1 | 0.200 ± 0.000 | 0.707" in predictions
    assert "better than plain training in 1 of 2 seeds" in predictions
    assert "Not run yet: ideal_pendulum, real_pendulum." in predictions
    assert predictions.endswith("2 of 2 cases are run.")


def test_a_recording_that_is_not_there_is_missing_and_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("urllib.request.urlopen", _offline)
    assert neural_states._answer("predict real_pendulum 0", quick=True) == {"status": "missing"}


def _offline(*_, **__):
    raise OSError("no network")


def document(directions, explained, laws, share=None, **others):
    """Of an embedding whose next output has this share, in drift as in variance."""
    from noether_sym.neural.embed_document import DirectionRow, EmbeddingDocument

    counted = [DirectionRow(9, True, 1e-9, 1e-9, 1e-9, 1e-9, 0.0)] * directions
    following = [] if share is None else [DirectionRow(9, False, 0.2, share, 0.3, share, None)]
    own = {"outputs": None, "most": 3, "possible": 3, **others}
    return EmbeddingDocument(
        **{"dataset": "d", "seed": 0, "chance_drift": 0.8, "chance_share": 1.0, **own},
        directions=directions,
        explained=explained,
        laws=tuple("abcd"[:laws]),
        tried=(*counted, *following),
    )


@pytest.mark.parametrize(
    ("counts", "share", "complete", "said"),
    [
        (
            (3, 3, 3),
            None,
            True,
            "Three independent conserved directions, three laws: nothing left.",
        ),
        ((1, 1, 1), 0.9, True, "One independent conserved direction, one law: nothing left."),
        ((0, 0, 0), 1.0, True, "Nothing left: the embedding found no conserved direction"),
        ((0, 0, 0), 0.1, None, "undecided. Its best output is conserved 2.7 times"),
        ((1, 1, 1), 0.1, None, "one law: undecided. The next output is conserved 2.7 times"),
        (
            (1, 1, 3),
            0.9,
            None,
            "three laws: the embedding cannot tell whether anything is left. Two",
        ),
        ((0, 0, 2), 0.9, None, "cannot tell whether anything is left. Two laws are beyond what"),
        (
            (3, 2, 2),
            None,
            False,
            "two laws: search deeper. One direction is conserved and explained",
        ),
        (
            (1, 0, 0),
            0.1,
            False,
            "search deeper. One direction is conserved and explained by no law.",
        ),
        ((1, 1, 1), None, None, "undecided. No further output could be trained on these data."),
    ],
)
def test_nothing_is_left_only_where_the_embedding_can_tell(counts, share, complete, said):
    own = judged(document(*counts, share))
    assert own.complete is complete
    told = completeness(own)
    assert said in told
    assert ("othing left" in told) == (complete is True)
    assert told == completeness(document(*counts, share))  # of a file that holds no verdict


def test_a_limit_that_was_asked_for_leaves_it_open():
    own = judged(document(1, 1, 1, outputs=1, most=1))
    assert own.complete is None
    assert "undecided. No more than one direction was asked for." in completeness(own)
    assert judged(document(1, 1, 1, outputs=1, most=1, possible=1)).complete is True
    assert judged(document(1, 1, 1, outputs=9, most=1, possible=1)).complete is True


def test_the_worst_score_of_the_next_output_is_set_against_chance():
    own = document(0, 0, 0, 0.1)
    assert next_over_chance(own) == pytest.approx(0.8 / 0.3)
    assert next_over_chance(document(0, 0, 0, 0.5)) == pytest.approx(2.0)
    assert next_over_chance(document(1, 1, 1)) is None
    unheld = replace(own, tried=(replace(own.tried[0], heldout_drift=None, heldout_share=None),))
    assert next_over_chance(unheld) == pytest.approx(0.8 / 0.2)
    endless = replace(own, tried=(replace(own.tried[0], crosswise_share=None),))
    assert next_over_chance(endless) == 0.0
