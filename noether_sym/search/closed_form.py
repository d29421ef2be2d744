"""The best combination of terms in closed form: a small generalised eigenproblem.

The conservation ratio is a Rayleigh quotient, as in slow feature analysis (Wiskott and
Sejnowski 2002, doi:10.1162/089976602317318938), whose 'slowness' it replaces by the spread
along trajectories. Solving for the factors at given nonlinear parameters is the variable
projection of Golub and Pereyra (1973, doi:10.1137/0710036).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from noether_sym.statistics.variance import (
    GUARD,
    LEAST_DEFINED,
    robust_weights,
    surrogate_covariance,
    within_covariance,
    within_variance,
)

if TYPE_CHECKING:
    from torch import Tensor

_ROUNDS = 3
"""Eigenproblems in turn, each with the outliers of the combination before pulled in."""


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """Best factors and conservation ratio; batch axes (member, start).

    Attributes
    ----------
    ratio : tensor of shape (member, start)
        Conservation ratio; inf where the quantity is constant or not defined.
    factors : tensor of shape (member, start, term)
    defined : tensor of shape (member, start)
        Part of the samples on which the terms are finite.
    varies : bool tensor of shape (member, start)
        False where the quantity is constant on the surrogate.
    """

    ratio: Tensor
    factors: Tensor
    defined: Tensor
    varies: Tensor


def best_combination(values: Tensor, weights: Tensor) -> Combination:
    """Minimise the conservation ratio over the factors of the terms.

    The ratio of a combination with factors a is (a W a) / (a V a): W holds the terms'
    covariances within the sequences of the data, V those of the surrogate, with
    outliers pulled in (`robust_weights`) for the combination that is best so far. Its
    least value is the least eigenvalue of the pair (W, V).

    Parameters
    ----------
    values : tensor of shape (term, member, start, 2, sequence, time)
        Of the data, then of the surrogate; what is not finite counts as not defined.
    weights : tensor of shape (sequence, time)
        1 for a sample, 0 for none.

    Returns
    -------
    Combination
    """
    finite = torch.isfinite(values.sum(0)) * weights  # what is not finite stays so in a sum
    defined = (finite.sum((-1, -2)) / weights.sum()).amin(-1)
    values = torch.where(finite > 0, values, 0.0)
    data, surrogate = values[..., 0, :, :], values[..., 1, :, :]
    data_mask, surrogate_mask = finite[..., 0, :, :], finite[..., 1, :, :]
    size = data.abs().amax((-1, -2)).clamp_min(1e-150)
    data, surrogate = data / size[..., None, None], surrogate / size[..., None, None]
    within = within_covariance(data, data_mask)
    robust = surrogate_mask
    for _ in range(1 if len(values) == 1 else _ROUNDS):
        spread = surrogate_covariance(surrogate, robust)
        least = _pencil_minimum(within, spread)
        robust = robust_weights(_combined(least, surrogate), surrogate_mask)
    total = _combined(least, values / size[..., None, None, None])
    own = within_variance(total[..., 0, :, :], data_mask)
    variance, largest = _surrogate_variance(total[..., 1, :, :], robust)
    varies = variance > GUARD * largest.square()
    ratio = own / variance
    usable = varies & (defined >= LEAST_DEFINED) & torch.isfinite(ratio)
    ratio = torch.where(usable, ratio, torch.inf)
    return Combination(ratio, least / size.movedim(0, -1), defined, varies)


def _combined(factors: Tensor, values: Tensor) -> Tensor:
    return torch.einsum("msi,ims...->ms...", factors, values)


def _surrogate_variance(surrogate: Tensor, robust: Tensor) -> tuple[Tensor, Tensor]:
    """Variance of one quantity on the surrogate, outliers pulled in, and its largest value."""
    variance = surrogate_covariance(surrogate[None], robust)[..., 0, 0]
    return variance, (surrogate.abs() * robust).amax((-1, -2))


def _pencil_minimum(within: Tensor, spread: Tensor) -> Tensor:
    """Factors of the least eigenvalue of (within, spread), well scaled."""
    diagonal = spread.diagonal(dim1=-2, dim2=-1)
    scale = diagonal.clamp_min(1e-290).rsqrt()
    outer = scale[..., :, None] * scale[..., None, :]
    return _least_eigenvector(within * outer, spread * outer) * scale


def _least_eigenvector(within: Tensor, surrogate: Tensor) -> Tensor:
    """Vector of the least eigenvalue of a pair whose second matrix has a unit diagonal."""
    terms = within.shape[-1]
    if terms == 1:
        return torch.ones_like(within[..., 0])
    identity = torch.eye(terms, dtype=within.dtype, device=within.device)
    finite = torch.isfinite(within).all((-1, -2)) & torch.isfinite(surrogate).all((-1, -2))
    within = torch.where(finite[..., None, None], within, identity)
    surrogate = torch.where(finite[..., None, None], surrogate, identity)
    lower = torch.linalg.cholesky_ex(surrogate + 1e-13 * identity)[0]
    half = torch.linalg.solve_triangular(lower, within, upper=False)
    whitened = torch.linalg.solve_triangular(lower, half.transpose(-1, -2), upper=False)
    whitened = torch.where(torch.isfinite(whitened), whitened, 0.0)
    vectors = torch.linalg.eigh(0.5 * (whitened + whitened.transpose(-1, -2)))[1]
    return torch.linalg.solve_triangular(lower.transpose(-1, -2), vectors[..., :1], upper=True)[
        ..., 0
    ]
