"""Read the rows of a regular text file: one line a row, numbers in every cell, no quotes.

Most files are, and pyarrow reads these ten times as fast as Python does, to the same bits. It
does not say where it found anything else; for that, other files are gone through by line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from noether_sym.datasets.readers.header import Header
from noether_sym.datasets.readers.source import Source

if TYPE_CHECKING:
    from noether_sym.datasets.readers.raw_table import Block


class IrregularError(ValueError):
    """A file that needs a closer look."""


def regular_blocks(
    source: Source, header: Header, before: int, separator: str, decimal: str
) -> Iterator[Block]:
    """The rows many at a time: the line each stands on, and its cells column by column.

    Parameters
    ----------
    source : Source
        Of text in UTF-8.
    header : Header
    before : int
        Lines up to the end of the header.
    separator, decimal : str
        The signs between cells, and before decimals.

    Raises
    ------
    IrregularError
        If a row has another number of cells than the header, or a cell is neither blank nor
        a finite number, or is in quotes.
    """
    kinds = {name: pa.float64() for name in header.units}
    kinds |= dict.fromkeys(header.labels, pa.string())
    options = {
        "read_options": pyarrow.csv.ReadOptions(column_names=list(kinds), skip_rows=before),
        "parse_options": pyarrow.csv.ParseOptions(
            delimiter=separator, quote_char=False, ignore_empty_lines=False
        ),
        "convert_options": pyarrow.csv.ConvertOptions(
            column_types=kinds, null_values=[""], strings_can_be_null=True, decimal_point=decimal
        ),
    }
    line = before + 1
    try:
        with _stream(source) as file, pyarrow.csv.open_csv(file, **options) as reader:
            for batch in reader:
                lines = np.arange(line, line + len(batch))
                line += len(batch)
                held = reduce(pc.or_, (column.is_valid() for column in batch.columns))
                columns = [
                    column.to_numpy(zero_copy_only=False) for column in batch.filter(held).columns
                ]
                if any(map(_is_strange, columns)):
                    raise IrregularError(source.path)
                yield lines[held.to_numpy(zero_copy_only=False)], columns
    except pa.ArrowException as error:
        raise IrregularError(source.path) from error


def _stream(source: Source) -> pa.NativeFile:
    """The bytes as Arrow reads them ahead: without Python, which may have ended by then."""
    if source.content is None:
        return pa.OSFile(str(source.path), "rb")
    return pa.BufferReader(source.content)


def _is_strange(column: np.ndarray) -> bool:
    """Whether there are infinite numbers, or names in quotes."""
    if column.dtype == object:
        return any('"' in name for name in column if name is not None)
    return bool(np.isinf(column).any())
