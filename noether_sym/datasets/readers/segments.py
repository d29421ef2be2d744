"""Cut the rows of a table into segments of time: one trajectory each, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noether_sym.datasets.dataset import longest_step
from noether_sym.datasets.readers.header import is_label
from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 5
"""Samples that a segment needs for an estimate of dx/dt."""

GAP = 5.0
"""A step this many times the usual one, or nine in ten others, is a gap."""

MOST_TRAJECTORIES = 20_000
"""Trajectories that are read at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Rows of a table that follow each other in time.

    Attributes
    ----------
    label : str
        Of the trajectory, with a number if it was cut.
    frame : DataFrame of shape (time, column)
        The times and the states by name, in the order of time; no number is missing.
    trial : str
        The trajectory's label if it was cut, or else empty.
    """

    label: str
    frame: pd.DataFrame
    trial: str = ""

    def __len__(self) -> int:
        return len(self.frame)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of shape (time,)."""
        return self.frame[name].to_numpy()


@dataclass(slots=True)
class Tally:
    """What was done to the rows of all trajectories, segments of fewer than `fewest` left out."""

    fewest: int
    missing: int = 0
    cut_at_missing: int = 0
    repeated: int = 0
    reversed: list[str] = field(default_factory=list)
    gaps: int = 0
    cut_at_gaps: int = 0
    short: int = 0
    short_rows: int = 0

    def notes(self) -> list[str]:
        """The same in words."""
        notes = []
        if self.missing:
            notes.append(
                f"{_count(self.missing, 'row')} with missing numbers left out, and "
                f"{_of_trajectories(self.cut_at_missing)} cut there"
            )
        if self.repeated:
            notes.append(f"{_count(self.repeated, 'row')} left out as repeats of the row before")
        if self.reversed:
            shown = ", ".join(self.reversed[:5]) + ", ..." * (len(self.reversed) > 5)
            notes.append(
                f"time runs backwards in {_of_trajectories(len(self.reversed))} ({shown}): reversed"
            )
        if self.gaps:
            notes.append(
                f"{_of_trajectories(self.cut_at_gaps)} cut at {_count(self.gaps, 'gap')} in time, "
                f"steps over {GAP:g} times the usual one"
            )
        if self.short:
            notes.append(
                f"{_count(self.short, 'segment')} of fewer than {self.fewest} samples left out "
                f"({_count(self.short_rows, 'row')})"
            )
        return notes

    def long_enough(self, segments: Sequence[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
        """The segments that are long enough; the others are counted."""
        short = [len(one) for one in segments if len(one) < self.fewest]
        self.short += sum(length > 0 for length in short)
        self.short_rows += sum(short)
        return [one for one in segments if len(one) >= self.fewest]


def cut_into_segments(
    tables: Sequence[RawTable],
    time: str | None,
    states: Sequence[str],
    *,
    drop_missing: bool,
    fewest: int = FEWEST_ROWS,
    ordered: bool = True,
) -> tuple[list[Segment], list[str]]:
    """Order the rows of every trajectory by time and cut it at gaps.

    Rows that repeat the row before are left out; a trajectory whose time runs backwards
    throughout is reversed. Any other disorder is refused, for it may be two sequences
    in one. Without a time, rows are taken in their order.

    Parameters
    ----------
    tables : sequence of RawTable
    time : str or None
    states : sequence of str
        Names of the columns that must hold numbers.
    drop_missing : bool
        Leave out rows with a missing number and cut the trajectory there.
    fewest : int
        Rows that a segment needs.
    ordered : bool
        Whether rows follow each other; if not, a trajectory is not cut where rows are left out.

    Returns
    -------
    segments : list of Segment
    notes : list of str
        What was done.

    Raises
    ------
    DatasetError
        If numbers are missing, a time comes twice with different states, times are in
        disorder, or a trajectory is too short.
    """
    if sum(len(table.labels) for table in tables) > MOST_TRAJECTORIES:
        raise DatasetError(
            f"{tables[0].path} has more than {MOST_TRAJECTORIES:,} trajectories; give a part of "
            "them"
        )
    tally = Tally(fewest)
    found: list[Segment] = []
    for table, file in zip(tables, _file_names(tables), strict=True):
        named = [*([] if time is None else [time]), *states]
        frame = _frame(table, named, drop_missing=drop_missing)
        labels = table.labels
        if len(tables) > 1:
            labels = [f"{file}/{one}" for one in labels] if table.trajectory else [file]
        trajectories = _trajectories(table, table.labels if table.trajectory else [file], fewest)
        numbers = frame.to_numpy()
        for label, rows in zip(labels, trajectories, strict=True):
            lost = np.isnan(numbers[rows]).any(axis=1)
            tally.missing += int(lost.sum())
            parts = _cut(table, numbers, time, label, rows, lost, tally, ordered=ordered)
            for number, part in enumerate(parts):
                name = f"{label}/{number + 1}" if number else label
                trial = label if len(parts) > 1 else ""
                found.append(Segment(name, frame.iloc[part], trial))
    if not found:
        raise DatasetError(
            f"{tables[0].path}: no segment of {fewest} samples is left "
            f"({'; '.join(tally.notes())}); record longer stretches without gaps"
        )
    return found, tally.notes()


def _frame(table: RawTable, names: Sequence[str], *, drop_missing: bool) -> pd.DataFrame:
    """The columns, which must hold numbers.

    Raises
    ------
    DatasetError
        If a cell is not a number, if numbers are missing and are not to be dropped, or if a
        column has none at all.
    """
    for name in names:
        if np.isnan(table.numbers(name)).all():
            raise DatasetError(
                f"{table.path}: column {name!r} holds no numbers at all; {table.without(name)}"
            )
    frame = table.frame[names]
    lost = frame.isna().to_numpy()
    rows = np.flatnonzero(lost.any(axis=1))
    if len(rows) and not drop_missing:
        name = names[int(np.argmax(lost[rows[0]]))]
        raise DatasetError(
            f"{table.where(int(rows[0]), name)}: a number is missing (blank, NaN or NA); "
            f"{_count(len(rows), 'row')} lack{'' if len(rows) > 1 else 's'} one: "
            f"{table.places(rows)}. Fill them in, or use "
            f"{spelt('--drop-missing', 'drop_missing=True')} to leave such rows out and cut the "
            "trajectory there"
        )
    return frame


def _trajectories(table: RawTable, labels: Sequence[str], fewest: int) -> list[NDArray[np.intp]]:
    """The rows of each trajectory, of which none may be too short."""
    codes = table.trajectories.codes
    counts = np.bincount(codes)
    short = np.flatnonzero(counts < fewest).tolist()
    if short:
        more = f" (and {len(short) - 1} more are too short)" if len(short) > 1 else ""
        own = f": trajectory {labels[short[0]]!r}" if len(labels) > 1 else ""
        raise DatasetError(
            f"{table.path}{own} has {_count(counts[short[0]], 'row')}, at least {fewest} are "
            f"needed{more}; leave it out or record it for longer"
        )
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])


