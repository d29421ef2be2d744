"""Bring a table into one row a sample: runs side by side, likely labels, long tables."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from noether_sym.datasets.readers.cells import fault_of, to_numbers
from noether_sym.datasets.readers.header import is_dated, is_time, is_time_stamp, may_number_rows
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import Fault, RawTable
from noether_sym.datasets.readers.stamps import since_1970
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RUN = "run"

_FEWEST_ROWS = 5
"""Rows that each value of a likely label must have to tell trajectories apart."""

_MOST_PARTICLES = 200
"""Most particles of a long table: each has columns of its own."""


def arranged(table: RawTable, options: TableOptions) -> RawTable:
    """The table with one row a sample, and what was done in its notes.

    Parameters
    ----------
    table : RawTable
        As its file has it.
    options : TableOptions

    Raises
    ------
    DatasetError
        If runs differ in their columns or units, or a particle has two rows at the same time.
    """
    table = _without_dates(_without_row_numbers(table, options), options)
    table = _in_seconds(table, options)
    if table.header.runs:
        table = _one_below_the_other(table)
    if table.header.guessed:
        table = _settled(table)
    return table if table.particles is None else _pivoted(table, options)


def _without_row_numbers(table: RawTable, options: TableOptions) -> RawTable:
    """The table without a first column that R or pandas wrote to number the rows."""
    name = next(iter(table.header.units))
    if not may_number_rows(name) or name in table.header.labels or name in options.numbers:
        return table
    cells = table.frame[name].to_numpy()
    first = cells[0] if name not in table.faults else np.nan
    counted = first in (0.0, 1.0) and np.array_equal(cells, first + np.arange(len(cells)))
    if not counted and name:
        return table
    if not counted:
        raise DatasetError(
            f"{table.path}: column 1 has no name, and does not number the rows; name it, or leave "
            "it out (pandas: to_csv(..., index=False); R: row.names = FALSE)"
        )
    shown = f"column {name!r}" if name else "column 1, which has no name,"
    others = {own: unit for own, unit in table.header.units.items() if own != name}
    left = _without_columns(table, [name], f"{shown} numbers the rows: left out")
    return replace(left, header=replace(table.header, units=others))


def _without_dates(table: RawTable, options: TableOptions) -> RawTable:
    """The table without dates that stand beside a column of times."""
    times = [name for name in table.names if name == options.time or is_time(name)]
    dates = [
        name
        for name in table.names
        if is_dated(name)
        and name not in times
        and name not in options.numbers
        and (table.holds_no_number(name) or _is_stamped(table, name))
    ]
    if not dates or all(name in table.faults for name in times):
        return table
    listed = ", ".join(map(repr, dates))
    return _without_columns(table, dates, f"dates beside the time left out: {listed}")


def _without_columns(table: RawTable, names: Sequence[str], note: str) -> RawTable:
    """The table without some columns of numbers, and a note that says so."""
    return replace(
        table,
        frame=table.frame.drop(columns=list(names)),
        units={name: unit for name, unit in table.units.items() if name not in names},
        faults={name: fault for name, fault in table.faults.items() if name not in names},
        notes=(*table.notes, note),
    )


def _is_stamped(table: RawTable, name: str) -> bool:
    """Whether a column's seconds were read from time stamps."""
    return table.header.units[name] is None and table.units[name] == "s"


def _in_seconds(table: RawTable, options: TableOptions) -> RawTable:
    """The table with times since 1970 as seconds from the first, where no unit says otherwise."""
    frame, units, notes = table.frame, table.units, []
    for name in table.names:
        named = name == options.time or is_time(name) or is_time_stamp(name)
        if not named or units[name] or name in options.units or name in table.faults:
            continue
        found = since_1970(frame[name].to_numpy())
        if found is not None:
            seconds, word = found
            frame, units = frame.assign(**{name: seconds}), {**units, name: "s"}
            flag = f"--unit {shlex.quote(f'{name}=UNIT')}"
            notes.append(
                f"column {name!r}, {word} since 1970, read as seconds from the first; "
                f"{spelt(flag, f'units={{{name!r}: UNIT}}')} if it is anything else"
            )
    return replace(table, frame=frame, units=units, notes=(*table.notes, *notes))


def _one_below_the_other(table: RawTable) -> RawTable:
    """Runs that stand side by side as trajectories."""
    shared = [set(columns) for _, columns in table.header.runs]
    names = [name for name in table.header.runs[0][1] if all(name in one for one in shared)]
    units: dict[str, str | None] = {}
    faults: dict[str, Fault] = {}
    frames, labels, left = [], [], []
    count = 0
    for run, columns in table.header.runs:
        left += [column for name, column in columns.items() if name not in names]
        for name in names:
            unit = table.units[columns[name]]
            if units.setdefault(name, unit) != unit:
                raise DatasetError(
                    f"{table.path}: {name!r} is in {unit or 'no unit'} in {run!r} and in "
                    f"{units[name] or 'no unit'} before; give one unit to all runs"
                )
        frame = table.frame[[columns[name] for name in names]].set_axis(names, axis=1)
        own = {name: table.faults[columns[name]] for name in names if columns[name] in table.faults}
        filled = np.flatnonzero(frame.notna().any(axis=1).to_numpy())
        # below a shorter run the cells are blank
        last = max([*filled[-1:].tolist(), *(fault.row for fault in own.values())], default=-1)
        for name, fault in own.items():
            faults.setdefault(name, replace(fault, row=fault.row + count))
        frames.append(frame.iloc[: last + 1])
        labels.append((run, last + 1))
        count += last + 1
    if len(names) < 2:
        raise DatasetError(
            f"{table.path}: the runs {', '.join(run for run, _ in labels)} have no two columns in "
            "common; give each run in a file of its own"
        )
    kept = [(run, length) for run, length in labels if length]
    codes = np.repeat(np.arange(len(kept)), [length for _, length in kept])
    notes = [f"columns left out because not every run has them: {', '.join(left)}"] if left else []
    return replace(
        table,
        frame=pd.concat(frames),
        units=units,
        faults=faults,
        trajectory=_RUN if _RUN not in names else None,
        trajectories=pd.Categorical.from_codes(codes, pd.Index([run for run, _ in kept])),
        notes=(*table.notes, *notes),
    )


