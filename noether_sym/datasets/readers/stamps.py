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
        """What reads cells such as this one; None where it is no time stamp."""
        if isinstance(cell, datetime.datetime | np.datetime64):
            return cls(True)
        text = cell.strip() if isinstance(cell, str) else ""
        if _DATE.fullmatch(text):
            return cls(True)
        return cls(False) if _CLOCK.fullmatch(text) else None

    def seconds(self, cells: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64] | None:
        """Seconds of shape (row,), NaN where a cell is blank; None if a cell is no such stamp."""
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
