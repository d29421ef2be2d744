"""Cut the rows of a table into stretches of time: one trajectory each, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import longest_step
from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 5
"""Samples that a stretch needs for an estimate of dx/dt."""

GAP = 5.0
"""A step this many times the usual one, or nine in ten others, is a gap."""

MOST_TRAJECTORIES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Rows of a table that follow each other in time.

    Attributes
    ----------
    table : RawTable
    label : str
        Of the trajectory, with a number if it was cut.
    rows : array of int, shape (time,)
        In the order of time.
    """

    table: RawTable
    label: str
    rows: NDArray[np.intp]


@dataclass(slots=True)
class Tally:
    """What was done to the rows of all trajectories."""

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
                f"{_trajectories(self.cut_at_missing)} cut there"
            )
        if self.repeated:
            notes.append(f"{_count(self.repeated, 'row')} left out that repeat the row before")
        if self.reversed:
            shown = ", ".join(self.reversed[:5]) + ", ..." * (len(self.reversed) > 5)
            notes.append(
                f"time runs backwards in {_trajectories(len(self.reversed))} ({shown}), turned "
                "round"
            )
        if self.gaps:
            notes.append(
                f"{_trajectories(self.cut_at_gaps)} cut at {_count(self.gaps, 'gap')} in time, "
                f"steps over {GAP:g} times the usual one"
            )
        if self.short:
            notes.append(
                f"{_count(self.short, 'stretch', 'stretches')} of fewer than {FEWEST_ROWS} samples "
                f"left out ({_count(self.short_rows, 'row')})"
            )
        return notes


def cut_into_stretches(
    tables: Sequence[RawTable], time: str, states: Sequence[str], *, drop_missing: bool
) -> tuple[list[Stretch], list[str]]:
    """Order the rows of every trajectory by time and cut it at gaps.

    Rows that repeat the row before are left out; a trajectory whose time runs backwards
    throughout is turned round. Any other disorder is refused, for it may be two sequences
    in one.

    Parameters
    ----------
    tables : sequence of RawTable
    time : str
    states : sequence of str
        Names of the columns that must hold numbers.
    drop_missing : bool
        Leave out rows with a missing number and cut the trajectory there.

    Returns
    -------
    stretches : list of Stretch
    notes : list of str
        What was done.

    Raises
    ------
    DatasetError
        If numbers are missing, a time stands twice with different states, times are in
        disorder, or a trajectory is too short.
    """
    names = _file_names(tables)
    if sum(len(table.labels) for table in tables) > MOST_TRAJECTORIES:
        raise DatasetError(
            f"{tables[0].path} has more than {MOST_TRAJECTORIES:,} trajectories; give a part of "
            "them"
        )
    tally = Tally()
    found: list[Stretch] = []
    for table, name in zip(tables, names, strict=True):
        missing = _missing(table, [time, *states], drop_missing=drop_missing)
        _check_lengths(table, name)
        order = np.argsort(table.codes, kind="stable")
        edges = np.searchsorted(table.codes[order], np.arange(1, len(table.labels)))
        for own, rows in zip(table.labels, np.split(order, edges), strict=True):
            prefixed = f"{name}/{own}" if len(tables) > 1 else own
            label = name if table.trajectory is None and len(tables) > 1 else prefixed
            for number, part in enumerate(_parts(table, label, rows, missing, time, states, tally)):
                found.append(Stretch(table, f"{label}/{number + 1}" if number else label, part))
    if not found:
        raise DatasetError(
            f"{tables[0].path}: no stretch of {FEWEST_ROWS} samples is left "
            f"({'; '.join(tally.notes())}); sample longer without gaps"
        )
    return found, tally.notes()


def _check_lengths(table: RawTable, name: str) -> None:
    counts = np.bincount(table.codes, minlength=len(table.labels))
    short = np.flatnonzero(counts < FEWEST_ROWS).tolist()
    if short:
        label = table.labels[short[0]] if table.trajectory else name
        more = f" (and {len(short) - 1} more are too short)" if len(short) > 1 else ""
        raise DatasetError(
            f"{table.path}: trajectory {label!r} has {_count(counts[short[0]], 'row')}, at least "
            f"{FEWEST_ROWS} are needed{more}; leave it out or sample it longer"
        )


