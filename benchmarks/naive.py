"""The plain ways that the engine is held against: one formula, one example at a time."""

from __future__ import annotations

import torch

from noether_sym.dsl.expression import Expression
from noether_sym.laws.law import Law
from noether_sym.statistics.samples import Samples


def fit_one(tree: Expression, samples: Samples, steps: int = 100) -> float:
    """Adam on all parameters of one formula, as one would write it first.

    Returns the conservation ratio: variance within the sequences over that of the control.
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
        return float(ratio())


def tailor_one(
    weights: list[torch.Tensor], state: torch.Tensor, target: torch.Tensor, rate: float, law: Law
) -> list[torch.Tensor]:
    """Gradient of the loss after an inner step for one example, all of it by autograd."""
    w1, b1, w2, b2, w3 = weights

    def network(own: list[torch.Tensor]) -> torch.Tensor:
        one = torch.tanh(own[0] @ state + own[1])
        return own[4] @ torch.tanh(own[2] @ one + own[3])

    own = [w1, b1, w2, b2, w3]
    drift = (law.torch_gradient(state) * network(own)).sum() ** 2
    slopes = torch.autograd.grad(drift, own, create_graph=True)
    moved = [tensor - rate * slope for tensor, slope in zip(own, slopes, strict=True)]
    loss = (network(moved) - target).square().mean()
    return list(torch.autograd.grad(loss, own))
