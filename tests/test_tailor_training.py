"""Training within limits: gradients by hand, and which states a step takes."""

import dataclasses

import pytest
import torch
from networks import small_weights

from noether_sym.datasets import load
from noether_sym.tailor import network
from noether_sym.tailor.network import Problem, Weights, field, hamiltonian_field, initial_weights
from noether_sym.tailor.training import gradients, train


def states_of(seed, count=23):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((count, 2), dtype=torch.float64, generator=generator)


def trained_by_autograd(problem, start, steps, *, hamiltonian):
    weights = start.repeated(1)
    optimizer = network.adam(weights, problem.weight_decay)
    scale = network.hamiltonian_scale(problem)
    for _ in range(steps):
        states = problem.states[None]
        if hamiltonian:
            predicted = hamiltonian_field(weights, states, problem.pairs, scale)
        else:
            predicted = field(weights, states)
        loss = (predicted - problem.derivatives).square().mean()
        optimizer.step(torch.autograd.grad(loss, weights.tensors()))
    return weights.detached()


@pytest.mark.parametrize("hamiltonian", [False, True])
@pytest.mark.parametrize("block", [7, 300])
def test_gradients_are_those_of_autograd(hamiltonian, block, monkeypatch):
    monkeypatch.setattr("noether_sym.tailor.training._BLOCK", block)
    weights = small_weights(outputs=1 if hamiltonian else 2)
    tensors = [tensor.requires_grad_() for tensor in weights.tensors()]
    states, targets = states_of(1), states_of(2)
    scale = torch.tensor([1.0, 0.3], dtype=torch.float64)
    turn = torch.tensor([[0.0, 1.0], [-0.3, 0.0]], dtype=torch.float64) if hamiltonian else None
    if hamiltonian:
        predicted = hamiltonian_field(Weights(*tensors), states[None], ((0, 1),), scale)
    else:
        predicted = field(Weights(*tensors), states[None])
    expected = torch.autograd.grad((predicted - targets).square().mean(), tensors)
    found = gradients([tensor.detach()[0] for tensor in tensors], states, targets, turn)
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other[0], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("hamiltonian", [False, True])
def test_training_is_that_of_autograd(hamiltonian):
    problem = Problem.of(load("ideal_spring"), "cpu")
    start = initial_weights(2, 1 if hamiltonian else 2, 0, "cpu")
    own = train(problem, start, 10, hamiltonian=hamiltonian)
    expected = trained_by_autograd(problem, start, 10, hamiltonian=hamiltonian)
    for one, other, begun in zip(own.tensors(), expected.tensors(), start.tensors(), strict=True):
        moved = float((other - begun).abs().max())
        assert float((one - other).abs().max()) < 0.02 * moved


def test_steps_take_every_state_in_turn():
    problem = Problem.of(load("ideal_spring"), "cpu")
    count = len(problem.states)
    assert problem.part(5) == slice(None)
    fewer = dataclasses.replace(problem, most=100)
    rows = [fewer.part(step) for step in range(count)]
    assert {len(own.unique()) for own in rows} == {100}
    assert torch.cat(rows).bincount().tolist() == [100] * count
    assert torch.equal(rows[1], dataclasses.replace(fewer).part(1))


def test_a_step_takes_as_many_states_as_it_may():
    problem = Problem.of(load("ideal_spring"), "cpu")
    count = len(problem.states)
    assert dataclasses.replace(problem, most=count - 1).step_states == count - 1
    assert len(dataclasses.replace(problem, most=count - 1).part(3)) == count - 1


def test_a_step_takes_states_of_all_times_and_trajectories():
    spring = load("ideal_spring")
    one = spring.train[0].part(0, 20)
    many = Problem.of(dataclasses.replace(spring, train=(one,) * 100), "cpu", most=100)
    numbers = torch.arange(2000)
    for step in range(5):
        taken = numbers[many.part(step)]  # each 20th of the file would be one time
        assert len((taken % 20).unique()) > 15
        assert len((taken // 20).unique()) > 50
