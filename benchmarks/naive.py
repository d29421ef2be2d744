"""The plain ways that the engine is held against: one formula, one example at a time."""

from __future__ import annotations

import torch

from noether_sym.dsl.expression import Expression
from noether_sym.statistics.samples import Samples


def fit_one(
    tree: Expression, samples: Samples, steps: int = 100
) -> tuple[float, tuple[float, ...]]:
    """Adam on all parameters of one formula, as one would write it first.

    The loss is the variance within the sequences over that on the random control.

    Returns
    -------
    ratio : float
        The loss after the last step.
    values : tuple of float
        Of the parameters, by slot.
    """
    columns = torch.as_tensor(samples.states)
    control = torch.as_tensor(samples.surrogate)
    weights = torch.as_tensor(samples.weights)
    counts = weights.sum(1, keepdim=True)
    parameters = torch.ones(tree.parameter_count, dtype=torch.float64, requires_grad=True)

    def ratio() -> torch.Tensor:
        own = list(parameters)
        value = tree.evaluate(torch, list(columns), own)
        random = tree.evaluate(torch, list(control), own)
        value = torch.as_tensor(value).expand(weights.shape)
        random = torch.as_tensor(random).expand(weights.shape)
        mean = (value * weights).sum(1, keepdim=True) / counts
        within = ((value - mean).square() * weights).sum() / (weights.sum() - len(weights))
        return within / random[weights > 0].var()

    if tree.parameter_count:
        optimizer = torch.optim.Adam([parameters], lr=0.05)
        for _ in range(steps):
            optimizer.zero_grad()
            loss = ratio()
            if not loss.requires_grad:
                break
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    with torch.no_grad():
        return float(ratio()), tuple(parameters.tolist())


def tailor_one(
    weights: list[torch.Tensor],
    state: torch.Tensor,
    target: torch.Tensor,
    rate: float,
    slope: torch.Tensor,
) -> list[torch.Tensor]:
    """Gradient of the loss after an inner step for one example, all of it by autograd.

    Parameters
    ----------
    weights : list of five tensors
        Of one network, as `Weights.tensors` orders them.
    state, target, slope : tensors of shape (column,)
        A state, its dx/dt, and the gradient of the law there.
    rate : float
        Inner rate.

    Returns
    -------
    list of five tensors
    """
    drift = (slope * _network(weights, state)).sum() ** 2
    slopes = torch.autograd.grad(drift, weights, create_graph=True)
    moved = [tensor - rate * slope for tensor, slope in zip(weights, slopes, strict=True)]
    loss = (_network(moved, state) - target).square().mean()
    return list(torch.autograd.grad(loss, weights))


def tailor_vmap(
    weights: list[torch.Tensor],
    states: torch.Tensor,
    targets: torch.Tensor,
    rate: float,
    slopes: torch.Tensor,
    chunk: int,
) -> list[torch.Tensor]:
    """The same for many examples by `torch.func`.

    The inner step of each example is ``vmap(grad(drift))``; one ``grad`` goes back through
    the sum of their losses, which is quicker than a gradient of each.

    Parameters
    ----------
    weights : list of five tensors
    states, targets, slopes : tensors of shape (example, column)
    rate : float
    chunk : int
        Examples at a time: each has weights of its own after the inner step, which take
        memory.

    Returns
    -------
    list of five tensors
        The mean over the examples.
    """
    from torch.func import grad, vmap

    def drift(own: list[torch.Tensor], state: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        return (slope * _network(own, state)).sum() ** 2

    def loss(
        own: list[torch.Tensor], state: torch.Tensor, target: torch.Tensor, slope: torch.Tensor
    ) -> torch.Tensor:
        steps = grad(drift)(own, state, slope)
        moved = [tensor - rate * step for tensor, step in zip(own, steps, strict=True)]
        return (_network(moved, state) - target).square().mean()

    each = vmap(loss, in_dims=(None, 0, 0, 0))
    whole = grad(lambda own, *parts: each(own, *parts).sum())
    own = [tensor.detach() for tensor in weights]
    totals = [torch.zeros_like(tensor) for tensor in own]
    for begin in range(0, len(states), chunk):
        part = slice(begin, begin + chunk)
        found = whole(own, states[part], targets[part], slopes[part])
        for total, one in zip(totals, found, strict=True):
            total += one
    return [total / len(states) for total in totals]


def _network(weights: list[torch.Tensor], state: torch.Tensor) -> torch.Tensor:
    w1, b1, w2, b2, w3 = weights
    return w3 @ torch.tanh(w2 @ torch.tanh(w1 @ state + b1) + b2)
