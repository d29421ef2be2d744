"""Variances within segments, and on the surrogate with its outliers pulled in.

The conservation ratio is a Rayleigh quotient: the variance within segments over that of a
reference, as slow feature analysis has it with the variance of the time derivative (Wiskott and
Sejnowski 2002, Neural Computation 14, 715, doi:10.1162/089976602317318938).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

GUARD = 1e-16
"""Least variance of a quantity, relative to the square of its largest value."""

LEAST_DEFINED = 0.5
"""Share of samples on which a quantity must be finite."""

_QUANTILE_SAMPLES = 256
"""Samples, to twice as many, from which median and ninth decile of a surrogate are taken."""


def centred(values: Tensor, mask: Tensor) -> Tensor:
    """Deviation from the mean of each segment, 0 outside `mask` (..., segment, time)."""
    count = mask.sum(-1, keepdim=True).clamp_min(1.0)
    return (values - (values * mask).sum(-1, keepdim=True) / count) * mask


def degrees_of_freedom(mask: Tensor) -> Tensor:
    """Samples less segments that have any: shape (...,)."""
    count = mask.sum(-1)
    return (count.sum(-1) - (count > 0).sum(-1)).clamp_min(1.0)


def within_variance(values: Tensor, mask: Tensor) -> Tensor:
    """Variance within segments, pooled: shapes (..., segment, time) to (...,)."""
    return centred(values, mask).square().sum((-1, -2)) / degrees_of_freedom(mask)


def within_covariance(values: Tensor, mask: Tensor) -> Tensor:
    """Covariance within segments, pooled, of quantities with one mask.

    Parameters
    ----------
    values : tensor of shape (quantity, ..., segment, time)
    mask : tensor of shape (..., segment, time)

    Returns
    -------
    tensor of shape (..., quantity, quantity)
    """
    return products(centred(values, mask)) / degrees_of_freedom(mask)[..., None, None]


def surrogate_variance(surrogate: Tensor, mask: Tensor) -> Tensor:
    """Robust variance of a quantity on the surrogate: shapes (..., segment, time) to (...,)."""
    return surrogate_covariance(surrogate[None], robust_weights(surrogate, mask))[..., 0, 0]


def surrogate_covariance(surrogate: Tensor, robust: Tensor) -> Tensor:
    """Covariance of quantities on the surrogate, outliers pulled in.

    Parameters
    ----------
    surrogate : tensor of shape (quantity, ..., segment, time)
    robust : tensor of shape (..., segment, time)
        From `robust_weights`, of one quantity.

    Returns
    -------
    tensor of shape (..., quantity, quantity)
    """
    weight = robust.square()
    total = weight.sum((-1, -2)).clamp_min(1.0)
    mean = (surrogate * weight).sum((-1, -2)) / total
    deviations = (surrogate - mean[..., None, None]) * robust
    count = (robust > 0).sum((-1, -2)).clamp_min(2.0) - 1.0
    return products(deviations) / count[..., None, None]


def products(deviations: Tensor) -> Tensor:
    """Products summed over samples: (quantity, ..., segment, time) to (..., quantity, quantity)."""
    flat = deviations.movedim(0, -3).flatten(-2)
    return flat @ flat.transpose(-1, -2)


def robust_weights(surrogate: Tensor, mask: Tensor) -> Tensor:
    """Weights that pull the few largest values of the surrogate in.

    Without them a pole that happens to sit on one surrogate sample makes the surrogate's
    variance as large as you like, and any quantity look conserved. Values further from the
    median than three times the ninth decile of that distance are moved to that bound; a
    Gaussian's values are left alone.

    Parameters
    ----------
    surrogate : tensor of shape (..., segment, time)
        Values on the surrogate.
    mask : tensor of the same shape, 1 where they are finite

    Returns
    -------
    tensor of the same shape
        Between 0 and 1, and 0 outside the mask.
    """
    flat, flat_mask = surrogate.flatten(-2), mask.flatten(-2)
    # of the samples, not of what segments are filled up with
    real = torch.nonzero(flat_mask.reshape(-1, flat.shape[-1]).amax(0) > 0)[:, 0]
    if not len(real):
        return torch.zeros_like(surrogate)
    some = real[:: max(1, len(real) // _QUANTILE_SAMPLES)]
    centre = _quantile(flat[..., some], flat_mask[..., some], 0.5)
    distance = (flat - centre).abs()
    bound = 3.0 * _quantile(distance[..., some], flat_mask[..., some], 0.9)
    weights = torch.where(distance > bound, bound / distance, 1.0) * flat_mask
    return weights.reshape(surrogate.shape)


def _quantile(values: Tensor, mask: Tensor, level: float) -> Tensor:
    ordered = _sorted(torch.where(mask > 0, values, torch.inf))
    last = (mask.sum(-1, keepdim=True) - 1.0).clamp_min(0.0)
    return ordered.gather(-1, (level * last).long())


def _sorted(values: Tensor) -> Tensor:
    if values.is_cuda:
        return values.sort(-1)[0]
    # numpy sorts short rows many times faster than torch, which also finds their order
    return torch.from_numpy(np.sort(values.numpy(), axis=-1))