def _cut(
    table: RawTable,
    numbers: NDArray[np.float64],
    time: str | None,
    label: str,
    rows: NDArray[np.intp],
    lost: NDArray[np.bool_],
    tally: Tally,
    *,
    ordered: bool,
) -> list[NDArray[np.intp]]:
    """The rows of each segment of one trajectory; the first of the numbers is the time, if any."""
    kept, before = rows[~lost], np.cumsum(lost)[~lost]
    far: NDArray[np.bool_] | bool = False
    if time is not None:
        fresh = np.ones(len(kept), dtype=bool)
        fresh[1:] = (numbers[kept[1:]] != numbers[kept[:-1]]).any(axis=1)
        tally.repeated += int((~fresh).sum())
        kept, before = kept[fresh], before[fresh]
        steps = np.diff(numbers[kept, 0])
        if len(steps) and (steps < 0).all():
            tally.reversed.append(label)
            kept, before, steps = kept[::-1], before[::-1], -steps[::-1]
        _check_order(table, label, kept, steps, time)
        far = steps > (longest_step(steps, GAP) if len(steps) else 0.0)
    breaks = (np.diff(before) != 0) & ordered
    gaps = far & ~breaks
    tally.cut_at_missing += bool(breaks.any())
    tally.gaps += int(gaps.sum())
    tally.cut_at_gaps += bool(gaps.any())
    return tally.long_enough(np.split(kept, np.flatnonzero(gaps | breaks) + 1))


def _check_order(
    table: RawTable, label: str, rows: NDArray[np.intp], steps: NDArray[np.float64], time: str
) -> None:
    """Refuse times that stand still or run back."""
    bad = np.flatnonzero(steps <= 0)
    if not len(bad):
        return
    before, after = rows[bad[0]], rows[bad[0] + 1]
    times = table.numbers(time)
    several = len(table.labels) > 1
    place = f"{table.places([before])}{f' of trajectory {label!r}' if several else ''}"
    more = f" ({len(bad) - 1} more such places)" if len(bad) > 1 else ""
    start = f"{table.where(after, time)}: time {times[after]:g}"
    if times[before] == times[after]:
        raise DatasetError(
            f"{start} is already in {place}, with other states{more}; leave one of the two out, "
            "or, if they belong to two particles, name the column that tells them apart with "
            f"{spelt('--particle')}"
        )
    hint = ""
    if not several:
        likely = next((f", perhaps {name!r}" for name in table.names if is_label(name)), "")
        hint = (
            "; if a new sequence begins here, name the column that tells them apart with "
            f"{spelt('--trajectory')}{likely}, or add one called 'trajectory'"
        )
    raise DatasetError(
        f"{start} does not come after {times[before]:g} in {place}{more}; sort the rows by "
        f"time{hint}"
    )


def _file_names(tables: Sequence[RawTable]) -> list[str]:
    """Names of the files without their suffixes, unless two would be the same."""
    stems = [table.path.stem for table in tables]
    return stems if len(set(stems)) == len(stems) else [table.path.name for table in tables]


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _of_trajectories(number: int) -> str:
    return _count(number, "trajectory", "trajectories")
