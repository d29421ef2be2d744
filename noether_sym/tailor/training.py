"""Training of the MLP and of the Hamiltonian NN: gradients by hand, in blocks.

By hand they take fewer passes over memory than by autograd (see `noether_sym.tailor.gradients`),
and differ from it by rounding: ``tests/test_tailor_training.py`` holds one against the other. A
race and the whole grid train by the same code, so that where a step takes all states their
networks are the same. Of a problem with more states than a step may take, steps take them in
turn, in shuffled order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from noether_sym.tailor.gradients import tanh_backward, tanh_in_place
from noether_sym.tailor.network import Problem, Weights, adam, hamiltonian_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_BLOCK = 300
"""States in a block on a CPU: their hidden layers stay in a core's second cache."""


def train(problem: Problem, weights: Weights, steps: int, *, hamiltonian: bool = False) -> Weights:
    """Adam on the mean squared error of dx/dt, at most `problem.most` states a step.

    Parameters
    ----------
    problem : Problem
    weights : Weights
        Of one network; of the Hamiltonian NN, with one output.
    steps : int
    hamiltonian : bool
        Whether the weights are those of the Hamiltonian NN.
    """
    weights = weights.repeated(1)
    optimizer = adam(weights, problem.weight_decay)
    turn = _symplectic(problem) if hamiltonian else None
    tensors = [tensor.detach()[0] for tensor in weights.tensors()]  # the memory that Adam changes
    for step in range(steps):
        part = problem.part(step)
        states, targets = problem.states[part], problem.derivatives[part]
        found = gradients(tensors, states, targets, turn)
        optimizer.step([gradient[None] for gradient in found])
    return weights.detached()


def gradients(
    weights: list[Tensor], states: Tensor, targets: Tensor, turn: Tensor | None = None
) -> list[Tensor]:
    """Gradient of the mean squared error by the weights of one network.

    Parameters
    ----------
    weights : list of tensors
        As in `Weights`, without the axis of trials.
    states, targets : tensors of shape (sample, column)
        In network coordinates.
    turn : tensor of shape (column, column), optional
        From grad H to the field; without it the network's output is the field.
    """
    totals = [torch.zeros_like(tensor) for tensor in weights]
    block = len(states) if states.is_cuda else _BLOCK
    add: Callable[..., None] = _add_field if turn is None else _add_hamiltonian
    for begin in range(0, len(states), block):
        part = slice(begin, begin + block)
        add(totals, weights, states[part], targets[part], turn)
    for total in totals:
        total *= 2.0 / targets.numel()
    return totals


def _add_field(
    totals: list[Tensor], weights: list[Tensor], x: Tensor, target: Tensor, _: None
) -> None:
    """A block's share, up to a common factor, where the output is the field."""
    w1, b1, w2, b2, w3 = weights
    one = tanh_in_place(torch.addmm(b1, x, w1.mT))
    two = tanh_in_place(torch.addmm(b2, one, w2.mT))
    miss = torch.mm(two, w3.mT).sub_(target)
    totals[4].addmm_(miss.mT, two)
    _add_layers(totals, weights, x, one, tanh_backward(torch.mm(miss, w3), two), None)


def _add_hamiltonian(
    totals: list[Tensor], weights: list[Tensor], x: Tensor, target: Tensor, turn: Tensor
) -> None:
    """A block's share, up to a common factor, where the output is H."""
    w1, b1, w2, b2, w3 = weights
    one = tanh_in_place(torch.addmm(b1, x, w1.mT))
    two = tanh_in_place(torch.addmm(b2, one, w2.mT))
    # the slope of H, layer by layer
    back_two = tanh_backward(w3.expand_as(two), two)
    carried = torch.mm(back_two, w2)
    back_one = tanh_backward(carried, one)
    miss = torch.mm(torch.mm(back_one, w1), turn.mT).sub_(target)
    # back through the slope
    by_slope = torch.mm(miss, turn)
    totals[0].addmm_(back_one.mT, by_slope)
    by_back_one = torch.mm(by_slope, w1.mT)
    by_one = (by_back_one * carried).mul_(one).mul_(-2.0)
    by_carried = tanh_backward(by_back_one, one)
    totals[2].addmm_(back_two.mT, by_carried)
    by_back_two = torch.mm(by_carried, w2.mT)
    by_two = (by_back_two * w3).mul_(two).mul_(-2.0)
    totals[4] += tanh_backward(by_back_two, two).sum(0)
    _add_layers(totals, weights, x, one, tanh_backward(by_two, two), by_one)


def _add_layers(
    totals: list[Tensor],
    weights: list[Tensor],
    x: Tensor,
    one: Tensor,
    by_two: Tensor,
    by_one: Tensor | None,
) -> None:
    """What reaches both layers: `by_two` before the second tanh, `by_one` after the first."""
    totals[2].addmm_(by_two.mT, one)
    totals[3] += by_two.sum(0)
    carried = torch.mm(by_two, weights[2])
    by_one = tanh_backward(carried if by_one is None else carried.add_(by_one), one)
    totals[0].addmm_(by_one.mT, x)
    totals[1] += by_one.sum(0)


def _symplectic(problem: Problem) -> Tensor:
    """From grad H to the field in network coordinates: (column, column)."""
    scale = hamiltonian_scale(problem)
    turn = torch.zeros(problem.columns, problem.columns, device=problem.device)
    for q, p in problem.pairs:
        turn[q, p], turn[p, q] = scale[q], -scale[p]
    return turn
