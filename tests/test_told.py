"""Relations of columns and terms that the data do not show are no part of a law."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from noether_sym.datasets import load
from noether_sym.dsl.parser import parse
from noether_sym.laws.law import CONSTRAINT, LAW, UNDECIDED, Law, Parameter
from noether_sym.laws.relations import rates_among
from noether_sym.search.sums.stage import Fold
from noether_sym.units.dimension import DIMENSIONLESS
from noether_sym.verdict import told
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.crossfit import CrossFitting
from noether_sym.verdict.independence import Judgement
from noether_sym.verdict.told import untold, with_told_terms, without_term


def make(dataset, text, *values, stderr=0.01):
    formula = parse(text, dataset.names)
    parameters = tuple(
        Parameter(f"c{slot}", value, DIMENSIONLESS, stderr) for slot, value in enumerate(values)
    )
    law = Law(formula.expression, dataset.inputs, parameters, DIMENSIONLESS, 1e-4, 1.0)
    return law.with_(rank=1, family=1)


def springs(folder, names="x v a", noise=0.0):
    """Springs about an equilibrium that differs between trajectories."""
    draw = np.random.default_rng(0)
    first, second, third = names.split()
    parts = []
    for number in range(8):
        t = np.linspace(0, 6, 120)
        size, phase, middle = draw.uniform(0.5, 2), draw.uniform(0, 6), draw.uniform(-1, 1)
        x = size * np.cos(2 * t + phase)
        v = -2 * size * np.sin(2 * t + phase)
        columns = {first: (x + middle, "m"), second: (v, "m/s"), third: (-4 * x, "m/s**2")}
        noisy = {
            f"{name} [{unit}]": own + noise * own.std() * draw.standard_normal(len(t))
            for name, (own, unit) in columns.items()
        }
        parts.append(pd.DataFrame({"trajectory": number, "t [s]": t, **noisy}))
    path = folder / "springs.csv"
    pd.concat(parts).to_csv(path, index=False)
    return load(str(path))


@pytest.mark.parametrize("names", ["x v a", "u w force"])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_rates_are_found_by_numbers_and_not_by_names(names, noise, tmp_path):
    dataset = springs(tmp_path, names, noise)
    assert rates_among(dataset).of == {0: 1, 1: 2}


def test_columns_that_are_called_alike_are_no_rates(tmp_path):
    dataset = load("kepler_2d")
    assert rates_among(dataset).of == {0: 2, 1: 3}
    swapped = replace(
        dataset, columns=tuple(dataset.columns[place] for place in (0, 1, 3, 2))
    )  # vx is now called vy
    assert rates_among(swapped).of == {0: 2, 1: 3}


def test_of_two_columns_that_agree_with_a_rate_the_closer_one_is_it(tmp_path):
    dataset = springs(tmp_path)
    states = [own.states.copy() for own in dataset.train]
    for own in states:
        own[:, 2] = 1.05 * own[:, 1]
    columns = (*dataset.columns[:2], replace(dataset.columns[1], name="w"))
    train = tuple(replace(own, states=s) for own, s in zip(dataset.train, states, strict=True))
    found = rates_among(replace(dataset, columns=columns, train=train))
    assert found.of[0] == 1


def judged(dataset, *laws, folds=(), by_folds=()):
    confirmation = Confirmation(dataset, dataset.train)
    refitting = Refitting(dataset, dataset.train, confirmation.sigma)
    own = [law if law.evidence else law.with_(evidence=confirmation.evidence(law)) for law in laws]
    numbered = [law.with_(rank=n + 1, family=n + 1) for n, law in enumerate(own)]
    first = Judgement(tuple(numbered), (), (), len(laws))
    fitting = CrossFitting(dataset, folds, confirmation)
    for law in by_folds:
        fitting.evidence(law)
    return with_told_terms(first, dataset, confirmation, refitting, fitting)


def test_an_equation_of_motion_is_a_relation_and_an_energy_a_law(tmp_path):
    dataset = springs(tmp_path)
    found = judged(dataset, make(dataset, "x + c0*a", 0.25), make(dataset, "v**2 + c0*a**2", 0.25))
    assert [law.text() for law in found.laws] == ["v**2 + 0.25*a**2"]
    assert (found.independent, found.laws[0].family, found.laws[0].rank) == (1, 1, 1)
    (relation,) = found.constraints
    assert relation.verdict == CONSTRAINT
    assert "v = d(x)/dt and a = d(v)/dt" in relation.evidence.reason


def noisy_spring():
    return load("ideal_spring", noise=0.01)


def test_a_term_that_is_not_told_from_zero_is_left_out():
    dataset = noisy_spring()
    fitted = make(dataset, "q**2 + c0*p**2 + c1*q*p", 1.0, 1e-5, stderr=0.001)
    assert [untold(own) for own in fitted.parameters] == [False, True]
    found = judged(dataset, fitted)
    (law,) = found.laws
    assert law.verdict == LAW
    assert law.expression == parse("q**2 + c0*p**2", dataset.names).expression
    assert law.parameters[0].value == pytest.approx(1.0, abs=0.01)
    assert found.independent == 1


def test_a_shorter_law_is_judged_as_the_longer_one_was():
    dataset = noisy_spring()
    fitted = make(dataset, "q**2 + c0*p**2 + c1*q*p", 1.0, 1e-5, stderr=0.001)
    other = make(dataset, "p**2 + c0*q**2 + c1*q*p", 1.0, 1e-5, stderr=0.001)
    never_again = [Fold(tuple(range(len(dataset.train))), ((),))]
    found = judged(dataset, fitted, other, folds=never_again, by_folds=[fitted])
    assert [law.text() for law in found.closest] == [fitted.text()]
    (law,) = found.laws
    assert law.expression == parse("p**2 + c0*q**2", dataset.names).expression


def test_a_first_term_that_is_not_told_from_zero_is_left_out():
    """Its factor is 1, so that those of the terms that are there are large and uncertain."""
    dataset = noisy_spring()
    fitted = make(dataset, "q*p + c0*q**2 + c1*p**2", 1e5, 1e5, stderr=5e5)
    true = make(dataset, "q**2 + c0*p**2", 1.0)
    evidence = Confirmation(dataset, dataset.train).evidence(true)
    covariance = ((2.5e11, 2.49e11), (2.49e11, 2.5e11))
    fitted = fitted.with_(covariance=covariance, evidence=evidence)
    assert all(untold(own) for own in fitted.parameters)
    found = judged(dataset, fitted)
    (law,) = found.laws
    assert law.verdict == LAW
    assert law.expression == parse("q**2 + c0*p**2", dataset.names).expression
    assert law.parameters[0].value == pytest.approx(1.0, abs=0.01)


def test_a_law_stays_where_trajectories_show_that_it_needs_a_term_not_told_from_zero():
    """Without p**2 it varies many times as much on each of them."""
    dataset = noisy_spring()
    (law,) = judged(dataset, make(dataset, "q**2 + c0*p**2", 1.0, stderr=1.1)).laws
    assert law.text() == "q**2 + p**2"
    assert law.parameters[0].stderr == 1.1


def test_a_law_that_may_need_a_term_not_told_from_zero_is_undecided(monkeypatch):
    monkeypatch.setattr(told, "told_apart", lambda own, best: False)
    dataset = noisy_spring()
    found = judged(dataset, make(dataset, "q**2 + c0*p**2", 1.0, stderr=1.1))
    assert (found.laws, found.independent) == ((), 0)
    assert found.closest[0].verdict == UNDECIDED
    assert "c0 cannot be told from zero (1 ± 1.1)" in found.reasons[0]


@pytest.mark.parametrize(
    ("text", "slot", "rest"),
    [
        ("x + c0*v", 0, "x"),
        ("x - c0*v + v**2", 0, "x + v**2"),
        ("c0*v + x", 0, "x"),
        ("x + c0*v/x**2", 0, "x"),
        ("x - c0", 0, "x"),
        ("c0*v - x", 0, None),
        ("x + v*cos(c0*x)", 0, None),
        ("x/c0 + v", 0, None),
        ("c0*x", 0, None),
        ("x + c0*exp(c1*v)", 0, "x"),
    ],
)
def test_terms_are_left_out_of_formulas(text, slot, rest):
    names = ["x", "v"]
    found = without_term(parse(text, names).expression, slot)
    assert found == (None if rest is None else parse(rest, names).expression)
