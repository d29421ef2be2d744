"""Sums of terms from noisy data: what varies along trajectories as noise does, and no more.

With noise nothing is constant exactly, and rich libraries hold many combinations that come as
close as the noise lets one see. So libraries stay small (all terms of a few columns, then of
all), they are looked through in order of size until something varies no more than noise does,
and that is thinned as long as no term is missed: by an F test against the whole, and by the
memory of what is left, which noise has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from noether_sym.search.sums.moments import Moments, moments
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.terms import Term
from noether_sym.search.sums.walk import SAME, Combination, measured, size_of
from noether_sym.statistics.directions import directions
from noether_sym.statistics.pencil import least_ratios

SIGNIFICANT = 1e-3
"""Level at which a term is missed, and at which what is left has a memory."""

_SAMPLES_PER_TERM = 12
_TERMS = 160
"""Most terms of a library, also by the number of samples: more would fit noise."""

_FIRST = 3
"""Terms that are looked at first; then twice as many, and so on."""

_SUBSETS = 64
"""Most choices of some of the columns."""

_IDENTITY = 1e-8
_NOISE_KEPT = 0.5
"""Share of the noise that counts as variation: its size is known to some percent only."""

_VARIES = 0.01
"""Largest variance beyond the noise over the reference: a tenth of the deviation."""

_OFTEN = 0.5
"""The same over the variance of the noise."""

_UNSURE = 0.02
"""How far the sizes of the noise of two combinations may be off beside each other."""

_SWAMPED = 0.1
_TIMES_USUAL = 30.0
"""Largest noise over the reference, by itself and over that of the usual term: where terms cancel,
nothing may be left but noise."""

_MOST_TERMS = 16
_ORDERS = 16
"""Random orders in which terms are left out."""

_TO_SWAP = 2
_SWAPPED = 60
"""How many of the simplest forms are offered other terms, and how many terms."""

_FORMS = 4
"""Forms of a law that go to confirmation."""


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """The best combination of a support.

    `excess` is its variance along trajectories beyond the noise, `noise` that of the noise,
    over the reference.
    """

    support: NDArray[np.int64]
    factors: NDArray[np.float64]
    excess: float
    noise: float


class _Library:
    """Some terms, and what may be left of a law in them.

    What counts as variation in `heads` (gradients of laws that are known) counts as none here, so
    that functions of known laws are identities.
    """

    def __init__(
        self, own: Moments, data: Observations, heads: Sequence[NDArray[np.float64]]
    ) -> None:
        self.own, self.data = own, data
        self._within, self._noise = own.within.sum(0), own.noise.sum(0)
        self._form = self._within - (1.0 - _NOISE_KEPT) * self._noise
        self._pairs = np.diff(data.segment) == 0
        self._memory = float(norm.isf(SIGNIFICANT)) / np.sqrt(data.count)
        usual = float(np.median(np.diag(self._noise)))
        self._swamped = min(_SWAMPED, _TIMES_USUAL * usual)
        self._missed = chi2.isf(SIGNIFICANT, np.arange(1 + len(own.terms)))
        points = len(data.points)
        fields = own.fields.reshape(points, -1, len(own.terms))
        for unit in directions(heads):
            fields = fields - unit[:, :, None] * np.einsum("pc,pct->pt", unit, fields)[:, None]
        self._reference = np.einsum("pct,pcu->tu", fields, fields, optimize=True) / points
        self._known: dict[bytes, _Step] = {}

    def best(self, support: NDArray[np.int64]) -> _Step:
        """Least variation over the factors of a support; identities have none."""
        key = support.tobytes()
        if key not in self._known:  # many orders of leaving terms out come to the same support
            pick = np.ix_(support, support)
            first = _least(self._form[pick], self._reference[pick])
            within, noise = first @ self._within[pick] @ first, first @ self._noise[pick] @ first
            self._known[key] = _Step(support, first, float(within - noise), float(noise))
        return self._known[key]

    def is_noise(self, step: _Step, whole: _Step | None = None) -> bool:
        """Whether a combination varies no more than noise does, and no more than a larger one."""
        allowed = _OFTEN
        if whole is not None:
            dropped = max(1, len(whole.support) - len(step.support))
            missed = self._missed[dropped] / self.data.count
            allowed = min(_OFTEN, max(whole.excess / whole.noise, 0.0) + missed + _UNSURE)
        if not 0 < step.noise <= self._swamped:
            return False
        if step.excess > min(_VARIES, allowed * step.noise):
            return False
        return self._memory_of(step) <= self._memory

    def _memory_of(self, step: _Step) -> float:
        """Correlation of what is left with the sample before."""
        rest = self.own.deviations[:, step.support] @ step.factors
        before = float((rest[1:] * rest[:-1])[self._pairs].sum())
        return before / max(float(rest @ rest), 1e-300)

    def forms(self, whole: _Step) -> list[_Step]:
        """What is left of a combination without the terms that nobody misses: the best first.

        There are many ways to leave terms out. Several are tried, and what varies least on groups
        of trajectories that the factors are not fitted to is the best; among equals the simplest.
        """
        orders = [whole.support[::-1], None]
        stream = np.random.default_rng(len(whole.support))
        orders += [stream.permutation(whole.support) for _ in range(_ORDERS)]
        thin = [self.thinned(whole, whole, order) for order in orders]
        thin = sorted((one for one in thin if len(one.support) <= _MOST_TERMS), key=self.size)
        if not thin:
            return []
        thin += [self.swapped(whole, one) for one in thin[:_TO_SWAP]]
        every = list({tuple(one.support): one for one in thin}.values())
        unseen = [self._unseen(one) for one in every]
        margin = min(unseen) + np.sqrt(2.0 / self.data.count)
        order = sorted(
            range(len(every)),
            key=lambda n: (max(unseen[n], margin), self.size(every[n])),
        )
        return [every[number] for number in order[:_FORMS]]

    def _unseen(self, step: _Step) -> float:
        """Excess over noise on groups of trajectories, factors fitted to the others."""
        if len(self.own.within) < 2:
            return step.excess / step.noise
        pick = np.ix_(step.support, step.support)
        excess = noise = 0.0
        for within, own in zip(self.own.within, self.own.noise, strict=True):
            form = self._form[pick] - (within - (1.0 - _NOISE_KEPT) * own)[pick]
            factors = _least(form, self._reference[pick])
            excess += float(factors @ (within - own)[pick] @ factors)
            noise += float(factors @ own[pick] @ factors)
        return excess / noise if noise > 0 else float("inf")

    def thinned(self, whole: _Step, start: _Step, order: NDArray[np.int64] | None = None) -> _Step:
        """Without the terms that nobody misses: in an order, or the lightest first."""
        step, missed = start, True
        while missed and len(step.support) > 1:
            missed = False
            tried = self._lightest(step) if order is None else order[np.isin(order, step.support)]
            place, block = 0, max(1, len(tried) // 4)
            while place < len(tried):
                dropped = tried[place : place + block]
                left = step.support[~np.isin(step.support, dropped)]
                smaller = self.best(left) if len(left) else None
                if smaller is not None and self.is_noise(smaller, whole):
                    step, missed = smaller, True
                    place += block
                elif block > 1:
                    block //= 2
                else:
                    place += 1
        return step

    def _lightest(self, step: _Step) -> NDArray[np.int64]:
        scatter = np.diag(self._within)[step.support]
        weights = np.abs(step.factors) * np.sqrt(scatter)
        order: NDArray[np.int64] = step.support[np.argsort(weights, kind="stable")]
        return order

    def swapped(self, whole: _Step, step: _Step) -> _Step:
        """Simpler by way of another term, as long as there is one that makes it so."""
        going = True
        while going:
            going = False
            others = np.setdiff1d(np.arange(len(self.own.terms)), step.support)
            for other in others[:_SWAPPED]:
                larger = self.best(np.sort(np.append(step.support, other)))
                found = self.thinned(whole, larger)
                if self.size(found) < self.size(step):
                    step, going = found, True
                    break
        return step

    def size(self, step: _Step) -> int:
        return size_of([self.own.terms[place] for place in step.support])

    def combination(self, step: _Step) -> Combination:
        terms = [self.own.terms[place] for place in step.support]
        factors = step.factors / self.own.scale[step.support]
        return measured(terms, factors / factors[0], self.data, 1.0)

    def gradients(self, step: _Step) -> NDArray[np.float64]:
        field: NDArray[np.float64] = self.own.fields[:, step.support] @ step.factors
        return field.reshape(len(self.data.points), -1)


def _least(form: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factors of the least ratio; zeros where all that there is are identities."""
    _, factors = least_ratios(form, reference, _IDENTITY)
    return factors[:, 0] if factors.shape[1] else np.zeros(len(form))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A law in noise.

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
        every = moments(terms, data, sigma, groups)
        for places in _subsets(every, len(data.spread), count):
            found += _laws(every.of(places), data, heads, most, compare=True)
            if len(heads) >= most:
                return found
    return found


