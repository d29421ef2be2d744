"""Own data from files: one row a sample, units in the header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.constancy import SAME, constant_columns
from noether_sym.datasets.dataset import LARGEST, Column, Dataset, Trajectory
from noether_sym.datasets.parts import trials_of
from noether_sym.datasets.readers import COMPRESSED_SUFFIXES
from noether_sym.datasets.readers.added_rates import added_rates, independent
from noether_sym.datasets.readers.files import read_tables
from noether_sym.datasets.readers.header import is_time, is_time_stamp
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.datasets.readers.roles import Roles, find_roles, given_units, read_units, time_unit
from noether_sym.datasets.readers.segments import FEWEST_ROWS, Segment, cut_into_segments
from noether_sym.datasets.readers.slopes import slopes
from noether_sym.datasets.readers.thinning import thin
from noether_sym.datasets.readers.told_noise import relative_noise, told_noise
from noether_sym.datasets.readers.turns import unwrapped
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt
from noether_sym.units.coherent import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST_SHARE = 0.2
"""Share of the trajectories, or of the time of each, that is kept to test predictions."""

FEWEST_TO_SPLIT = 4
"""Trajectories from which on whole ones are kept; of fewer, the end of each."""


def load_table(path: str | Path, options: TableOptions) -> Dataset:
    """Load trajectories from a file, or from a folder of one file a trajectory.

    Parameters
    ----------
    path : str or Path
        Of a kind that docs/files.md lists: one row a sample and a header such as
        ``trajectory,t [s],q [rad],p [kg*m**2/s]``. ``trajectory`` may be missing (one
        sequence); sequences may differ in length and be sampled irregularly. The time may be
        missing where ``trajectory`` is there, and both where rates are given.
    options : TableOptions

    Returns
    -------
    Dataset
        In coherent units. With at least 4 trajectories the last 20 % of them are for
        testing, otherwise the last 20 % of the time of each. dx/dt is that of the columns of
        rates, else estimated as `noether_sym.datasets.derivatives` says, else not known.
        Columns that have one value everywhere are set aside. The notes say whatever was done.

    Raises
    ------
    DatasetError
        If a file is malformed; the message names the line and the column.
    UnitError
        If a unit is not known.
    """
    path = Path(path)
    tables, notes = read_tables(path, options)
    first = tables[0]
    options = options.spread(first.spread)
    roles = find_roles(first, path, options)
    given = given_units(first, path, roles.known, options)
    segments, cuts = cut_into_segments(
        tables,
        roles.time,
        roles.numbers,
        drop_missing=options.drop_missing,
        fewest=FEWEST_ROWS if roles.needs_estimates else 2,
        ordered=roles.ordered,
    )
    unused = [name for name in first.names if name not in roles.known]
    searched, aside = _set_aside(path, segments, roles.states)
    roles = replace(
        roles,
        states=tuple(searched),
        parameters=tuple(name for name in roles.parameters if name in searched),
        rates={name: own for name, own in roles.rates.items() if name in searched},
        sigma={name: own for name, own in roles.sigma.items() if name in searched},
    )
    if roles.ordered:
        _check_parameters(first, path, segments, roles.parameters)
    units = read_units(path, roles.known, given)
    time = time_unit(path, roles, units)
    segments, thinned = thin(segments, searched, ordered=roles.ordered)
    told = told_noise(first, path, roles, segments, units)
    units = {name: unit for name, unit in units.items() if name not in roles.sigma.values()}
    numbers = [
        {name: _convert(path, name, unit, one.numbers(name)) for name, unit in units.items()}
        for one in segments
    ]
    numbers, turns = unwrapped(numbers, units) if roles.ordered else (numbers, [])
    clocks = [
        np.arange(float(len(one))) if roles.time is None else own[roles.time]
        for one, own in zip(segments, numbers, strict=True)
    ]
    added = added_rates(path, roles, options.derivatives, clocks, numbers, units, time)
    searched += [one.name for one in added]
    roles = replace(roles, states=tuple(searched))
    units |= {one.name: one.unit for one in added}
    numbers = [
        own | {one.name: one.values[place] for one in added} for place, own in enumerate(numbers)
    ]
    states = [np.stack([own[name] for name in searched], axis=-1) for own in numbers]
    derivatives, derivative = slopes(path, roles, clocks, states, numbers)
    noise = [relative_noise(told, searched, [len(one) for one in segments])] if told else []
    arrays, thinner = independent(added, clocks, states, derivatives, *noise)
    trajectories = [
        replace(Trajectory(one.label, *own), trial=one.trial)
        for one, *own in zip(segments, *arrays, strict=True)
    ]
    train, test, split_note = _split(trajectories, "time" if roles.time else "samples")
    return Dataset(
        name=_name(path),
        columns=tuple(Column(name, units[name]) for name in searched),
        time_unit=time,
        train=train,
        test=test,
        derivative=derivative,
        source=str(path),
        notes=(
            *notes,
            *((f"columns not asked for: {', '.join(unused)}",) if unused else ()),
            *cuts,
            *aside,
            *thinned,
            *_conversions(units),
            *turns,
            *(one.note for one in added),
            *(one.note for one in told),
            *thinner,
            *(("all columns taken as dimensionless",) if options.unitless else ()),
            *_of_time(roles, options),
            split_note,
        ),
        parameters=tuple(searched.index(name) for name in roles.parameters),
        timed=roles.time is not None,
        time_name=roles.time or "t",
        ordered=roles.ordered,
        noise_given=(
            *((searched.index(one.name), one.size) for one in told),
            *((searched.index(one.name), one.noise) for one in added if one.noise is not None),
        ),
    )


def _name(path: Path) -> str:
    """What a data set is called: its file without the suffixes, or its folder."""
    plain = path.stem if path.suffix.lower() in COMPRESSED_SUFFIXES else path.name
    return Path(plain).stem or path.resolve().stem or "data"


def _set_aside(
    path: Path, segments: Sequence[Segment], states: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Names of the columns to keep, and a note for each that has one value everywhere."""
    searched, notes, moving = [], [], False
    for name in states:
        # halves, so that the range of the largest numbers is a number still
        columns = [0.5 * one.numbers(name) for one in segments]
        bound = 2 * SAME * max(float(np.max(np.abs(column))) for column in columns)
        moving = moving or any(np.ptp(column) > bound for column in columns)
        if max(map(np.max, columns)) - min(map(np.min, columns)) > bound:
            searched.append(name)
        else:
            notes.append(
                f"column {name!r} has the same value everywhere: set aside, since constants in "
                "formulas serve for it"
            )
    if not moving:
        reason = f"all of {', '.join(states)} are constant" if states else "there is only the time"
        raise DatasetError(
            f"{path} has no column to search: {reason}; give at least one column that changes "
            "in time"
        )
    return searched, notes


