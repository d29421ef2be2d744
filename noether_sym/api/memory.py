"""Data that a program holds, on their way through the reader of files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from noether_sym.api.arguments import check_names, check_units, data_options, is_named
from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import NoetherSymError, OptionError
from noether_sym.store.options import DataOptions
from noether_sym.store.schema import IN_MEMORY

TABLE_FILE = "data.parquet"
_OF_TEXT = ("skip_rows", "comment")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Data with the options that read them.

    Attributes
    ----------
    dataset : Dataset or None
        None for named data, which the options load.
    options : DataOptions
    file : Path or None
        The table that data of a program were written to; it lives as long as the context.
    """

    dataset: Dataset | None
    options: DataOptions
    file: Path | None


@contextmanager
def loaded(
    data: Any,
    names: Sequence[str] | None,
    dt: float | None,
    reading: Mapping[str, Any],
) -> Iterator[Loaded]:
    """Settle what the data are; those of a program are written as a table and loaded as a file.

    Raises
    ------
    DatasetError, UnitError, GrammarError, OptionError
        If the data, or how to read them, are not usable.
    """
    check_names(data, names, dt)
    check_units(reading.get("units"))
    if is_named(data):
        if isinstance(data, str) and not data.strip():
            raise OptionError("data is an empty text; give the name of a data set, or a path")
        if reading.get("time") is not None and not isinstance(reading["time"], str):
            raise OptionError("time holds times, and the data are named; give a column's name")
        yield Loaded(None, data_options(str(data), reading), None)
        return
    if isinstance(data, Dataset):
        raise OptionError(
            "a Dataset does not say how it was read, so that its run could not be opened again; "
            "give discover the name, path or table, with the arguments that load was given"
        )
    for name in _OF_TEXT:
        if reading.get(name):
            raise OptionError(f"{name} is for files of text, and the data are a table")
    from noether_sym.datasets.readers.frame import as_table, write_frame

    described = ("time", "trajectory", "particle", "units", "sigma")
    own = {name: reading.get(name) for name in described}
    with tempfile.TemporaryDirectory(prefix="noether-sym-data-") as folder:
        path = Path(folder) / TABLE_FILE
        # wrong arguments are refused before the table is made
        data_options(TABLE_FILE, {**reading, "time": None, "units": None, "sigma": None})
        table = as_table(data, names=names, dt=dt, **own)
        beside = {"time": table.time, "units": table.units, "sigma": table.sigma}
        options = data_options(TABLE_FILE, {**reading, **beside})
        write_frame(table.frame, path)
        try:
            dataset = msgspec.structs.replace(options, dataset=str(path)).load()
        except NoetherSymError as error:
            # the file is ours, and the data are the caller's: neither message nor cause name it
            raise type(error)(str(error).replace(str(path), "the table")) from None
        yield Loaded(replace(dataset, source=IN_MEMORY), options, path)


def dataset_of(data: Any, reading: Mapping[str, Any]) -> Dataset:
    """The data set that an argument names or holds; `reading` as `loaded` takes it."""
    if isinstance(data, Dataset):
        if reading:
            raise OptionError(
                f"{', '.join(reading)}: a Dataset is read already; give these to the call that "
                "loads it"
            )
        return data
    own = dict(reading)
    names, dt = own.pop("names", None), own.pop("dt", None)
    with loaded(data, names, dt, own) as given:
        return given.options.load() if given.dataset is None else given.dataset
