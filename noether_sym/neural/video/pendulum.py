"""The pixel pendulum: a rod with a torque, and pictures of it that tell nothing of the torque.

Constants, limits, starts and length of an episode are those of gym's ``Pendulum-v1``: g = 10,
m = l = 1, a uniform rod, time steps of .05 s, torque within 2, speed within 8, 200 steps. The
angle is 0 where the rod stands upright, and

    dw/dt = 3 g / (2 l) sin(angle) + 3 / (m l**2) torque.

gym advances the speed with the old angle and then the angle with the new speed, once in .05 s
(``step="gym"`` here). That is the symplectic Euler method: no energy is gained in the long run,
but without torque it changes by 15 to 19 per cent of its height above the lowest point within a
swing. The default is `SUBSTEPS` steps of the leapfrog method in its place, also symplectic, whose
energy changes by 1e-4 of that; the torque is constant over the .05 s.

The script by itself holds the rod upright in four frames of five, where there is nothing to
predict. It is therefore interrupted: each stretch of `PUSHED` steps is, with a probability of
1/4, one of random torques.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

GRAVITY, MASS, LENGTH = 10.0, 1.0, 1.0
"""In m/s**2, kg and m: gym's."""

TIME_STEP, SUBSTEPS = 0.05, 10
"""Seconds from frame to frame, gym's, and leapfrog steps in them."""

LARGEST_TORQUE, LARGEST_SPEED = 2.0, 8.0
"""In N m and rad/s: gym's."""

EPISODE = 200
"""Time steps, and frames, of an episode: gym's."""

PUSHED = 10
"""Time steps of a stretch, which is the script's or one of random torques."""

POLICIES = ("scripted", "random")
STEPS = ("leapfrog", "gym")

_PULL = 1.5 * GRAVITY / LENGTH
"""Acceleration by gravity of a uniform rod over the sine of its angle, in rad/s**2."""

_DRIVE = 3.0 / (MASS * LENGTH**2)
"""Acceleration of a uniform rod over the torque, in rad/s**2 for each N m."""

_UPRIGHT = 0.5 * MASS * GRAVITY * LENGTH
"""Energy of a rod at rest upright, in J; of one that hangs, its opposite."""

_HELD, _PUSHES = 5, 0.25
"""Time steps for which a random torque is kept, and the probability of a stretch of them."""

_GAIN, _NEAR = 1.0, 0.5
"""Torque of the script over the energy that is missing; radians from upright, and share of the
energy there, within which it holds the rod."""

_STIFF, _DAMPED = 12.0, 3.0
"""Spring and damper that hold it, N m/rad and N m s/rad: .98 of critical damping under gravity."""

_HALF_WIDTH, _BOUND = 0.1, 1.25
"""Of the rod, gym's, and of the picture, in m."""


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """What happened in episodes.

    Attributes
    ----------
    angles, speeds : array of shape (episode, time)
        [rad], not wrapped, 0 upright; [rad/s].
    torques : array of shape (episode, time)
        The torque from each time to the next one [N m].
    """

    angles: Array
    speeds: Array
    torques: Array


def energy(angles: Array, speeds: Array) -> Array:
    """Energy of the rod [J], conserved where there is no torque (and no limit of the speed)."""
    return MASS * LENGTH**2 * speeds**2 / 6 + _UPRIGHT * np.cos(angles)


def advance(
    angles: Array, speeds: Array, torques: Array, *, step: str = "leapfrog"
) -> tuple[Array, Array]:
    """Angles and speeds .05 s later, under a constant torque.

    Parameters
    ----------
    angles, speeds, torques : array of shape (...)
    step : str
        One of `STEPS`.

    Raises
    ------
    OptionError
        If the step is not known.
    """
    if step not in STEPS:
        raise OptionError(f"step is {step!r}; give one of {', '.join(STEPS)}")
    if step == "gym":
        speeds = speeds + TIME_STEP * _acceleration(angles, torques)
        speeds = np.clip(speeds, -LARGEST_SPEED, LARGEST_SPEED)
        return angles + TIME_STEP * speeds, speeds
    part = TIME_STEP / SUBSTEPS
    for _ in range(SUBSTEPS):
        speeds = speeds + part / 2 * _acceleration(angles, torques)
        angles = angles + part * speeds
        speeds = speeds + part / 2 * _acceleration(angles, torques)
        speeds = np.clip(speeds, -LARGEST_SPEED, LARGEST_SPEED)
    return angles, speeds


