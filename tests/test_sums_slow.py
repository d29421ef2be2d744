"""Sums that drift slowly: sought in windows where nothing is conserved, judged on the whole."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from networks import PENDULUM
from scipy.integrate import solve_ivp

import noether_sym
from noether_sym.api.memory import dataset_of
from noether_sym.datasets import load
from noether_sym.datasets.parts import parts
from noether_sym.laws.law import APPROXIMATE_LAW
from noether_sym.search.sums.moments import NoisySamples, moments
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.stage import columns_of, search_sums
from noether_sym.search.sums.terms import polynomial, quantities
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.independence import Judgement
from noether_sym.verdict.revision import without_echoes

DAMPING = 0.01
COLUMNS = ["x", "y", "vx", "vy"]
TIMES = np.linspace(0.0, 35.0, 140)


def springs(sigma=0.0, damping=DAMPING, trajectories=14):
    """Two masses, each on its spring, one of .5 between them, and friction."""
    stiff = np.array([[1.5, -0.5], [-0.5, 1.5]])
    draw = np.random.default_rng(5)

    def field(_, z):
        return np.concatenate([z[2:], -stiff @ z[:2] - damping * z[2:]])

    tables = []
    for number in range(trajectories):
        start = draw.uniform(-1.5, 1.5, 4)
        states = solve_ivp(field, (0, 35), start, t_eval=TIMES, rtol=1e-10, atol=1e-10).y.T
        states = states + sigma * draw.normal(size=states.shape)
        table = pd.DataFrame(states, columns=COLUMNS)
        tables.append(table.assign(trajectory=number, t=TIMES))
    return pd.concat(tables)


@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_the_energies_of_masses_with_friction_are_approximate_laws(sigma):
    found = noether_sym.discover(springs(sigma), unitless=True, search="sums", budget=5)
    laws = found.accepted
    assert [law.verdict for law in laws] == [APPROXIMATE_LAW] * 2
    half_life = np.log(2) / DAMPING
    for law in laws:
        far = abs(law.evidence.half_life - half_life)
        assert far < 4 * law.evidence.half_life_error < (0.2 if sigma else 0.02) * half_life
        assert not law.evidence.grows
        # a combination of the squares of both ways of swinging
        states = np.random.default_rng(0).normal(size=(400, 4))
        squares = np.column_stack([_modes(states), np.ones(400)])
        values = law(states)
        left = values - squares @ np.linalg.lstsq(squares, values, rcond=None)[0]
        assert left.std() < 0.05 * values.std()


def _modes(states):
    """The energy of either way of swinging: together and against each other."""
    x, y, vx, vy = states.T
    together = (vx + vy) ** 2 + (x + y) ** 2
    against = (vx - vy) ** 2 + 2 * (x - y) ** 2
    return np.column_stack([together, against])


def test_where_a_law_holds_windows_are_not_searched():
    exact = dataset_of(springs(damping=0.0), {"unitless": True})
    found = search_sums(exact, limit=200, seed=0)
    assert found.laws
    assert not found.slow


def test_whole_trajectories_only_where_that_is_asked_for():
    data = dataset_of(springs(), {"unitless": True})
    assert len(search_sums(data, limit=200, seed=0).slow) == 2
    assert search_sums(data, limit=200, seed=0, window="full").slow == ()
    assert len(search_sums(data, limit=200, seed=0, window=30).slow) == 2


@pytest.mark.parametrize("name", ["lorenz", "damped_oscillator", "van_der_pol", "driven_pendulum"])
def test_nothing_is_listed_where_nothing_is_conserved(name):
    found = noether_sym.discover(name, search="sums", budget=5)
    assert found.accepted == []


def test_only_what_is_for_searching_is_searched():
    """Confirming trajectories that are three times as large change no proposal."""
    data = dataset_of(springs(), {"unitless": True})
    confirm = {own.name for own in parts(data.train).confirm}
    other = tuple(
        replace(own, states=own.states * 3.0) if own.name in confirm else own for own in data.train
    )
    one, two = (
        search_sums(replace(data, train=own), limit=50, seed=0) for own in (data.train, other)
    )
    assert [own.fit.factors for own in one.slow] == [own.fit.factors for own in two.slow]


def test_beside_a_formula_that_says_the_same_a_sum_is_not_listed():
    laws = [
        PENDULUM.with_(rank=rank, family=family, function_of=of)
        for rank, (family, of) in enumerate([(1, ()), (1, ()), (1, ()), (2, ()), (3, (1, 2))], 1)
    ]
    found = Judgement(tuple(laws), (), (), 2, numbers=(4, 2, 7, 8, 9))
    left = without_echoes(found, 5)
    assert left.numbers == (4, 2, 8)
    assert [law.family for law in left.laws] == [1, 1, 2]
    assert [law.rank for law in left.laws] == [1, 2, 3]
    assert left.verdicts[7] == left.verdicts[9] == "a formula says the same"
    assert without_echoes(left, 9) is left


def test_a_floor_is_noise_in_proportion_to_the_reference():
    dataset = load("ideal_pendulum", noise=0.01)
    data = Observations.of(make_samples(dataset.train, window=None, seed=0), dataset)
    terms = list(polynomial(quantities(columns_of(dataset, data))))[:6]
    groups = np.arange(data.segments) % 3
    plain = moments(terms, NoisySamples(data, np.array([0.01, 0.01])), groups)
    raised = plain.above(1e-3)
    np.testing.assert_allclose(
        raised.noise.sum(0) - plain.noise.sum(0), 1e-3 * plain.reference, atol=1e-15
    )
    np.testing.assert_allclose(raised.above(0.0).noise, plain.noise, atol=1e-15)
    assert raised.of(np.array([1, 2])).floor == 1e-3
