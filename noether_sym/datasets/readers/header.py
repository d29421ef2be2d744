"""The header of a table: names of columns and their units, runs side by side, labels.

Units stand in square brackets (``q [rad]``), in round ones (``Time (s)``, as Vernier, PASCO
and spreadsheets write them) or curly ones, behind a stroke (``t / s``, as physics textbooks do), or
in a line of their own. COPASI writes the concentration of a species as its name in square
brackets. Vernier writes ``Run 1: Time (s)`` and PASCO ``Time (s) Run #1``, one run beside the
other; runs may share a column of times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from noether_sym.datasets.readers.cells import COMMA, POINT, text_number
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.errors import DatasetError, UnitError
from noether_sym.units.coherent import coherent_units

_SQUARE = re.compile(r"(?P<name>.*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?", re.DOTALL)
_ROUND = re.compile(
    r"(?P<name>.*\S)\s*(?:\((?P<unit>[^()]*(?:\([^()]*\)[^()]*)*)\)|\{(?P<curly>[^{}]*)\})",
    re.DOTALL,
)
_STROKE = re.compile(r"(?P<name>.+?)(?:\s+/\s+|\s+in\s+)(?P<unit>.+)|(?P<short>[^/]+)/(?P<of>.+)")
_BEFORE = re.compile(r"(?P<run>[^:]{1,60}?)\s*:\s*(?P<name>\S.*)", re.DOTALL)
_AFTER = re.compile(r"(?P<name>.*\S)\s+(?P<run>Run\s*#\s*\d+)", re.DOTALL | re.IGNORECASE)
_NUMBERED = re.compile(r"(run|trial|experiment|test|take|series)\s*#?\s*\d+", re.IGNORECASE)
_DATED = re.compile(r"(date|time|date\s*(and|&|/)?\s*time|time\s*stamp)\b.*", re.IGNORECASE)
_TIMES = frozenset({"t", "time"})
_TRAJECTORY = "trajectory"

_LONGEST_SYMBOL = 3
"""Most letters of a unit's symbol: longer ones are words, and Seconds is read as seconds."""

