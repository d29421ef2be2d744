"""laws.json: its layout, and laws read back."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from strategies import laws

from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import GrammarError, RunError
from noether_sym.export import accepted_laws, law_from_entry, law_to_entry, laws_document
from noether_sym.export.json import tree_from_json, tree_to_json
from noether_sym.laws.law import Law, Parameter
from noether_sym.store.schema import (
    CONTROLS,
    Counts,
    LawEntry,
    LawsDocument,
    decode,
    encode,
    to_json,
)
from noether_sym.units.dimension import Dimension

MOMENTUM = Dimension.of({"kg": 1, "m": 2, "s": -1})
PENDULUM = call("sub", call("square", input_(1)), call("mul", parameter(0), call("cos", input_(0))))
LAW = Law(
    expression=PENDULUM,
    inputs=(("q", "rad"), ("p", "kg*m**2/s")),
    parameters=(Parameter("c0", 2.43, MOMENTUM**2, 0.01),),
    dimension=MOMENTUM**2,
    conservation_ratio=1e-4,
    random_ratio=0.9,
    heldout_ratio=2e-4,
    alignment=1e-6,
    rank=1,
    family=1,
    window=20,
)


def read(entry):
    """A law from JSON types."""
    return law_from_entry(decode(json.dumps(entry).encode(), LawEntry, "laws.json"))


def document(*laws, **changes):
    options = {
        "dataset": "own",
        "inputs": LAW.inputs,
        "counts": Counts(9, 3, 2, 1),
        "independent_laws": 1,
        **changes,
    }
    return laws_document(laws, **options)


@given(laws())
def test_laws_round_trip_through_json(law):
    assert read(json.loads(encode(law_to_entry(law)))) == law


def test_round_trip_keeps_everything():
    assert law_from_entry(law_to_entry(LAW)) == LAW
    odd = Dimension.of({"µm": Fraction(1, 2), "Δ°C": Fraction(-3, 2), "a_0": -1})
    for dimension in (odd, odd**-1, Dimension.of({"s": -2})):
        law = LAW.with_(dimension=dimension)
        assert law_from_entry(law_to_entry(law)).dimension == dimension


def test_layout_of_the_document():
    content = json.loads(encode(document(LAW)))
    assert list(content) == [
        "dataset", "inputs", "counts", "independent_laws", "window", "laws",
        "candidates_not_accepted", "most_laws", "constraints", "decoys", "notes",
    ]  # fmt: skip
    assert content["inputs"][1] == {"name": "p", "unit": "kg*m**2/s"}
    assert list(content["counts"]) == ["candidates", "distinct", "fitted", "accepted"]
    (entry,) = content["laws"]
    assert entry["expression"] == "p**2 - 2.43*cos(q)"
    assert entry["latex"] == r"p^{2} - 2.43 \cos{\left(q \right)}"
    assert entry["unit"] == "kg**2*m**4/s**2"
    assert entry["parameters"] == [
        {"name": "c0", "value": 2.43, "unit": "kg**2*m**4/s**2", "stderr": 0.01}
    ]
    assert (entry["rank"], entry["family"], entry["size"], entry["selected"]) == (1, 1, 7, False)
    assert (entry["conservation_ratio"], entry["random_ratio"]) == (1e-4, 0.9)
    assert (entry["status"], entry["window"]) == ("accepted", 20)
    assert entry["tree"] == [
        "sub", ["square", ["input", 1]], ["mul", ["parameter", 0], ["cos", ["input", 0]]],
    ]  # fmt: skip


def test_laws_are_sorted_by_rank_and_the_rest_follows_with_reasons():
    near = LAW.with_(rank=0, status="varies")
    content = document(LAW.with_(rank=2), LAW, closest=[near], reasons=["a near miss"], window=40)
    assert [entry.rank for entry in content.laws] == [1, 2]
    assert [entry.reason for entry in content.candidates_not_accepted] == ["a near miss"]
    assert document(closest=[near]).candidates_not_accepted[0].reason == "varies"
    assert content.window == 40
    with pytest.raises(ValueError, match="zip"):
        document(closest=[near], reasons=["one", "two"])


def test_numbers_that_are_not_finite_become_null():
    lost = LAW.with_(
        conservation_ratio=math.inf,
        random_ratio=math.nan,
        heldout_ratio=-math.inf,
        parameters=(Parameter("c0", math.nan, MOMENTUM**2, math.inf),),
    )
    text = encode(document(lost))
    (entry,) = json.loads(text)["laws"]
    assert entry["conservation_ratio"] is entry["random_ratio"] is entry["heldout_ratio"] is None
    assert entry["parameters"][0]["value"] is entry["parameters"][0]["stderr"] is None
    again = read(entry)
    assert math.isnan(again.conservation_ratio)
    assert math.isnan(again.values[0])
    with pytest.raises(RunError, match="value of c0 in"):  # a run's laws have their constants
        decode(text.encode(), LawsDocument, "laws.json")


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (["tan", ["input", 0]], "unknown operation 'tan'"),
        (["sub", ["input", 0]], "sub takes 2 arguments, not 1"),
        (["cos", ["input", 0], ["input", 0]], "cos takes 1 arguments, not 2"),
        (["input", -1], "is not a valid input: a number from 0"),
        (["input", "0"], "is not a valid input"),
        (["input", True], "is not a valid input"),
        (["parameter", 0.0], "is not a valid parameter"),
        (["parameter"], "is not a valid parameter"),
        ([], "is not part of a formula"),
        ("p**2", "'p\\*\\*2' is not part of a formula"),
        (["cos", "q"], "is not part of a formula"),
        ([["cos"], ["input", 0]], "is not part of a formula"),
        (None, "is not part of a formula"),
    ],
)
def test_trees_that_are_no_formula_are_refused(tree, message):
    with pytest.raises(GrammarError, match=message):
        tree_from_json(tree)


def test_trees_that_are_too_large_are_refused():
    deep = ["input", 0]
    for _ in range(300):
        deep = ["cos", deep]
    with pytest.raises(GrammarError, match="deeper than 200"):
        tree_from_json(deep)
    wide = ["input", 0]
    for _ in range(14):
        wide = ["add", wide, wide]
    with pytest.raises(GrammarError, match="more than 10000 nodes"):
        tree_from_json(wide)
    assert tree_from_json(tree_to_json(PENDULUM)) == PENDULUM


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (["parameter", 1], r"slots \[1\] and the law has 1 parameters"),
        (["input", 0], r"slots \[\] and the law has 1"),
        (["add", ["parameter", 0], ["parameter", 0]], r"slots \[0, 0\]"),
        (["add", ["parameter", 0], ["input", 2]], "reads column 2 of 2"),
    ],
)
def test_leaves_that_the_law_lacks_are_refused(tree, message):
    with pytest.raises(GrammarError, match=message):
        read({**to_json(law_to_entry(LAW)), "tree": tree})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank": "1"}, "entry rank: Expected `int`, got `str`"),
        ({"rank": True}, "entry rank: Expected `int`, got `bool`"),
        ({"unit": None}, "entry unit: Expected `str`, got `null`"),
        ({"unit": "m**"}, "is not a unit"),
        ({"unit": "(m)"}, "is not a unit"),
        ({"unit": "m**(1/0)"}, "is not an exponent"),
        ({"unit": "m**" + "9" * 5000}, "is not an exponent"),
        ({"conservation_ratio": "0.1"}, "Expected `float | null`, got `str`"),
        ({"inputs": None}, "entry inputs"),
        ({"parameters": [{"name": "c0"}]}, r"entry parameters\[0\]: Object missing .* `value`"),
        ({"more": 1}, "unknown field `more`"),
    ],
)
def test_damaged_entries_are_refused(changes, message):
    entry = to_json(law_to_entry(LAW))
    with pytest.raises(RunError, match=message):
        read({**entry, **changes})
    del entry["tree"]
    with pytest.raises(RunError, match="missing required field `tree`"):
        read(entry)


def test_every_law_is_tailored_with_and_so_many_of_the_closest():
    family = LAW.with_(rank=2)
    other = LAW.with_(rank=3, family=2)
    near = LAW.with_(rank=0, family=1, status="near miss")
    rest = LAW.with_(rank=0, family=0, status="varies")
    own = document(LAW, family, other, closest=[near, rest, rest])
    assert [entry.rank for entry in own.heads] == [1, 3]
    function = LAW.with_(rank=4, family=3, function_of=(1, 2))
    assert [entry.rank for entry in document(LAW, other, function).heads] == [1, 3]
    assert [law.rank for law in accepted_laws(own)] == [1, 2, 3]
    assert [law.rank for law in accepted_laws(own, heads_only=True)] == [1, 3]
    assert own.to_tailor == (*own.laws, *own.candidates_not_accepted)
    crowded = document(LAW, family, closest=[rest] * (CONTROLS + 20))
    assert crowded.to_tailor == (*crowded.laws, *crowded.candidates_not_accepted[:CONTROLS])
    chosen = own.with_selected(own.to_tailor[-1])
    assert [entry.selected for entry in chosen.laws] == [False] * 3
    assert [entry.selected for entry in chosen.candidates_not_accepted] == [False, False, True]
    assert chosen.with_selected(None) == own
    assert chosen.shown is chosen.laws[0]
    assert own.with_selected(own.laws[2]).shown.rank == 3
