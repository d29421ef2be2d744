"""Noise that grows with the size of a column's values, as that of many instruments does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import binom

from noether_sym.noise.ladder import Ladder
from noether_sym.noise.model import Growing
from noether_sym.noise.scale import robust_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ORDERS = ((4, 6, 8, 10), (6, 8, 10, 12))
"""Orders of differences, which must agree: those of noise do, those of motion fall."""

_AGREE = 0.12
"""Relative difference of their shares of the values up to which they do."""

_PROPORTIONAL = 1.45
"""Factor within which the noise of each third must be in proportion to its values."""

_LARGEST = 0.2
"""Noise of the large values, over the spread of all, from which it may be motion."""

_FEWEST = 60
"""Differences without which nothing is compared."""

_LEAST_RATIO, _SIGNIFICANT = 1.5, 5.0
"""Ratio of the noise of large values to that of small ones, and its logarithm in standard errors,
from which it is called growing."""


def growth(
    column: int, ladder: Ladder, values: Sequence[NDArray[np.float64]], least: float
) -> Growing | None:
    """How the noise of a column depends on the size of its values.

    The differences of the samples are sorted by the size of the values that they span, and cut
    into thirds. Noise in proportion to the values is the same share of them in each third, by
    differences of every order; what the motion leaves of differences is neither.

    Parameters
    ----------
    column : int
        Its number, for the answer.
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    least : float
        Noise below it is rounding, or the precision of an integrator.

    Returns
    -------
    Growing or None
        None where the noise is not in proportion to the values, or the thirds still hold motion.
    """
    whole = float(np.concatenate(values).std()) if values else 0.0
    for orders in _ORDERS:
        if _count(values, orders[-1]) < _FEWEST:
            return None
        order = orders[0]
        scales, sizes, count = _thirds(ladder, values, order)
        error = float(np.sqrt((order + 1) / (2.0 * count)))
        if not (scales > least).all() or scales[2] > _LARGEST * whole:
            continue
        shares = scales / sizes
        if shares.max() > _PROPORTIONAL * shares.min():
            continue
        further = (_thirds(ladder, values, one) for one in orders[1:])
        if not all((np.abs(own / size / shares - 1.0) < _AGREE).all() for own, size, _ in further):
            continue
        ratio = float(scales[2] / scales[0])
        if ratio < _LEAST_RATIO or not scales[0] < scales[1] < scales[2]:
            return None
        if np.log(ratio) < _SIGNIFICANT * np.sqrt(2.0) * error:
            return None
        sigma = float(np.sqrt(np.mean(scales**2)))
        small, large = float(scales[0]), float(scales[2])
        return Growing(column, order, sigma, sigma * error / 3.0**0.5, small, large)
    return None


def _thirds(
    ladder: Ladder, values: Sequence[NDArray[np.float64]], order: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Noise by differences of an order, from small values to large ones; the root mean square of
    the values; and how many differences each third has."""
    differences = ladder.differences(values, order)
    shares = binom(order, np.arange(order + 1.0)) ** 2  # of the samples' variances
    sizes = np.concatenate(
        [np.correlate(own**2, shares, "valid") for own in values if len(own) > order]
    )
    ranked = np.argsort(sizes, kind="stable")
    parts = np.array_split(differences[ranked], 3)
    means = np.array(
        [np.sqrt(own.mean()) for own in np.array_split(sizes[ranked] / shares.sum(), 3)]
    )
    return np.array([robust_scale(own) for own in parts]), means, len(parts[-1])


def _count(values: Sequence[NDArray[np.float64]], order: int) -> int:
    """Differences of an order that there are."""
    return sum(max(0, len(own) - order) for own in values)
