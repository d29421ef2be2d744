"""Sums of terms from noisy data: least ratio in small libraries, thinned term by term.

With noise nothing is constant exactly; what a law leaves along a trajectory is noise, without
memory from one sample to the next, while what an approximation leaves is smooth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.observations import Observations, evaluated
from noether_sym.search.sums.terms import Term
from noether_sym.search.sums.walk import SAME, Combination, measured, share_beyond
from noether_sym.statistics.directions import PARALLEL
from noether_sym.statistics.pencil import least_ratios

MEMORY = 0.5
"""Largest correlation of what is left of a law from one sample to the next."""

_TERMS = (8, 16, 32, 60)
_SAMPLES_PER_TERM = 20
_IDENTITY = 1e-8
_LARGEST = 0.03
_JUMP = 2.5
_ONE_BY_ONE = 16
_ROUNDS = 12


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """The best combination of a support."""

    support: NDArray[np.int64]
    factors: NDArray[np.float64]
    ratio: float


class _Library:
    """Terms of a library with their scatter along trajectories and their reference."""

    def __init__(self, terms: Sequence[Term], data: Observations) -> None:
        columns = evaluated(terms, data)
        usable = np.flatnonzero(columns.usable).tolist()
        self.data = data
        self.terms = [terms[place] for place in usable]
        self.scale = columns.scale[usable]
        self.columns = columns.within[:, usable]
        self.within = self.columns.T @ self.columns / data.count
        reference = columns.reference[:, usable]
        self.reference = reference.T @ reference / len(data.points)

    def best(self, support: NDArray[np.int64]) -> _Step:
        """Least ratio over the factors of a support; identities have none."""
        pick = np.ix_(support, support)
        ratios, factors = least_ratios(self.within[pick], self.reference[pick], _IDENTITY)
        return _Step(support, factors[:, 0], max(float(ratios[0]), 0.0))

    def path(self, support: NDArray[np.int64]) -> Iterator[_Step]:
        """The best combinations of fewer and fewer terms, down to one."""
        step = self.best(support)
        yield step
        while len(step.support) > 1:
            weight = np.abs(step.factors) * np.sqrt(np.diag(self.within)[step.support])
            order = np.argsort(weight, kind="stable")
            if len(step.support) > _ONE_BY_ONE:
                tried = [self.best(np.delete(step.support, order[0]))]
            else:
                tried = [self.best(np.delete(step.support, place)) for place in order]
            step = min(tried, key=lambda one: one.ratio)
            yield step

    def combination(self, step: _Step, jump: float) -> Combination:
        terms = [self.terms[number] for number in step.support]
        factors = step.factors / self.scale[step.support]
        return measured(terms, factors / factors[0], self.data, jump)

    def has_memory(self, step: _Step) -> bool:
        """Whether what is left along trajectories is smooth."""
        rest = self.columns[:, step.support] @ step.factors
        pairs = np.diff(self.data.segment) == 0
        memory = float((rest[1:] * rest[:-1])[pairs].sum())
        return memory > MEMORY * float(rest @ rest)


def from_noise(
    library: Iterable[Term], data: Observations, known: Sequence[Combination], most: int
) -> list[Combination]:
    """Combinations whose variation along trajectories is noise.

    Several supports may stand for one law: the verdict chooses.

    Parameters
    ----------
    library : iterable of Term
        In order of size; its first few terms are tried first, then more and more of them.
    data : Observations
    known : sequence of Combination
        What is constant exactly.
    most : int
        Independent functions that can be constant.
    """
    found: list[Combination] = []
    heads = list(known)
    terms = list(islice(library, min(_TERMS[-1], data.count // _SAMPLES_PER_TERM)))
    for count in (*(number for number in _TERMS if number < len(terms)), len(terms)):
        if len(heads) >= most:
            break
        part = _Library(terms[:count], data)
        leads = {own.terms[-1] for own in heads}
        free = np.array([n for n, term in enumerate(part.terms) if term not in leads], dtype=int)
        for _ in range(_ROUNDS):
            laws = list(_laws(part, list(part.path(free)))) if len(free) else []
            if not laws:
                break
            best = laws[-1]
            if share_beyond(best.gradients, heads) >= PARALLEL:
                heads.append(best)
                found += laws
                if len(heads) >= most:
                    break
            free = free[free != max(part.terms.index(term) for term in best.terms)]
    return found


def _laws(library: _Library, steps: Sequence[_Step]) -> Iterator[Combination]:
    """Steps after which the ratio jumps, and of which only noise is left."""
    for step, after in pairwise(steps):
        jump = after.ratio / max(step.ratio, 1e-300)
        small = len(step.support) <= _ONE_BY_ONE and step.ratio <= _LARGEST
        if small and jump >= _JUMP and not library.has_memory(step):
            found = library.combination(step, jump)
            if library.data.segments < 2 or found.between > SAME * found.ratio:
                yield found
