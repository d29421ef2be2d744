"""Other forms of laws in noise: with functions of another kind, or with a constant inside a term.

Rich libraries follow a logarithm by powers, an exponential by a polynomial, as closely as noise
lets one see at first. For each law that holds more than products of two quantities, the same law is
looked for beside such products in functions of one kind after the other, and in blocks of terms
that share a constant: over a grid of it on some of the samples, then on all of them where least is
left beside the noise. All forms are compared on trajectories that their factors are not fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import stdtrit

from noether_sym.search.sums.blocks import Family, bonds, families
from noether_sym.search.sums.forms import SIGNIFICANT, NoisyTerms
from noether_sym.search.sums.moments import NoisySamples, moments
from noether_sym.search.sums.noisy import Found, differs_in_noise
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.terms import (
    Quantities,
    Term,
    by_kind,
    by_size,
    each_times,
    monomials,
    reads,
)
from noether_sym.search.sums.walk import Combination

_BASE = 24
"""Most products of two beside which other terms are put."""

_TERMS = 60
"""Most of a kind of functions, with their products."""

_MOST_COLUMNS = 4
"""That a law reads, for which there is time."""

_FEWEST_TRAJECTORIES = 8
"""On which forms can be compared."""

_EVERY = 2
"""Step on the grid of a constant: noise makes a dip wide."""

_SCANNED = 500
"""Samples on which constants are scanned."""

_TRIED = 8
"""Blocks that are looked at on all samples, those that leave least first."""

_PRECISION = 1e-3
"""Of a constant, over the bracket that it was found in; the verdict fits it once more."""

_STEPS = 24
"""Evaluations for a constant at most."""

_FEWEST = 2
"""Terms of a form that has another left out."""


def with_other_forms(
    found: Sequence[Found],
    data: Observations,
    known: Quantities,
    sigma: NDArray[np.float64],
    heads: Sequence[Combination],
    groups: NDArray[np.int64],
) -> list[Found]:
    """Laws in noise, with forms that are better or simpler than those they were found in.

    Parameters
    ----------
    found : sequence of Found
        From `noether_sym.search.sums.noisy.from_noise`.
    data, sigma, groups
        As there.
    known : Quantities
        What terms are made of.
    heads : sequence of Combination
        What is constant beside them.
    """
    if data.segments < _FEWEST_TRAJECTORIES:
        return list(found)
    every = [*families(data, known), *bonds(data, known)]
    products = monomials(known.plain, 2, 3)
    thinned = data.thinned(_SCANNED)
    laws = []
    for law in found:
        terms = law.forms[0].terms
        read, bent = reads(terms), reads([one for one in terms if one not in products])
        if not bent or len(read) > _MOST_COLUMNS:
            laws.append(law)
            continue
        others = [*heads, *(one.forms[0] for one in found if one is not law)]
        base = _within(products, read)[:_BASE]
        whole = _Beside(data, base, sigma, others, groups)
        plain = [
            form
            for library in _libraries(known, read, bent)
            for form in _forms(whole.terms(library[:_TERMS]))
        ]
        scan = _Beside(thinned, base, sigma, others, None)
        blocks = [one for one in every if reads(one.formulas[:1]) <= bent]
        inside = _with_constants([_of(one, read) for one in blocks], scan, whole)
        laws.append(_ranked(law, [*plain, *inside], whole))
    return laws


def _ranked(law: Found, others: Sequence[Combination], whole: _Beside) -> Found:
    """A law, its best form first; among those that are as good, one of fewest fitted numbers."""
    forms = [*law.forms, *others]
    left = [whole.unseen(one) for one in forms]
    best = min(left, key=_mean)
    if not np.isfinite(_mean(best)):
        return law
    equals = [one for one, own in zip(forms, left, strict=True) if not _is_better(best, own)]
    # a form that it was found in before its equals
    first = min(equals, key=lambda one: (_numbers(one), 0 if one in law.forms else one.size))
    return replace(law, forms=(first, *(one for one in law.forms if one is not first)))


def _numbers(form: Combination) -> int:
    """Factors and constants inside terms; what several terms share counts once, units do not."""
    inside = {value for term in form.terms for value in term.values if abs(value) != 1.0}
    return len(form.terms) - 1 + len(inside)


def _mean(left: NDArray[np.float64]) -> float:
    """What is left in the mean over the trajectories on which something can be told."""
    told = left[np.isfinite(left)]
    return float(told.mean()) if len(told) >= _FEWEST_TRAJECTORIES else float("inf")


def _is_better(left: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether less is left on the trajectories, in pairs: each has the same noise in both."""
    more = other - left
    more = more[np.isfinite(more)]
    if len(more) < _FEWEST_TRAJECTORIES:
        return False
    error = float(more.std(ddof=1)) / np.sqrt(len(more))
    return bool(more.mean() > stdtrit(len(more) - 1, 1.0 - SIGNIFICANT) * error > 0.0)


def _libraries(
    known: Quantities, read: frozenset[int], bent: frozenset[int]
) -> Iterator[tuple[Term, ...]]:
    """What stands beside products of two: functions of one kind, by themselves and times another
    quantity; steep ones; products of up to four."""
    plain = _within(known.plain, read)
    functions, steep = _within(known.functions, bent), _within(known.steep, bent)
    for kind in by_kind(functions):
        yield by_size([*kind, *each_times(plain, kind)])
    if steep:
        yield by_size([*(one for one in functions if one.kind != "log"), *steep])
    yield by_size(monomials(_within(known.plain, bent), 4, 5))


def _within(terms: Sequence[Term], columns: frozenset[int]) -> list[Term]:
    """Those that read some columns only."""
    return [one for one in terms if one.expression.inputs <= columns]


