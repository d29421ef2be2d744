"""Programs: many candidates of one skeleton evaluated in a few batched torch calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression
from noether_sym.dsl.operators import OPERATORS
from noether_sym.fit.samples import Samples
from noether_sym.fit.terms import Candidate, Skeleton, skeleton

if TYPE_CHECKING:
    from torch import Tensor

GUARD = 1e-16
"""Least variance of a quantity, relative to the square of its largest value."""

_QUANTILE_SAMPLES = 256


class Leaves:
    """Values of parts without parameters, each computed once, on one device.

    Values have shape (2, sequence, time): the data, then the random control.
    """

    def __init__(self, samples: Samples, device: str) -> None:
        both = np.stack([samples.states, samples.control], axis=1)
        self.device = device
        self._columns = torch.as_tensor(both, dtype=torch.float64, device=device)
        self.weights = torch.as_tensor(samples.weights, dtype=torch.float64, device=device)
        self._known: dict[Expression, Tensor] = {}

    def __getitem__(self, expression: Expression) -> Tensor:
        if expression not in self._known:
            if expression.head == INPUT:
                value = self._columns[expression.index]
            else:
                arguments = [self[argument] for argument in expression.arguments]
                value = OPERATORS[expression.head].apply(torch, *arguments)
            self._known[expression] = value
        return self._known[expression]

    def stacked(self, expressions: Sequence[Expression]) -> Tensor:
        """Values of several parts: shape (part, 2, sequence, time)."""
        return torch.stack([self[expression] for expression in expressions])

    def magnitude(self, expression: Expression) -> float:
        """Root mean square over the data, 1 where it is not finite."""
        value = self[expression][0]
        mean = float((value.square() * self.weights).nanmean().sqrt())
        return mean if np.isfinite(mean) and mean > 0 else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Candidates that share a skeleton.

    Attributes
    ----------
    skeleton : Skeleton
    members : tuple of int
        Numbers of the candidates.
    leaves : tuple of tuple of Expression
        For each member, what the opaque inputs stand for.
    inner : int
        Number of inner parameters.
    """

    skeleton: Skeleton
    members: tuple[int, ...]
    leaves: tuple[tuple[Expression, ...], ...]
    inner: int

    def leaf_values(self, leaves: Leaves) -> list[Tensor]:
        """One tensor an opaque input, shape (member, 1, 2, sequence, time)."""
        count = len(self.leaves[0])
        return [
            leaves.stacked([own[position] for own in self.leaves])[:, None]
            for position in range(count)
        ]


def group_candidates(candidates: Sequence[Candidate], limit: int) -> list[Group]:
    """Collect candidates by skeleton, in order of first appearance, at most `limit` a group."""
    found: dict[Skeleton, list[tuple[int, tuple[Expression, ...]]]] = {}
    for number, candidate in enumerate(candidates):
        shape, leaves = skeleton(candidate)
        found.setdefault(shape, []).append((number, leaves))
    groups = []
    for shape, members in found.items():
        inner = candidates[members[0][0]].inner
        for begin in range(0, len(members), limit):
            part = members[begin : begin + limit]
            numbers, leaves_of = zip(*part, strict=True)
            groups.append(Group(shape, numbers, leaves_of, inner))
    return groups


def term_values(shape: Skeleton, leaves: list[Tensor], inner: Tensor) -> Tensor:
    """Values of the terms.

    Parameters
    ----------
    shape : Skeleton
    leaves : list of tensors, (member, 1, 2, sequence, time)
    inner : tensor of shape (member, start, inner parameter)

    Returns
    -------
    tensor of shape (term, member, start, 2, sequence, time)
    """
    parameters = _spread(inner)
    values = [term.evaluate(torch, leaves, parameters) for term in shape.terms]
    full = (*inner.shape[:2], *leaves[0].shape[2:])
    return torch.stack([value.expand(full) for value in values])


def term_slopes(
    shape: Skeleton, leaves: list[Tensor], inner: Tensor
) -> tuple[Tensor, list[dict[int, Any]]]:
    """Values of the terms, and of each term its derivatives by the inner parameters."""
    parameters = _spread(inner)
    full = (*inner.shape[:2], *leaves[0].shape[2:])
    values, slopes = [], []
    for term in shape.terms:
        value, by_parameter = term.linearise(torch, leaves, parameters, PARAMETER)
        values.append(value.expand(full))
        slopes.append(
            {
                slot: slope.expand(full)
                if isinstance(slope, torch.Tensor)
                else torch.full(full, slope, dtype=inner.dtype, device=inner.device)
                for slot, slope in by_parameter.items()
            }
        )
    return torch.stack(values), slopes


def centred(values: Tensor, mask: Tensor) -> Tensor:
    """Deviation from the mean of each sequence, 0 outside `mask` (..., sequence, time)."""
    count = mask.sum(-1, keepdim=True).clamp_min(1.0)
    return (values - (values * mask).sum(-1, keepdim=True) / count) * mask


def freedom(mask: Tensor) -> Tensor:
    """Samples less sequences that have any: shape (...,)."""
    count = mask.sum(-1)
    return (count.sum(-1) - (count > 0).sum(-1)).clamp_min(1.0)


def outlier_weights(control: Tensor, mask: Tensor) -> Tensor:
    """Weights that pull the few largest values of the random control in.

    Without them a pole that happens to sit on one control sample makes the control's
    variance as large as you like, and any quantity look conserved. Values further from the
    median than three times the ninth decile of that distance are moved to that bound; a
    Gaussian's values are left alone.

    Parameters
    ----------
    control : tensor of shape (..., sequence, time)
        Values on the control.
    mask : tensor of the same shape, 1 where they are finite

    Returns
    -------
    tensor of the same shape
        Between 0 and 1, and 0 outside the mask.
    """
    flat, flat_mask = control.flatten(-2), mask.flatten(-2)
    step = max(1, flat.shape[-1] // _QUANTILE_SAMPLES)
    centre = _quantile(flat[..., ::step], flat_mask[..., ::step], 0.5)
    distance = (flat - centre).abs()
    bound = 3.0 * _quantile(distance[..., ::step], flat_mask[..., ::step], 0.9)
    weights = torch.where(distance > bound, bound / distance, 1.0) * flat_mask
    return weights.reshape(control.shape)


def _quantile(values: Tensor, mask: Tensor, level: float) -> Tensor:
    ordered = torch.where(mask > 0, values, torch.inf).sort(-1)[0]
    last = (mask.sum(-1, keepdim=True) - 1.0).clamp_min(0.0)
    return ordered.gather(-1, (level * last).long())


def _spread(inner: Tensor) -> list[Tensor]:
    return [inner[:, :, slot, None, None, None] for slot in range(inner.shape[2])]
