"""Keep a data set small enough to search: fewer samples, never sparser ones than needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.readers.segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SAMPLES = 100_000
"""Samples that a search takes at most; more of them add nothing but time."""

_SAMPLES_A_SWING = 10
"""Samples that thinning leaves between two crossings of the mean."""

_FEWEST_SEGMENTS = 10
"""Segments that thinning leaves at least, where there are as many."""


def thin(
    segments: Sequence[Segment],
    states: Sequence[str],
    limit: int = MOST_SAMPLES,
    *,
    ordered: bool = True,
) -> tuple[list[Segment], list[str]]:
    """Bring segments down to `limit` samples in all.

    Where the sampling is so dense that a column crosses its mean seldom, every k-th sample
    is kept. If that is not enough, whole segments are kept, evenly spread, and the first
    part of each; so the sampling stays as fine as the motion needs.

    Parameters
    ----------
    segments : sequence of Segment
    states : sequence of str
        Names of the columns that are searched.
    limit : int
    ordered : bool
        Whether samples follow each other; otherwise every k-th is as good as any.

    Returns
    -------
    segments : list of Segment
    notes : list of str
        What was kept; empty where that is everything.
    """
    whole = sum(map(len, segments))
    kept = list(segments)
    if whole <= limit:
        return kept, []
    step = -(-whole // limit)
    if ordered:
        step = min(step, max(1, _shortest_swing(segments, states) // _SAMPLES_A_SWING))
    words = []
    if step > 1:
        kept = [replace(one, frame=one.frame.iloc[::step]) for one in segments]
        words.append(f"every {step}th sample")
    left = sum(map(len, kept))
    if left > limit:
        most = min(len(kept), max(_FEWEST_SEGMENTS, len(kept) * limit // left))
        chosen = np.unique(np.linspace(0, len(kept) - 1, most).round().astype(int)).tolist()
        longest = limit // len(chosen)
        kept = [replace(kept[one], frame=kept[one].frame.iloc[:longest]) for one in chosen]
        plural = "s" * (len(chosen) > 1)
        words.append(f"the first {longest:,} at most of {len(chosen):,} segment{plural}")
    used = sum(map(len, kept))
    return kept, [f"{whole:,} samples thinned to {used:,}: {', and '.join(words)}"]


def _shortest_swing(segments: Sequence[Segment], states: Sequence[str]) -> int:
    """Samples between two crossings of the mean, in the column that has most of them."""
    most = max(sum(_crossings(one.numbers(name)) for one in segments) for name in states)
    return sum(map(len, segments)) // max(1, most)


def _crossings(values: NDArray[np.float64]) -> int:
    return int(np.count_nonzero(np.diff(values > np.median(values))))
