"""Long and short trajectories beside each other: what is thinned, and how far."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.dataset import Trajectory
from noether_sym.laws.law import Law
from noether_sym.noise.estimate import estimate_noise
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import cap, make_samples
from noether_sym.statistics.variance import robust_weights


def trajectory(number, count, seed=0, noise=0.0):
    draw = np.random.default_rng([seed, number])
    times = 0.1 * np.arange(count)
    phase = draw.uniform(0.0, 6.0)
    states = np.stack([np.sin(times + phase), np.cos(times + phase)], axis=1)
    states = draw.uniform(0.5, 2.0) * states + noise * draw.normal(size=states.shape)
    return Trajectory(str(number), times, states, np.zeros_like(states))


@given(st.lists(st.integers(1, 300), min_size=1, max_size=30), st.integers(1, 3000))
def test_the_cap_is_the_largest_that_fits(lengths, limit):
    lengths = np.array(lengths)
    found = cap(lengths, limit)
    assert np.minimum(lengths, found).sum() <= max(limit, len(lengths))
    larger = np.minimum(lengths, found + 1)
    assert found >= lengths.max() or larger.sum() > limit


def test_a_long_trajectory_leaves_the_short_ones_whole():
    lengths = [6000, *[60] * 30]
    samples = make_samples([trajectory(*own) for own in enumerate(lengths)], window=None, seed=0)
    thin = samples.thinned(4000)
    kept = thin.weights.sum(1)
    assert (kept[1:] == 60).all()
    assert 1000 < kept[0] <= 2200
    assert thin.count <= 4000
    real = thin.weights > 0
    squares = (thin.states**2).sum(0)
    for row in range(len(lengths)):
        assert np.ptp(squares[row][real[row]]) < 1e-12  # rows stay with their trajectories
    assert set(thin.surrogate[0][real]) <= set(samples.surrogate[0][samples.weights > 0])


def test_noise_is_seen_though_most_trajectories_are_short():
    parts = [
        trajectory(0, 5_000, noise=0.05),
        *(trajectory(n, 4, noise=0.05) for n in range(1, 1000)),
    ]
    found = estimate_noise(parts)
    np.testing.assert_allclose(found.sigma, 0.05, rtol=0.1)
    many = [trajectory(n, 20, noise=0.05) for n in range(800)]
    np.testing.assert_allclose(estimate_noise(many).sigma, 0.05, rtol=0.1)


def test_outliers_are_judged_by_samples_not_by_padding():
    draw = np.random.default_rng(0)
    mask = np.zeros((40, 20_000))
    mask[:, :100] = 1.0
    mask[0] = 1.0
    values = torch.from_numpy(draw.normal(size=mask.shape) * mask)
    weights = robust_weights(values, torch.from_numpy(mask)).numpy()
    assert (weights[mask > 0] == 1.0).mean() > 0.99999
    assert (weights[mask == 0] == 0.0).all()


def test_what_is_undefined_is_not_conserved(spring_law):
    samples, law = spring_law
    assert conservation_ratio(law, samples) == float("inf")


@pytest.fixture
def spring_law():
    from noether_sym.dsl.expression import call, input_
    from noether_sym.units.dimension import DIMENSIONLESS

    samples = make_samples([trajectory(n, 50) for n in range(5)], window=None, seed=0)
    below = call("sub", input_(0), call("square", call("square", input_(1))))
    negative = call("sub", call("sub", below, call("exp", input_(0))), call("exp", input_(1)))
    expression = call("log", negative)
    inputs = (("x", "dimensionless"), ("v", "dimensionless"))
    return samples, Law(expression, inputs, (), DIMENSIONLESS, 0.0, 1.0)


def test_what_moves_smoothly_is_not_still_however_far_trajectories_lie_apart():
    draw = np.random.default_rng(0)
    times = np.linspace(0.0, 10.0, 80)
    apart = 100.0 * draw.uniform(size=20)
    moving = [(place + np.sin(times))[:, None] for place in apart]
    noisy = [(place + 0.5 * draw.normal(size=80))[:, None] for place in apart]
    drifting = [(place * (1.0 + 1e-5 * times))[:, None] for place in apart]
    assert not still_columns(moving).any()
    assert still_columns(noisy).all()
    assert still_columns(drifting).all()


def test_every_part_of_the_time_keeps_samples():
    """A part has its samples anywhere in a row, not at its beginning only."""
    samples = make_samples([trajectory(n, 3000) for n in range(4)], window=None, seed=0)
    for begin in (0, 1000, 2000):
        weights = np.zeros_like(samples.weights)
        weights[:, begin : begin + 1000] = 1.0
        weights[3] = 0.0
        part = samples.part(weights, seed=1)
        thin = part.thinned(600)
        real = thin.weights > 0
        assert real.sum(1).tolist() == [200, 200, 200, 0]
        for row in range(3):
            own = set(samples.states[0, row, begin : begin + 1000].tolist())
            assert set(thin.states[0, row][real[row]].tolist()) <= own
