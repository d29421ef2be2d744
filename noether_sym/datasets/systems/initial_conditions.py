"""Where the built-in systems start: functions from a random generator to one state.

Every rule spreads the conserved quantities between trajectories, because a quantity
that has one value everywhere cannot be told from a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Start = Callable[[np.random.Generator], NDArray[np.float64]]


def ring(low: float, high: float) -> Start:
    """A point of the plane: radius uniform in [low, high], direction that of a random
    point of the square [-1, 1]^2, as Greydanus et al. 2019 draw it."""

    def start(rng: np.random.Generator) -> NDArray[np.float64]:
        direction = rng.uniform(-1, 1, size=2)
        return direction / np.linalg.norm(direction) * rng.uniform(low, high)

    return start


def box(low: Sequence[float], high: Sequence[float]) -> Start:
    """Each column uniform between its bounds."""
    return lambda rng: rng.uniform(low, high)


def ellipse(rng: np.random.Generator) -> NDArray[np.float64]:
    """A bound Kepler orbit (x, y, vx, vy) at its pericentre, in any orientation and sense."""
    axis, eccentricity = rng.uniform(0.7, 1.3), rng.uniform(0.1, 0.6)
    nearest = axis * (1 - eccentricity)
    speed = np.sqrt((1 + eccentricity) / nearest) * rng.choice([-1.0, 1.0])
    turn = _rotation(rng.uniform(0, 2 * np.pi))
    return np.concatenate([turn @ [nearest, 0.0], turn @ [0.0, speed]])


def spherical(rng: np.random.Generator) -> NDArray[np.float64]:
    """A spherical pendulum below the horizontal, circling either way, off the poles."""
    spin = rng.uniform(1.0, 3.0) * rng.choice([-1.0, 1.0])
    theta, phi, rate = rng.uniform([1.7, -np.pi, -1.0], [2.7, np.pi, 1.0])
    return np.array([theta, phi, rate, spin])


def binary(rng: np.random.Generator) -> NDArray[np.float64]:
    """Two bodies on nearly circular orbits, as Greydanus et al. 2019 draw them, in bulk motion.

    Theirs have their centre of mass at rest in the origin, so that both momenta and the motion
    of the centre would have one value everywhere.
    """
    radius, spread = rng.uniform(0.5, 1.5), 0.05 * rng.standard_normal()
    turn = _rotation(rng.uniform(0, 2 * np.pi))
    body = turn @ [radius, 0.0]
    speed = turn @ [0.0, (1 + spread) / (2 * np.sqrt(radius)) * rng.choice([-1.0, 1.0])]
    place, drift = rng.uniform(-1, 1, size=2), rng.uniform(-0.2, 0.2, size=2)
    return np.concatenate([place + body, place - body, drift + speed, drift - speed])


def hierarchy(rng: np.random.Generator) -> NDArray[np.float64]:
    """A close pair and a third body about it, nearly circular, in bulk motion.

    Keeps the three bodies apart: a close encounter would need a finer sampling than
    the rest of the trajectory.
    """
    inner, outer = rng.uniform(0.8, 1.0), rng.uniform(3.2, 3.8)
    phase_in, phase_out = rng.uniform(0, 2 * np.pi, size=2)
    sense = rng.choice([-1.0, 1.0])
    pair = _rotation(phase_in) @ [inner, 0.0]
    pair_speed = _rotation(phase_in) @ [0.0, sense * np.sqrt(2 / inner) * rng.uniform(0.95, 1.0)]
    third = _rotation(phase_out) @ [outer, 0.0]
    third_speed = _rotation(phase_out) @ [0.0, sense * np.sqrt(3 / outer) * rng.uniform(0.95, 1.05)]
    place, drift = rng.uniform(-1, 1, size=2), rng.uniform(-0.2, 0.2, size=2)
    # the pair about its centre, and both about that of all three
    position, velocity = (
        [near / 2 - far / 3, -near / 2 - far / 3, 2 / 3 * far]
        for near, far in ((pair, third), (pair_speed, third_speed))
    )
    return np.concatenate([np.ravel(position + place), np.ravel(velocity + drift)])


def vortices(rng: np.random.Generator) -> NDArray[np.float64]:
    """Three vortices near the corners of a triangle with sides of about 1.7."""
    angles = np.array([0.5, 2.5, 4.5]) * np.pi / 3 + rng.uniform(0, 2 * np.pi)
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    corners = corners * rng.uniform(0.7, 1.3) + rng.uniform(-0.2, 0.2, size=(3, 2))
    return np.ravel(corners + rng.uniform(-1, 1, size=2))


def _rotation(angle: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])
