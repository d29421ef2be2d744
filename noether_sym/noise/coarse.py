"""Columns whose samples are too far apart for their noise to be told from their motion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.inspection import likely_period
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset
    from noether_sym.noise.model import Noise

_SAMPLES_A_TURN = 12.0
"""Fewer, and differences of neighbours are mostly motion: of ten built-in systems with 1 and 5 %
noise the estimate is half too large or more in 27 % of columns at 10 to 12 samples a turn, in 48 %
at 8 to 10, at worst 25 times; from 16 on in 1 %."""

_SAMPLES = 10_000
"""Most samples in which periods are looked for."""


def remarks_on_steps(dataset: Dataset, noise: Noise) -> Iterator[tuple[str, str]]:
    """A heading and a line for the columns whose noise was estimated from too few samples a turn.

    Parameters
    ----------
    dataset : Dataset
    noise : Noise
        As it was estimated, or given.
    """
    if not (dataset.timed and dataset.train):
        return
    segments = [segment for one in dataset.train for segment in one.segments()]
    longest = max(segments, key=len).part(0, _SAMPLES)
    step = float(np.median(np.diff(longest.times))) if len(longest) > 1 else 0.0
    found = {}
    for place in dataset.base_columns:
        if noise.given[place] or not noise.sigma[place] > 0 or not step > 0:
            continue
        period = likely_period(longest.times, longest.states[:, place])
        if period is not None and period < _SAMPLES_A_TURN * step:
            found[dataset.names[place]] = period / step
    if found:
        given = spelt(
            " ".join(f"--sigma {name}=SIZE" for name in found),
            f"sigma={{{', '.join(f'{name!r}: SIZE' for name in found)}}}",
        )
        yield (
            "noise",
            f"{', '.join(found)}: about {min(found.values()):.0f} samples a turn, too few to tell "
            f"noise from motion: it is at most what was estimated. Record more often, or give it "
            f"with {given}",
        )
