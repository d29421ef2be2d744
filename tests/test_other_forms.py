"""Laws in noise get the form that is best, with a constant inside a term where it must be."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

import noether_sym
from noether_sym.datasets import load
from noether_sym.search.candidate import decompose

NOISE = 0.01


def noisy(runs, seed=0):
    """Noise of a share of each column's standard deviation."""
    stream = np.random.default_rng(seed)
    spread = np.concatenate(runs, axis=1).std(axis=1, keepdims=True)
    return [run + NOISE * spread * stream.normal(size=run.shape) for run in runs]


def tables(slope, size, *, count=16, samples=100, duration=10.0):
    """Motions from anywhere within a size."""
    starts = np.random.default_rng(1).uniform(-1.0, 1.0, (count, len(size))) * size
    times = np.linspace(0.0, duration, samples)
    runs = [
        solve_ivp(slope, (0.0, duration), start, t_eval=times, rtol=1e-9, atol=1e-9).y
        for start in starts
    ]
    return [pd.DataFrame({"t": times, "x": x, "v": v}) for x, v in noisy(runs)]


def relativistic(t, state):
    x, p = state
    return [2.0 * p / np.sqrt(1.7 + p**2), -0.9 * x]


def diode(t, state):
    x, v = state
    return [v, -1.5 * np.expm1(x / 2.0)]


def duffing(t, state):
    x, v = state
    return [v, -x - 0.5 * x**3]


def terms_of(law, names):
    return {term.text(names, ("1",)) for term in decompose(law.expression).terms}


@pytest.mark.parametrize(
    ("slope", "size", "function", "constant"),
    [(relativistic, (3.0, 3.0), "sqrt(v**2 + ", 1.7), (diode, (2.5, 2.0), "exp(", 0.5)],
)
def test_a_function_with_a_constant_inside_is_no_polynomial(slope, size, function, constant):
    (law,) = noether_sym.discover(tables(slope, size), unitless=True, search="sums").accepted
    assert function in law.text()
    assert len(law.parameters) <= 3
    nearest = min(law.parameters, key=lambda own: abs(own.value - constant))
    assert abs(nearest.value - constant) < 4 * nearest.stderr < 0.1 * constant


def test_a_quartic_stays_one():
    (law,) = noether_sym.discover(
        tables(duffing, (2.0, 1.0)), unitless=True, search="sums"
    ).accepted
    assert terms_of(law, "xv") == {"x**2", "x**4", "v**2"}


def test_populations_keep_their_logarithms():
    dataset = load("lotka_volterra")
    runs = noisy([own.states.T for own in dataset.train])
    frames = [
        pd.DataFrame({"t": own.times, "x": run[0], "y": run[1]})
        for own, run in zip(dataset.train, runs, strict=True)
    ]
    (law,) = noether_sym.discover(frames, unitless=True, search="sums").accepted
    assert terms_of(law, "xy") == {"x", "y", "log(x)", "log(y)"}
