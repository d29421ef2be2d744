"""Canonical coordinates: which columns are a coordinate q and its momentum p."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Dataset, stack
from noether_sym.datasets.velocities import is_rate
from noether_sym.units.coherent import coherent_units
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PER_MASS = (
    "velocities stand for momenta: canonical up to a mass (for angles a moment of inertia), which "
    "must be the same for all pairs"
)
_OWN_UNITS = "momenta are in units of their own: canonical up to a factor, the same for all pairs"
_BY_ORDER = "coordinates and momenta were paired in the order of the columns"

_FORCED = 0.02
"""If velocities leave less than this of what coordinates leave of a rate, the force reads them."""

_STEM = re.compile(r"(.*?)(_?\d*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Canonical:
    """Pairs of canonical coordinates, or why there are none.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Columns (q, p); empty where the columns are not canonical coordinates.
    note : str
        Without pairs, why. With pairs, what had to be assumed; empty if nothing.
    """

    pairs: tuple[tuple[int, int], ...]
    note: str = ""


def canonical_coordinates(dataset: Dataset) -> Canonical:
    """Find the canonical pairs (q, p) of a data set.

    Pairs that the data set names are taken. Otherwise units decide: the product of q and p
    is an action (J*s), or an action per mass where p is the velocity of q, whose motion must
    then follow from forces that do not depend on velocities. Without units, names decide:
    ``q, p``, ``q1, p1``, ``x, px``, ``x, vx``.
    """
    if dataset.canonical_pairs:
        return Canonical(dataset.canonical_pairs, _unit_note(dataset))
    if all(dataset.dimensions[column].is_dimensionless for column in _usable(dataset)):
        return _by_names(dataset)
    return _by_units(dataset)


def _usable(dataset: Dataset) -> tuple[int, ...]:
    """Columns that may be coordinates or momenta: neither derived, nor the time, nor parameters."""
    others = {dataset.time_column, *dataset.parameters}
    return tuple(column for column in dataset.base_columns if column not in others)


def _unit_note(dataset: Dataset) -> str:
    """What the units of named pairs say of the momenta."""
    action, per_mass, *_ = _references(dataset)
    dimensions = dataset.dimensions
    products = {dimensions[q] * dimensions[p] for q, p in dataset.canonical_pairs}
    if products <= {action, Dimension()}:
        return ""
    return _PER_MASS if products == {per_mass} else _OWN_UNITS


def _references(dataset: Dataset) -> tuple[Dimension, ...]:
    """Dimensions of an action, an action per mass, a mass and a time, in the data's units."""
    own = [column.unit.given for column in dataset.columns]
    read = coherent_units([*own, dataset.time_unit.given], ["J*s", "m**2/s", "kg", "s"])
    return tuple(unit.dimension for unit in read[-4:])


def _by_units(dataset: Dataset) -> Canonical:
    action, _, mass, time = _references(dataset)
    dimensions, names = dataset.dimensions, dataset.names
    usable = _usable(dataset)
    momenta = [c for c in usable if _contains(dimensions[c], mass)]
    pairs, ordered = _matched(names, dimensions, usable, momenta, lambda p: action / p, _momenta_of)
    if pairs:
        return Canonical(pairs, _BY_ORDER if ordered else "")
    speeds = [c for c in usable if _contains(dimensions[c] * time * time, time)]
    lengths = [c for c in speeds if not (dimensions[c] * time).is_dimensionless]
    pairs, ordered = _matched(
        names, dimensions, usable, lengths, lambda v: v * time, _velocities_of
    )
    pairs = pairs or _rotation(dataset, time)
    if not pairs:
        return Canonical(
            (), "no two columns are a coordinate and its momentum: no product of units is an action"
        )
    reason = _not_canonical(dataset, pairs)
    if reason:
        return Canonical((), reason)
    return Canonical(pairs, f"{_PER_MASS}; {_BY_ORDER}" if ordered else _PER_MASS)


def _rotation(dataset: Dataset, time: Dimension) -> tuple[tuple[int, int], ...]:
    """An angle with its angular velocity: 1/s as well as rad/s.

    Of several angles one moves the lever of another, as a rule; only a single one is taken. Of
    several columns per time it is the one that is the angle's rate of change in the data.
    """
    usable, dimensions = _usable(dataset), dataset.dimensions
    pure = [c for c in usable if dimensions[c].is_dimensionless]
    angles = [c for c in pure if dataset.columns[c].unit.is_angle] or pure
    rates = [c for c in usable if (dimensions[c] * time).is_dimensionless]
    if len(angles) != 1 or not rates:
        return ()
    if len(rates) > 1 and dataset.has_derivatives:
        states, slopes = stack(dataset.train)
        rates = [c for c in rates if is_rate(states[:, c], slopes[:, angles[0]])]
    return ((angles[0], rates[0]),) if len(rates) == 1 else ()


def _contains(dimension: Dimension, base: Dimension) -> bool:
    """Whether a dimension has a base unit to the first power."""
    return set(base.exponents) <= set(dimension.exponents)


