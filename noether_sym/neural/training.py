"""Adam on weights that are mappings, and what it gave: the same loop for every training here.

A training that is kept goes on where it was stopped, and ends with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.runtime.stages import Cache, Progress

_KEPT_EVERY = 50
"""Updates after which a training is kept again; an interruption loses no more."""

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


@dataclass(frozen=True, slots=True)
class Keeper:
    """Where a training tells how far it is, and keeps itself.

    Attributes
    ----------
    name : str
        Of the training, to people.
    progress : callable or None
    cache : Cache or None
    key : str
        Of the training, in the cache: another one for other options.
    """

    name: str
    progress: Progress | None = None
    cache: Cache | None = None
    key: str = "training"

    def tell(self, done: int, updates: int) -> None:
        """Say how many updates are done."""
        if self.progress is not None:
            self.progress(self.name, done, updates)


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
    *,
    generator: torch.Generator | None = None,
    keeper: Keeper | None = None,
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
    generator : Generator, optional
        What the loss draws from; kept with the weights.
    keeper : Keeper, optional
        Of a caller who waits, or may be interrupted.
    """
    pairs = zip(weights, rates, strict=True)
    optimizer = torch.optim.Adam([{"params": [*own.values()], "lr": rate} for own, rate in pairs])
    keeper = keeper or Keeper("training")
    losses = _resumed(keeper, weights, optimizer, generator)
    sound = _copies(weights)
    for update in range(len(losses), updates):
        value = loss()
        if not torch.isfinite(value):
            break
        sound = _copies(weights)
        losses.append(value.detach())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        keeper.tell(update + 1, updates)
        if (update + 1) % _KEPT_EVERY == 0:
            _keep(keeper, weights, optimizer, generator, losses)
    ended = len(losses) == updates and all(
        bool(torch.isfinite(tensor).all()) for own in weights for tensor in own.values()
    )
    return Trained(
        _copies(weights) if ended else sound,
        torch.stack(losses) if losses else torch.zeros(0),
        not ended,
    )


def _leaves(weights: Sequence[Weights]) -> list[Tensor]:
    return [own for one in weights for own in one.values()]


def _keep(
    keeper: Keeper,
    weights: Sequence[Weights],
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator | None,
    losses: Sequence[Tensor],
) -> None:
    """Keep everything that the next update depends on."""
    if keeper.cache is None:
        return
    arrays = {"losses": torch.stack(list(losses))}
    for place, own in enumerate(_leaves(weights)):
        arrays[f"{place}/weight"] = own.detach()
        arrays |= {f"{place}/{name}": part for name, part in optimizer.state[own].items()}
    if generator is not None:
        arrays["generator"] = generator.get_state()
    keeper.cache.write(keeper.key, {name: own.cpu().numpy() for name, own in arrays.items()})


def _resumed(
    keeper: Keeper,
    weights: Sequence[Weights],
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator | None,
) -> list[Tensor]:
    """Put back what was kept; the losses until then."""
    held = None if keeper.cache is None else keeper.cache.read(keeper.key)
    if held is None:
        return []
    arrays = {name: torch.from_numpy(own) for name, own in held.items()}
    for place, own in enumerate(_leaves(weights)):
        with torch.no_grad():
            own.copy_(arrays[f"{place}/weight"])
        names = [name for name in arrays if name.startswith(f"{place}/") and "weight" not in name]
        optimizer.state[own] = {
            name.partition("/")[2]: arrays[name].to(own.device if arrays[name].ndim else "cpu")
            for name in names
        }
    if generator is not None:
        generator.set_state(arrays["generator"])
    return list(arrays["losses"])


def _copies(weights: Sequence[Weights]) -> tuple[dict[str, Tensor], ...]:
    return tuple({name: own.detach().clone() for name, own in one.items()} for one in weights)
