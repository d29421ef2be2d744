"""Walk through a library: whatever depends on the terms before it is a law, or an identity.

The Buchberger-Moeller algorithm for vanishing ideals (Moeller and Buchberger 1982,
doi:10.1007/3-540-11607-9_3; numerically: Heldt, Kreuzer, Pokutta, Poulisse 2009,
doi:10.1016/j.jsc.2008.11.010), with 'is constant along every trajectory' in the place of
'vanishes': the laws come out reduced, the leading term of each in no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from noether_sym.search.sums.basis import Basis
from noether_sym.search.sums.eliminate import EXACT, LEAST, Elimination, Sparse
from noether_sym.search.sums.observations import Evaluated, Observations, evaluated
from noether_sym.search.sums.terms import Term
from noether_sym.statistics.directions import PARALLEL, new_share
from noether_sym.statistics.pencil import whitening

SAME = 3.0
"""Variance over all data over that within trajectories, up to which all share one value."""

CERTAIN = 1e-14
"""Ratio below which a law is exact, and no approximation that a larger library will improve."""

_BLOCK = 32
"""Terms that are evaluated together."""

_IDENTITY = 1e-6
"""Share of a term's gradients left beside others', up to which it depends on them."""

_CANDIDATE = 1e-3
"""Root mean square deviation left, over the reference, from which a term may lead a law."""

_ROUNDING = 1e-11
"""Up to which nothing is left to project on."""

_LAWS = 64
"""Room for leading terms, which take part in identities alone."""

_MOST_FAILURES, _MOST_APPROXIMATIONS = 60, 30
"""Dependent terms in a row that lead no law, and approximations among them, after which a library
is so rich that it follows anything."""

_SAME = 1e-9
"""Share of a gradient beside known laws', up to which it is a function of them."""

_MOST_DEPENDENT = 15
"""Functions of known laws in a row, after which they are not looked at in full."""

_FAR_BETTER = 1e-2
"""Share of the ratio of known laws from which on their function is more exact than they are."""

_DENSE = 1e-20
"""Ratio up to which a combination that could not be thinned is exact all the same."""

_MOST_DENSE = 12
"""Of these that are kept, in libraries of up to `_LARGEST` terms."""

_LARGEST = 200
_NOTHING = 1e-9
"""Share of the largest factor that counts as none."""

_FEW_COLUMNS = 8
"""Part of the columns below which it is faster to gather them first."""

_ALONE = Sparse(np.empty(0, np.int64), np.empty(0), EXACT, 1.0 / EXACT)


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """A combination of terms that is constant along every trajectory.

    Attributes
    ----------
    terms : tuple of Term
    factors : tuple of float
    ratio, cliff : float
        As in `noether_sym.search.sums.eliminate.Sparse`.
    gradients : array of shape (point, column)
        Partial derivatives times the columns' spread.
    scales : tuple of float
        Of the terms: their own roots of the reference.
    between : float
        Variance over all data over the reference: no more than the ratio where it has one
        value on all trajectories.
    """

    terms: tuple[Term, ...]
    factors: tuple[float, ...]
    ratio: float
    cliff: float
    between: float
    gradients: NDArray[np.float64]
    scales: tuple[float, ...]

    @property
    def size(self) -> int:
        """Sizes of the terms, a factor and a sign for each but the first."""
        return size_of(self.terms)

    def on(self, data: Observations) -> Combination:
        """The same terms and factors on other data."""
        return measured(self.terms, np.array(self.factors), data, self.cliff)


def size_of(terms: Sequence[Term]) -> int:
    """Sizes of the terms of a sum, a factor and a sign for each but the first."""
    return sum(term.size for term in terms) + 2 * (len(terms) - 1)


def measured(
    terms: Sequence[Term],
    factors: NDArray[np.float64],
    data: Observations,
    cliff: float,
    columns: Evaluated | None = None,
) -> Combination:
    """A combination with its ratio, evaluated term by term.

    Parameters
    ----------
    terms : sequence of Term
    factors : array of shape (term,)
    data : Observations
    cliff : float
        As known from elimination.
    columns : Evaluated, optional
        The terms on the data, where they are at hand.
    """
    columns = columns or evaluated(terms, data)
    weights = factors * columns.scale
    gradients = (columns.reference @ weights).reshape(len(data.points), -1)
    reference = float((gradients**2).sum()) / len(data.points) * data.count
    within, total = columns.within @ weights, columns.total @ weights
    # what has no gradient anywhere is an identity, and as constant as anything else
    ratio, between = (
        (float(own @ own) / reference if reference > 0 else 1.0) for own in (within, total)
    )
    return Combination(
        tuple(terms),
        tuple(factors.tolist()),
        max(ratio, LEAST),
        cliff,
        between,
        gradients,
        tuple(columns.scale.tolist()),
    )


