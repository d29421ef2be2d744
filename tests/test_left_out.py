"""Few trajectories in noise: each is judged with constants that were fitted to others."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from networks import PENDULUM, law_of

from noether_sym.datasets import load
from noether_sym.dsl.parser import parse
from noether_sym.laws.law import LAW, NOT_A_LAW
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.leftout import LeftOut

_FEW = 5
_SIGMA = np.array([0.05, 0.05])


@pytest.fixture(scope="module")
def noisy():
    whole = load("ideal_pendulum", seed=3)
    draw = np.random.default_rng(4)
    train = tuple(
        replace(own, states=own.states + _SIGMA * draw.normal(size=own.states.shape))
        for own in whole.train[:_FEW]
    )
    return replace(whole, train=train, noise_given=tuple(enumerate(_SIGMA)))


def test_each_trajectory_has_the_constants_of_the_others(noisy):
    confirmation = Confirmation(noisy, noisy.train, noisy.train)
    rows = LeftOut(noisy, noisy.train, _SIGMA).rows(PENDULUM, confirmation.rows, confirmation.size)
    assert len(rows) == _FEW
    for number, row in enumerate(rows):
        others = [own for place, own in enumerate(noisy.train) if place != number]
        expected = Refitting(noisy, others, _SIGMA).law(PENDULUM)
        assert row.law.values == pytest.approx(expected.values, rel=1e-6)
        np.testing.assert_array_equal(row.times, noisy.train[number].times)
        own = np.flatnonzero(np.abs(row.tangents).max(0))
        assert own.tolist() == [number]
    assert len({row.law.values for row in rows}) == _FEW


def test_the_verdict_on_few_trajectories_is_by_such_constants(noisy):
    shared = Confirmation(noisy, noisy.train, noisy.train)
    rows = LeftOut(noisy, noisy.train, _SIGMA).rows(PENDULUM, shared.rows, shared.size)
    # two terms were chosen, to suit all of them
    own = shared.decided(PENDULUM, rows, choice=1.0 + 2 / _FEW)
    assert shared.confirmed(PENDULUM).evidence == own
    plain = shared.decided(PENDULUM, rows)
    assert own.within == pytest.approx((1.0 + 2 / _FEW) * plain.within)
    assert (own.chance, own.white) == (plain.chance, plain.white)
    apart = Confirmation(noisy, noisy.train[3:], noisy.train[:3])
    assert apart.confirmed(PENDULUM).evidence == apart.evidence(PENDULUM)
    exact = replace(noisy, noise_given=((0, 0.0), (1, 0.0)))
    without = Confirmation(exact, exact.train, exact.train)
    assert without.confirmed(PENDULUM).evidence == without.evidence(PENDULUM)


def test_a_wave_that_turns_many_times_has_the_size_that_it_reaches(noisy):
    """By its gradient, thirty times as much."""
    sizes = Confirmation(noisy, noisy.train, noisy.train).size
    waves = (parse(text, list(noisy.names)) for text in ("sin(q)", "sin(60*q)"))
    one, many = (
        sizes(law_of(own.expression, *(one.value for one in own.constants))) for own in waves
    )
    assert many == pytest.approx(np.sqrt(0.5), rel=0.05)
    assert 0.5 < one / np.sqrt(0.5) < 2.0


def test_pieces_of_one_trial_leave_nothing_to_fit_to(noisy):
    pieces = tuple(replace(own, trial="the same") for own in noisy.train)
    one = replace(noisy, train=pieces)
    found = Confirmation(one, pieces, pieces).confirmed(PENDULUM)
    assert found.evidence.trajectories == 1


def test_constants_that_are_fitted_anew_are_not_fitted_to_what_judges(noisy):
    apart = Confirmation(noisy, noisy.train[3:], noisy.train[:3])
    other = PENDULUM.with_(
        parameters=tuple(replace(own, value=1.5 * own.value) for own in PENDULUM.parameters)
    )
    fitted = Refitting(noisy, noisy.train[:3], _SIGMA).law(other)
    assert apart.evidence_of_others(other) == apart.evidence(fitted)
    shared = Confirmation(noisy, noisy.train, noisy.train)
    rows = LeftOut(noisy, noisy.train, _SIGMA).rows(other, shared.rows, shared.size)
    own = shared.decided(other, rows, choice=1.0 + 2 / _FEW)
    assert shared.evidence_of_others(other) == own


def test_the_better_of_two_tests_is_paid_for_twice():
    whole = load("ideal_pendulum", seed=3)
    draw = np.random.default_rng(6)
    train = tuple(
        replace(own, states=own.states + 0.3 * draw.normal(size=own.states.shape))
        for own in whole.train[:12]
    )
    data = replace(whole, train=train, noise_given=((0, 0.3), (1, 0.3)))
    apart = Confirmation(data, train[6:], train[:6])
    fitted = Refitting(data, train[:6], np.array([0.3, 0.3])).law(PENDULUM)
    single = min(apart.evidence(own).chance for own in (PENDULUM, fitted))
    assert 1e-6 < single < 0.5
    assert apart.confirmed(PENDULUM).evidence.chance == pytest.approx(2.0 * single)


@pytest.mark.parametrize("constant", [60.0, 300.0, 1e4])
def test_a_constant_that_scales_all_of_a_quantity_makes_it_no_law(tmp_path, constant):
    draw = np.random.default_rng(0)
    walks = [np.cumsum(draw.normal(size=(150, 2)), axis=0) for _ in range(10)]
    tables = [
        pd.DataFrame({"trajectory": place, "t": np.arange(150.0), "a": own[:, 0], "b": own[:, 1]})
        for place, own in enumerate(walks)
    ]
    pd.concat(tables).to_csv(tmp_path / "walks.csv", index=False)
    data = load(str(tmp_path / "walks.csv"), unitless=True)
    parsed = parse(f"a/(b - {constant})", list(data.names))
    law = law_of(parsed.expression, constant).with_(inputs=data.inputs, conservation_ratio=0.2)
    confirmation = Confirmation(data, data.train, data.train)
    left_out = LeftOut(data, data.train, confirmation.sigma)
    others = left_out.rows(law, confirmation.rows, lambda _: 1.0)
    assert min(row.law.values[0] for row in others) > 1e4 * constant  # a runaway: all is small
    assert confirmation.decided(law, others).verdict == LAW
    assert confirmation.confirmed(law).evidence.verdict == NOT_A_LAW
