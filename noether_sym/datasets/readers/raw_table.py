"""A table as it stands in a file: names, units, numbers, and where each row stood."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from noether_sym.datasets.readers.cells import POINT, fault_of, to_numbers
from noether_sym.datasets.readers.header import Header, is_time
from noether_sym.datasets.readers.stamps import Stamps
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = Sequence[int] | NDArray[np.int64]
    Block = tuple[Places, Sequence[Any]]

MOST_CELLS = 100_000_000
"""Numbers that are read at most, 0.8 GB of them."""

_SHOWN_ROWS = 5
"""Rows that a message names at most."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The cells of a column that are neither finite numbers nor missing.

    Attributes
    ----------
    row : int
        Of the first of them, from 0.
    message : str
        What is wrong with it.
    count : int
        How many they are.
    """

    row: int
    message: str
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """A table before anything was decided about it.

    Attributes
    ----------
    path : Path
    row_word : str
        What the places of rows count: ``line`` of a CSV file, ``row`` of any other.
    header : Header
        As the file has it.
    frame : DataFrame of shape (row, column)
        The columns of numbers, NaN where a cell is missing or at fault; the index says where
        each row stood, from 1.
    units : dict of str to (str or None)
        Unit of each column of numbers as in the header; None where it names none.
    faults : dict of str to Fault
        Of the columns that hold anything but numbers.
    trajectory : str or None
        Name of the column that says which trajectory a row belongs to.
    trajectories : Categorical of shape (row,)
        The trajectory of each row; categories in the order of first appearance.
    particles : Categorical of shape (row,), or None
        The particle of each row, where a column says it.
    spread : dict of str to tuple of str
        The columns that a column of a long table became, one a particle.
    notes : tuple of str
        What was assumed in reading.
    """

    path: Path
    row_word: str
    header: Header
    frame: pd.DataFrame
    units: dict[str, str | None]
    faults: dict[str, Fault]
    trajectory: str | None
    trajectories: pd.Categorical
    particles: pd.Categorical | None = None
    spread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of numbers, without their units."""
        return tuple(self.units)

    @property
    def labels(self) -> list[str]:
        """Names of the trajectories, in the order of first appearance."""
        return self.trajectories.categories.tolist()

    def where(self, row: int, name: str) -> str:
        """A cell's place, in words; `row` counts from 0."""
        return f"{self.path}, {self.places([row])}, column {name!r}"

    def places(self, rows: Sequence[int] | NDArray[np.integer]) -> str:
        """The places of rows, in words, the first few of them."""
        shown = ", ".join(str(self.frame.index[row]) for row in rows[:_SHOWN_ROWS])
        more = f" and {len(rows) - _SHOWN_ROWS} more" if len(rows) > _SHOWN_ROWS else ""
        return f"{self.row_word}{'s' * (len(rows) > 1)} {shown}{more}"

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of shape (row,), NaN where a cell is missing.

        Raises
        ------
        DatasetError
            If a cell holds anything but a finite number.
        """
        fault = self.faults.get(name)
        if fault is not None:
            more = f" ({fault.count - 1} more such cells in this column)" * (fault.count > 1)
            hint = f"; {self.without(name)}" * self.holds_no_number(name)
            raise DatasetError(f"{self.where(fault.row, name)}: {fault.message}{more}{hint}")
        return self.frame[name].to_numpy()

    def holds_no_number(self, name: str) -> bool:
        """Whether every cell of a column is at fault."""
        return name in self.faults and self.faults[name].count == len(self.frame)

    def without(self, name: str) -> str:
        """The advice to leave a column out; times and what holds no numbers at all stay out too."""
        if is_time(name):
            return "write the times as numbers, such as the seconds since the first"
        out = {name, *filter(self.holds_no_number, self.faults)}
        others = [one for one in self.names if one not in out and not is_time(one)]
        if not others:
            return "give at least one column of numbers beside the time"
        listed = shlex.quote(",".join(others))
        label = spelt(f"--trajectory {shlex.quote(name)}", f"trajectory={name!r}")
        return (
            f"leave the column out with {spelt(f'--columns {listed}', f'columns={others}')}, or "
            f"name it with {label} if it tells trajectories apart"
        )


def build_table(
    path: Path,
    row_word: str,
    header: Header,
    blocks: Iterable[Block],
    *,
    decimal: str = POINT,
    notes: Sequence[str] = (),
) -> RawTable:
    """Make a table of blocks of rows.

    Parameters
    ----------
    path : Path
    row_word : str
        What the places of rows count.
    header : Header
    blocks : iterable of (places, columns)
        Where the rows stood, from 1, and their cells column by column.
    decimal : str
        The sign before the decimals of text cells.
    notes : sequence of str

    Raises
    ------
    DatasetError
        If there are no rows or too many of them, or a row does not say its trajectory.
    """
    names = [name for name in header.units if name not in header.labels]
    places: list[NDArray[np.int64]] = []
    numbers: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    labels: dict[str, list[pd.Categorical]] = {name: [] for name in header.labels}
    faults: dict[str, Fault] = {}
    clocks: dict[str, Stamps] = {}
    count = 0
    for rows, columns in blocks:
        check_size(path, count + len(rows), len(header.units))
        places.append(np.asarray(rows, np.int64))
        for name, cells in zip(header.units, columns, strict=True):
            if name in labels:
                labels[name].append(_labels(cells, f"{path}, {row_word}", rows, name))
                continue
            values, bad = to_numbers(cells, decimal)
            if len(bad) and name not in faults:
                clock = clocks.get(name) or Stamps.of(cells[bad[0]])
                found = None if clock is None else clock.seconds(cells)
                if clock is not None and found is not None and (count == 0 or name in clocks):
                    clocks[name] = clock
                    values, bad = found, np.zeros(0, np.intp)
            numbers[name].append(values)
            if len(bad):
                first = faults.get(name) or Fault(
                    count + int(bad[0]), fault_of(cells[bad[0]], decimal), 0
                )
                faults[name] = Fault(first.row, first.message, first.count + len(bad))
        count += len(rows)
    if not count:
        raise DatasetError(f"{path} has a header but no rows; give one row a sample")
    whole = {name: np.concatenate(numbers.pop(name)) for name in names}
    index = pd.Index(np.concatenate(places))
    return RawTable(
        path=path,
        row_word=row_word,
        header=header,
        frame=pd.DataFrame(whole, index=index, copy=False),
        units={name: "s" if name in clocks else header.units[name] for name in names},
        faults=faults,
        trajectory=header.trajectory,
        trajectories=(
            pd.Categorical.from_codes(np.zeros(count, np.int8), [path.stem])
            if header.trajectory is None
            else union_categoricals(labels[header.trajectory])
        ),
        particles=None if header.particle is None else union_categoricals(labels[header.particle]),
        notes=(
            *notes,
            *(f"time stamps of column {name!r} read as seconds from the first" for name in clocks),
        ),
    )


def check_size(path: Path, rows: int, columns: int) -> None:
    """Refuse more rows than memory is meant for.

    Raises
    ------
    DatasetError
        If there are more than `MOST_CELLS` cells.
    """
    if rows * columns > MOST_CELLS:
        raise DatasetError(
            f"{path} has over {rows - 1:,} rows of {columns} columns; at most {MOST_CELLS:,} "
            "numbers are read: give a part of the rows, or only the columns that matter"
        )


def _labels(cells: Sequence[Any], where: str, places: Places, name: str) -> pd.Categorical:
    """The names of trajectories, blanks around them left out."""
    plain = cells.tolist() if isinstance(cells, np.ndarray) else cells
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in plain]
    if "" in texts:
        raise DatasetError(
            f"{where} {places[texts.index('')]}, column {name!r}: blank; say which one "
            "the row belongs to"
        )
    codes, labels = pd.factorize(np.array(texts, dtype=object))
    return pd.Categorical.from_codes(codes, pd.Index(labels, dtype=object))
