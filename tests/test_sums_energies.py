"""Velocities that the numbers tell, libraries of momenta and energies, and laws found in them."""

import numpy as np
import pandas as pd
import pytest

from noether_sym.api.memory import dataset_of
from noether_sym.datasets import load
from noether_sym.datasets.velocities import velocities
from noether_sym.dsl.expression import call, input_
from noether_sym.search.sums.energies import Motion
from noether_sym.search.sums.noisy import from_noise
from noether_sym.search.sums.parts import Values
from noether_sym.search.sums.scalars import scalars
from noether_sym.search.sums.stage import columns_of
from noether_sym.search.sums.terms import Columns, Term, quantities
from tests.test_sums_noise import observed, with_noise


def springs(noise=0.0, **columns):
    """Columns that are functions of x, of its rate and of the time, of eight springs."""
    draw = np.random.default_rng(0)
    parts = []
    for number in range(8):
        t = np.linspace(0, 6, 120)
        size, phase = draw.uniform(0.5, 2), draw.uniform(0, 6)
        x, v = size * np.cos(2 * t + phase), -2 * size * np.sin(2 * t + phase)
        values = {name: own(x, v, t) for name, own in columns.items()}
        noisy = {
            name: own + noise * own.std() * draw.standard_normal(len(t))
            for name, own in values.items()
        }
        parts.append(pd.DataFrame({"trajectory": number, "t": t, **noisy}))
    return dataset_of(pd.concat(parts), {"unitless": True})


def position(x, v, t):
    return x


def velocity(x, v, t):
    return v


def momentum(x, v, t):
    return 1e-9 * v


def acceleration(x, v, t):
    return -4.0 * x


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"v": position, "x": velocity}, {"x"}),
        ({"q": position, "p": momentum}, {"p"}),
        ({"x": position, "v": velocity, "a": acceleration}, {"v"}),
        ({"x": position, "squared": lambda x, v, t: x**2}, set()),
        ({"v": velocity, "x^2": lambda x, v, t: x**2}, set()),
    ],
)
def test_velocities_are_told_by_numbers(columns, expected, noise):
    dataset = springs(noise, **columns)
    assert {dataset.names[column] for column in velocities(dataset)} == expected


def test_where_everything_grows_nothing_is_a_velocity():
    """x' = v and v' = x: each is the rate of the other."""
    dataset = springs(cosine=lambda x, v, t: np.cosh(t), sine=lambda x, v, t: np.sinh(t))
    assert velocities(dataset) == frozenset()


def test_velocities_are_told_without_times():
    dataset = springs(0.01, x=position, v=velocity)
    states = np.concatenate([own.states for own in (*dataset.train, *dataset.test)])
    table = pd.DataFrame(states, columns=["x", "v"])
    table["trajectory"] = np.repeat(np.arange(8), 120)
    untimed = dataset_of(table, {"unitless": True})
    assert not untimed.timed
    assert {untimed.names[column] for column in velocities(untimed)} == {"v"}
    shuffled = dataset_of(table.sample(frac=1.0, random_state=0), {"unitless": True})
    assert velocities(shuffled) == frozenset()


def test_the_time_is_no_velocity():
    """From rest under a constant force: the velocity is proportional to t."""
    t = np.linspace(0, 1, 40)
    table = pd.concat(
        pd.DataFrame({"trajectory": number, "t": t, "x": number + 5 * t**2}) for number in range(5)
    )
    assert velocities(dataset_of(table, {"unitless": True, "with_time": True})) == frozenset()


def test_two_samples_tell_no_velocities():
    table = pd.DataFrame({"trajectory": [0, 0, 1, 1, 2, 2], "x": range(6), "v": [1, 2, 3, 1, 3, 2]})
    assert velocities(dataset_of(table, {"unitless": True})) == frozenset()


@pytest.mark.parametrize("name", ["spherical_pendulum", "toda_3", "two_body"])
def test_momenta_are_odd_and_energies_even(name):
    """Of a motion that runs backwards all velocities change their sign."""
    dataset = load(name)
    data = observed(dataset)
    moving = velocities(dataset)
    momenta, *rest = Motion(quantities(columns_of(dataset, data)), moving).energies()
    backwards = data.states.copy()
    backwards[list(moving)] *= -1.0
    for terms, sign in [(momenta, -1.0), *((own, 1.0) for own in rest)]:
        assert [term.size for term in terms] == sorted(term.size for term in terms)
        assert len({term.expression for term in terms}) == len(terms)
        before, after = Values(data.states).of(terms), Values(backwards).of(terms)
        np.testing.assert_allclose(after, sign * before, rtol=1e-12)


@pytest.mark.parametrize("name", ["toda_3", "kepler_2d"])
def test_what_is_of_third_order_is_odd_and_lifted_energies_are_even(name):
    dataset = load(name)
    data = observed(dataset)
    moving = velocities(dataset)
    backwards = data.states.copy()
    backwards[list(moving)] *= -1.0
    motion = Motion(quantities(columns_of(dataset, data)), moving)
    for number, terms in enumerate(motion.of_higher_order()):
        assert [term.size for term in terms] == sorted(term.size for term in terms)
        assert len({term.expression for term in terms}) == len(terms)
        before, after = Values(data.states).of(terms), Values(backwards).of(terms)
        odd = number == 0 or number % 2
        np.testing.assert_allclose(after, -before if odd else before, rtol=1e-12)


