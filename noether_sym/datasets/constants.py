"""Constants that are known beforehand, as columns that never change."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import LARGEST, Column, Dataset, Trajectory
from noether_sym.datasets.derive import unit_reader
from noether_sym.errors import DatasetError, UnitError
from noether_sym.units.coherent import Unit
from noether_sym.units.dimension import DIMENSIONLESS

_QUANTITY = re.compile(r"\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>.*)")


def with_constants(
    dataset: Dataset, constants: Mapping[str, str], *, unitless: bool = False
) -> Dataset:
    """The same data with known constants as columns, declared to be parameters.

    Parameters
    ----------
    dataset : Dataset
        Without derived columns, which may read the constants.
    constants : mapping of str to str
        Name and quantity, as in ``{"g": "9.81 m/s**2"}``; without a unit it is a pure number.
    unitless : bool
        Take the numbers alone.

    Raises
    ------
    DatasetError
        If a name is taken or empty, or a quantity is not a number other than 0.
    UnitError
        If a unit is not known.
    """
    for name, text in constants.items():
        taken = (*dataset.names, dataset.time_name)
        if not name.strip() or name in taken:
            raise DatasetError(
                f"constant {name!r}: choose a name that no column has; columns: {', '.join(taken)}"
            )
        value, unit = _quantity(dataset, name, text, unitless=unitless)

        def add(one: Trajectory, value: float = value) -> Trajectory:
            return one.with_column(np.full(len(one), value), np.zeros(len(one)))

        dataset = replace(
            dataset,
            columns=(*dataset.columns, Column(name, unit)),
            train=tuple(map(add, dataset.train)),
            test=tuple(map(add, dataset.test)),
            parameters=(*dataset.parameters, len(dataset.columns)),
            notes=(*dataset.notes, f"constant {name} = {value:.10g} {unit.symbol}".rstrip()),
        )
    return dataset


def _quantity(dataset: Dataset, name: str, text: str, *, unitless: bool) -> tuple[float, Unit]:
    """The number in coherent units, and its unit."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise DatasetError(
            f"constant {name!r}: {text!r} is not a number with a unit, as in '9.81 m/s**2'"
        )
    given = "" if unitless else match["unit"]
    factor, dimension = 1.0, DIMENSIONLESS
    if given:
        try:
            factor, dimension = unit_reader(dataset)(given)
        except UnitError as error:
            raise UnitError(f"constant {name!r}: {error}") from error
    value = float(match["number"]) * factor
    if not (math.isfinite(value) and 1 / LARGEST < abs(value) < LARGEST):
        raise DatasetError(f"constant {name!r} is {value:g} in {dimension}; give another number")
    return value, Unit(given, str(dimension), dimension, factor)
