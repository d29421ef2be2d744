"""Levenberg-Marquardt on the conservation ratio, batched over candidates and starts.

The damping is scaled by the diagonal, as in Marquardt (1963, doi:10.1137/0111030).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from noether_sym.search.program import Batch
from noether_sym.statistics.variance import (
    GUARD,
    LEAST_DEFINED,
    robust_weights,
    surrogate_covariance,
    within_covariance,
)

if TYPE_CHECKING:
    from torch import Tensor


def refine(
    batch: Batch, nonlinear: Tensor, factors: Tensor, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Improve nonlinear parameters and factors together.

    The residual is the deviation of g from its sequence means over the standard deviation
    of g on the surrogate; its square is the conservation ratio, which is blind to the
    scale of g, so that no parameter can win by shrinking g.

    Parameters
    ----------
    batch : Batch
    nonlinear : tensor of shape (member, start, nonlinear parameter)
    factors : tensor of shape (member, start, term)
    steps : int

    Returns
    -------
    ratio, nonlinear, factors : tensors
        The ratio has shape (member, start).
    """
    terms = factors.shape[-1]
    point = torch.cat([factors, nonlinear], -1)
    ratio, gradient, curvature = _model(batch, point, terms)
    damping = torch.full_like(ratio, 1e-3)
    for _ in range(steps):
        diagonal = curvature.diagonal(dim1=-2, dim2=-1)
        floor = 1e-12 * diagonal.amax(-1, keepdim=True).clamp_min(1e-290)
        system = curvature + torch.diag_embed(damping[..., None] * diagonal + floor)
        step = torch.linalg.solve_ex(system, gradient[..., None])[0][..., 0]
        trial = point - torch.where(torch.isfinite(step), step, 0.0)
        new_ratio, new_gradient, new_curvature = _model(batch, trial, terms)
        better = new_ratio < ratio
        point = torch.where(better[..., None], trial, point)
        gradient = torch.where(better[..., None], new_gradient, gradient)
        curvature = torch.where(better[..., None, None], new_curvature, curvature)
        ratio = torch.where(better, new_ratio, ratio)
        damping = torch.where(better, damping * 0.2, damping * 8.0).clamp(1e-9, 1e9)
    return ratio, point[..., terms:], point[..., :terms]


def _model(batch: Batch, point: Tensor, terms: int) -> tuple[Tensor, Tensor, Tensor]:
    """Ratio, half its gradient and the Gauss-Newton matrix at a point."""
    weights = batch.weights
    factors, nonlinear = point[..., :terms], point[..., terms:]
    values, slopes = batch.slopes(nonlinear)
    leads = factors.gather(2, batch.slot_terms[:, None].expand_as(nonlinear)).movedim(2, 0)
    table = torch.cat(
        [
            torch.einsum("msi,ims...->ms...", factors, values)[None],
            values,
            leads[..., None, None, None] * slopes,
        ]
    )
    finite = torch.isfinite(table.sum(0)) * weights  # what is not finite stays so in a sum
    table = torch.where(finite > 0, table, 0.0)
    data_mask, surrogate_mask = finite[..., 0, :, :], finite[..., 1, :, :]
    size = table[0, ..., 0, :, :].abs().amax((-1, -2)).clamp_min(1e-150)
    table = table / size[..., None, None, None]
    robust = robust_weights(table[0, ..., 1, :, :], surrogate_mask)
    data = within_covariance(table[..., 0, :, :], data_mask)
    surrogate = surrogate_covariance(table[..., 1, :, :], robust)
    variance = surrogate[..., 0, 0]
    within = data[..., 0, 0]
    # residual r = c/sqrt(D); its slopes J = c'/sqrt(D) - c D'/(2 D^1.5) with D' = 2 d.d'
    lean = surrogate[..., 0, 1:] / variance[..., None]
    cross = data[..., 0, 1:]
    gradient = (cross - within[..., None] * lean) / variance[..., None]
    curvature = (
        data[..., 1:, 1:]
        - cross[..., :, None] * lean[..., None, :]
        - lean[..., :, None] * cross[..., None, :]
        + within[..., None, None] * lean[..., :, None] * lean[..., None, :]
    ) / variance[..., None, None]
    enough = (finite.sum((-1, -2)) / weights.sum()).amin(-1) >= LEAST_DEFINED
    usable = enough & (variance > GUARD * within.clamp_min(1e-30)) & torch.isfinite(within)
    ratio = torch.where(usable, within / variance, torch.inf)
    safe = usable & torch.isfinite(gradient).all(-1) & torch.isfinite(curvature).all((-1, -2))
    gradient = torch.where(safe[..., None], gradient, 0.0)
    identity = torch.eye(gradient.shape[-1], dtype=point.dtype, device=point.device)
    curvature = torch.where(safe[..., None, None], curvature, identity)
    return ratio, gradient, curvature
