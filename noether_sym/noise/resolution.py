"""How finely a column was recorded, and angles that were recorded modulo a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TURNS = (2 * np.pi, 360.0)
"""A turn, in radians and in degrees."""

_FINEST = 1e5
"""Least step of a recording, over the rounding of its largest value, that is told from rounding."""

_MULTIPLE = 0.01
"""Part of a step by which its multiples may be off; of the finest step, what counts as 0."""

_FEWEST_VALUES = 3
"""Different values without which no step shows."""

_LEAST_RANGE, _MOST_RANGE = 0.8, 1.05
"""Least and largest range, in turns, of a column that may be an angle modulo a turn."""


def precision(values: NDArray[np.float64]) -> float:
    """Rounding of the largest value; that of single precision where all values fit into it."""
    largest = float(np.max(np.abs(values)))
    with np.errstate(over="ignore"):
        single = bool((values.astype(np.float32) == values).all())
    kind = np.float32 if single else np.float64
    return max(float(np.finfo(kind).eps) * largest, float(np.finfo(np.float64).tiny))


def resolution(values: NDArray[np.float64]) -> float:
    """The step of which all differences of values are multiples.

    Euclid's algorithm on the gaps between neighbouring values, as far as rounding lets see.

    Parameters
    ----------
    values : array of shape (sample,)

    Returns
    -------
    float
        0 where there is none above 1e5 times the rounding of the largest value.
    """
    levels = np.unique(values)
    if len(levels) < _FEWEST_VALUES:
        return 0.0
    finest = _FINEST * float(np.finfo(np.float64).eps) * float(np.max(np.abs(levels)))
    gaps = np.unique(np.diff(levels))
    gaps = gaps[gaps > finest * _MULTIPLE]
    while len(gaps):
        step = float(gaps[0])
        if step <= finest:
            return 0.0
        rest = np.abs(gaps - np.round(gaps / step) * step)
        left = rest[rest > np.maximum(_MULTIPLE * step, finest * _MULTIPLE)]
        if not len(left):
            multiples = np.round(gaps / step)
            return float(gaps @ multiples / (multiples @ multiples))
        gaps = np.unique(np.concatenate([left, [step]]))
    return 0.0


def unwrapped(values: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    """Values along a trajectory with jumps of a turn taken out, where they are an angle's.

    Parameters
    ----------
    values : array of shape (time,)
    whole : float
        Range of the column over all trajectories; an angle modulo a turn has about that.
    """
    for turn in TURNS:
        if not _LEAST_RANGE * turn <= whole <= _MOST_RANGE * turn:
            continue
        smooth = np.unwrap(values, period=turn)
        if np.abs(np.diff(smooth)).sum() < np.abs(np.diff(values)).sum():
            return smooth
    return values
