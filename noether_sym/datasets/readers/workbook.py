"""Read a workbook of a spreadsheet (.xlsx, .xls, .xlsb, .ods) with python-calamine.

Calamine reads all of them, and values instead of formulas. It is an optional dependency.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from noether_sym.datasets.readers.cells import COMMA
from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.layout import cut, find_layout
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table, check_size
from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError, install

_HEAD_ROWS = 200
"""Rows of a sheet in which the header is looked for."""


def read_workbook(source: Source, options: TableOptions) -> list[RawTable]:
    """Read every sheet that is a table with the columns of the first one.

    Raises
    ------
    DatasetError
        If the extra is not installed, the file is damaged, or no sheet holds a table.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise DatasetError(
            f"{source.path} is a workbook; install what reads it ({install('files')}), or save "
            "the sheet as CSV"
        ) from error
    try:
        with source.open() as stream:
            workbook = CalamineWorkbook.from_filelike(stream)
            sheets = {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
                for name in workbook.sheet_names
            }
    except (CalamineError, OSError, ValueError) as error:
        raise DatasetError(
            f"{source.path} is not a readable workbook ({error}); save the sheet as CSV"
        ) from error
    filled = {name: rows for name, rows in sheets.items() if any(map(any, rows))}
    if not filled:
        raise DatasetError(f"{source.path} is empty; give a header and one row a sample")
    tables: list[RawTable] = []
    left = []
    for name, rows in filled.items():
        path = source.path / name if len(filled) > 1 else source.path
        try:
            table = _read_sheet(path, rows, options)
        except DatasetError:
            if not tables and name == next(reversed(filled)):
                raise
            left.append(name)
            continue
        if tables and table.units != tables[0].units:
            left.append(name)
        else:
            tables.append(table)
    if left:
        note = f"sheets left out, which have other columns: {', '.join(left)}"
        tables[0] = replace(tables[0], notes=(*tables[0].notes, note))
    return tables


def _read_sheet(path: Path, rows: Sequence[Sequence[Any]], options: TableOptions) -> RawTable:
    skipped = options.skip_rows
    head = [_line(row) for row in rows[skipped : skipped + _HEAD_ROWS]]
    if not any(map(any, rows[skipped:])):
        raise DatasetError(f"{path} has no rows after the {skipped} that are skipped")
    layout = find_layout(head, skipped=skipped, separators=(COMMA,))
    start = skipped + layout.start
    cells = layout.cells
    if cells is None:
        cells, start = tuple(cut(head[layout.start], COMMA)), start + 1
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    header = parse_header(path, cells, options, layout.units)
    width = len(cells)
    check_size(path, len(rows), width)
    kept = {
        place: [*row[:width], *[""] * (width - len(row))]
        for place, row in enumerate(rows[start:], start + 1)
        if any(cell not in ("", None) for cell in row[:width])
    }
    columns = list(zip(*kept.values(), strict=True)) or [()] * width
    table = build_table(path, "row", header, [(list(kept), columns)])
    return replace(table, notes=(*layout.notes, *header.notes, *table.notes))


def _line(row: Sequence[Any]) -> str:
    """A row as a line of text, to see where the table begins."""
    stream = io.StringIO()
    csv.writer(stream).writerow("" if cell is None else cell for cell in row)
    return stream.getvalue() if any(cell not in ("", None) for cell in row) else "\n"
