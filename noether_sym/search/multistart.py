"""Starting values of nonlinear parameters: natural magnitudes, then a spread around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import Expression, assign
from noether_sym.dsl.operators import Operator

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
        assign(term, 1.0, _Magnitudes(magnitude), found)
    sizes = np.array([found[slot] for slot in sorted(found)], dtype=np.float64)
    return np.where(np.isfinite(sizes) & (sizes > 0), sizes, 1.0)


def spread_starts(count: int, parameters: int) -> NDArray[np.float64]:
    """Multiples of the natural magnitudes to start from, shape (count, parameter).

    A low-discrepancy sequence in the logarithm, with both signs; the same at every call:
    that of Halton (1960, doi:10.1007/BF01386213), not scrambled.
    """
    if parameters == 0:
        return np.ones((1, 0))
    from scipy.stats import qmc

    unit = qmc.Halton(parameters, scramble=False).random(count + 1)[1:]
    folded = 2.0 * unit - 1.0
    sign = np.where(folded < 0, -1.0, 1.0)
    exponent = (2.0 * np.abs(folded) - 1.0) * DECADES
    return sign * 10.0**exponent


@dataclass(frozen=True, slots=True)
class _Magnitudes:
    """Typical sizes of parts."""

    fixed: Callable[[Expression], float]
    one: float = 1.0

    def common(self, operator: Operator, parts: list[float]) -> float:
        return max(parts)

    def pure(self, operator: Operator, argument: float | None) -> float:
        return 1.0

    def divided(self, one: float, other: float) -> float:
        return one / (other or 1.0)
