"""Fakes that rules were made for: which the verdict sees through, and which a gate must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from networks import law_of
from scipy.integrate import solve_ivp

import noether_sym
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Trajectory
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.laws.law import (
    APPROXIMATE_LAW,
    CONSTRAINT,
    FAILED,
    LAW,
    NOT_A_LAW,
    PASSED,
    UNDECIDED,
    UNTESTED,
    Evidence,
)
from noether_sym.report import words
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.criteria import _gates
from noether_sym.verdict.evidence import Quarters, rank_ratio
from noether_sym.verdict.gates import Gate, through, with_confirmation
from tests.test_verdict_runs import oscillators

Q, P, C = input_(0), input_(1), parameter(0)
TIMES = np.linspace(0.0, 10.0, 100)
SIZES = np.random.default_rng(5).uniform(0.5, 1.0, (20, 2))


def power(base, half):
    return call("square", call("square", base)) if half == 2 else call("square", base)


def dataset_of(states, rates):
    spring = load("ideal_spring", unitless=True)
    rows = [
        Trajectory(str(n), TIMES, own, rate)
        for n, (own, rate) in enumerate(zip(states, rates, strict=True))
    ]
    return replace(spring, train=tuple(rows), test=())


def linear(matrix, starts):
    values, vectors = np.linalg.eig(np.array(matrix, dtype=float))
    inverse = np.linalg.inv(vectors)
    states = [
        np.real((np.exp(np.outer(TIMES, values)) * (inverse @ one)) @ vectors.T) for one in starts
    ]
    return dataset_of(states, [own @ np.array(matrix, dtype=float).T for own in states])


def pendulum(swing=1.2):
    starts = swing * (SIZES - 0.2)
    states = [
        solve_ivp(
            lambda _, x: [x[1], -np.sin(x[0])], (0, 10), one, t_eval=TIMES, rtol=1e-10, atol=1e-12
        ).y.T
        for one in starts
    ]
    return dataset_of(states, [np.column_stack([x[:, 1], -np.sin(x[:, 0])]) for x in states])


FAKES = {
    # small beside chance only because a few values on shuffled data are huge
    "heavy tail": (call("div", P, power(Q, 2)), (), lambda: linear([[-1, 0], [0, -1.1]], SIZES)),
    # constant only after it has decayed
    "settled": (
        call("sub", call("div", parameter(0), Q), call("div", parameter(1), P)),
        (1.0, 1.0),
        lambda: linear(
            [[-2, 1], [1, -2]], SIZES @ np.array([[1, 1], [1, -1]])
        ),  # along q = p, then to rest there
    ),
    # small on data where x is near y
    "flat": (
        power(call("sub", Q, P), 2),
        (),
        lambda: linear([[-0.55, 0.45], [0.45, -0.55]], SIZES),
    ),
    # a quantity that a correction would conserve
    "near miss": (
        call("sub", call("square", P), call("mul", C, call("sin", call("cos", Q)))),
        (2.3,),
        pendulum,
    ),
}


def judged(name):
    """A fake as the search would find it: its gates, why it fails, and the verdict by itself."""
    expression, values, made = FAKES[name]
    dataset = made()
    samples = make_samples(dataset.train, window=None, seed=0)
    law = law_of(expression, *values)
    law = law.with_(conservation_ratio=conservation_ratio(law, samples), random_ratio=1.0)
    assert law.conservation_ratio < 0.05
    gates = _gates(law, rank_ratio(law, samples), Quarters(samples), None, 20.0)
    law, reason = through(law, gates)
    return dict(law.gates), reason, Confirmation(dataset, dataset.train).evidence(law).verdict


@pytest.mark.parametrize("name", ["flat", "near miss"])
def test_the_verdict_sees_through(name):
    assert judged(name)[2] == NOT_A_LAW


@pytest.mark.parametrize(
    ("name", "gate", "told"),
    [("heavy tail", "ranks", "by rank"), ("settled", "quarters", "over part of the time")],
)
def test_what_the_verdict_takes_for_a_constraint_does_not_get_so_far(name, gate, told):
    gates, reason, verdict = judged(name)
    assert verdict == CONSTRAINT  # which it is not
    assert gates[gate] == FAILED
    assert told in reason
    assert gates["confirmed"] == UNTESTED


@pytest.mark.parametrize(
    ("ratio", "answer"),
    [(0.01, PASSED), (0.2, FAILED), (np.nan, FAILED), (np.inf, FAILED), (None, UNTESTED)],
)
def test_gates_pass_only_what_was_tested(ratio, answer):
    law = law_of(Q)
    gates = (Gate("one", lambda: ratio, 0.1, "varies"), Gate("two", lambda: 0.0, 0.1, "varies"))
    found, reason = through(law, gates)
    second = UNTESTED if answer == FAILED else PASSED
    assert found.gates == (("one", answer), ("two", second), ("confirmed", UNTESTED))
    assert bool(reason) == (answer == FAILED)


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [(LAW, PASSED), (APPROXIMATE_LAW, PASSED), (UNDECIDED, UNTESTED), (CONSTRAINT, FAILED)],
)
def test_undecided_is_untested(verdict, answer):
    evidence = Evidence(verdict, "", within=0.01, white=0.5, chance=1e-12, trajectories=5)
    law, _ = through(law_of(Q).with_(evidence=evidence), ())
    assert with_confirmation(law).gates == (("confirmed", answer),)
    assert with_confirmation(law_of(Q).with_(evidence=evidence)).gates == ()


@pytest.mark.parametrize(("count", "selected"), [(8, UNTESTED), (20, PASSED)])
def test_where_nothing_selects_the_gate_says_so(tmp_path, count, selected):
    found = noether_sym.discover(oscillators(count), unitless=True, search="sums", results=tmp_path)
    assert dict(found.best.gates) == {
        "ratio": PASSED,
        "ranks": PASSED,
        "quarters": PASSED,
        "selected": selected,
        "confirmed": PASSED,
    }
    (folder,) = tmp_path.iterdir()
    fits = pd.read_parquet(folder / "fits.parquet")
    assert f"selected: {selected}" in set(", ".join(fits["gates"].dropna()).split(", "))
    assert f"selected {selected}" in words.gates(found._document.laws[0])


def test_the_verdict_knows_the_law_beside_them():
    law = law_of(call("sub", call("square", P), call("mul", C, call("cos", Q))), 2.0)
    dataset = pendulum()
    assert Confirmation(dataset, dataset.train).evidence(law).verdict == LAW
