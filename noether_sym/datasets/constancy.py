"""Which columns do not change along trajectories: conserved quantities, or parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDING = 1e-9
"""Range within a trajectory, over that of all data, up to which a column is constant there."""

SAME = 5e-13
"""Half the range over the largest number, up to which numbers are the same."""

STILL = 0.01
"""Variance within trajectories, over that of all data, up to which a column may be still there.

A conserved column that was measured with noise is still, not constant.
"""

_UNMOVED = 1e-6
"""The same for any column: integrators drift by as much."""

_MEMORY = 0.5
"""Correlation of neighbouring samples from which a column moves: noise has none."""


def constant_columns(parts: Sequence[NDArray[np.float64]]) -> tuple[int, ...]:
    """Columns that are constant along every trajectory, to rounding.

    Parameters
    ----------
    parts : sequence of array of shape (time, column)
        One a trajectory.
    """
    # halves, so that the range of the largest numbers is a number still
    lows = np.array([0.5 * one.min(axis=0) for one in parts if len(one)])
    highs = np.array([0.5 * one.max(axis=0) for one in parts if len(one)])
    within = (highs - lows).max(axis=0)
    overall = highs.max(axis=0) - lows.min(axis=0)
    largest = 2.0 * np.maximum(np.abs(lows), np.abs(highs)).max(axis=0)
    constant = within <= np.maximum(ROUNDING * overall, SAME * largest)
    return tuple(np.flatnonzero(constant).tolist())


def still_columns(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Whether each column hardly changes along trajectories beside how they differ in it.

    Parameters
    ----------
    parts : sequence of array of shape (time, column)
        One a trajectory.

    Returns
    -------
    array of bool, of shape (column,)
        True for constant columns, for conserved ones that were measured with noise, and for what
        moves by no more than integrators drift.
    """
    whole = np.concatenate(parts)
    total = whole.var(axis=0)
    deviations = [one - one.mean(axis=0) for one in parts]
    squares = np.sum([(own**2).sum(axis=0) for own in deviations], axis=0)
    products = np.sum([(own[1:] * own[:-1]).sum(axis=0) for own in deviations], axis=0)
    noisy = (squares < STILL * len(whole) * total) & (products < _MEMORY * squares)
    constant = np.zeros(len(total), dtype=bool)
    constant[list(constant_columns(parts))] = True
    return np.asarray(constant | noisy | (squares < _UNMOVED * len(whole) * total))
