"""Time stamps, as data loggers write them, turned into seconds from the first."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")
_CLOCK = re.compile(r"\d{1,2}:\d\d:\d\d([.,]\d+)?")
_SINCE_1970 = (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))
_FROM_2000, _TO_2100, _YEAR = 946_684_800.0, 4_102_444_800.0, 31_622_400.0


class Stamps:
    """Reads cells of one kind of time stamp, counted from the first of them.

    Parameters
    ----------
    is_date : bool
        Dates with or without a time of day (ISO 8601), or times of day alone.
    """

    def __init__(self, is_date: bool) -> None:
        self.is_date = is_date
        self._first: pd.Timestamp | pd.Timedelta | None = None

    @classmethod
    def of(cls, cell: Any) -> Stamps | None:
        """What reads cells such as this one; None where it is not a time stamp."""
        if isinstance(cell, datetime.datetime | np.datetime64):
            return cls(True)
        text = cell.strip() if isinstance(cell, str) else ""
        if _DATE.fullmatch(text):
            return cls(True)
        return cls(False) if _CLOCK.fullmatch(text) else None

    def seconds(self, cells: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64] | None:
        """Seconds of shape (row,), NaN where a cell is blank; None if one is not such a stamp."""
        texts = pd.Series(
            [cell.strip().replace(",", ".") if isinstance(cell, str) else cell for cell in cells],
            dtype=object,
        ).replace("", None)
        try:
            if self.is_date:
                found: Any = pd.to_datetime(texts, format="ISO8601", utc=True)
            else:
                found = pd.to_timedelta(texts)
        except (ValueError, TypeError, OverflowError):
            return None
        if self._first is None:
            self._first = found.dropna().iloc[0]
        seconds: NDArray[np.float64] = (found - self._first).dt.total_seconds().to_numpy(np.float64)
        return seconds


def since_1970(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], str] | None:
    """Times since 1970 as seconds from the first, and the word for their unit.

    Parameters
    ----------
    values : array of shape (row,)
        NaN where a cell is blank.

    Returns
    -------
    (array of shape (row,), str) or None
        None where they are no times between 2000 and 2100 in seconds, milliseconds,
        microseconds or nanoseconds, or spread over more than a year.
    """
    held = values[np.isfinite(values)]
    if not len(held):
        return None
    for word, size in _SINCE_1970:
        if held.min() >= _FROM_2000 * size and held.max() <= _TO_2100 * size:
            seconds = (values - held[0]) / size
            return (seconds, word) if np.ptp(held) <= _YEAR * size else None
    return None
