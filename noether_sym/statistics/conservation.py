"""A law at samples: its values, its conservation ratio, its spread on the surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.laws.law import Law
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import LEAST_DEFINED, surrogate_variance, within_variance

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def values_at(law: Law, states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values at states of shape (column, segment, time): shape (segment, time)."""
    with np.errstate(all="ignore"):
        return law(np.moveaxis(states, 0, -1))


def masked(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Values with 0 where they are not finite, and the mask of where they are (and count)."""
    mask = np.isfinite(values) * weights
    return torch.from_numpy(np.where(mask > 0, values, 0.0)), torch.from_numpy(mask)


def conservation_ratio(law: Law, samples: Samples) -> float:
    """Variance of a law within segments over that on the surrogate.

    Infinite where that is 0, and where the law is undefined on half of either.
    """
    values, mask = masked(values_at(law, samples.states), samples.weights)
    variance = float(_on_surrogate(law, samples))
    if not (variance > 0 and float(mask.sum()) >= LEAST_DEFINED * samples.count):
        return float("inf")
    return float(within_variance(values, mask)) / variance


def spread_on_surrogate(law: Law, samples: Samples) -> float:
    """Robust standard deviation of a law on the surrogate."""
    return float(_on_surrogate(law, samples).sqrt())


def _on_surrogate(law: Law, samples: Samples) -> Tensor:
    """Robust variance of a law on the surrogate; 0 where it is undefined on half of it."""
    values, mask = masked(values_at(law, samples.surrogate), samples.weights)
    if float(mask.sum()) < LEAST_DEFINED * samples.count:
        return torch.zeros((), dtype=torch.float64)
    return surrogate_variance(values, mask)
