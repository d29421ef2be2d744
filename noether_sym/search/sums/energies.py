"""Momenta and energies: what the laws of bodies are made of where velocities are known as such.

A search in noise can afford few terms. The laws of a motion that may run backwards are even or
odd in the velocities: momenta are of first order in them, and energies of second, with potentials
that coordinates alone decide. Which column is a velocity the numbers say, never the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from noether_sym.search.sums.terms import Quantities, Term, by_size, monomials, times


def energies(known: Quantities, velocities: Set[int]) -> Iterator[tuple[Term, ...]]:
    """Momenta; products of two velocities, with functions of the coordinates in every library.

    Parameters
    ----------
    known : Quantities
    velocities : set of int
        Columns; without any there are no libraries.
    """
    if not velocities:
        return
    speeds, single, between, functions = _parts(known, velocities)
    kinetic = _kinetic(speeds)
    levers = [*monomials(single, 2, 3), *between]
    yield by_size([*speeds, *(times(one, two) for one in levers for two in speeds)])
    waves = [one for one in single if not one.expression.is_leaf]
    if waves:
        turning = [*monomials(waves, 2, 3), *between]
        yield by_size([*kinetic, *levers, *(times(two, one) for one in turning for two in kinetic)])
    yield by_size([*kinetic, *monomials(single, 4, 5), *between])
    for own in _by_kind(functions):
        yield by_size([*kinetic, *levers, *own])


def of_higher_order(known: Quantities, velocities: Set[int]) -> Iterator[tuple[Term, ...]]:
    """What is of third order in velocities, and of first with functions of the coordinates; and
    energies times a coordinate, as in Runge-Lenz vectors.

    Parameters
    ----------
    known : Quantities
    velocities : set of int
        Columns; without any there are no libraries.
    """
    if not velocities:
        return
    speeds, single, _, functions = _parts(known, velocities)
    kinetic = _kinetic(speeds)
    cubic = [one for one in monomials(speeds, 3, 5) if one not in kinetic]
    lifted = [times(two, one) for one in single for two in kinetic]
    for own in _by_kind(functions):
        yield by_size([*cubic, *_each(own, speeds)])
        yield by_size([*single, *lifted, *_each(own, single)])


def _parts(
    known: Quantities, velocities: Set[int]
) -> tuple[list[Term], list[Term], list[Term], list[Term]]:
    """Velocities; quantities of one other column, and of two; functions of those."""
    speeds = [one for one in known.straight if one.expression.inputs <= velocities]
    plain = [one for one in known.plain if not one.expression.inputs & velocities]
    functions = [one for one in known.functions if not one.expression.inputs & velocities]
    single = [one for one in plain if len(one.expression.inputs) == 1]
    return speeds, single, [one for one in plain if one not in single], functions


def _kinetic(speeds: Sequence[Term]) -> list[Term]:
    return [one for one in monomials(speeds, 2, 3) if one not in speeds]


def _by_kind(functions: Sequence[Term]) -> Iterator[list[Term]]:
    for kind in dict.fromkeys(one.kind for one in functions):
        yield [one for one in functions if one.kind == kind]


def _each(functions: Sequence[Term], others: Sequence[Term]) -> list[Term]:
    return [times(one, function) for function in functions for one in others]
