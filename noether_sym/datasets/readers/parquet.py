"""Read a Parquet file, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.raw_table import RawTable, build_table, check_size
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from noether_sym.datasets.readers.raw_table import Block

_BATCH = 65_536
_MAGIC = b"PAR1"
_PANDAS_INDEX = "__index_level_"
_NUMBERS = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)


def read_parquet(path: Path, trajectory: str | None = None) -> RawTable:
    """Read a Parquet file, one row a sample; the index that pandas adds is left out.

    Raises
    ------
    DatasetError
        If the file is no Parquet file, is truncated, or its header is not usable.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise DatasetError(f"{path} is no Parquet file: it does not begin with PAR1")
    try:
        with pq.ParquetFile(path) as parquet:
            names = parquet.schema_arrow.names
            kept = [place for place, one in enumerate(names) if not one.startswith(_PANDAS_INDEX)]
            header = parse_header(path, [names[place] for place in kept], trajectory)
            check_size(path, parquet.metadata.num_rows, len(kept))
            texts = [name == header.trajectory for name in header.units]
            return build_table(path, "row", header, _blocks(parquet, kept, texts))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{path} is not a readable Parquet file ({reason}); write it again"
        ) from error


def _blocks(file: Any, kept: list[int], texts: list[bool]) -> Iterator[Block]:
    first = 1
    for batch in file.iter_batches(batch_size=_BATCH):
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
