"""How many independent conserved directions an embedding holds, and how many laws explain.

A quantity counts by the direction of its gradient: functions of one law share it, and two laws
span a plane. Ranks and angles are those at generic points, the median over states.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch.func import jacrev, vmap

from noether_sym.errors import OptionError
from noether_sym.statistics.pencil import least_ratios

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.tailor.inner_step import Conserved

CONSERVED = 0.02
"""Share of the variance that is within trajectories, up to which an output is conserved."""
INDEPENDENT = 0.1
"""Least singular value of unit gradients that counts: two of them 8 degrees apart."""
EXPLAINED = 0.3
"""Sine of the angle to the span of laws, up to which a learned direction is theirs."""

_DROP = 1e-8
"""Eigenvalue of the outputs' correlations, over the largest, below which nothing varies."""
_VANISHING = 1e-6
"""Length of a gradient, over its median, up to which it has no direction."""


@dataclass(frozen=True, slots=True, eq=False)
class ConservedDirections:
    """What an embedding conserves.

    Attributes
    ----------
    shares : array of shape (combination,)
        Variance within trajectories over all variance, of the independent linear combinations
        of the outputs, in rising order; outputs that never vary have none.
    conserved : int
        How many shares are small enough.
    gradients : array of shape (sample, conserved, column)
        Of those combinations, by the coordinates of the embedding.
    independent : int
        How many directions they span: functionally independent conserved quantities.
    """

    shares: NDArray[np.float64]
    conserved: int
    gradients: NDArray[np.float64]
    independent: int


def conserved_directions(
    embedding: Callable[[Tensor], Tensor],
    trajectories: Tensor,
    *,
    share: float = CONSERVED,
    tolerance: float = INDEPENDENT,
) -> ConservedDirections:
    """Count what an embedding conserves along trajectories that it was not trained on.

    Parameters
    ----------
    embedding : callable
        From states (..., column) to (..., output).
    trajectories : tensor of shape (trajectory, time, column)
        In the coordinates of the embedding, of order one.
    share : float
        See `CONSERVED`.
    tolerance : float
        See `INDEPENDENT`.

    Raises
    ------
    OptionError
        If there are fewer than two trajectories or times, or the embedding is not finite.

    Notes
    -----
    The count is a lower bound. Of few trajectories an embedding learns which is which, and what
    it learned so is not conserved along others; shares that are small along the training
    trajectories alone tell of that.
    """
    if trajectories.ndim != 3 or min(trajectories.shape[:2]) < 2:
        raise OptionError(
            f"trajectories have the shape {tuple(trajectories.shape)}; give (trajectory, time, "
            "column) with two trajectories and times or more"
        )
    with torch.no_grad():
        values = embedding(trajectories).double()
        if not torch.isfinite(values).all():
            raise OptionError("the embedding is not finite at some states; leave these out")
        jacobians = vmap(jacrev(embedding))(trajectories.flatten(0, 1)).double().cpu().numpy()
    within, total = (own.cpu().numpy() for own in covariances(values))
    if not total.any():
        return ConservedDirections(np.zeros(0), 0, jacobians[:, :0], 0)
    size = np.sqrt(total.diagonal())
    unit = 1.0 / np.where(size > 0, size, 1.0)
    shares, combined = least_ratios(
        within * unit * unit[:, None], total * unit * unit[:, None], _DROP
    )
    shares = np.clip(shares, 0.0, 1.0)
    count = int((shares <= share).sum())
    mixed = (unit[:, None] * combined)[:, :count]
    gradients = np.einsum("ok,nod->nkd", mixed, jacobians)
    return ConservedDirections(
        shares, count, gradients, independent_directions(gradients, tolerance=tolerance)
    )


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


def law_gradients(
    laws: Sequence[Conserved], states: Tensor, scale: Tensor | float = 1.0
) -> NDArray[np.float64]:
    """Gradients of laws by scaled coordinates: (sample, law, column).

    Parameters
    ----------
    laws : sequence of Conserved
    states : tensor of shape (sample, column)
        In scaled coordinates.
    scale : tensor of shape (column,) or float
        What they are multiplied by to be those of the laws.
    """
    if not laws:
        return np.zeros((len(states), 0, states.shape[1]))
    rows = [law.torch_gradient(states * scale) * scale for law in laws]
    return torch.stack(rows, 1).detach().double().cpu().numpy()


def independent_directions(
    gradients: NDArray[np.float64], *, tolerance: float = INDEPENDENT
) -> int:
    """Rank of gradients at generic points: how many functionally independent quantities.

    Parameters
    ----------
    gradients : array of shape (sample, quantity, column)
        Samples where one vanishes or is not finite are left out.
    tolerance : float
        Least median singular value of the unit gradients that counts.
    """
    _, usable = _units(gradients)
    return _rank(usable, tolerance)


def explained_directions(
    gradients: NDArray[np.float64],
    laws: NDArray[np.float64],
    *,
    tolerance: float = INDEPENDENT,
    sine: float = EXPLAINED,
) -> int:
    """How many of the independent directions of some quantities lie in the span of laws.

    By principal angles between both spans: no more than there are independent laws, and
    functions of laws count as the laws do.

    Parameters
    ----------
    gradients : array of shape (sample, quantity, column)
    laws : array of shape (sample, law, column)
        At the same samples, in the same coordinates.
    tolerance : float
        See `INDEPENDENT`; of both spans.
    sine : float
        See `EXPLAINED`.
    """
    kept, own = _units(gradients)
    theirs_kept, theirs = _units(laws)
    both = kept & theirs_kept
    own, theirs = own[both[kept]], theirs[both[theirs_kept]]
    count, known = _rank(own, tolerance), _rank(theirs, tolerance)
    if count == 0 or known == 0:
        return 0
    basis, span = _span(own, count), _span(theirs, known)
    outside = basis - (basis @ span.swapaxes(1, 2)) @ span
    sines = np.linalg.svd(outside, compute_uv=False)
    return int((np.median(sines, axis=0) <= sine).sum())


def _units(
    gradients: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Samples at which every gradient has a direction, and the unit gradients there."""
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(gradients, axis=2, keepdims=True)
        finite = np.where(np.isfinite(lengths), lengths, 0.0)
        least = _VANISHING * np.median(finite, axis=0) if len(finite) else 0.0
        kept = np.asarray(((finite > least) & (finite > 0)).all(axis=(1, 2)))
    return kept, np.asarray(gradients[kept] / lengths[kept])


def _rank(units: NDArray[np.float64], tolerance: float) -> int:
    if 0 in units.shape:
        return 0
    sizes = np.linalg.svd(units, compute_uv=False)
    return int((np.median(sizes, axis=0) > tolerance).sum())


def _span(units: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    """Orthonormal rows, for each sample, of the largest part of the span."""
    return np.asarray(np.linalg.svd(units, full_matrices=False)[2][:, :rank])