def _settled(table: RawTable) -> RawTable:
    """The table with a likely label as its trajectory, or as numbers where that is not safe.

    It is safe where the label stays the same over stretches of rows, and each comes once.
    """
    name, codes = table.trajectory, table.trajectories.codes
    counts = np.bincount(codes)
    stretches = 1 + int(np.count_nonzero(np.diff(codes)))
    if stretches == len(counts) and counts.min() >= _FEWEST_ROWS:
        words = "trajectory" if len(counts) == 1 else f"{len(counts):,} trajectories"
        note = (
            f"column {name!r} tells trajectories apart ({words}); to search it, name it with "
            f"{spelt('--columns')}"
        )
        return replace(table, notes=(*table.notes, note))
    values, bad = to_numbers(table.labels)
    numbers = values[codes]
    faults = dict(table.faults)
    if len(bad):
        wrong = np.flatnonzero(np.isin(codes, bad))
        cell = table.labels[int(codes[wrong[0]])]
        faults[str(name)] = Fault(int(wrong[0]), fault_of(cell), len(wrong))
    # where it stood, between the columns of numbers
    place = list(table.header.units).index(str(name))
    frame = table.frame.copy(deep=False)
    frame.insert(min(place, frame.shape[1]), name, numbers)
    units = {own: table.header.units[own] for own in frame.columns}
    whole = np.zeros(len(frame), np.int8)
    return replace(
        table,
        frame=frame,
        units=units,
        faults=faults,
        trajectory=None,
        trajectories=pd.Categorical.from_codes(whole, [table.path.stem]),
        header=replace(table.header, trajectory=None),
    )


def _pivoted(table: RawTable, options: TableOptions) -> RawTable:
    """A long table with the columns of each particle beside those of the others."""
    assert table.particles is not None
    labels = [str(label) for label in table.particles.categories]
    if len(labels) > _MOST_PARTICLES:
        raise DatasetError(
            f"{table.path}: column {options.particle!r} tells {len(labels):,} particles apart; at "
            f"most {_MOST_PARTICLES} are taken. Give the column that numbers the particles"
        )
    time = options.time or next((name for name in table.names if is_time(name)), None)
    names = [name for name in table.names if name != time]
    samples, firsts = _samples(table, time)
    codes = table.particles.codes
    cells = samples * len(labels) + codes
    order = np.argsort(cells, kind="stable")
    again = np.flatnonzero(np.diff(cells[order]) == 0)
    if len(again):
        rows = order[again[0] : again[0] + 2]
        raise DatasetError(
            f"{table.path}: particle {labels[codes[rows[0]]]!r} has two rows at the same time "
            f"({table.places(rows)}); leave one out, or name the column that tells trajectories "
            f"apart with {spelt('--trajectory')}"
        )
    count = len(firsts)
    columns: dict[str, NDArray[np.float64]] = {}
    units: dict[str, str | None] = {}
    faults: dict[str, Fault] = {}
    if time is not None:
        columns[time] = table.frame[time].to_numpy()[firsts]
        units[time] = table.units[time]
        if time in table.faults:
            faults[time] = replace(table.faults[time], row=int(samples[table.faults[time].row]))
    for number, label in enumerate(labels):
        own = codes == number
        for name in names:
            key = _name(name, label)
            columns[key] = np.full(count, np.nan)
            columns[key][samples[own]] = table.frame[name].to_numpy()[own]
            units[key] = table.units[name]
            fault = table.faults.get(name)
            if fault is not None and own[fault.row]:
                faults[key] = replace(fault, row=int(samples[fault.row]))
    if len(columns) < len(names) * len(labels):
        raise DatasetError(
            f"{table.path}: columns of two particles would get the same name; rename the particles"
        )
    shown = ", ".join(_name(names[0], label) for label in labels[:3]) if names else ""
    more = ", ..." * (len(labels) > 3)
    return replace(
        table,
        frame=pd.DataFrame(columns, index=table.frame.index[firsts]),
        units=units,
        faults=faults,
        trajectories=table.trajectories[firsts],
        particles=None,
        spread={name: tuple(_name(name, label) for label in labels) for name in names},
        notes=(
            *table.notes,
            f"{len(labels)} particles told apart by column {options.particle!r}: {names[0]} "
            f"became {shown}{more}, and so on",
        ),
    )


def _samples(table: RawTable, time: str | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which sample each row is of, and the first row of each, in the order of the rows.

    A sample is a time of a trajectory; without a time it is the n-th row of each particle.
    """
    assert table.particles is not None
    groups = {"trajectory": table.trajectories.codes}
    if time is None:
        pairs = pd.DataFrame({**groups, "particle": table.particles.codes})
        clock = pairs.groupby(["trajectory", "particle"]).cumcount().to_numpy()
    else:
        clock = table.frame[time].to_numpy()
    keys = pd.MultiIndex.from_arrays([groups["trajectory"], clock])
    samples, _ = pd.factorize(keys)
    _, firsts = np.unique(samples, return_index=True)
    return samples, firsts


def _name(name: str, label: str) -> str:
    """``x1`` for x of particle 1; ``x_sun`` for that of sun."""
    return f"{name}{label}" if label.isdecimal() and not name[-1].isdigit() else f"{name}_{label}"
