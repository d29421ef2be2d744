"""Data that a program holds, written as a table so that there is one way in for data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow

from noether_sym.datasets.readers.index import index_as_columns, times_as_seconds
from noether_sym.datasets.readers.names import TIME, TRAJECTORY, bare
from noether_sym.errors import DatasetError

KINDS_OF_DATA = (
    "a table (pandas, polars, Arrow, xarray), a mapping of columns, an array of shape "
    "(sample, column) or (trajectory, sample, column), a list, mapping or groupby of tables, one "
    "a trajectory, or a path"
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Trajectories as one table, and what it says beside its headers.

    Attributes
    ----------
    frame : DataFrame
        One row a sample.
    time : str or None
        The time column, where it was named or given.
    units : dict of str to str
        Units given beside the headers, by column.
    sigma : any
        The noise as it was given, arrays by the name of the column that holds them now.
    """

    frame: pd.DataFrame
    time: str | None
    units: dict[str, str]
    sigma: Any = None


def as_table(
    data: Any,
    *,
    names: Sequence[str] | None = None,
    dt: float | None = None,
    time: Any = None,
    trajectory: str | None = None,
    particle: str | None = None,
    units: Mapping[str, str] | Sequence[str] | None = None,
    sigma: Any = None,
) -> Table:
    """One table of trajectories.

    Parameters
    ----------
    data : DataFrame, mapping, array, xarray or Arrow data, groupby, or a list of such
        A list, a mapping of tables, a groupby object and an array of shape
        (trajectory, sample, column) hold one entry a trajectory. A named or unlike index of a
        DataFrame is a column: the time, or (trajectory, time).
    names : sequence of str, optional
        Columns of arrays, with units as in ``q [rad]`` if wanted.
    dt : float, optional
        Time between samples, where the data have no time column.
    time : str or array, optional
        The name of the time column or of a level of the index; or the times themselves, of
        shape (sample,), the same for all trajectories or a list of one array each.
    trajectory : str, optional
        The column that tells trajectories apart.
    particle : str, optional
        The column that says which particle a row is of; steps are counted for each.
    units : mapping of str to str, or sequence of str, optional
        A sequence holds one unit a column in their order, that of a time which is not a column
        after them.
    sigma : mapping, optional
        The noise of columns; arrays hold one number a row, or are a list of one array a
        trajectory.

    Raises
    ------
    DatasetError
        If the data are of another kind, or names, times, units or noise do not fit them.
    """
    name = time if isinstance(time, str) else None
    times = None if isinstance(time, str) else time
    if times is not None and dt is not None:
        raise DatasetError("both time and dt were given; give one of the two")
    parts = _trajectories(data)
    labelled = trajectory or TRAJECTORY
    counted = dt is not None or times is not None
    if parts is None:
        whole, name = _frame(data, names, name, trajectory, counted)
        frame = _timed(whole, dt, times, labelled, particle)
    else:
        frame, name = _joined(parts, names, dt, name, times, labelled, particle)
    own = {} if units is None else _units(frame, units, labelled, counted)
    if isinstance(sigma, Mapping):
        frame, sigma = _with_noise(frame, sigma)
    return Table(frame, TIME if times is not None else name, own, sigma)


def _with_noise(
    frame: pd.DataFrame, sigma: Mapping[Any, Any]
) -> tuple[pd.DataFrame, dict[Any, Any]]:
    """The table with a column for each array of standard deviations, and the columns' names."""
    named = dict(sigma)
    for name, given in sigma.items():
        if isinstance(given, str) or not (isinstance(given, Sequence) or np.ndim(given)):
            continue
        ragged = isinstance(given, Sequence) and any(np.ndim(own) for own in given)
        try:
            parts = [np.ravel(own) for own in (given if ragged else [given])]
            values = np.concatenate(parts).astype(np.float64)
        except (TypeError, ValueError):
            raise DatasetError(f"sigma of {name!r} holds what is no number") from None
        if len(values) != len(frame):
            raise DatasetError(
                f"sigma of {name!r} holds {len(values):,} numbers for {len(frame):,} rows; give "
                "one for each row, or one for all"
            )
        column = f"sigma of {name}"
        while column in map(bare, frame.columns):
            column += "_"
        frame, named[name] = frame.assign(**{column: values}), column
    return frame, named


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


