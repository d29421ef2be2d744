"""The paper's own rule of acceptance, for comparison: two variances, each minimised by itself.

Alet et al. 2021, appendix C: the parameters of a formula are optimised by gradient descent to
have a low variance within sequences of true data, then the same is done for random sequences,
and the formula is accepted where the first is two orders of magnitude smaller. Neither
variance is compared with the size of the formula, so that a parameter that shrinks it lowers
both, and how far it gets decides; no law of this package is accepted so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.dsl.expression import Expression
from noether_sym.runtime.adam import Adam
from noether_sym.runtime.device import single_threaded
from noether_sym.search.candidate import Candidate
from noether_sym.search.multistart import natural_magnitudes
from noether_sym.search.program import Batch, Points
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import (
    LEAST_DEFINED,
    centred,
    degrees_of_freedom,
    within_variance,
)

if TYPE_CHECKING:
    from torch import Tensor

_SAMPLES = 400
"""Samples, about, of the data and of the surrogate. The paper tells none of its settings."""

_STEPS = 200
"""Steps of Adam from the sizes that parameters have by their places."""

_RATE = 0.02
"""Rate of Adam, in these sizes."""

_MEMBERS = 256
"""Formulas that are evaluated together."""


@dataclass(frozen=True, slots=True)
class TwoVariances:
    """How many formulas the paper's rule would accept, of how many."""

    accepted: int
    formulas: int


def accepted_by_two_variances(
    expressions: Sequence[Expression], samples: Samples, factor: float
) -> TwoVariances:
    """Count the formulas that the paper's rule would accept.

    Parameters start at the size that their place asks for, and take 200 steps of Adam at a
    rate of .02 of that size, on at most about 400 samples. The paper does not tell its own
    settings, and the count depends on them.

    Parameters
    ----------
    expressions : sequence of Expression
    samples : Samples
        Its surrogate is the random data.
    factor : float
        How many times less the variance must be on the data; the paper's is 100.
    """
    points = Points(samples.thinned(_SAMPLES), "cpu")
    accepted = 0
    with single_threaded(), np.errstate(all="ignore"):
        for members in _alike(expressions):
            batch = Batch(members, points)
            sizes = [natural_magnitudes(one.terms, points.magnitude) for one in members]
            true, random = _least_variances(batch, torch.as_tensor(np.stack(sizes)))
            accepted += int((true * factor <= random).sum())
    return TwoVariances(accepted, len(expressions))


def _alike(expressions: Sequence[Expression]) -> list[list[Candidate]]:
    """Formulas as they stand, without free factors: by number of parameters, in parts."""
    found: dict[int, list[Candidate]] = {}
    for own in expressions:
        count = own.parameter_count
        found.setdefault(count, []).append(Candidate(own, (own,), count))
    return [
        members[begin : begin + _MEMBERS]
        for members in found.values()
        for begin in range(0, len(members), _MEMBERS)
    ]


def _least_variances(batch: Batch, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Variance within sequences of the data, and of the surrogate, each of shape (member,).

    Parameters of the data are the first start, those of the surrogate the second.
    """
    if not sizes.shape[1]:
        values = batch.values(sizes[:, None].expand(-1, 2, -1))
        return _ordered(_variances(values[0], batch.weights))
    free = torch.ones((len(sizes), 2, sizes.shape[1]), dtype=torch.float64)
    optimizer = Adam([free], rate=_RATE)
    least = torch.full((len(sizes), 2), torch.inf, dtype=torch.float64)
    for _ in range(_STEPS):
        values, slopes = batch.slopes(free * sizes[:, None])
        variance, gradient = _with_gradient(values[0], slopes, batch.weights)
        least = torch.minimum(least, torch.where(torch.isfinite(variance), variance, torch.inf))
        optimizer.step([torch.where(torch.isfinite(gradient), gradient * sizes[:, None], 0.0)])
    return _ordered(least)


def _ordered(variances: Tensor) -> tuple[Tensor, Tensor]:
    """Of the data and of the surrogate; what is not defined or nothing at all is conserved not."""
    true, random = variances[:, 0], variances[:, 1]
    usable = torch.isfinite(true) & torch.isfinite(random) & (random > 0)
    return torch.where(usable, true, torch.inf), torch.where(usable, random, 0.0)


def _own_part(values: Tensor) -> Tensor:
    """Of (..., member, start, 2, sequence, time) the data for one start, else the surrogate."""
    return torch.stack([values[..., 0, 0, :, :], values[..., 1, 1, :, :]], -3)


def _variances(values: Tensor, weights: Tensor) -> Tensor:
    own = _own_part(values)
    finite = torch.isfinite(own) * weights
    variance = within_variance(torch.where(finite > 0, own, 0.0), finite)
    enough = finite.sum((-1, -2)) >= LEAST_DEFINED * weights.sum()
    return torch.where(enough, variance, torch.inf)


def _with_gradient(values: Tensor, slopes: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Variances (member, start), and their gradients (member, start, parameter)."""
    own, slope = _own_part(values), _own_part(slopes)
    finite = torch.isfinite(own + slope.sum(0)) * weights
    deviation = centred(torch.where(finite > 0, own, 0.0), finite)
    degrees = degrees_of_freedom(finite)
    products = (deviation * torch.where(finite > 0, slope, 0.0)).sum((-1, -2))
    return _variances(values, weights), 2.0 * (products / degrees).movedim(0, -1)
