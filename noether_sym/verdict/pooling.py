"""What trajectories tell together, pieces of one trial as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.verdict.residuals import Residuals


class Pool:
    """Trajectories that weigh as much as their samples, pieces of one trial together."""

    def __init__(self, residuals: Sequence[Residuals], trials: Sequence[int]) -> None:
        self._residuals = residuals
        self._trials = compressed(trials)
        self._parts = np.array([one.weights.sum() for one in residuals])
        lengths = np.array([float(len(one.weights)) for one in residuals])
        self._counts, lengths = together(self._trials, self._parts, lengths)
        self.number = effective_number(self._counts / lengths)

    def pooled(
        self, variations: NDArray[np.float64], noise: NDArray[np.float64] | None = None
    ) -> tuple[float, float, float]:
        """Mean over samples, its standard error, and the degrees of freedom of that.

        `noise` is the standard error that noise alone gives each trajectory, known well from its
        many samples. Where trials disagree by more, that is the error, with their effective number
        less 1 as degrees of freedom. Of a single one, where noise says nothing, its own scatter.
        """
        if not len(self._counts):
            return float("inf"), 0.0, np.inf
        single = round(self.number) < 2
        if noise is None:
            errors = [one.mean_square_error if single else 0.0 for one in self._residuals]
            noise = np.array(errors)
        weighed, doubt = together(
            self._trials, self._parts * variations, (self._parts * noise) ** 2
        )
        of_trials = weighed / self._counts
        shares = self._counts / self._counts.sum()
        mean = float(shares @ of_trials)
        known = float(doubt.sum() / self._counts.sum() ** 2)
        if single:
            return mean, float(np.sqrt(known)), np.inf
        more = self.number / (self.number - 1.0)
        excess = max(float(shares**2 @ (of_trials - mean) ** 2) * more - known, 0.0)
        if excess == 0.0:
            return mean, float(np.sqrt(known)), np.inf
        return mean, float(np.sqrt(known + excess)), self.number - 1.0


def compressed(trials: Sequence[int]) -> NDArray[np.int64]:
    return np.unique(np.array(trials, dtype=np.int64), return_inverse=True)[1]


def together(
    trials: NDArray[np.int64], *values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Sums over the pieces of each trial."""
    return tuple(np.bincount(trials, weights=own).astype(np.float64) for own in values)


def effective_number(weights: NDArray[np.float64]) -> float:
    """How many of equal weight tell as much, at most their number (Kish 1965, section 11.7)."""
    if not len(weights):
        return 0.0
    even = np.ptp(weights) == 0.0
    return float(len(weights)) if even else float(weights.sum() ** 2 / (weights**2).sum())
