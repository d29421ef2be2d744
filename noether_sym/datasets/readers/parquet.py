"""Read a Parquet or Feather file, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from noether_sym.datasets.readers.header import Header, parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table, check_size
from noether_sym.datasets.readers.source import FEATHER_MAGIC, PARQUET_MAGIC, Source
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from noether_sym.datasets.readers.raw_table import Block

_BATCH = 65_536
"""Rows that are read at a time."""

_PANDAS_INDEX = "__index_level_"
_NUMBERS = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)


def read_parquet(source: Source, options: TableOptions) -> RawTable:
    """Read a Parquet file, one row a sample; the index that pandas adds is left out.

    Raises
    ------
    DatasetError
        If the file is not a Parquet file, is truncated, or its header is not usable.
    """
    path = source.path
    if not source.head().startswith(PARQUET_MAGIC):
        raise DatasetError(f"{path} is not a Parquet file: it does not begin with PAR1")
    try:
        with source.open() as stream, pq.ParquetFile(stream) as parquet:
            kept, header = _header(path, parquet.schema_arrow.names, options)
            check_size(path, parquet.metadata.num_rows, len(kept))
            batches = parquet.iter_batches(batch_size=_BATCH)
            return build_table(path, "row", header, _blocks(batches, kept, header))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{path} is not a readable Parquet file ({reason}); write it again"
        ) from error


def read_feather(source: Source, options: TableOptions) -> RawTable:
    """Read a Feather file (Arrow IPC), one row a sample, as `read_parquet` does.

    Raises
    ------
    DatasetError
        If the file is not a Feather file of version 2, is truncated, or its header is not usable.
    """
    path = source.path
    if not source.head().startswith(FEATHER_MAGIC):
        raise DatasetError(
            f"{path} is not a Feather file of version 2; write it again (pandas: to_feather), or "
            "save it as Parquet"
        )
    try:
        with source.open() as stream, pa.ipc.open_file(stream) as reader:
            kept, header = _header(path, reader.schema.names, options)
            batches = map(reader.get_batch, range(reader.num_record_batches))
            return build_table(path, "row", header, _blocks(batches, kept, header))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{path} is not a readable Feather file ({reason}); write it again"
        ) from error


def _header(path: Path, names: list[str], options: TableOptions) -> tuple[list[int], Header]:
    """The columns to read, without the index that pandas adds, and the header of them."""
    kept = [place for place, one in enumerate(names) if not one.startswith(_PANDAS_INDEX)]
    return kept, parse_header(path, [names[place] for place in kept], options)


def _blocks(batches: Iterable[Any], kept: list[int], header: Header) -> Iterator[Block]:
    texts = [name in header.labels for name in header.units]
    first = 1
    for batch in batches:
        columns = [
            batch.column(place).to_pylist() if text else _cells(batch.column(place))
            for place, text in zip(kept, texts, strict=True)
        ]
        yield np.arange(first, first + len(batch)), columns
        first += len(batch)


def _cells(array: Any) -> Any:
    """Numbers as an array, nulls as NaN; everything else as a list."""
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if any(test(array.type) for test in _NUMBERS):
        return array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return array.to_pylist()
