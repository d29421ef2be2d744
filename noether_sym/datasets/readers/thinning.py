"""Keep a data set small enough to search: fewer samples, never sparser ones than needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from noether_sym.datasets.readers.segments import Stretch

MOST_SAMPLES = 100_000
"""Samples that a search takes at most; more of them add nothing but time."""

_SAMPLES_A_SWING = 10
"""Samples that thinning leaves between two crossings of the mean."""

_FEWEST_PARTS = 10


def thin(
    stretches: Sequence[Stretch], states: Sequence[str], limit: int = MOST_SAMPLES
) -> tuple[list[Stretch], list[str]]:
    """Bring stretches down to `limit` samples in all.

    Where the sampling is so dense that a column crosses its mean seldom, every k-th sample
    is kept. If that is not enough, whole stretches are kept, evenly spread, and the first
    part of each; so the sampling stays as fine as the motion needs.

    Parameters
    ----------
    stretches : sequence of Stretch
    states : sequence of str
        Names of the columns that are searched.
    limit : int

    Returns
    -------
    stretches : list of Stretch
    notes : list of str
        What was kept; empty where that is everything.
    """
    whole = sum(len(one.rows) for one in stretches)
    kept = list(stretches)
    if whole <= limit:
        return kept, []
    step = min(-(-whole // limit), max(1, _shortest_swing(stretches, states) // _SAMPLES_A_SWING))
    words = []
    if step > 1:
        kept = [Stretch(one.table, one.label, one.rows[::step]) for one in stretches]
        words.append(f"every {step}th sample")
    left = sum(len(one.rows) for one in kept)
    if left > limit:
        parts = min(len(kept), max(_FEWEST_PARTS, len(kept) * limit // left))
        chosen = np.unique(np.linspace(0, len(kept) - 1, parts).round().astype(int)).tolist()
        longest = limit // len(chosen)
        kept = [
            Stretch(kept[one].table, kept[one].label, kept[one].rows[:longest]) for one in chosen
        ]
        plural = "stretch" if len(chosen) == 1 else "stretches"
        words.append(f"the first {longest:,} at most of {len(chosen):,} {plural}")
    used = sum(len(one.rows) for one in kept)
    return kept, [f"{whole:,} samples thinned to {used:,}: {', and '.join(words)}"]


def _shortest_swing(stretches: Sequence[Stretch], states: Sequence[str]) -> int:
    """Samples between two crossings of the mean, in the column that has most of them."""
    whole = sum(len(one.rows) for one in stretches)
    most = 1
    for name in states:
        crossings = 0
        for one in stretches:
            values = one.table.numbers(name)[one.rows]
            above = values > np.median(values)
            crossings += int(np.count_nonzero(above[1:] != above[:-1]))
        most = max(most, crossings)
    return whole // most
