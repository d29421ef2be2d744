"""Where the table begins in a text file: what stands above the header, and what separates.

A file is a table from its first line on unless its lines say otherwise: a header is the line
above the first rows of numbers that has as many cells as they have, or, with the units below
it, two lines above. What stands above that (the name of a mass, the date of a measurement) is
passed over with a note.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from noether_sym.datasets.readers.cells import COMMA, LONGEST_SHOWN, MISSING, POINT, text_number
from noether_sym.datasets.readers.header import is_time, unit_row

BLANKS = " "
"""Stands for any number of blanks and tabs between cells."""

COMMENTS = "#%"
"""What begins a comment where nothing is said."""

_SEPARATORS = (COMMA, ";", "\t", BLANKS)
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\s*")
_WORD = re.compile(r"[^\s\[(]+(?:\s*[\[(][^\])]*[\])])?")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is laid out.

    Attributes
    ----------
    separator : str
        Between cells; `BLANKS` for any number of them.
    start : int
        Lines before the header, or, where `cells` are given, before the first row of numbers.
    cells : tuple of str or None
        The header, where it is not simply the next line.
    units : tuple of (str or None), or None
        Units in a line of their own.
    notes : tuple of str
    """

    separator: str
    start: int = 0
    cells: tuple[str, ...] | None = None
    units: tuple[str | None, ...] | None = None
    notes: tuple[str, ...] = ()


def is_comment(line: str, comment: str) -> bool:
    """Whether a whole line is a comment; `comment` as of `TableOptions`."""
    text = line.lstrip(" \t\ufeff")
    if not text or text[0] not in (comment or COMMENTS):
        return False
    return bool(comment) or re.split(r"[,;\s]", text, maxsplit=1)[0].lower() not in MISSING


def find_layout(
    head: Sequence[str],
    comment: str = "",
    skipped: int = 0,
    separators: Sequence[str] = _SEPARATORS,
) -> Layout:
    """Settle where the header is.

    Parameters
    ----------
    head : sequence of str
        The first lines, at least one of which is not blank; no comment behind numbers.
    comment : str
        As of `noether_sym.datasets.readers.options.TableOptions`.
    skipped : int
        Lines of the file before these, for the notes.
    separators : sequence of str
        Those that may stand between cells.
    """
    filled = [number for number, line in enumerate(head) if line.strip()]
    declared = _SEPARATOR_LINE.fullmatch(head[filled[0]])
    if declared:
        return Layout(declared[1], filled[0] + 1)
    remarks = [number for number in filled if is_comment(head[number], comment)]
    lines = [number for number in filled if number not in set(remarks)]
    first = (lines or filled)[0]
    set_apart = [one for one in separators if one != BLANKS]
    plain = Layout(max(set_apart, key=lambda one: len(cut(head[first], one))), first)
    searched = (_search(head, lines, remarks, one, skipped) for one in separators)
    found = [(one, chosen) for one, chosen in filter(None, searched)]
    if not found:
        return plain
    best, chosen = max(found, key=lambda one: len(one[0].cells or ()))
    is_plain = (chosen, best.separator) == (first, plain.separator)
    return plain if is_plain and not best.notes else best


