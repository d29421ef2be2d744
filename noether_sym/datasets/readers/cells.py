"""The cells of one column, turned into numbers, and words for a cell that is not one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINT, COMMA = ".", ","
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "#n/a"})
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[,.'’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|[+-]?\d+(?:_\d+)+")

LONGEST_SHOWN = 40
"""Characters of a cell, or of a line, that a message shows at most."""


def to_numbers(
    cells: Sequence[Any] | NDArray[Any], decimal: str = POINT
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Turn cells into numbers.

    Parameters
    ----------
    cells : sequence or array of shape (row,)
        Text, numbers, None, or anything else that a file can hold.
    decimal : str
        The sign before the decimals of text cells, a point or a comma.

    Returns
    -------
    values : array of shape (row,)
        The nearest floats; NaN where a cell is missing or holds no finite number.
    faults : array of int
        Places of the cells that are neither a finite number nor missing.
    """
    values = _all_at_once(cells, decimal)
    if values is None:
        values = np.array([_number(cell, decimal) for cell in cells], np.float64)
    faults = np.flatnonzero(np.isinf(values))
    values[faults] = np.nan
    return values, faults


def text_number(text: str, decimal: str = POINT) -> float | None:
    """The number that a text is, None if it is not one."""
    if "_" in text or (decimal == COMMA and POINT in text):
        return None
    try:
        return float(text.replace(decimal, POINT))
    except ValueError:
        return None


def fault_of(cell: Any, decimal: str = POINT) -> str:
    """Say what is wrong with a cell that `to_numbers` calls a fault."""
    text = cell.strip() if isinstance(cell, str) else ""
    shown = _shown(text or cell)
    if isinstance(cell, int | float | np.number) or text_number(text, decimal) is not None:
        return f"{shown} is not finite"
    if not text:
        kind = type(cell).__name__
        return f"a {kind} ({shown}) is not a number; give numbers, times in seconds, say"
    if _DECIMAL_COMMA.fullmatch(text) and decimal == POINT:
        return (
            f"{shown} has a decimal comma or a thousands separator; write numbers with a decimal "
            "point and nothing between the thousands"
        )
    if _THOUSANDS.fullmatch(text):
        return f"{shown} has a thousands separator; write the number without it"
    if decimal == COMMA and text_number(text) is not None:
        return f"{shown} has a decimal point, but the file begins with decimal commas; use one"
    return f"{shown} is not a number"


def writes_decimal_commas(cells: Sequence[str]) -> bool:
    """Whether text cells hold decimal commas and no decimal points."""
    commas = any(_DECIMAL_COMMA.fullmatch(cell.strip()) for cell in cells)
    return commas and not any(POINT in cell and text_number(cell) is not None for cell in cells)


def _all_at_once(cells: Sequence[Any] | NDArray[Any], decimal: str) -> NDArray[np.float64] | None:
    """The cells at one go; None if some of them need a closer look."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return cells.astype(np.float64)
    try:
        if decimal == COMMA or "_" in "".join(cells):
            return None
        # pandas would round the last digit of some numbers otherwise than float does
        return np.fromiter(map(float, cells), np.float64, len(cells))
    except (TypeError, ValueError):
        return None


def _number(cell: Any, decimal: str) -> float:
    """A cell's number, NaN if it is missing, and infinity if it is not a number."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in MISSING:
            return np.nan
        number = text_number(text, decimal)
        return np.inf if number is None else number
    try:
        return np.nan if cell is None else float(cell)
    except (TypeError, ValueError, OverflowError):
        return np.inf


def _shown(cell: Any) -> str:
    if isinstance(cell, np.generic):
        cell = cell.item()
    text = repr(cell) if isinstance(cell, str | int | float) else str(cell)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
