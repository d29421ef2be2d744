"""A table as it stands in a file: names, units, numbers, and where each row stood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.readers.cells import POINT, CellReader, Cells, is_missing
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CELLS = 100_000_000
"""Numbers that are read at most, 0.8 GB of them."""

_HEADER = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?", re.DOTALL)
_TRAJECTORY = "trajectory"
_SHOWN_ROWS = 5


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table before anything was decided about it.

    Attributes
    ----------
    path : Path
    row_word : str
        What the numbers of `rows` count: ``line`` of a CSV file, ``row`` of any other.
    rows : array of int, shape (row,)
        Where each row stood, from 1.
    names : tuple of str
        Of the columns of numbers, without their units.
    units : tuple of (str or None)
        As in the header; None where it names none.
    cells : tuple of Cells
    trajectory : str or None
        Name of the column that says which trajectory a row belongs to.
    labels : tuple of str
        Of the trajectories, in the order of first appearance.
    codes : array of int, shape (row,)
        Trajectory of each row, as a place in `labels`.
    notes : tuple of str
        What was assumed in reading.
    """

    path: Path
    row_word: str
    rows: NDArray[np.int64]
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    cells: tuple[Cells, ...]
    trajectory: str | None
    labels: tuple[str, ...]
    codes: NDArray[np.int32]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: int) -> str:
        """A row's place in the file, in words; `row` counts from 0."""
        return f"{self.row_word} {self.rows[row]}"

    def where(self, row: int, name: str) -> str:
        """A cell's place, in words."""
        return f"{self.path}, {self.place(row)}, column {name!r}"

    def places(self, rows: Sequence[int] | NDArray[np.integer]) -> str:
        """The places of rows, the first few of them."""
        shown = ", ".join(str(self.rows[row]) for row in rows[:_SHOWN_ROWS])
        more = f" and {len(rows) - _SHOWN_ROWS} more" if len(rows) > _SHOWN_ROWS else ""
        return f"{self.row_word}{'s' * (len(rows) > 1)} {shown}{more}"

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of shape (row,), NaN where a cell is blank.

        Raises
        ------
        DatasetError
            If a cell holds anything but a finite number.
        """
        cells = self.cells[self.names.index(name)]
        if cells.fault is not None:
            row, message = cells.fault
            more = f" ({cells.faults - 1} more such cells in this column)" * (cells.faults > 1)
            others = [one for one in self.names if one != name]
            hint = f"; leave the column out with --columns {','.join(others)}"
            raise DatasetError(
                f"{self.where(row, name)}: {message}{more}{hint * (cells.faults == len(self))}"
            )
        return cells.values


class TableBuilder:
    """Builds a `RawTable` from blocks of rows.

    Parameters
    ----------
    path : Path
    row_word : str
    header : sequence of str
        Names with or without units, as in ``q [rad]``.
    trajectory : str, optional
        Name of the column of trajectories; without it a column of that very name.

    Raises
    ------
    DatasetError
        If the header is not usable, or there is no such column.
    """

    def __init__(
        self, path: Path, row_word: str, header: Sequence[str], trajectory: str | None
    ) -> None:
        self.path, self.row_word = path, row_word
        if all(_is_number(cell) for cell in header):
            raise DatasetError(
                f"{path} has no header: its first line is {', '.join(header[:4])!r}; begin with "
                "the names of the columns, as in 't [s],q [rad],p [kg*m**2/s]'"
            )
        self.names, self.units = _parse_header(path, header)
        self.trajectory = _trajectory(path, self.names, trajectory)
        self._rows: list[NDArray[np.int64]] = []
        self._columns = [CellReader() for _ in self.names]
        self._labels: dict[str, int] = {}
        self._codes: list[NDArray[np.int32]] = []
        self._count = 0

    def write_decimals_with(self, sign: str) -> None:
        """Say before the first block that text cells have decimals after `sign`."""
        for column in self._columns:
            column.decimal = sign

    def check_size(self, rows: int) -> None:
        """Refuse more rows than memory is meant for."""
        if rows * len(self.names) > MOST_CELLS:
            raise DatasetError(
                f"{self.path} has over {rows - 1:,} rows of {len(self.names)} columns; at most "
                f"{MOST_CELLS:,} numbers are read: give a part of the rows, or only the columns "
                "that matter"
            )

    def add(self, rows: Sequence[int] | NDArray[np.int64], columns: Sequence[Any]) -> None:
        """Take a block: where its rows stood, and its cells column by column."""
        self.check_size(self._count + len(rows))
        self._rows.append(np.asarray(rows, dtype=np.int64))
        for name, reader, cells in zip(self.names, self._columns, columns, strict=True):
            if name == self.trajectory:
                self._codes.append(self._encode(rows, cells))
            else:
                reader.add(cells)
        self._count += len(rows)

    def finish(self, notes: Sequence[str] = ()) -> RawTable:
        """The table.

        Raises
        ------
        DatasetError
            If it has no rows.
        """
        if not self._count:
            raise DatasetError(f"{self.path} has a header but no rows; give one row a sample")
        kept = [place for place, name in enumerate(self.names) if name != self.trajectory]
        alone = self.trajectory is None
        return RawTable(
            path=self.path,
            row_word=self.row_word,
            rows=np.concatenate(self._rows),
            names=tuple(self.names[place] for place in kept),
            units=tuple(self.units[place] for place in kept),
            cells=tuple(self._columns[place].finish() for place in kept),
            trajectory=self.trajectory,
            labels=(self.path.stem,) if alone else tuple(self._labels),
            codes=np.zeros(self._count, np.int32) if alone else np.concatenate(self._codes),
            notes=tuple(notes),
        )

    def _encode(self, rows: Sequence[int] | NDArray[np.int64], cells: Any) -> NDArray[np.int32]:
        codes = np.empty(len(rows), np.int32)
        for place, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
            if is_missing(cell):
                raise DatasetError(
                    f"{self.path}, {self.row_word} {rows[place]}, column {self.trajectory!r}: "
                    "blank; say which trajectory the row belongs to"
                )
            codes[place] = self._labels.setdefault(str(cell).strip(), len(self._labels))
        return codes


def _parse_header(
    path: Path, header: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    names, units = [], []
    for place, cell in enumerate(header, start=1):
        match = _HEADER.fullmatch(cell.strip())
        name = match["name"] if match else ""
        if not name:
            raise DatasetError(
                f"{path}: column {place} has no name (its header is {cell!r}); name it, or leave "
                "it out (pandas: to_csv(..., index=False))"
            )
        names.append(name)
        units.append(match["unit"] if match else None)
    twice = sorted({name for name in names if names.count(name) > 1}) if names else []
    if twice:
        raise DatasetError(
            f"{path}: more than one column is called {', '.join(map(repr, twice))}; rename them"
        )
    if len(names) < 2:
        raise DatasetError(
            f"{path} has one column only, {', '.join(map(repr, header))}; give a time column and "
            "at least one other, separated by commas, semicolons or tabs"
        )
    return tuple(names), tuple(units)


def _trajectory(path: Path, names: Sequence[str], wanted: str | None) -> str | None:
    if wanted is None:
        return next((name for name in names if name.lower() == _TRAJECTORY), None)
    if wanted not in names:
        raise DatasetError(
            f"{path} has no column {wanted!r} to tell trajectories apart; its columns: "
            f"{', '.join(names)}"
        )
    return wanted


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", POINT))
    except ValueError:
        return False
    return True
