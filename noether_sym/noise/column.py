"""The noise of one column: what its differences show, without what is far off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.noise.climb import climb
from noether_sym.noise.growth import growth
from noether_sym.noise.ladder import Ladder
from noether_sym.noise.model import Growing
from noether_sym.noise.outliers import find_outliers
from noether_sym.noise.resolution import resolution
from noether_sym.noise.uneven import Compared, compare, scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRECISION = 1e-8
"""Share of a column's spread below which what is left is called precision, not noise."""

_SMALLEST = 1e-6
"""Share of a column's spread below which a sample that is off is the integrator's doing."""

_FAR_OFF = 20.0
"""How many times further off an outlier is where a rest of motion is all that was seen."""

_STILL_FALLING = 2.0
"""Ratio of an estimate's error with the fall that is left to that without, up to which
trajectories are compared."""

_CLOCK, _CLOCK_ORDER = 0.01, 2
"""Share of the resolution up to which all differences of this order are those of a clock."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnNoise:
    """What is seen of the noise of a column.

    Attributes
    ----------
    step : float
        Resolution of the instrument; 0 where none shows.
    outliers : sequence of sequences of (int, float)
        Of each span, places of samples that are far off, and by how much.
    sigma, error : float
        Standard deviation of the noise, and its standard error; 0 where none is seen.
    floor : float
        What may be there unseen; 0 where noise is seen.
    growing : Growing or None
        How the noise grows with the size of the values, if it does.
    compared : Compared or None
        The noise of the trajectories beside each other.
    """

    step: float
    outliers: Sequence[Sequence[tuple[int, float]]]
    sigma: float = 0.0
    error: float = 0.0
    floor: float = 0.0
    growing: Growing | None = None
    compared: Compared | None = None


def noise_of_column(
    column: int,
    states: NDArray[np.float64],
    ladder: Ladder,
    values: Sequence[NDArray[np.float64]],
    threshold: float,
    *,
    columns: int,
    may_grow: bool,
) -> ColumnNoise:
    """Estimate the noise of one column.

    Parameters
    ----------
    column : int
        Its number, for the answer.
    states : array of shape (sample,)
        All of its values.
    ladder : Ladder
        Of the spans that are looked at.
    values : sequence of array of shape (time,)
        One a span.
    threshold : float
        Standard deviations from which a sample is an outlier.
    columns : int
        How many are looked at, which pay for comparisons of trajectories.
    may_grow : bool
        Whether noise that grows with the values is looked for.
    """
    spread, step = float(states.std()), _step(states, ladder, values)
    least = max(_PRECISION * spread, resolution(states))
    grows = growth(column, ladder, values, least) if may_grow else None
    if grows is not None:
        off = _outliers(ladder, values, grows.order, grows.large, threshold)
        return ColumnNoise(step, off, grows.sigma, grows.error, growing=grows)
    found = climb(ladder, values)
    units = scaled(ladder, values, found, columns)
    size = 1.0
    if units is not None:
        values, size, found = list(units.values), units.size, units.found
    strange: list[list[tuple[int, float]]] = [[] for _ in ladder.spans]
    if found.rung is not None and found.rung.scale > 0.0:
        order, far = found.rung.order, threshold if found.seen else _FAR_OFF * threshold
        noisy = found.seen and found.rung.scale * size > _PRECISION * spread
        least, ends = _SMALLEST * spread / size, 0 if noisy else order
        strange = _outliers(ladder, values, order, found.rung.scale, far, least=least, ends=ends)
        if any(strange):
            ladder, values = _without(ladder, values, strange)
            found = climb(ladder, values)
    rounded = step / np.sqrt(12.0)
    most = rounded if rounded > _PRECISION * spread else 0.0
    rung = found.rung
    if not (found.seen and rung is not None and rung.scale * size > _PRECISION * spread):
        floor = max(rounded, min(found.bound * size, spread))
        return ColumnNoise(step, strange, most, floor=floor)
    each = None
    if units is not None:
        each = units.compared
    elif found.error <= _STILL_FALLING * rung.error:
        each = compare(ladder, values, rung.order, rung.limit)
    sigma = max(rung.scale * size, most)
    return ColumnNoise(step, strange, sigma, found.error * size, compared=each)


def _outliers(
    ladder: Ladder,
    values: Sequence[NDArray[np.float64]],
    order: int,
    scale: float,
    threshold: float,
    *,
    least: float = 0.0,
    ends: int = 0,
) -> list[list[tuple[int, float]]]:
    """Of each span, places of outliers that are off by `least` or more, and their sizes."""
    pairs = zip(ladder.spans, values, strict=True)
    return [
        find_outliers(span, own, order, scale, threshold, least=least, ends=ends)
        if len(span) > order + 1
        else []
        for span, own in pairs
    ]


def _without(
    ladder: Ladder,
    values: Sequence[NDArray[np.float64]],
    strange: Sequence[Sequence[tuple[int, float]]],
) -> tuple[Ladder, list[NDArray[np.float64]]]:
    """A ladder and values without outliers."""
    masks = [np.ones(len(span), dtype=bool) for span in ladder.spans]
    for mask, found in zip(masks, strange, strict=True):
        mask[[place for place, _ in found]] = False
    spans = [
        span if mask.all() else span.kept(mask)
        for span, mask in zip(ladder.spans, masks, strict=True)
    ]
    return Ladder(spans), [own[mask] for own, mask in zip(values, masks, strict=True)]


def _step(
    values: NDArray[np.float64], ladder: Ladder, parts: Sequence[NDArray[np.float64]]
) -> float:
    """The resolution of a column; 0 where it is as even as a clock, which is no rounding."""
    step = resolution(values)
    if step == 0.0 or not any(len(span) > _CLOCK_ORDER for span in ladder.spans):
        return 0.0
    turns = ladder.differences(parts, _CLOCK_ORDER)
    return 0.0 if float(np.max(np.abs(turns))) <= _CLOCK * step else step
