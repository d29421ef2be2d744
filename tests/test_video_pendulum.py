"""The pixel pendulum: its dynamics, its script, and what a picture tells."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from noether_sym.errors import OptionError
from noether_sym.neural.video import pendulum
from noether_sym.neural.video.pendulum import advance, energy, episodes, render, swing_up


def test_the_leapfrog_follows_the_equation_of_motion():
    angle, speed, torque = 2.0, -1.0, 1.3
    exact = solve_ivp(
        lambda _, x: [x[1], 15 * np.sin(x[0]) + 3 * torque],
        (0, 1), [angle, speed], rtol=1e-10, atol=1e-10,
    ).y[:, -1]  # fmt: skip
    now = np.array([angle]), np.array([speed])
    for _ in range(20):
        now = advance(*now, np.array([torque]))
    np.testing.assert_allclose(np.concatenate(now), exact, atol=2e-3)


def test_without_torque_the_leapfrog_conserves_energy_and_gym_does_so_worse():
    spreads = {}
    for step in pendulum.STEPS:
        now = np.array([1.5]), np.array([0.0])
        path = [now := advance(*now, np.zeros(1), step=step) for _ in range(200)]
        spreads[step] = np.ptp([energy(*own) for own in path])
    assert spreads["leapfrog"] < 1e-2 < 0.5 < spreads["gym"]


def test_the_step_of_gym_is_its_formula():
    found = advance(np.array([0.3]), np.array([7.9]), np.array([2.0]), step="gym")
    np.testing.assert_allclose(found, [[0.3 + 0.05 * 8.0], [8.0]])  # the speed is limited
    found = advance(np.array([0.3]), np.array([1.0]), np.array([2.0]), step="gym")
    speed = 1.0 + (3 * 10 / 2 * np.sin(0.3) + 3 * 2.0) * 0.05
    np.testing.assert_allclose(found, [[0.3 + 0.05 * speed], [speed]])


def test_the_script_swings_the_rod_up_within_the_limits():
    start = np.linspace(-np.pi, np.pi, 20)
    now = start, np.zeros(20)
    for _ in range(200):
        torque = swing_up(*now)
        assert np.abs(torque).max() <= 2
        now = advance(*now, torque)
        assert np.abs(now[1]).max() <= 8
    assert (np.cos(now[0]) > 0.99).all()


def test_scripted_episodes_are_interrupted_and_move():
    found = episodes(40, seed=3)
    own = swing_up(found.angles, found.speeds)
    followed = np.isclose(found.torques, own).mean()
    assert 0.65 < followed < 0.85
    assert (np.cos(found.angles) > 0.99).mean() < 0.6
    assert np.ptp(found.angles[:, 0]) > 5


@pytest.mark.parametrize("policy", pendulum.POLICIES)
def test_an_episode_depends_on_its_seed_alone(policy):
    few, many = (episodes(count, policy=policy, length=30, seed=1) for count in (2, 5))
    other = episodes(2, policy=policy, length=30, seed=2)
    np.testing.assert_array_equal(few.angles, many.angles[:2])
    np.testing.assert_array_equal(few.torques, many.torques[:2])
    assert not np.array_equal(few.angles, other.angles)


@pytest.mark.parametrize(("size", "tolerance"), [(32, 0.02), (64, 0.01)])
def test_the_angle_can_be_read_from_the_picture(size, tolerance):
    angles = np.linspace(-np.pi, np.pi, 101)
    frames = render(angles, size)
    assert frames.shape == (101, size, size)
    assert frames.min() == 0
    assert frames.max() == 1
    places = np.arange(size) - (size - 1) / 2
    right = (frames * places).sum((1, 2))
    up = -(frames * places[:, None]).sum((1, 2))
    off = np.angle(np.exp(1j * (np.arctan2(-right, up) - angles)))
    assert np.abs(off).max() < tolerance


def test_edges_are_smooth_and_the_light_area_is_that_of_the_rod():
    pixel = 2.5 / 32
    frames = render(np.linspace(0, 3, 50), 32)
    covered = frames.sum((1, 2)) * pixel**2
    assert np.ptp(covered) < 0.03 * covered.mean()
    assert covered.mean() == pytest.approx(0.2 * 1.0 + np.pi * 0.1**2, rel=0.03)
    assert ((frames > 0.05) & (frames < 0.95)).sum((1, 2)).min() > 10


def test_unknown_words_are_refused():
    with pytest.raises(OptionError, match="scripted, random"):
        episodes(1, policy="lazy")
    with pytest.raises(OptionError, match="leapfrog, gym"):
        advance(np.zeros(1), np.zeros(1), np.zeros(1), step="euler")
