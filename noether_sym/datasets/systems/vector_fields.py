"""Vector fields dx/dt = f(t, x) of the built-in systems.

Each takes a time (a scalar or an array that broadcasts against the leading axes) and
states of shape (..., column), and returns dx/dt of the same shape. The equations, with
their constants, are those of the records in `noether_sym.datasets.systems.records`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Field = Callable[[Any, NDArray[np.float64]], NDArray[np.float64]]

GRAVITY = 9.8
"""Acceleration of free fall of the pendulums, in m/s**2."""

VORTICITY = (1.0, 0.6, -0.4)
"""Circulations of the point vortices."""


def ideal_spring(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hamilton's equations of H = q^2 + p^2."""
    q, p = columns(x)
    return stack(2 * p, -2 * q)


def ideal_pendulum(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hamilton's equations of H = 3 (1 - cos q) + p^2."""
    q, p = columns(x)
    return stack(2 * p, -3 * np.sin(q))


def duffing(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undamped, undriven double well: x'' = x - x^3."""
    position, velocity = columns(x)
    return stack(velocity, position - position**3)


def isotropic_oscillator_2d(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """r'' = -r in the plane."""
    return np.concatenate([x[..., 2:], -x[..., :2]], axis=-1)


def kepler_2d(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """r'' = -r/r^3 in the plane."""
    position = x[..., :2]
    cubed = np.sum(position**2, axis=-1, keepdims=True) ** 1.5
    return np.concatenate([x[..., 2:], -position / cubed], axis=-1)


def lotka_volterra(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Prey x and predators y: x' = .25x - .075xy, y' = .07xy - .15y."""
    prey, predators = columns(x)
    met = prey * predators
    return stack(0.25 * prey - 0.075 * met, 0.07 * met - 0.15 * predators)


def rigid_body(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euler's equations of a free body with moments of inertia 1, 2, 3."""
    w1, w2, w3 = columns(x)
    return stack(-w2 * w3, w3 * w1, -w1 * w2 / 3)


def spherical_pendulum(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Length 1, polar angle from the upright, azimuth, and their rates."""
    theta, _, rate, spin = columns(x)
    sine, cosine = np.sin(theta), np.cos(theta)
    return stack(rate, spin, (spin**2 * cosine + GRAVITY) * sine, -2 * cosine / sine * rate * spin)


def double_pendulum(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit masses on unit rods, in canonical angles and momenta."""
    first, second, p1, p2 = columns(x)
    sine, cosine = np.sin(first - second), np.cos(first - second)
    inertia = 2 - cosine**2
    kinetic = (p1**2 + 2 * p2**2 - 2 * p1 * p2 * cosine) / (2 * inertia)
    torque = (p1 * p2 - 2 * kinetic * cosine) * sine / inertia
    return stack(
        (p1 - p2 * cosine) / inertia,
        (2 * p2 - p1 * cosine) / inertia,
        -torque - 2 * GRAVITY * np.sin(first),
        torque - GRAVITY * np.sin(second),
    )


def henon_heiles(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x'' = -x - 2xy, y'' = -y - x^2 + y^2."""
    a, b, va, vb = columns(x)
    return stack(va, vb, -a - 2 * a * b, -b - a**2 + b**2)


def toda_3(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Periodic chain of three: p_i' = exp(q_{i-1} - q_i) - exp(q_i - q_{i+1})."""
    q, p = x[..., :3], x[..., 3:]
    spring = np.exp(q - q[..., [1, 2, 0]])
    return np.concatenate([p, spring[..., [2, 0, 1]] - spring], axis=-1)


def planar_bodies(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit masses under gravity with G = 1 in the plane: all positions, then all velocities."""
    half = x.shape[-1] // 2
    position = x[..., :half].reshape(*x.shape[:-1], -1, 2)
    apart = position[..., None, :, :] - position[..., :, None, :]
    squared = np.sum(apart**2, axis=-1) + np.eye(position.shape[-2])
    pull = np.sum(apart / squared[..., None] ** 1.5, axis=-2)
    return np.concatenate([x[..., half:], pull.reshape(*x.shape[:-1], half)], axis=-1)


def charge_in_B(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A charge in a uniform magnetic field across the plane: vx' = vy, vy' = -vx."""
    _, _, vx, vy = columns(x)
    return stack(vx, vy, vy, -vx)


def point_vortices(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kirchhoff's equations of three vortices with circulations 1, .6, -.4."""
    position = x.reshape(*x.shape[:-1], 3, 2)
    apart = position[..., :, None, :] - position[..., None, :, :]
    squared = np.sum(apart**2, axis=-1) + np.eye(3)
    weight = np.asarray(VORTICITY) / (2 * np.pi * squared)
    across = np.sum(weight * apart[..., 1], axis=-1)
    along = np.sum(weight * apart[..., 0], axis=-1)
    return np.stack([-across, along], axis=-1).reshape(x.shape)


def sir(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """S' = -.5 S I, I' = .5 S I - .2 I, R' = .2 I."""
    susceptible, infected, _ = columns(x)
    caught, cured = 0.5 * susceptible * infected, 0.2 * infected
    return stack(-caught, caught - cured, cured)


def lorenz(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Lorenz system with 10, 28, 8/3."""
    a, b, c = columns(x)
    return stack(10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c)


def damped_oscillator(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x'' = -x - .2 x'."""
    position, velocity = columns(x)
    return stack(velocity, -position - 0.2 * velocity)


def van_der_pol(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x'' = (1 - x^2) x' - x."""
    position, velocity = columns(x)
    return stack(velocity, (1 - position**2) * velocity - position)


def driven_pendulum(t: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Damped and driven: theta'' = -.5 theta' - sin theta + 1.2 cos(2t/3)."""
    theta, omega = columns(x)
    return stack(omega, -0.5 * omega - np.sin(theta) + 1.2 * np.cos(2 / 3 * np.asarray(t)))


def columns(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The columns of states (..., column)."""
    return tuple(x if x.ndim == 1 else np.moveaxis(x, -1, 0))


def stack(*columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rates by column, joined into one array of shape (..., column)."""
    if all(isinstance(own, float) for own in columns):  # one state: integration asks for it often
        return np.array(columns)
    return np.stack(np.broadcast_arrays(*columns), axis=-1)
