"""Where a recording skipped or repeated frames, and its time stamps do not tell of it.

Behind such a place the object is ahead of its path, or late: a step in a local polynomial of
the positions that a shift of the times undoes, and neither a jump of the velocity, as at a
bounce, nor one frame off the path explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.track.kinks import (
    BETTER,
    BETWEEN,
    COST,
    DEGREE,
    FITS,
    SIDE,
    powers,
    rest,
    rest_with_kink,
    rest_without_one,
)
from noether_sym.track.lost import noise_of_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLEAR = 12.0
"""Standard errors from which on a step is one."""

_LEAST, _MOST = 0.15, 8.0
"""Steps in time, in frames, between which a step is a skip."""

_AT_BOUND = 0.01
"""Share of the shifts that are tried, at either end, where none is the best but all are alike."""

_CLOSEST = 0.7
"""Steps in time that a shift must leave between the frames before and behind."""

_FINE = 1e-4
"""Steps in time to which a shift is found."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A place where the time stamps are off.

    Attributes
    ----------
    first, last : int
        The first frame that is not of the path before, and the first of the path behind;
        those from one up to the other are of neither.
    seconds : float
        What is missing in the times from `last` on; negative where frames were repeated.
    """

    first: int
    last: int
    seconds: float


def skips(times: NDArray[np.float64], places: NDArray[np.float64]) -> list[Skip]:
    """Where the times of a trajectory are off, in order.

    Parameters
    ----------
    times : array of shape (frame,)
    places : array of shape (frame, 2)
        Pixels.
    """
    if len(times) < 2 * SIDE + max(BETWEEN) + 1:
        return []
    noise = noise_of_places(times, places)
    found: list[tuple[float, Skip]] = []
    for between in BETWEEN:
        for first in range(SIDE, len(times) - SIDE - between + 1):
            last = first + between
            rows = [*range(first - SIDE, first), *range(last, last + SIDE)]
            strength, seconds = _step(times[rows], places[rows], noise)
            if strength > 0.0:
                # of two that fit, the one that leaves out less
                found.append((strength / (1.0 + COST * between), Skip(first, last, seconds)))
    chosen: list[Skip] = []
    for _, skip in sorted(found, key=lambda one: -one[0]):
        if all(skip.last + SIDE <= one.first or skip.first - SIDE >= one.last for one in chosen):
            chosen.append(skip)
    return sorted(chosen, key=lambda skip: skip.first)


def _step(
    clock: NDArray[np.float64], places: NDArray[np.float64], noise: float
) -> tuple[float, float]:
    """How clear a step in the middle is, in standard errors, and the shift that undoes it.

    Both are 0 where there is none, or no shift of the times makes the path smooth.
    """
    from scipy.optimize import minimize_scalar

    behind = np.arange(len(clock)) >= SIDE
    model = np.column_stack([powers(clock), behind])
    inverse = np.linalg.pinv(model)
    step = float(np.linalg.norm(inverse[-1] @ places))
    clear = step / (noise * float(np.linalg.norm(inverse[-1])))
    usual = float(np.median(np.diff(clock)))
    speed = float(np.median(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    if clear < _CLEAR or step < _LEAST * speed:
        return 0.0, 0.0

    def shifted(shift: float) -> float:
        return rest(powers(clock + shift * behind), places)

    # the times must not run backwards
    least = _CLOSEST * usual - float(clock[SIDE] - clock[SIDE - 1])
    found = minimize_scalar(
        shifted, bounds=(least, _MOST * usual), method="bounded", options={"xatol": _FINE * usual}
    )
    seconds = float(found.x)
    margin = _AT_BOUND * (_MOST * usual - least)
    inside = least + margin < seconds < _MOST * usual - margin
    left = np.sqrt(found.fun / (2 * (len(clock) - DEGREE) - 3))
    # a window that gaps make long may ask for a steeper curve, and no step
    bent = rest(powers(clock, DEGREE + 2), places)
    without = np.sqrt(bent / (2 * (len(clock) - DEGREE - 3)))
    if not inside or left > min(FITS * noise, without) or abs(seconds) < _LEAST * usual:
        return 0.0, 0.0
    other = min(rest_with_kink(clock, places), rest_without_one(clock, places))
    if other - found.fun < BETTER**2 * max(noise, float(left)) ** 2:
        return 0.0, 0.0
    return clear, seconds
