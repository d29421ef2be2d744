"""Starting values of nonlinear parameters: natural magnitudes, then a spread around them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import PARAMETER, Expression
from noether_sym.dsl.operators import OPERATORS, UnitRule

DECADES = 1.0
"""Starts cover this many decades below and above the natural magnitude."""


def natural_magnitudes(
    terms: tuple[Expression, ...], magnitude: Callable[[Expression], float]
) -> NDArray[np.float64]:
    """Magnitude of each nonlinear parameter that its place asks for, as with its unit.

    In ``cos(c*a)`` c is of the size 1/a; in ``a + c`` of the size of a.

    Parameters
    ----------
    terms : tuple of Expression
        With nonlinear parameters numbered over all terms.
    magnitude : callable
        Typical size of a part without parameters.

    Returns
    -------
    array of shape (nonlinear parameter,)
    """
    found: dict[int, float] = {}
    for term in terms:
        _assign(term, 1.0, magnitude, found)
    return np.array([found[slot] for slot in sorted(found)], dtype=np.float64)


def spread_starts(count: int, parameters: int) -> NDArray[np.float64]:
    """Multiples of the natural magnitudes to start from, shape (count, parameter).

    A low-discrepancy sequence in the logarithm, with both signs; the same at every call.
    """
    if parameters == 0:
        return np.ones((1, 0))
    from scipy.stats import qmc

    unit = qmc.Halton(parameters, scramble=False).random(count + 1)[1:]
    folded = 2.0 * unit - 1.0
    sign = np.where(folded < 0, -1.0, 1.0)
    exponent = (2.0 * np.abs(folded) - 1.0) * DECADES
    return sign * 10.0**exponent


def _size(expression: Expression, magnitude: Callable[[Expression], float]) -> float | None:
    """Typical size; None when a parameter sets it."""
    if expression.parameter_count == 0:
        return magnitude(expression)
    if expression.head == PARAMETER:
        return None
    operator = OPERATORS[expression.head]
    sizes = [_size(argument, magnitude) for argument in expression.arguments]
    if operator.unit_rule in (UnitRule.ANGLE, UnitRule.PURE):
        return 1.0
    if operator.unit_rule is UnitRule.EQUAL:
        known = [size for size in sizes if size is not None]
        return max(known) if known else None
    if any(size is None for size in sizes):
        return None
    known = [size for size in sizes if size is not None]
    if operator.unit_rule is UnitRule.PRODUCT:
        return known[0] * known[1]
    if operator.unit_rule is UnitRule.QUOTIENT:
        return known[0] / known[1]
    return known[0] ** float(operator.power)


def _assign(
    expression: Expression,
    wanted: float,
    magnitude: Callable[[Expression], float],
    found: dict[int, float],
) -> None:
    if expression.head == PARAMETER:
        found[expression.index] = wanted if np.isfinite(wanted) and wanted > 0 else 1.0
        return
    if expression.is_leaf:
        return
    operator = OPERATORS[expression.head]
    rule = operator.unit_rule
    sizes = [_size(argument, magnitude) for argument in expression.arguments]
    if rule is UnitRule.EQUAL:
        known = [size for size in sizes if size is not None]
        need = [max(known) if known else wanted] * 2
    elif rule in (UnitRule.ANGLE, UnitRule.PURE):
        need = [1.0]
    elif rule is UnitRule.POWER:
        need = [wanted ** (1.0 / float(operator.power))]
    else:
        left, right = sizes
        if left is None and right is None:
            right = 1.0
        if rule is UnitRule.PRODUCT:
            left = left if left is not None else wanted / (right or 1.0)
            right = right if right is not None else wanted / (left or 1.0)
        else:
            left = left if left is not None else wanted * (right or 1.0)
            right = right if right is not None else left / (wanted or 1.0)
        need = [left, right]
    for argument, size in zip(expression.arguments, need, strict=True):
        _assign(argument, size, magnitude, found)
