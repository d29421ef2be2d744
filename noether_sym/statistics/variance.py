"""Variances within sequences, and on the surrogate with its outliers pulled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

GUARD = 1e-16
"""Least variance of a quantity, relative to the square of its largest value."""

_QUANTILE_SAMPLES = 256


def centred(values: Tensor, mask: Tensor) -> Tensor:
    """Deviation from the mean of each sequence, 0 outside `mask` (..., sequence, time)."""
    count = mask.sum(-1, keepdim=True).clamp_min(1.0)
    return (values - (values * mask).sum(-1, keepdim=True) / count) * mask


def degrees_of_freedom(mask: Tensor) -> Tensor:
    """Samples less sequences that have any: shape (...,)."""
    count = mask.sum(-1)
    return (count.sum(-1) - (count > 0).sum(-1)).clamp_min(1.0)


def robust_weights(surrogate: Tensor, mask: Tensor) -> Tensor:
    """Weights that pull the few largest values of the surrogate in.

    Without them a pole that happens to sit on one surrogate sample makes the surrogate's
    variance as large as you like, and any quantity look conserved. Values further from the
    median than three times the ninth decile of that distance are moved to that bound; a
    Gaussian's values are left alone.

    Parameters
    ----------
    surrogate : tensor of shape (..., sequence, time)
        Values on the surrogate.
    mask : tensor of the same shape, 1 where they are finite

    Returns
    -------
    tensor of the same shape
        Between 0 and 1, and 0 outside the mask.
    """
    flat, flat_mask = surrogate.flatten(-2), mask.flatten(-2)
    step = max(1, flat.shape[-1] // _QUANTILE_SAMPLES)
    centre = _quantile(flat[..., ::step], flat_mask[..., ::step], 0.5)
    distance = (flat - centre).abs()
    bound = 3.0 * _quantile(distance[..., ::step], flat_mask[..., ::step], 0.9)
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
