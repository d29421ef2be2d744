"""A law in noise with as few terms as it needs.

The best combination of many terms is thinned as long as no term is missed: by an F test against the
whole, and by the memory of what is left, which noise has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from noether_sym.search.sums.moments import Moments
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.walk import Combination, measured, size_of
from noether_sym.statistics.directions import directions
from noether_sym.statistics.pencil import independent, least_ratio

SIGNIFICANT = 1e-3
"""Level at which a term is missed, and at which what is left has a memory."""

_IDENTITY, _NEARLY = 1e-8, 1e-6
"""Share of a term's reference, or of the largest eigenvalue, up to which terms are an identity, or
are left out at once where the result is noise as well."""

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

_FEW_POINTS = 0.04
"""Effective share of the points, (sum s)^2 / sum s^2, that must make up the reference: elsewhere a
combination that rests on fewer is flat whatever the motion."""

_MOST_TERMS = 16
"""Of a form."""

_ORDERS, _ENOUGH_ORDERS = 16, 4
"""Random orders in which terms are left out, and how many of them where all forms are far too
long: more than twice as long as may be."""

_TO_SWAP = 2
_SWAPPED = 60
"""How many of the simplest forms are offered other terms, and how many terms."""

_FORMS = 4
"""Forms of a law that go to confirmation."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How noise counts where the best combination of terms is looked for.

    Attributes
    ----------
    kept : float
        Share of the noise that counts as variation: its size is known to some percent only,
        and far worse near poles.
    beside : bool
        Whether it is to be usual beside the whole gradient, or beside what that adds to those
        of known laws.
    """

    kept: float
    beside: bool


SIGHTS = Sight(0.5, beside=False), Sight(0.2, beside=True)
"""The second sees laws that others nearly tell, as angular momentum does the energy of nearly
circular orbits: what they add is small, and noise makes most of its variance."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The best combination of a support.

    `excess` is its variance along trajectories beyond the noise, `noise` that of the noise, over
    the reference. It is `definite` if the terms have no identities among them.
    """

    support: NDArray[np.int64]
    factors: NDArray[np.float64]
    excess: float
    noise: float
    definite: bool

    def near(self, support: NDArray[np.int64], kept: float) -> tuple[float, NDArray[np.float64]]:
        """For some of the terms: a variation below which nothing lies, and where to begin."""
        start = self.factors[np.searchsorted(self.support, support)]
        return self.excess + kept * self.noise, start


@lru_cache(maxsize=1024)
def _missed(terms: int) -> float:
    """By how much chi-square may rise without so many terms that nobody misses."""
    return float(chi2.isf(SIGNIFICANT, terms))


class NoisyTerms:
    """Some terms, and what may be left of a law in them.

    What counts as variation in `heads` (gradients of laws that are known) counts as none here, so
    that functions of known laws are identities.
    """

    def __init__(
        self,
        own: Moments,
        data: Observations,
        heads: Sequence[NDArray[np.float64]],
        sight: Sight = SIGHTS[0],
    ) -> None:
        self.own, self.data = own, data
        self._within, self._noise = own.within.sum(0), own.noise.sum(0)
        self._pairs = np.diff(data.segment) == 0
        # what lies below a floor may have a memory
        least = float(norm.isf(SIGNIFICANT)) / np.sqrt(data.count)
        self._memory = float("inf") if own.floor else least
        usual = float(np.median(np.diag(self._noise))) if own.terms else 0.0
        self._swamped = min(_SWAMPED, _TIMES_USUAL * usual)
        points = len(data.points)
        fields = own.fields.reshape(points, len(data.spread), len(own.terms))
        for unit in directions(heads):
            fields = fields - unit[:, :, None] * np.einsum("pc,pct->pt", unit, fields)[:, None]
        self._fields = fields
        self._reference = np.einsum("pct,pcu->tu", fields, fields, optimize=True) / points
        self._look(sight)

    def _look(self, sight: Sight) -> None:
        self._sight = sight
        self._form = self._within - (1.0 - sight.kept) * self._noise
        self._known: dict[bytes, Step] = {}

    def seen(self, sight: Sight) -> NoisyTerms:
        """The same terms, noise counted another way."""
        other = copy(self)
        other._look(sight)
        return other

    @property
    def whole(self) -> Step:
        """The best combination of all terms."""
        return self.best(np.arange(len(self.own.terms)))

    def best(self, support: NDArray[np.int64], larger: Step | None = None) -> Step:
        """Least variation over the factors of a support; identities have none.

        What is known of a larger support tells where to look.
        """
        key = support.tobytes()
        if key not in self._known:  # many orders of leaving terms out come to the same support
            pick = np.ix_(support, support)
            definite = larger is not None and larger.definite
            own, definite = least_ratio(
                self._form[pick],
                self._reference[pick],
                _IDENTITY,
                definite=definite,
                near=larger.near(support, self._sight.kept) if larger and definite else None,
            )
            factors = np.zeros(len(self.own.terms))
            factors[support] = own
            noise = float(factors @ self._noise @ factors)
            excess = float(factors @ self._within @ factors) - noise
            self._known[key] = Step(support, own, excess, noise, definite)
        return self._known[key]

    def is_noise(self, step: Step, whole: Step | None = None) -> bool:
        """Whether a combination varies no more than noise does, and no more than a larger one.

        Above a floor it may be as much more than the larger one as that may be more than noise.
        """
        allowed = _OFTEN
        if whole is not None:
            beyond = max(whole.excess / whole.noise, 0.0)
            dropped = max(1, len(whole.support) - len(step.support))
            missed = _missed(dropped) / self.data.count
            allowed = beyond + _OFTEN if self.own.floor else min(_OFTEN, beyond + missed + _UNSURE)
        if not (0 < step.noise <= _SWAMPED and step.noise <= self._swamped * self._usual_of(step)):
            return False
        if step.excess > min(_VARIES, allowed * step.noise):
            return False
        return self._memory_of(step) <= self._memory

    def _usual_of(self, step: Step) -> float:
        """The reference beside which noise is to be usual, over that of what is new."""
        if not self._sight.beside:
            return 1.0
        pick = np.ix_(step.support, step.support)
        return float(step.factors @ self.own.reference[pick] @ step.factors)

    def _memory_of(self, step: Step) -> float:
        """Correlation of what is left with the sample before."""
        pick = np.ix_(step.support, step.support)
        before = float(step.factors @ self._before[pick] @ step.factors)
        return before / max(self.data.count * (step.excess + step.noise), 1e-300)

    @cached_property
    def _before(self) -> NDArray[np.float64]:
        """Products of deviations with those of the sample before."""
        own = self.own.deviations
        product: NDArray[np.float64] = own[1:][self._pairs].T @ own[:-1][self._pairs]
        return product

    def pairs(self) -> list[Step]:
        """Combinations of two terms that vary no more than noise: the simplest first."""
        form, reference = self._form, self._reference
        own, sizes = np.diag(form), np.diag(reference)
        square = np.outer(sizes, sizes) - reference**2
        middle = np.outer(own, sizes) + np.outer(sizes, own) - 2.0 * form * reference
        last = np.outer(own, own) - form**2
        with np.errstate(all="ignore"):  # of identities
            root = np.sqrt(np.maximum(middle**2 - 4.0 * square * last, 0.0))
            least = (middle - root) / (2.0 * square)
        least[square <= _IDENTITY * np.outer(sizes, sizes)] = np.inf
        most = _VARIES + self._sight.kept * _SWAMPED
        first, second = np.nonzero(np.triu(least <= most, 1))
        steps = (self.best(np.array(pair)) for pair in zip(first, second, strict=True))
        return sorted((one for one in steps if self.is_noise(one)), key=self.size)[:_FORMS]

    def forms(self, whole: Step) -> list[Step]:
        """What is left of a combination without the terms that nobody misses: the best first.

        There are many ways to leave terms out. Several are tried, and what varies least on groups
        of trajectories that the factors are not fitted to is the best; among equals the simplest.
        """
        stream = np.random.default_rng(len(whole.support))
        thin = [self.thinned(whole, whole, order) for order in (whole.support[::-1], None)]
        for tried in range(_ORDERS):
            shortest = min(len(one.support) for one in thin)
            if tried == _ENOUGH_ORDERS and shortest > 2 * _MOST_TERMS:
                break
            thin.append(self.thinned(whole, whole, stream.permutation(whole.support)))
        thin = sorted((one for one in thin if len(one.support) <= _MOST_TERMS), key=self.size)
        if not thin:
            return []
        thin += [self.swapped(whole, one) for one in thin[:_TO_SWAP]]
        every = list({tuple(one.support): one for one in thin}.values())
        unseen = [self.unseen(one) for one in every]
        margin = min(unseen) + np.sqrt(2.0 / self.data.count)
        order = sorted(
            range(len(every)),
            key=lambda n: (max(unseen[n], margin), self.size(every[n])),
        )
        return [every[number] for number in order[:_FORMS]]

    def unseen(self, step: Step) -> float:
        """Excess over noise on groups of trajectories, factors fitted to the others."""
        within, noise = self._left_out(step, np.arange(len(self.own.within)))
        return float(within.sum() / noise.sum()) - 1.0 if noise.sum() > 0 else float("inf")

    def unseen_each(self, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """Logarithm of variance over noise of each part, for factors fitted to other groups.

        Not a number where so little noise is left of the estimate that it is none.
        """
        within, noise = self._left_out(self.whole, groups)
        told = (within > 0.0) & (noise > 0.0)
        return np.log(np.where(told, within, np.nan) / np.where(told, noise, 1.0))

    def _left_out(
        self, step: Step, groups: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Variance and noise of each part, for factors fitted to groups of parts beside its own."""
        pick = np.ix_(step.support, step.support)
        parts = np.stack([self.own.within, self.own.noise])[:, :, pick[0], pick[1]]
        found = np.zeros(parts.shape[:2])
        for number in np.unique(groups):
            own = parts[:, groups == number]
            within, noise = own.sum(1)
            form = self._form[pick] - (within - (1.0 - self._sight.kept) * noise)
            factors = step.factors
            if own.shape[1] < parts.shape[1]:
                factors, _ = least_ratio(
                    form, self._reference[pick], _IDENTITY, definite=step.definite
                )
            found[:, groups == number] = np.einsum("i,kgij,j->kg", factors, own, factors)
        return found[0], found[1]

    def thinned(self, whole: Step, start: Step, order: NDArray[np.int64] | None = None) -> Step:
        """Without the terms that nobody misses: in an order, or the lightest first."""
        step, missed = start, True
        if order is not None and not step.definite:
            step = self._without_identities(whole, step, order)
        kept = np.zeros(len(self.own.terms), dtype=bool)
        kept[step.support] = True
        while missed and step.support.size > 1:
            missed = False
            tried = self._lightest(step) if order is None else order[kept[order]]
            place, block = 0, max(1, len(tried) // 4)
            while place < len(tried):
                dropped = tried[place : place + block]
                kept[dropped] = False
                smaller = self.best(np.flatnonzero(kept), step) if kept.any() else None
                if smaller is not None and self.is_noise(smaller, whole):
                    step, missed = smaller, True
                    place += block
                    continue
                kept[dropped] = True
                if block > 1:
                    block //= 2
                else:
                    place += 1
        return step

    def _without_identities(self, whole: Step, step: Step, order: NDArray[np.int64]) -> Step:
        """Without terms that others stand for, the first in an order of each identity.

        They would be left out in the end; without them it is faster to see what else is.
        """
        last = order[::-1]
        kept = last[independent(self._reference[np.ix_(last, last)], _NEARLY)]
        smaller = self.best(np.sort(kept))
        return smaller if self.is_noise(smaller, whole) else step

    def _lightest(self, step: Step) -> NDArray[np.int64]:
        scatter = np.diag(self._within)[step.support]
        weights = np.abs(step.factors) * np.sqrt(scatter)
        order: NDArray[np.int64] = step.support[np.argsort(weights, kind="stable")]
        return order

    def swapped(self, whole: Step, step: Step) -> Step:
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

    def size(self, step: Step) -> int:
        return size_of([self.own.terms[place] for place in step.support])

    def is_even(self, step: Step) -> bool:
        """Whether more than a few points, near a pole, make the reference what it is."""
        sizes = ((self._fields[:, :, step.support] @ step.factors) ** 2).sum(1)
        return bool(sizes.sum() ** 2 > _FEW_POINTS * len(sizes) * (sizes**2).sum())

    def combination(self, step: Step) -> Combination:
        terms = [self.own.terms[place] for place in step.support]
        factors = step.factors / self.own.scale[step.support]
        return measured(terms, factors / factors[0], self.data, 1.0)

    def gradients(self, step: Step) -> NDArray[np.float64]:
        field: NDArray[np.float64] = self.own.fields[:, step.support] @ step.factors
        return field.reshape(len(self.data.points), -1)
