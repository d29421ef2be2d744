"""What a motion in a video gives as states: coordinates with their rates, and noise."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import longest_step
from noether_sym.datasets.derivatives import estimate_derivatives, estimate_errors
from noether_sym.datasets.readers.segments import GAP
from noether_sym.errors import DatasetError
from noether_sym.track.lost import noise_of
from noether_sym.track.motion import NAMES, RATES, Motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sampled = tuple[NDArray[np.float64], NDArray[np.float64]]
    """Times and values, of shapes (time,) and (time, column)."""

FEWEST = 12
"""Frames of a stretch without gaps, below which it is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is written of motions: coordinates and their rates.

    Attributes
    ----------
    names, units : tuple of str
        Of the columns: coordinates, then rates.
    parts : tuple of (times, values)
        One a stretch without gaps, of shapes (time,) and (time, column).
    clips : tuple of int
        For each of them the number of its video, from 1: stretches of one video are one trial.
    short : int
        Frames in stretches that are too short for rates, and left out.
    noise : tuple of float
        Standard deviation of the noise of each column.
    every : int
        Every so many frames are taken, and so many are left out at either end of a stretch:
        over these smoothing makes the errors of rates alike.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    parts: tuple[Sampled, ...]
    clips: tuple[int, ...]
    short: int
    noise: tuple[float, ...]
    every: int


def table_of(motions: Sequence[Motion]) -> Table:
    """Coordinates and rates of motions along paths of one kind.

    Rates are derivatives of the smoothing splines by which dx/dt is estimated everywhere
    (`noether_sym.datasets.derivatives`). Coordinates stay as they were seen.

    Parameters
    ----------
    motions : sequence of Motion

    Raises
    ------
    DatasetError
        If paths are of several kinds, or no stretch is long enough.
    """
    kinds = {motion.path.kind for motion in motions}
    if len(kinds) > 1:
        told = "; ".join(f"{one.followed.path}: {one.path.kind}" for one in motions)
        raise DatasetError(
            f"the videos show paths of several kinds ({told}); take one for all with --path "
            "circle, line or plane, or track them one by one"
        )
    (kind,) = kinds
    unit = motions[0].unit
    names = (*NAMES[kind], *RATES[kind])
    units = (unit,) * len(NAMES[kind]) + (f"{unit}/s",) * len(NAMES[kind])
    kinks = [_places(motion) for motion in motions]
    for motion, own in zip(motions, kinks, strict=True):
        if all(len(times) < FEWEST for times, _ in _stretches(motion.times, motion.values, own)):
            raise DatasetError(
                f"{motion.followed.path} has no stretch of {FEWEST} frames without gaps, and rates "
                "need one; leave it out, or film the object for longer at a time"
            )
    return table_with_rates([(one.times, one.values) for one in motions], names, units, kinks)


def _places(motion: Motion) -> list[int]:
    """Of the frames that were kept, the numbers of those where the velocity jumps."""
    numbers = motion.followed.numbers[motion.kept]
    found: list[int] = np.searchsorted(numbers, motion.kinks).tolist()
    return found


def table_with_rates(
    clips: Sequence[Sampled],
    names: Sequence[str],
    units: Sequence[str],
    kinks: Sequence[Sequence[int]] | None = None,
) -> Table:
    """Coordinates with their rates, by the splines that estimate dx/dt everywhere.

    Parameters
    ----------
    clips : sequence of (times, values)
        Of shapes (time,) and (time, coordinate).
    names, units : sequence of str
        Of the coordinates, then of their rates.
    kinks : sequence of sequence of int, optional
        For each clip the numbers of the samples from which on the rates are others than before.

    Raises
    ------
    DatasetError
        If no stretch without gaps is long enough.
    """
    jumps = kinks or [()] * len(clips)
    every = [
        (number, part)
        for number, (clip, own) in enumerate(zip(clips, jumps, strict=True), start=1)
        for part in _stretches(*clip, own)
    ]
    long = [(number, part) for number, part in every if len(part[0]) >= FEWEST]
    if not long:
        raise DatasetError(f"no stretch of {FEWEST} frames without gaps; rates need one")
    numbers, raw = (list(one) for one in zip(*long, strict=True))
    slopes, penalties = estimate_derivatives(raw)
    errors = estimate_errors(raw, slopes)
    sizes = np.sqrt(np.mean(np.concatenate(slopes) ** 2, axis=0))
    smoothed = max(penalties) > 0
    reach = max(1, math.ceil(2.0 * max(penalties) ** 0.25)) if smoothed else 1
    reach = max(1, min(reach, min(len(times) for times, _ in raw) // FEWEST))
    kept = slice(reach, -reach, reach) if smoothed else slice(None)
    parts = tuple(
        (times[kept], np.concatenate([values, rates], axis=1)[kept])
        for (times, values), rates in zip(raw, slopes, strict=True)
    )
    noise = [
        float(np.median([noise_of(times, values[:, place]) for times, values in raw]))
        for place in range(raw[0][1].shape[1])
    ]
    noise += [float(one) for one in errors * sizes]
    short = sum(len(times) for _, (times, _) in every) - sum(len(times) for times, _ in raw)
    return Table(
        tuple(names),
        tuple(units),
        _apart(numbers, parts),
        tuple(numbers),
        short,
        tuple(noise),
        reach,
    )


def _stretches(
    times: NDArray[np.float64], values: NDArray[np.float64], kinks: Sequence[int] = ()
) -> list[Sampled]:
    """Parts without gaps and without jumps of the rates."""
    steps = np.diff(times)
    cuts = np.flatnonzero(steps > GAP * np.median(steps)) + 1
    edges = sorted({0, *cuts.tolist(), *kinks, len(times)})
    return [(times[first:last], values[first:last]) for first, last in itertools.pairwise(edges)]


def _apart(numbers: Sequence[int], parts: Sequence[Sampled]) -> tuple[Sampled, ...]:
    """Parts without the rows by which a gap within a clip is too short to be read as one.

    Where only every so many frames are rows, what is a gap between frames may be none between
    rows.
    """
    found = list(parts)
    for place in range(1, len(parts)):
        clip = numbers[place]
        if clip != numbers[place - 1]:
            continue
        own = [times for number, (times, _) in zip(numbers, found, strict=True) if number == clip]
        least = longest_step(np.diff(np.concatenate(own)), GAP)
        later, values = found[place]
        far = later > found[place - 1][0][-1] + _CLEARLY * least
        found[place] = later[far], values[far]
    return tuple(found)


_CLEARLY = 1.01
"""Longest steps that a gap has at least: what is written is rounded."""


def csv_of(table: Table) -> str:
    """A table as CSV, a row a frame, with units in its header.

    Each video is one trajectory. Between its stretches there are gaps in time, at which whoever
    reads it cuts it into pieces of one trial.
    """
    head = [f"{name} [{unit}]" for name, unit in zip(table.names, table.units, strict=True)]
    lines = [",".join(["trajectory", "t [s]", *head])]
    for number, (times, values) in zip(table.clips, table.parts, strict=True):
        for time, row in zip(times, values, strict=True):
            lines.append(",".join([str(number), f"{time:.9g}", *(f"{own:.9g}" for own in row)]))
    return "\n".join(lines) + "\n"
