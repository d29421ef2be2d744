r"""The layer that is trained: one direction after the other, each the best that is new.

A direction is an output :math:`g = c \cdot h(x)` of the hidden units h. It is to change little
along trajectories and much across what is known: with v the unit velocity, in coordinates of unit
spread, and P the projector off the gradients of the directions before it, c minimises

.. math::
    \frac{n \langle (\nabla g \cdot v)^2 \rangle + \mathrm{var}_{within}(g) + \mu |c|^2}
         {\langle |P \nabla g|^2 \rangle + \mu |c|^2},

a generalised eigenproblem. Without P the eigenvectors after the first would be functions of the
first law, such as its square.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.neural.states_inputs import Inputs
    from noether_sym.neural.states_layer import Layer

RIDGES = (1e-5, 1e-10)
"""Values of mu; trajectories that are left out choose one of them for each output."""
_GOOD = 1e-9
"""A score below is rounding: nothing wider is tried."""
_BETTER = 0.5
"""What a wider network must reach of the score of a narrower one, to be taken."""
_CONSTRAINT = 1e-8
"""Variance over that expected of the gradients, below which an output has one value everywhere."""

_ENOUGH = 3
"""Trajectories from which on their own variance is told, not only that of the training."""

Parts = Sequence[tuple["NDArray[np.float64]", "NDArray[np.float64]"]]
"""States and their rates (sample, column) of each trajectory."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well an output is conserved.

    Attributes
    ----------
    drift : float
        Mean squared cosine between velocity and the new part of the gradient, weighted by its
        length, over that by chance: 1 at random.
    share : float
        Variance within trajectories over all variance; infinite where there is none of it.
    """

    drift: float
    share: float

    @property
    def total(self) -> float:
        """Both together: what is to be least."""
        return self.drift + self.share


@dataclass(frozen=True, slots=True)
class Choice:
    """A width and a ridge, with the score on trajectories that were left out."""

    width: int
    ridge: float
    score: Score


class Sums:
    """Sums over some trajectories of what the eigenproblem needs.

    Parameters
    ----------
    inputs : Inputs
    layer : Layer
    parts : sequence of pairs of arrays of shape (sample, column)
    moving : array of int
        Columns by which gradients are taken.
    spread : array of shape (moving column,)
    """

    def __init__(
        self,
        inputs: Inputs,
        layer: Layer,
        parts: Parts,
        moving: NDArray[np.int64],
        spread: NDArray[np.float64],
    ) -> None:
        units = layer.units
        self.within = np.zeros((units, units))
        values, slopes, along = [], [], []
        for states, rates in parts:
            own, steep = layer.linearised(*inputs.linearised(states))
            velocity = rates[:, moving] / spread
            length = np.linalg.norm(velocity, axis=1, keepdims=True)
            velocity = velocity / np.where(length > 0, length, 1.0)
            steep = steep[:, moving] * spread[:, None]
            inner = own - own.mean(0)
            self.within += inner.T @ inner
            values.append(own)
            slopes.append(steep)
            along.append(np.einsum("sdu,sd->su", steep, velocity))
        whole = np.concatenate(values)
        self.slopes = np.concatenate(slopes)
        rising = np.concatenate(along)
        self.count, self.trajectories = len(whole), len(parts)
        self.drift = len(moving) * rising.T @ rising
        self.total = whole.sum(0)
        self.squares = whole.T @ whole
        self.fresh = self._gram(self.slopes)

    def without(self, earlier: NDArray[np.float64]) -> None:
        """Take what is new to be off the gradients of earlier outputs (unit, output)."""
        basis = directions_of(self.slopes @ earlier)
        inside = np.matmul(basis.transpose(0, 2, 1), self.slopes)
        self.fresh = self._gram(self.slopes) - self._gram(inside)

    @staticmethod
    def _gram(fields: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = fields.reshape(-1, fields.shape[2])
        return np.asarray(flat.T @ flat)


def directions_of(gradients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal (sample, column, output), with the span of gradients of that shape."""
    return np.linalg.qr(gradients)[0]


