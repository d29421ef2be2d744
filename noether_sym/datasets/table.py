"""Own data from a CSV or Parquet file: one row a sample, units in the header."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.datasets.derivative import INTERPOLATED, SMOOTHED, estimate_derivatives
from noether_sym.datasets.table_file import RawTable, read_table
from noether_sym.errors import DatasetError, UnitError
from noether_sym.units import Unit, coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST_SHARE = 0.2
FEWEST_ROWS = 5
FEWEST_TO_SPLIT = 4
_TRAJECTORY = "trajectory"
_TIMES = ("t", "time")


@dataclass(frozen=True, slots=True)
class _Roles:
    """Names of a table's columns by what they are."""

    trajectory: str | None
    time: str
    states: tuple[str, ...]


def load_table(
    path: str | Path,
    *,
    units: Mapping[str, str] | None = None,
    unitless: bool = False,
    time: str | None = None,
) -> Dataset:
    """Load trajectories from a CSV or Parquet file.

    Parameters
    ----------
    path : str or Path
        One row a sample and a header such as ``trajectory,t [s],q [rad],p [kg*m**2/s]``.
        ``trajectory`` may be missing (one sequence); sequences may differ in length and
        be sampled irregularly.
    units : mapping of str to str, optional
        Unit of a column by its name; stands before the header's.
    unitless : bool
        Take every column as dimensionless, whatever the header says.
    time : str, optional
        Name of the time column, when it is neither ``t`` nor ``time``.

    Returns
    -------
    Dataset
        In coherent units. With at least 4 trajectories the last 20 % of them are for
        testing, otherwise the last 20 % of the time of each. dx/dt is estimated as
        `noether_sym.datasets.derivative` says. Columns that are constant within every
        trajectory are set aside and named in the notes.

    Raises
    ------
    DatasetError
        If the file is malformed; the message names the line and the column.
    UnitError
        If a unit is not known.
    """
    raw = read_table(Path(path))
    roles = _roles(raw, time)
    given = _given_units(raw, roles, units or {}, unitless=unitless)
    groups = _groups(raw, roles)
    times = raw.numbers(roles.time)
    _check_times(raw, roles.time, times, groups)
    values = {name: raw.numbers(name) for name in roles.states}
    searched, notes = _set_aside(raw, values, groups)
    *column_units, time_unit = _units(raw, [*searched, roles.time], given)
    table = np.stack(
        [unit.convert(values[name]) for name, unit in zip(searched, column_units, strict=True)],
        axis=-1,
    )
    clock = time_unit.convert(times)
    parts = [(clock[rows], table[rows]) for rows in groups.values()]
    derivatives, penalties = estimate_derivatives(parts)
    trajectories = [
        Trajectory(label, *part, derivative)
        for label, part, derivative in zip(groups, parts, derivatives, strict=True)
    ]
    train, test, split_note = _split(trajectories)
    return Dataset(
        name=raw.path.stem,
        columns=tuple(
            Column(name, unit) for name, unit in zip(searched, column_units, strict=True)
        ),
        time_unit=time_unit,
        train=train,
        test=test,
        derivative=_derivative_words(searched, penalties),
        source=str(raw.path),
        notes=(
            *notes,
            *_conversions([*searched, roles.time], [*column_units, time_unit]),
            *(("all columns taken as dimensionless",) if unitless else ()),
            split_note,
        ),
    )


def _roles(raw: RawTable, time: str | None) -> _Roles:
    trajectory = next((name for name in raw.names if name.lower() == _TRAJECTORY), None)
    others = [name for name in raw.names if name != trajectory]
    if time is not None:
        if time not in others:
            raise DatasetError(
                f"{raw.path} has no column {time!r} to take as time; its columns: "
                f"{', '.join(raw.names)}"
            )
        return _Roles(trajectory, time, tuple(name for name in others if name != time))
    found = [name for name in others if name in _TIMES]
    # T alone is rather a temperature or a kinetic energy than a time
    found = found or [name for name in others if name.lower() == "time"]
    if len(found) != 1:
        fault = "more than one time column" if found else "no time column"
        raise DatasetError(
            f"{raw.path} has {fault}; its columns: {', '.join(raw.names)}. Call the time 't' or "
            "'time', or say which it is with --time NAME (time= in Python)"
        )
    return _Roles(trajectory, found[0], tuple(name for name in others if name != found[0]))


def _given_units(
    raw: RawTable, roles: _Roles, units: Mapping[str, str], *, unitless: bool
) -> dict[str, str]:
    """The unit of each column that has one, the mapping before the header."""
    known = [roles.time, *roles.states]
    for name in units:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise DatasetError(
                f"{raw.path} has no column {name!r} to give a unit to{meant or '.'} Its columns: "
                f"{', '.join(known)}"
            )
    if unitless and units:
        raise DatasetError("units were given together with unitless; give one of the two")
    if unitless:
        return dict.fromkeys(known, "dimensionless")
    header = dict(zip(raw.names, raw.units, strict=True))
    return {name: unit for name in known if (unit := units.get(name, header[name])) is not None}


