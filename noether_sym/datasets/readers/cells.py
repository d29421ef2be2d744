"""The cells of one column, turned into numbers; what is no number is remembered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINT, COMMA = ".", ","
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "#n/a"})
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|[+-]?\d+(?:_\d+)+")
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A column of numbers.

    Attributes
    ----------
    values : array of shape (row,)
        NaN where the cell holds no number.
    fault : (int, str) or None
        Row, from 0, of the first cell that is neither a finite number nor missing, and what
        is wrong with it.
    faults : int
        How many such cells there are.
    """

    values: NDArray[np.float64]
    fault: tuple[int, str] | None
    faults: int


class CellReader:
    """Collects a column block by block.

    Parameters
    ----------
    decimal : str
        The sign before the decimals of text cells, a point or a comma.
    """

    def __init__(self, decimal: str = POINT) -> None:
        self.decimal = decimal
        self._blocks: list[NDArray[np.float64]] = []
        self._count = 0
        self._fault: tuple[int, str] | None = None
        self._faults = 0

    def add(self, cells: Sequence[Any] | NDArray[Any]) -> None:
        """Take further cells: text, numbers, or an array of numbers."""
        values = self._plain(cells)
        if values is None:
            values = np.array(
                [self._one(self._count + row, cell) for row, cell in enumerate(cells)], np.float64
            )
        endless = np.flatnonzero(np.isinf(values))
        for row in endless.tolist():
            self._complain(self._count + row, f"{_shown(cells[row])} is not finite")
        values[endless] = np.nan
        self._blocks.append(values)
        self._count += len(values)

    def finish(self) -> Cells:
        """The whole column."""
        values = np.concatenate(self._blocks) if self._blocks else np.empty(0)
        self._blocks.clear()
        return Cells(values, self._fault, self._faults)

    def _plain(self, cells: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64] | None:
        """The cells at one go; None if some of them need a closer look."""
        if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
            with np.errstate(over="ignore"):
                return cells.astype(np.float64)
        try:
            text = "".join(cells)
            if "_" in text or (self.decimal == COMMA and POINT in text):
                return None
            if self.decimal == COMMA:
                cells = [cell.replace(COMMA, POINT) for cell in cells]
            return np.fromiter(map(float, cells), np.float64, len(cells))
        except (TypeError, ValueError):
            return None

    def _one(self, row: int, cell: Any) -> float:
        if cell is None:
            return np.nan
        if not isinstance(cell, str):
            try:
                return float(cell)
            except (TypeError, ValueError, OverflowError):
                kind = type(cell).__name__
                self._complain(
                    row,
                    f"a {kind} ({_shown(cell)}) is not a number; give numbers, times in seconds, "
                    "say",
                )
                return np.nan
        text = cell.strip()
        if text.lower() in _MISSING:
            return np.nan
        number = text.replace(COMMA, POINT) if self.decimal == COMMA else text
        strange = "_" in text or (self.decimal == COMMA and POINT in text)
        try:
            if not strange:
                return float(number)
        except ValueError:
            pass
        self._complain(row, _fault(text, self.decimal))
        return np.nan

    def _complain(self, row: int, message: str) -> None:
        if self._fault is None:
            self._fault = row, message
        self._faults += 1


def writes_decimal_commas(cells: Sequence[str]) -> bool:
    """Whether text cells hold decimal commas and no decimal points."""
    commas = any(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells)
    return commas and not any(POINT in cell and _is_number(cell) for cell in cells)


def is_missing(cell: Any) -> bool:
    """Whether a cell that should name something is blank."""
    return cell is None or cell != cell or not str(cell).strip()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fault(text: str, decimal: str) -> str:
    shown = _shown(text)
    if _DECIMAL_COMMA.fullmatch(text) and decimal == POINT:
        return (
            f"{shown} has a decimal comma or a thousands separator; write numbers with a decimal "
            "point and nothing between the thousands"
        )
    if _THOUSANDS.fullmatch(text):
        return f"{shown} has a thousands separator; write the number without it"
    if decimal == COMMA and _is_number(text):
        return f"{shown} has a decimal point, but the file begins with decimal commas; use one"
    return f"{shown} is not a number"


def _shown(cell: Any) -> str:
    if isinstance(cell, np.generic):
        cell = cell.item()
    text = repr(cell) if isinstance(cell, str | int | float) else str(cell)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