def _trajectories(data: Any) -> dict[str, Any] | None:
    """Tables by the name of their trajectory; None where the data are one table."""
    if isinstance(data, pd.api.typing.DataFrameGroupBy):
        keys = [data.keys] if isinstance(data.keys, str) else data.keys
        own = [key for key in keys or () if isinstance(key, str)]
        return {
            _label(key): part.drop(columns=[name for name in own if name in part])
            for key, part in data
        }
    if isinstance(data, Mapping) and not _is_foreign(data):
        if not data:
            raise DatasetError("data is an empty mapping; give columns, or tables by trajectory")
        tables = [name for name, part in data.items() if _is_table(part)]
        if tables and len(tables) < len(data):
            other = next(name for name in data if name not in tables)
            raise DatasetError(
                f"the mapping holds a table under {tables[0]!r} and a "
                f"{type(data[other]).__name__} under {other!r}; give columns only, or tables only"
            )
        return {str(name): part for name, part in data.items()} if tables else None
    if isinstance(data, list | tuple):
        if not data:
            raise DatasetError("data is an empty list; give one table for each trajectory")
        return {str(number): part for number, part in enumerate(data)}
    if getattr(data, "ndim", 0) == 3 and not hasattr(data, "to_dataset"):
        return {str(number): part for number, part in enumerate(np.asarray(data))}
    return None


def _joined(
    parts: Mapping[str, Any],
    names: Sequence[str] | None,
    dt: float | None,
    time: str | None,
    times: Any,
    trajectory: str,
    particle: str | None,
) -> tuple[pd.DataFrame, str | None]:
    """Tables under each other, with a column that tells them apart, and the time's name."""
    counted, name, frames = dt is not None or times is not None, time, {}
    for (label, part), clock in zip(parts.items(), _clocks(times, len(parts)), strict=True):
        frame, name = _frame(part, names, time, None, counted)
        frames[label] = _timed(frame, dt, clock, particle)
    first, columns = next((label, list(frame.columns)) for label, frame in frames.items())
    for label, frame in frames.items():
        if list(frame.columns) != columns:
            raise DatasetError(
                f"trajectory {label} has the columns {list(frame.columns)}, trajectory {first} "
                f"has {columns}; give all the same"
            )
    if trajectory in map(bare, columns):
        raise DatasetError(
            f"tables of one trajectory each must not have a column {trajectory!r} as well"
        )
    labelled = [frame.assign(**{trajectory: label}) for label, frame in frames.items()]
    return pd.concat(labelled, ignore_index=True), name


def _clocks(times: Any, count: int) -> list[Any]:
    """The times of each trajectory."""
    if times is None:
        return [None] * count
    ragged = isinstance(times, list | tuple) and any(np.ndim(own) > 0 for own in times)
    if not ragged and np.ndim(times) < 2:
        return [times] * count
    if len(times) != count:
        raise DatasetError(f"time holds {len(times)} arrays for {count} trajectories")
    return list(times)


def _is_table(part: Any) -> bool:
    return isinstance(part, pd.DataFrame | Mapping) or _is_foreign(part) or np.ndim(part) == 2


def _is_foreign(data: Any) -> bool:
    """Whether another library holds the table: Arrow, polars, xarray."""
    known = ("__arrow_c_stream__", "collect_schema", "to_dataset", "to_dataframe")
    return any(hasattr(data, name) for name in known) and not isinstance(
        data, pd.DataFrame | pd.Series
    )


