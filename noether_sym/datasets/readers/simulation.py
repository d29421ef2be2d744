"""Text files of simulation programs, whose headers are not the first line above the numbers.

GROMACS's ``.xvg`` names columns in ``@`` lines (Grace's language), LAMMPS's ``log.lammps`` holds
tables of thermodynamic output between other lines, OpenFOAM's probes have vectors in brackets.
https://manual.gromacs.org/current/reference-manual/file-formats.html#xvg
https://docs.lammps.org/thermo_style.html
https://doc.openfoam.com/2312/tools/post-processing/function-objects/sampling/probes/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from noether_sym.datasets.readers.cells import text_number
from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.readers.raw_table import RawTable, build_table
from noether_sym.datasets.readers.source import Source
from noether_sym.datasets.readers.text import text_lines
from noether_sym.errors import DatasetError

_TIME = "time"
_LABEL = re.compile(r'@\s*(?:(xaxis|yaxis)\s+label|s(\d+)\s+legend)\s+"(.*)"\s*')
_UNIT = re.compile(r"\(([^()]*)\)")
_STEP, _CLOCK, _END = "Step", "Time", "Loop time"
_TIMESTEP = re.compile(r"timestep\s+(\S+)\s*")
_VECTOR = re.compile(r"\(([^()]*)\)")
_AXES = {3: ("x", "y", "z"), 6: ("xx", "xy", "xz", "yy", "yz", "zz")}


@dataclass(frozen=True, slots=True)
class _Found:
    """A table in a file: names with their units, and the cells of each row by its line."""

    names: list[str]
    rows: list[tuple[int, list[str]]]
    notes: tuple[str, ...] = ()


def reader_of(source: Source) -> Callable[[Source, TableOptions], RawTable] | None:
    """What reads a file of a simulation program; None for any other file."""
    head = source.head()
    if source.kind == ".xvg":
        return _reader(_grace)
    if head.startswith(b"LAMMPS ("):
        return _reader(_lammps)
    return _reader(_probes) if re.match(rb"#\s*Probe\s+0\s*\(", head) else None


def _reader(
    parse: Callable[[Path, list[str]], _Found],
) -> Callable[[Source, TableOptions], RawTable]:
    def read(source: Source, options: TableOptions) -> RawTable:
        path = source.path
        found = parse(path, text_lines(source))
        for line, row in found.rows:
            _check_width(path, line, row, found.names)
        header = parse_header(path, found.names, options)
        places = [line for line, _ in found.rows]
        columns = list(zip(*(row for _, row in found.rows), strict=True))
        table = build_table(path, "line", header, [(places, columns)] if places else [])
        return replace(table, notes=(*found.notes, *header.notes, *table.notes))

    return read


def _check_width(path: Path, line: int, row: Sequence[str], names: Sequence[str]) -> None:
    if len(row) != len(names):
        raise DatasetError(
            f"{path}, line {line}: {len(row)} numbers for the {len(names)} columns "
            f"{', '.join(names)}; leave the line out if the program was stopped there"
        )


def _grace(path: Path, lines: list[str]) -> _Found:
    """GROMACS: legends are the names; the one unit of the y axis, if it has one, is that of all."""
    axes: dict[str, str] = {}
    legends: dict[int, str] = {}
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if found := _LABEL.fullmatch(line.strip()):
            if found[1]:
                axes[found[1]] = found[3]
            else:
                legends[int(found[2])] = found[3]
        elif line.startswith("&"):
            raise DatasetError(
                f"{path}, line {number}: a second set of curves begins here; give each set in a "
                "file of its own (gmx: -xvg none, or one selection a run)"
            )
        elif line.strip() and line.lstrip()[0] not in "#@":
            rows.append((number, line.split()))
    units = _UNIT.findall(axes.get("yaxis", ""))
    unit = f" ({units[0]})" if len(units) == 1 else ""
    width = len(rows[0][1]) if rows else 1 + len(legends)
    names = [legends.get(place, f"y{place}") + unit for place in range(width - 1)]
    return _Found([axes.get("xaxis", _TIME), *names], rows, ("read as a GROMACS .xvg file",))


def _lammps(path: Path, lines: list[str]) -> _Found:
    """LAMMPS: the tables of thermodynamic output, one after the other, the step left out."""
    names: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    step: float | None = None
    within = False
    for number, line in enumerate(lines, 1):
        cells = line.split()
        if found := _TIMESTEP.fullmatch(line.strip()):
            step = text_number(found[1])
        if cells[:1] == [_STEP]:
            if names and cells != names:
                raise DatasetError(
                    f"{path}, line {number}: this run prints {' '.join(cells)}, an earlier one "
                    f"{' '.join(names)}; give one thermo_style to all, or each run in a log of its "
                    "own"
                )
            names, within = cells, True
        elif line.startswith(_END):
            within = False
        elif within and cells and text_number(cells[0]) is not None:
            _check_width(path, number, cells, names)
            if rows and cells[0] == rows[-1][1][0]:
                rows.pop()  # a run begins where the last one ended
            rows.append((number, cells))
    if not rows:
        raise DatasetError(
            f"{path} is a LAMMPS log without rows of thermodynamic output that begin with Step; "
            "set thermo and thermo_style custom step time ..."
        )
    if _CLOCK in names:
        times = [row[names.index(_CLOCK)] for _, row in rows]
        note = ""
    elif step is not None:
        times = [repr(float(row[0]) * step) for _, row in rows]
        note = f"; time is Step times the timestep of {step:g}"
    else:
        raise DatasetError(
            f"{path} is a LAMMPS log that says neither Time nor the timestep; write "
            "'thermo_style custom step time ...'"
        )
    kept = [place for place, name in enumerate(names) if name not in (_STEP, _CLOCK)]
    return _Found(
        [_TIME, *(names[place] for place in kept)],
        [
            (number, [clock, *(row[place] for place in kept)])
            for clock, (number, row) in zip(times, rows, strict=True)
        ],
        (f"read as a LAMMPS log, column Step left out{note}",),
    )


def _probes(path: Path, lines: list[str]) -> _Found:
    """OpenFOAM: a column a probe, named as the file and the number of the probe."""
    rows: list[tuple[int, list[str]]] = []
    sizes: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        clock, _, rest = line.strip().partition(" ")
        vectors = [own.split() for own in _VECTOR.findall(rest)]
        cells = vectors or [[own] for own in rest.split()]
        sizes = sizes or [len(own) for own in cells]
        rows.append((number, [clock, *(cell for own in cells for cell in own)]))
    names = [
        f"{path.stem}{probe}{axis}" for probe, size in enumerate(sizes) for axis in _suffixes(size)
    ]
    return _Found([_TIME, *names], rows, ("read as probes of OpenFOAM",))


def _suffixes(size: int) -> Sequence[str]:
    if size == 1:
        return ("",)
    axes = _AXES.get(size) or tuple(str(place) for place in range(size))
    return [f"_{axis}" for axis in axes]