def cut(line: str, separator: str) -> list[str]:
    """The cells of a line."""
    if separator == BLANKS:
        if '"' not in line:
            return line.split()
        line, separator = " ".join(line.split()), " "
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _search(
    head: Sequence[str],
    lines: Sequence[int],
    remarks: Sequence[int],
    separator: str,
    skipped: int,
) -> tuple[Layout, int] | None:
    """The first rows of numbers with a header above, and its line; None if there are none."""
    rows = [cut(head[number], separator) for number in lines]
    start = next((n for n in range(len(rows)) if all(map(_are_numbers, rows[n : n + 2]))), None)
    if start is None:
        return None
    width = len(rows[start])
    # where no line stands above the numbers, a comment may hold the names
    above = lines[:start] or [number for number in remarks if number < lines[start]]
    texts = [_header_cells(head[number], separator, width) for number in above]
    comments = above[-1] if _has_comments_below_units(texts) else None
    if comments is not None:
        above, texts = above[:-1], texts[:-1]
    if not texts or not texts[-1]:
        return None
    names, units = texts[-1], None
    at, beneath = len(texts) - 1, texts[-2:-1]
    if beneath and beneath[0] and not any(map(is_time, names)):
        units = unit_row([*names, *[""] * (len(beneath[0]) - len(names))])
        if units and len(beneath[0]) >= len(names):
            names, at = beneath[0], at - 1
        elif len(set(beneath[0])) == len(beneath[0]) == len(names) and all(beneath[0]):
            return None  # a header with a row below it that holds no numbers
    over, notes = above[:at] if start else [], []
    if len(set(names)) < len(names) and at:
        names = _grouped(names, cut(head[above[at - 1]], separator))
        over = over[:-1]
    if over:
        filled = (cell.strip() for cell in cut(head[over[0]], separator))
        shown = " ".join(filter(None, filled))[:LONGEST_SHOWN]
        which = f"line {over[0] + skipped + 1}"
        if len(over) > 1:
            which = f"lines {over[0] + skipped + 1} to {over[-1] + skipped + 1}"
        notes.append(f"{which} above the header passed over: {shown!r}" + ", ..." * (len(over) > 1))
    if units:
        notes.append(f"units read from line {above[at + 1] + skipped + 1}")
    if comments is not None:
        notes.append(f"line {comments + skipped + 1} below the units passed over")
    if separator == BLANKS:
        notes.append("columns separated by blanks")
    own = None if units is None else tuple(units)
    as_is = names is texts[at] and units is None and start > 0
    return Layout(separator, lines[start], tuple(names), own, tuple(notes)), above[
        at
    ] if as_is else -1


def _has_comments_below_units(texts: Sequence[Sequence[str]]) -> bool:
    """Whether names, units and comments stand above the numbers, as Origin writes them."""
    if len(texts) < 3 or any(map(is_time, texts[-1])):
        return False
    names, units = texts[-3:-1]
    return any(map(is_time, names)) and len(units) <= len(names) and unit_row(units) is not None


def _header_cells(line: str, separator: str, width: int) -> list[str]:
    """The texts of a line above numbers; empty where it cannot be a header of so many."""
    text = line.strip().lstrip(COMMENTS).strip() if line.lstrip()[:1] in COMMENTS else line
    if separator == BLANKS:
        ways = (re.split(r"\s{2,}|\t", text.strip()), cut(text, BLANKS), _WORD.findall(text))
        cells = next((one for one in ways if len(one) == width), [])
        if len(ways[1]) == width - 1 > 1:
            cells = ["", *ways[1]]  # R writes the names of rows without a name for them
    else:
        cells = [cell.strip() for cell in cut(text.rstrip("\r\n"), separator)]
    while cells and not cells[-1]:
        cells.pop()
    fits = 2 <= len(cells) <= width and not any(map(_is_number, cells))
    return cells if fits else []


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether cells are those of a row: numbers, some missing, perhaps a label or two."""
    numbers = sum(map(_is_number, cells))
    missing = sum(cell.strip().lower() in MISSING for cell in cells)
    return numbers > 0 and numbers + missing >= max(2, len(cells) - 2)


def _is_number(cell: str) -> bool:
    return any(text_number(cell.strip(), decimal) is not None for decimal in (POINT, COMMA))


def _grouped(names: Sequence[str], groups: Sequence[str]) -> list[str]:
    """Names made unlike by what stands above them, as the names of masses do."""
    found, group = [], ""
    for place, name in enumerate(names):
        above = groups[place].strip() if place < len(groups) else ""
        group = above or group
        found.append((group, name))
    if all(group for group, _ in found):
        return [f"{group}: {name}" for group, name in found]
    return [f"{name}_{'_'.join(group.split())}" if group else name for group, name in found]
