"""Read a LabVIEW measurement file (.lvm).

National Instruments' specification of the format: a header of tags, then segments, each with a
header of its own that ends in ``***End_of_Header***``, a line of names and the rows.
https://www.ni.com/en/support/documentation/supplemental/06/specification-for-the-labview-measurement-file---lvm-.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from noether_sym.datasets.readers.cells import COMMA, POINT, text_number, writes_decimal_commas
from noether_sym.datasets.readers.header import parse_header, unit_row
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table
from noether_sym.datasets.readers.source import Source
from noether_sym.datasets.readers.text import text_lines
from noether_sym.errors import DatasetError

_END = "***End_of_Header***"
_X, _COMMENT = "X_Value", "Comment"
_TIME, _SEGMENT = "time", "segment"
_TAGS, _NAMES, _ROWS = "tags", "names", "rows"
_BEGINS = ("Channels", "Samples")

_LOOK = 20
"""First rows of a segment in which decimal commas are looked for."""


@dataclass(slots=True)
class _Segment:
    """The tags of a segment, its names, the line they stand on, and its rows by line."""

    tags: dict[str, list[str]]
    names: list[str]
    line: int
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


def read_labview(source: Source, options: TableOptions) -> RawTable:
    """Read the channels as columns beside the time; each segment is a trajectory.

    Raises
    ------
    DatasetError
        If the file ends in its header, or segments have other channels or times than the
        first.
    """
    path = source.path
    tags, segments = _parsed(path, text_lines(source))
    names = segments[0].names
    for one in segments[1:]:
        if one.names != names:
            raise DatasetError(
                f"{path}, line {one.line}: this segment has different channels from the first; "
                "save each measurement in a file of its own"
            )
    channels = [place for place, name in enumerate(names) if name not in ("", _X, _COMMENT)]
    cells = [_TIME, *(names[place] for place in channels)]
    units = ["s", *(_unit(segments[0].tags.get("Y_Unit_Label", []), place) for place in channels)]
    header = parse_header(path, cells, options, units)
    several = len(segments) > 1 and header.trajectory is None
    if several:
        header = replace(header, trajectory=_SEGMENT, units={_SEGMENT: None, **header.units})
    decimal = COMMA if any(map(_has_commas, segments)) else POINT
    decimal = tags.get("Decimal_Separator", [decimal])[0] or decimal
    blocks = []
    for number, one in enumerate(segments, 1):
        columns = [
            _times(path, one, decimal),
            *([row[place] for _, row in one.rows] for place in channels),
        ]
        label = [[str(number)] * len(one.rows)] if several else []
        blocks.append(([line for line, _ in one.rows], [*label, *columns]))
    table = build_table(path, "line", header, blocks, decimal=decimal)
    notes = ["read as a LabVIEW measurement"]
    if several:
        notes.append(f"its {len(segments)} segments taken as a trajectory each")
    return replace(table, notes=(*notes, *header.notes, *table.notes))


def _parsed(path: Path, lines: list[str]) -> tuple[dict[str, list[str]], list[_Segment]]:
    """The tags of the file, and its segments."""
    separator = COMMA if lines[0].startswith(f"LabVIEW Measurement{COMMA}") else "\t"
    tags: dict[str, list[str]] = {}
    own: dict[str, list[str]] = tags
    segments: list[_Segment] = []
    state = _TAGS
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.rstrip("\n").split(separator)]
        if not any(cells):
            continue
        if cells[0] == _END:
            state = _TAGS if own is tags else _NAMES
            own = {} if own is tags else own
        elif state == _NAMES and cells[0] not in _BEGINS:
            segments.append(_Segment(own, cells, number))
            state = _ROWS
        elif state == _ROWS and cells[0] not in _BEGINS:
            width = len(segments[-1].names)
            segments[-1].rows.append((number, (cells + [""] * width)[:width]))
        else:
            if state != _TAGS:
                own, state = {}, _TAGS
            own[cells[0]] = cells[1:]
    filled = [one for one in segments if one.rows]
    if not filled:
        raise DatasetError(
            f"{path} is a LabVIEW measurement without rows; give one with at least one segment"
        )
    return tags, filled


def _times(path: Path, segment: _Segment, decimal: str) -> list[str] | list[float]:
    """The times of a segment: its column of them, else its first time and its step."""
    places = [place for place, name in enumerate(segment.names) if name == _X]
    columns = [[row[place] for _, row in segment.rows] for place in places]
    columns = [column for column in columns if any(column)]
    if columns:
        if any(column != columns[0] for column in columns):
            raise DatasetError(
                f"{path}, line {segment.line}: the channels have times of their own, which differ; "
                "save them with one column of times (X_Columns One)"
            )
        return columns[0]
    start, step = (
        text_number((segment.tags.get(tag) or [""])[0], decimal) for tag in ("X0", "Delta_X")
    )
    if step is None:
        raise DatasetError(
            f"{path}, line {segment.line}: no column of times, and no Delta_X in the header; save "
            "the times too (X_Columns One)"
        )
    return [(start or 0.0) + step * number for number in range(len(segment.rows))]


def _unit(labels: list[str], place: int) -> str | None:
    """The unit of a channel."""
    found = unit_row([labels[place - 1] if 0 < place <= len(labels) else ""])
    return found[0] if found else None


def _has_commas(segment: _Segment) -> bool:
    return any(writes_decimal_commas(row) for _, row in segment.rows[:_LOOK])
