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
        self._last: _Ranked | None = None

    def solved(self, support: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
        """Best factors of a support, and the ratio."""
        return self._ranked(support, self.lead, self.reference).solved(len(support))

    def _ranked(
        self,
        support: NDArray[np.int64],
        target: NDArray[np.float64],
        reference: Callable[[NDArray[np.int64], NDArray[np.float64]], float],
    ) -> _Ranked:
        return _Ranked(support, self.within[:, support], self.lengths[support], target, reference)

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
        ranked = self._strongest_first(support, factors)
        while block >= 1 and len(support):
            if len(support) > 2 * MOST_TERMS and block < len(support) // _DENSE:
                return support, factors
            left = len(support) - block
            again, ratio = ranked.solved(left)
            if ratio <= bound:
                order = np.argsort(ranked.support[:left])
                support, factors = ranked.support[:left][order], again[order]
                ranked = self._strongest_first(support, factors)
                block = min(block, len(support) // 2) or min(1, len(support))
            else:
                block //= 2
        return support, factors

    def _strongest_first(self, support: NDArray[np.int64], factors: NDArray[np.float64]) -> _Ranked:
        """A support in falling order of the contributions; the last one asked for is kept."""
        weakest = np.argsort(np.abs(factors) * self.lengths[support], kind="stable")
        ranked = support[weakest[::-1]]
        if self._last is None or not np.array_equal(self._last.support, ranked):
            self._last = self._ranked(ranked, self.lead, self.reference)
        return self._last

    def _with_cliff(self, support: NDArray[np.int64], bound: float) -> Sparse:
        """Leave out single terms, the most dispensable first, down to the cliff."""
        own, places = self._of(support), np.arange(len(support))
        while True:
            factors, ratio = own.solved(places)
            ratio = max(ratio, LEAST)
            without = [own.solved(np.delete(places, place))[1] for place in range(len(places))]
            best = int(np.argmin(without)) if without else 0
            lowest = without[best] if without else 1.0
            if not without or lowest > bound:
                lowest = min(lowest, own._without_lead(places, factors))
                return Sparse(support[places], factors, ratio, max(lowest, LEAST) / ratio)
            places = np.delete(places, best)

    def _of(self, support: NDArray[np.int64]) -> Elimination:
        """The same on a support, in as many rows as it needs: its own triangular factor."""
        whole = np.column_stack([self.within[:, support], self.lead])
        triangle = qr(whole, mode="r", overwrite_a=True, check_finite=False)[0]
        rows = np.asarray(triangle)[: len(support) + 1]
        return Elimination(
            rows[:, :-1],
            rows[:, -1],
            lambda places, factors: self.reference(support[places], factors),
            lambda places, factors: self.alone(support[places], factors),
        )

    def _without_lead(self, support: NDArray[np.int64], factors: NDArray[np.float64]) -> float:
        """Ratio of the best combination of the support alone, its strongest term with factor 1."""
        if not len(support):
            return 1.0
        strongest = int(np.argmax(np.abs(factors) * self.lengths[support]))
        own, others = support[strongest], np.delete(support, strongest)

        def reference(others: NDArray[np.int64], found: NDArray[np.float64]) -> float:
            return self.alone(np.append(others, own), np.append(found, 1.0))

        return self._ranked(others, self.within[:, own], reference).solved(len(others))[1]


class _Ranked:
    """Least squares for a target on the first few terms of a list, for any number of them.

    Parameters
    ----------
    support : array of int
        Numbers of the terms, in order.
    matrix : array of shape (row, term)
        Their coordinates.
    lengths : array of shape (term,)
        Of the columns of the matrix.
    target : array of shape (row,)
    reference : callable
        As in `Elimination`, of the target with factor 1 and the terms.
    """

    def __init__(
        self,
        support: NDArray[np.int64],
        matrix: NDArray[np.float64],
        lengths: NDArray[np.float64],
        target: NDArray[np.float64],
        reference: Callable[[NDArray[np.int64], NDArray[np.float64]], float],
    ) -> None:
        self.support = support
        self._lengths = lengths
        self._reference = reference
        whole = np.column_stack([matrix / lengths, target])
        found = qr(whole, mode="r", overwrite_a=True, check_finite=False)[0]
        self._triangle: NDArray[np.float64] = np.asarray(found)
        self._known: dict[int, tuple[NDArray[np.float64], float]] = {}

    def solved(self, count: int) -> tuple[NDArray[np.float64], float]:
        """Best factors of the first terms, and the ratio."""
        if count not in self._known:
            last = len(self.support)
            beside = self._triangle[:, last]
            triangle = self._triangle[:count, :count]
            factors = -solve_triangular(triangle, beside[:count], check_finite=False)
            factors = factors / self._lengths[:count]
            rest = float((beside[count : last + 1] ** 2).sum())
            reference = self._reference(self.support[:count], factors)
            self._known[count] = factors, rest / reference if reference > 0 else np.inf
        return self._known[count]
