"""Estimate the noise of each column from the samples alone."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from noether_sym.datasets.constancy import constant_columns
from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.noise.climb import climb
from noether_sym.noise.growth import growth
from noether_sym.noise.ladder import Ladder, Span, roughness
from noether_sym.noise.model import Growing, Noise, NoiseReport, Outlier
from noether_sym.noise.outliers import LEVEL, find_outliers
from noether_sym.noise.resolution import precision, resolution, unwrapped
from noether_sym.noise.uneven import Compared, compare, scaled, uneven
from noether_sym.statistics.samples import cap

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRECISION = 1e-8
"""Share of a column's spread below which what is left is called precision, not noise."""

_SMALLEST = 1e-6
"""Share of a column's spread below which a sample that is off is the integrator's doing."""

_FAR_OFF = 20.0
"""How many times further off an outlier is where a rest of motion is all that was seen."""

_MOST_SAMPLES = 50_000
"""Samples that are looked at in all, the first of every trajectory."""

_LEAST_SAMPLES = 16
"""Samples of a trajectory that are looked at, if it has as many, so that differences of all orders
are there; of very many trajectories only some are taken."""

_STILL_FALLING = 2.0
"""Ratio of an estimate's error with the fall that is left to that without, up to which
trajectories are compared."""

_CLOCK, _CLOCK_ORDER = 0.01, 2
"""Share of the resolution up to which all differences of this order are those of a clock."""


def estimate_noise(
    trajectories: Sequence[Trajectory],
    given: Mapping[int, float] | None = None,
    *,
    exact: Collection[int] = (),
) -> Noise:
    """Estimate the noise of each column; see `noise_report`."""
    return noise_report(trajectories, given, exact=exact).noise


@functools.lru_cache(maxsize=4)
def dataset_noise(dataset: Dataset) -> NoiseReport:
    """The noise of a data set: given, or estimated from all its trajectories.

    Derived columns, parameters and the time have none of their own. Of points without order
    nothing can be told but what was given. The last few answers are kept.
    """
    return _of_parts(dataset, (*dataset.train, *dataset.test))


@functools.lru_cache(maxsize=4)
def training_noise(dataset: Dataset) -> Noise:
    """The same from the training trajectories alone: what a search and its verdict rest on."""
    return _of_parts(dataset, dataset.train).noise


def _of_parts(dataset: Dataset, trajectories: Sequence[Trajectory]) -> NoiseReport:
    exact = {place for place, _ in dataset.derived} | set(dataset.parameters)
    if dataset.time_column is not None:
        exact.add(dataset.time_column)
    given = dict(dataset.noise_given)
    if not dataset.ordered:
        exact |= set(range(len(dataset.columns))) - set(given)
    return noise_report(trajectories, given, exact=exact)


def noise_report(
    trajectories: Sequence[Trajectory],
    given: Mapping[int, float] | None = None,
    *,
    exact: Collection[int] = (),
) -> NoiseReport:
    """Estimate the noise of each column, and tell what such noise does not explain.

    Parameters
    ----------
    trajectories : sequence of Trajectory
        At least one. Gaps in time are no neighbourhoods; where times number the samples,
        these are taken as even.
    given : mapping of int to float, optional
        Standard deviations that are known, by column. Where trajectories say how those of single
        samples differ, nothing else is looked for in the column.
    exact : collection of int
        Columns that have no noise of their own.

    Returns
    -------
    NoiseReport

    Raises
    ------
    ValueError
        If there is no trajectory, or a given one is negative, not finite, or of no column.

    Notes
    -----
    The noise is taken as independent, white, and one for all trajectories and samples. Where it
    grows with the size of the values, `growing` says so, and the root mean square is taken.
    Motions faster than a few samples look like noise where they are everywhere; where the
    estimate keeps falling, none is called seen. Of very long data the first samples of every
    trajectory are used, or of many short ones some.
    """
    if not trajectories:
        raise ValueError("noise is estimated from trajectories; give at least one")
    count = trajectories[0].states.shape[1]
    known = dict(given or {})
    for column, value in known.items():
        if not 0 <= column < count or not (np.isfinite(value) and value >= 0):
            raise ValueError(
                f"noise {value} of column {column}: give a finite number from 0 up for a column "
                f"from 0 to {count - 1}"
            )
    states = np.concatenate([one.states for one in trajectories])
    told = {column for column in known if _differs(trajectories, column)}
    still = set(constant_columns([one.states for one in trajectories]))
    moving = [column for column in range(count) if column not in still | set(exact) | told]
    floor = np.array([precision(own) for own in states.T])
    sigma, error, steps = np.zeros(count), np.zeros(count), np.zeros(count)
    spans, values = _spans(trajectories, states, moving)
    shared = Ladder(spans)
    threshold = float(-ndtri(LEVEL / 2 / max(1, len(states) * len(moving))))
    outliers: list[tuple[int, int, Outlier]] = []
    compared: dict[int, Compared] = {}
    growing: list[Growing] = []
    for column in moving:
        ladder, own = shared, values[column]
        spread = float(states[:, column].std())
        least = max(PRECISION * spread, resolution(states[:, column]))
        grows = None if column in known else growth(column, ladder, own, least)
        if grows is not None:
            strange = _outliers(ladder, own, grows.order, grows.large, threshold)
            outliers += _named(trajectories, ladder, column, strange)
            sigma[column], error[column] = grows.sigma, grows.error
            steps[column] = _step(states[:, column], ladder, own)
            growing.append(grows)
            continue
        plain, found = ladder, climb(ladder, own)
        units = scaled(ladder, own, found, len(moving))
        size = 1.0
        if units is not None:
            own, size, found = list(units.values), units.size, units.found
        if found.rung is not None and found.rung.scale > 0.0:
            order, far = found.rung.order, threshold if found.seen else _FAR_OFF * threshold
            noisy = found.seen and found.rung.scale * size > PRECISION * spread
            least, ends = _SMALLEST * spread / size, 0 if noisy else order
            strange = _outliers(ladder, own, order, found.rung.scale, far, least=least, ends=ends)
            if any(strange):
                outliers += _named(trajectories, ladder, column, strange)
                ladder, own = _without(ladder, own, strange)
                found = climb(ladder, own)
        steps[column] = _step(states[:, column], plain, values[column])
        rounded = steps[column] / np.sqrt(12.0)
        if found.seen and found.rung is not None and found.rung.scale * size > PRECISION * spread:
            rung = found.rung
            sigma[column], error[column] = rung.scale * size, found.error * size
            if units is not None:
                compared[column] = units.compared
            elif found.error <= _STILL_FALLING * rung.error:
                each = compare(ladder, own, rung.order, rung.limit)
                compared |= {column: each} if each is not None else {}
        else:
            floor[column] = max(floor[column], rounded, min(found.bound * size, spread))
        if rounded > PRECISION * spread:
            sigma[column] = max(sigma[column], rounded)
    for column, value in known.items():
        sigma[column], error[column] = value, 0.0
    return NoiseReport(
        Noise(sigma, error, floor, tuple(column in known for column in range(count))),
        tuple(one for *_, one in sorted(outliers, key=lambda each: (*each[:2], each[2].column))),
        uneven(compared, [one.name for one in trajectories]),
        tuple(growing),
        steps,
    )