def found_again(
    libraries: Iterable[Sequence[Term]],
    data: Observations,
    known: Sequence[Combination],
    sigma: NDArray[np.float64],
    most: int,
) -> list[Found]:
    """The same in libraries in which laws were found, on other data; see `from_noise`."""
    groups = np.zeros(data.segments, dtype=np.int64)
    found: list[Found] = []
    heads = [one.gradients for one in known]
    for library in libraries:
        own = moments(library, data, sigma, groups)
        found += _laws(own, data, heads, most, compare=False)
    return found


def _subsets(every: Moments, columns: int, count: int) -> Iterator[NDArray[np.int64]]:
    """Places of the terms of two columns, of three and so on as long as there is time; of all.

    What reads one column that moves is constant only where it is flat.
    """
    reads = [frozenset(term.expression.inputs) for term in every.terms]
    seen = 0
    for size in range(2, columns):
        chosen = list(combinations(range(columns), size))
        seen += len(chosen)
        if seen > _SUBSETS:
            break
        for subset in chosen:
            inside = [place for place, own in enumerate(reads) if own <= set(subset)]
            if any(len(reads[place]) == size for place in inside) or size == 2:
                yield np.array(inside[:count], dtype=np.int64)
    if columns > 1:
        yield np.arange(min(count, len(reads)))


def _laws(
    own: Moments,
    data: Observations,
    heads: list[NDArray[np.float64]],
    most: int,
    *,
    compare: bool,
) -> Iterator[Found]:
    """Laws of a library that add to those that are known, up to `most` in all.

    Where forms are not compared, each has one, of any number of terms.
    """
    end, terms = _FIRST, len(own.terms)
    if not terms:
        return
    library = _Library(own, data, heads)
    while len(heads) < most:
        whole = library.best(np.arange(min(end, terms)))
        forms: list[_Step] = []
        if library.is_noise(whole):
            forms = library.forms(whole) if compare else [library.thinned(whole, whole)]
        if forms:
            heads.append(library.gradients(forms[0]))
            laws = [library.combination(one) for one in forms]
            laws = [one for one in laws if one.between > SAME * one.ratio and _columns(one) > 1]
            if laws:
                yield Found(tuple(laws), own.terms)
            library = _Library(own, data, heads)
        elif end >= terms:
            break
        else:
            end *= 2


def _columns(one: Combination) -> int:
    """Number of columns that a combination reads."""
    return len(frozenset[int]().union(*(term.expression.inputs for term in one.terms)))
