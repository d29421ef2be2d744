"""Terms over one denominator have one constant, in the search and in what is listed."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

import noether_sym
from noether_sym.datasets import load
from noether_sym.dsl.expression import call
from noether_sym.dsl.parser import parse
from noether_sym.search.candidate import decompose
from noether_sym.search.sums.shared import over_shared_denominators
from noether_sym.search.sums.stage import search_sums
from noether_sym.search.sums.terms import Term

NAMES = ["x", "y", "z"]


def term(text, *values):
    """A formula with the parameters c0, c1, ... of some values; 1/f as the search writes it."""
    if text.startswith("1/"):
        return Term(call("inverse", parse(text[2:], NAMES).expression), 5, values)
    return Term(parse(text, NAMES).expression, 5, values)


def shown(term):
    return term.expression.text(NAMES, [f"{value:g}" for value in term.values])


def value(pairs, states):
    return sum(
        factor * np.asarray(own.expression.evaluate(np, list(states), own.values))
        for own, factor in pairs
    )


@pytest.mark.parametrize(
    ("terms", "texts"),
    [
        (
            [("x**2/(c0 + z)", 0.7), ("y**2/(c0 + z)", 0.7), ("x*y/(c0 + z)", 0.7)],
            ["(x**2 + 1.5*y**2 - 0.25*x*y)/(0.7 + z)"],
        ),
        ([("1/(c0 + z)", 0.7), ("y/(c0 + z)", 0.7)], ["(y + 0.666667)/(0.7 + z)"]),
        ([("x/(c0 + z)", 0.7), ("y/(c0 + z)", 0.8)], ["x/(0.7 + z)", "y/(0.8 + z)"]),
        ([("x/(c0 + z)", 0.7), ("y/(c0 + y)", 0.7)], ["x/(0.7 + z)", "y/(0.7 + y)"]),
        ([("x/z",), ("y/z",)], ["x/z", "y/z"]),
        ([("x*exp(c0*z)", 0.7), ("y*exp(c0*z)", 0.7)], ["x*exp(0.7*z)", "y*exp(0.7*z)"]),
    ],
)
def test_what_shares_a_denominator_and_its_constant_becomes_one_quotient(terms, texts):
    factors = [2.0, 3.0, -0.5][: len(terms)]
    pairs = list(zip([term(*own) for own in terms], factors, strict=True))
    found = over_shared_denominators(pairs)
    assert [shown(own) for own, _ in found] == texts
    states = np.random.default_rng(0).uniform(0.5, 2.0, (3, 20))
    assert value(found, states) == pytest.approx(value(pairs, states), rel=1e-12)


def test_a_quotient_stands_where_its_first_term_stood():
    terms = [term("x"), term("x/(c0 + z)", 0.7), term("y"), term("y/(c0 + z)", 0.7)]
    found = over_shared_denominators([(own, 1.0) for own in terms])
    assert [shown(own) for own, _ in found] == ["x", "(x + 1*y)/(0.7 + z)", "y"]


def test_the_double_pendulum_has_one_constant_in_its_denominator():
    found = search_sums(load("double_pendulum"), limit=600, seed=0)
    (law,) = found.laws
    assert sum(own.head == "div" for own in law.candidate.terms) == 1
    assert sorted(law.fit.nonlinear) == pytest.approx([-2.0, 2.0, 2.0], rel=1e-6)
    factors = np.abs(law.fit.factors)
    assert sorted(factors / factors.max()) == pytest.approx([1 / 39.2, 0.5, 1.0], rel=1e-6)


def moving_mass(t, state):
    x, p = state
    mass = 0.4 + x**2
    return [2 * p / mass, 2 * x * p**2 / mass**2 - 2 * x]


def test_a_law_in_noise_that_no_library_holds_is_found_with_its_constant():
    """The kinetic energy of a mass that grows with the distance."""
    stream = np.random.default_rng(1)
    times = np.linspace(0.0, 8.0, 120)
    runs = [
        solve_ivp(moving_mass, (0, 8), stream.uniform(-2, 2, 2), t_eval=times, rtol=1e-9, atol=1e-9)
        for _ in range(16)
    ]
    spread = np.concatenate([own.y for own in runs], axis=1).std(axis=1, keepdims=True)
    noisy = [own.y + 0.01 * spread * stream.normal(size=own.y.shape) for own in runs]
    tables = [pd.DataFrame({"t": times, "x": x, "p": p}) for x, p in noisy]
    (law,) = noether_sym.discover(tables, unitless=True, search="sums").accepted
    terms = {own.text(("x", "p"), ("c",)) for own in decompose(law.expression).terms}
    assert terms == {"x**2", "p**2/(x**2 + c)"}
    for own, true in zip(law.parameters, (1.0, 0.4), strict=True):
        assert abs(own.value - true) < 4 * own.stderr < 0.1 * true
