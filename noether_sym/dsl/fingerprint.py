"""Fingerprints: numbers that tell functions apart at random complex points.

Rounding keeps nine digits of values that double precision knows to about fifteen. Two
functions that are equal may, rarely, fall on two sides of a rounding edge and both be
kept, which costs a little time; functions that differ get different 64-bit keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 6
"""Random complex points at which functions are compared."""

_WHOLE = 1e9
"""Times which values become whole numbers: nine digits, of about fifteen in double precision."""

_SEED = 20210701
"""Seed of the points and of the numbers inside: keys are the same in every run."""


def random_points(
    columns: int, slots: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Points in state space and numbers for internal parameters, the same at every call.

    Parameters
    ----------
    columns : int
    slots : int

    Returns
    -------
    points : complex array of shape (point, column)
        In all four quadrants, with moduli near 1.
    slot_values : complex array of shape (slot,)
    """
    generator = np.random.default_rng(_SEED)

    def draw(*shape: int) -> NDArray[np.complex128]:
        modulus = generator.uniform(0.5, 1.5, shape)
        angle = generator.uniform(-np.pi, np.pi, shape)
        return np.asarray(modulus * np.cos(angle) + 0.5j * modulus * np.sin(angle))

    return draw(POINTS, columns), draw(slots)


def is_constant(
    values: NDArray[np.complex128], slopes: NDArray[np.complex128]
) -> NDArray[np.bool_]:
    """Whether a function does not depend on the state; (row, point), (row, point, column)."""
    size = np.abs(values).max(axis=1)
    spread = np.abs(values - values[:, :1]).max(axis=1)
    slope = np.abs(slopes).max(axis=(1, 2))
    return (spread <= 1e-11 * size) | ((size == 0) & (slope == 0))


def affine_normalised(
    values: NDArray[np.complex128],
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Remove a free shift and scale: (row, point) -> values and the scale taken out."""
    shifted = values - values[:, :1]
    scale = shifted[:, 1]
    scale = np.where(scale == 0, 1.0, scale)
    return shifted / scale[:, None], scale


def ordering_hash(values: NDArray[np.complex128]) -> NDArray[np.uint64]:
    """A key that orders functions already normalised by `affine_normalised`."""
    return _mix(_rounded(values))


def value_hash(
    values: NDArray[np.complex128], dimension_id: NDArray[np.int64], shift: NDArray[np.bool_]
) -> NDArray[np.uint64]:
    """Key of an equivalence class.

    Parameters
    ----------
    values : complex array of shape (row, point)
        The core.
    dimension_id : int array of shape (row,)
        0 means a free scale.
    shift : bool array of shape (row,)
        Whether any constant may be added.
    """
    shifted = np.where(shift[:, None], values - values[:, :1], values)
    scale = shifted[np.arange(len(shifted)), np.where(shift, 1, 0)]
    scale = np.where((dimension_id == 0) & (scale != 0), scale, 1.0)
    normal = shifted / scale[:, None]
    # point by point: a term must not drown in what another point makes large
    modulus = np.abs(normal)
    modulus = np.where(modulus == 0, 1.0, modulus)
    columns = [
        _rounded((normal / modulus).astype(np.complex128, copy=False)),
        np.rint(np.log(modulus) * _WHOLE / 10).astype(np.int64),
        dimension_id[:, None],
        shift[:, None].astype(np.int64),
    ]
    return _mix(np.concatenate(columns, axis=1))


def direction_hash(slopes: NDArray[np.complex128]) -> NDArray[np.uint64]:
    """Key of the direction of a gradient field, shape (row, point, column).

    Equal for g and any function of g.
    """
    modulus = np.abs(slopes)
    largest = modulus.max(axis=2, keepdims=True)
    # the first column that matters sets the phase and the length, at every point
    matters = modulus > 1e-9 * np.maximum(largest, 1e-300)
    anywhere = matters.any(axis=1)
    first = anywhere.argmax(axis=1)
    lead = np.take_along_axis(slopes, first[:, None, None], axis=2)
    lead = np.where(lead == 0, 1e-300, lead)
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = slopes / lead
    ratio = np.where(np.isfinite(ratio), ratio, 0.0)
    size = np.maximum(np.abs(ratio).max(axis=2, keepdims=True), 1e-300)
    flat = (ratio / size).reshape(len(slopes), -1)
    return _mix(_rounded(flat))


def _rounded(values: NDArray[np.complex128]) -> NDArray[np.int64]:
    real = np.rint(values.real * _WHOLE).astype(np.int64)
    imaginary = np.rint(values.imag * _WHOLE).astype(np.int64)
    return np.concatenate([real, imaginary], axis=1)


def _mix(columns: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Mix the integers of a row into 64 bits, each by the finaliser of splitmix64.

    That of Steele, Lea and Flood (2014, doi:10.1145/2660193.2660195), with the first of its
    three shifts left out.
    """
    state = np.full(len(columns), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns.T:
        state = (state ^ column.astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
        state ^= state >> np.uint64(27)
        state *= np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state
