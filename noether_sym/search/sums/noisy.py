"""Sums of terms from noisy data: what varies along trajectories as noise does, and no more.

With noise nothing is constant exactly, and rich libraries hold many combinations that come as
close as the noise lets one see. So libraries stay small (all terms of a few columns, then of
all), they are looked through in order of size until something varies no more than noise does,
and that is thinned: see `noether_sym.search.sums.forms`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.forms import SIGHTS, NoisyTerms, Step
from noether_sym.search.sums.moments import Moments, NoisySamples, moments
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.terms import Term, reads
from noether_sym.search.sums.walk import Combination

_SAMPLES_PER_TERM = 12
"""Fewest, in a library."""

_TERMS = 160
"""Most terms of a library, also by the number of samples: more would fit noise."""

_FIRST = 3
"""Terms that are looked at first; then twice as many, and so on."""

_DIFFERENT = 1.25
"""Variance over all data over that along trajectories, from which values differ between them."""

_FLOORS = (1e-4, 1e-3)
"""Shares of the reference that a slow drift may make within windows: deviations of 1 and 3 %."""

_TRIALS_PER_TERM = 4
"""Trajectories for each term, at least, of a law that reads columns which only differ between them:
a longer one would follow any dependence on them."""

_SUBSETS = 64
"""Most choices of some of the columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A law in noise, or a constraint.

    Attributes
    ----------
    forms : tuple of Combination
        The best first.
    library : tuple of Term
        In which it was found.
    """

    forms: tuple[Combination, ...]
    library: tuple[Term, ...]


def from_noise(
    libraries: Iterable[Iterable[Term]],
    data: Observations,
    sigma: NDArray[np.float64],
    known: Sequence[Combination],
    most: int,
    groups: NDArray[np.int64] | None = None,
) -> list[Found]:
    """Laws whose variation along trajectories is noise.

    Parameters
    ----------
    libraries : iterable of iterable of Term
        Each in order of size.
    data : Observations
    sigma : array of shape (column,)
        Standard deviation of each column's noise.
    known : sequence of Combination
        What is constant exactly.
    most : int
        Independent functions that can be constant.
    groups : array of shape (trajectory,), optional
        Groups of trajectories, each to be left out in turn when forms are compared.
    """
    if groups is None:
        groups = np.zeros(data.segments, dtype=np.int64)
    found: list[Found] = []
    heads = [one.gradients for one in known]
    count = min(_TERMS, data.count // _SAMPLES_PER_TERM)
    for library in libraries:
        terms = list(islice(library, 2 * count))
        if not terms:  # there are too few samples to tell noise from motion
            continue
        every = moments(terms, NoisySamples(data, sigma), groups)
        if _has_still(data):
            found += _laws(every, data, heads, most, two=True)
        for places in _subsets(every, len(data.spread), count):
            found += _laws(every.of(places), data, heads, most)
            if len(heads) >= most:
                return found
    return found


def slow_in_windows(
    libraries: Iterable[Iterable[Term]],
    data: Observations,
    sigma: NDArray[np.float64],
    most: int,
    groups: NDArray[np.int64],
) -> list[Found]:
    """Sums that change far less within windows than they could: laws but for a slow drift.

    Of the floors below which a change may lie the least at which anything is found is taken.

    Parameters
    ----------
    libraries, sigma, most, groups
        See `from_noise`.
    data : Observations
        Windows of trajectories.
    """
    count = min(_TERMS, data.count // _SAMPLES_PER_TERM)
    samples = NoisySamples(data, sigma)
    chosen = (list(islice(own, count)) for own in libraries)
    every = [moments(terms, samples, groups) for terms in chosen if terms]
    for floor in _FLOORS:
        heads: list[NDArray[np.float64]] = []
        found: list[Found] = []
        for own in every:
            found += _laws(own.above(floor), data, heads, most)
            if len(heads) >= most:
                break
        if found:
            return found
    return []


def alike_in_noise(
    library: Iterable[Term],
    data: Observations,
    sigma: NDArray[np.float64],
    known: Sequence[Combination],
    most: int,
) -> list[Found]:
    """Constraints whose variation over all samples is noise; see `from_noise`."""
    whole = data.joined()
    terms = list(islice(library, min(_TERMS, data.count // _SAMPLES_PER_TERM)))
    if not terms:
        return []
    own = moments(terms, NoisySamples(whole, sigma), np.zeros(1, dtype=np.int64))
    heads = [one.gradients for one in known]
    return list(_laws(own, whole, heads, most, alike=True))


def found_again(
    laws: Iterable[Found],
    data: Observations,
    known: Sequence[Combination],
    sigma: NDArray[np.float64],
    most: int,
) -> list[list[Found]]:
    """The same in libraries in which laws were found, on other data; see `from_noise`.

    Twice, for what is left of a law depends on the order in which terms are left out: the lightest
    first, and those first that the laws of a library lack.
    """
    groups = np.zeros(data.segments, dtype=np.int64)
    libraries: dict[tuple[Term, ...], set[Term]] = {}
    for law in laws:
        libraries.setdefault(law.library, set()).update(law.forms[0].terms)
    samples = NoisySamples(data, sigma)
    every = [(moments(library, samples, groups), own) for library, own in libraries.items()]
    ways: list[list[Found]] = []
    for lightest in (True, False):
        heads = [one.gradients for one in known]
        found: list[Found] = []
        for own, terms in every:
            if _has_still(data):
                found += _laws(own, data, heads, most, two=True)
            found += _laws(own, data, heads, most, last=() if lightest else terms)
        ways.append(found)
    return ways


def differs_in_noise(one: Combination, data: Observations) -> bool:
    """Whether values differ between trajectories, each mean of which takes its share of noise."""
    return one.between > _DIFFERENT * one.ratio * data.count / max(data.count - data.segments, 1)


def has_subsets(columns: int) -> bool:
    """Whether a library is looked through by pairs of so many columns first."""
    return comb(columns, 2) <= _SUBSETS


def _subsets(every: Moments, columns: int, count: int) -> Iterator[NDArray[np.int64]]:
    """Places of the terms of two columns, of three and so on as long as there is time; of all.

    What reads one column that moves is constant only where it is flat.
    """
    inputs = [reads([term]) for term in every.terms]
    seen = 0
    for size in range(2, columns):
        chosen = list(combinations(range(columns), size))
        seen += len(chosen)
        if seen > _SUBSETS:
            break
        for subset in chosen:
            inside = [place for place, own in enumerate(inputs) if own <= set(subset)]
            if any(len(inputs[place]) == size for place in inside) or size == 2:
                yield np.array(inside[:count], dtype=np.int64)
    if columns > 1:
        yield np.arange(min(count, len(inputs)))


def _laws(
    own: Moments,
    data: Observations,
    heads: list[NDArray[np.float64]],
    most: int,
    *,
    last: Collection[Term] | None = None,
    alike: bool = False,
    two: bool = False,
) -> Iterator[Found]:
    """Laws of a library that add to those that are known, up to `most` in all.

    Where it is told which terms are left out last, forms are not compared: each law has one, of
    any number of terms. Only what is to be `alike` may have the same value on all trajectories.
    Laws of just `two` terms are looked for among all pairs.
    """
    terms = len(own.terms)
    if not terms:
        return
    seen = list(heads)  # and what is none, but would come again
    library = NoisyTerms(own, data, seen)
    for sight in SIGHTS:
        library, end = library.seen(sight), _FIRST
        while len(heads) < most and len(seen) < len(data.spread):
            support = np.arange(min(end, terms))
            forms = library.pairs() if two else _forms(library, support, last)
            if forms and not _may_follow(library.combination(forms[0]).terms, data):
                seen.append(library.gradients(forms[0]))
                laws = [library.combination(one) for one in forms if library.is_even(one)]
                laws = [one for one in laws if alike or differs_in_noise(one, data)]
                laws = [one for one in laws if len(reads(one.terms)) > 1]
                if laws:
                    heads.append(seen[-1])
                    yield Found(tuple(laws), own.terms)
                library = NoisyTerms(own, data, seen, sight)
            elif two or end >= terms:
                break
            else:
                end *= 2


def _has_still(data: Observations) -> bool:
    """Whether columns only differ between trajectories: then every law is many, times functions of
    these, and a combination of many terms is a mixture of them."""
    return not data.spread.all()


def _may_follow(terms: Sequence[Term], data: Observations) -> bool:
    """Whether terms in columns that stay could follow whatever trajectories differ in."""
    still = set(np.flatnonzero(data.spread == 0).tolist())
    return bool(still & reads(terms)) and len(terms) * _TRIALS_PER_TERM > data.segments


def _forms(
    library: NoisyTerms, support: NDArray[np.int64], last: Collection[Term] | None
) -> list[Step]:
    """Forms of the law that is the best combination of a support; nothing if it is none.

    One, if it is told which terms are left out last; of none, the lightest are left out first.
    """
    whole = library.best(support)
    if not library.is_noise(whole):
        return []
    if last is None:
        return library.forms(whole)
    return [library.thinned(whole, whole, _leaving(library.own.terms, last) if last else None)]


def _leaving(terms: Sequence[Term], last: Collection[Term]) -> NDArray[np.int64]:
    """Places of terms, the largest first, but some at the end."""
    backwards = range(len(terms) - 1, -1, -1)
    return np.array(sorted(backwards, key=lambda place: terms[place] in last), dtype=np.int64)
