"""Grammars: names, changes to them, and lists of operations."""

from __future__ import annotations

import pytest

from noether_sym.dsl.grammar import GRAMMARS, Grammar, resolve_grammar
from noether_sym.errors import GrammarError


@pytest.mark.parametrize("name", GRAMMARS)
def test_names_resolve_to_themselves(name):
    assert resolve_grammar(name) is GRAMMARS[name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paper+log-sin", {"add", "sub", "mul", "div", "cos", "square", "log"}),
        ("paper + log - sin", {"add", "sub", "mul", "div", "cos", "square", "log"}),
        ("add", {"add"}),
        ("add,sub,mul", {"add", "sub", "mul"}),
        ("add, sub, mul", {"add", "sub", "mul"}),
        ("add,sub,mul,-sub", {"add", "mul"}),
        ("add,add", {"add"}),
    ],
)
def test_changes_and_lists(text, expected):
    grammar = resolve_grammar(text)
    assert set(grammar.operations) == expected
    assert len(grammar.operations) == len(expected)


def test_a_change_that_changes_nothing_keeps_the_name():
    assert resolve_grammar("paper+sin").name == "paper"
    assert resolve_grammar("polynomial", extra=["square"]).name == "polynomial"


def test_extra_operations():
    grammar = resolve_grammar("polynomial", extra=["log"])
    assert grammar.name == "polynomial+log"
    assert "log" in grammar.operations


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no grammar given; known: paper"),
        ("papre", "unknown grammar 'papre'; known: paper, polynomial"),
        ("-sin", "unknown grammar '-sin'"),
        ("paper+tan", "unknown operation 'tan'; known: add"),
        ("add,tan", "unknown operation 'tan'"),
        ("add-add", "has no operations"),
    ],
)
def test_what_is_not_known_is_refused(text, message):
    with pytest.raises(GrammarError, match=message):
        resolve_grammar(text)


def test_operators_are_in_the_order_of_their_codes():
    codes = [operator.code for operator in Grammar("own", ("cos", "add", "cos")).operators]
    assert codes == [0, 6]
