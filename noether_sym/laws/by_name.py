"""Constants of laws in terms of constants that are known: ``c0 = 19.62 m/s**2`` as ``2*g``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import PARAMETER, Expression, call, input_, parameter
from noether_sym.laws.law import Law
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

_POWERS = (0, 1, -1, 2, -2)
"""Powers that a known constant may have in a unit."""

_MOST = 4
"""Most known constants that units are made of: of four, 625 products of powers are tried."""


def with_known_constants(laws: Sequence[Law], dataset: Dataset) -> tuple[Law, ...]:
    """The same laws, the unit of each fitted constant taken from known ones where it can be.

    A fitted constant whose unit is that of a product of known constants becomes a pure number
    times that product. The value of the law stays as it is.

    Parameters
    ----------
    laws : sequence of Law
        In the columns of `dataset`.
    dataset : Dataset
        Its parameters that have one value everywhere are the known constants.
    """
    known = _known(dataset)
    return tuple(_named(law, known, dataset.dimensions) for law in laws) if known else tuple(laws)


def _known(dataset: Dataset) -> dict[int, float]:
    """Columns that are known constants, and their values; of too many, none is told apart.

    No constant has a unit in terms of one that is 0.
    """
    first = dataset.train[0].states[0]
    whole = (*dataset.train, *dataset.test)
    found = {
        place: float(first[place])
        for place in dataset.parameters
        if place in dataset.base_columns
        and first[place] != 0.0
        and all((one.states[:, place] == first[place]).all() for one in whole)
    }
    return found if len(found) <= _MOST else {}


def _named(law: Law, known: Mapping[int, float], dimensions: Sequence[Dimension]) -> Law:
    also = tuple(_named(own, known, dimensions) for own in law.also_allowed)
    law, factors = law.with_(also_allowed=also), dict[int, Expression]()
    dimensions_of = [own.dimension for own in law.parameters]
    scales = [1.0] * len(law.parameters)
    for slot, own in enumerate(law.parameters):
        powers = _powers(own.dimension, known, dimensions)
        if powers is None:
            continue
        node = parameter(slot)
        for place, power in powers.items():
            constant = input_(place)
            whole = call("square", constant) if abs(power) == 2 else constant
            node = call("mul" if power > 0 else "div", node, whole)
            scales[slot] /= known[place] ** power
        factors[slot], dimensions_of[slot] = node, DIMENSIONLESS
    if not factors:
        return law

    def leaf(node: Expression) -> Expression:
        return factors.get(node.index, node) if node.head == PARAMETER else node

    law = law.scaled(scales)
    parameters = tuple(
        replace(own, dimension=dimension)
        for own, dimension in zip(law.parameters, dimensions_of, strict=True)
    )
    return law.with_(expression=law.expression.mapped(leaf), parameters=parameters).tidied()


def _powers(
    dimension: Dimension, known: Mapping[int, float], dimensions: Sequence[Dimension]
) -> dict[int, int] | None:
    """Powers of the known constants whose product has a dimension; None unless one is simplest."""
    if dimension == DIMENSIONLESS:
        return None
    found: list[tuple[int, dict[int, int]]] = []
    for powers in product(_POWERS, repeat=len(known)):
        whole = DIMENSIONLESS
        for place, power in zip(known, powers, strict=True):
            whole = whole * dimensions[place] ** power
        if whole == dimension:
            own = {place: power for place, power in zip(known, powers, strict=True) if power}
            found.append((sum(map(abs, powers)), own))
    least = min((size for size, _ in found), default=0)
    simplest = [own for size, own in found if size == least]
    return simplest[0] if len(simplest) == 1 else None
