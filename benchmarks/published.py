"""The nine published files of Mebratie et al. 2024 (arXiv 2405.20857), and what they keep.

Their equations are not at hand, so that there are no fresh trajectories: laws are judged by their
gradients, along the directions in which the data can move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tangent = Callable[[Array], Array]


@dataclass(frozen=True)
class Published:
    """What is known of a file.

    Attributes
    ----------
    laws : tuple of str
    tangent : callable, optional
        As `benchmarks.scoring.Truth.tangent`; None where every column moves freely.
    constraint : str
        What is the same in all trajectories; empty if nothing is.
    """

    laws: tuple[str, ...]
    tangent: Tangent | None = None
    constraint: str = ""


def _moving(*columns: int, of: int) -> Tangent:
    """Directions of the columns that are no parameters."""
    basis = np.eye(of)[list(columns)]
    return lambda states: np.broadcast_to(basis, (len(states), *basis.shape))


def _across(normal: Callable[[Array], Array]) -> Tangent:
    """Directions across the gradient (sample, column) of a constraint."""

    def tangent(states: Array) -> Array:
        slopes = normal(states)
        slopes = slopes / np.linalg.norm(slopes, axis=-1, keepdims=True)
        return np.eye(states.shape[1]) - slopes[:, :, None] * slopes[:, None, :]

    return tangent


def _logarithms(states: Array) -> Array:
    """Four columns move; the others are their logarithms."""
    basis = np.zeros((len(states), 4, 8))
    for column in range(4):
        basis[:, column, column] = 1.0
        basis[:, column, 4 + column] = 1.0 / states[:, column]
    return basis


def _waves(states: Array) -> Array:
    """Six columns move, angles and velocities in turn; then come the sines and the cosines."""
    basis = np.zeros((len(states), 6, 12))
    for column in range(6):
        basis[:, column, column] = 1.0
    for number in range(3):
        basis[:, 2 * number, 6 + number] = np.cos(states[:, 2 * number])
        basis[:, 2 * number, 9 + number] = -np.sin(states[:, 2 * number])
    return basis


def _lorenz(states: Array) -> Array:
    """Three columns move, across the gradient of x1**2 - 2*x4*x3; x4 and x5 are parameters."""
    zero = np.zeros(len(states))
    normal = np.stack([2 * states[:, 0], zero, -2 * states[:, 3], zero, zero], axis=-1)
    return np.asarray(_across(lambda _: normal)(states)[:, :3])


_RING = tuple((number + 1, (number + 1) % 5 + 1) for number in range(5))
_SIMPLEX = _across(lambda states: np.ones_like(states))

PUBLISHED = MappingProxyType(
    {
        "Harmonic_T3_N50": Published(("x2**2 + x3*x1**2",), _moving(0, 1, of=3)),
        "3D_Lotka_T5_N20": Published(("x1*x2*x3",), _SIMPLEX, "x1 + x2 + x3"),
        "3D_Lotka_T5_N100": Published(("x1*x2*x3",), _SIMPLEX, "x1 + x2 + x3"),
        "4D_Lotka_T5_N40": Published(("x1 + x2 + x3 + x4 - (x5 + x6 + x7 + x8)",), _logarithms),
        "FPUT_lattices_L5_T5_N50": Published(
            (
                "x6 + x7 + x8 + x9 + x10",
                "0.5*(x6**2 + x7**2 + x8**2 + x9**2 + x10**2) + "
                + " + ".join(
                    f"0.5*x11*(x{b} - x{a})**2 + x12*(x{b} - x{a})**3/3" for a, b in _RING
                ),
            ),
            _moving(*range(10), of=12),
        ),
        "Lorenz_System_T5_50": Published(("x2**2 + (x3 - x5)**2",), _lorenz, "x1**2 - 2*x4*x3"),
        "Henon_non_chaotic_T5_50": Published(
            ("x1**2 + x2**2 + x3**2 + x4**2 + 2*x1**2*x2 - 2/3*x2**3",)
        ),
        "DSG_T8_N50": Published(
            (
                "0.5*(x2**2 + x4**2 + x6**2 + (x1 - x3)**2 + (x3 - x5)**2 + (x5 - x1)**2) "
                "- (x10 + x11 + x12)",
            ),
            _waves,
        ),
        "Difference_Equation": Published(("x1*x2*x3 - 0.5*x3*(x3 + 1)",)),
    }
)
"""By name of the file, without its ending."""
