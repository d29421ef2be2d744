"""Estimate the noise of each column from the samples alone."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from noether_sym.datasets.constancy import constant_columns
from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.noise.column import noise_of_column
from noether_sym.noise.ladder import Ladder, Span, roughness
from noether_sym.noise.model import Noise, NoiseReport, Outlier
from noether_sym.noise.outliers import LEVEL
from noether_sym.noise.resolution import precision, unwrapped
from noether_sym.noise.uneven import uneven
from noether_sym.statistics.samples import cap

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_SAMPLES = 50_000
"""Samples that are looked at in all, the first of every trajectory."""

_LEAST_SAMPLES = 16
"""Samples of a trajectory that are looked at, if it has as many, so that differences of all orders
are there; of very many trajectories only some are taken."""


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
    spans, values = _spans(trajectories, states, moving)
    ladder = Ladder(spans)
    threshold = float(-ndtri(LEVEL / 2 / max(1, len(states) * len(moving))))
    found = {
        column: noise_of_column(
            column,
            states[:, column],
            ladder,
            values[column],
            threshold,
            columns=len(moving),
            may_grow=column not in known,
        )
        for column in moving
    }
    sigma, error, steps = np.zeros(count), np.zeros(count), np.zeros(count)
    floor = np.array([precision(own) for own in states.T])
    for column, own in found.items():
        sigma[column], error[column], steps[column] = own.sigma, own.error, own.step
        floor[column] = max(floor[column], own.floor)
    for column, value in known.items():
        sigma[column], error[column] = value, 0.0
    outliers = [
        one
        for column, own in found.items()
        for one in _named(trajectories, ladder, column, own.outliers)
    ]
    compared = {column: own.compared for column, own in found.items() if own.compared is not None}
    return NoiseReport(
        Noise(sigma, error, floor, tuple(column in known for column in range(count))),
        tuple(one for *_, one in sorted(outliers, key=lambda each: (*each[:2], each[2].column))),
        uneven(compared, [one.name for one in trajectories]),
        tuple(own.growing for own in found.values() if own.growing is not None),
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
