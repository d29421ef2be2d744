"""Read a CSV or Parquet file into cells that still know where they stood."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?", re.DOTALL)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_PANDAS_INDEX = "__index_level_"


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """The cells of a file.

    Attributes
    ----------
    path : Path
    row_word : str
        What the numbers of `rows` count: ``line`` of a CSV file, ``row`` of a Parquet one.
    rows : list of int
        From 1, one a row of cells.
    names : tuple of str
        Of the columns, without their units.
    units : tuple of (str or None)
        As in the header; None where it names none.
    columns : tuple of sequences
        The cells, text or numbers, by column.
    """

    path: Path
    row_word: str
    rows: list[int]
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    columns: tuple[Sequence[Any], ...]

    def where(self, row: int, name: str) -> str:
        """A cell's place, in words; `row` counts from 0."""
        return f"{self.path}, {self.row_word} {self.rows[row]}, column {name!r}"

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as finite numbers of shape (row,)."""
        cells = self.columns[self.names.index(name)]
        try:
            values = np.array([float(cell) for cell in cells], dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            self._complain(name, cells)
            raise
        if not np.isfinite(values).all():
            self._complain(name, cells)
        return values

    def labels(self, name: str) -> list[str]:
        """A column as non-empty text."""
        cells = self.columns[self.names.index(name)]
        labels = ["" if cell is None else str(cell).strip() for cell in cells]
        if "" in labels:
            place = self.where(labels.index(""), name)
            raise DatasetError(f"{place}: blank; say which sequence the row belongs to")
        return labels

    def _complain(self, name: str, cells: Sequence[Any]) -> None:
        """Raise about the first cell that is not a finite number."""
        bad = [row for row, cell in enumerate(cells) if not _is_finite(cell)]
        more = f" ({len(bad) - 1} more such cells in this column)" if len(bad) > 1 else ""
        place = self.where(bad[0], name)
        raise DatasetError(f"{place}: {_fault(cells[bad[0]])}{more}")


def read_table(path: Path) -> RawTable:
    """Read a file, Parquet when its first bytes say so and CSV otherwise.

    Raises
    ------
    DatasetError
        If the file is missing, empty, not text in UTF-8, not separated by commas, ragged,
        or its header is not usable.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic == b"PAR1":
            return _read_parquet(path)
        if path.suffix.lower() in (".parquet", ".pq"):
            raise DatasetError(f"{path} is no Parquet file: it does not begin with PAR1")
        return _read_csv(path)
    except FileNotFoundError as error:
        raise DatasetError(f"there is no file {path}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_csv(path: Path) -> RawTable:
    rows: list[int] = []
    cells: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append(reader.line_num)
                    cells.append(row)
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path} is not text in UTF-8 ({error.reason} at byte {error.start}); save it as a "
            "CSV file in UTF-8"
        ) from error
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    if not cells:
        raise DatasetError(f"{path} is empty; give a header and one row a sample")
    header, *body = cells
    _check_header(path, header)
    if not body:
        raise DatasetError(f"{path} has a header but no rows; give one row a sample")
    for line, row in zip(rows[1:], body, strict=True):
        if len(row) != len(header):
            raise DatasetError(
                f"{path}, line {line}: {len(row)} cells, but the header has {len(header)}"
            )
    return _table(path, "line", rows[1:], header, tuple(zip(*body, strict=True)))


def _read_parquet(path: Path) -> RawTable:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.ParquetFile(path).read()
    except pyarrow.ArrowException as error:
        raise DatasetError(f"{path} is not a readable Parquet file: {error}") from error
    kept = [
        index for index, name in enumerate(table.column_names) if not name.startswith(_PANDAS_INDEX)
    ]
    header = [table.column_names[index] for index in kept]
    _check_header(path, header)
    if not table.num_rows:
        raise DatasetError(f"{path} has columns but no rows; give one row a sample")
    columns = tuple(table.column(index).to_pylist() for index in kept)
    return _table(path, "row", list(range(1, table.num_rows + 1)), header, columns)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if len(header) == 1:
        for separator, word in ((";", "semicolons"), ("\t", "tabs")):
            if separator in header[0]:
                raise DatasetError(
                    f"{path} is separated by {word}; save it with commas between the columns "
                    "and points in the numbers"
                )
        raise DatasetError(
            f"{path} has one column only, {header[0]!r}; give a time column and at least one "
            "other, separated by commas"
        )
    if all(_is_finite(cell) for cell in header):
        raise DatasetError(
            f"{path} has no header: its first line is {', '.join(header[:4])!r}; begin with the "
            "names of the columns, as in 't [s],q [rad],p [kg*m**2/s]'"
        )


def _table(
    path: Path,
    row_word: str,
    rows: list[int],
    header: Sequence[str],
    columns: tuple[Sequence[Any], ...],
) -> RawTable:
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
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatasetError(f"{path}: more than one column is called {', '.join(map(repr, twice))}")
    return RawTable(path, row_word, rows, tuple(names), tuple(units), columns)


def _is_finite(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell))
    except (TypeError, ValueError, OverflowError):
        return False


def _fault(cell: Any) -> str:
    if cell is None or str(cell).strip().lower() in _MISSING:
        return (
            f"no number ({cell!r}); leave the row out, the sampling need not be regular"
            if str(cell).strip() and cell is not None
            else "blank; leave the row out, the sampling need not be regular"
        )
    if _DECIMAL_COMMA.fullmatch(str(cell).strip()):
        return f"{cell!r} has a decimal comma; write numbers with a point"
    if isinstance(cell, str):
        try:
            float(cell)
        except ValueError:
            return f"{cell!r} is not a number"
    if isinstance(cell, str | int | float):
        return f"{cell!r} is not finite; leave the row out, the sampling need not be regular"
    return f"a {type(cell).__name__} ({cell}) is not a number; give numbers, times in seconds, say"
