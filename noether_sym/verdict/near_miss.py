"""Tell a law from a near miss: could a smooth correction do very much better?

A formula such as p^2 - 3.35 sin(cos q) is not conserved, but so close to a quantity that
is that its ratio passes the threshold. Then polynomials of low degree can correct it. What
dissipation or noise leaves of a true law cannot be corrected by any function of the state.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from noether_sym.laws.law import Law
from noether_sym.statistics.conservation import masked, values_at
from noether_sym.statistics.pencil import least_ratios
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import centred

IMPROVEMENT = 10.0
"""A correction must lower the ratio by this factor to count."""

CAPTURED = 0.9
"""Part of the law's variance on the surrogate that the better quantities must account for."""

_DEGREE = 4
_SAMPLES_PER_FUNCTION = 8
_EXACT = 1e-8


class Corrections:
    """Polynomials of the state, centred on the data and on the surrogate."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        real = samples.weights > 0
        centre = samples.states[:, real].mean(1)
        scale = samples.states[:, real].std(1)
        scale = np.where(scale > 0, scale, 1.0)
        self._frame = centre[:, None, None], scale[:, None, None]
        self._powers = _powers(len(centre), int(samples.count / _SAMPLES_PER_FUNCTION))
        self._data = self._centred(samples.states)
        self._surrogate = self._centred(samples.surrogate)

    def captured(self, law: Law) -> float:
        """Part of a law's variance that far better conserved quantities account for.

        Near 1 for a near miss, near 0 for a law (or for a formula that nothing corrects).
        """
        if law.conservation_ratio < _EXACT or not self._powers:
            return 0.0
        own = self._own(law, self.samples.states), self._own(law, self.samples.surrogate)
        if own[0] is None or own[1] is None:
            return 0.0
        data = np.vstack([own[0], self._data])
        surrogate = np.vstack([own[1], self._surrogate])
        within = data @ data.T / data.shape[1]
        spread = surrogate @ surrogate.T / surrogate.shape[1]
        scale = 1.0 / np.sqrt(np.diag(spread))
        within, spread = within * np.outer(scale, scale), spread * np.outer(scale, scale)
        ratios, combinations = least_ratios(within, spread, 1e-9)
        better = ratios < law.conservation_ratio / IMPROVEMENT
        # coordinates of the law itself in the combinations, whose variance is 1
        coordinates = combinations.T @ spread[:, 0]
        return float((coordinates[better] ** 2).sum() / (coordinates**2).sum())

    def _centred(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        centre, scale = self._frame
        standard = (states - centre) / scale
        rows = [np.prod(standard[list(power)], axis=0) for power in self._powers]
        return np.stack([self._flat(row) for row in rows]) if rows else np.empty((0, 1))

    def _own(self, law: Law, states: NDArray[np.float64]) -> NDArray[np.float64] | None:
        value = values_at(law, states)
        return self._flat(value) if np.isfinite(value[self.samples.weights > 0]).all() else None

    def _flat(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = self.samples.weights
        return centred(*masked(row, weights)).numpy()[weights > 0]


def _powers(columns: int, limit: int) -> list[tuple[int, ...]]:
    powers: list[tuple[int, ...]] = []
    for degree in range(1, _DEGREE + 1):
        more = list(combinations_with_replacement(range(columns), degree))
        if len(powers) + len(more) > limit:
            break
        powers.extend(more)
    return powers
