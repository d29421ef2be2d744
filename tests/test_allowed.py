"""The set of formulas that data allow: what cannot be told from a law at its noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from networks import law_of
from scipy.integrate import solve_ivp

import noether_sym
from noether_sym.datasets import load
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.export.json import law_from_entry, law_to_entry
from noether_sym.laws.law import APPROXIMATE_LAW, LAW
from noether_sym.report import words
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict import allowed
from noether_sym.verdict.allowed import MOST, told_apart

Q, P, C = input_(0), input_(1), parameter(0)
COSINE = call("sub", call("square", P), call("mul", C, call("cos", Q)))
_SMALL = "add,sub,mul,square,cos"
SQUARES = call("add", call("square", P), call("mul", C, call("square", Q)))


def pendulums(swing, noise, count=14):
    draw = np.random.default_rng(0)
    times = np.linspace(0.0, 12.0, 60)
    tables = []
    for _ in range(count):
        size, phase = draw.uniform(0.3, 1.0) * swing, draw.uniform(0.0, 6.3)
        start = [size * np.cos(phase), size * np.sin(phase)]
        done = solve_ivp(
            lambda _, x: [x[1], -np.sin(x[0])], (0, 12), start, t_eval=times, rtol=1e-10, atol=1e-12
        )
        states = done.y.T + noise * swing * draw.normal(size=(60, 2))
        tables.append(pd.DataFrame({"t": times, "q": states[:, 0], "w": states[:, 1]}))
    return tables


def found(swing, noise):
    units = {"t": "s", "q": "rad", "w": "rad/s"}
    tables = pendulums(swing, noise)
    return noether_sym.discover(tables, units=units, search="formulas", depth=7, grammar=_SMALL)


def test_small_swings_in_noise_allow_more_than_the_cosine():
    laws = found(0.3, 0.02)
    assert laws.independent == 1
    (law, *_) = laws.accepted
    texts = [law.text(2), *(own.text(2) for own in law.also_allowed)]
    assert any(text.startswith("w**2 - 2") and "cos(q)" in text for text in texts)
    assert any(text.startswith("q**2 + ") and text.endswith("w**2") for text in texts)
    assert 1 <= len(law.also_allowed) <= MOST
    sizes = [own.size for own in law.also_allowed]
    assert sizes == sorted(sizes)
    assert {own.verdict for own in law.also_allowed} == {LAW}
    entry = law_to_entry(law)
    assert law_from_entry(entry) == law
    assert words.also_allowed(entry, plain=True).startswith("cannot be told apart by these data: ")
    assert law.also_allowed[0].text() in words.also_allowed(entry, plain=True)


@pytest.mark.parametrize(("swing", "noise"), [(0.5, 0.0), (2.0, 0.02)])
def test_without_noise_or_with_wide_swings_the_law_stands_alone(swing, noise):
    laws = found(swing, noise)
    assert laws.best.text(3).startswith("w**2 - 2*cos(q)")
    assert laws.best.also_allowed == ()
    assert words.also_allowed(laws._document.laws[0]) == ""


def test_pairs_tell_what_single_trajectories_hide():
    """A tenth more variance is told by pairs although trajectories differ by factors."""
    draw = np.random.default_rng(0)
    best = np.exp(draw.normal(size=8))
    assert told_apart(best * (1.1 + 0.02 * draw.normal(size=8)), best)
    assert not told_apart(best * (1.0 + 0.02 * draw.normal(size=8)), best)
    assert not told_apart(best * 0.5, best)
    assert told_apart(best * 1.1, best)
    assert not told_apart(best, best)
    assert told_apart(np.array([1.0, np.nan, 1.0]), np.ones(3))


@pytest.mark.parametrize("count", [1, 2])
def test_of_few_trajectories_only_what_varies_far_more_is_told(count):
    best = np.ones(count)
    assert not told_apart(2.9 * best, best)
    assert told_apart(3.1 * best, best)
    assert told_apart(np.full(count, np.inf), best)


def test_one_recorded_swing_allows_the_cosine_beside_the_parabola():
    """Of an approximate law, constants are compared as they were found: a drift enters others."""
    times = np.linspace(0.0, 60.0, 600)
    states = solve_ivp(
        lambda _, x: [x[1], -4.0 * np.sin(x[0]) - 0.03 * x[1]],
        (0.0, 60.0), [0.25, 0.0], t_eval=times, rtol=1e-10, atol=1e-12,
    ).y  # fmt: skip
    states += 1e-3 * np.random.default_rng(1).normal(size=states.shape)
    table = pd.DataFrame({"t [s]": times, "q [rad]": states[0], "w [rad/s]": states[1]})
    (law, *_) = noether_sym.discover(table).accepted
    assert law.verdict == APPROXIMATE_LAW
    texts = [law.text(2), *(own.text(2) for own in law.also_allowed)]
    assert "w**2 - 8*cos(q)" in texts
    assert "q**2 + 0.25*w**2" in texts
    shown = dict(zip(texts, (law, *law.also_allowed), strict=True))["w**2 - 8*cos(q)"].parameters[0]
    assert shown.degrees is not None
    assert abs(shown.value - 8.0) < 4.0 * shown.stderr


def test_functions_of_a_law_are_the_law_whatever_their_constants():
    dataset = load("ideal_pendulum")
    wide = allowed._WidePoints(make_samples(dataset.train, window=None, seed=0), dataset)
    law = law_of(COSINE, 3.0)
    assert wide.same(law, law_of(call("exp", COSINE), 3.1))
    assert wide.same(
        law,
        law_of(
            call(
                "mul",
                parameter(0),
                law_of(COSINE, 3.0).expression.mapped(
                    lambda node: parameter(1) if node.head == "parameter" else node
                ),
            ),
            2.0,
            2.9,
        ),
    )
    assert not wide.same(law, law_of(SQUARES, 3.0))
    assert not wide.same(law, law_of(Q))


def test_what_another_law_gives_is_no_alternative():
    own, second = np.tile([1.0, 0.0, 0.0], (9, 1)), np.tile([0.0, 1.0, 0.0], (9, 1))
    mixed, other = own + 0.1 * second, own + 0.1 * np.tile([0.0, 0.0, 1.0], (9, 1))
    assert allowed._of_other_laws(mixed, own, [own, second])
    assert not allowed._of_other_laws(other, own, [own, second])
    assert not allowed._of_other_laws(mixed, own, [own])
