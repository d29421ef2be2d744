"""From a dense dependence to a sparse law: leave out terms as long as the ratio stays put.

A law shows a cliff: with one term fewer it is gone at once. A combination of many terms that
merely approximates something gets worse little by little, as a series does that is cut shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

EXACT = 1e-8
"""Ratio below which a combination counts as constant but for errors of rounding and
integration; those of published data reach 1e-9."""

MOST_TERMS = 40
"""Most terms of a law, its leading term left out."""

_STEPS = tuple(10.0**power for power in (-26, -23, -20, -17, -14, -12, -10, -9))
LEAST = 1e-32
"""Least ratio: rounding."""
_DENSE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """A sparse combination of terms.

    Attributes
    ----------
    support : array of int
        Numbers of the terms.
    factors : array of float
        In units of the terms' scales.
    ratio : float
        Variance within trajectories over the reference.
    cliff : float
        How many times larger the ratio becomes when the most dispensable term is left out.
    """

    support: NDArray[np.int64]
    factors: NDArray[np.float64]
    ratio: float
    cliff: float

    @property
    def is_sharp(self) -> bool:
        """Whether the last term takes at least half of the orders of magnitude."""
        return self.cliff * self.ratio >= self.ratio**0.5


class Elimination:
    """Least squares for a leading term on subsets of the others.

    Parameters
    ----------
    within : array of shape (row, term)
        Any matrix with the Gram matrix of the terms within trajectories: the triangular factor.
    lead : array of shape (row,)
        The leading term in the same coordinates.
    reference : callable
        ``reference(support, factors)``: of the combination, the leading term with factor 1
        included, times the number of samples.
    alone : callable
        The same without the leading term.
    """

    def __init__(
        self,
        within: NDArray[np.float64],
        lead: NDArray[np.float64],
        reference: Callable[[NDArray[np.int64], NDArray[np.float64]], float],
        alone: Callable[[NDArray[np.int64], NDArray[np.float64]], float],
    ) -> None:
        self.within = within
        self.lead = lead
        self.reference = reference
        self.alone = alone
        self.lengths = np.linalg.norm(within, axis=0)

    def solved(self, support: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
        """Best factors of a support, and the ratio."""
        scale = self.lengths[support]
        matrix = np.column_stack([self.within[:, support] / scale, self.lead])
        last = len(support)
        found = qr(matrix, mode="r", overwrite_a=True, check_finite=False)[0]
        triangle: NDArray[np.float64] = np.asarray(found)
        factors = -solve_triangular(triangle[:last, :last], triangle[:last, last]) / scale
        rest = float(triangle[last, last]) ** 2
        reference = self.reference(support, factors)
        return factors, rest / reference if reference > 0 else np.inf

    def sparse(self, everything: NDArray[np.int64], exact: float = EXACT) -> Sparse | None:
        """The sparsest combination with a cliff; None if there is none.

        Parameters
        ----------
        everything : array of int
            Terms that may take part.
        exact : float
            Largest ratio.
        """
        factors, ratio = self.solved(everything)
        if ratio > exact:
            return None
        support = everything
        for bound in (*_STEPS, exact):
            if bound < ratio or bound > exact:
                continue
            support, factors = self._thinned(support, factors, bound)
            if len(support) > MOST_TERMS:
                continue
            found = self._with_cliff(support, bound)
            if found.is_sharp:
                return found
            support, factors = found.support, found.factors
        return None

    def _thinned(
        self, support: NDArray[np.int64], factors: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Leave out the smallest contributions, as many at once as the bound allows."""
        block = len(support) // 2
        while block >= 1 and len(support):
            if len(support) > 2 * MOST_TERMS and block < len(support) // _DENSE:
                return support, factors
            order = np.argsort(np.abs(factors) * self.lengths[support], kind="stable")
            left = np.sort(order[block:])
            again, ratio = self.solved(support[left])
            if ratio <= bound:
                support, factors = support[left], again
                block = min(block, len(support) // 2) or min(1, len(support))
            else:
                block //= 2
        return support, factors

    def _with_cliff(self, support: NDArray[np.int64], bound: float) -> Sparse:
        """Leave out single terms, the most dispensable first, down to the cliff."""
        while True:
            factors, ratio = self.solved(support)
            ratio = max(ratio, LEAST)
            without = [self.solved(np.delete(support, place))[1] for place in range(len(support))]
            best = int(np.argmin(without)) if without else 0
            lowest = without[best] if without else 1.0
            if not without or lowest > bound:
                lowest = min(lowest, self._without_lead(support, factors))
                return Sparse(support, factors, ratio, max(lowest, LEAST) / ratio)
            support = np.delete(support, best)

    def _without_lead(self, support: NDArray[np.int64], factors: NDArray[np.float64]) -> float:
        """Ratio of the best combination of the support alone, its strongest term with factor 1."""
        if not len(support):
            return 1.0
        strongest = int(np.argmax(np.abs(factors) * self.lengths[support]))
        own, others = support[strongest], np.delete(support, strongest)
        rest: NDArray[np.float64] = self.within[:, own]
        found: NDArray[np.float64] = np.zeros(0)
        if len(others):
            matrix = self.within[:, others]
            found = np.asarray(np.linalg.lstsq(matrix, -rest, rcond=None)[0], dtype=np.float64)
            rest = rest + matrix @ found
        every = np.append(others, own)
        reference = self.alone(every, np.append(found, 1.0))
        return float(rest @ rest) / reference if reference > 0 else np.inf
