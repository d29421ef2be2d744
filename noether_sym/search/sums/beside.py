"""Terms in noise beside others that are always there: what the best combination leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.blocks import Family, bonds, families
from noether_sym.search.sums.forms import NoisyTerms
from noether_sym.search.sums.moments import NoisySamples, moments
from noether_sym.search.sums.noisy import differs_in_noise
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.terms import Quantities, Term
from noether_sym.search.sums.walk import Combination

MOST_COLUMNS = 4
"""That a law reads, or the data have, for which there is time."""

FEWEST_TRAJECTORIES = 8
"""On which forms can be compared."""

_SCANNED = 500
"""Samples on which constants are scanned."""


@dataclass(frozen=True, eq=False)
class InNoise:
    """What laws with other functions, or with constants inside, are looked for in.

    Attributes
    ----------
    data : Observations
    known : Quantities
        What terms are made of.
    sigma : array of shape (column,)
        Standard deviation of each column's noise.
    heads : sequence of Combination
        What is constant beside the laws in noise.
    groups : array of shape (trajectory,)
        Groups of trajectories, each to be left out in turn when forms are compared.
    """

    data: Observations
    known: Quantities
    sigma: NDArray[np.float64]
    heads: Sequence[Combination]
    groups: NDArray[np.int64]

    @cached_property
    def blocks(self) -> list[Family]:
        """Every block of terms that share a constant."""
        return [*families(self.data, self.known), *bonds(self.data, self.known)]

    @cached_property
    def _samples(self) -> tuple[NoisySamples, NoisySamples]:
        every = self.data, self.data.thinned(_SCANNED)
        whole, some = (NoisySamples(own, self.sigma) for own in every)
        return whole, some

    def beside(self, base: Sequence[Term], laws: Sequence[Combination]) -> tuple[Beside, Beside]:
        """Products on all samples, and on some to scan constants on, beside laws that are known."""
        others = [*self.heads, *laws]
        whole, some = self._samples
        return Beside(whole, base, others, self.groups), Beside(some, base, others, None)


class Beside:
    """Products beside which other terms are put.

    Parameters
    ----------
    samples : NoisySamples
    base : sequence of Term
        The products.
    others : sequence of Combination
        What is known to be constant.
    groups : array of shape (trajectory,), optional
        Groups of trajectories, each to be left out in turn when forms are compared.
    """

    def __init__(
        self,
        samples: NoisySamples,
        base: Sequence[Term],
        others: Sequence[Combination],
        groups: NDArray[np.int64] | None,
    ) -> None:
        self._samples, self._base = samples, list(base)
        self._data = data = samples.data
        self._heads = [one.on(data).gradients for one in others]
        self._groups = np.zeros(data.segments, dtype=np.int64) if groups is None else groups

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

        The factors are fitted to the groups of other trajectories. Not a number of what holds a
        term that noise swamps.
        """
        each = moments(form.terms, self._samples, np.arange(self._data.segments))
        if len(each.terms) < len(form.terms):
            return np.full(self._data.segments, np.nan)
        return NoisyTerms(each, self._data, self._heads).unseen_each(self._groups)


def forms_of(library: NoisyTerms) -> list[Combination]:
    """What is left of a library if its best combination varies no more than noise does."""
    if not library.own.terms or not library.is_noise(library.whole):
        return []
    steps = [one for one in library.forms(library.whole) if library.is_even(one)]
    found = [library.combination(one) for one in steps]
    return [one for one in found if differs_in_noise(one, library.data)]
