"""How the columns move: how long a turn takes, how finely it is sampled, whether it recurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Trajectory

_HARMONIC = 2.0
"""Frequency of what changes, over that of the motion, that samples must resolve."""

_CLOSE = 0.3
"""Distance, over the root mean square of states, at which a motion has returned."""

_APART = 2.0
"""How much farther than its own returns a trajectory may be from another one."""

_MOST_COMPARED = 500
"""Most samples of a trajectory that are compared with each other."""

_LEAST_SAMPLES = 8
"""Fewest samples of a trajectory that tell its motion."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How some columns move along trajectories.

    Attributes
    ----------
    turn : float or None
        Time of a turn: four times that after which a column, the fastest of those that do so,
        no longer resembles itself; None if all keep on resembling themselves.
    resolution : float
        Correlation between neighbouring samples of what changes twice as fast as a turn.
    returns : bool
        Whether trajectories come back, late, to where they were early, and were early where
        they are late: they neither settle nor leave.
    """

    turn: float | None
    resolution: float
    returns: bool


def motion(
    trajectories: Sequence[Trajectory], columns: Sequence[int], angles: Sequence[int] = ()
) -> Motion:
    """Look at the movement of some columns.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    columns : sequence of int
    angles : sequence of int
        Those among them that are angles: these return when they have gone round.
    """
    states = [_flat(own, columns, angles) for own in trajectories if len(own) >= _LEAST_SAMPLES]
    if not states:
        return Motion(None, 0.0, False)
    step = float(np.median(np.concatenate([np.diff(own.times) for own in trajectories])))
    lag = _quarter(states)
    turn = None if lag is None else 4.0 * lag * step
    resolution = 1.0 if lag is None else float(np.cos(0.5 * np.pi * min(_HARMONIC / lag, 2.0)))
    return Motion(turn, resolution, _returns(states, lag))


def _flat(
    trajectory: Trajectory, columns: Sequence[int], angles: Sequence[int]
) -> NDArray[np.float64]:
    """States of shape (sample, coordinate), a sine and a cosine for each angle."""
    own = trajectory.states
    rows = [own[:, c] for c in columns if c not in angles]
    rows += [wave(own[:, c]) for c in columns if c in angles for wave in (np.sin, np.cos)]
    return np.stack(rows, 1)


def _quarter(states: Sequence[NDArray[np.float64]]) -> float | None:
    """Samples after which the first of the columns is no longer correlated with itself."""
    longest = max(map(len, states)) // 2
    products = np.zeros((longest + 1, states[0].shape[1]))
    counts = np.zeros(longest + 1)
    for one in states:
        lags = min(longest + 1, len(one))
        products[:lags] += _products(one - one.mean(0))[:lags]
        counts[:lags] += len(one) - np.arange(lags)
    products /= counts[:, None]
    crossed = (products[1:] <= 0) & (products[0] > 0)
    if not crossed.any():
        return None
    lag = int(np.argmax(crossed.any(1)))
    before, after = products[lag : lag + 2, crossed[lag]]
    return float(lag + (before / (before - after)).min())


def _products(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of products of samples so far apart, for each lag and column, by their spectrum."""
    from scipy.fft import irfft, next_fast_len, rfft

    count = len(deviations)
    room = next_fast_len(2 * count, real=True)
    powers = np.abs(rfft(deviations, room, axis=0)) ** 2
    sums: NDArray[np.float64] = irfft(powers, room, axis=0)[:count]
    return sums


def _returns(states: Sequence[NDArray[np.float64]], lag: float | None) -> bool:
    """Whether states of each half of a trajectory lie near the other half.

    Near: within a part of the spread, or, where a chaotic motion fills many dimensions, not
    much farther than from the other turns of their own half. Settling and leaving trajectories
    have the halves apart.
    """
    if lag is None:
        return False
    returns = []
    for one in states:
        step = -(-len(one) // (2 * _MOST_COMPARED))
        spread = one.std(0)
        scaled = one[::step, spread > 0] / spread[spread > 0]
        early, late = np.array_split(scaled, 2)
        apart = max(1, round(2.0 * lag / step))
        own = _nearest(early, early, apart), _nearest(late, late, apart)
        cross = _nearest(early, late), _nearest(late, early)
        near = max(cross) < _CLOSE * np.sqrt(scaled.shape[1])
        alike = np.isfinite(own).all() and all(np.array(cross) < _APART * np.array(own))
        returns.append(bool(near or alike))
    return bool(returns) and float(np.mean(returns)) > 0.5


def _nearest(points: NDArray[np.float64], others: NDArray[np.float64], apart: int = 0) -> float:
    """Median distance to the nearest of others, numbers less than `apart` from one's own aside."""
    from scipy.spatial.distance import cdist

    distances = cdist(points, others)
    if apart:
        places = np.arange(len(points))
        distances[np.abs(places[:, None] - places) < apart] = np.inf
    return float(np.median(distances.min(1)))