def _differs(trajectories: Sequence[Trajectory], column: int) -> bool:
    """Whether the noise of a column is known to differ between samples."""
    own = [one.noise[:, column] for one in trajectories if one.noise is not None]
    return bool(own) and bool(np.ptp(np.concatenate(own)) > 0)


def _spans(
    trajectories: Sequence[Trajectory], states: NDArray[np.float64], moving: Sequence[int]
) -> tuple[list[Span], dict[int, list[NDArray[np.float64]]]]:
    """Trajectories without their gaps, of at least two samples, and values by column."""
    spans: list[Span] = []
    values: dict[int, list[NDArray[np.float64]]] = {column: [] for column in moving}
    if not moving:
        return spans, values
    spread = states[:, moving].std(axis=0)
    ranges = np.ptp(states, axis=0)
    lengths = np.array([len(one) for one in trajectories])
    most = max(_LEAST_SAMPLES, cap(lengths, _MOST_SAMPLES))
    every = -(-int(np.minimum(lengths, most).sum()) // _MOST_SAMPLES)
    for place, whole in list(enumerate(trajectories))[:: max(1, every)]:
        first = 0
        for one in whole.part(0, most).segments():
            rows = np.arange(first, first + len(one))
            first += len(one)
            if len(one) < 2:
                continue
            clock = (one.times - one.times[0]) / float(np.median(np.diff(one.times)))
            columns = [unwrapped(one.states[:, column], ranges[column]) for column in moving]
            rough = roughness(clock, np.stack(columns, axis=-1) / spread)
            spans.append(Span(place, rows, one.times, rough))
            for column, own in zip(moving, columns, strict=True):
                values[column].append(own)
    return spans, values


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


def _named(
    trajectories: Sequence[Trajectory],
    ladder: Ladder,
    column: int,
    strange: Sequence[Sequence[tuple[int, float]]],
) -> list[tuple[int, int, Outlier]]:
    """Outliers with the places of their trajectory and row, to sort by."""
    named = []
    for span, found in zip(ladder.spans, strange, strict=True):
        own = trajectories[span.trajectory]
        for place, size in found:
            row = int(span.rows[place])
            heavy = size**2 > len(own)
            outlier = Outlier(own.name, column, row, float(own.times[row]), size, heavy)
            named.append((span.trajectory, row, outlier))
    return named


def _step(
    values: NDArray[np.float64], ladder: Ladder, parts: Sequence[NDArray[np.float64]]
) -> float:
    """The resolution of a column; 0 where it is as even as a clock, which is no rounding."""
    step = resolution(values)
    if step == 0.0 or not any(len(span) > _CLOCK_ORDER for span in ladder.spans):
        return 0.0
    turns = ladder.differences(parts, _CLOCK_ORDER)
    return 0.0 if float(np.max(np.abs(turns))) <= _CLOCK * step else step