def _parts(
    table: RawTable,
    label: str,
    rows: NDArray[np.intp],
    missing: NDArray[np.bool_],
    time: str,
    states: Sequence[str],
    tally: Tally,
) -> list[NDArray[np.intp]]:
    """The stretches of one trajectory."""
    lost = missing[rows]
    before = np.cumsum(lost)[~lost]
    kept = rows[~lost]
    repeats = np.zeros(len(kept), dtype=bool)
    times = table.numbers(time)[kept]
    again = np.flatnonzero(np.diff(times) == 0) + 1
    for column in map(table.numbers, states):
        again = again[column[kept[again]] == column[kept[again - 1]]]
    repeats[again] = True
    kept, before, times = kept[~repeats], before[~repeats], times[~repeats]
    steps = np.diff(times)
    if len(steps) and (steps < 0).all():
        tally.reversed.append(label)
        kept, before, steps = kept[::-1], before[::-1], -steps[::-1]
    _check_order(table, label, kept, steps, time)
    jumps = steps > (longest_step(steps, GAP) if len(steps) else 0.0)
    breaks = np.diff(before) != 0
    tally.missing += int(lost.sum())
    tally.cut_at_missing += bool(breaks.any())
    tally.repeated += len(again)
    tally.gaps += int((jumps & ~breaks).sum())
    tally.cut_at_gaps += bool((jumps & ~breaks).any())
    parts = np.split(kept, np.flatnonzero(jumps | breaks) + 1)
    short = [part for part in parts if len(part) < FEWEST_ROWS]
    tally.short += sum(len(part) > 0 for part in short)
    tally.short_rows += sum(map(len, short))
    return [part for part in parts if len(part) >= FEWEST_ROWS]


def _check_order(
    table: RawTable, label: str, rows: NDArray[np.intp], steps: NDArray[np.float64], time: str
) -> None:
    bad = np.flatnonzero(steps <= 0)
    if not len(bad):
        return
    before, after = int(rows[bad[0]]), int(rows[bad[0] + 1])
    times = table.numbers(time)
    several = len(table.labels) > 1
    sequence = f" of trajectory {label!r}" if several else ""
    more = f" ({len(bad) - 1} more such places)" if len(bad) > 1 else ""
    if times[before] == times[after]:
        raise DatasetError(
            f"{table.where(after, time)}: time {times[after]:g} stands in {table.place(before)}"
            f"{sequence} too, with other states{more}; leave one of the two out"
        )
    hint = "" if several else "; if a new sequence begins here, add a column 'trajectory'"
    raise DatasetError(
        f"{table.where(after, time)}: time {times[after]:g} does not come after "
        f"{times[before]:g} of {table.place(before)}{sequence}{more}; sort the rows by time{hint}"
    )


def _missing(table: RawTable, names: Sequence[str], *, drop_missing: bool) -> NDArray[np.bool_]:
    """Which rows lack a number.

    Raises
    ------
    DatasetError
        If there are any and they are not to be dropped, or if a column has none at all.
    """
    rows = np.zeros(len(table), dtype=bool)
    for name in names:
        lost = np.isnan(table.numbers(name))
        if lost.all():
            others = [one for one in table.names if one != name]
            raise DatasetError(
                f"{table.path}: column {name!r} holds no number at all; leave it out with "
                f"--columns {','.join(others)}"
            )
        rows |= lost
    if rows.any() and not drop_missing:
        found = np.flatnonzero(rows)
        name = next(name for name in names if np.isnan(table.numbers(name)[found[0]]))
        plural = len(found) > 1
        raise DatasetError(
            f"{table.where(int(found[0]), name)}: no number (blank, NaN or NA); "
            f"{_count(len(found), 'row')} lack{'' if plural else 's'} one: "
            f"{table.places(found)}. Fill them in, or give --drop-missing (drop_missing=True) to "
            "leave such rows out and cut the trajectory there"
        )
    return rows


def _file_names(tables: Sequence[RawTable]) -> list[str]:
    """Names of the files without their suffixes, unless two would be the same."""
    stems = [table.path.stem for table in tables]
    if len(set(stems)) == len(stems):
        return stems
    return [table.path.name for table in tables]


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _trajectories(number: int) -> str:
    return _count(number, "trajectory", "trajectories")
