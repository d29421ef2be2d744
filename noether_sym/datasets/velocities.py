"""Whether data hold positions without velocities, of which no energy can be made."""

from __future__ import annotations

import re
import shlex

from noether_sym.datasets.dataset import SHOWN, Dataset, first_few
from noether_sym.units.coherent import coherent_units
from noether_sym.units.dimension import Dimension

_NAME = re.compile(
    r"(x|y|z|r|q|s|theta|phi|alpha|θ|φ|position|height|angle|distance|displacement)[\d_]*",
    re.IGNORECASE,
)


def positions_only(dataset: Dataset) -> tuple[str, ...]:
    """Names of the positions and angles, where the data hold no rate of any column.

    A column is a rate where the time stands in its dimension. Without units the names of the
    columns must all be those of positions.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    tuple of str
        Empty where there are velocities or momenta, no time, or no positions.
    """
    if not (dataset.timed and dataset.ordered and dataset.has_derivatives) or dataset.derived:
        return ()
    still = {*dataset.constant_columns, dataset.time_column}
    moving = [own for place, own in enumerate(dataset.columns) if place not in still]
    clock = dict(dataset.time_unit.dimension.exponents)
    if not clock:
        named = all(_NAME.fullmatch(own.name) for own in moving)
        return tuple(own.name for own in moving) if named else ()
    if any(set(clock) & set(dict(own.dimension.exponents)) for own in moving):
        return ()
    return tuple(own.name for own in moving if own.unit.is_angle or _is_length(own.dimension))


def advice(dataset: Dataset) -> str:
    """What to do where data hold positions only; empty where they do not."""
    names = positions_only(dataset)
    if not names:
        return ""
    listed = shlex.quote(",".join(names[:SHOWN])) + ",..." * (len(names) > SHOWN)
    return (
        f"positions only ({first_few(names)}): an energy needs velocities too; --derivatives "
        f"{listed} (derivatives= in Python) makes them, as columns with their noise"
    )


def _is_length(dimension: Dimension) -> bool:
    if len(dimension.exponents) != 1:
        return False
    # metres in the base units of the data
    return coherent_units([dimension.exponents[0][0], "m"])[1].dimension == dimension
