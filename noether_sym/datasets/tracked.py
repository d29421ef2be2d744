"""What a motion in a video gives as states: coordinates with their rates, and noise."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.derivatives import estimate_derivatives, estimate_errors
from noether_sym.errors import DatasetError
from noether_sym.track.lost import noise_of
from noether_sym.track.motion import NAMES, RATES, Motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 12
"""Frames of a stretch without gaps, below which it is left out."""

_GAP = 5.0
"""Usual steps in time beyond which a stretch ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is written of motions: coordinates and their rates.

    Attributes
    ----------
    names, units : tuple of str
        Of the columns: coordinates, then rates.
    parts : tuple of (times, values)
        One a stretch without gaps, of shapes (time,) and (time, column).
    noise : tuple of float
        Standard deviation of the noise of each column.
    every : int
        Every so many frames are taken, and so many are left out at either end of a stretch:
        over these smoothing makes the errors of rates alike.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    parts: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
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
    return table_with_rates([(one.times, one.values) for one in motions], names, units)


def table_with_rates(
    clips: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    names: Sequence[str],
    units: Sequence[str],
) -> Table:
    """Coordinates with their rates, by the splines that estimate dx/dt everywhere.

    Parameters
    ----------
    clips : sequence of (times, values)
        Of shapes (time,) and (time, coordinate).
    names, units : sequence of str
        Of the coordinates, then of their rates.

    Raises
    ------
    DatasetError
        If no stretch without gaps is long enough.
    """
    raw = [part for times, values in clips for part in _stretches(times, values)]
    if not raw:
        raise DatasetError(f"no stretch of {FEWEST} frames without gaps; rates need one")
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
    return Table(tuple(names), tuple(units), parts, tuple(noise), reach)


def _stretches(
    times: NDArray[np.float64], values: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Parts without gaps that are long enough."""
    steps = np.diff(times)
    cuts = np.flatnonzero(steps > _GAP * np.median(steps)) + 1
    edges = [0, *cuts.tolist(), len(times)]
    return [
        (times[first:last], values[first:last])
        for first, last in itertools.pairwise(edges)
        if last - first >= FEWEST
    ]


def csv_of(table: Table) -> str:
    """A table as CSV, a row a frame, with units in its header."""
    head = [f"{name} [{unit}]" for name, unit in zip(table.names, table.units, strict=True)]
    lines = [",".join(["trajectory", "t [s]", *head])]
    for number, (times, values) in enumerate(table.parts, start=1):
        for time, row in zip(times, values, strict=True):
            lines.append(",".join([str(number), f"{time:.9g}", *(f"{own:.9g}" for own in row)]))
    return "\n".join(lines) + "\n"
