"""Coordinates, and what no turning of the axes changes: what laws of bodies in space are made of.

A search in noise can afford few terms. Where nothing singles out a direction, dot and cross
products of the points and velocities and their distances are enough: angular momenta and
energies of bodies in space need a dozen of these, and hundreds of products of coordinates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement

from noether_sym.dsl.expression import Expression, call, input_, sum_of
from noether_sym.search.sums.terms import (
    Columns,
    Term,
    by_size,
    of_distance,
    squared_distances,
)

_COORDINATE, _SQUARE, _PRODUCT = 1, 2, 3
"""Sizes of the terms: a vector counts as one quantity."""


def scalars(columns: Columns) -> Iterator[tuple[Term, ...]]:
    """Coordinates and dot products of points, in the plane and in space their cross products, and
    with them the inverse of every distance; its logarithm; the distance. Nothing without points.
    """
    if not columns.points:
        return
    products = [*_coordinates(columns.points), *_products(columns.points)]
    functions = zip(*map(of_distance, squared_distances(columns)), strict=True)
    distances, inverse, logarithms = functions
    for own in (inverse, logarithms, distances):
        yield by_size([*products, *own])


def _coordinates(points: Sequence[tuple[int, ...]]) -> Iterator[Term]:
    for one in points:
        yield from (Term(input_(c), _COORDINATE) for c in one)


def _products(points: Sequence[tuple[int, ...]]) -> Iterator[Term]:
    for one, two in combinations_with_replacement(points, 2):
        if one == two:
            yield Term(sum_of([call("square", input_(c)) for c in one]), _SQUARE)
        elif len(one) == len(two):
            pairs = zip(one, two, strict=True)
            yield Term(sum_of([_product(a, b) for a, b in pairs]), _PRODUCT)
            yield from (Term(own, _PRODUCT) for own in _cross(one, two))


def _cross(one: tuple[int, ...], two: tuple[int, ...]) -> Iterator[Expression]:
    """Components of the cross product: one in the plane, three in space."""
    planes = {2: [(0, 1)], 3: [(1, 2), (2, 0), (0, 1)]}
    for a, b in planes.get(len(one), []):
        yield call("sub", _product(one[a], two[b]), _product(one[b], two[a]))


def _product(one: int, two: int) -> Expression:
    return call("mul", input_(one), input_(two))
