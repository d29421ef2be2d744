"""Momenta and energies: what the laws of bodies are made of where velocities are known as such.

A search in noise can afford few terms. The laws of a motion that may run backwards are even or
odd in the velocities: momenta are of first order in them, and energies of second, with potentials
that coordinates alone decide. Which column is a velocity the numbers say, never the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, stack
from noether_sym.search.sums.terms import Quantities, Term, by_size, monomials, times

_NOT_A_RATE = 0.05
"""Part of the square of dx/dt that its velocity may leave over, noise of both included."""


def velocities(dataset: Dataset) -> frozenset[int]:
    """Columns that are the rate of change of a coordinate, up to a positive factor: velocities,
    or momenta. A column has one rate at most, and what is the rate of a velocity is none.

    Where dx/dt is not known, the change from the sample before to the next one stands for dx/dt.
    """
    if not dataset.ordered:
        return frozenset()
    states, slopes = stack(dataset.train) if dataset.has_derivatives else _steps(dataset)
    still = {*dataset.constant_columns, dataset.time_column}
    moving = [column for column in dataset.base_columns if column not in still]
    if not moving:
        return frozenset()
    alike = _unit(states[:, moving]).T @ _unit(slopes[:, moving])
    np.fill_diagonal(alike, 0.0)
    least = np.sqrt(1.0 - _NOT_A_RATE)
    of = {
        rate: own
        for own, rate in enumerate(alike.argmax(axis=0).tolist())
        if alike[rate, own] >= max(least, float(alike[rate].max()))
    }
    return frozenset(moving[rate] for rate, own in of.items() if own not in of)


def _steps(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples with two neighbours, and the difference of these."""
    parts = [own.states for own in dataset.train]
    return (
        np.concatenate([own[1:-1] for own in parts]),
        np.concatenate([own[2:] - own[:-2] for own in parts]),
    )


def _unit(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of length 1; zeros stay."""
    largest = np.max(np.abs(columns), axis=0, initial=0.0)
    scaled = columns / np.where(largest > 0, largest, 1.0)
    lengths = np.linalg.norm(scaled, axis=0)
    unit: NDArray[np.float64] = scaled / np.where(lengths > 0, lengths, 1.0)
    return unit


def energies(known: Quantities, moving: Set[int]) -> Iterator[tuple[Term, ...]]:
    """Momenta; products of two velocities, with functions of the coordinates in every library.

    Parameters
    ----------
    known : Quantities
    moving : set of int
        The velocities. Without any there are no libraries.
    """
    if not moving:
        return
    speeds = [one for one in known.straight if one.expression.inputs <= moving]
    plain = [one for one in known.plain if not one.expression.inputs & moving]
    functions = [one for one in known.functions if not one.expression.inputs & moving]
    single = [one for one in plain if len(one.expression.inputs) == 1]
    between = [one for one in plain if one not in single]
    kinetic = [one for one in monomials(speeds, 2, 3) if one not in speeds]
    levers = [*monomials(single, 2, 3), *between]
    yield by_size([*speeds, *(times(one, two) for one in levers for two in speeds)])
    waves = [one for one in single if not one.expression.is_leaf]
    if waves:
        turning = [*monomials(waves, 2, 3), *between]
        yield by_size([*kinetic, *levers, *(times(two, one) for one in turning for two in kinetic)])
    yield by_size([*kinetic, *monomials(single, 4, 5), *between])
    for kind in dict.fromkeys(one.kind for one in functions):
        yield by_size([*kinetic, *levers, *(one for one in functions if one.kind == kind)])