def _matched(
    names: Sequence[str],
    dimensions: Sequence[Dimension],
    usable: Sequence[int],
    momenta: Sequence[int],
    partner: Callable[[Dimension], Dimension],
    spelled: Callable[[str], set[str]],
) -> tuple[tuple[tuple[int, int], ...], bool]:
    """Pair momenta with coordinates of the dimension `partner` asks for.

    Where several would do, by name, else in order. Returns the pairs, by coordinate, and
    whether order decided.
    """
    pairs: list[tuple[int, int]] = []
    ordered = False
    for dimension in dict.fromkeys(dimensions[p] for p in momenta):
        own = [p for p in momenta if dimensions[p] == dimension]
        wanted = partner(dimension)
        free = [q for q in usable if dimensions[q] == wanted and q not in momenta]
        named = _paired_by_name(names, free, own, spelled)
        if not named and len(free) == len(own):
            named = list(zip(free, own, strict=True))
            ordered = ordered or len(own) > 1
        pairs += named
    return tuple(sorted(pairs)), ordered


def _by_names(dataset: Dataset) -> Canonical:
    names = dataset.names
    columns = _usable(dataset)
    pairs = tuple(_paired_by_name(names, columns, columns, _momenta_of))
    if pairs:
        return Canonical(pairs)
    pairs = tuple(_paired_by_name(names, columns, columns, _velocities_of))
    if not pairs:
        return Canonical(
            (), "no two columns are named as a coordinate and its momentum, such as q and p"
        )
    reason = _not_canonical(dataset, pairs)
    return Canonical((), reason) if reason else Canonical(pairs, _PER_MASS)


def _paired_by_name(
    names: Sequence[str],
    coordinates: Sequence[int],
    momenta: Sequence[int],
    spelled: Callable[[str], set[str]],
) -> list[tuple[int, int]]:
    """Pairs whose names belong together and to nothing else."""
    found = [
        (q, p) for q in coordinates for p in momenta if q != p and names[p] in spelled(names[q])
    ]
    once = [
        (q, p)
        for q, p in found
        if [pair[0] for pair in found].count(q) == 1 and [pair[1] for pair in found].count(p) == 1
    ]
    return once if len(once) == len(found) else []


def _momenta_of(name: str) -> set[str]:
    stem, number = _split(name)
    known = {f"p{name}", f"p_{name}", f"P{name}", f"P_{name}"}
    if number or stem in ("q", "x", "theta", "phi", "θ", "φ"):
        known |= {f"p{number}"}
    return known | ({f"P{number}"} if stem == "Q" else set())


def _velocities_of(name: str) -> set[str]:
    stem, number = _split(name)
    known = {f"v{name}", f"v_{name}", f"{name}dot", f"{name}_dot", f"{name}\u0307"}
    return known | ({f"v{number}"} if stem in ("q", "x") else set())


def _split(name: str) -> tuple[str, str]:
    match = _STEM.match(name)
    assert match is not None
    return match.group(1), match.group(2)


def _not_canonical(dataset: Dataset, pairs: Sequence[tuple[int, int]]) -> str:
    """Why velocities are no momenta; empty if the data do not speak against it.

    The rate of q must be p, and forces that depend on velocities (magnetic fields, friction)
    must not show: linear terms in the velocities must not explain most of what functions of
    the coordinates leave of the accelerations.
    """
    if not dataset.has_derivatives:
        return "without dx/dt velocities cannot be distinguished from momenta"
    states, rates = stack(dataset.train)
    coordinates, velocities = (np.array(part) for part in zip(*pairs, strict=True))
    for q, p in pairs:
        if not is_rate(states[:, p], rates[:, q]):
            name, own = dataset.names[q], dataset.names[p]
            return f"{own} is not the rate of change of {name}, so they are not a canonical pair"
    position = _standard(states[:, coordinates])
    basis = _cubics(position, len(states))
    more = np.hstack([basis, _standard(states[:, velocities])])
    for q, p in pairs:
        force = rates[:, p] - rates[:, p].mean()
        static, full = _unexplained(basis, force), _unexplained(more, force)
        if static > 1e-3 and full < _FORCED * static:
            return (
                f"the rate of {dataset.names[p]} depends on velocities (as in a magnetic field or "
                f"with friction), so {dataset.names[q]} and {dataset.names[p]} are not a "
                "canonical pair"
            )
    return ""


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = values - values.mean(0)
    spread = deviation.std(0)
    return np.asarray(deviation / np.where(spread > 0, spread, 1.0))


def _cubics(columns: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Monomials up to degree 3 of the columns, as far as the samples bear them."""
    count = columns.shape[1]
    parts = [np.ones((len(columns), 1)), columns]
    for _ in range(2):
        higher = np.hstack([parts[-1] * columns[:, [column]] for column in range(count)])
        if sum(part.shape[1] for part in parts) + higher.shape[1] > samples // 8:
            break
        parts.append(higher)
    return np.hstack(parts)


def _unexplained(basis: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Share of the target's variance that no combination of the basis explains."""
    total = float((target**2).sum())
    if total == 0:
        return 0.0
    combination, *_ = np.linalg.lstsq(basis, target, rcond=1e-10)
    return float(((target - basis @ combination) ** 2).sum()) / total
