"""The report: one file that says what was found, whatever the run holds."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest
from documents import run_document
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NAMES
from test_report_figures import CIRCLE, curves, dataset, law

from noether_sym.dsl.expression import call, input_
from noether_sym.errors import RunError
from noether_sym.export import laws_document
from noether_sym.laws.law import Evidence
from noether_sym.report import render_report, words, write_figures, write_report
from noether_sym.report.command import command_line
from noether_sym.store.options import DataOptions
from noether_sym.store.run import CURVES_FILE, FIGURES, Run
from noether_sym.store.schema import (
    Counts,
    DecoysEntry,
    EnumerateStage,
    FitStage,
    LawsDocument,
    RunDocument,
    Stages,
    SumsStage,
    decode,
    encode,
)
from noether_sym.tailor import TailorOptions
from noether_sym.tailor.document import (
    CandidateRow,
    Choice,
    ControlRow,
    ErrorRatio,
    Moments,
    PlainRow,
    RollOutParts,
    RollOuts,
    SeedRow,
    SummaryRow,
    TailoringDocument,
    TrialRow,
)

LAW = law(names=["q", "p"]).with_(rank=1, family=1, heldout_ratio=2e-6, alignment=1e-7)
NEAR = replace(LAW, expression=call("add", input_(0), input_(1)), parameters=(), rank=0, family=0)
NEAR = NEAR.with_(conservation_ratio=0.2, status="not conserved")
RUN = msgspec.structs.replace(
    run_document(),
    stages=Stages(
        SumsStage(1.5, 40, True), EnumerateStage(0.5, 9, 3, (1, 2), (1, 2), 0), FitStage(130.0, 20)
    ),
    versions={"noether-sym": "0.1.0", "python": "3.11.7"},
    device="cpu",
)


def control(method, status="ok", rate=None, energy_mse=None):
    return ControlRow(method, status, None, rate, 0.1, 0.2, 0.04, energy_mse)


def trial(status):
    return TrialRow(0, "q**2 + p**2", True, 0.01, status, None, None, None)


def summary(method, count, ratio=None):
    own = Moments(0.2, 0.01, count) if count > 1 else Moments(0.2 if count else None, None, count)
    return SummaryRow(method, own, own, own, own, ratio)


TAILORING = TailoringDocument(
    options=TailorOptions(top=5, seeds=2).deciding("cpu"),
    error="mean squared error",
    state_scale=(1.0, 1.0),
    training_states=80,
    roll_outs=RollOutParts(
        RollOuts(4, 20, 76), RollOuts(1, 20, 19), RollOuts(3, 20, 57), "the last trajectory"
    ),
    energy="q**2 + p**2",
    energy_is="known law",
    selected="q**2 + p**2",
    selected_candidate=0,
    choice=Choice(
        law="q**2 + p**2",
        candidate=0,
        selected=True,
        reason="it predicts better than plain further training",
        error_ratio=ErrorRatio(0.5, 0.4, 0.62),
        ties=(),
        control="q*p",
        control_candidate=1,
    ),
    candidates=(CandidateRow(0, "q**2 + p**2", True), CandidateRow(1, "q*p", False)),
    seeds=(
        SeedRow(
            0,
            (
                control("vanilla", energy_mse=0.3),
                ControlRow("hnn", "not applicable", note="q and p are no canonical pair"),
                control("meta-tailored", rate=0.01),
                control("not a law", rate=0.1),
            ),
            (PlainRow("vanilla", 0.1, 0.2, 0.3),),
            (),
            (trial("ok"), trial("diverged")),
        ),
        SeedRow(
            1,
            (control("vanilla"), control("meta-tailored", "diverged", 0.01)),
            (),
            (),
            (trial("ok"),),
        ),
    ),
    summary=(
        summary("vanilla", 2, 1.0),
        summary("hnn", 0),
        summary("meta-tailored", 1),
        summary("not a law", 1),
    ),
)
FIGURE = {"conservation": "<svg xmlns='http://www.w3.org/2000/svg'/>"}


def laws_json(*laws, closest=(NEAR,), independent=1, window=None):
    return laws_document(
        laws,
        dataset="own",
        inputs=(laws or closest or (LAW,))[0].inputs,
        counts=Counts(123456, 1140, 1140, len(laws)),
        independent_laws=independent if laws else 0,
        closest=closest,
        window=window,
    )


class _Reader(HTMLParser):
    """Checks that tags are closed in order, and gathers what is loaded and said."""

    VOID = frozenset({"meta", "img", "br", "link", "mspace"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], set(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)


def read(page):
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert not reader.tags & {"script", "link", "iframe", "object"}
    assert all(source.startswith("data:image/") for source in reader.sources)
    reader.words = re.sub(r"\s+", " ", " ".join(reader.text))
    return reader


def test_the_page_says_what_chance_finds_and_what_cannot_be_told_apart():
    own = LAW.with_(also_allowed=(NEAR.with_(status="also allowed"),))
    laws = msgspec.structs.replace(laws_json(own), decoys=DecoysEntry(20, 1, 0, 3, ("q*p",), 0.237))
    assert decode(encode(laws).encode(), LawsDocument, "laws.json") == laws
    page = read(render_report(RUN, laws)).words
    assert (
        "By chance, 1 family of laws found in 20 decoys: with 95 % confidence a search finds at "
        "most 0.24 on average where nothing is conserved; laws of a single column survive decoys"
    ) in page
    assert "cannot be told apart by these data: p + q" in page
    held = msgspec.structs.replace(RUN.search, decoys=20)
    assert "--decoys 20" in command_line(msgspec.structs.replace(RUN, search=held))
    bare = laws_json(LAW)
    assert words.decoys(bare) == ""
    assert "By chance" not in read(render_report(RUN, bare)).words


def test_the_page_says_everything():
    page = render_report(RUN, laws_json(LAW.with_(selected=True)), TAILORING, FIGURE)
    reader = read(page)
    for said in (
        "1 law found: q² + p²",
        "Tailoring selected q² + p²: it predicts better than plain further training",
        "c0 = 1",
        "123,456", "formulas that units allow",
        "Closest candidates that are not laws",
        "vanilla", "0.200 ± 0.010", "Hamiltonian NN", "not applicable", "1 of 2 lost",
        "0.200 (1 of 2)", "Mean ± standard deviation over 2 networks",
        "Selected: q² + p²; it predicts better than plain further training (validation RMSE "
        "over that of extra epochs: 0.50, 0.40 to 0.62).",
        "The energy is the known law q² + p²",
        "'not a law' is q·p, which has the least validation error of what was not accepted as "
        "conserved: a control, never selected.", "Hamiltonian NN: q and p are no canonical pair.",
        "1 law and 1 of the closest other candidates were screened",
        "chosen on the last trajectory",
        "energy MSE", "RMSE is the root",
        "3 trials of meta-tailoring, 1 of them diverged",
        "q [rad], p [rad/s]", "4 to fit, 3 held out", "angles were degrees", "A & B <2020>",
        "noether-sym run --dataset 'my data.csv' --unit q=rad --search both --grammar paper "
        "--depth 7 --budget 20s --window 20 --seed 3 --top 5 --seeds 2",
        "ab" * 32, "2 min", "time to search sums", "python 3.11.7",
        "Noether Networks: Meta-Learning Useful Conserved Quantities",
        "version = {0.1.0}",
    ):  # fmt: skip
        assert said in reader.words
    assert "math" in reader.tags
    assert len(reader.sources) == 1


def test_an_energy_that_is_the_found_law_is_called_its_drift():
    own = replace(TAILORING, energy_is="found law")
    figures = {**FIGURE, "energies": FIGURE["conservation"]}
    page = render_report(RUN, laws_json(LAW), own, figures)
    assert "drift of the law MSE" in read(page).words
    assert "the drift is that of the law q² + p²" in read(page).words
    assert "The drift of the law of the predicted states" in page
    assert "nergy" not in page
    assert "The energy of the predicted states" in render_report(
        RUN, laws_json(LAW), TAILORING, figures
    )


def test_without_a_law_no_drift_is_shown():
    own = replace(TAILORING, energy=None, energy_is=None)
    assert "energy MSE" not in read(render_report(RUN, laws_json(LAW), own)).words


def chosen(**changes):
    """The tailoring with another choice, and nothing selected."""
    choice = replace(TAILORING.choice, selected=False, **changes)
    return replace(TAILORING, selected=None, selected_candidate=None, choice=choice)


def test_where_no_law_helps_it_stays_a_law():
    own = chosen(
        reason="no law predicts better than plain further training beyond the spread",
        error_ratio=ErrorRatio(1.02, 0.9, 1.15),
    )
    said = read(render_report(RUN, laws_json(LAW), own)).words
    assert "Tailoring selected" not in said
    assert (
        "No law is selected: no law predicts better than plain further training beyond the spread "
        "(validation RMSE over that of extra epochs: 1.0, 0.90 to 1.1). q² + p² is still a law"
        in said
    )


def test_no_selection_is_said_plainly():
    own = chosen(
        law=None, candidate=None, error_ratio=None, reason="nothing was accepted as conserved"
    )
    said = read(render_report(RUN, laws_json(), own)).words
    assert "No law is selected: nothing was accepted as conserved." in said
    assert "conserved: a control, never selected" in said
    untold = replace(TAILORING.choice, error_ratio=ErrorRatio(0.5, None, None))
    assert words.error_ratio(untold, plain=True).endswith(": 0.5")


def found(laws, **options):
    return words.found(laws, RUN.search, **options)


def test_no_law_is_said_plainly():
    page = render_report(RUN, laws_json())
    reader = read(page)
    assert (
        "No law found (sums from up to 600 terms, formulas of up to 7 nodes): nothing is conserved "
        "100 times better than chance. Closest, not conserved: q + p (ratio 0.20)" in reader.words
    )
    assert "is not conserved" in reader.words
    assert "Tailoring" not in reader.words
    assert found(laws_json(closest=())).endswith("better than chance")


def test_what_comes_close_and_is_not_confirmed_is_not_called_chance():
    near = NEAR.with_(conservation_ratio=1e-4, random_ratio=1.0)
    said = found(laws_json(closest=(NEAR, near)))
    assert "nothing that comes close is confirmed. Closest, not conserved: q + p" in said
    assert "better than chance" not in said


@pytest.mark.parametrize(
    ("verdict", "white", "end"),
    [
        ("law", 0.5, "are white in time (p = 0.5)"),
        ("law", 1e-9, "are not white in time (p = 1e-09), by less than 0.1 % of the spread"),
        ("approximate law", 1e-9, "are not white in time (p = 1e-09)"),
    ],
)
def test_a_law_says_how_little_it_drifts(verdict, white, end):
    own = LAW.with_(evidence=Evidence(verdict, "", 1e-4, white, 0.0, 5))
    assert words.evidence(own, "s", plain=True)[-1] == f"residuals {end}"


def test_sentences_count_independent_laws():
    second = LAW.with_(rank=2, family=2)
    two = laws_json(LAW, second, independent=2)
    assert found(two).startswith("2 independent laws found: q² + p²; q² + p²")
    assert found(two, plain=True).endswith("found: q**2 + p**2; q**2 + p**2")
    same = LAW.with_(rank=2, family=1)
    assert found(laws_json(LAW, same)) == "1 law found: q² + p²"
    many = msgspec.structs.replace(two, most_laws=3)
    assert found(many).startswith("2 of at most 3 independent laws found: q² + p²; ")
    alone = msgspec.structs.replace(laws_json(LAW), most_laws=1)
    assert found(alone) == "1 law found: q² + p²"
    function = LAW.with_(rank=2, family=2, function_of=(1,))
    assert found(laws_json(LAW, function)) == "1 law found: q² + p²"
    windowed = found(laws_json(LAW, window=20))
    assert "found over windows of 20 samples: " in windowed
    assert found(laws_json(LAW, independent=0)) == "No law found, but 1 approximate: q² + p²"


def test_the_selected_law_stands_for_the_run():
    second = LAW.with_(rank=2, family=2, selected=True)
    assert laws_json(LAW, second).shown.rank == 2
    assert laws_json(LAW).shown.rank == 1
    assert laws_json().shown.expression == "q + p"
    assert laws_json(closest=()).shown is None


@pytest.mark.parametrize("start", range(0, len(NAMES) - 1, 4))
def test_names_are_escaped(start):
    names = NAMES[start : start + 2]
    named = law(CIRCLE, 1.0, names=names).with_(rank=1, family=1)
    document = msgspec.structs.replace(laws_json(named), dataset=f"<b>{names[0]}</b>")
    page = render_report(RUN, document)
    assert page.count("<b>") == 5  # the counts
    assert "<script" not in page
    read(page)


def built(value):
    return json.loads(encode(value))


def page_from(documents, figures=None):
    """The page of documents as JSON types, read as the files of a run are."""
    kinds = {"run": RunDocument, "laws": LawsDocument, "tailoring": TailoringDocument}
    texts = {name: json.dumps(own).encode() for name, own in documents.items()}
    typed = [decode(texts[name], kind, f"{name}.json") for name, kind in kinds.items()]
    return render_report(*typed, figures)


EVERYTHING = {"run": built(RUN), "laws": built(laws_json(LAW)), "tailoring": built(TAILORING)}


def test_hostile_text_everywhere_stays_text():
    hostile = "<script>alert(1)</script><img src=x onerror=y>"

    def poisoned(value, key=""):
        if isinstance(value, dict):
            return {name: poisoned(own, name) for name, own in value.items()}
        if isinstance(value, list):
            return [poisoned(own) for own in value]
        return hostile if isinstance(value, str) and key != "energy_is" else value

    reader = read(page_from(poisoned(EVERYTHING), FIGURE))
    assert "x" not in reader.sources


def paths(value, path=()):
    """Every place in nested JSON."""
    if path:
        yield path
    for key, own in value.items() if isinstance(value, dict) else ():
        yield from paths(own, (*path, key))
    for place, own in enumerate(value) if isinstance(value, list) else ():
        yield from paths(own, (*path, place))


PLACES = [path for path in paths(EVERYTHING) if len(path) > 1]


@settings(max_examples=160)
@given(st.sampled_from(PLACES), st.sampled_from(["missing", None, 0, "text", [], {}, [None], True]))
def test_whatever_is_missing_or_wrong_is_refused_in_words_or_shown(path, value):
    documents = copy.deepcopy(EVERYTHING)
    parent = documents
    for key in path[:-1]:
        parent = parent[key]
    if value == "missing":
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    try:
        read(page_from(documents))
    except RunError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert f"{path[0]}.json" in refused
        assert "run the stage again" in refused


def test_a_run_without_laws_or_candidates_makes_a_page():
    nothing = laws_json(closest=())
    reader = read(render_report(run_document(), nothing))
    assert "No law found" in reader.words


def test_writing_replaces_the_file_whole(tmp_path):
    run = Run(tmp_path / "run")
    path = run.file("report.html")
    write_report(run, RUN, laws_json(LAW))
    first = path.read_text(encoding="utf-8")
    write_report(run, RUN, laws_json(LAW))
    assert path.read_text(encoding="utf-8") == first
    assert [own.name for own in path.parent.iterdir()] == ["report.html"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunError, match="cannot write"):
        write_report(Run(blocked), RUN, laws_json(LAW))


def test_commands():
    plain = msgspec.structs.replace(
        RUN,
        data=DataOptions("ideal_spring"),
        search=msgspec.structs.replace(RUN.search, window="auto"),
    )
    assert command_line(plain) == (
        "noether-sym run --dataset ideal_spring --search both --grammar paper --depth 7 "
        "--budget 20s --seed 0"
    )
    noisy = DataOptions(
        "x y.csv", 0.5, unitless=True, time="when", trajectory="run", columns=("a", "b"),
        drop_missing=True, seed=2,
    )  # fmt: skip
    assert command_line(msgspec.structs.replace(plain, data=noisy)) == (
        "noether-sym run --dataset 'x y.csv' --noise 0.5 --unitless --time when --trajectory run "
        "--columns a,b --drop-missing --search both --grammar paper --depth 7 --budget 20s --seed 2"
    )
    budgeted = msgspec.structs.replace(plain.search, method="sums", budget=90.0, given=False)
    assert command_line(msgspec.structs.replace(plain, search=budgeted)) == (
        "noether-sym run --dataset ideal_spring --search sums --grammar paper --budget 90s --seed 0"
    )


def test_figures_of_a_run(tmp_path):
    import numpy as np

    run = Run(tmp_path)
    own = dataset(names=["q", "p"])
    drawn = write_figures(run, own, laws_json(LAW))
    assert sorted(drawn) == ["accuracy", "conservation", "phase_portrait"]
    np.savez(run.file(CURVES_FILE), **curves())
    drawn = write_figures(run, own, laws_json(LAW), TAILORING)
    more = ["accuracy", "conservation", "energies", "phase_portrait", "rollout_errors"]
    assert sorted(drawn) == more
    folder = run.file(FIGURES)
    assert len(list(folder.iterdir())) == 10
    assert (folder / "energies.svg").read_text(encoding="utf-8") == drawn["energies"]
    assert write_figures(run, own, laws_json(closest=())) == {}
    read(render_report(RUN, laws_json(LAW), TAILORING, drawn))
