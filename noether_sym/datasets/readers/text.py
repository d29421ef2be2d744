"""Read a table of text: commas, semicolons or tabs, as spreadsheets write them.

A regular file is read at one go. Any other is cut into cells by the standard library: it says
on which line a row ends, and neither fills a short row up nor passes over a stray quote.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from noether_sym.datasets.readers.cells import COMMA, POINT, writes_decimal_commas
from noether_sym.datasets.readers.header import Header, parse_header
from noether_sym.datasets.readers.raw_table import RawTable, build_table
from noether_sym.datasets.readers.regular import IrregularError, regular_blocks
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from noether_sym.datasets.readers.raw_table import Block

    Row = tuple[int, list[str]]

_UTF_8 = "utf-8-sig"
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\s*")
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before that of UTF-16, which it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
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
            return _read(path, _lines(path, file), trajectory, plain=encoding == _UTF_8)
        except UnicodeError as error:
            reason = getattr(error, "reason", "") or str(error)
            raise DatasetError(
                f"{path} is not text in {encoding.removesuffix('-sig').upper()} ({reason}); save "
                "it as a CSV file in UTF-8"
            ) from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise DatasetError(
            f"{path} is not text in UTF-8: it holds bytes of zero; if a spreadsheet wrote it, "
            "save it as a CSV file in UTF-8"
        )
    return _UTF_8


def _read(path: Path, lines: Iterator[str], trajectory: str | None, *, plain: bool) -> RawTable:
    top = []
    for line in lines:
        top.append(line)
        if line.strip():
            break
    else:
        raise DatasetError(f"{path} is empty; give a header and one row a sample")
    declared = _SEPARATOR_LINE.fullmatch(top[-1])
    if declared:
        top[-1:] = ["\n", next(lines, "\n")]
    separator = declared[1] if declared else max(_SEPARATORS, key=lambda one: _width(top[-1], one))
    reader = csv.reader(itertools.chain(top, lines), delimiter=separator, strict=True)
    try:
        rows = ((reader.line_num, row) for row in reader if "".join(row).strip())
        before, cells = next(rows, (0, []))
        width = len(cells)
        while cells and not cells[-1].strip():
            cells.pop()  # spreadsheets end every line with separators
        header = parse_header(path, cells, trajectory)
        if plain and len(cells) == width:
            for decimal in (POINT,) if separator == COMMA else (POINT, COMMA):
                with contextlib.suppress(IrregularError):
                    blocks = regular_blocks(path, header, before, separator, decimal)
                    return _table(path, header, blocks, decimal)
        blocks = _blocks(path, rows, len(cells))
        first = list(itertools.islice(blocks, 1))
        commas = separator != COMMA and any(
            writes_decimal_commas(column) for _, columns in first for column in columns
        )
        return _table(path, header, itertools.chain(first, blocks), COMMA if commas else POINT)
    except csv.Error as error:
        raise DatasetError(
            f"{path}, line {reader.line_num}: not CSV ({error}); look for a quote that is not "
            "closed"
        ) from error


def _table(path: Path, header: Header, blocks: Iterable[Block], decimal: str) -> RawTable:
    notes = [_COMMA_NOTE] if decimal == COMMA else []
    return build_table(path, "line", header, blocks, decimal=decimal, notes=notes)


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


def _width(line: str, separator: str) -> int:
    """How many cells a separator cuts a line into."""
    try:
        return len(next(csv.reader([line], delimiter=separator)))
    except csv.Error:
        return 0


def _blocks(path: Path, rows: Iterator[Row], width: int) -> Iterator[Block]:
    """The rows many at a time: the line each ends on, and their cells column by column."""
    while block := list(itertools.islice(rows, _BLOCK)):
        for line, row in block:
            if len(row) != width:
                if len(row) < width or "".join(row[width:]).strip():
                    raise DatasetError(
                        f"{path}, line {line}: {len(row)} cells, but the header has {width}"
                    )
                del row[width:]
        places, cells = zip(*block, strict=True)
        yield places, list(zip(*cells, strict=True))
