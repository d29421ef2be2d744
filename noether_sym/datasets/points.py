"""Which columns are Cartesian components of one vector: positions, velocities, momenta."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from noether_sym.datasets.dataset import Dataset, Point
from noether_sym.errors import DatasetError

__all__ = ["Point", "angles", "points", "with_vectors"]

_AXES = ("xyz", "XYZ")
_MARK = "\0"
_Template = tuple[str, str]


def points(dataset: Dataset) -> tuple[Point, ...]:
    """Vectors among the columns: those that were declared, and those that names tell.

    Two or three columns of one unit are components where their names differ in one letter
    that is x, y or z: ``x1, y1, z1``; ``x, y``; ``q1x, q1y``; ``px, py``; ``vx_1, vy_1``.
    Angles and the time are no components. The vectors may be of any kind; whoever takes
    differences or products of them goes by the units of their columns.

    Returns
    -------
    tuple of Point
        Declared ones first, then by their first column. No column is in two of them but where
        it was declared so.
    """
    found = list(dataset.vectors)
    used = {column for own in found for column in own.columns}
    groups = _groups(dataset, used)
    recognised = []
    # a column that could be in two groups is in the larger one
    for template in sorted(groups, key=lambda one: (-len(groups[one]), min(groups[one].values()))):
        members = {axis: c for axis, c in groups[template].items() if c not in used}
        if len(members) < 2:
            continue
        used |= set(members.values())
        columns = tuple(members[axis] for axis in sorted(members))
        recognised.append((template, columns))
    for template, columns in sorted(recognised, key=lambda one: one[1]):
        found.append(Point(_name(template, {own.name for own in found}), columns))
    return tuple(found)


def angles(dataset: Dataset) -> tuple[int, ...]:
    """Columns that are angles by their unit."""
    return tuple(place for place, own in enumerate(dataset.columns) if own.unit.is_angle)


def with_vectors(dataset: Dataset, vectors: Mapping[str, Sequence[str]]) -> Dataset:
    """The same data with columns declared to be components of vectors.

    Parameters
    ----------
    dataset : Dataset
    vectors : mapping of str to sequence of str
        Names of the two or three components of each.

    Raises
    ------
    DatasetError
        If a column is not there, or there are not two or three different ones of one unit.
    """
    declared = tuple(_declared(dataset, name, columns) for name, columns in vectors.items())
    return replace(dataset, vectors=(*dataset.vectors, *declared))


def _declared(dataset: Dataset, name: str, columns: Sequence[str]) -> Point:
    where = f"vector {name}={','.join(columns)}"
    for own in columns:
        if own not in dataset.names:
            close = difflib.get_close_matches(own, dataset.names, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else "."
            raise DatasetError(
                f"{where}: there is no column {own!r}{meant} Columns: {', '.join(dataset.names)}"
            )
    if len(columns) not in (2, 3) or len(set(columns)) < len(columns):
        raise DatasetError(f"{where}: a vector has two or three different components")
    places = tuple(dataset.names.index(own) for own in columns)
    if len({dataset.columns[place].dimension for place in places}) > 1:
        units = ", ".join(dataset.columns[place].unit.symbol for place in places)
        raise DatasetError(f"{where}: components have one unit, and these are in {units}")
    return Point(name, places)


def _groups(dataset: Dataset, used: set[int]) -> dict[_Template, dict[str, int]]:
    """Columns by what their names and units leave when an axis is taken out, and by axis."""
    groups: dict[_Template, dict[str, int]] = {}
    for place, column in enumerate(dataset.columns):
        if place in used or place == dataset.time_column or column.unit.is_angle:
            continue
        for template, axis in _templates(column.name):
            groups.setdefault((template, str(column.dimension)), {}).setdefault(axis, place)
    return {template: members for template, members in groups.items() if len(members) > 1}


def _templates(name: str) -> Iterator[tuple[str, str]]:
    """Every way to see a letter of a name as an axis: the name with a mark for it, the axis."""
    for place, letter in enumerate(name):
        for axes in _AXES:
            if letter in axes:
                mark = f"{_MARK}{axes}{_MARK}"
                yield f"{name[:place]}{mark}{name[place + 1 :]}", letter


def _name(template: _Template, taken: set[str]) -> str:
    """``r1`` for x1, y1; ``v1`` for vx1, vy1; ``q1`` for q1x, q1y."""
    before, axes, after = template[0].split(_MARK)
    stem = before.rstrip("_ ")
    name = f"{stem}{after}" if stem else f"r{after}"
    return name if name not in taken else f"{before}({axes}){after}"
