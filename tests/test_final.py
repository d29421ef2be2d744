"""Constants and half-lives of approximate laws come from all training data, with their errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import noether_sym
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.parts import parts
from noether_sym.datasets.windows import choose_window
from noether_sym.dsl.parser import parse
from noether_sym.laws.law import APPROXIMATE_LAW, Law, Parameter
from noether_sym.statistics.samples import make_samples
from noether_sym.units.dimension import DIMENSIONLESS
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.final import with_final_constants
from noether_sym.verdict.independence import Judgement

_LOSS, _TURN = 0.02, 6.0


def damped(count: int = 16, noise: float = 0.0) -> Dataset:
    """Springs that lose energy: q**2 + p**2 falls by exp(-_LOSS t) but for a small ripple."""
    draw = np.random.default_rng(4)
    times = np.linspace(0.0, _TURN * 2 * np.pi, 240)
    trajectories = []
    for number in range(count):
        size, phase = draw.uniform(0.5, 2.0), draw.uniform(0.0, 6.0)
        decay = size * np.exp(-0.5 * _LOSS * times)
        states = np.stack([decay * np.cos(times + phase), -decay * np.sin(times + phase)], axis=1)
        states += noise * draw.standard_normal(states.shape)
        slopes = np.gradient(states, times, axis=0)
        trajectories.append(Trajectory(f"{number}", times, states, slopes))
    spring = load("ideal_spring")
    return replace(spring, train=tuple(trajectories), test=())


def judged(dataset: Dataset, value: float) -> tuple[Law, Law]:
    """A law as a search hands it over, and with its final constants."""
    formula = parse("q**2 + c0*p**2", dataset.names)
    law = Law(
        formula.expression,
        dataset.inputs,
        (Parameter("c0", value, DIMENSIONLESS, 0.5),),
        DIMENSIONLESS,
        1e-3,
        1.0,
    )
    own = parts(dataset.train)
    confirmation = Confirmation(dataset, own.confirm, own.fitted)
    law = law.with_(evidence=confirmation.evidence(law), rank=1, family=1)
    whole = Refitting(dataset, dataset.train, confirmation.sigma)
    found = with_final_constants(
        Judgement((law,), (), (), 0), dataset, whole, choose_window(dataset.train), confirmation
    )
    return law, found.laws[0]


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_an_approximate_law_gets_its_constants_within_windows_and_all_its_drift(noise):
    before, law = judged(damped(noise=noise), 1.02)
    assert before.verdict == law.verdict == APPROXIMATE_LAW
    (constant,) = law.parameters
    assert abs(constant.value - 1.0) < 5e-3
    assert constant.stderr < 0.1
    assert constant.degrees is not None
    assert constant.interval[0] < constant.value < constant.interval[1]
    assert law.evidence.half_life == pytest.approx(np.log(2.0) / _LOSS, rel=5e-3)
    assert law.evidence.half_life_error < before.evidence.half_life_error


def test_a_law_that_would_no_longer_be_one_stays_as_it_was(monkeypatch):
    before, _ = judged(damped(), 1.0)
    monkeypatch.setattr(Refitting, "law", lambda self, law: law.scaled([40.0]))
    again, after = judged(damped(), 1.0)
    assert after.values == again.values == before.values


def test_windows_and_pieces_know_the_trial_that_they_are_of():
    data = damped(3)
    pieces = [
        replace(own, trial="a" if number < 2 else "") for number, own in enumerate(data.train)
    ]
    assert make_samples(pieces, window=None, seed=0).trials.tolist() == [0, 0, 1]
    cut = make_samples(pieces, window=60, seed=0)
    assert cut.trials.tolist() == [0] * 8 + [1] * 4
    assert len(cut.thinned(100).trials) == len(cut.thinned(100).weights)


def test_pieces_of_few_trials_have_no_errors_of_many_trajectories():
    data = damped(12, noise=0.01)
    pieces = replace(
        data,
        train=tuple(replace(own, trial=f"{n % 3}") for n, own in enumerate(data.train)),
    )
    law, _ = judged(data, 1.0)
    sigma = np.array([0.01, 0.01])
    many = Refitting(data, data.train, sigma).law(law).parameters[0]
    few = Refitting(pieces, pieces.train, sigma).law(law).parameters[0]
    assert few.value == pytest.approx(many.value, rel=1e-9)
    assert few.degrees < 3 < many.degrees


def test_a_search_says_how_fast_a_damped_spring_loses_energy():
    tables = [
        pd.DataFrame(
            {"t [s]": own.times, "q [m]": own.states[:, 0], "p [kg*m/s]": own.states[:, 1]}
        )
        for own in damped().train
    ]
    found = noether_sym.discover(tables, search="sums")
    (law,) = found.accepted
    assert law.verdict == APPROXIMATE_LAW
    assert law.evidence.half_life == pytest.approx(np.log(2.0) / _LOSS, rel=1e-3)
    assert law.parameters[0].degrees > 3