def _groups(raw: RawTable, roles: _Roles) -> dict[str, NDArray[np.intp]]:
    """Row numbers, from 0, of each trajectory, in the order of first appearance."""
    if roles.trajectory is None:
        groups = {raw.path.stem: list(range(len(raw.rows)))}
    else:
        groups = {}
        for row, label in enumerate(raw.labels(roles.trajectory)):
            groups.setdefault(label, []).append(row)
    short = [label for label, rows in groups.items() if len(rows) < FEWEST_ROWS]
    if short:
        more = f" (and {len(short) - 1} more are too short)" if len(short) > 1 else ""
        count = len(groups[short[0]])
        raise DatasetError(
            f"{raw.path}: trajectory {short[0]!r} has {count} row{'s' * (count != 1)}, at least "
            f"{FEWEST_ROWS} are needed{more}; leave it out or sample it longer"
        )
    return {label: np.array(rows) for label, rows in groups.items()}


def _check_times(
    raw: RawTable, name: str, times: NDArray[np.float64], groups: Mapping[str, NDArray[np.intp]]
) -> None:
    for label, rows in groups.items():
        bad = np.flatnonzero(np.diff(times[rows]) <= 0)
        if not len(bad):
            continue
        before, after = int(rows[bad[0]]), int(rows[bad[0] + 1])
        sequence = f" of trajectory {label!r}" if len(groups) > 1 else ""
        hint = (
            "sort the rows by time"
            if len(groups) > 1
            else "sort the rows by time; if a new sequence begins here, add a column 'trajectory'"
        )
        raise DatasetError(
            f"{raw.where(after, name)}: time {times[after]:g} does not come after "
            f"{times[before]:g} of {raw.row_word} {raw.rows[before]}{sequence}; {hint}"
        )


def _set_aside(
    raw: RawTable,
    values: Mapping[str, NDArray[np.float64]],
    groups: Mapping[str, NDArray[np.intp]],
) -> tuple[list[str], list[str]]:
    """Names of the columns to search, and a note for each that is a mere parameter."""
    searched, notes = [], []
    for name, column in values.items():
        if any(np.ptp(column[rows]) > 1e-12 * np.max(np.abs(column)) for rows in groups.values()):
            searched.append(name)
        else:
            notes.append(
                f"column {name!r} is constant in every trajectory: a parameter of the system, "
                "set aside"
            )
    if not searched:
        reason = f"all of {', '.join(values)} are constant" if values else "there is only the time"
        raise DatasetError(
            f"{raw.path} has no column to search: {reason}; give at least one column that changes "
            "in time"
        )
    return searched, notes


def _units(raw: RawTable, names: Sequence[str], given: Mapping[str, str]) -> tuple[Unit, ...]:
    missing = [name for name in names if name not in given]
    if missing:
        raise DatasetError(
            f"{raw.path}: no unit for {', '.join(missing)}; write it into the header, as in "
            f"'{missing[0]} [m]', or give --unit NAME=UNIT for each (units= in Python), or "
            "--unitless to search without units"
        )
    for name in names:
        try:
            coherent_units([given[name]])
        except UnitError as error:
            raise UnitError(f"{raw.path}, column {name!r}: {error}") from error
    return coherent_units([given[name] for name in names])


def _conversions(names: Sequence[str], units: Sequence[Unit]) -> list[str]:
    notes = []
    for name, unit in zip(names, units, strict=True):
        if unit.converted:
            added = f" + {unit.offset:.10g}" if unit.offset else ""
            notes.append(
                f"column {name!r} converted from {unit.given} to {unit.symbol} "
                f"(times {unit.factor:.10g}{added})"
            )
    return notes


def _derivative_words(names: Sequence[str], penalties: Sequence[float]) -> str:
    smoothed = [name for name, penalty in zip(names, penalties, strict=True) if penalty]
    if not smoothed:
        return INTERPOLATED
    if len(smoothed) == len(names):
        return SMOOTHED
    return f"{SMOOTHED}, of {', '.join(smoothed)}; {INTERPOLATED} of the others"


def _split(
    trajectories: Sequence[Trajectory],
) -> tuple[tuple[Trajectory, ...], tuple[Trajectory, ...], str]:
    """Training part, test part, and a note that says how they were split."""
    if len(trajectories) >= FEWEST_TO_SPLIT:
        tests = max(1, int(len(trajectories) * TEST_SHARE))
        train, test = tuple(trajectories[:-tests]), tuple(trajectories[-tests:])
        plural = "trajectory is" if tests == 1 else f"{tests} trajectories are"
        return train, test, f"the last {plural} for testing"
    pairs = []
    for trajectory in trajectories:
        first, last = trajectory.times[0], trajectory.times[-1]
        cut = int(np.searchsorted(trajectory.times, last - TEST_SHARE * (last - first)))
        cut = min(max(cut, FEWEST_ROWS - 2), len(trajectory) - 2)
        pairs.append((trajectory.part(0, cut), trajectory.part(cut, len(trajectory))))
    train, test = zip(*pairs, strict=True)
    return train, test, f"the last {TEST_SHARE:.0%} of the time of each trajectory is for testing"
