"""Data that a program holds, written as a table so that there is one way in for data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from noether_sym.errors import DatasetError

TIME, TRAJECTORY = "t", "trajectory"


def as_frame(
    data: Any, *, names: Sequence[str] | None = None, dt: float | None = None
) -> pd.DataFrame:
    """One table of trajectories.

    Parameters
    ----------
    data : DataFrame, mapping of arrays, array, or a list of such
        A list holds one entry a trajectory. Arrays have shape (sample, column).
    names : sequence of str, optional
        Columns of arrays, with units as in ``q [rad]`` if wanted.
    dt : float, optional
        Time between samples, where the data have no time column.

    Raises
    ------
    DatasetError
        If the data are of another kind, or names are missing or of another number.
    """
    if not isinstance(data, list | tuple):
        return _timed(_frame(data, names), dt)
    if not data:
        raise DatasetError("data is an empty list; give one table for each trajectory")
    frames = [_timed(_frame(part, names), dt) for part in data]
    first = list(frames[0].columns)
    for number, frame in enumerate(frames):
        if list(frame.columns) != first:
            raise DatasetError(
                f"trajectory {number} has the columns {list(frame.columns)}, trajectory 0 has "
                f"{first}; give all the same"
            )
    if TRAJECTORY in first:
        raise DatasetError(f"a list of trajectories must not have a column {TRAJECTORY!r} as well")
    labelled = [frame.assign(**{TRAJECTORY: number}) for number, frame in enumerate(frames)]
    return pd.concat(labelled, ignore_index=True)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet.

    Raises
    ------
    DatasetError
        If the table holds what Parquet cannot.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        frame.to_parquet(path, index=False)
    except (pyarrow.ArrowException, ValueError, TypeError) as error:
        raise DatasetError(f"the table cannot be written as Parquet: {error}") from error


def _frame(data: Any, names: Sequence[str] | None) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        frame = data
    elif isinstance(data, Mapping):
        lengths = {name: len(np.atleast_1d(values)) for name, values in data.items()}
        if len(set(lengths.values())) > 1:
            raise DatasetError(f"columns have unlike lengths: {lengths}")
        frame = pd.DataFrame({name: np.asarray(values) for name, values in data.items()})
    else:
        frame = _from_array(data, names)
    frame = frame.rename(columns=str)
    repeated = sorted(frame.columns[frame.columns.duplicated()])
    if repeated:
        raise DatasetError(f"column names must differ; more than once: {', '.join(repeated)}")
    return frame


def _from_array(data: Any, names: Sequence[str] | None) -> pd.DataFrame:
    try:
        array = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise DatasetError(
            f"data of type {type(data).__name__} are not understood; give a DataFrame, a mapping "
            "of columns, an array of shape (sample, column), a list of these, or a path"
        ) from None
    if array.ndim != 2:
        raise DatasetError(f"an array of shape {array.shape} is not (sample, column)")
    if names is None or len(names) != array.shape[1]:
        given = "no names" if names is None else f"{len(names)} names"
        raise DatasetError(
            f"an array with {array.shape[1]} columns came with {given}; give names=[...]"
        )
    return pd.DataFrame(array, columns=list(names))


def _timed(frame: pd.DataFrame, dt: float | None) -> pd.DataFrame:
    if dt is None:
        return frame
    if not (np.isfinite(dt) and dt > 0):
        raise DatasetError(f"dt is {dt}; give the positive time between samples")
    if TIME in frame.columns:
        raise DatasetError(f"dt was given, but the data have a time column {TIME!r}")
    return frame.assign(**{TIME: dt * np.arange(len(frame))})
