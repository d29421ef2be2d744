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

from noether_sym.dsl.expression import Expression, call, parameter
from noether_sym.search.sums.observations import Evaluated, Observations, evaluated
from noether_sym.search.sums.terms import Quantities, Term, monomials, times
from noether_sym.search.sums.walk import Combination, Walk, adds, measured

_BASE = 120
_SCANNED = 1000
_STEPS = 20
_DIPS = 24
_DIP = 0.2
_ROUNDING = 1e-12
_NEAR = 1e-4
_CLOSE = 1e-6
_MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Family:
    """A block of terms that share a constant.

    Attributes
    ----------
    formulas : tuple of Term
        The terms, the values of their parameters left out.
    grids : tuple of arrays
        Values of the constant to scan, each in order.
    before : tuple of float
        Values of the parameters that come before the constant.
    """

    formulas: tuple[Term, ...]
    grids: tuple[NDArray[np.float64], ...]
    before: tuple[float, ...] = ()

    def terms(self, constant: float) -> list[Term]:
        """The terms with a value of the constant."""
        values = (*self.before, constant)
        return [Term(term.expression, term.size, values, term.kind) for term in self.formulas]


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
    families = list(_families(data, known))
    thinned = data.thinned(_SCANNED)
    scans = [_Scan(data, thinned, plain)]
    if functions:
        # after products alone: functions can follow a block so closely that a law is not seen
        scans.append(_Scan(data, thinned, [*plain, *functions]))
    for scan, dips in zip(scans, _dips(thinned, scans, families), strict=True):
        yield from scan.laws(dips)
    (bonded,) = _dips(thinned, scans[:1], list(_bonds(data, known)))
    yield from scans[0].laws(bonded)


def _dips(
    thinned: Observations, scans: Sequence[_Scan], families: Sequence[Family]
) -> list[list[_Dip]]:
    """For each scan, where the least ratio of a block dips over a grid.

    Where it is nothing but rounding on both sides, the law does not need the constant.
    """
    parts = thinned.parts()
    found: list[list[_Dip]] = [[] for _ in scans]
    for family in families:
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


def _families(data: Observations, known: Quantities) -> Iterator[Family]:
    for term, inside, steps in _scaled(data, known):
        own = term.expression
        others = [one for one in known.plain if one is not term]
        yield _block([call("exp", inside)], others, (steps, -steps))
        yield _block([call("sin", inside), call("cos", inside)], others, (steps,))
        shifted = call("mul", parameter(0), call("add", own, parameter(1)))
        offsets = _offsets(data.states[own.index])
        yield _block([call("log", shifted)], others, offsets[:1], (1.0,))
    for term in known.plain:
        others = [
            one for one in known.straight if not one.expression.inputs & term.expression.inputs
        ]
        for whole in (term.expression, call("square", term.expression)):
            values = np.asarray(whole.evaluate(np, list(data.states), []))
            if np.std(values) <= 0:
                continue
            shifted, offsets = call("add", whole, parameter(0)), _offsets(values)
            yield _denominator(shifted, term, others, offsets)
            yield _block([call("sqrt", shifted)], others, offsets[:1])


def _bonds(data: Observations, known: Quantities) -> Iterator[Family]:
    """Exponentials beside their squares, as in the potential of Morse."""
    for _, inside, steps in _scaled(data, known):
        exponential = call("exp", inside)
        pair = Term(exponential, 3), Term(call("square", exponential), 4)
        yield Family(pair, (steps, -steps))


def _scaled(
    data: Observations, known: Quantities
) -> Iterator[tuple[Term, Expression, NDArray[np.float64]]]:
    """Columns that move, with a constant as their factor, and values of it to scan."""
    spread = data.states.std(1)
    for term in known.straight:
        moves = float(spread[term.expression.index])
        if moves > 0:
            inside = call("mul", parameter(0), term.expression)
            yield term, inside, np.geomspace(0.1, 8.0, _STEPS) / moves


def _offsets(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Constants that keep a sum with them from zero: above it, then below."""
    steps = np.geomspace(0.05, 50.0, _STEPS) * float(np.std(values))
    return -values.min() + steps, -values.max() - steps


def _block(
    functions: Sequence[Expression],
    others: Sequence[Term],
    grids: tuple[NDArray[np.float64], ...],
    before: tuple[float, ...] = (),
) -> Family:
    """Functions of a constant, each by itself and times every other plain quantity."""
    own = [Term(function, 3) for function in functions]
    return Family((*own, *(times(one, two) for two in own for one in others)), grids, before)


def _denominator(
    below: Expression,
    term: Term,
    others: Sequence[Term],
    grids: tuple[NDArray[np.float64], ...],
) -> Family:
    """Polynomials of the other columns, also times the quantity itself, over one denominator."""
    inverse, squares = Term(call("inverse", below), 3), monomials(others, 2, 3)
    above = [*squares, *(times(term, one) for one in squares), term]
    return Family((inverse, *(times(one, inverse) for one in above)), grids)
