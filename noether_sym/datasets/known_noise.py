"""Noise of columns that is known beforehand."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import replace

from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import DatasetError


def with_known_noise(dataset: Dataset, sigma: Mapping[str, float]) -> Dataset:
    """The same data with the standard deviations of noise that are known.

    Parameters
    ----------
    dataset : Dataset
    sigma : mapping of str to float
        By column, in the unit that the data give it in.

    Raises
    ------
    DatasetError
        If there is no such column, it is derived, or a number is negative or not finite.
    """
    known = dict(dataset.noise_given)
    for name, value in sigma.items():
        if name not in dataset.names:
            close = difflib.get_close_matches(name, dataset.names, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else "."
            raise DatasetError(
                f"there is no column {name!r} to give the noise of{meant} Columns to search: "
                f"{', '.join(dataset.names)}"
            )
        place = dataset.names.index(name)
        if place not in dataset.base_columns:
            raise DatasetError(
                f"column {name!r} is derived, so its noise follows from that of the columns in its "
                "formula; give the noise of those"
            )
        unit = dataset.columns[place].unit
        if not (math.isfinite(value) and value >= 0):
            raise DatasetError(
                f"noise {value:g} of column {name!r} is not a standard deviation; give a number "
                f"from 0 up, in {unit.given}"
            )
        known[place] = value * unit.factor
    return replace(dataset, noise_given=tuple(sorted(known.items())))
