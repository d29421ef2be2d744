"""Split a candidate into terms with free factors: its linear and its nonlinear part.

A law is known up to a factor and a constant, so a candidate is a combination of terms,
``a0*T0 + a1*T1 + ...``, with parameters left only inside the terms. For given nonlinear
parameters the best factors follow from a small eigenproblem: the variable projection of
Golub and Pereyra (1973, doi:10.1137/0710036).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, parameter
from noether_sym.dsl.operators import UnitRule, operator_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A formula as a combination of terms.

    Attributes
    ----------
    expression : Expression
        As enumerated.
    terms : tuple of Expression
        Each with a free factor in front; nonlinear parameters numbered over all terms.
    nonlinear : int
        Number of nonlinear parameters.
    """

    expression: Expression
    terms: tuple[Expression, ...]
    nonlinear: int


def decompose(expression: Expression) -> Candidate:
    """Split a formula into terms with free factors; constants alone are left out."""
    if expression.parameter_count == 0:
        return Candidate(expression, (expression,), 0)
    terms = _combination(expression)
    while len(terms) == 1:
        again = _combination(terms[0])
        if again == terms:
            break
        terms = again
    ordered = sorted(terms, key=display_order)
    counter = iter(range(sum(term.parameter_count for term in ordered)))
    numbered = tuple(_renumber(term, counter) for term in ordered)
    return Candidate(expression, numbered, sum(term.parameter_count for term in numbered))


def display_order(term: Expression) -> tuple[bool, int, int, tuple[int, ...], str]:
    """Sort key of terms: polynomials first, then short ones, then by column."""
    plain = all(node.is_leaf or operator_of(node.head).is_polynomial for node in term.walk())
    columns = tuple(node.index for node in term.walk() if node.head == INPUT)
    return (not plain, term.parameter_count, term.size, columns, term.text("xyz" * 20, "c" * 60))


def free_core(expression: Expression) -> Expression | None:
    """What is left of a formula with a free factor when the factor is taken out.

    Returns None where no parameter gives the formula a free factor, and the parameter
    leaf itself for a formula that is nothing but a factor.
    """
    head, arguments = expression.head, expression.arguments
    if expression.is_leaf:
        return expression if head == PARAMETER else None
    operator = operator_of(head)
    if operator.is_product:
        one, two = (free_core(argument) for argument in arguments)
        if one is None and two is None:
            return None
        left = arguments[0] if one is None else one
        right = arguments[1] if two is None else two
        if right.head == PARAMETER:
            return left
        if left.head == PARAMETER:
            return right if operator.unit_rule is UnitRule.PRODUCT else call("inverse", right)
        return call(head, left, right)
    if operator.passes_factor:
        nonlinear = free_core(arguments[0])
        if nonlinear is None or nonlinear.head == PARAMETER:
            return nonlinear
        return call(head, nonlinear)
    if operator.is_sum:
        one, two = (free_core(argument) for argument in arguments)
        if one is None or two is None:
            return None
        if one.head == PARAMETER or two.head == PARAMETER:
            # c*a + d = c*(a + d'), a free factor with a parameter left inside
            rest = two if one.head == PARAMETER else one
            return rest if rest.head == PARAMETER else call("add", rest, parameter(0))
        return call("add", one, call("mul", parameter(0), two))
    return None


def _combination(expression: Expression) -> list[Expression]:
    """Terms of a sum, those without a free factor of their own joined into one."""
    fixed: list[tuple[int, Expression]] = []
    free: list[Expression] = []
    for sign, term in _addends(expression, 1):
        core = free_core(term)
        if core is None:
            fixed.append((sign, term))
        elif core.head != PARAMETER and core not in free:
            free.append(core)
    if fixed:
        free.insert(0, _joined(fixed))
    return free


def _addends(expression: Expression, sign: int) -> list[tuple[int, Expression]]:
    """Flatten a sum; products with sums that hold a free addend are multiplied out."""
    if expression.is_leaf:
        return [(sign, expression)]
    head, arguments = expression.head, expression.arguments
    operator = operator_of(head)
    rule = operator.unit_rule
    if operator.is_sum:
        return _addends(arguments[0], sign) + _addends(arguments[1], sign * operator.sign)
    if rule is UnitRule.PRODUCT:
        for one, two in (arguments, arguments[::-1]):
            if _has_free_addend(two) and one.parameter_count == 0:
                return [
                    (part_sign, call(head, one, part)) for part_sign, part in _addends(two, sign)
                ]
    is_quotient = rule is UnitRule.QUOTIENT and arguments[1].parameter_count == 0
    if is_quotient and _has_free_addend(arguments[0]):
        return [
            (part_sign, call(head, part, arguments[1]))
            for part_sign, part in _addends(arguments[0], sign)
        ]
    if operator.whole_power == 2 and _is_sum(arguments[0]):
        # (a + c)**2 is a**2 + c'*a and a constant
        parts = arguments[0].arguments
        rest = [part for part in parts if part.head != PARAMETER]
        if len(rest) == 1 and rest[0].parameter_count == 0:
            cross = call("mul", parameter(0), rest[0])
            return [(sign, call(head, rest[0])), (sign, cross)]
    return [(sign, expression)]


def _is_sum(expression: Expression) -> bool:
    return not expression.is_leaf and operator_of(expression.head).is_sum


def _has_free_addend(expression: Expression) -> bool:
    return _is_sum(expression) and any(
        free_core(part) is not None for _, part in _addends(expression, 1)
    )


def _joined(fixed: list[tuple[int, Expression]]) -> Expression:
    ordered = sorted(fixed, key=lambda pair: (-pair[0], display_order(pair[1])))
    first = ordered[0][0]
    return reduce(
        lambda total, pair: call("add" if pair[0] == first else "sub", total, pair[1]),
        ordered[1:],
        ordered[0][1],
    )


def _renumber(term: Expression, counter: Iterator[int]) -> Expression:
    return term.mapped(lambda node: node if node.head == INPUT else parameter(next(counter)))
