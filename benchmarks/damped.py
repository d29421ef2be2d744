"""Systems on which verdicts are hard: slow losses, limit cycles, few or like trajectories.

Named ``drift pendulum 0.01`` (damping), ``hard cycle``; see `HARD`. Everything is dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.systems.generate import generate
from noether_sym.datasets.systems.records import System

Array = NDArray[np.float64]
Start = Callable[[np.random.Generator], Array]

DAMPINGS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Losses of speed in unit time: none first; the last takes 86 % of an oscillator's energy."""


@dataclass(frozen=True)
class Model:
    """Equations of a system whose speeds are damped.

    Attributes
    ----------
    columns : tuple of str
        Places, then as many speeds.
    force : callable
        ``force(places)``: accelerations without damping, shape (..., place).
    start : callable
    span : float
        About six turns.
    invariants : tuple of str
        What is conserved without damping.
    rest : bool
        Whether the system comes to rest where all columns are 0; otherwise what decays goes
        to 0.
    """

    columns: tuple[str, ...]
    force: Callable[[Array], Array]
    start: Start
    span: float
    invariants: tuple[str, ...]
    rest: bool = True


def _round(low: float, high: float) -> Start:
    """A place and a speed at a radius."""

    def start(rng: np.random.Generator) -> Array:
        radius, angle = rng.uniform(low, high), rng.uniform(0, 2 * np.pi)
        return radius * np.array([np.cos(angle), np.sin(angle)])

    return start


def _orbit(rng: np.random.Generator) -> Array:
    """An ellipse about the origin, from its far end, in either sense."""
    distance, slow = rng.uniform(0.5, 0.9), rng.uniform(0.7, 1.0)
    angle = rng.uniform(0, 2 * np.pi)
    speed = slow / np.sqrt(distance) * rng.choice([-1, 1])
    way = np.array([np.cos(angle), np.sin(angle)])
    return np.concatenate([distance * way, speed * np.array([-way[1], way[0]])])


def _attraction(place: Array) -> Array:
    return -place / np.linalg.norm(place, axis=-1, keepdims=True) ** 3


def _springs(place: Array) -> Array:
    """Two masses, each on its spring, and one of .5 between them."""
    return -place - 0.5 * (place - place[..., ::-1])


MODELS = MappingProxyType(
    {
        "oscillator": Model(
            ("x", "v"), lambda x: -x, _round(0.5, 2.0), 40.0, ("x**2 + 1*v**2",)
        ),
        "pendulum": Model(
            ("q", "p"), lambda q: -np.sin(q), _round(0.5, 1.7), 42.0, ("p**2 - 2*cos(q)",)
        ),
        "kepler": Model(
            ("x", "y", "vx", "vy"),
            _attraction,
            _orbit,
            16.0,
            (
                "vx**2 + vy**2 - 2/sqrt(x**2 + y**2)",
                "x*vy - y*vx",
                "vy*(x*vy - y*vx) - 1*x/sqrt(x**2 + y**2)",
            ),
            rest=False,
        ),
        "coupled": Model(
            ("x", "y", "vx", "vy"),
            _springs,
            lambda rng: rng.uniform(-1.5, 1.5, 4),
            40.0,
            ("(x + y)**2 + 1*(vx + vy)**2", "2*(x - y)**2 + 1*(vx - vy)**2"),
        ),
    }
)  # fmt: skip


def _hopf(t: Any, state: Array) -> Array:
    x, y = state[..., 0], state[..., 1]
    pull = 1 - x**2 - y**2
    return np.stack([x * pull - y, y * pull + x], axis=-1)


def _van_der_pol(t: Any, state: Array) -> Array:
    x, v = state[..., 0], state[..., 1]
    return np.stack([v, (1 - x**2) * v - x], axis=-1)


def _settled(rng: np.random.Generator) -> Array:
    """On van der Pol's cycle, wherever on it."""
    from scipy.integrate import solve_ivp

    start = rng.uniform(-2, 2, 2)
    span = (0.0, 60.0 + rng.uniform(0, 7))
    found = solve_ivp(_van_der_pol, span, start, method="DOP853", rtol=1e-11, atol=1e-12)
    return np.asarray(found.y[:, -1])


