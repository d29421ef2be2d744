"""Squares completed: a law about the origin at which it has fewer terms.

``x - 0.05*x**2 - 0.2*v**2`` is ``(x - 10)**2 + 4*v**2``: an oscillator about x = 10. Likewise
``x*v - 3*v`` is ``(x - 3)*v``, as in an angular momentum about another point. A law is known up to
a factor and a constant, so that a column can be counted from any origin; where one makes a term
vanish, the law is written about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, parameter
from noether_sym.dsl.operators import operator_of
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.dimension import DIMENSIONLESS, Dimension


@dataclass(frozen=True, slots=True)
class _Term:
    """An addend: its sign, the slot of its factor (None for 1), what it multiplies, and the
    powers of columns that this is (None where it is none)."""

    sign: int
    slot: int | None
    body: Expression
    powers: tuple[tuple[int, int], ...] | None

    @property
    def columns(self) -> frozenset[int]:
        return self.body.inputs

    def power(self, column: int) -> int:
        """Of a column in a product of powers."""
        return dict(self.powers or ()).get(column, 0)

    def without(self, column: int) -> tuple[tuple[int, int], ...]:
        """The powers of the other columns."""
        return tuple(own for own in self.powers or () if own[0] != column)


@dataclass(frozen=True, slots=True)
class _Shift:
    """A column, the term in which it is counted from its origin, and the term that vanishes.

    The origin is `times` the ratio of the factor of `lower` to that of `upper`.
    """

    column: int
    upper: _Term
    lower: _Term
    times: float


def completed(law: Law) -> Law:
    """The same law with squares completed and common factors taken out, where that saves terms.

    Standard errors and intervals follow by propagation (first order); a law whose constants
    have no known covariance, or that reads another way, is returned as it is.

    Parameters
    ----------
    law : Law
        A sum of terms with one factor each.
    """
    terms = _terms(law.expression)
    if terms is None or not law.covariance:
        return law
    shifts: list[_Shift] = []
    for column in sorted(law.expression.inputs):
        found = _shift(column, terms)
        if found is not None:
            shifts.append(found)
            terms = [own for own in terms if own is not found.lower]
    return _written(law, terms, shifts) if shifts else law


def without_lead(law: Law) -> Law | None:
    """The same law without its first term, the next one with the factor 1.

    None where a parameter stands anywhere but in front of a term, where the covariance of the
    constants is not known, or where less than two terms are left.
    """
    terms = _terms(law.expression)
    if terms is None or len(terms) < 3 or not law.covariance:
        return None
    return _written(law, terms[1:], ())


def _terms(expression: Expression) -> list[_Term] | None:
    """Addends in order; None if a parameter stands anywhere but in front of one."""
    terms = []
    for sign, addend in _addends(expression, 1):
        slot, body = _factored(addend)
        if body is None or body.parameter_count:
            return None
        powers = _powers(body)
        own = None if powers is None else tuple(sorted(powers.items()))
        terms.append(_Term(sign, slot, body, own))
    return terms


def _addends(expression: Expression, sign: int) -> Iterator[tuple[int, Expression]]:
    if not expression.is_leaf and operator_of(expression.head).is_sum:
        left, right = expression.arguments
        yield from _addends(left, sign)
        yield from _addends(right, sign * operator_of(expression.head).sign)
    else:
        yield sign, expression


def _factored(addend: Expression) -> tuple[int | None, Expression | None]:
    """The slot of a factor, None for 1, and what it multiplies, None for 1."""
    if addend.head == PARAMETER:
        return addend.index, None
    if addend.head not in ("mul", "div"):
        return None, addend
    (slot, left), (other, right) = map(_factored, addend.arguments)
    if addend.head == "div":
        right, other = addend.arguments[1], None
    if (slot is None) == (other is None):
        return None, addend
    if left is None and right is not None and addend.head == "div":
        return slot, call("inverse", right)
    parts = [own for own in (left, right) if own is not None]
    return (other if slot is None else slot), reduce(partial(call, addend.head), parts)


def _powers(body: Expression) -> Mapping[int, int] | None:
    """Whole powers of columns whose product a formula is."""
    if body.is_leaf:
        return {body.index: 1} if body.head == INPUT else None
    operator = operator_of(body.head)
    parts = [_powers(argument) for argument in body.arguments]
    if body.head == "mul":
        one, two = parts
        if one is None or two is None:
            return None
        return {column: one.get(column, 0) + two.get(column, 0) for column in {**one, **two}}
    if operator.whole_power > 1 and parts[0] is not None:
        return {column: own * operator.whole_power for column, own in parts[0].items()}
    return None


def _shift(column: int, terms: Iterable[_Term]) -> _Shift | None:
    """How counting a column from another origin makes a term vanish and changes nothing else."""
    own = [term for term in terms if column in term.columns]
    if any(term.powers is None for term in own):
        return None
    upper = [term for term in own if term.powers != ((column, 1),)]  # a lone x only adds a number
    if len(upper) != 1:
        return None
    rest, power = upper[0].without(column), upper[0].power(column)
    if power == 2 and not rest:
        lower, times = [term for term in own if term is not upper[0]], -0.5
    elif power == 1 and [own for _, own in rest] == [1]:
        lower, times = [term for term in terms if term.powers == rest], -1.0
    else:
        return None
    return _Shift(column, upper[0], lower[0], times) if lower else None


def _written(law: Law, terms: Sequence[_Term], shifts: Sequence[_Shift]) -> Law:
    """The remaining terms about the new origins, the first one with the factor 1."""
    lead, *others = terms
    made = _Constants(law)

    def body(term: _Term) -> Expression:
        origins = {own.column: own for own in shifts if own.upper is term}

        def leaf(node: Expression) -> Expression:
            own = origins.get(node.index)
            return (
                node if own is None else call("sub", node, made.ratio(own.lower, term, own.times))
            )

        return term.body.mapped(leaf)

    total = body(lead)
    for own in others:
        if own.slot is None and lead.slot is None:
            total = call("add" if own.sign == lead.sign else "sub", total, body(own))
            continue
        factor, term = made.ratio(own, lead), body(own)
        if term.head == "inverse":
            product = call("div", factor, term.arguments[0])
        else:
            product = call("mul", factor, term)
        total = call("add", total, product)
    return law.with_(
        expression=total,
        parameters=made.parameters(),
        dimension=law.dimension / made.dimension(lead),
        covariance=tuple(map(tuple, made.covariance().tolist())),
    ).tidied()


class _Constants:
    """New constants that are ratios of a law's own, with what is known of those."""

    def __init__(self, law: Law) -> None:
        self._own = law.parameters
        self._values = np.array([*law.values, 1.0])  # the last stands for factors of 1
        self._known = np.array(law.covariance)
        self._found: list[tuple[float, Dimension]] = []
        self._slopes: list[NDArray[np.float64]] = []

    def ratio(self, over: _Term, under: _Term, times: float = 1.0) -> Expression:
        """A number times the ratio of the factors of two terms, as a parameter."""
        top, bottom = self._place(over), self._place(under)
        value = times * over.sign * under.sign * self._values[top] / self._values[bottom]
        slope = np.zeros(len(self._values))
        slope[top] = value / self._values[top]
        slope[bottom] = -value / self._values[bottom]
        self._found.append((float(value), self.dimension(over) / self.dimension(under)))
        self._slopes.append(slope[:-1])
        return parameter(len(self._found) - 1)

    def dimension(self, term: _Term) -> Dimension:
        """That of a term's factor."""
        return DIMENSIONLESS if term.slot is None else self._own[term.slot].dimension

    def covariance(self) -> NDArray[np.float64]:
        """By propagation of the old ones, to first order."""
        slopes = np.array(self._slopes)
        return np.asarray(slopes @ self._known @ slopes.T)

    def parameters(self) -> tuple[Parameter, ...]:
        """The new constants, in the order in which they were asked for."""
        errors = np.sqrt(np.diag(self.covariance()).clip(min=0.0))
        rows = zip(self._found, errors.tolist(), self._slopes, strict=True)
        return tuple(
            self._parameter(f"c{slot}", *found, error, np.flatnonzero(slopes).tolist())
            for slot, (found, error, slopes) in enumerate(rows)
        )

    def _parameter(
        self, name: str, value: float, dimension: Dimension, error: float, made_of: Sequence[int]
    ) -> Parameter:
        known = [self._own[slot] for slot in made_of]
        if any(one.stderr is None for one in known):
            return Parameter(name, value, dimension)
        degrees = [one.degrees for one in known if one.degrees is not None]
        if len(degrees) < len(known):
            return Parameter(name, value, dimension, error)
        reach = float(student.ppf(0.975, min(degrees))) * error
        return Parameter(
            name, value, dimension, error, (value - reach, value + reach), min(degrees)
        )

    @staticmethod
    def _place(term: _Term) -> int:
        return -1 if term.slot is None else term.slot
