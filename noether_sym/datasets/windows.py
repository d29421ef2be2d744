"""Windows: parts of trajectories short enough to ignore slow drift, and no shorter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

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
        squares = np.zeros_like(total)
        count = 0
        for own in segments:
            edges = list(_edges(len(own), window))
            if not edges:
                continue
            *_, (last, stop) = edges
            alike = own[:last].reshape(-1, window, own.shape[1])
            squares += window * alike.var(axis=1).sum(axis=0)
            squares += own[last:stop].var(axis=0) * (stop - last)
            count += stop
        if count >= len(states) // 2 and (squares / count >= MIXED * total)[moving].all():
            return window
    return None


def cut(trajectories: Sequence[Trajectory], window: int) -> list[Trajectory]:
    """Cut trajectories into windows that never cross a gap in time.

    What is left over at the end of a segment joins its last window; segments shorter than a
    window are left out.
    """
    return [
        segment.part(start, stop)
        for trajectory in trajectories
        for segment in trajectory.segments()
        for start, stop in _edges(len(segment), window)
    ]


def _edges(length: int, window: int) -> Iterator[tuple[int, int]]:
    """Where the windows of a segment of so many samples begin and end."""
    whole = length // window
    for index in range(whole):
        yield index * window, length if index == whole - 1 else (index + 1) * window


def _lengths(longest: int) -> list[int]:
    lengths = [SHORTEST]
    while lengths[-1] < longest:
        lengths.append(max(lengths[-1] + 1, int(lengths[-1] * 1.1)))
    return lengths[:-1]
