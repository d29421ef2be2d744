"""Formulas as sums of terms without constants, each with a factor that the constants make.

``c0*x*log(c1*x)`` is ``c0 * x*log(x) + c0*log(c1) * x``. What noise does to the terms is undone
once, and then constants can be fitted without looking at the data again: the variable projection
of Golub and Pereyra (1973, doi:10.1137/0710036) for more than factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, parameter, sum_of
from noether_sym.dsl.operators import Freedom, Operator, Parity, UnitRule, operator_of


@dataclass(frozen=True, slots=True)
class _Product:
    """A sign, a formula of constants, and one of columns; None for 1."""

    sign: int
    factor: Expression | None
    body: Expression | None


@dataclass(frozen=True, slots=True)
class Separation:
    """A formula whose constants stand in front of terms.

    Attributes
    ----------
    terms : tuple of Expression
        Without constants; a number by itself, which no scatter knows of, is left out.
    factors : tuple of tuple of (int, Expression or None)
        Of each term the formulas of constants that add up to its factor, with their signs; None
        for 1.
    scales : frozenset of int
        Slots of constants that scale what a logarithm is taken of, or the like: positive, and
        told by their ratio rather than their difference.
    """

    terms: tuple[Expression, ...]
    factors: tuple[tuple[tuple[int, Expression | None], ...], ...]
    scales: frozenset[int]

    @property
    def expression(self) -> Expression:
        """The terms with one free factor each."""
        return sum_of(call("mul", parameter(n), own) for n, own in enumerate(self.terms))

    def at(self, values: Sequence[float]) -> NDArray[np.float64]:
        """Factors of the terms, and their derivatives by the constants.

        Parameters
        ----------
        values : sequence of float
            Of the constants, by slot.

        Returns
        -------
        array of shape (1 + parameter, term)
            Not a number where constants leave what their formula is defined for.
        """
        found = np.zeros((1 + len(values), len(self.terms)))
        given = [np.float64(value) for value in values]
        with np.errstate(all="ignore"):
            for place, sums in enumerate(self.factors):
                for sign, factor in sums:
                    if factor is None:
                        found[0, place] += sign
                        continue
                    value, slopes = factor.linearise(np, (), given, PARAMETER)
                    found[0, place] += sign * value
                    for slot, slope in slopes.items():
                        found[1 + slot, place] += sign * slope
        return found


def separation(expression: Expression) -> Separation | None:
    """Separate a formula; None where a constant stands inside a term for good, as in cos(c0*x)."""
    products = _products(expression)
    if products is None:
        return None
    factors: dict[Expression, list[tuple[int, Expression | None]]] = {}
    for own in products:
        if own.body is not None:
            factors.setdefault(own.body, []).append((own.sign, own.factor))
    if not factors:
        return None
    scales = (
        node.arguments[0].slots
        for own in products
        if own.factor is not None
        for node in own.factor.walk()
        if not node.is_leaf and operator_of(node.head).factor is Freedom.CONSTANT
    )
    return Separation(
        tuple(factors),
        tuple(tuple(sums) for sums in factors.values()),
        frozenset(slot for slots in scales for slot in slots),
    )


def _products(node: Expression) -> list[_Product] | None:
    """Addends of a formula."""
    if node.parameter_count == 0:
        return [_Product(1, None, node)]
    if not any(own.head == INPUT for own in node.walk()):
        return [_Product(1, node, None)]
    operator = operator_of(node.head)
    parts = [_products(argument) for argument in node.arguments]
    known = [own for own in parts if own is not None]
    if len(known) < len(parts):
        return None
    if operator.is_sum:
        left, right = known
        return [*left, *(_Product(own.sign * operator.sign, own.factor, own.body) for own in right)]
    if operator.is_product:
        left, right = known
        if operator.unit_rule is UnitRule.QUOTIENT and len(right) > 1:
            return None
        return [_joined(operator, one, two) for one in left for two in right]
    if operator.arity > 1:
        return None
    return _inside(operator, known[0])


def _joined(operator: Operator, one: _Product, two: _Product) -> _Product:
    """The product, or the quotient, of two."""
    return _Product(
        one.sign * two.sign,
        _both(operator, one.factor, two.factor),
        _both(operator, one.body, two.body),
    )


def _both(operator: Operator, one: Expression | None, two: Expression | None) -> Expression | None:
    if two is None:
        return one
    if one is not None:
        return call(operator.name, one, two)
    return two if operator.unit_rule is UnitRule.PRODUCT else call("inverse", two)


def _inside(operator: Operator, parts: Sequence[_Product]) -> list[_Product] | None:
    """An operation of one product, where it lets factors out."""
    if len(parts) != 1:
        return None
    (own,) = parts
    factor, body = _of(operator, own.factor), _of(operator, own.body)
    if operator.factor is Freedom.FACTOR and (own.sign > 0 or operator.parity is not Parity.NONE):
        return [_Product(own.sign if operator.parity is Parity.ODD else 1, factor, body)]
    if operator.factor is Freedom.CONSTANT and own.sign > 0:
        return [_Product(1, factor, None), _Product(1, None, body)]
    return None


def _of(operator: Operator, argument: Expression | None) -> Expression | None:
    return None if argument is None else call(operator.name, argument)
