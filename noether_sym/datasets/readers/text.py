"""Read a table of text: commas, semicolons or tabs, as spreadsheets write them."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from noether_sym.datasets.readers.cells import COMMA, writes_decimal_commas
from noether_sym.datasets.readers.raw_table import RawTable, TableBuilder
from noether_sym.errors import DatasetError

_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\s*")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 16_384
_HEAD = 4096
_LONGEST_LINE = 1_000_000
_COMMA_NOTE = "numbers read with decimal commas"


def read_text(path: Path, trajectory: str | None = None) -> RawTable:
    """Read a text file with a header, one row a sample.

    The separator is the one of comma, semicolon and tab that cuts the header into most
    columns. Where it is no comma, numbers may have decimal commas. The encoding is UTF-8, or
    what a byte order mark says.

    Raises
    ------
    DatasetError
        If the file is empty, not text in that encoding, ragged, or its header is not usable.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        try:
            return _read(path, file, trajectory)
        except UnicodeError as error:
            reason = getattr(error, "reason", "") or str(error)
            raise DatasetError(
                f"{path} is not text in {encoding.removesuffix('-sig').upper()} ({reason}); save "
                "it as a CSV file in UTF-8"
            ) from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise DatasetError(
            f"{path} is not text in UTF-8: it holds bytes of zero; if a spreadsheet wrote it, "
            "save it as a CSV file in UTF-8"
        )
    return "utf-8-sig"


def _read(path: Path, file: TextIO, trajectory: str | None) -> RawTable:
    lines = _lines(path, file)
    before = []
    for line in lines:
        before.append(line)
        if line.strip():
            break
    else:
        raise DatasetError(f"{path} is empty; give a header and one row a sample")
    declared = _SEPARATOR_LINE.fullmatch(before[-1])
    if declared:
        before[-1] = "\n"
        before.append(next(lines, "\n"))
    separator = declared[1] if declared else _separator(before[-1])
    reader = csv.reader(itertools.chain(before, lines), delimiter=separator, strict=True)
    try:
        rows = _rows(reader)
        _, header = next(rows, (0, []))
        while header and not header[-1].strip():
            header.pop()  # spreadsheets end every line with separators
        builder = TableBuilder(path, "line", header, trajectory)
        comma = False
        for number, block in enumerate(_blocks(rows)):
            places = [place for place, _ in block]
            columns = _columns(path, block, len(header))
            if number == 0 and separator != COMMA:
                comma = any(writes_decimal_commas(column) for column in columns)
                if comma:
                    builder.write_decimals_with(COMMA)
            builder.add(places, columns)
    except csv.Error as error:
        raise DatasetError(
            f"{path}, line {reader.line_num}: not CSV ({error}); look for a quote that is not "
            "closed"
        ) from error
    return builder.finish([_COMMA_NOTE] if comma else [])


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    for number in itertools.count(1):
        line = file.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise DatasetError(
                f"{path}, line {number}: longer than {_LONGEST_LINE:,} characters; this is no "
                "table of one row a sample"
            )
        yield line


def _separator(line: str) -> str:
    def cells(separator: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=separator)))
        except csv.Error:
            return 0

    return max(_SEPARATORS, key=cells)


def _rows(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with the line that each ends on."""
    for row in reader:
        if any(row) and (row[0].strip() or any(map(str.strip, row))):
            yield reader.line_num, row  # type: ignore[attr-defined]


def _blocks(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    while block := list(itertools.islice(rows, _BLOCK)):
        yield block


def _columns(path: Path, block: list[tuple[int, list[str]]], width: int) -> list[tuple[str, ...]]:
    for line, row in block:
        if len(row) != width:
            if len(row) < width or any(cell.strip() for cell in row[width:]):
                raise DatasetError(
                    f"{path}, line {line}: {len(row)} cells, but the header has {width}"
                )
            del row[width:]
    return list(zip(*(row for _, row in block), strict=True))
