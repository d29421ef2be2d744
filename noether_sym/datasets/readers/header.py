"""The header of a table: names of columns, with units in square brackets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from noether_sym.datasets.readers.cells import COMMA, POINT, text_number
from noether_sym.errors import DatasetError

_CELL = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?", re.DOTALL)
_TRAJECTORY = "trajectory"


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a table says.

    Attributes
    ----------
    units : dict of str to (str or None)
        Unit of each column by its name, in the order of the file; None where none is given.
    trajectory : str or None
        Name of the column that says which trajectory a row belongs to.
    """

    units: dict[str, str | None]
    trajectory: str | None


def parse_header(path: Path, cells: Sequence[str], trajectory: str | None = None) -> Header:
    """Take names and units apart.

    Parameters
    ----------
    path : Path
        Of the file, for messages.
    cells : sequence of str
        Names with or without units, as in ``q [rad]``.
    trajectory : str, optional
        Name of the column of trajectories; without it a column of that very name.

    Raises
    ------
    DatasetError
        If these are numbers, a name is missing or stands twice, there is one column only,
        or no column of trajectories under the name given.
    """
    if all(text_number(cell.replace(COMMA, POINT)) is not None for cell in cells):
        raise DatasetError(
            f"{path} has no header: its first line is {', '.join(cells[:4])!r}; begin with "
            "the names of the columns, as in 't [s],q [rad],p [kg*m**2/s]'"
        )
    found = [_CELL.fullmatch(cell.strip()) for cell in cells]
    names = [match["name"] if match else "" for match in found]
    if "" in names:
        place = names.index("")
        raise DatasetError(
            f"{path}: column {place + 1} has no name (its header is {cells[place]!r}); name it, "
            "or leave it out (pandas: to_csv(..., index=False))"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DatasetError(
            f"{path}: more than one column is called {', '.join(map(repr, twice))}; rename them"
        )
    if len(names) < 2:
        raise DatasetError(
            f"{path} has one column only, {', '.join(map(repr, cells))}; give a time column and "
            "at least one other, separated by commas, semicolons or tabs"
        )
    if trajectory is None:
        trajectory = next((name for name in names if name.lower() == _TRAJECTORY), None)
    elif trajectory not in names:
        raise DatasetError(
            f"{path} has no column {trajectory!r} to tell trajectories apart; its columns: "
            f"{', '.join(names)}"
        )
    units = [match["unit"] if match else None for match in found]
    return Header(dict(zip(names, units, strict=True)), trajectory)