def _label(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _frame(
    data: Any,
    names: Sequence[str] | None,
    time: str | None,
    trajectory: str | None,
    counted: bool,
) -> tuple[pd.DataFrame, str | None]:
    """One table, its index as columns, and the name of its time."""
    if _is_foreign(data):
        data = _from_other_library(data)
    if isinstance(data, pd.Series):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        if isinstance(data.columns, pd.MultiIndex):
            raise DatasetError(
                "the table has columns of several levels; join their names, as in "
                "data.columns = data.columns.map('_'.join)"
            )
        frame = data.rename(columns=str)
        frame, time = index_as_columns(frame, time, trajectory, counted=counted)
    elif isinstance(data, Mapping):
        frame = _from_columns(data)
    else:
        frame = _from_array(data, names)
    repeated = sorted(set(frame.columns[frame.columns.duplicated()]))
    if repeated:
        raise DatasetError(f"column names must differ; more than once: {', '.join(repeated)}")
    return times_as_seconds(frame, time), time


def _from_other_library(data: Any) -> Any:
    """A table of polars, Arrow or xarray as one of pandas."""
    if hasattr(data, "collect_schema") and hasattr(data, "collect"):  # a lazy frame of polars
        data = data.collect()
    if hasattr(data, "to_dataset"):  # an array of xarray: its last dimension holds the columns
        labels = data.coords.get(data.dims[-1]) if data.ndim > 1 else None
        if labels is None or labels.dtype.kind not in "UOT":
            raise DatasetError(
                f"an xarray array of dimensions {data.dims} does not name its columns; give a "
                "Dataset, or a last dimension with the columns' names as its coordinate"
            )
        data = data.to_dataset(dim=data.dims[-1])
    if hasattr(data, "to_dataframe"):
        said = {name: own.attrs.get("units") for name, own in data.variables.items()}
        plain = data.reset_coords(drop=True)
        units = {
            name: f"{name} [{unit}]"
            for name, unit in said.items()
            if unit and bare(str(name)) == name
        }
        frame = plain.to_dataframe()
        return frame.rename(columns=units).rename_axis(
            index=[units.get(name, name) for name in frame.index.names]
        )
    try:
        return pyarrow.table(data).to_pandas()
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise DatasetError(
            f"the {type(data).__name__} cannot be read as an Arrow table: {error}"
        ) from error


def _from_columns(data: Mapping[Any, Any]) -> pd.DataFrame:
    columns = {str(name): np.asarray(values) for name, values in data.items()}
    flat = {name: own.shape for name, own in columns.items() if own.ndim != 1}
    if flat:
        name, shape = next(iter(flat.items()))
        raise DatasetError(f"column {name!r} has the shape {shape}; give one number a sample")
    lengths = {name: len(own) for name, own in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DatasetError(f"columns differ in length: {lengths}")
    return pd.DataFrame(columns)


def _from_array(data: Any, names: Sequence[str] | None) -> pd.DataFrame:
    try:
        array = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        array = None
    if array is None and isinstance(data, np.ndarray):
        raise DatasetError(f"an array of {data.dtype} holds no numbers; give one of floats")
    if array is None or (array.ndim == 0 and not isinstance(data, np.ndarray)):
        raise DatasetError(
            f"data of type {type(data).__name__} are not understood; give {KINDS_OF_DATA}"
        )
    if array.ndim != 2:
        raise DatasetError(f"an array of shape {array.shape} is not (sample, column)")
    if names is None or len(names) != array.shape[1]:
        given = "no names" if names is None else f"{len(names)} names"
        raise DatasetError(
            f"an array with {array.shape[1]} columns came with {given}; give names=[...]"
        )
    return pd.DataFrame(array, columns=list(names))


def _timed(frame: pd.DataFrame, dt: float | None, times: Any, *labels: str | None) -> pd.DataFrame:
    """The table with its times, as given or counted for each value of the labels that it has."""
    if dt is None and times is None:
        return frame
    what = "time" if dt is None else "dt"
    if TIME in map(bare, frame.columns):
        raise DatasetError(f"{what} was given, but the data have a time column {TIME!r}")
    if dt is None:
        column = np.asarray(times)
        if column.shape != (len(frame),):
            raise DatasetError(
                f"time has the shape {column.shape}, the table {len(frame)} rows; give one time a "
                "sample"
            )
    elif np.isfinite(dt) and dt > 0:
        apart = [name for name in labels if name in frame]
        within = frame.groupby(apart).cumcount() if apart else None
        column = dt * np.asarray(np.arange(len(frame)) if within is None else within)
    else:
        raise DatasetError(f"dt is {dt}; give the positive time between samples")
    return times_as_seconds(frame.assign(**{TIME: column}), TIME)


def _units(
    frame: pd.DataFrame, units: Mapping[str, str] | Sequence[str], trajectory: str, counted: bool
) -> dict[str, str]:
    """Units by column."""
    if isinstance(units, Mapping):
        return dict(units)
    names = [bare(name) for name in frame.columns if bare(name) != trajectory]
    fewest = len(names) - counted
    if not fewest <= len(units) <= len(names):
        raise DatasetError(
            f"units holds {len(units)} units for the {len(names)} columns {', '.join(names)}; "
            "give one each, in this order, or a mapping as in {'q': 'rad'}"
        )
    return dict(zip(names, units, strict=False))
