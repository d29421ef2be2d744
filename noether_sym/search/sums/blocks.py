"""Blocks of terms that share a constant inside, and values of it to scan.

Exponentials, waves, logarithms, roots, and polynomials over one denominator; units decide what a
constant may stand before, as in `noether_sym.search.sums.terms`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import Expression, call, parameter
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.terms import Quantities, Term, monomials, times

_STEPS = 20
"""Values of a constant on a grid."""


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


def families(data: Observations, known: Quantities) -> Iterator[Family]:
    """Blocks of one function each, also times other quantities."""
    for term, inside, steps in _scaled(data, known):
        own = term.expression
        others = [one for one in known.plain if one is not term]
        yield _block([call("exp", inside)], others, (steps, -steps))
        yield _block([call("sin", inside), call("cos", inside)], others, (steps,))
        shifted = call("mul", parameter(0), call("add", own, parameter(1)))
        offsets = _offsets(data.states[own.index])
        for grid, sign in zip(offsets, (1.0, -1.0), strict=True):
            yield _block([call("log", shifted)], others, (grid,), (sign,))
    for term in known.plain:
        beside = [one for one in known.plain if not one.expression.inputs & term.expression.inputs]
        straight = [one for one in beside if one.expression.is_leaf]
        for whole in (term.expression, call("square", term.expression)):
            values = np.asarray(whole.evaluate(np, list(data.states), []))
            if np.std(values) <= 0:
                continue
            shifted, offsets = call("add", whole, parameter(0)), _offsets(values)
            yield _denominator(shifted, term, straight, offsets)
            yield _block([call("sqrt", shifted)], beside, offsets[:1])
            below = call("sub", parameter(0), whole)
            yield _block([call("sqrt", below)], beside, (-offsets[1],))


def bonds(data: Observations, known: Quantities) -> Iterator[Family]:
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
    """Constants that keep a sum with them from zero: above it, then below; rising, then falling."""
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