def _of(family: Family, columns: frozenset[int]) -> Family:
    """The terms of a block that read some columns only."""
    return replace(family, formulas=tuple(_within(family.formulas, columns)))


class _Beside:
    """Products beside which other terms are put."""

    def __init__(
        self,
        data: Observations,
        base: Sequence[Term],
        sigma: NDArray[np.float64],
        others: Sequence[Combination],
        groups: NDArray[np.int64] | None,
    ) -> None:
        self._data, self._base = data, list(base)
        self._heads = [one.on(data).gradients for one in others]
        self._groups = np.zeros(data.segments, dtype=np.int64) if groups is None else groups
        self._samples = NoisySamples(data, sigma)

    def terms(self, more: Sequence[Term], *, alone: bool = False) -> NoisyTerms:
        """Terms beside the products, or alone."""
        known = set() if alone else set(self._base)
        chosen = more if alone else [*self._base, *(one for one in more if one not in known)]
        return NoisyTerms(moments(chosen, self._samples, self._groups), self._data, self._heads)

    def left(self, more: Sequence[Term], *, alone: bool = False) -> float:
        """What varies beside the noise, over the noise, in the best combination."""
        library = self.terms(more, alone=alone)
        if len(library.own.terms) < len(more):
            return float("inf")
        best = library.whole
        return best.excess / best.noise if best.noise > 0 else float("inf")

    def unseen(self, form: Combination) -> NDArray[np.float64]:
        """Of each trajectory the logarithm of the variance over that of the noise.

        The factors are fitted to the groups of other trajectories.
        """
        each = moments(form.terms, self._samples, np.arange(self._data.segments))
        return NoisyTerms(each, self._data, self._heads).unseen_each(self._groups)


def _forms(library: NoisyTerms) -> list[Combination]:
    """What is left of a library if its best combination varies no more than noise does."""
    if not library.own.terms or not library.is_noise(library.whole):
        return []
    steps = [one for one in library.forms(library.whole) if library.is_even(one)]
    found = [library.combination(one) for one in steps]
    return [one for one in found if differs_in_noise(one, library.data)]


@dataclass(frozen=True, slots=True, eq=False)
class _Dip:
    """What a block leaves at the best value of its constant on a grid, and a bracket of that."""

    left: float
    block: Family
    bracket: tuple[float, float]


def _with_constants(blocks: Sequence[Family], scan: _Beside, whole: _Beside) -> list[Combination]:
    """Forms with terms of the blocks that leave least."""
    dips = sorted((dip for block in blocks for dip in _dips(block, scan)), key=lambda one: one.left)
    return [form for dip in dips[:_TRIED] for form in _inside(dip, whole)]


def _dips(block: Family, scan: _Beside) -> Iterator[_Dip]:
    """The best value of the constant on each grid, but for the ends."""
    for values in block.grids:
        grid = values[::_EVERY]
        left = np.array([scan.left(block.terms(constant)) for constant in grid])
        place = int(np.argmin(left))
        if 0 < place < len(grid) - 1 and np.isfinite(left[place]):
            low, high = sorted((float(grid[place - 1]), float(grid[place + 1])))
            yield _Dip(float(left[place]), block, (low, high))


def _inside(dip: _Dip, whole: _Beside) -> Iterator[Combination]:
    """The best form with a block, its constant found on all samples; if there is one."""
    terms = dip.block.terms(_least(lambda value: whole.left(dip.block.terms(value)), dip.bracket))
    for one in _forms(whole.terms(terms)):
        places = [terms.index(own) if own in terms else own for own in one.terms]
        if any(isinstance(own, int) for own in places):
            form = _Form(dip, places, whole)
            if form.complete:
                yield _pruned(form)
            return


class _Form:
    """Terms, some of a block, with the constant that is best for them alone.

    Parameters
    ----------
    dip : _Dip
    terms : sequence of Term or int
        Places in the block of those that are of it.
    whole : _Beside
    """

    def __init__(self, dip: _Dip, terms: Sequence[Term | int], whole: _Beside) -> None:
        self._dip, self._terms, self._whole = dip, terms, whole
        best = _least(lambda value: whole.left(self._at(value), alone=True), dip.bracket)
        self.library = whole.terms(self._at(best), alone=True)

    @property
    def complete(self) -> bool:
        """Whether all terms can be used at that constant."""
        return len(self.library.own.terms) == len(self._terms)

    def _at(self, constant: float) -> list[Term]:
        block = self._dip.block.terms(constant)
        return [block[own] if isinstance(own, int) else own for own in self._terms]

    def shorter(self) -> Iterator[_Form]:
        """The same without one of the terms, the largest first."""
        every = self.library.own.terms
        order = sorted(range(len(every)), key=lambda place: -every[place].size)
        for left_out in order if len(order) > _FEWEST else ():
            kept = [own for place, own in enumerate(self._terms) if place != left_out]
            if any(isinstance(own, int) for own in kept):
                shorter = _Form(self._dip, kept, self._whole)
                if shorter.complete:
                    yield shorter


def _pruned(form: _Form) -> Combination:
    """Without the terms that nobody misses where the constant is fitted again."""
    first = form.library.whole
    shorter: _Form | None = form
    while shorter is not None:
        form = shorter
        fits = (one for one in form.shorter() if one.library.is_noise(one.library.whole, first))
        shorter = next(fits, None)
    return form.library.combination(form.library.whole)


def _least(left: Callable[[float], float], bracket: tuple[float, float]) -> float:
    """The constant in a bracket at which least is left."""
    answer = minimize_scalar(
        left,
        bounds=bracket,
        method="bounded",
        options={"xatol": _PRECISION * (bracket[1] - bracket[0]), "maxiter": _STEPS},
    )
    return float(answer.x)
