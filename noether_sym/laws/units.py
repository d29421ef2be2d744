"""Laws with the units of their values and constants as the user writes units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.units.coherent import Unit, written


def in_given_units(laws: Sequence[Law], dataset: Dataset) -> tuple[Law, ...]:
    """The same laws, units as products of those that the data set's columns are given in.

    They are the same units, so that no number changes: ``V**2/A**2`` is
    ``kg**2*m**4/A**4/s**6``.
    """
    units = [*(column.unit for column in dataset.columns), dataset.time_unit]
    return tuple(_written(law, units) for law in laws)


def _written(law: Law, units: Sequence[Unit]) -> Law:
    return law.with_(
        dimension=written(law.dimension, units),
        parameters=tuple(
            replace(own, dimension=written(own.dimension, units)) for own in law.parameters
        ),
        expanded=None if law.expanded is None else _written(law.expanded, units),
        also_allowed=tuple(_written(own, units) for own in law.also_allowed),
    )
