"""Adam on weights that are mappings, and what it gave: the same loop for every training here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"]
"""Weights by their names, as `torch.func.functional_call` takes them."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a training gave.

    Attributes
    ----------
    weights : tuple of dicts of tensors
        Of each network, in the order in which they were given.
    losses : tensor of shape (update,)
        Before each update.
    diverged : bool
        Whether the loss or a weight stopped being finite; the weights are the last ones with
        which the loss was, and the losses end there.
    """

    weights: tuple[dict[str, Tensor], ...]
    losses: Tensor
    diverged: bool


def trainable(module: nn.Module) -> dict[str, Tensor]:
    """Copies of a module's weights, to be trained."""
    return {
        name: weight.detach().clone().requires_grad_() for name, weight in module.named_parameters()
    }


def minimise(
    loss: Callable[[], Tensor],
    weights: Sequence[Weights],
    rates: Sequence[float],
    updates: int,
) -> Trained:
    """Take steps of Adam on a loss.

    Parameters
    ----------
    loss : callable
        The loss of the next update, by the weights as they are then.
    weights : sequence of mappings
        Leaves of the graph, changed in place.
    rates : sequence of float
        Learning rate of each mapping.
    updates : int
    """
    pairs = zip(weights, rates, strict=True)
    optimizer = torch.optim.Adam([{"params": [*own.values()], "lr": rate} for own, rate in pairs])
    sound = _copies(weights)
    losses: list[Tensor] = []
    for _ in range(updates):
        value = loss()
        if not torch.isfinite(value):
            break
        sound = _copies(weights)
        losses.append(value.detach())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
    ended = len(losses) == updates and all(
        bool(torch.isfinite(tensor).all()) for own in weights for tensor in own.values()
    )
    return Trained(
        _copies(weights) if ended else sound,
        torch.stack(losses) if losses else torch.zeros(0),
        not ended,
    )


def _copies(weights: Sequence[Weights]) -> tuple[dict[str, Tensor], ...]:
    return tuple({name: own.detach().clone() for name, own in one.items()} for one in weights)
