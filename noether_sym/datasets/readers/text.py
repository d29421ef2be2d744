"""Read a table of text: commas, semicolons, tabs or blanks between cells.

A regular file is read at one go. Any other is cut into cells by the standard library: it says
on which line a row ends, and neither fills a short row up nor passes over a stray quote.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from noether_sym.datasets.readers.cells import COMMA, POINT, writes_decimal_commas
from noether_sym.datasets.readers.header import Header, parse_header
from noether_sym.datasets.readers.layout import BLANKS, cut, find_layout, is_comment
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table
from noether_sym.datasets.readers.regular import IrregularError, regular_blocks
from noether_sym.datasets.readers.source import Source
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from noether_sym.datasets.readers.raw_table import Block

    Row = tuple[int, list[str]]

_UTF_8 = "utf-8-sig"
_ANSI = "cp1252"
_SIGNS = {*map(chr, range(128)), *"°±²³µ·"}
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before that of UTF-16, which it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_BLOCK = 16_384
"""Rows whose cells are handed on at a time."""

_HEAD_LINES = 200
"""Lines, empty ones not counted, in which the header is looked for."""

_LONGEST_LINE = 1_000_000
"""Characters from which a line is no row of a table; so many also end the search for a header."""

_COMMA_NOTE = "numbers read with decimal commas"


def read_text(source: Source, options: TableOptions) -> RawTable:
    """Read a text file with a header, one row a sample.

    `noether_sym.datasets.readers.layout` says where the header is and what separates cells.
    Where that is not a comma, numbers may have decimal commas. The encoding is UTF-8, or what a
    byte order mark says.

    Raises
    ------
    DatasetError
        If the file is empty, not text in that encoding, ragged, or its header is not usable.
    """
    encoding = _encoding(source)
    try:
        return _decoded(source, options, encoding)
    except UnicodeError as error:
        if encoding == _UTF_8 and _has_only_signs(source):
            table = _decoded(source, options, _ANSI)
            return replace(table, notes=("read as Windows-1252 text", *table.notes))
        reason = getattr(error, "reason", "") or str(error)
        raise DatasetError(
            f"{source.path} is not text in {encoding.removesuffix('-sig').upper()} ({reason}); "
            "save it as a CSV file in UTF-8"
        ) from error


def _has_only_signs(source: Source) -> bool:
    """Whether all that is not ASCII are signs that units need, the same in many encodings."""
    with source.open() as stream:
        while block := stream.read(_LONGEST_LINE):
            if not set(block.decode(_ANSI, "replace")) <= _SIGNS:
                return False
    return True


def _decoded(source: Source, options: TableOptions, encoding: str) -> RawTable:
    with io.TextIOWrapper(source.open(), encoding=encoding, newline="") as file:
        return _read(source, _lines(source.path, file), options, plain=encoding == _UTF_8)


def text_lines(source: Source) -> list[str]:
    """All lines of a text file.

    Raises
    ------
    DatasetError
        If it is not text.
    """
    path = source.path
    with io.TextIOWrapper(source.open(), encoding=_encoding(source), newline=None) as file:
        try:
            return list(_lines(path, file))
        except UnicodeError as error:
            raise DatasetError(f"{path} is not text in UTF-8 ({error}); save it again") from error


def _encoding(source: Source) -> str:
    head = source.head()
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise DatasetError(
            f"{source.path} is not text in UTF-8: it holds bytes of zero; if a spreadsheet wrote "
            "it, save it as a CSV file in UTF-8"
        )
    return _UTF_8


def _read(source: Source, lines: Iterator[str], options: TableOptions, *, plain: bool) -> RawTable:
    path, skipped = source.path, options.skip_rows
    passed = sum(1 for _ in itertools.islice(lines, skipped))
    head = _head(lines)
    if not any(line.strip() for line in head):
        after = f" after the {passed} rows that are skipped" if skipped else ""
        raise DatasetError(f"{path} is empty{after}; give a header and one row a sample")
    remarks = Remarks(options.comment)
    layout = find_layout([remarks.cut(line) for line in head], options.comment, skipped)
    reader = Rows(
        remarks.without(itertools.chain(head[layout.start :], lines)),
        layout.separator,
        skipped + layout.start,
    )
    remarks.count += sum(is_comment(line, options.comment) for line in head[: layout.start])
    try:
        if layout.cells is None:
            before, cells = next(reader, (0, []))
        else:
            before, cells = skipped + layout.start, list(layout.cells)
        width = len(cells)
        while cells and not cells[-1].strip():
            cells.pop()  # spreadsheets end every line with separators
        header = parse_header(path, cells, options, layout.units)
        notes = [*layout.notes, *header.notes]
        separator = layout.separator
        if plain and separator != BLANKS and len(cells) == width:
            for decimal in (POINT,) if separator == COMMA else (POINT, COMMA):
                with contextlib.suppress(IrregularError):
                    blocks = regular_blocks(source, header, before, separator, decimal)
                    return _table(path, header, blocks, decimal, notes, remarks)
        blocks = _blocks(path, reader, len(cells))
        first = list(itertools.islice(blocks, 1))
        commas = separator != COMMA and any(
            writes_decimal_commas(column) for _, columns in first for column in columns
        )
        decimal = COMMA if commas else POINT
        return _table(path, header, itertools.chain(first, blocks), decimal, notes, remarks)
    except csv.Error as error:
        raise DatasetError(
            f"{path}, line {reader.line}: not CSV ({error}); look for a quote that is not closed"
        ) from error


def _table(
    path: Path,
    header: Header,
    blocks: Iterable[Block],
    decimal: str,
    notes: list[str],
    remarks: Remarks,
) -> RawTable:
    table = build_table(path, "line", header, blocks, decimal=decimal)
    found = [*notes, _COMMA_NOTE] if decimal == COMMA else list(notes)
    if remarks.count:
        plural = "s" * (remarks.count > 1)
        found.append(f"{remarks.count:,} line{plural} of comments passed over")
    return replace(table, notes=(*found, *table.notes))


class Remarks:
    """Takes comments out of lines, and counts the lines that hold nothing else."""

    def __init__(self, comment: str) -> None:
        self.comment, self.count = comment, 0
        self._inside = re.compile(f"[{re.escape(comment)}]") if comment else None

    def without(self, lines: Iterable[str]) -> Iterator[str]:
        """The same lines, blank where there was a comment only."""
        for line in lines:
            if is_comment(line, self.comment):
                self.count += 1
                yield "\n"
            else:
                yield self.cut(line)

    def cut(self, line: str) -> str:
        """A line without the comment behind its numbers, where one was declared."""
        if self._inside is None or is_comment(line, self.comment):
            return line
        before, *remark = self._inside.split(line, maxsplit=1)
        return f"{before}\n" if remark else line


class Rows:
    """The cells of rows that are not blank, with the line that each ends on.

    Attributes
    ----------
    line : int
        That of the row last read.
    """

    def __init__(self, lines: Iterable[str], separator: str, before: int) -> None:
        self.line = before
        self._rows = self._cut(lines, separator, before)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def __next__(self) -> Row:
        return next(self._rows)

    def _cut(self, lines: Iterable[str], separator: str, before: int) -> Iterator[Row]:
        if separator == BLANKS:
            for self.line, text in enumerate(lines, before + 1):
                if row := cut(text, BLANKS):
                    yield self.line, row
            return
        reader = csv.reader(lines, delimiter=separator, strict=True)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            finally:
                self.line = before + reader.line_num
            if "".join(row).strip():
                yield self.line, row


def _head(lines: Iterator[str]) -> list[str]:
    """The first lines, as many as are needed to see where the table begins."""
    head: list[str] = []
    filled = size = 0
    for line in lines:
        head.append(line)
        filled, size = filled + bool(line.strip()), size + len(line)
        if filled >= _HEAD_LINES or size > _LONGEST_LINE:
            break
    return head


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    for number in itertools.count(1):
        line = file.readline(_LONGEST_LINE)
        if not line:
            return
        if len(line) == _LONGEST_LINE:
            raise DatasetError(
                f"{path}, line {number}: longer than {_LONGEST_LINE:,} characters; this is not a "
                "table of one row a sample"
            )
        yield line


def _blocks(path: Path, rows: Rows, width: int) -> Iterator[Block]:
    """The rows many at a time: the line each ends on, and their cells column by column."""
    while block := list(itertools.islice(iter(rows), _BLOCK)):
        for line, row in block:
            if len(row) != width:
                if len(row) < width or "".join(row[width:]).strip():
                    raise DatasetError(
                        f"{path}, line {line}: {len(row)} cells, but the header has {width}"
                    )
                del row[width:]
        places, cells = zip(*block, strict=True)
        yield places, list(zip(*cells, strict=True))
