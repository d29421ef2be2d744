"""Own data from files: one row a sample, units in the header."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.datasets.derivatives import INTERPOLATED, SMOOTHED, estimate_derivatives
from noether_sym.datasets.readers.files import read_tables
from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.datasets.readers.segments import FEWEST_ROWS, Segment, cut_into_segments
from noether_sym.datasets.readers.thinning import thin
from noether_sym.errors import DatasetError, UnitError
from noether_sym.units.coherent import Unit, coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.datasets.derivatives import Sampled

TEST_SHARE = 0.2
FEWEST_TO_SPLIT = 4
LARGEST = 1e75
"""Size up to which the fourth power of a number is still a number."""

_TIMES = ("t", "time")


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read own data.

    Attributes
    ----------
    units : mapping of str to str
        Unit of a column by its name; stands before the header's.
    unitless : bool
        Take every column as dimensionless, whatever the header says.
    time : str or None
        Name of the time column, when it is neither ``t`` nor ``time``.
    trajectory : str or None
        Name of the column that tells trajectories apart, when it is not ``trajectory``.
    columns : tuple of str
        The columns that are states; empty for all that are left.
    drop_missing : bool
        Leave out rows with a missing number and cut the trajectory there.
    """

    units: Mapping[str, str]
    unitless: bool = False
    time: str | None = None
    trajectory: str | None = None
    columns: tuple[str, ...] = ()
    drop_missing: bool = False


def load_table(path: str | Path, options: TableOptions) -> Dataset:
    """Load trajectories from a file, or from a folder of one file a trajectory.

    Parameters
    ----------
    path : str or Path
        CSV, Parquet or ``.npz``: one row a sample and a header such as
        ``trajectory,t [s],q [rad],p [kg*m**2/s]``. ``trajectory`` may be missing (one
        sequence); sequences may differ in length and be sampled irregularly.
    options : TableOptions

    Returns
    -------
    Dataset
        In coherent units. With at least 4 trajectories the last 20 % of them are for
        testing, otherwise the last 20 % of the time of each. dx/dt is estimated as
        `noether_sym.datasets.derivatives` says. Columns that are constant within every
        trajectory are set aside. The notes say whatever was done.

    Raises
    ------
    DatasetError
        If a file is malformed; the message names the line and the column.
    UnitError
        If a unit is not known.
    """
    path = Path(path)
    tables, notes = read_tables(path, options.trajectory)
    first = tables[0]
    time, states = _roles(first, path, options)
    given = _given_units(first, path, [time, *states], options)
    segments, cuts = cut_into_segments(tables, time, states, drop_missing=options.drop_missing)
    searched, aside = _set_aside(path, segments, states)
    *units, time_unit = _units(path, [*searched, time], given)
    segments, thinned = thin(segments, searched)
    samples = [
        (
            _convert(path, time, time_unit, one.numbers(time)),
            np.stack(
                [
                    _convert(path, name, unit, one.numbers(name))
                    for name, unit in zip(searched, units, strict=True)
                ],
                axis=-1,
            ),
        )
        for one in segments
    ]
    derivatives, penalties = _derivatives(path, samples)
    trajectories = [
        Trajectory(one.label, times, states, derivative)
        for one, (times, states), derivative in zip(segments, samples, derivatives, strict=True)
    ]
    train, test, split_note = _split(trajectories)
    unused = [name for name in first.names if name not in (time, *states)]
    return Dataset(
        name=path.stem or path.resolve().stem or "data",
        columns=tuple(Column(name, unit) for name, unit in zip(searched, units, strict=True)),
        time_unit=time_unit,
        train=train,
        test=test,
        derivative=_derivative_words(searched, penalties),
        source=str(path),
        notes=(
            *notes,
            *((f"columns not asked for: {', '.join(unused)}",) if unused else ()),
            *cuts,
            *aside,
            *thinned,
            *_conversions([*searched, time], [*units, time_unit]),
            *(("all columns taken as dimensionless",) if options.unitless else ()),
            split_note,
        ),
    )


