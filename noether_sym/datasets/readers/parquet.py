"""Read a Parquet file, a batch of rows at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from noether_sym.datasets.readers.raw_table import RawTable, TableBuilder
from noether_sym.errors import DatasetError

_BATCH = 65_536
_PANDAS_INDEX = "__index_level_"


def read_parquet(path: Path, trajectory: str | None = None, magic: bytes = b"PAR1") -> RawTable:
    """Read a Parquet file, one row a sample; the index that pandas adds is left out.

    Raises
    ------
    DatasetError
        If the file is no Parquet file, is truncated, or its header is not usable.
    """
    import pyarrow
    import pyarrow.parquet

    if magic != b"PAR1":
        raise DatasetError(f"{path} is no Parquet file: it does not begin with PAR1")
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            return _read(path, file, trajectory)
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{path} is not a readable Parquet file ({reason}); write it again"
        ) from error


def _read(path: Path, file: Any, trajectory: str | None) -> RawTable:
    header = file.schema_arrow.names
    kept = [place for place, name in enumerate(header) if not name.startswith(_PANDAS_INDEX)]
    builder = TableBuilder(path, "row", [header[place] for place in kept], trajectory)
    builder.check_size(file.metadata.num_rows)
    count = 0
    for batch in file.iter_batches(batch_size=_BATCH):
        columns = [
            batch.column(place).to_pylist()
            if name == builder.trajectory
            else _cells(batch.column(place))
            for place, name in zip(kept, builder.names, strict=True)
        ]
        builder.add(np.arange(count + 1, count + len(batch) + 1), columns)
        count += len(batch)
    return builder.finish()


def _cells(array: Any) -> Any:
    """Numbers as an array, nulls as NaN; everything else as a list."""
    import pyarrow

    kind = array.type
    if pyarrow.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    plain = (
        pyarrow.types.is_integer,
        pyarrow.types.is_floating,
        pyarrow.types.is_boolean,
        pyarrow.types.is_decimal,
        pyarrow.types.is_null,
    )
    if any(test(kind) for test in plain):
        return array.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
    return array.to_pylist()
