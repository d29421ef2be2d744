"""Momenta and energies: what the laws of bodies are made of where velocities are known as such.

A search in noise can afford few terms. The laws of a motion that may run backwards are even or
odd in the velocities: momenta are of first order in them, and energies of second, with potentials
that coordinates alone decide. Which column is a velocity the numbers say, never the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from noether_sym.search.sums.terms import (
    Quantities,
    Term,
    by_kind,
    by_size,
    each_times,
    monomials,
    times,
)


class Motion:
    """What the libraries of a motion are made of; without velocities there are none.

    Parameters
    ----------
    known : Quantities
    velocities : set of int
        Columns.
    """

    def __init__(self, known: Quantities, velocities: Set[int]) -> None:
        self._moves = bool(velocities)
        self._speeds = [one for one in known.straight if one.expression.inputs <= velocities]
        self._kinetic = [one for one in monomials(self._speeds, 2, 3) if one not in self._speeds]
        plain = [one for one in known.plain if not one.expression.inputs & velocities]
        self._single = [one for one in plain if len(one.expression.inputs) == 1]
        self._between = [one for one in plain if one not in self._single]
        self._functions = [one for one in known.functions if not one.expression.inputs & velocities]
        self._levers = [*monomials(self._single, 2, 3), *self._between]
        self._moments = [times(one, two) for one in self._levers for two in self._speeds]

    def energies(self) -> Iterator[tuple[Term, ...]]:
        """Momenta; products of two velocities, with functions of the coordinates in every
        library."""
        if not self._moves:
            return
        kinetic, levers, between = self._kinetic, self._levers, self._between
        yield by_size([*self._speeds, *self._moments])
        waves = [one for one in self._single if not one.expression.is_leaf]
        if waves:
            turning = [*monomials(waves, 2, 3), *between]
            yield by_size([*kinetic, *levers, *each_times(kinetic, turning)])
        yield by_size([*kinetic, *monomials(self._single, 4, 5), *between])
        for functions in by_kind(self._functions):
            yield by_size([*kinetic, *levers, *functions])

    def of_higher_order(self) -> Iterator[tuple[Term, ...]]:
        """What is of third order in velocities, and of first with powers or functions of the
        coordinates; and energies times a coordinate, as in Runge-Lenz vectors."""
        if not self._moves:
            return
        cubic = [one for one in monomials(self._speeds, 3, 5) if one not in self._kinetic]
        lifted = each_times(self._kinetic, self._single)
        yield by_size([*cubic, *self._moments])
        for functions in by_kind(self._functions):
            yield by_size([*cubic, *each_times(self._speeds, functions)])
            yield by_size([*self._single, *lifted, *each_times(self._single, functions)])
