"""Windows: parts of trajectories short enough to ignore slow drift, and no shorter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.dataset import Trajectory

MIXED = 0.8
"""Ratio of within-window to total variance from which on the inputs count as mixed."""

SHORTEST = 8
"""Least number of samples in a window."""


def choose_window(trajectories: Sequence[Trajectory]) -> int | None:
    """The shortest window over which every input looks mixed; None if no window does.

    A window shorter than a period makes any slow function look conserved, a long one
    lets dissipation in. An input is mixed when its variance within windows comes to
    `MIXED` of its variance overall. Columns that are still along trajectories never mix, and
    are not asked to.
    """
    segments = [segment.states for one in trajectories for segment in one.segments()]
    states = np.concatenate(segments)
    total = states.var(axis=0)
    moving = ~still_columns([one.states for one in trajectories])
    if not moving.any():
        return None
    longest = max(map(len, segments)) // 2
    for window in _lengths(longest):
        parts = [part for own in segments for part in _parts(own, window)]
        within = sum((part.var(axis=1).sum(axis=0) * part.shape[1] for part in parts), 0.0 * total)
        count = sum(part.shape[0] * part.shape[1] for part in parts)
        if count >= len(states) // 2 and (within / count >= MIXED * total)[moving].all():
            return window
    return None


def cut(trajectories: Sequence[Trajectory], window: int) -> list[Trajectory]:
    """Cut trajectories into windows that never cross a gap in time.

    What is left over at the end of a segment joins its last window; segments shorter than a
    window are left out.
    """
    windows = []
    for trajectory in trajectories:
        for segment in trajectory.segments():
            whole = len(segment) // window
            for index in range(whole):
                stop = len(segment) if index == whole - 1 else (index + 1) * window
                windows.append(segment.part(index * window, stop))
    return windows


def _parts(states: NDArray[np.float64], window: int) -> Iterator[NDArray[np.float64]]:
    """Windows of a segment as `cut` makes them: those of one length together, then the last."""
    before = max(0, len(states) // window - 1) * window
    if before:
        yield states[:before].reshape(-1, window, states.shape[1])
    if len(states) >= window:
        yield states[None, before:]


def _lengths(longest: int) -> list[int]:
    lengths = [SHORTEST]
    while lengths[-1] < longest:
        lengths.append(max(lengths[-1] + 1, int(lengths[-1] * 1.1)))
    return lengths[:-1]
