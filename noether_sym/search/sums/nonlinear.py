"""Terms with a constant inside: exponentials, waves, logarithms, roots, shared denominators.

For a given constant the best factors follow from linear algebra, so that only the constant is
searched: variable projection (Golub and Pereyra 1973, doi:10.1137/0710036). A block of terms
shares one constant; over a grid of its values the least ratio of the block, beside a small
library of terms without constants (products alone, then with functions), is looked at, and
refined where it dips.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.blocks import Family, bonds, families
from noether_sym.search.sums.observations import Evaluated, Observations, evaluated
from noether_sym.search.sums.terms import Quantities, Term, monomials
from noether_sym.search.sums.walk import Combination, Walk, adds, measured

_BASE = 120
"""Most terms without constants beside a block."""

_SCANNED = 1000
"""Samples on which constants are scanned."""

_DIPS = 24
"""Dips that are refined, the lowest first."""

_DIP = 0.2
"""Least ratio at a dip over those two steps away."""

_ROUNDING = 1e-12
"""Ratio that is nothing but rounding."""

_NEAR = 1e-4
_CLOSE = 1e-6
_MOST_COLUMNS = 6
"""Of the data, for which there is time."""


def with_constants(data: Observations, known: Quantities) -> Iterator[Combination]:
    """Sums that hold a constant inside their terms and are constant along trajectories."""
    if len(data.states) > _MOST_COLUMNS:
        return
    found: list[Combination] = []
    for one in _passes(data, known):
        if not any(other.size <= one.size and not adds(one, [other]) for other in found):
            found.append(one)
            yield one


def _passes(data: Observations, known: Quantities) -> Iterator[Combination]:
    plain = monomials(known.plain, 2, 3)
    functions = [one for one in known.functions if one.size <= 2]
    every = list(families(data, known))
    thinned = data.thinned(_SCANNED)
    scans = [_Scan(data, thinned, plain)]
    if functions:
        # after products alone: functions can follow a block so closely that a law is not seen
        scans.append(_Scan(data, thinned, [*plain, *functions]))
    for scan, dips in zip(scans, _dips(thinned, scans, every), strict=True):
        yield from scan.laws(dips)
    (bonded,) = _dips(thinned, scans[:1], list(bonds(data, known)))
    yield from scans[0].laws(bonded)


def _dips(
    thinned: Observations, scans: Sequence[_Scan], every: Sequence[Family]
) -> list[list[_Dip]]:
    """For each scan, where the least ratio of a block dips over a grid.

    Where it is nothing but rounding on both sides, the law does not need the constant.
    """
    parts = thinned.parts()
    found: list[list[_Dip]] = [[] for _ in scans]
    for family in every:
        for grid in family.grids:
            blocks = [evaluated(family.terms(constant), thinned, parts) for constant in grid]
            for own, scan in zip(found, scans, strict=True):
                own += _dips_of(family, grid, np.array([scan.least(block) for block in blocks]))
    return found


def _dips_of(
    family: Family, grid: NDArray[np.float64], ratios: NDArray[np.float64]
) -> Iterator[_Dip]:
    ratios = np.maximum(ratios, _ROUNDING)
    last = len(grid) - 1
    for place in range(1, last):
        around = min(ratios[place - 1], ratios[place + 1])
        further = min(ratios[max(place - 2, 0)], ratios[min(place + 2, last)])
        if ratios[place] <= around and ratios[place] <= _DIP * further:
            low, high = sorted((float(grid[place - 1]), float(grid[place + 1])))
            yield _Dip(float(ratios[place]), family, (low, high))


@dataclass(frozen=True, slots=True)
class _Dip:
    """A least ratio below those beside it on the grid, and a bracket of the constant there."""

    ratio: float
    family: Family
    bracket: tuple[float, float]


class _Scan:
    """Blocks beside a small library, which is walked once.

    Parameters
    ----------
    data : Observations
    thinned : Observations
        Some of them, for the scan over a grid.
    library : sequence of Term
        The smallest are taken; the leading terms of laws that they hold themselves are left out.
    """

    def __init__(self, data: Observations, thinned: Observations, library: Sequence[Term]) -> None:
        base = sorted(library, key=lambda term: term.size)[:_BASE]
        self._whole = _Beside(data, base)
        if leads := self._whole.leads:
            base = [term for term in base if term not in leads]
            self._whole = _Beside(data, base)
        self._thinned = _Beside(thinned, base)

    def least(self, block: Evaluated) -> float:
        """Least ratio of the library and a block, on the thinned data."""
        return self._thinned.walk.least_ratio(block)

    def laws(self, dips: Sequence[_Dip]) -> Iterator[Combination]:
        """Laws of the library and any of the blocks, where the ratio dips lowest first."""
        for dip in sorted(dips, key=lambda one: one.ratio)[:_DIPS]:
            constant = self.refined(dip.family, dip.bracket)
            if constant is not None:
                yield from self.found(dip.family, constant)

    def refined(self, family: Family, bracket: tuple[float, float]) -> float | None:
        """The constant at which the least ratio is nothing; None if it is not."""
        from scipy.optimize import minimize_scalar

        width = bracket[1] - bracket[0]
        for precision, steps, close in ((1e-3, 14, _NEAR), (1e-9, 60, _CLOSE)):
            answer = minimize_scalar(
                lambda constant: np.sqrt(self._whole.least(family, constant)),
                bounds=bracket,
                method="bounded",
                options={"xatol": precision * width, "maxiter": steps},
            )
            if answer.fun**2 > close:
                return None
            spare = 10.0 * precision * width
            bracket = float(answer.x) - spare, float(answer.x) + spare
        return float(answer.x)

    def found(self, family: Family, constant: float) -> Iterator[Combination]:
        """Laws of the library and the block at a constant, which is then made exact."""
        block = family.terms(constant)
        numbers = {term: number for number, term in enumerate(block)}
        for one in self._whole.walk.branch(len(block)).through(block):
            places = [numbers.get(term, -1) for term in one.terms]
            if max(places) >= 0:
                yield self._polished(family, constant, one, places)

    def _polished(
        self, family: Family, constant: float, one: Combination, places: Sequence[int]
    ) -> Combination:
        """The same support at the constant at which the ratio is least."""
        from scipy.optimize import minimize_scalar

        def at(offset: float) -> Combination:
            block = family.terms(constant + offset)
            pairs = zip(places, one.terms, strict=True)
            terms = [block[place] if place >= 0 else term for place, term in pairs]
            columns = self._whole.evaluated(terms)
            within = columns.within
            factors = np.linalg.lstsq(within[:, :-1], -within[:, -1], rcond=1e-14)[0]
            weights = np.append(factors, 1.0) / columns.scale
            return measured(terms, weights, self._whole.data, one.cliff, columns)

        # offsets, for the method is as exact as the root of the rounding of what it varies
        width = 1e-4 * abs(constant)
        answer = minimize_scalar(
            lambda offset: np.sqrt(at(offset).ratio),
            bounds=(-width, width),
            method="bounded",
            options={"xatol": 1e-14 * abs(constant), "maxiter": 80},
        )
        found = at(float(answer.x))
        return found if found.ratio < one.ratio else one


class _Beside:
    """A library, walked once, to which blocks are added.

    Attributes
    ----------
    data : Observations
    walk : Walk
    leads : set of Term
        Leading terms of the laws that the library holds itself.
    """

    def __init__(self, data: Observations, base: Sequence[Term]) -> None:
        self.data = data
        self.walk = Walk(data, len(base))
        self._parts = data.parts()
        self.leads = {one.terms[-1] for one in self.walk.through(base)}

    def evaluated(self, terms: Sequence[Term]) -> Evaluated:
        """Terms on the data, their parts without constants computed once."""
        return evaluated(terms, self.data, self._parts)

    def least(self, family: Family, constant: float) -> float:
        """Least ratio of the library and a block at a constant."""
        return self.walk.least_ratio(self.evaluated(family.terms(constant)))
