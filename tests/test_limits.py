"""What a budget leaves out of the formulas, and that the search says so."""

import re

from click.testing import CliRunner

from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.store.limits import LeftOut, deepest, left_out, limits

GRAMMAR = resolve_grammar("paper")


def test_what_is_left_out_and_what_takes_it_in():
    dimensions = load("toda_3").dimensions
    depth = deepest(GRAMMAR, dimensions, limits(20.0).formulas)
    assert depth == 6
    counts = count_formulas(GRAMMAR, dimensions, 7)
    assert sum(counts) == 1_531_467
    own = left_out(GRAMMAR, dimensions, depth)
    assert own == LeftOut(7, counts[6], 120)
    assert deepest(GRAMMAR, dimensions, limits(own.budget).formulas) == 7
    assert left_out(GRAMMAR, dimensions, 7) is None
    assert left_out(GRAMMAR, dimensions, 4).formulas == sum(counts[4:])


def test_the_search_says_what_its_budget_leaves_out(tmp_path):
    arguments = ["fit", "van_der_pol", "--budget", "1s", "--results", str(tmp_path)]
    shown = " ".join(CliRunner().invoke(main, arguments).output.split())
    assert "Left out by the budget of 1 s: 59,867 formulas of 7 nodes; --budget 10s takes" in shown


def test_a_memory_changes_no_text_and_no_unit():
    data = load("kepler_2d")
    names = [name for name, _ in data.inputs]
    part = call("mul", input_(0), input_(3))
    formulas = [
        call("sub", part, call("mul", parameter(0), call("mul", input_(1), input_(2)))),
        call("square", part),
        call("div", parameter(0), call("square", part)),
    ]
    texts, dimensions = {}, {}
    for own in formulas:
        slots = ["c0"]
        assert own.text(names, slots, texts) == own.text(names, slots)
        with_memory = own.parameter_dimensions(data.dimensions, memory=dimensions)
        assert with_memory == own.parameter_dimensions(data.dimensions)
    assert texts[part][0] == re.sub(r"\s", "", "x*vy")
