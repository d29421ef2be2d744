"""The Noether loss and its inner step, exact and without weights of its own for each state.

For one state the gradient of a layer's weight is an outer product, so the layer after the
inner step, applied to h', is ``W h' + b - rate * delta * (h.h' + 1)`` with the layer's input
h and back-propagated error delta at the state itself. Nothing is approximated, autograd
differentiates through it (the second-order gradients of meta-tailoring), and it costs
about three forward passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import torch

from noether_sym.tailor.network import Problem, Weights, as_tensor, layers

if TYPE_CHECKING:
    from torch import Tensor


class Conserved(Protocol):
    """What tailoring needs of a quantity g(x): its gradient, differentiable by torch."""

    def torch_gradient(self, states: Tensor) -> Tensor:
        """Gradient at states (..., column)."""

    def torch_value(self, states: Tensor) -> Tensor:
        """Value at states (..., column), shape (...)."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantities:
    """Several quantities in network coordinates, one for each trial.

    The gradient of each is divided by the power of ten nearest to its root mean square over
    the training states, so that one range of inner rates serves quantities of any unit; the
    paper's laws are of order one and stay as they are.

    Attributes
    ----------
    laws : tuple of Conserved
    norms : tensor of shape (law,)
    state_scale, slope_scale : tensors of shape (column,)
    step : float
        Time step of the finite difference.
    """

    laws: tuple[Conserved, ...]
    norms: Tensor
    state_scale: Tensor
    slope_scale: Tensor
    step: float

    @classmethod
    def of(cls, laws: Sequence[Conserved], problem: Problem, step: float) -> Quantities:
        """Prepare quantities for the network of a problem."""
        raw = cls(
            tuple(laws),
            torch.ones(len(laws), device=problem.device),
            as_tensor(problem.state_scale, problem.device),
            as_tensor(problem.slope_scale, problem.device),
            step,
        )
        gradients = raw.gradients(problem.states.expand(len(laws), -1, -1))
        norms = gradients.square().sum(-1).mean(-1).sqrt()
        norms = torch.where((norms > 0) & torch.isfinite(norms), norms, 1.0)
        return replace(raw, norms=10.0 ** norms.log10().round())

    def gradients(self, states: Tensor) -> Tensor:
        """Gradients by the network's output, 0 where not finite.

        Parameters
        ----------
        states : tensor of shape (law, sample, column)
            In network coordinates.
        """
        physical = states * self.state_scale
        rows = [law.torch_gradient(physical[row]) for row, law in enumerate(self.laws)]
        gradient = torch.stack(rows) * self.slope_scale
        finite = torch.isfinite(gradient).all(-1, keepdim=True)
        return torch.where(finite, gradient, 0.0) / self.norms[:, None, None]

    def defined(self, states: Tensor) -> Tensor:
        """Part of the states (sample, column) where a gradient is finite and not 0: (law,)."""
        gradients = self.gradients(states.expand(len(self.laws), -1, -1))
        return (gradients != 0).any(-1).float().mean(-1)

    def difference_errors(self, states: Tensor, output: Tensor) -> Tensor:
        """Error back-propagated from the paper's |g(x) - g(x + f dt)|^2 / dt^2.

        Returns the derivative by the network's output, shape of `output`.
        """
        physical = states * self.state_scale
        ahead = physical + output * self.slope_scale * self.step
        rows = []
        for row, law in enumerate(self.laws):
            change = (law.torch_value(ahead[row]) - law.torch_value(physical[row])) / self.step
            slope = law.torch_gradient(ahead[row]) * self.slope_scale
            rows.append(2.0 * change[..., None] * slope)
        error = torch.stack(rows) / self.norms.square()[:, None, None]
        finite = torch.isfinite(error).all(-1, keepdim=True)
        return torch.where(finite, error, 0.0)


def tailored_field(
    weights: Weights,
    states: Tensor,
    rates: Tensor,
    quantities: Quantities,
    *,
    loss: str = "drift",
) -> Tensor:
    """dx/dt after one inner step on the Noether loss of each state (paper, eq. 3).

    Parameters
    ----------
    weights : Weights
        Of T trials.
    states : tensor of shape (trial, sample, column)
        In network coordinates.
    rates : tensor of shape (trial,)
        Inner rates.
    quantities : Quantities
        One for each group of trials: T is a multiple of their number.
    loss : str
        ``drift``: (grad g . f)^2, the limit of small time steps; ``difference``: the
        paper's finite difference.
    """
    one, two, output = layers(weights, states)
    laws = len(quantities.laws)
    if loss == "drift":
        gradients = quantities.gradients(_by_law(states, laws)).reshape(states.shape)
        error = 2.0 * (gradients * output).sum(-1, keepdim=True) * gradients
    else:
        error = quantities.difference_errors(_by_law(states, laws), _by_law(output, laws))
        error = error.reshape(states.shape)
    back_two = torch.bmm(error, weights.w3) * (1.0 - two.square())
    back_one = torch.bmm(back_two, weights.w2) * (1.0 - one.square())
    rate = rates[:, None, None]
    reach = states.square().sum(-1, keepdim=True) + 1.0
    new_one = torch.tanh(
        torch.baddbmm(weights.b1[:, None], states, weights.w1.mT) - rate * reach * back_one
    )
    reach = (one * new_one).sum(-1, keepdim=True) + 1.0
    new_two = torch.tanh(
        torch.baddbmm(weights.b2[:, None], new_one, weights.w2.mT) - rate * reach * back_two
    )
    reach = (two * new_two).sum(-1, keepdim=True)
    return torch.bmm(new_two, weights.w3.mT) - rate * reach * error


def projected_field(output: Tensor, gradients: Tensor) -> Tensor:
    """The field's part along the level set of each quantity; shapes (trial, sample, column)."""
    length = gradients.square().sum(-1, keepdim=True)
    along = (gradients * output).sum(-1, keepdim=True)
    return output - torch.where(length > 0, along / length.clamp_min(1e-30), 0.0) * gradients


def _by_law(tensor: Tensor, laws: int) -> Tensor:
    """(trial, sample, column) to (law, trials of it times sample, column)."""
    return tensor.reshape(laws, -1, tensor.shape[-1])
