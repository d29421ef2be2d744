"""Noise that a table tells for each number: a column of standard deviations beside a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.readers.raw_table import RawTable
from noether_sym.datasets.readers.roles import Roles
from noether_sym.datasets.readers.segments import Segment
from noether_sym.errors import DatasetError, UnitError
from noether_sym.units.coherent import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ToldNoise:
    """Standard deviations of the noise of a column.

    Attributes
    ----------
    name : str
        Of the column that is noisy.
    size : float
        Their root mean square, in the column's formula unit.
    relative : list of array of shape (time,)
        Of each number over `size`; one array a segment.
    note : str
        The same in words.
    """

    name: str
    size: float
    relative: list[NDArray[np.float64]]
    note: str


def told_noise(
    table: RawTable,
    path: Path,
    roles: Roles,
    segments: Sequence[Segment],
    units: Mapping[str, Unit],
) -> list[ToldNoise]:
    """The noise that columns tell of others.

    Parameters
    ----------
    table : RawTable
        The first, whose word for a row is used.
    path : Path
        For messages.
    roles : Roles
    segments : sequence of Segment
    units : mapping of str to Unit
        Of all columns.

    Raises
    ------
    DatasetError
        If a number is not above 0.
    UnitError
        If the noise is not in the unit of its column.
    """
    found = []
    for name, own in roles.sigma.items():
        state, unit = units[name], units[own]
        if unit.dimension != state.dimension:
            raise UnitError(
                f"{path}: column {own!r} [{unit.given}] cannot be the noise of {name!r} "
                f"[{state.given}]: a standard deviation is in the unit of its column"
            )
        for one in segments:
            bad = np.flatnonzero(~(one.numbers(own) > 0))
            if len(bad):
                raise DatasetError(
                    f"{path}, {table.row_word} {one.frame.index[bad[0]]}: column {own!r} is the "
                    f"noise of {name!r} and holds {one.numbers(own)[bad[0]]:g}; give standard "
                    "deviations above 0"
                )
        values = [unit.factor * one.numbers(own) for one in segments]
        every = np.concatenate(values)
        largest = float(every.max())
        size = largest * float(np.sqrt(np.mean((every / largest) ** 2)))
        found.append(
            ToldNoise(
                name,
                size,
                [one / size for one in values],
                f"noise of {name!r} is what column {own!r} says: {every.min():.2g} to "
                f"{largest:.2g} {state.symbol}, root mean square {size:.2g}",
            )
        )
    return found


def relative_noise(
    told: Sequence[ToldNoise], names: Sequence[str], lengths: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Standard deviations over those of the columns: an array of shape (time, column) a segment.

    Parameters
    ----------
    told : sequence of ToldNoise
    names : sequence of str
        Of the columns; those that nothing is told of have ones.
    lengths : sequence of int
        Of the segments.
    """
    found = [np.ones((length, len(names))) for length in lengths]
    for one in told:
        for own, relative in zip(found, one.relative, strict=True):
            own[:, names.index(one.name)] = relative
    return found