def share_beyond(gradients: NDArray[np.float64], known: Sequence[Combination]) -> float:
    """Part of a gradient field's squared length that combinations do not span."""
    return new_share(gradients, [one.gradients for one in known])


def adds(one: Combination, known: Sequence[Combination]) -> bool:
    """Whether the gradients of a combination add a direction to those of others."""
    return share_beyond(one.gradients, known) >= PARALLEL


def sharpened(one: Combination, data: Observations) -> Combination | None:
    """The same terms, factors solved again, if they show a cliff; None if they do not."""
    walk = Walk(data, len(one.terms))
    found = list(walk.through(one.terms))
    return found[-1] if found and found[-1].terms[-1] == one.terms[-1] else None


class Walk:
    """The state of a walk: the terms kept so far, orthogonalised.

    Parameters
    ----------
    data : Observations
    limit : int
        Most terms to keep.
    known : sequence of Combination
        What is known already; it may grow from outside.

    Attributes
    ----------
    seen : int
        Terms that were looked at.
    dense : list of Combination
        Exact dependences of more terms than a law has; in their span there may be laws.
    """

    def __init__(self, data: Observations, limit: int, known: Sequence[Combination] = ()) -> None:
        self.data = data
        rows = len(data.points) * len(data.spread)
        limit = max(1, min(limit, 2 * (data.count - data.segments) // 3))
        self._within = Basis(data.count, limit)
        self._reference = Basis(rows, min(limit + _LAWS, rows))
        self._terms: list[Term] = []
        self._scales: list[float] = []
        self._gradients = np.empty((rows, limit), order="F")
        self.seen = 0
        self.known = known
        self._failures = self._approximations = 0
        self._dependent = 0
        self.dense: list[Combination] = []

    @property
    def full(self) -> bool:
        """Whether no further term can be kept."""
        lost = self._failures >= _MOST_FAILURES or self._approximations >= _MOST_APPROXIMATIONS
        return self._within.full or self._reference.full or lost

    def through(self, terms: Iterable[Term]) -> Iterator[Combination]:
        """Take terms in, and yield what is constant along every trajectory."""
        stream = iter(terms)
        while block := list(islice(stream, _BLOCK)):
            yield from self._block(block)
            if self.full:
                return

    def branch(self, more: int) -> Walk:
        """A copy that goes its own way from here, with room for more terms."""
        count = self._within.count
        copy = Walk(self.data, count + more, self.known)
        copy._within.continue_from(self._within)
        copy._reference.continue_from(self._reference)
        copy._gradients[:, :count] = self._gradients[:, :count]
        copy._terms, copy._scales = list(self._terms), list(self._scales)
        return copy

    def least_ratio(self, columns: Evaluated) -> float:
        """Least ratio of a combination of further terms and those kept so far."""
        usable = columns.usable
        if not usable.any():
            return 1.0
        within = self._within.rest(columns.within[:, usable])
        reference = self._reference.rest(columns.reference[:, usable])
        whiten = whitening(reference.T @ reference / len(self.data.points), _IDENTITY, _IDENTITY**2)
        if not whiten.shape[1]:
            return 1.0
        whitened = within @ whiten
        least = np.linalg.eigvalsh(whitened.T @ whitened / self.data.count)[0]
        return max(float(least), LEAST)

    def _block(self, terms: list[Term]) -> Iterator[Combination]:
        columns = evaluated(terms, self.data)
        starts = self._within.count, self._reference.count
        inside, inside_rest = self._within.project(columns.within)
        known, known_rest = self._reference.project(columns.reference)
        root = np.sqrt(self.data.count)
        for place, term in enumerate(terms):
            if not columns.usable[place] or self.full:
                continue
            self.seen += 1
            more, rest = self._reference.project(known_rest[:, place], starts[1])
            if np.linalg.norm(rest) <= _IDENTITY * np.sqrt(len(self.data.points)):
                continue
            self._reference.append(np.concatenate([known[:, place], more]), rest)
            more, rest = self._within.project(inside_rest[:, place], starts[0])
            coordinates = np.concatenate([inside[:, place], more])
            left = float(np.linalg.norm(rest)) / root
            lead = _Lead(
                term,
                float(columns.scale[place]),
                np.append(coordinates, left * root),
                columns.reference[:, place],
            )
            own = columns.within[:, place]
            if float(own @ own) <= EXACT * self.data.count:
                yield self._combination(lead, _ALONE)
            if left < _CANDIDATE:
                found = self._law(lead)
                if found is not None:
                    yield found
                    if found.ratio <= CERTAIN:
                        continue
            if left > _ROUNDING:
                number = self._within.count
                self._gradients[:, number] = lead.gradients
                self._within.append(coordinates, rest)
                self._terms.append(term)
                self._scales.append(lead.scale)

    def _law(self, lead: _Lead) -> Combination | None:
        count = self._within.count
        points, rows = len(self.data.points), self.data.few * len(self.data.spread)
        few = self._gradients[:rows, :count]

        def alone(support: NDArray[np.int64], factors: NDArray[np.float64]) -> float:
            return self._size(_combined(few, support, factors))

        def reference(support: NDArray[np.int64], factors: NDArray[np.float64]) -> float:
            return self._size(lead.gradients[:rows] + _combined(few, support, factors))

        dense = -solve_triangular(self._within.r, lead.coordinates[:-1])
        everything = np.arange(count)
        rest, total = float(lead.coordinates[-1]) ** 2, reference(everything, dense)
        if rest > EXACT * total:
            return None
        gradient = (lead.gradients + self._gradients[:, :count] @ dense).reshape(points, -1)
        if self.known and self._is_skipped(gradient, rest / total):
            return None
        within = np.vstack([self._within.r, np.zeros(count)])
        sparse = Elimination(within, lead.coordinates, reference, alone).sparse()
        if sparse is None:
            self._failures += 1
            self._approximations += rest > CERTAIN * total
            if rest <= _DENSE * total and self._is_new(gradient):
                kept = np.flatnonzero(np.abs(dense) > _NOTHING * np.abs(dense).max())
                self.dense.append(self._combination(lead, Sparse(kept, dense[kept], EXACT, 1.0)))
            return None
        self._failures = self._approximations = 0
        return self._combination(lead, sparse)

    def _size(self, gradient: NDArray[np.float64]) -> float:
        """The reference of a combination from its gradient at a few points, for all samples."""
        return float(gradient @ gradient) * self.data.count / self.data.few

    def _is_new(self, gradient: NDArray[np.float64]) -> bool:
        """Whether a dense dependence adds a direction to what is known, and there is room."""
        room = self._within.count <= _LARGEST and len(self.dense) < _MOST_DENSE
        return room and share_beyond(gradient, self.known) >= PARALLEL

    def _is_skipped(self, gradient: NDArray[np.float64], ratio: float) -> bool:
        """Whether a dense combination says nothing beyond what is known.

        Functions of known laws are taken a few times, for what can be simplified with them;
        what merely comes close to one is taken if it is far more exact.
        """
        share = share_beyond(gradient, self.known)
        if share < _SAME:
            self._dependent += 1
            return self._dependent > _MOST_DEPENDENT
        return share < PARALLEL and ratio > _FAR_BETTER * max(one.ratio for one in self.known)

    def _combination(self, lead: _Lead, sparse: Sparse) -> Combination:
        scales = [*(self._scales[number] for number in sparse.support), lead.scale]
        factors = np.append(sparse.factors, 1.0) / scales
        terms = (*(self._terms[number] for number in sparse.support), lead.term)
        return measured(terms, factors, self.data, sparse.cliff)


def _combined(
    matrix: NDArray[np.float64], support: NDArray[np.int64], factors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A combination of columns: of all, most factors zero, unless that costs more."""
    if len(support) < matrix.shape[1] // _FEW_COLUMNS:
        return np.asarray(matrix[:, support] @ factors)
    every = np.zeros(matrix.shape[1])
    every[support] = factors
    return np.asarray(matrix @ every)


@dataclass(frozen=True, slots=True, eq=False)
class _Lead:
    """A term that may lead a law: in units of `scale`, in coordinates of the basis."""

    term: Term
    scale: float
    coordinates: NDArray[np.float64]
    gradients: NDArray[np.float64]
