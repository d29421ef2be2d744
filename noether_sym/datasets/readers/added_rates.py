"""Rates of change as columns of their own: velocities where only positions were measured."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.derivatives import INTERPOLATED, SMOOTHED, estimate_errors
from noether_sym.datasets.readers.roles import Roles
from noether_sym.datasets.readers.slopes import estimated
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt
from noether_sym.units.coherent import Unit
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SUFFIX = "_dot"
_LONG_ENOUGH = 12
_FEWEST = 16
"""Samples that a segment keeps at least; a few less if its ends are left out."""

_ORDINALS = {2: "nd", 3: "rd"}


@dataclass(frozen=True, slots=True, eq=False)
class AddedRate:
    """A column that is dx/dt of another.

    Attributes
    ----------
    name : str
    unit : Unit
    values : list of array of shape (time,)
        One a segment.
    noise : float or None
        Estimated error of the values; None where segments are too short to tell.
    reach : int
        Samples over which the errors of the values are alike, and over which they are larger
        at the ends of a segment; 0 where nothing was smoothed.
    note : str
    """

    name: str
    unit: Unit
    values: list[NDArray[np.float64]]
    noise: float | None
    reach: int
    note: str


def added_rates(
    path: Path,
    roles: Roles,
    wanted: Sequence[str],
    clocks: Sequence[NDArray[np.float64]],
    numbers: Sequence[Mapping[str, NDArray[np.float64]]],
    units: Mapping[str, Unit],
    time: Unit,
) -> list[AddedRate]:
    """dx/dt of the columns that are wanted, by the splines that estimate it for all states.

    Parameters
    ----------
    path : Path
        For messages.
    roles : Roles
    wanted : sequence of str
    clocks : sequence of array of shape (time,)
    numbers : sequence of mapping
        Columns by name; one a segment.
    units : mapping of str to Unit
    time : Unit

    Raises
    ------
    DatasetError
        If there is no time, or a column is no state, is constant, or its rate has the name
        of a column.
    """
    names = list(dict.fromkeys(wanted))
    _check(path, roles, names, units)
    if not names:
        return []
    parts = [
        (clock, np.stack([own[name] for name in names], axis=-1))
        for clock, own in zip(clocks, numbers, strict=True)
    ]
    derivatives, penalties = estimated(path, parts)
    long = [place for place, clock in enumerate(clocks) if len(clock) >= _LONG_ENOUGH]
    noises: list[float | None] = [None] * len(names)
    if long:
        errors = estimate_errors(
            [parts[place] for place in long], [derivatives[place] for place in long]
        )
        sizes = np.sqrt(np.mean(np.concatenate(derivatives) ** 2, axis=0))
        noises = [float(one) for one in errors * sizes]
    added = []
    for place, (name, penalty, noise) in enumerate(zip(names, penalties, noises, strict=True)):
        unit = _unit(units[name], time)
        about = "" if noise is None else f", error about {noise:.2g} {unit.symbol}"
        added.append(
            AddedRate(
                name + _SUFFIX,
                unit,
                [one[:, place] for one in derivatives],
                noise,
                _reach(penalty),
                f"column {name + _SUFFIX!r} [{unit.symbol}] is d{name}/d{roles.time} "
                f"({SMOOTHED if penalty else INTERPOLATED}{about})",
            )
        )
    return added


def independent(
    added: Sequence[AddedRate], *arrays: Sequence[NDArray[np.float64]]
) -> tuple[list[list[NDArray[np.float64]]], list[str]]:
    """The samples of segments at which added rates are good, and their errors independent.

    A smoothing spline knows little at its ends, and what noise does to it, it does to
    neighbouring samples alike; a verdict takes noise to be white.

    Parameters
    ----------
    added : sequence of AddedRate
    *arrays : sequences of array of shape (time, ...)
        One array a segment.

    Returns
    -------
    arrays : list of list of array
    notes : list of str
    """
    reach = max((one.reach for one in added), default=0)
    reach = min(reach, min(map(len, arrays[0])) // _FEWEST)
    if not reach:
        return [list(own) for own in arrays], []
    kept = [[one[reach : len(one) - reach : reach] for one in own] for own in arrays]
    every = f"every {reach}{_ORDINALS.get(reach, 'th')} sample kept, and " if reach > 1 else ""
    plural = "s" * (reach > 1)
    return kept, [
        f"{every}{reach} sample{plural} at either end of a trajectory left out: smoothing makes "
        "the errors of rates alike in neighbouring samples, and large at the ends"
    ]


def _reach(penalty: float) -> int:
    """Samples over which a smoothing spline feels its end, and noise: twice its bandwidth.

    For times in samples the bandwidth is the fourth root of the penalty (Silverman 1984,
    'Spline smoothing: the equivalent variable kernel method', Ann. Statist. 12).
    """
    return math.ceil(2.0 * penalty**0.25)


def _check(path: Path, roles: Roles, names: Sequence[str], units: Mapping[str, Unit]) -> None:
    for name in names:
        where = f"{path}: the derivative of {name!r}"
        if roles.time is None:
            raise DatasetError(f"{where} needs a time column; name it with {spelt('--time')}")
        if name not in roles.states:
            close = difflib.get_close_matches(name, roles.states, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else "."
            raise DatasetError(
                f"{where} was asked for, but that is not a state that changes{meant} States: "
                f"{', '.join(roles.states)}"
            )
        if name in roles.parameters:
            raise DatasetError(
                f"{where} was asked for, but that is a parameter and does not change"
            )
        if name + _SUFFIX in units:
            raise DatasetError(
                f"{where} would be called {name + _SUFFIX!r}, as a column is; leave it out of "
                f"{spelt('--derivatives')}, or rename the column"
            )


def _unit(unit: Unit, time: Unit) -> Unit:
    dimension = unit.dimension / time.dimension
    shown = Dimension.of({"rad": 1}) / time.dimension if unit.is_angle else dimension
    return Unit(str(shown), str(shown), dimension)
