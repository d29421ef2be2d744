"""Training by epochs with Adam, in one way for all networks; it goes on where it was stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from noether_sym.errors import RunError
from noether_sym.neural.video import checkpoint
from noether_sym.neural.video.checkpoint import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from noether_sym.runtime.stages import Progress

_ADAM = "adam"

_APART = 1_000_003
"""Between the numbers of two seeds: more than there are epochs, so that no order comes twice."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long, in which steps.

    Attributes
    ----------
    epochs : int
    batch : int
        Windows in a step.
    rate : float
        Of Adam.
    seed : int
        Of the order of the windows.
    longest : float
        To which longer gradients are shortened.
    """

    epochs: int
    batch: int
    rate: float
    seed: int
    longest: float = 1.0


def fit(
    networks: Mapping[str, nn.Module],
    loss: Callable[[Tensor], Tensor],
    count: int,
    schedule: Schedule,
    *,
    path: Path,
    progress: Progress,
    stage: str,
    begins: Callable[[int], None] = lambda epoch: None,
) -> Facts:
    """Train networks in place, from the last checkpoint on where there is one.

    Parameters
    ----------
    networks : mapping of Module
        Those that are trained, by name.
    loss : callable
        Mean loss of the windows of given indices, a tensor of int64.
    count : int
        Number of windows.
    schedule : Schedule
        A training that was stopped and goes on gives the same weights as one that was not.
    path : Path
        Of the checkpoint, written after each epoch.
    progress : callable
    stage : str
        What progress calls this training.
    begins : callable
        Called with the number of each epoch before it, so that a loss can draw by it.

    Returns
    -------
    Facts

    Raises
    ------
    RunError
        If the checkpoint is damaged or of other networks.
    """
    together = nn.ModuleDict(dict(networks))
    parameters = [own for own in together.parameters() if own.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=schedule.rate)
    start = {name: own.clone() for name, own in together.state_dict().items()}
    facts = _resume(path, together, optimizer)
    begin, losses, diverged = facts.epochs, list(facts.losses), facts.diverged
    batches = -(-count // schedule.batch)
    for epoch in range(begin, schedule.epochs):
        if diverged:
            break
        values = []
        begins(epoch)
        for number, indices in enumerate(_order(count, schedule, epoch)):
            value = loss(indices)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(parameters, schedule.longest)
            optimizer.step()
            values.append(value.detach())
            done = (epoch - begin) * batches + number + 1
            progress(stage, done, (schedule.epochs - begin) * batches)
        mean = float(torch.stack(values).mean())
        diverged = not (mean < float("inf") and _finite(parameters))
        if diverged:
            together.load_state_dict(start)  # where the first epoch diverged
            _resume(path, together, optimizer)
        else:
            losses.append(mean)
        facts = Facts(epochs=len(losses), losses=losses, diverged=diverged)
        checkpoint.save(path, _state(together, optimizer), facts)
    return facts


def restore(networks: Mapping[str, nn.Module], path: Path) -> Facts | None:
    """Give networks the weights of a checkpoint; None where there is no checkpoint."""
    held = checkpoint.load(path)
    if held is None:
        return None
    tensors, facts = held
    _load(nn.ModuleDict(dict(networks)), tensors, path)
    return facts


def _order(count: int, schedule: Schedule, epoch: int) -> tuple[Tensor, ...]:
    """Indices of the batches of an epoch, which do not depend on the epochs before."""
    generator = torch.Generator().manual_seed(schedule.seed * _APART + epoch)
    return torch.randperm(count, generator=generator).split(schedule.batch)


def _resume(path: Path, networks: nn.Module, optimizer: torch.optim.Optimizer) -> Facts:
    """Weights and moments of Adam as they were after the last finished epoch."""
    held = checkpoint.load(path)
    if held is None:
        return Facts(epochs=0, losses=[])
    tensors, facts = held
    _load(networks, tensors, path)
    groups = optimizer.state_dict()["param_groups"]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(f"{_ADAM}."):
            _, number, key = name.split(".")
            state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return facts


def _load(networks: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    own = {name: value for name, value in tensors.items() if not name.startswith(f"{_ADAM}.")}
    try:
        networks.load_state_dict(own)
    except RuntimeError:
        raise RunError(
            f"{path} holds networks of other sizes than those asked for; give another output "
            "folder, or delete the file to train again"
        ) from None


def _state(networks: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    moments = {
        f"{_ADAM}.{number}.{key}": value
        for number, own in optimizer.state_dict()["state"].items()
        for key, value in own.items()
    }
    return {**networks.state_dict(), **moments}


def _finite(parameters: list[nn.Parameter]) -> bool:
    return all(bool(torch.isfinite(own).all()) for own in parameters)
