"""From a dense dependence to a sparse law: leave out terms as long as the ratio stays put.

A law shows a cliff: with one term fewer it is gone at once. A combination of many terms that
merely approximates something gets worse little by little, as a series does that is cut shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

EXACT = 1e-8
"""Ratio below which a combination counts as constant but for errors of rounding and
integration; those of published data reach 1e-9."""

MOST_TERMS = 40
"""Most terms of a law, its leading term left out."""

_STEPS = tuple(10.0**power for power in (-26, -23, -20, -17, -14, -12, -10, -9))
LEAST = 1e-32
"""Least ratio: rounding."""
_DENSE = 16
"""Part of the terms, of a combination far too long, below which fewer are not left out."""

_OVERFIT = 1e4
"""How many times larger the ratio of a law may be than that of all terms together, which follow
the errors of the data too."""

_Reference = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


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
        The triangular factor of the terms within trajectories, and a row of zeros.
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
        reference: _Reference,
        alone: _Reference,
    ) -> None:
        lengths = np.linalg.norm(within, axis=0)
        triangle = np.column_stack([within / lengths, lead])
        self._whole = Subset(np.arange(len(lengths)), triangle, lengths, reference)
        self._alone = alone

    def sparse(self, exact: float = EXACT) -> Sparse | None:
        """The sparsest combination with a cliff; None if there is none.

        Parameters
        ----------
        exact : float
            Largest ratio.
        """
        subset = self._whole
        ratio = subset.solved(subset.size)[1]
        if ratio > exact:
            return None
        largest = min(exact, _OVERFIT * max(ratio, LEAST))
        if self._thinned(subset, largest).size > MOST_TERMS:  # smaller bounds leave more
            return None
        for bound in (*_STEPS, largest):
            if bound < ratio or bound > largest:
                continue
            subset = self._thinned(subset, bound)
            if subset.size > MOST_TERMS:
                continue
            subset, found = self._with_cliff(subset, bound)
            if found.is_sharp:
                return found
        return None

    def _thinned(self, subset: Subset, bound: float) -> Subset:
        """Leave out the smallest contributions, as many at once as the bound allows."""
        block = subset.size // 2
        subset = subset.strongest_first()
        while block >= 1 and subset.size:
            if subset.size > 2 * MOST_TERMS and block < subset.size // _DENSE:
                break
            left = subset.size - block
            if subset.solved(left)[1] <= bound:
                subset = subset.of(np.arange(left)).strongest_first()
                block = min(block, subset.size // 2) or min(1, subset.size)
            else:
                block //= 2
        return subset

    def _with_cliff(self, subset: Subset, bound: float) -> tuple[Subset, Sparse]:
        """Leave out single terms, the most dispensable first, down to the cliff."""
        subset = subset.of(np.argsort(subset.support))
        while True:
            factors, ratio = subset.solved(subset.size)
            ratio, lowest = max(ratio, LEAST), 1.0
            if subset.size:
                fewer = subset.of(np.delete(np.arange(subset.size), subset.most_dispensable()))
                lowest = fewer.solved(fewer.size)[1]
                if lowest <= bound:
                    subset = fewer
                    continue
            lowest = min(lowest, self._without_lead(subset, factors))
            return subset, Sparse(subset.support, factors, ratio, max(lowest, LEAST) / ratio)

    def _without_lead(self, subset: Subset, factors: NDArray[np.float64]) -> float:
        """Ratio of the best combination of the support alone, its strongest term with factor 1."""
        if not subset.size:
            return 1.0
        strongest = int(np.argmax(np.abs(factors) * subset.lengths))
        own = subset.support[strongest]

        def reference(others: NDArray[np.int64], found: NDArray[np.float64]) -> float:
            return self._alone(np.append(others, own), np.append(found, 1.0))

        others = subset.led_by(strongest, reference)
        return others.solved(others.size)[1]


class Subset:
    """Least squares for a target on terms in some order: on the first few, for any number.

    Parameters
    ----------
    support : array of int
        Numbers of the terms, in order.
    triangle : array of shape (term + 1, term + 1)
        Triangular factor of the terms, each of length 1, and the target.
    lengths : array of shape (term,)
        Of the terms.
    reference : callable
        As in `Elimination`, of the target with factor 1 and the terms.
    """

    def __init__(
        self,
        support: NDArray[np.int64],
        triangle: NDArray[np.float64],
        lengths: NDArray[np.float64],
        reference: _Reference,
    ) -> None:
        self.support = support
        self.lengths = lengths
        self._triangle = triangle
        self._reference = reference
        self._known: dict[int, tuple[NDArray[np.float64], float]] = {}

    @property
    def size(self) -> int:
        """Number of terms."""
        return len(self.support)

    def solved(self, count: int) -> tuple[NDArray[np.float64], float]:
        """Best factors of the first terms, and the ratio."""
        if count not in self._known:
            target = self._triangle[:, -1]
            triangle = self._triangle[:count, :count]
            scaled = -solve_triangular(triangle, target[:count], check_finite=False)
            rest = float(target[count:] @ target[count:])
            self._known[count] = self._judged(np.arange(count), scaled, rest)
        return self._known[count]

    def strongest_first(self) -> Subset:
        """The same in falling order of the contributions."""
        factors = self.solved(self.size)[0]
        by_number = np.argsort(self.support)
        contributions = (np.abs(factors) * self.lengths)[by_number]
        return self.of(by_number[np.argsort(contributions, kind="stable")[::-1]])

    def of(self, order: NDArray[np.intp]) -> Subset:
        """Some of the terms, by their places, in an order of their own."""
        return self._beside(order, self._triangle[:, -1], self._reference)

    def led_by(self, place: int, reference: _Reference) -> Subset:
        """The others of the terms, and one of them as the target."""
        order = np.delete(np.arange(self.size), place)
        return self._beside(order, self._triangle[:, place] * self.lengths[place], reference)

    def most_dispensable(self) -> int:
        """Place of the term without which the ratio is least, from the inverse of the factor."""
        last = self.size
        inverse = solve_triangular(self._triangle[:last, :last], np.eye(last), check_finite=False)
        scaled = -inverse @ self._triangle[:last, -1]
        rest = float(self._triangle[last, -1]) ** 2
        spans = np.einsum("ij,ij->i", inverse, inverse)
        ratios = []
        for place in range(last):
            step = scaled[place] / spans[place]
            others = np.delete(np.arange(last), place)
            without = scaled[others] - step * (inverse[others] @ inverse[place])
            ratios.append(self._judged(others, without, rest + step * scaled[place])[1])
        return int(np.argmin(ratios))

    def _judged(
        self, places: NDArray[np.intp], scaled: NDArray[np.float64], rest: float
    ) -> tuple[NDArray[np.float64], float]:
        """Factors in units of the terms, and the ratio of what is left to the reference."""
        factors = scaled / self.lengths[places]
        reference = self._reference(self.support[places], factors)
        return factors, rest / reference if reference > 0 else np.inf

    def _beside(
        self, order: NDArray[np.intp], target: NDArray[np.float64], reference: _Reference
    ) -> Subset:
        """Some of the terms and a target in the coordinates of all of them.

        Leading terms that keep their places stay factored; below the last of the terms only the
        length of the target counts.
        """
        count = len(order)
        kept = int(np.argmin(np.append(order == np.arange(count), False)))
        reach = int(order.max()) + 1 if count else 0
        triangle = np.zeros((count + 1, count + 1))
        triangle[:kept] = np.column_stack([self._triangle[:kept, order], target[:kept]])
        below = np.zeros((reach - kept + 1, count - kept + 1))
        below[:-1] = np.column_stack([self._triangle[kept:reach, order[kept:]], target[kept:reach]])
        below[-1, -1] = np.linalg.norm(target[reach:])
        if kept < count:
            below = np.asarray(np.linalg.qr(below, mode="r"))
        triangle[kept:, kept:] = below[: count - kept + 1]
        return Subset(self.support[order], triangle, self.lengths[order], reference)