@pytest.mark.parametrize("libraries", [Motion.energies, Motion.of_higher_order])
def test_without_velocities_there_are_no_libraries(libraries):
    known = quantities(Columns((True, True), (False, False), (0, 0)))
    assert list(libraries(Motion(known, frozenset()))) == []


def found_in(dataset, share, libraries, most, seed=0):
    """The terms of the best form of each law that is found in noise of a share of the spread."""
    sigma = share * np.concatenate([own.states for own in dataset.train]).std(axis=0)
    noisy = with_noise(dataset, sigma, seed)
    data = observed(noisy)
    found = from_noise(libraries(noisy, columns_of(noisy, data)), data, sigma, [], most)
    return [
        {term.expression.text(dataset.names, ("c0",)) for term in own.forms[0].terms}
        for own in found
    ]


def of_motion(dataset, columns):
    return Motion(quantities(columns), velocities(dataset)).energies()


@pytest.mark.parametrize(
    ("name", "share", "expected"),
    [
        ("henon_heiles", 0.05, {"vx**2", "vy**2", "x**2", "y**2", "y**3", "x**2*y"}),
        ("spherical_pendulum", 0.01, {"cos(theta)", "wt**2", "wp**2*sin(theta)**2"}),
        (
            "toda_3",
            0.01,
            {"p1**2", "p2**2", "p3**2", "exp(q1 - q2)", "exp(q2 - q3)", "1/exp(q1 - q3)"},
        ),
    ],
)
def test_energies_are_found_in_noise(name, share, expected):
    assert expected in found_in(load(name), share, of_motion, 3)


def of_any_order(dataset, columns):
    motion = Motion(quantities(columns), velocities(dataset))
    return [*motion.energies(), *motion.of_higher_order()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("toda_3", {"p1*p2*p3", "p3*exp(q1 - q2)", "p1*exp(q2 - q3)", "p2/exp(q1 - q3)"}),
        ("kepler_2d", {"vx**2*y", "vx*vy*x", "y/sqrt(x**2 + y**2)"}),
    ],
)
def test_integrals_of_third_order_are_found_in_noise(name, expected):
    """The third of the Toda chain (Henon 1974), and a component of the Runge-Lenz vector."""
    assert expected in found_in(load(name), 0.01, of_any_order, 3)


def test_an_oscillator_of_two_to_one_has_a_third_integral():
    """Of third order in the velocities (Fris et al. 1965); no function stands for it, and what is
    flat but near a pole takes no place of a law."""
    stream = np.random.default_rng(0)
    t = np.linspace(0, 10, 100)
    frames = []
    for n in range(20):
        a, b = stream.uniform(0.5, 3.0, 2)
        one, two = 1.2 * t + stream.uniform(0, 6), 2.4 * t + stream.uniform(0, 6)
        places = {"x": a * np.cos(one), "y": b * np.cos(two)}
        speeds = {"vx": -1.2 * a * np.sin(one), "vy": -2.4 * b * np.sin(two)}
        frames.append(pd.DataFrame({"trajectory": n, "t": t} | places | speeds))
    laws = found_in(dataset_of(pd.concat(frames), {"unitless": True}), 0.01, of_any_order, 3)
    assert {"x**2*vy", "vx**2*vy", "x*y*vx"} in laws or {"x**2*y", "vx**2*y", "x*vx*vy"} in laws


@pytest.mark.parametrize("seed", [2, 4])
def test_laws_are_found_beside_others_that_nearly_tell_them(seed):
    """On nearly circular orbits energy, angular momentum and Runge-Lenz vector change together."""
    assert len(found_in(load("two_body"), 0.01, of_any_order, 7, seed)) == 6


def test_a_law_whose_values_differ_little_beside_noise_is_found():
    """Near the centre noise is large, and so is its part of the energy's variance."""
    laws = found_in(load("kepler_2d"), 0.05, lambda _, columns: scalars(columns), 3)
    assert {"vx**2 + vy**2", "1/sqrt(x**2 + y**2)"} in laws


@pytest.mark.parametrize(("trajectories", "samples"), [(8, 120), (150, 4)])
def test_one_value_on_all_trajectories_is_no_law_in_noise(trajectories, samples):
    """Springs of one energy each."""
    t = np.linspace(0, 6, samples)
    table = pd.concat(
        pd.DataFrame({"trajectory": n, "x": np.cos(t + n), "v": -np.sin(t + n)})
        for n in range(trajectories)
    )
    dataset = dataset_of(table, {"unitless": True})
    squares = [Term(call("square", input_(column)), 2) for column in (0, 1)]
    assert found_in(dataset, 0.05, lambda *_: [squares], 1) == []
