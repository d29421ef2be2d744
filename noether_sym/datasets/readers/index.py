"""What stands in the index of a table: times, names of trajectories."""

from __future__ import annotations

import pandas as pd

from noether_sym.datasets.readers.names import TIME, TRAJECTORY, bare, is_time
from noether_sym.errors import DatasetError


def index_as_columns(
    frame: pd.DataFrame, time: str | None, trajectory: str | None, *, counted: bool = False
) -> tuple[pd.DataFrame, str | None]:
    """The table with its index as columns after the others, and which of these is the time.

    Parameters
    ----------
    frame : DataFrame
        A named index is a column. Where nothing else is the time, an index of dates,
        durations or numbers with decimals is the time; an index without a name numbers the
        rows otherwise, and is left out. Of several levels the time is the one that `time` or
        its own name tells, else the last, unless something else is the time or it only
        numbers the rows; the others name the trajectory.
    time, trajectory : str, optional
        Names of these columns or levels.
    counted : bool
        Whether the times are given elsewhere.

    Raises
    ------
    DatasetError
        If a level has the name of a column.
    """
    index, names = frame.index, [None if own is None else str(own) for own in frame.index.names]
    headers = list(map(bare, frame.columns))
    elsewhere = counted or (time in headers if time else any(map(is_time, headers)))
    if index.nlevels == 1:
        is_clock = not elsewhere and index.dtype.kind in "mMf"
        if names[0] is None and not is_clock:
            return frame.reset_index(drop=True), time
        name = names[0] or TIME
        return _with_column(frame, name, index), bare(name) if is_clock else time
    clock, told = _time_level(names, time, trajectory)
    label = [names[level] for level in range(index.nlevels) if level != clock]
    labels = [index.get_level_values(level).map(str) for level in range(index.nlevels)]
    whole = [", ".join(row) for row in zip(*(labels[:clock] + labels[clock + 1 :]), strict=True)]
    own = trajectory if trajectory is not None and label == [trajectory] else TRAJECTORY
    found = frame
    counts = names[clock] is None and index.get_level_values(clock).dtype.kind not in "mMf"
    if told or not (elsewhere or counts):
        name = names[clock] or TIME
        found, time = _with_column(frame, name, index.get_level_values(clock)), bare(name)
    return _with_column(found, own, pd.Index(whole)), time


def times_as_seconds(frame: pd.DataFrame, time: str | None) -> pd.DataFrame:
    """The table with dates and durations of its time column as seconds from the first one.

    Raises
    ------
    DatasetError
        If a date is missing.
    """
    name = next(
        (own for own in frame.columns if (bare(own) == time if time else is_time(own))), None
    )
    if name is None or frame[name].dtype.kind not in "mM":
        return frame
    values = frame[name]
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax()) + 1
        raise DatasetError(f"the time column {name!r} has no date in row {row}")
    passed = values - values.iloc[0] if values.dtype.kind == "M" else values
    seconds = passed.dt.total_seconds()
    header = name if bare(name) != name else f"{name} [s]"
    return frame.assign(**{name: seconds}).rename(columns={name: header})


def _time_level(
    names: list[str | None], time: str | None, trajectory: str | None
) -> tuple[int, bool]:
    """Number of the level that is the time, and whether a name tells so."""
    known = [None if name is None else bare(name) for name in names]
    if time is not None and time in known:
        return known.index(time), True
    for level, name in enumerate(names):
        if name is not None and is_time(name):
            return level, True
    last = len(names) - 1
    return (last - 1 if trajectory is not None and known[last] == trajectory else last), False


def _with_column(frame: pd.DataFrame, name: str, values: pd.Index) -> pd.DataFrame:
    if bare(name) in map(bare, frame.columns):
        raise DatasetError(
            f"the index is called {bare(name)!r} as a column is; rename one of them, or drop the "
            "index with data.reset_index(drop=True)"
        )
    return frame.reset_index(drop=True).assign(**{name: values.to_numpy()})