def _alike(rng: np.random.Generator) -> Array:
    """Ellipses of one energy, of all shapes."""
    state = _orbit(rng)
    distance = np.linalg.norm(state[:2])
    wanted = np.sqrt(2 / distance - 1 / 0.6)
    turned = rng.uniform(0.5, 1.0) * np.pi / 2  # a direction between outwards and across
    way = state[:2] / distance
    across = np.array([-way[1], way[0]])
    return np.concatenate([state[:2], wanted * (np.cos(turned) * way + np.sin(turned) * across)])


def damped(name: str, damping: float) -> System:
    """A model with some damping."""
    model = MODELS[name]
    half = len(model.columns) // 2

    def field(t: Any, state: Array) -> Array:
        place, speed = state[..., :half], state[..., half:]
        return np.concatenate([speed, model.force(place) - damping * speed], axis=-1)

    return _system(name, model.columns, field, model.start, model.span, model.invariants)


def _system(
    name: str,
    columns: tuple[str, ...],
    field: Callable[[Any, Array], Array],
    start: Start,
    span: float,
    invariants: tuple[str, ...] = (),
) -> System:
    return System(
        name=name,
        description=name,
        columns=tuple((own, "dimensionless") for own in columns),
        time_unit="dimensionless",
        field=field,
        start=start,
        span=span,
        samples=160,
        trajectories=16,
        training=12,
        source="benchmarks/damped.py",
        invariants=invariants,
    )


@dataclass(frozen=True)
class Hard:
    """A case and what a verdict may be.

    Attributes
    ----------
    text, expected : str
    system : System
    count : int, optional
        Trajectories to keep; by default all 16.
    known : tuple of str
        What is conserved and differs between trajectories.
    allowed : tuple of str
        Verdicts that what is listed may have; all else is wrong.
    wanted : str
        The verdict that something should have; empty if nothing need be found.
    """

    text: str
    expected: str
    system: System
    count: int | None = None
    known: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ("constraint",)
    wanted: str = ""

    def made(self, seed: int) -> Dataset:
        """The data."""
        if self.count is None:
            return generate(self.system, seed=seed)
        few = replace(self.system, trajectories=self.count, training=self.count)
        return generate(few, seed=seed)

    def fresh(self, seed: int) -> Dataset:
        """All trajectories from other starts."""
        return generate(self.system, seed=seed)


_KEPLER = MODELS["kepler"]
_LAWS = ("law", "approximate law", "constraint")

HARD = MappingProxyType(
    {
        "cycle": Hard(
            "a limit cycle that is a circle, all trajectories on it",
            "a constraint",
            _system("cycle", ("x", "y"), _hopf, _round(1.0, 1.0), 40.0),
            wanted="constraint",
        ),
        "van_der_pol": Hard(
            "van der Pol's limit cycle, settled",
            "a constraint or nothing",
            _system("van_der_pol", ("x", "v"), _van_der_pol, _settled, 40.0),
        ),
        "one": Hard(
            "one trajectory of the pendulum",
            "an approximate law",
            damped("pendulum", 0.0),
            1,
            MODELS["pendulum"].invariants,
            ("approximate law", "constraint"),
            "approximate law",
        ),
        "two": Hard(
            "two trajectories of the pendulum",
            "an approximate law",
            damped("pendulum", 0.0),
            2,
            MODELS["pendulum"].invariants,
            ("approximate law", "constraint"),
            "approximate law",
        ),
        "settles": Hard(
            "one trajectory of an oscillator that comes to rest (damping .5)",
            "nothing listed, or undecided",
            damped("oscillator", 0.5),
            1,
        ),
        "alike": Hard(
            "orbits about a centre, all of one energy",
            "angular momentum a law, energy a constraint",
            _system("alike", _KEPLER.columns, damped("kepler", 0.0).field, _alike, 16.0),
            None,
            _KEPLER.invariants[1:2],
            _LAWS,
            "law",
        ),
    }
)