def swing_up(angles: Array, speeds: Array) -> Array:
    """Torques of a script that swings the rod up and holds it there.

    Near the top a spring and a damper; elsewhere the energy is driven to that of the upright rod.
    """
    wrapped = (angles + np.pi) % (2 * np.pi) - np.pi
    holding = -_STIFF * wrapped - _DAMPED * speeds
    missing = _UPRIGHT - energy(angles, speeds)
    # a rod at rest is pushed to one side
    pumping = _GAIN * missing * np.where(speeds < 0, -1.0, 1.0)
    near = (np.abs(wrapped) < _NEAR) & (np.abs(missing) < _NEAR * _UPRIGHT)
    return np.clip(np.where(near, holding, pumping), -LARGEST_TORQUE, LARGEST_TORQUE)


def episodes(
    count: int,
    *,
    policy: str = "scripted",
    length: int = EPISODE,
    seed: int = 0,
    step: str = "leapfrog",
) -> Episodes:
    """Simulate episodes from gym's starts: any angle, speeds within 1.

    Parameters
    ----------
    count, length : int
    policy : str
        ``scripted``: `swing_up`, interrupted by random torques; ``random``: these alone,
        uniform within the limits, each kept for 5 steps.
    seed : int
        An episode does not depend on how many others there are.
    step : str
        One of `STEPS`.

    Raises
    ------
    OptionError
        If the policy or the step is not known.
    """
    if policy not in POLICIES:
        raise OptionError(f"policy is {policy!r}; give one of {', '.join(POLICIES)}")
    sources = [np.random.default_rng([seed, number]) for number in range(count)]
    now = np.array([own.uniform([-np.pi, -1.0], [np.pi, 1.0]) for own in sources]).reshape(-1, 2)
    drawn = np.array(
        [own.uniform(-LARGEST_TORQUE, LARGEST_TORQUE, -(-length // _HELD)) for own in sources]
    ).reshape(count, -1)
    pushed = np.array([own.random(-(-length // PUSHED)) < _PUSHES for own in sources])
    pushed = pushed.reshape(count, -1) | (policy == "random")
    angle, speed = now[:, 0], now[:, 1]
    rows = []
    for time in range(length):
        random = drawn[:, time // _HELD]
        torque = np.where(pushed[:, time // PUSHED], random, swing_up(angle, speed))
        rows.append((angle, speed, torque))
        angle, speed = advance(angle, speed, torque, step=step)
    angles, speeds, torques = np.moveaxis(np.array(rows).reshape(length, 3, count), 0, -1)
    return Episodes(angles, speeds, torques)


def render(angles: Array, size: int = 32) -> NDArray[np.float32]:
    """Grey pictures of the rod: white with round ends, on black.

    How much of a pixel the rod covers is taken from the distance of the pixel's middle from the
    edge, which is right to a few per cent. Nothing but the angle enters. The ground is black since
    a network that sees zeros where nothing is learns much sooner what the rod is.

    Parameters
    ----------
    angles : array of shape (...)
        [rad], 0 upright, positive to the left as in gym.
    size : int
        Pixels each way; the picture is 2.5 rods wide, the pivot in its middle.

    Returns
    -------
    array of shape (..., size, size)
        Between 0 and 1, the share of each pixel that is covered; the first row is the top.
    """
    angles = np.asarray(angles, dtype=np.float64)[..., None, None]
    pixel = 2 * _BOUND / size
    places = (np.arange(size) + 0.5) * pixel - _BOUND
    right, up = places[None, :], -places[:, None]
    tip_right, tip_up = -np.sin(angles), np.cos(angles)
    along = np.clip(right * tip_right + up * tip_up, 0.0, LENGTH)
    distance = np.hypot(right - along * tip_right, up - along * tip_up)
    covered: NDArray[np.float32] = np.clip((_HALF_WIDTH - distance) / pixel + 0.5, 0.0, 1.0).astype(
        np.float32
    )
    return covered


def _acceleration(angles: Array, torques: Array) -> Array:
    return _PULL * np.sin(angles) + _DRIVE * torques
