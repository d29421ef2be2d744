"""The report: one file that says what was found, whatever the run holds."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import NAMES
from test_report_figures import CIRCLE, curves, dataset, law

from noether_sym.dsl.expression import call, input_
from noether_sym.errors import RunError
from noether_sym.export import laws_document
from noether_sym.report import render_report, write_figures, write_report
from noether_sym.report.command import command_line
from noether_sym.report.draw import shown_entry
from noether_sym.report.view import verdict
from noether_sym.store import runs
from noether_sym.store.runs import Run

LAW = law(names=["q", "p"]).with_(rank=1, family=1, heldout_ratio=2e-6, alignment=1e-7)
NEAR = replace(LAW, expression=call("add", input_(0), input_(1)), parameters=(), rank=0, family=0)
NEAR = NEAR.with_(conservation_ratio=0.2, status="not conserved")
RUN = {
    "format": 1,
    "identity": {"dataset_sha256": "ab" * 32},
    "data": {"dataset": "my data.csv", "noise": 0.0, "units": {"q": "rad"}, "seed": 3},
    "search": {"grammar": "paper", "depth": 7, "factor": 100.0, "window": 20},
    "dataset": {
        "name": "own",
        "source": "A & B <2020>",
        "columns": [{"name": "q", "unit": "rad", "given": "deg"}, {"name": "p", "unit": "rad/s"}],
        "trajectories": {"train": 4, "test": 3},
        "samples": {"train": 80, "test": 60},
        "derivative": "exact",
        "notes": ["angles were degrees"],
    },
    "stages": {"enumerate": {"seconds": 0.5}, "fit": {"seconds": 130.0}},
    "versions": {"noether-sym": "0.1.0", "python": "3.11.7"},
    "device": "cpu",
}
CONTROL = {"status": "ok", "rate": None, "train_rmse": 0.1, "test_rmse": 0.2, "test_mse": 0.04}
TAILORING = {
    "options": {"epochs": 100, "top": 5, "seeds": 2, "loss": "drift"},
    "error": "mean squared error",
    "energy": "q**2 + 1*p**2",
    "selected": "q**2 + 1*p**2",
    "seeds": [
        {
            "seed": 0,
            "controls": [
                {"method": "vanilla", **CONTROL, "energy_mse": 0.3},
                {"method": "hnn", **dict.fromkeys(CONTROL), "status": "not applicable"},
                {"method": "meta-tailored", **CONTROL, "rate": 0.01, "energy_mse": None},
            ],
            "trials": [{"status": "ok"}, {"status": "diverged"}],
        },
        {
            "seed": 1,
            "controls": [{"method": "meta-tailored", **CONTROL, "status": "diverged"}],
            "trials": [{"status": "ok"}],
        },
    ],
    "summary": [
        {
            "method": "vanilla",
            "test_rmse": {"mean": 0.2, "std": 0.01, "count": 2},
            "rmse_over_vanilla": 1.0,
        }
    ],
}
FIGURE = {"conservation": "<svg xmlns='http://www.w3.org/2000/svg'/>"}


def laws_json(*laws, closest=(NEAR,), independent=1, window=None):
    return laws_document(
        laws,
        dataset="own",
        inputs=(laws or closest or (LAW,))[0].inputs,
        counts={"candidates": 123456, "distinct": 1140, "fitted": 1140, "accepted": len(laws)},
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


def test_the_page_says_everything():
    page = render_report(
        run=RUN, laws=laws_json(LAW.with_(selected=True)), tailoring=TAILORING, figures=FIGURE
    )
    reader = read(page)
    for said in (
        "1 law found: q² + 1·p²",
        "Tailoring selected q² + 1·p²: it predicts best",
        "c0 = 1",
        "123,456", "formulas that units allow",
        "Closest candidates that are not laws",
        "vanilla", "0.200 ± 0.010", "Hamiltonian NN", "not applicable", "1 of 2 lost",
        "3 trials of meta-tailoring, 1 of them diverged",
        "q [rad], p [rad/s]", "4 to fit, 3 held out", "angles were degrees", "A & B <2020>",
        "noether-sym run --dataset 'my data.csv' --unit q=rad --grammar paper --depth 7 "
        "--window 20 --seed 3 --top 5 --seeds 2",
        "ab" * 32, "2 min", "python 3.11.7",
        "Noether Networks: Meta-Learning Useful Conserved Quantities",
        "version = {0.1.0}",
    ):  # fmt: skip
        assert said in reader.words
    assert "math" in reader.tags
    assert len(reader.sources) == 1


def test_no_law_is_said_plainly():
    page = render_report(run=RUN, laws=laws_json())
    reader = read(page)
    assert "No law found up to 7 nodes. Closest, not conserved: q + p (ratio 0.20)" in reader.words
    assert "is not conserved" in reader.words
    assert "Tailoring" not in reader.words
    assert verdict({}, {}) == "No law found"


def test_verdicts_count_independent_laws():
    second = LAW.with_(rank=2, family=2)
    assert verdict(RUN, laws_json(LAW, second, independent=2)).startswith(
        "2 independent laws found: q² + 1·p²; q² + 1·p²"
    )
    same = LAW.with_(rank=2, family=1)
    assert verdict(RUN, laws_json(LAW, same)) == "1 law found: q² + 1·p²"
    assert "found, approximately conserved" in verdict(RUN, laws_json(LAW, window=20))


def test_the_selected_law_stands_for_the_run():
    second = LAW.with_(rank=2, family=2, selected=True)
    assert shown_entry(laws_json(LAW, second))["rank"] == 2
    assert shown_entry(laws_json(LAW))["rank"] == 1
    assert shown_entry(laws_json())["expression"] == "q + p"
    assert shown_entry(laws_json(closest=())) is None


@pytest.mark.parametrize("start", range(0, len(NAMES) - 1, 4))
def test_names_are_escaped(start):
    names = NAMES[start : start + 2]
    named = law(CIRCLE, 1.0, names=names).with_(rank=1, family=1)
    document = {**laws_json(named), "dataset": f"<b>{names[0]}</b>"}
    page = render_report(run=RUN, laws=document)
    assert page.count("<b>") == 4  # the counts
    assert "<script" not in page
    read(page)


def test_hostile_text_everywhere_stays_text():
    hostile = "<script>alert(1)</script><img src=x onerror=y>"
    everything = copy.deepcopy(
        {"run": RUN, "laws": laws_json(LAW), "tailoring": TAILORING, "figures": FIGURE}
    )

    def poisoned(value):
        if isinstance(value, dict):
            return {key: poisoned(own) for key, own in value.items()}
        if isinstance(value, list):
            return [poisoned(own) for own in value]
        return hostile if isinstance(value, str) else value

    reader = read(render_report(**poisoned(everything)))
    assert "x" not in reader.sources


def paths(value, path=()):
    """Every place in nested JSON."""
    if path:
        yield path
    for key, own in value.items() if isinstance(value, dict) else ():
        yield from paths(own, (*path, key))
    for place, own in enumerate(value) if isinstance(value, list) else ():
        yield from paths(own, (*path, place))


EVERYTHING = {"run": RUN, "laws": laws_json(LAW), "tailoring": TAILORING}
PLACES = [path for path in paths(EVERYTHING) if len(path) > 1]


@settings(max_examples=80)
@given(st.sampled_from(PLACES), st.sampled_from(["missing", None, 0, "text", [], {}, [None], True]))
def test_anything_may_be_missing_or_wrong(path, value):
    documents = copy.deepcopy(EVERYTHING)
    parent = documents
    for key in path[:-1]:
        parent = parent[key]
    if value == "missing":
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    read(render_report(**documents))


def test_empty_documents_make_a_page():
    reader = read(render_report(run={}, laws={}, tailoring={}, figures={}))
    assert "No law found" in reader.words


def test_writing_replaces_the_file_whole(tmp_path):
    path = tmp_path / "run" / "report.html"
    write_report(path, run=RUN, laws=laws_json(LAW))
    first = path.read_text(encoding="utf-8")
    write_report(path, run=RUN, laws=laws_json(LAW))
    assert path.read_text(encoding="utf-8") == first
    assert [own.name for own in path.parent.iterdir()] == ["report.html"]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RunError, match="cannot write"):
        write_report(blocked / "report.html", run=RUN, laws=laws_json(LAW))


def test_commands():
    assert command_line({}) == ""
    assert command_line({"command": "noether-sym run --dataset x"}).endswith("x")
    assert command_line({"data": {"dataset": "ideal_spring"}}) == (
        "noether-sym run --dataset ideal_spring --seed 0"
    )


def test_figures_of_a_run(tmp_path):
    import numpy as np

    run = Run(tmp_path)
    own = dataset(names=["q", "p"])
    drawn = write_figures(run, own, laws_json(LAW))
    assert sorted(drawn) == ["conservation", "phase_portrait"]
    np.savez(run.file(runs.CURVES_FILE), **curves())
    drawn = write_figures(run, own, laws_json(LAW), TAILORING)
    assert sorted(drawn) == ["conservation", "energies", "phase_portrait", "rollout_errors"]
    folder = run.file(runs.FIGURES)
    assert len(list(folder.iterdir())) == 8
    assert (folder / "energies.svg").read_text(encoding="utf-8") == drawn["energies"]
    assert write_figures(run, own, laws_json(closest=())) == {}
    read(render_report(run=RUN, laws=laws_json(LAW), tailoring=TAILORING, figures=drawn))