def _roles(table: RawTable, path: Path, options: TableOptions) -> tuple[str, tuple[str, ...]]:
    """Names of the time column and of the states."""
    time = options.time
    if time is None:
        found = [name for name in table.names if name in _TIMES and name not in options.columns]
        # T alone is rather a temperature or a kinetic energy than a time
        found = found or [name for name in table.names if name.lower() == "time"]
        if len(found) != 1:
            fault = "more than one time column" if found else "no time column"
            raise DatasetError(
                f"{path} has {fault}; its columns: {', '.join(table.names)}. Call the time 't' "
                "or 'time', or say which it is with --time NAME (time= in Python)"
            )
        time = found[0]
    elif time not in table.names:
        raise DatasetError(_no_column(table, path, time, "take as time"))
    others = tuple(name for name in table.names if name != time)
    for name in options.columns:
        if name in (time, table.trajectory):
            role = "the time" if name == time else "the name of the trajectory"
            raise DatasetError(f"{path}: column {name!r} is {role} and cannot be a state too")
        if name not in others:
            raise DatasetError(_no_column(table, path, name, "take as a state"))
    return time, tuple(dict.fromkeys(options.columns)) or others


def _no_column(table: RawTable, path: Path, name: str, purpose: str) -> str:
    close = difflib.get_close_matches(name, table.names, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else "."
    return f"{path} has no column {name!r} to {purpose}{meant} Its columns: " + ", ".join(
        table.names
    )


def _given_units(
    table: RawTable, path: Path, known: Sequence[str], options: TableOptions
) -> dict[str, str]:
    """The unit of each column that has one, the mapping before the header."""
    for name in options.units:
        if name not in table.names:
            raise DatasetError(_no_column(table, path, name, "give a unit to"))
    if options.unitless and options.units:
        raise DatasetError("units were given together with unitless; give one of the two")
    if options.unitless:
        return dict.fromkeys(known, "dimensionless")
    units = {**table.units, **options.units}
    return {name: unit for name in known if (unit := units[name]) is not None}


def _set_aside(
    path: Path, segments: Sequence[Segment], states: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Names of the columns to search, and a note for each that is a mere parameter."""
    searched, notes = [], []
    for name in states:
        columns = [one.numbers(name) for one in segments]
        largest = max(float(np.max(np.abs(column))) for column in columns)
        # halves, so that the range of the largest numbers is a number still
        if any(np.ptp(column / 2) > 5e-13 * largest for column in columns):
            searched.append(name)
        else:
            notes.append(
                f"column {name!r} is constant in every trajectory: a parameter of the system, "
                "set aside"
            )
    if not searched:
        reason = f"all of {', '.join(states)} are constant" if states else "there is only the time"
        raise DatasetError(
            f"{path} has no column to search: {reason}; give at least one column that changes "
            "in time"
        )
    return searched, notes


def _convert(path: Path, name: str, unit: Unit, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring a column into its formula unit, and refuse sizes that formulas cannot take."""
    with np.errstate(over="ignore", under="ignore"):
        converted = unit.convert(values)
    largest = float(np.max(np.abs(converted)))
    if not (largest == 0.0 or 1 / LARGEST <= largest <= LARGEST):
        raise DatasetError(
            f"{path}: column {name!r} reaches {largest:.3g} {unit.symbol}, too "
            f"{'large' if largest > 1 else 'small'} to compute with; give it in a unit that brings "
            "its numbers nearer to 1"
        )
    return converted


def _derivatives(
    path: Path, samples: Sequence[Sampled]
) -> tuple[list[NDArray[np.float64]], tuple[float, ...]]:
    try:
        with np.errstate(all="ignore"):
            derivatives, penalties = estimate_derivatives(samples)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise DatasetError(
            f"{path}: dx/dt cannot be estimated ({error}); the steps in time are too uneven, "
            "leave out samples that nearly coincide"
        ) from error
    if not all(np.isfinite(one).all() and np.max(np.abs(one)) <= LARGEST for one in derivatives):
        raise DatasetError(
            f"{path}: dx/dt is too large to compute with; leave out samples that nearly coincide, "
            "or give the time in a smaller unit"
        )
    return derivatives, penalties


def _units(path: Path, names: Sequence[str], given: Mapping[str, str]) -> tuple[Unit, ...]:
    missing = [name for name in names if name not in given]
    if missing:
        flags = " ".join(f"--unit {shlex.quote(f'{name}=UNIT')}" for name in missing)
        raise DatasetError(
            f"{path}: no unit for {', '.join(missing)}; write it into the header, as in "
            f"'{missing[0]} [m]', or give {flags} (units= in Python) with a unit such as s, rad, "
            "m/s or kg*m**2/s for each, or --unitless to search without units"
        )
    for name in names:
        try:
            coherent_units([given[name]])
        except UnitError as error:
            raise UnitError(f"{path}, column {name!r}: {error}") from error
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
