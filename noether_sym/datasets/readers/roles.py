"""What the columns of own data are: the time, states, their rates, parameters."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from noether_sym.datasets.dataset import SHOWN, first_few
from noether_sym.datasets.readers.header import is_time, is_time_stamp
from noether_sym.datasets.readers.names import TIMES
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.errors import DatasetError, UnitError
from noether_sym.spelling import spelt
from noether_sym.units.coherent import Unit, coherent_units, unit_conversion

_CLOCKS = frozenset(
    {"second", "minute", "hour", "day", "week", "month", "year", "generation"}
    | {"seconds", "minutes", "hours", "days", "weeks", "months", "years", "generations"}
    | {"zeit", "temps", "tiempo", "tempo", "clock", "epoch", "frame", "frames"}
)
"""Names, in small letters, of columns without a unit that are times if they only grow."""


@dataclass(frozen=True, slots=True)
class Roles:
    """What the columns of a table are, by name.

    Attributes
    ----------
    time : str or None
        None where there is no time.
    states : tuple of str
        Parameters among them.
    parameters : tuple of str
    rates : dict of str to str
        From a state to the column that is its dx/dt.
    ordered : bool
        Whether rows of a trajectory follow each other; without, every row is a point.
    sigma : dict of str to str
        From a state to the column that holds the standard deviation of its noise.
    """

    time: str | None
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    rates: dict[str, str]
    ordered: bool
    sigma: dict[str, str]

    @property
    def numbers(self) -> list[str]:
        """Columns beside the time that must hold numbers, each once."""
        others = (*self.rates.values(), *self.sigma.values())
        return list(dict.fromkeys([*self.states, *others]))

    @property
    def needs_estimates(self) -> bool:
        """Whether dx/dt of a state must come from its samples."""
        return self.time is not None and not set(self.states) <= set(self.rates)

    @property
    def known(self) -> list[str]:
        """All columns that have a role."""
        return [*self.numbers, *([] if self.time is None else [self.time])]


def find_roles(table: RawTable, path: Path, options: TableOptions) -> Roles:
    """Settle what each column is.

    Parameters
    ----------
    table : RawTable
        The first, if `path` is a folder.
    path : Path
        Of the file or folder, each file of which is a trajectory.
    options : TableOptions

    Raises
    ------
    DatasetError
        If there is neither a time, nor a trajectory, nor a rate of change; or an option names
        a column that is not there or has another role.
    """
    time = _time(table, path, options)
    for own in (*options.rates, *options.rates.values()):
        _check_there(table, path, own, "take as a state or its rate")
    for own in (*options.sigma, *options.sigma.values()):
        _check_there(table, path, own, "take as a state or its noise")
    chosen = [*options.columns, *options.parameters]
    for name in chosen:
        if name in (time, table.trajectory):
            role = "the time" if name == time else "the name of the trajectory"
            raise DatasetError(f"{path}: column {name!r} is {role} and cannot be a state too")
        _check_there(table, path, name, "take as a state")
    taken = {time, *options.rates.values()} - {*options.rates} | {*options.sigma.values()}
    rest = tuple(name for name in table.names if name not in taken)
    states = tuple(dict.fromkeys(chosen)) if options.columns else rest
    states = tuple(dict.fromkeys([*states, *options.parameters]))
    for name, rate in options.rates.items():
        _check_state(path, name, states, "a rate")
        if rate in (time, name):
            raise DatasetError(f"{path}: column {rate!r} cannot be the rate of change of {name!r}")
    _check_noise(path, states, (time, table.trajectory), options)
    grouped = table.trajectory is not None or path.is_dir()
    return Roles(
        time,
        states,
        tuple(dict.fromkeys(options.parameters)),
        dict(options.rates),
        ordered=time is not None or grouped,
        sigma=dict(options.sigma),
    )


def _check_noise(
    path: Path,
    states: Sequence[str],
    others: Collection[str | None],
    options: TableOptions,
) -> None:
    """Refuse columns of noise that are something else too."""
    for name, own in options.sigma.items():
        _check_state(path, name, states, "noise")
        if own in states or own in others or own in options.rates.values():
            raise DatasetError(
                f"{path}: column {own!r} is a state, a rate, the time or the name of the "
                f"trajectory, and cannot be the noise of {name!r} too"
            )


def _check_state(path: Path, name: str, states: Sequence[str], given: str) -> None:
    """Refuse what was given for a column that is no state."""
    if name not in states:
        raise DatasetError(
            f"{path}: {given} was given for {name!r}, which is not among the states; add it to "
            f"{spelt('--columns')}"
        )


def _time(table: RawTable, path: Path, options: TableOptions) -> str | None:
    """Name of the time column; None where there is none and nothing needs it."""
    if options.time is not None:
        _check_there(table, path, options.time, "take as time")
        return options.time
    found = [name for name in table.names if name in TIMES and name not in options.columns]
    # T alone is rather a temperature or a kinetic energy than a time
    found = found or [name for name in table.names if name.lower() == TIMES[-1]]
    found = found or [
        name for name in table.names if is_time_stamp(name) and name not in options.columns
    ]
    named = spelt("--time NAME", "time='NAME'")
    if len(found) > 1:
        raise DatasetError(
            f"{path} has more than one time column; its columns: {', '.join(table.names)}. Say "
            f"which is the time with {named}"
        )
    if found:
        return found[0]
    if len(found := _like_times(table, options)) == 1:
        return found[0]
    if table.trajectory is None and not path.is_dir() and not options.rates:
        label = spelt("--trajectory NAME", "trajectory='NAME'")
        rates = spelt("--rates x=vx,y=vy", "rates={'x': 'vx', 'y': 'vy'}")
        raise DatasetError(
            f"{path} has no time column; its columns: {', '.join(table.names)}. Call the time 't' "
            f"or 'time', or say which it is with {named}. Without any time, a column 'trajectory' "
            f"(or {label}) must say which rows belong together; or give the columns that are "
            f"rates of change, as in {rates}"
        )
    return None


def _like_times(table: RawTable, options: TableOptions) -> list[str]:
    """Columns with a unit of time, or called as units of time are, that only grow along rows."""
    codes = np.asarray(table.trajectories.codes)
    pieces = [codes == number for number in range(len(table.labels))]
    found = []
    for name in table.names:
        unit = options.units.get(name) or table.units[name]
        if name in (*options.columns, *options.parameters) or name in table.faults:
            continue
        if not (_is_time_unit(unit) if unit else name.lower() in _CLOCKS):
            continue
        values = table.frame[name].to_numpy()
        if all((np.diff(values[rows]) > 0).all() for rows in pieces):
            found.append(name)
    return found


def _is_time_unit(unit: str) -> bool:
    try:
        unit_conversion(unit, "s")
    except UnitError:
        return False
    return True


def given_units(
    table: RawTable, path: Path, known: Sequence[str], options: TableOptions
) -> dict[str, str]:
    """The unit of each column that has one, the mapping before the header.

    Raises
    ------
    DatasetError
        If a unit is for a column that is not there, or units were given with `unitless`.
    """
    for name in options.units:
        _check_there(table, path, name, "give a unit to")
    if options.unitless and options.units:
        raise DatasetError("units were given together with unitless; give one of the two")
    if options.unitless:
        return dict.fromkeys(known, "dimensionless")
    units = {**table.units, **options.units}
    for name, own in options.sigma.items():
        units[own] = units[own] or units[name]
    return {name: unit for name in known if (unit := units[name]) is not None}


def read_units(path: Path, names: Sequence[str], given: Mapping[str, str]) -> dict[str, Unit]:
    """Units of columns in one coherent system, by name.

    Raises
    ------
    DatasetError
        If a column has none.
    UnitError
        If one is not known.
    """
    missing = [name for name in names if name not in given]
    if missing:
        flags = " ".join(f"--unit {shlex.quote(f'{name}=UNIT')}" for name in missing[:SHOWN])
        flags += " ..." * (len(missing) > SHOWN)
        mapping = ", ".join(f"{name!r}: UNIT" for name in missing[:SHOWN])
        mapping += ", ..." * (len(missing) > SHOWN)
        unit = "s" if is_time(missing[0]) else "m"
        raise DatasetError(
            f"{path}: no unit for {first_few(missing)}; write it into the header, as in "
            f"'{missing[0]} [{unit}]', or give {spelt(flags, f'units={{{mapping}}}')} with a unit "
            f"such as s, rad, m/s or kg*m**2/s for each, or "
            f"{spelt('--unitless', 'unitless=True')} to search without units"
        )
    for name in names:
        try:
            coherent_units([given[name]])
        except UnitError as error:
            raise UnitError(f"{path}, column {name!r}: {error}") from error
    return dict(zip(names, coherent_units([given[name] for name in names]), strict=True))


def time_unit(path: Path, roles: Roles, units: Mapping[str, Unit]) -> Unit:
    """Unit of the time: its column's, or the one that rates are by; else dimensionless.

    Raises
    ------
    UnitError
        If rates are not in the unit of their state over that of the time.
    """
    by_rate = {
        name: units[name].dimension / units[rate].dimension
        for name, rate in roles.rates.items()
        if name in units
    }
    if roles.time is not None:
        time = units[roles.time]
    else:
        symbol = str(next(iter(by_rate.values()), "dimensionless"))
        (time,) = coherent_units([symbol])
    for name, dimension in by_rate.items():
        if dimension != time.dimension:
            rate = roles.rates[name]
            raise UnitError(
                f"{path}: column {rate!r} [{units[rate].given}] cannot be the rate of change of "
                f"{name!r} [{units[name].given}]: the time would be in {dimension}, and it is in "
                f"{time.symbol}; correct the units, or {spelt('--rates')}"
            )
    return time


def _check_there(table: RawTable, path: Path, name: str, purpose: str) -> None:
    """Refuse the name of a column that is not there."""
    if name not in table.names:
        close = difflib.get_close_matches(name, table.names, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else "."
        names = ", ".join(table.names)
        raise DatasetError(
            f"{path} has no column {name!r} to {purpose}{meant} Its columns: {names}"
        )
