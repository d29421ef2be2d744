"""What is said where no law was found, and how the page is laid out."""

import re

import msgspec
import pytest
from test_report import LAW, NEAR, RUN, TAILORING, laws_json, read

from noether_sym.export.mathml import law_mathml_parts
from noether_sym.laws.law import CONSTRAINT, Evidence
from noether_sym.report import advice, render_report, words
from noether_sym.report.accuracy import accuracy
from noether_sym.store.schema import Sizes, Stages, SumsStage
from noether_sym.tailor.document import Moments, SummaryRow

FULL = msgspec.structs.replace(RUN.stages, sums=SumsStage(RUN.stages.sums.seconds, 600, False))


def run_with(method="both", given=False, budget=20.0, **changes):
    search = msgspec.structs.replace(RUN.search, method=method, given=given, budget=budget)
    return msgspec.structs.replace(RUN, search=search, **changes)


def test_what_was_searched_is_counted_from_the_run():
    said = advice.searched(RUN, laws_json())
    assert said.startswith("Searched in 2 min: sums of terms, 40 terms that the units allow")
    assert "all formulas of up to 2 nodes, 123,456 of them, 1,140 distinct" in said
    alone = msgspec.structs.replace(RUN, stages=Stages(SumsStage(1.5, 40, True)))
    assert advice.searched(alone, laws_json()) == (
        "Searched in 1.5 s: sums of terms, 40 terms that the units allow (at most 600)."
    )


def test_how_close_it_came_is_a_number():
    near = NEAR.with_(conservation_ratio=0.2, random_ratio=1.0)
    said = advice.closest(RUN, laws_json(closest=(near,)), plain=True)
    assert said == (
        "Closest: q + p is conserved 5 times better than on random data, where a law needs 100 "
        "times: not conserved."
    )
    assert "Nothing came close" in advice.closest(RUN, laws_json(closest=()))


@pytest.mark.parametrize(
    ("run", "flag", "seconds"),
    [
        (run_with(stages=FULL), "--budget 300s", 132.0 * 15),
        (run_with(), "--depth 8", 132.0 * 7),  # 40 terms of 600: nothing was left out
        (run_with("sums"), "", 264.0),  # both kinds are what a search is without options
        (run_with("formulas"), "", 264.0),
        (run_with(given=True), "--depth 8", 132.0 * 7),
    ],
)
def test_the_first_suggestion_searches_more_and_says_how_long(run, flag, seconds):
    first = advice.suggestions(run)[0]
    begin, _, options = first.command.partition(" --unit q=rad")
    assert begin == "noether-sym fit 'my data.csv'"
    assert options.split() == [*flag.split(), "--window", "20", "--seed", "3"]
    assert first.seconds == pytest.approx(seconds)
    assert re.search(r", about \d+ (s|min)$", first.text())


def test_at_most_two_commands_and_none_that_was_run_already():
    data = msgspec.structs.replace(RUN.data, with_time=True)
    longest = run_with(budget=300.0, data=data, stages=FULL)
    assert advice.suggestions(longest) == []
    assert len(advice.suggestions(run_with())) <= 2


def test_too_few_trajectories_are_said():
    few = msgspec.structs.replace(RUN.dataset, trajectories=Sizes(1, 0))
    assert advice.more_data(RUN) == ""
    assert "The data hold 1 trajectory;" in advice.more_data(
        msgspec.structs.replace(RUN, dataset=few)
    )


def test_the_page_of_a_run_without_laws_says_it_all():
    said = read(render_report(RUN, laws_json())).words
    for part in ("Searched in", "Closest: q + p", "What is most likely to help", "--depth 8"):
        assert part in said


def test_a_box_for_each_law_and_none_for_the_approximate_ones():
    second = LAW.with_(rank=2, family=2)
    slow = Evidence("approximate law", "", 0.2, 0.0, 0.0, 4)
    third = LAW.with_(rank=3, family=3, evidence=slow)
    page = render_report(RUN, laws_json(LAW, second, third, independent=2))
    assert page.count('<div class="headline') == 2
    assert "<h1>2 independent laws found, and 1 approximate</h1>" in page
    many = laws_json(*[LAW.with_(rank=n, family=n) for n in range(1, 7)], independent=6)
    page = render_report(RUN, many)
    assert page.count('<div class="headline') == 4
    assert "and 2 more in the table" in page
    alone = render_report(RUN, laws_json(third.with_(rank=1, family=1), independent=0))
    assert '<span class="kind">approximate law</span>' in alone


def test_notes_stand_above_the_laws_and_candidates_are_folded():
    page = render_report(RUN, laws_json(LAW), TAILORING)
    assert page.index("Notes on the data") < page.index("<h2>Laws</h2>")
    folded = page[page.index("<details>") : page.index("</details>")]
    assert "Closest candidates that are not laws (1)" in folded
    assert "not applicable: q and p are no canonical pair" in page


def test_names_that_are_latex_are_set():
    law = LAW.with_(inputs=((r"$\dot\theta$", "rad"), ("p", "rad/s")))
    columns = tuple(
        msgspec.structs.replace(own, name=name)
        for own, name in zip(RUN.dataset.columns, (r"$\dot\theta$", "p"), strict=True)
    )
    data = msgspec.structs.replace(RUN.dataset, columns=columns)
    page = render_report(msgspec.structs.replace(RUN, dataset=data), laws_json(law))
    assert page.count('<mover accent="true"><mi>θ</mi>') >= 2
    assert "<dd><math><mover" in page


def test_a_formula_may_break_between_its_terms():
    parts = law_mathml_parts(LAW)
    assert len(parts) == 2
    assert all(part.startswith("<math") and part.endswith("</math>") for part in parts)
    assert '<mo form="infix">+</mo>' in parts[1]
    assert len(law_mathml_parts(LAW.with_(expression=LAW.expression.arguments[0]))) == 1


def test_relations_say_why_they_are_no_laws():
    own = Evidence(CONSTRAINT, "in the data v = d(x)/dt and so on", 0.0, 1.0, 0.0, 4)
    laws = laws_json(LAW)
    entry = msgspec.structs.replace(
        laws_json(LAW.with_(evidence=own, status=CONSTRAINT)).laws[0], verdict=CONSTRAINT
    )
    page = render_report(RUN, msgspec.structs.replace(laws, constraints=(entry,)))
    assert "in the data v = d(x)/dt and so on" in page
    plain = msgspec.structs.replace(entry, evidence=None)
    assert "whether it is a law is untested" in words.constrained(plain)


def test_the_picture_of_accuracy_needs_two_formulas():
    figure = accuracy(laws_json(LAW))
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["law", "not accepted"]
    assert accuracy(laws_json(closest=())) is None


def test_a_selected_law_that_fails_on_the_test_data_is_said_to():
    from dataclasses import replace

    def row(method, error):
        own = Moments(error, None, 1)
        return SummaryRow(method, own, own, own, own, None)

    worse = replace(TAILORING, summary=(row("extra epochs", 0.1), row("meta-tailored", 0.3)))
    assert "On the test data it does not: the error there is 0.30, and 0.10" in words.selected(
        worse
    )
    better = replace(TAILORING, summary=(row("extra epochs", 0.3), row("meta-tailored", 0.1)))
    assert "On the test data" not in words.selected(better)
    lost = replace(TAILORING, summary=(row("extra epochs", 0.3), row("meta-tailored", None)))
    assert "On the test data it does not: its predictions diverge there." in words.selected(lost)