def trained(
    sums: Sequence[Sums], earlier: NDArray[np.float64], ridge: float, width: int
) -> NDArray[np.float64] | None:
    """The best new output of the first `width` units; None where there is none.

    It has no correlation with what is known, `earlier`, of shape (unit, output).

    Returns
    -------
    array of shape (unit,), of unit variance (of unit gradients, where it does not vary)
    """
    from scipy.linalg import LinAlgError, eigh

    count = sum(one.count for one in sums)
    top = np.sum([one.drift + one.within for one in sums], axis=0)[:width, :width] / count
    fresh = np.sum([one.fresh for one in sums], axis=0) / count
    bottom = fresh[:width, :width]
    mean = sum(one.total for one in sums) / count
    covariance = sum(one.squares for one in sums) / count - np.outer(mean, mean)
    free = np.eye(width)
    if earlier.shape[1]:
        if earlier.shape[1] >= width:
            return None
        free = np.linalg.qr(covariance[:width] @ earlier, mode="complete")[0]
        free = free[:, earlier.shape[1] :]
        top, bottom = free.T @ top @ free, free.T @ bottom @ free
    diagonal = ridge * np.eye(len(top))
    try:
        _, vectors = eigh(top + diagonal, bottom + diagonal, subset_by_index=[0, 0])
    except LinAlgError:
        return None
    found = np.zeros(len(mean))
    found[:width] = free @ vectors[:, 0]
    # rounding makes what does not vary at all negative
    variance, size = (max(float(found @ form @ found), 0.0) for form in (covariance, fresh))
    scale = np.sqrt(variance if variance > _CONSTRAINT * size else size)
    return found / scale if np.isfinite(scale) and scale > 0 else None


def score(own: Sequence[Sums], every: Sequence[Sums], output: NDArray[np.float64]) -> Score:
    """How well an output is conserved on some trajectories.

    Parameters
    ----------
    own : sequence of Sums
    every : sequence of Sums
        Of all that it was trained on. The smaller of both variances is what it is compared
        with, if `own` are `_ENOUGH` trajectories for a variance of their own.
    output : array of shape (unit,)
    """

    def form(name: str) -> float:
        total = sum(float(output @ getattr(one, name) @ output) for one in own)
        return max(0.0, total) / sum(one.count for one in own)

    fresh, drift, within = form("fresh"), form("drift"), form("within")
    variance = _variance(every, output)
    if sum(one.trajectories for one in own) >= _ENOUGH:
        variance = min(variance, _variance(own, output))
    if fresh <= 0:
        return Score(np.inf, np.inf)
    share = within / variance if variance > _CONSTRAINT * fresh else np.inf
    return Score(drift / fresh, share)


def is_constraint(sums: Sequence[Sums], output: NDArray[np.float64]) -> bool:
    """Whether an output has one value on all trajectories: true of the data, and no law."""
    size = sum(float(output @ one.fresh @ output) for one in sums) / sum(one.count for one in sums)
    return _variance(sums, output) <= _CONSTRAINT * size


def crosswise(
    folds: Sequence[Sums], earlier: NDArray[np.float64], widths: Sequence[int]
) -> Iterator[Choice]:
    """Score every width and ridge on folds that the training left out, narrow ones first."""
    for width in widths:
        for ridge in RIDGES:
            scores = []
            for left in folds:
                rest = [one for one in folds if one is not left]
                output = trained(rest, earlier, ridge, width)
                scores.append(
                    Score(np.inf, np.inf) if output is None else score([left], rest, output)
                )
            drift, share = (
                float(np.mean([getattr(one, name) for one in scores]))
                for name in ("drift", "share")
            )
            yield Choice(width, ridge, Score(drift, share))


def better(one: Choice, held: Choice | None) -> bool:
    """Whether a choice is to be taken in place of a narrower one."""
    return held is None or one.score.total < _BETTER * held.score.total


def good(one: Choice | None) -> bool:
    """Whether nothing wider is to be tried."""
    return one is not None and one.score.total < _GOOD


def _variance(sums: Sequence[Sums], output: NDArray[np.float64]) -> float:
    count = sum(one.count for one in sums)
    mean = sum(float(one.total @ output) for one in sums) / count
    return sum(float(output @ one.squares @ output) for one in sums) / count - mean**2
