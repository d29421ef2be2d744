"""Where the velocity of an object jumps, as at a bounce, a rebound or a stop.

There the positions run on, but no smooth curve goes through those before and behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 6
"""Frames on each side of a place that curves are fitted to."""

DEGREE = 5
"""Of the polynomials that are fitted to them."""

BETWEEN = (0, 1, 2)
"""Frames at the place itself that may be of neither side."""

COST = 0.5
"""Of each of these: with n of them, what speaks for a place counts as 1 / (1 + n / 2) of it."""

BETTER = 6.0
"""Standard errors by which one account of the positions must be better than another."""

FITS = 4.0
"""Noises up to which what a curve leaves is noise."""

_CLEAR = 12.0
"""Standard errors from which on a velocity jumps."""

_GRID = 9
"""Times of a jump that are tried before the best of them is refined."""

_FREE = 1e-3
"""Share of a position's error that a curve leaves at least, so that nothing is divided by 0."""


def kinks(
    times: NDArray[np.float64], places: NDArray[np.float64], noise: float
) -> list[tuple[int, int]]:
    """Where the velocity jumps, in order.

    Parameters
    ----------
    times : array of shape (frame,)
    places : array of shape (frame, 2)
        Pixels.
    noise : float
        Standard deviation of the noise of a coordinate, in pixels.

    Returns
    -------
    list of (int, int)
        The first frame that is not of the path before, and the first of the path behind.
    """
    found: list[tuple[float, tuple[int, int]]] = []
    for between in BETWEEN:
        for first in range(SIDE, len(times) - SIDE - between + 1):
            last = first + between
            rows = [*range(first - SIDE, first), *range(last, last + SIDE)]
            gain = _gain(times[rows], places[rows], noise)
            if gain > 0.0:
                # of two that fit, the one that needs fewer frames of neither side
                found.append((gain / (1.0 + COST * between), (first, last)))
    chosen: list[tuple[int, int]] = []
    for _, (first, last) in sorted(found, key=lambda one: -one[0]):
        if all(last + SIDE <= own[0] or first - SIDE >= own[1] for own in chosen):
            chosen.append((first, last))
    return sorted(chosen)


def _gain(clock: NDArray[np.float64], places: NDArray[np.float64], noise: float) -> float:
    """How much better a jump of velocity fits than a smooth curve, in squared noises; or 0."""
    # a curve of two more degrees is as free as one with a jump
    smooth, one_off = rest(powers(clock), places), rest_without_one(clock, places)
    smoother = rest(powers(clock, DEGREE + 2), places)
    if min(smooth, smoother, one_off) < (_CLEAR * noise) ** 2:
        return 0.0
    kinked = rest_with_kink(clock, places)
    left = np.sqrt(kinked / (2 * (len(clock) - DEGREE - 2) - 1))
    size = max(noise, float(left)) ** 2
    others = min(smooth, smoother, one_off) - kinked
    if left > FITS * noise or others < _CLEAR**2 * size:
        return 0.0
    return float(others / size)


def powers(clock: NDArray[np.float64], degree: int = DEGREE) -> NDArray[np.float64]:
    """Powers of times that run from -1 to 1: (time, degree + 1)."""
    scaled = 2.0 * (clock - clock.mean()) / np.ptp(clock)
    return np.vander(scaled, degree + 1)


def rest(model: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Sum of the squares that a linear model leaves of positions."""
    factors, *_ = np.linalg.lstsq(model, places, rcond=None)
    return float(np.sum((places - model @ factors) ** 2))


def rest_with_kink(clock: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """What a curve leaves whose velocity jumps once, between the frames in the middle."""
    from scipy.optimize import minimize_scalar

    curve, middle = powers(clock), len(clock) // 2

    def own(when: float) -> float:
        behind = np.maximum(0.0, clock - when) / np.ptp(clock)
        return rest(np.column_stack([curve, behind]), places)

    tried = np.linspace(clock[middle - 1], clock[middle], _GRID)
    values = [own(float(when)) for when in tried]
    best = int(np.argmin(values))
    around = tried[max(0, best - 1)], tried[min(_GRID - 1, best + 1)]
    return min(values[best], float(minimize_scalar(own, bounds=around, method="bounded").fun))


def rest_without_one(clock: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """What a curve leaves of all positions but the one that is farthest from the others' curve."""
    basis, _ = np.linalg.qr(powers(clock))
    off = places - basis @ (basis.T @ places)
    free = np.maximum(1.0 - np.sum(basis**2, axis=1), _FREE)
    squares = np.sum(off**2, axis=1)
    return float(np.sum(squares) - np.max(squares / free))