def _check_parameters(
    table: RawTable, path: Path, segments: Sequence[Segment], parameters: Sequence[str]
) -> None:
    """Refuse a parameter that changes along a trajectory."""
    for name in parameters:
        columns = [one.numbers(name) for one in segments]
        if constant_columns([column[:, None] for column in columns]):
            continue
        worst = max(range(len(columns)), key=lambda place: float(np.ptp(0.5 * columns[place])))
        column, rows = columns[worst], segments[worst].frame.index
        other = int(np.argmax(np.abs(0.5 * column - 0.5 * column[0])))
        raise DatasetError(
            f"{path}: column {name!r} is not a parameter: in trajectory {segments[worst].label!r} "
            f"it changes from {column[0]:g} in {table.row_word} {rows[0]} to {column[other]:g} in "
            f"{table.row_word} {rows[other]}; leave it out of "
            f"{spelt('--parameter', 'parameters=')}, or tell the trajectories apart"
        )


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


def _conversions(units: Mapping[str, Unit]) -> list[str]:
    notes = []
    for name, unit in units.items():
        if unit.converted:
            added = f" + {unit.offset:.10g}" if unit.offset else ""
            notes.append(
                f"column {name!r} converted from {unit.given} to {unit.symbol} "
                f"(times {unit.factor:.10g}{added})"
            )
    return notes


def _of_time(roles: Roles, options: TableOptions) -> list[str]:
    if not roles.ordered:
        return ["neither times nor trajectories: each row is taken as an independent point"]
    time = roles.time
    if time is None:
        return ["no times: the rows of a trajectory are taken in their order"]
    if time == options.time or is_time(time) or is_time_stamp(time):
        return []
    return [
        f"column {time!r}, which only grows, is taken as the time; to search it, name it with "
        f"{spelt('--columns')}"
    ]


def _split(
    trajectories: Sequence[Trajectory], word: str
) -> tuple[tuple[Trajectory, ...], tuple[Trajectory, ...], str]:
    """Training part, test part, and a note that says how they were split."""
    trials = trials_of(trajectories)
    if len(trials) >= FEWEST_TO_SPLIT:
        tests = max(1, int(len(trials) * TEST_SHARE))
        first = trials[-tests][0]
        train, test = tuple(trajectories[:first]), tuple(trajectories[first:])
        plural = "trajectory is" if tests == 1 else f"{tests} trajectories are"
        pieces = f", in {len(test)} pieces" if len(test) > tests else ""
        return train, test, f"the last {plural} kept to test predictions{pieces}"
    if min(map(len, trajectories)) < FEWEST_ROWS:
        return (
            tuple(trajectories),
            (),
            "nothing is kept to test predictions: there are too few samples",
        )
    pairs = []
    for trajectory in trajectories:
        first, last = trajectory.times[0], trajectory.times[-1]
        cut = int(np.searchsorted(trajectory.times, last - TEST_SHARE * (last - first)))
        cut = min(max(cut, FEWEST_ROWS - 2), len(trajectory) - 2)
        pairs.append((trajectory.part(0, cut), trajectory.part(cut, len(trajectory))))
    train, test = zip(*pairs, strict=True)
    each = f"the last {TEST_SHARE:.0%} of the {word} of each trajectory"
    return train, test, f"{each} {'is' if word == 'time' else 'are'} kept to test predictions"
