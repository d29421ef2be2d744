"""Tailoring: the integrator's steps, gaps in time, data sets of any size."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from noether_sym.datasets import Dataset, Trajectory, load
from noether_sym.errors import DatasetError
from noether_sym.runtime.device import single_threaded
from noether_sym.tailor import TailorOptions, network, rollout, tailor
from noether_sym.tailor.network import Problem
from noether_sym.tailor.rollout import (
    Targets,
    choose_refinement,
    prediction_pieces,
    roll_out,
    squared_errors,
    training_pieces,
)
from noether_sym.tailor.training import train

ROTATION = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])


@pytest.fixture(autouse=True)
def _one_thread():
    """Two threads on a busy machine wait for each other longer than they compute."""
    with single_threaded():
        yield


def circle(times):
    times = np.asarray(times, dtype=float)
    states = np.stack([np.cos(times), -np.sin(times)], 1)
    return Trajectory("circle", times, states, np.stack([-np.sin(times), -np.cos(times)], 1))


def unit_problem(states=None):
    states = torch.tensor([[1.0, 0.0]]) if states is None else states
    return Problem(states, states @ ROTATION.T, np.ones(2), np.ones(2), 0.0, ())


def rms(targets):
    path = roll_out(lambda states: states @ ROTATION.T, 1, targets)
    return math.sqrt(np.nanmean(squared_errors(path, targets)))


def test_steps_across_a_gap_are_cut():
    times = [0.0, 0.1, 0.2, 0.3, 2.3, 2.4]
    targets = Targets.of([circle(times)], unit_problem())
    assert targets.parts == (1, 1, 1, 14, 1)
    assert rms(targets) < 1e-5
    assert rms(dataclasses.replace(targets, parts=(1,) * 5)) > 1e-2


def test_irregular_steps_up_to_one_and_a_half_are_single():
    times = np.cumsum([0.1, 0.1, 0.15, 0.08, 0.1])
    assert Targets.of([circle(times)], unit_problem()).parts == (1,) * 4


def test_refined_steps_are_more_accurate():
    targets = Targets.of([circle(np.arange(0.0, 20.0, 0.8))], unit_problem())
    assert targets.refined(4).parts == (4,) * 24
    assert rms(targets.refined(4)) < rms(targets) / 100


def test_refinement_follows_the_field(monkeypatch):
    monkeypatch.setattr(rollout, "network_field", lambda weights, states: states @ ROTATION.T)
    chosen = [choose_refinement(None, unit_problem(), step) for step in (0.1, 0.4, 1.5, 20.0)]
    assert chosen[0] == 1
    assert chosen[-1] == 8
    assert chosen == sorted(chosen)
    for step, parts in zip((0.1, 0.4, 1.5), chosen, strict=False):
        assert rms(Targets.of([circle([0.0, step])], unit_problem()).refined(parts)) < 3e-4


def test_a_wild_network_takes_the_finest_steps(monkeypatch):
    monkeypatch.setattr(rollout, "network_field", lambda weights, states: states / 0.0)
    assert choose_refinement(None, unit_problem(), 0.1) == 8


@pytest.mark.parametrize("name", ["ideal_spring", "ideal_pendulum"])
def test_the_data_of_the_paper_take_one_step_a_sample(name):
    data = load(name)
    problem = Problem.of(data, "cpu")
    weights = train(problem, network.initial_weights(2, 2, 0, "cpu"), 100)
    step = data.train[0].times[1]
    assert choose_refinement(weights, problem, step) == 1
    assert problem.state_scale.tolist() == problem.slope_scale.tolist() == [1.0, 1.0]
    assert len(problem.states) == sum(map(len, data.train))


def test_large_data_are_thinned(monkeypatch):
    long = circle(np.arange(0.0, 50.0, 0.1))
    data = dataclasses.replace(load("ideal_spring"), train=(long, long), test=(long,))
    monkeypatch.setattr(network, "MOST_STATES", 300)
    problem = Problem.of(data, "cpu")
    assert len(problem.states) == 300
    every = np.concatenate([long.states, long.states])
    taken = [int(np.abs(every - own.numpy()).sum(axis=1).argmin()) for own in problem.states]
    np.testing.assert_allclose(problem.states.numpy(), every[taken], rtol=1e-6)
    assert np.histogram(taken, 5, (0, 500))[0].min() > 20


def test_long_and_many_sequences_are_cut(monkeypatch):
    monkeypatch.setattr(rollout, "MOST_SAMPLES", 40)
    monkeypatch.setattr(rollout, "MOST_SEQUENCES", 8)
    long = circle(np.arange(0.0, 30.0, 0.1))
    assert [len(piece) for piece in prediction_pieces([long])] == [40]
    assert prediction_pieces([long])[0].times[0] == 0.0
    assert all(len(piece) <= 40 for piece in training_pieces([long], [long]))
    assert len(prediction_pieces([long] * 20)) == 8
    single = circle([0.0])
    assert len(prediction_pieces([single, long])) == 1


def test_sequences_are_chosen_evenly():
    assert rollout.evenly(5, 8) == [0, 1, 2, 3, 4]
    assert rollout.evenly(16, 8) == list(range(0, 16, 2))
    for count in (33, 63, 64, 65):
        places = rollout.evenly(count, 32)
        assert len(places) == 32
        assert set(np.diff([*places, count])) <= {count // 32, count // 32 + 1}
    targets = Targets.of([circle([0.0, 0.1])] * 33, unit_problem())
    assert len(targets.smaller(32, 2).states) == 32


def test_data_without_a_sequence_to_predict_are_refused():
    spring = load("ideal_spring")
    for part, message in (("test", "in its test part"), ("train", "in its training part")):
        lonely: Dataset = dataclasses.replace(spring, **{part: (circle([0.0]),)})
        with pytest.raises(DatasetError, match=message):
            tailor(lonely, [], options=TailorOptions())
    with pytest.raises(DatasetError, match="no test part"):
        tailor(dataclasses.replace(spring, test=()), [], options=TailorOptions())
