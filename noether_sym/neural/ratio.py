"""An embedding trained for conservation itself: to vary between trajectories and not within.

Algorithm 1 asks that an embedding helps prediction, and nothing in it asks for conservation.
The ratio does, as the search for formulas does, and what it gives can be counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

from noether_sym.errors import OptionError
from noether_sym.neural.training import Trained, minimise, trainable

if TYPE_CHECKING:
    from torch import Tensor

_RIDGE = 1e-6
"""Share of the variance added to it, so that dependent outputs have an inverse."""


@dataclass(frozen=True, slots=True)
class RatioTraining:
    """How g is trained.

    Attributes
    ----------
    updates : int
        Steps of Adam, each on all trajectories.
    learning_rate : float
    independence : float
        Weight of the part that keeps the gradients of the outputs apart; 0 leaves it out.
    points : int
        Evenly spaced states at which gradients are compared.
    """

    updates: int = 500
    learning_rate: float = 3e-3
    independence: float = 0.01
    points: int = 128


def covariances(values: Tensor) -> tuple[Tensor, Tensor]:
    """Covariance within trajectories, and in all.

    Parameters
    ----------
    values : tensor of shape (trajectory, time, output)

    Returns
    -------
    within, total : tensors of shape (output, output)
    """
    inner = values - values.mean(1, keepdim=True)
    outer = values - values.mean((0, 1))
    count = values.shape[0] * values.shape[1]
    return (
        torch.einsum("nti,ntj->ij", inner, inner) / count,
        torch.einsum("nti,ntj->ij", outer, outer) / count,
    )


def variance_ratio(values: Tensor) -> Tensor:
    """Share of the variance that is within trajectories, the mean over independent outputs.

    0 if every output is conserved, 1 if trajectories do not differ. It stays the same if the
    outputs are mixed linearly: of the share s of an output, ``s / (1 - s)`` is its variance
    within over between (Wiskott and Sejnowski 2002, for slowness).

    Parameters
    ----------
    values : tensor of shape (trajectory, time, output)

    Returns
    -------
    tensor without axes
    """
    within, total = covariances(values)
    outputs = values.shape[-1]
    ridge = _RIDGE * total.diagonal().mean() * torch.eye(outputs).to(total)
    shares: Tensor = torch.linalg.solve(total + ridge, within + ridge)
    return shares.diagonal().mean()


def dependence(gradients: Tensor) -> Tensor:
    """Minus the mean logarithm of the volume that unit gradients span: 0 if orthogonal.

    Parameters
    ----------
    gradients : tensor of shape (sample, output, column)
    """
    lengths = gradients.square().sum(-1, keepdim=True)
    units = gradients / (lengths + _RIDGE).sqrt()
    own = units @ units.mT + _RIDGE * torch.eye(units.shape[1]).to(units)
    volumes: Tensor = torch.linalg.slogdet(own).logabsdet
    return -0.5 * volumes.mean()


def train_by_ratio(embedding: nn.Module, trajectories: Tensor, options: RatioTraining) -> Trained:
    """Train g on the share of its variance that is within trajectories.

    Parameters
    ----------
    embedding : Module
        Its weights are where the training starts; it stays as it is.
    trajectories : tensor of shape (trajectory, time, column)
        Of order one in each column, and long enough that what is not conserved varies: in
        pieces much shorter than a period everything is nearly constant.
    options : RatioTraining

    Returns
    -------
    Trained
        With the weights of g.

    Raises
    ------
    OptionError
        If there are fewer than two trajectories or times, or states that are not finite or
        all the same.
    """
    if trajectories.ndim != 3 or min(trajectories.shape[:2]) < 2:
        raise OptionError(
            f"trajectories have the shape {tuple(trajectories.shape)}; give (trajectory, time, "
            "column) with two trajectories and times or more"
        )
    if not torch.isfinite(trajectories).all() or not (trajectories != trajectories[0, 0]).any():
        raise OptionError("the states are not all finite, or all the same; leave such columns out")
    phi = trainable(embedding)
    states = trajectories.flatten(0, 1)
    points = states[:: max(1, len(states) // options.points)]

    def embedded(at: Tensor) -> Tensor:
        values: Tensor = functional_call(embedding, phi, (at,))
        return values

    def loss() -> Tensor:
        ratio = variance_ratio(embedded(trajectories))
        if options.independence == 0:
            return ratio
        return ratio + options.independence * dependence(vmap(jacrev(embedded))(points))

    return minimise(loss, [phi], [options.learning_rate], options.updates)
