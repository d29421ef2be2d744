"""What was understood of a data set, before any search."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.derivatives import estimate_errors
from noether_sym.datasets.points import angles, points
from noether_sym.datasets.velocities import advice
from noether_sym.datasets.windows import choose_window
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXACT = "exact"

_MOST_SAMPLES = 20_000
"""Samples of the longest segment, the first, in which periods are looked for."""

_CLEAR_PEAK = 0.3
"""Height of a peak of the autocorrelation, over that at no lag, from which it tells a period."""

_ENOUGH = 1000
"""Samples that suffice for the error of dx/dt, and most that one segment adds."""

_SHOWN = 8
"""Columns that the short form names at most."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What the samples say about a column.

    Attributes
    ----------
    name, unit, given : str
        `unit` as formulas use it, `given` as the file says it.
    least, median, largest : float
        In `unit`.
    period : float or None
        Time after which the column repeats itself; None where it does not.
    noise : float
        Standard deviation of the column's noise.
    derivative_error : float or None
        Estimated error of dx/dt, as a share of its root mean square; None where it is exact
        or not known.
    role : str
        What sets the column apart: a parameter, constant along trajectories, the time, an
        angle, derived; empty if nothing does.
    """

    name: str
    unit: str
    given: str
    least: float
    median: float
    largest: float
    period: float | None
    noise: float
    derivative_error: float | None
    role: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Inspection:
    """What was understood of a data set.

    Attributes
    ----------
    name, source : str
    train, test : tuple of int
        Samples of each trajectory.
    steps : (float, float, float) or None
        Least, median and largest step in time; None without two samples, or without time.
    time_unit : str
    columns : tuple of ColumnFacts
    window : int or None
        Samples over which every column looks mixed, about a period; None if there is no
        such window.
    derivative : str
        Where dx/dt comes from.
    ordered : bool
        Whether samples follow each other; without, every one is a point of its own.
    vectors : tuple of (str, tuple of str)
        Name and columns of what is taken as vectors.
    notes : tuple of str
        What was done to the data, and what they lack.
    """

    name: str
    source: str
    train: tuple[int, ...]
    test: tuple[int, ...]
    steps: tuple[float, float, float] | None
    time_unit: str
    columns: tuple[ColumnFacts, ...]
    window: int | None
    derivative: str
    ordered: bool
    vectors: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        columns = ", ".join(f"{own.name} [{own.unit}]" for own in self.columns[:_SHOWN])
        more = ", ..." * (len(self.columns) > _SHOWN)
        counts = " + ".join(f"{len(own):,}" for own in (self.train, self.test) if own)
        return (
            f"Inspection({self.name!r}: {columns}{more}; {counts} trajectories; "
            f"{len(self.notes)} notes)"
        )

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


def inspect(dataset: Dataset, noise: Sequence[float]) -> Inspection:
    """Describe a data set.

    Parameters
    ----------
    dataset : Dataset
    noise : sequence of float
        Standard deviation of each column's noise, as `noether_sym.noise` estimates it.

    Returns
    -------
    Inspection
    """
    segments = [segment for one in (*dataset.train, *dataset.test) for segment in one.segments()]
    longest = max(segments, key=len).part(0, _MOST_SAMPLES)
    steps = np.concatenate([np.diff(one.times) for one in (*dataset.train, *dataset.test)])
    states = np.concatenate([segment.states for segment in segments])
    estimated = dataset.has_derivatives and not dataset.derivative.startswith(EXACT)
    errors = _errors(segments) if estimated else None
    roles = _roles(dataset)
    moving = set(range(len(dataset.columns))) - {*dataset.constant_columns, dataset.time_column}
    columns = []
    for place, column in enumerate(dataset.columns):
        least, middle, largest = np.quantile(states[:, place], [0.0, 0.5, 1.0]).tolist()
        period = derivative_error = None
        if place in moving and dataset.timed:
            period = likely_period(longest.times, longest.states[:, place])
        if place in moving and errors:
            derivative_error = errors[place]
        columns.append(
            ColumnFacts(
                name=column.name,
                unit=column.unit.symbol,
                given=column.unit.given,
                least=least,
                median=middle,
                largest=largest,
                period=period,
                noise=noise[place],
                derivative_error=derivative_error,
                role=roles.get(place, ""),
            )
        )
    return Inspection(
        name=dataset.name,
        source=dataset.source,
        train=tuple(map(len, dataset.train)),
        test=tuple(map(len, dataset.test)),
        steps=(
            (float(steps.min()), float(np.median(steps)), float(steps.max()))
            if len(steps) and dataset.timed
            else None
        ),
        time_unit=dataset.time_unit.symbol,
        columns=tuple(columns),
        window=choose_window(dataset.train) if dataset.ordered else None,
        derivative=dataset.derivative,
        ordered=dataset.ordered,
        vectors=tuple(
            (own.name, tuple(dataset.names[column] for column in own.columns))
            for own in points(dataset)
        ),
        notes=(*dataset.notes, *filter(None, [advice(dataset)])),
    )


def likely_period(times: NDArray[np.float64], values: NDArray[np.float64]) -> float | None:
    """Time after which a column repeats itself: the first clear peak of its autocorrelation.

    Parameters
    ----------
    times, values : array of shape (time,)
        Of one trajectory without gaps.

    Returns
    -------
    float or None
        In the unit of `times`; None where there is no peak, so less than about one and a
        half periods, or no regular motion.
    """
    if len(times) < 8:
        return None
    clock = np.linspace(times[0], times[-1], len(times))
    even = np.interp(clock, times, values)
    scale = float(np.max(np.abs(even - even.mean())))
    if scale == 0.0:
        return None
    even = (even - even.mean()) / scale
    count = len(even)
    # lags up to two thirds, where a third of the samples still overlap
    overlap = np.arange(count, count // 3, -1)
    # padded with zeros, so that the ends do not meet
    spectrum = np.abs(np.fft.rfft(even, 2 * count)) ** 2
    power = np.fft.irfft(spectrum)[: len(overlap)] / overlap
    below = np.flatnonzero(power < 0)
    if not len(below):
        return None
    after = power[below[0] :]
    inner = after[1:-1]
    clear = (after[:-2] < inner) & (inner >= after[2:]) & (inner >= _CLEAR_PEAK * power[0])
    peaks = np.flatnonzero(clear)
    if not len(peaks):
        return None
    return float((below[0] + 1 + peaks[0]) * (clock[1] - clock[0]))


def _roles(dataset: Dataset) -> dict[int, str]:
    """What sets columns apart, in words; the last that applies."""
    roles = dict.fromkeys(angles(dataset), "an angle")
    roles |= {place: f"derived: {formula.text}" for place, formula in dataset.derived}
    for place in dataset.constant_columns:
        name = dataset.names[place]
        own = f"; {roles[place]}" if place >= len(dataset.base_columns) else ""
        if place in dataset.parameters:
            roles[place] = f"a parameter{own}"
        else:
            option = spelt(f"--parameter {shlex.quote(name)}", f"parameters=[{name!r}]")
            about = own or f", or a parameter ({option})"
            roles[place] = f"constant along every trajectory: conserved{about}"
    if dataset.time_column is not None:
        roles[dataset.time_column] = "the time"
    return roles


def _errors(segments: Sequence[Trajectory]) -> list[float] | None:
    """Relative error of dx/dt of each column; None if nothing is long.

    Of segments long enough to leave half of the samples out, as many as are needed.
    """
    chosen: list[Trajectory] = []
    for segment in segments:
        if len(segment) >= 12 and sum(map(len, chosen)) < _ENOUGH:
            chosen.append(segment.part(0, _ENOUGH))
    if not chosen:
        return None
    samples = [(segment.times, segment.states) for segment in chosen]
    return estimate_errors(samples, [segment.derivatives for segment in chosen])
