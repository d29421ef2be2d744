"""Which columns are velocities; whether there are positions without any, which make no energy."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import SHOWN, Dataset, first_few, stack
from noether_sym.spelling import spelt
from noether_sym.units.coherent import coherent_units
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NOT_A_RATE = 0.05
_HARDLY_A_RATE = 0.15
"""Part of the square of dx/dt that its velocity may leave over, noise of both included: where
equations rest on it, and where it is only to say what is tried first. Of columns in a tenth of
their spread of noise velocities leave up to .12, and what is no velocity .26 and more."""

_NAME = re.compile(
    r"(x|y|z|r|q|s|theta|phi|alpha|θ|φ|position|height|angle|distance|displacement)[\d_]*",
    re.IGNORECASE,
)


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
    alike = _cosines(states[:, moving], slopes[:, moving])
    np.fill_diagonal(alike, 0.0)
    of = {
        rate: own
        for own, rate in enumerate(alike.argmax(axis=0).tolist())
        if alike[rate, own] >= max(_least(_HARDLY_A_RATE), float(alike[rate].max()))
    }
    return frozenset(moving[rate] for rate, own in of.items() if own not in of)


def is_rate(velocity: NDArray[np.float64], slope: NDArray[np.float64]) -> bool:
    """Whether a column, of shape (sample,), is a dx/dt up to a positive factor."""
    return bool(_cosines(velocity[:, None], slope[:, None])[0, 0] >= _least(_NOT_A_RATE))


def _least(left: float) -> float:
    """Least cosine of two columns of which one leaves so much of the other's square over."""
    return float(np.sqrt(1.0 - left))


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
    placed = all(own.unit.is_angle or _is_length(own.dimension) for own in moving)
    return tuple(own.name for own in moving) if placed else ()


def advice(dataset: Dataset) -> str:
    """What to do where data hold positions only; empty where they do not."""
    names = positions_only(dataset)
    if not names:
        return ""
    listed = shlex.quote(",".join(names[:SHOWN])) + ",..." * (len(names) > SHOWN)
    sequence = ", ".join(map(repr, names[:SHOWN])) + ", ..." * (len(names) > SHOWN)
    option = spelt(f"--derivatives {listed}", f"derivatives=[{sequence}]")
    return (
        f"positions only ({first_few(names)}): an energy needs velocities too; {option} makes "
        "them, as columns with their noise"
    )


def _steps(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Samples with two neighbours, and the difference of these."""
    parts = [own.states for own in dataset.train]
    return (
        np.concatenate([own[1:-1] for own in parts]),
        np.concatenate([own[2:] - own[:-2] for own in parts]),
    )


def _cosines(states: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the angles between columns of both, of shape (sample, column); 0 for a column of zeros."""
    cosines: NDArray[np.float64] = _unit(states).T @ _unit(slopes)
    return cosines


def _unit(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns of length 1; zeros stay."""
    largest = np.max(np.abs(columns), axis=0, initial=0.0)
    scaled = columns / np.where(largest > 0, largest, 1.0)
    lengths = np.linalg.norm(scaled, axis=0)
    unit: NDArray[np.float64] = scaled / np.where(lengths > 0, lengths, 1.0)
    return unit


def _is_length(dimension: Dimension) -> bool:
    if len(dimension.exponents) != 1:
        return False
    # metres in the base units of the data
    return coherent_units([dimension.exponents[0][0], "m"])[1].dimension == dimension