_LABELS = re.compile(
    r"(traj(ectory)?|trial|run|shot|experiment|episode|simulation|subject|session|recording|swing"
    r"|replicate|versuch|messung|lauf|essai|prueba|prova)?"
    r"_*(id|no\.?|nr\.?|num|number|index|#)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a table says.

    Attributes
    ----------
    units : dict of str to (str or None)
        Unit of each column by its name, in the order of the file; None where none is given.
    trajectory : str or None
        Name of the column that says which trajectory a row belongs to.
    guessed : bool
        Whether that is likely by its name only, and its cells decide.
    particle : str or None
        Name of the column that says which particle a row is of.
    runs : tuple of (str, dict of str to str)
        Runs that stand side by side: the name of each, and from the name of a quantity to
        that of its column. Empty where there is one table.
    notes : tuple of str
    """

    units: dict[str, str | None]
    trajectory: str | None
    guessed: bool = False
    particle: str | None = None
    runs: tuple[tuple[str, dict[str, str]], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Columns whose cells are names, not numbers."""
        return tuple(name for name in (self.trajectory, self.particle) if name is not None)


def parse_header(
    path: Path,
    cells: Sequence[str],
    options: TableOptions,
    units: Sequence[str | None] | None = None,
) -> Header:
    """Take names and units apart.

    Parameters
    ----------
    path : Path
        Of the file, for messages.
    cells : sequence of str
        Names with or without units, as in ``q [rad]``.
    options : TableOptions
    units : sequence of (str or None), optional
        Units that a line of their own gives.

    Raises
    ------
    DatasetError
        If these are numbers, a name is missing or is used twice, there is one column only,
        or no column of trajectories or particles under the name given.
    """
    pieces = [piece for cell in cells for piece in cell.split()]
    if all(text_number(piece.replace(COMMA, POINT)) is not None for piece in pieces):
        raise DatasetError(
            f"{path} has no header: its first line is {', '.join(pieces[:4])!r}; begin with "
            "the names of the columns, as in 't [s],q [rad],p [kg*m**2/s]'"
        )
    bare, runs, note = _runs([cell.strip() for cell in cells])
    names, found = names_and_units(bare)
    if "" in names[1:]:  # the first may number the rows
        place = names.index("", 1)
        raise DatasetError(
            f"{path}: column {place + 1} has no name (its header is {cells[place]!r}); name it, "
            "or leave it out"
        )
    if units is not None:
        found = [own or row for own, row in zip(found, units, strict=True)]
    side_by_side = len(set(runs)) > 1
    keys = [
        f"{run}: {name}" if run and side_by_side else name
        for run, name in zip(runs, names, strict=True)
    ]
    twice = sorted(name for name, count in Counter(keys).items() if count > 1)
    if twice:
        raise DatasetError(
            f"{path}: more than one column is called {', '.join(map(repr, twice))}; rename them"
        )
    if len(keys) < 2:
        raise DatasetError(
            f"{path} has one column only, {', '.join(map(repr, cells))}; give a time column and "
            "at least one other, separated by commas, semicolons, tabs or blanks"
        )
    for own, purpose in ((options.trajectory, "trajectories"), (options.particle, "particles")):
        if own is not None and own not in keys:
            raise DatasetError(
                f"{path} has no column {own!r} to tell {purpose} apart; its columns: "
                f"{', '.join(keys)}"
            )
    header_units = dict(zip(keys, found, strict=True))
    trajectory, guessed = _trajectory(header_units, options)
    blocks = _blocks(runs, names, keys) if side_by_side else ()
    return Header(header_units, trajectory, guessed, options.particle, blocks, note)


def unit_row(cells: Sequence[str]) -> list[str | None] | None:
    """The units that a line gives, in brackets or not; None if it gives anything else."""
    found = [_unit_of(cell) for cell in cells]
    if not any(unit and unit not in ("-", "1") for unit in found):
        return None
    plain = ["dimensionless" if unit in ("-", "1") else unit for unit in found]
    return [unit or None for unit in plain] if all(not u or _is_unit(u) for u in plain) else None


def names_and_units(cells: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """The name and the unit, None where it has none, of each column by its header."""
    # a stroke may also be a quotient, so the time must show that it stands for units here
    stroke = any(
        name.lower() in _TIMES and unit is not None
        for name, unit in (_split(cell, stroke=True) for cell in cells)
    )
    pairs = [_split(cell, stroke=stroke) for cell in cells]
    if not any(name and cell.endswith("]") for cell, (name, _) in zip(cells, pairs, strict=True)):
        # where square brackets hold no units, they are those of a concentration
        pairs = [(name, unit) if name else (unit or "", None) for name, unit in pairs]
    return [name for name, _ in pairs], [unit for _, unit in pairs]


def is_time(name: str) -> bool:
    """Whether a column is called as times are, its unit and run left out."""
    bare, _, _ = _runs([name.strip(), name.strip()])
    return _names_time(bare[0])


def is_time_stamp(name: str) -> bool:
    """Whether a column is called as loggers call their times."""
    return name.lower().replace("_", "").replace(" ", "") in ("timestamp", "stamp", "epoch")


def is_dated(name: str) -> bool:
    """Whether a column is called as those are that hold dates."""
    return bool(_DATED.fullmatch(name.strip()))


def is_label(name: str) -> bool:
    """Whether a column is called as those are that number trials, runs or experiments."""
    bare = name.strip().replace(" ", "_").replace("-", "_").strip("_")
    return bool(bare and _LABELS.fullmatch(bare))


def may_number_rows(name: str) -> bool:
    """Whether a first column is called as R and pandas call the numbers of the rows."""
    return name in ("", "Unnamed: 0")


def _runs(cells: list[str]) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Names without their run, the run of each, and a note; no runs where none are told.

    Every column has a run, or those that have none tell the time of numbered runs.
    """
    for pattern in (_BEFORE, _AFTER):
        found = [pattern.fullmatch(cell) for cell in cells]
        runs = [one["run"] if one else "" for one in found]
        every = list(dict.fromkeys(filter(None, runs)))
        if "" in runs:
            clocks = [cell for cell, run in zip(cells, runs, strict=True) if not run]
            told = all(_names_time(cell) or is_dated(cell) for cell in clocks) and bool(every)
            told = told and all(map(_NUMBERED.fullmatch, every))
        else:
            told = len(cells) > 1 and min(Counter(runs).values()) > 1
        if told:
            note = f"{every[0]!r} left out of the names of the columns"
            if len(every) > 1:
                note = f"runs side by side taken as a trajectory each: {', '.join(every)}"
            names = [one["name"] if one else cell for one, cell in zip(found, cells, strict=True)]
            return names, runs, (note,)
    return cells, [""] * len(cells), ()


def _names_time(cell: str) -> bool:
    """Whether a cell, its run left out, is the name of a time, with its unit or without."""
    return _split(cell, stroke=True)[0].lower() in _TIMES


def _blocks(
    runs: Sequence[str], names: Sequence[str], keys: Sequence[str]
) -> tuple[tuple[str, dict[str, str]], ...]:
    """The columns of each run; a time that no run has is that of the runs without one."""
    own: dict[str, dict[str, str]] = {}
    for run, name, key in zip(runs, names, keys, strict=True):
        own.setdefault(run, {})[name] = key
    clock = {name: key for name, key in own.pop("", {}).items() if name.lower() in _TIMES}
    return tuple(
        (run, columns if any(name.lower() in _TIMES for name in columns) else clock | columns)
        for run, columns in own.items()
    )


def _split(cell: str, *, stroke: bool) -> tuple[str, str | None]:
    """A name and its unit, None where none is given."""
    square = _SQUARE.fullmatch(cell)
    if square and square["unit"] is not None:
        return square["name"], _unit_of(square["unit"])
    within = _ROUND.fullmatch(cell)
    if within and within["name"][-1] != "/":
        unit = within["unit"] or within["curly"] or ""
        # x(t) is a function of t, not x in tonnes
        if unit.lower() not in _TIMES and _is_unit(_unit_of(unit)):
            return within["name"].strip(), _unit_of(unit)
    parts = _STROKE.fullmatch(cell) if stroke else None
    if parts:
        name, unit = parts["name"] or parts["short"], _unit_of(parts["unit"] or parts["of"])
        # dx/dt is no column dx in decitonnes
        if _is_unit(unit) and not (parts["of"] and name[:1] == unit[:1] == "d"):
            return name.strip(), unit
    return cell, None


def _bare(text: str) -> str:
    """A unit without the brackets around it."""
    text = text.strip()
    if text[:1] + text[-1:] in ("[]", "()") and len(text) > 1:
        text = text[1:-1].strip()
    return text


def _unit_of(text: str) -> str:
    """A unit without the brackets around it; words such as Seconds in small letters."""
    text = _bare(text)
    is_word = text.isalpha() and len(text) > _LONGEST_SYMBOL
    return text.lower() if is_word and not _is_unit(text) and _is_unit(text.lower()) else text


@cache
def _is_unit(text: str) -> bool:
    try:
        return bool(text) and bool(coherent_units([text]))
    except UnitError:
        return False


def _trajectory(units: dict[str, str | None], options: TableOptions) -> tuple[str | None, bool]:
    """The column that tells trajectories apart, and whether its name only suggests it."""
    if options.trajectory is not None:
        return options.trajectory, False
    for name in units:
        if name.lower() == _TRAJECTORY:
            return name, False
    for name, unit in units.items():
        used = name in options.numbers or name in (options.particle, options.time)
        if unit is None and not used and is_label(name):
            return name, True
    return None, False
