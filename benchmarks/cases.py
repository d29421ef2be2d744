"""What the recovery benchmark is run on: data as a user would give them, and what is known.

A case is named by a text: ``builtin kepler_2d``, ``file Harmonic_T3_N50``, ``planted 4 17``
(columns, seed), ``dissipative 3 5``, ``walks 24``, ``chain 12`` (masses).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.planted import PlantedSystem, planted
from benchmarks.published import PUBLISHED
from benchmarks.scoring import Truth
from noether_sym.datasets import available, load
from noether_sym.datasets.dataset import Dataset, Trajectory, stack
from noether_sym.datasets.systems.generate import generate
from noether_sym.datasets.systems.records import System
from noether_sym.datasets.systems.schmidt_lipson import DATA_VARIABLE
from noether_sym.datasets.windows import choose_window
from noether_sym.laws.known import known_law
from noether_sym.laws.law import Law

Array = NDArray[np.float64]

FRESH_SEED = 1_000
"""Of the trajectories that judge; the search takes those of seed 0."""

MEASURED = 1e-2
"""Variance ratio and squared sine that a law of measured data may have: friction and noise."""

_FRESH = 8
"""Trajectories on which the laws of planted systems and of chains are judged."""


class MissingError(Exception):
    """The data of a case are not on this machine."""


@dataclass(frozen=True)
class Case:
    """Data, and what is known of them.

    Attributes
    ----------
    data : object
        What `noether_sym.discover` takes, with `options`.
    dataset : Dataset
        The same as a value.
    truth : Truth
    arrays : callable
        States and dx/dt for the null space, both of shape (sample, column); where there are no
        times, the derivatives by the number of the sample.
    """

    data: Any
    dataset: Dataset
    truth: Truth
    arrays: Callable[[], tuple[Array, Array]]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.dataset.columns)


def case(name: str) -> Case:
    """The case of a name.

    Raises
    ------
    MissingError
        If its data are not on this machine.
    """
    kind, *rest = name.split()
    return _KINDS[kind](*rest)


def _builtin(name: str) -> Case:
    info = next(own for own in available() if own.name == name)
    try:
        data = load(name)
    except Exception as error:
        raise MissingError(str(error)) from error
    known = [law_of(data, text) for text in info.invariants]
    if info.generated:
        again = load(name, seed=FRESH_SEED)
        truth = Truth(known, [own.states for own in (*again.train, *again.test)])
    else:
        truth = Truth(
            known,
            [own.states for own in data.test],
            floor=MEASURED,
            sine=MEASURED,
            window=choose_window(data.train),
        )
    return Case(name, data, truth, lambda: stack(data.train))


def _file(name: str) -> Case:
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        raise MissingError(f"{DATA_VARIABLE} is not set")
    path = Path(folder) / "kr_regression" / f"{name}.csv"
    if not path.is_file():
        raise MissingError(f"{path.name} is not in {DATA_VARIABLE}/kr_regression")
    return _published(name, path)


def _published(name: str, path: Path) -> Case:
    import pandas as pd

    table = pd.read_csv(path)
    columns = [own for own in table.columns if own != "trajectory"]
    parts = [own[columns].to_numpy() for _, own in table.groupby("trajectory")]
    record = PUBLISHED[name]
    data = replace(plain(name, columns, parts), timed=False)
    truth = Truth(
        [law_of(data, text) for text in record.laws],
        parts,
        tangent=record.tangent,
        complete=True,
    )
    return Case(path, data, truth, lambda: stack(data.train), {"unitless": True})


def _planted(columns: str, seed: str) -> Case:
    return _of_planted(planted(int(seed), int(columns)))


def _dissipative(columns: str, seed: str) -> Case:
    return _of_planted(planted(int(seed), int(columns), dissipative=True))


def _of_planted(system: PlantedSystem) -> Case:
    truth = Truth(system.laws, [own.states for own in system.fresh(_FRESH)])
    return in_memory(system.dataset, truth)


def _walks(columns: str) -> Case:
    names = tuple(f"w{number + 1}" for number in range(int(columns)))

    def drawn(seed: int) -> list[Array]:
        rng = np.random.default_rng([seed, len(names)])
        return list(np.cumsum(rng.standard_normal((16, 160, len(names))), axis=1))

    data = plain("walks", names, drawn(0))
    return in_memory(data, Truth([], drawn(FRESH_SEED)))


def _chain(masses: str) -> Case:
    """A ring of unit masses on springs with a quadratic force (Fermi, Pasta, Ulam, Tsingou)."""
    count, bend = int(masses), 0.25
    q, p = ([f"{own}{number + 1}" for number in range(count)] for own in "qp")

    def field_of(t: Any, x: Array) -> Array:
        place = x[..., :count]
        apart = np.roll(place, -1, axis=-1) - place
        pull = apart + bend * apart**2
        return np.concatenate([x[..., count:], pull - np.roll(pull, 1, axis=-1)], axis=-1)

    gaps = [f"({q[(i + 1) % count]} - {q[i]})" for i in range(count)]
    energy = " + ".join(
        [f"0.5*{own}**2" for own in p] + [f"0.5*{gap}**2 + {bend / 3!r}*{gap}**3" for gap in gaps]
    )
    system = System(
        name=f"chain_{count}",
        description="a ring of masses on nonlinear springs",
        columns=tuple((own, "dimensionless") for own in (*q, *p)),
        time_unit="dimensionless",
        field=field_of,
        start=lambda rng: rng.uniform(-0.4, 0.4, 2 * count),
        span=40.0,
        samples=160,
        trajectories=16,
        training=12,
        source="Fermi, Pasta, Ulam, Tsingou 1955, Los Alamos report LA-1940",
    )
    data = generate(system)
    fresh = generate(system, seed=FRESH_SEED)
    known = [law_of(data, text) for text in (" + ".join(p), energy)]
    return in_memory(data, Truth(known, [own.states for own in fresh.train[:_FRESH]]))


_KINDS: Mapping[str, Callable[..., Case]] = {
    "builtin": _builtin,
    "file": _file,
    "planted": _planted,
    "dissipative": _dissipative,
    "walks": _walks,
    "chain": _chain,
}


def law_of(data: Dataset, text: str) -> Law:
    law = known_law(replace(data, invariant=text))
    assert law is not None
    return law


def plain(
    name: str,
    names: Any,
    parts: list[Array],
    times: Array | None = None,
    slopes: list[Array] | None = None,
) -> Dataset:
    """A data set without units; by default a sample a unit of time, and slopes by differences."""
    from noether_sym.datasets.dataset import Column
    from noether_sym.units.coherent import coherent_units

    (unit,) = coherent_units(["dimensionless"])
    trajectories = tuple(
        Trajectory(
            str(number),
            np.arange(len(own), dtype=float) if times is None else times,
            own,
            np.gradient(own, axis=0) if slopes is None else slopes[number],
        )
        for number, own in enumerate(parts)
    )
    return Dataset(
        name=name,
        columns=tuple(Column(own, unit) for own in names),
        time_unit=unit,
        train=trajectories[: max(1, 3 * len(parts) // 4)],
        test=trajectories[max(1, 3 * len(parts) // 4) :],
        derivative="central difference" if slopes is None else "exact",
    )


def in_memory(data: Dataset, truth: Truth) -> Case:
    """Tables as a program would hand them over, without units, known laws and derivatives."""
    options = {"unitless": True}
    return Case(tables(data), data, truth, lambda: stack(data.train), options)


def tables(data: Dataset) -> list[dict[str, Array]]:
    """A table a trajectory: the time, where it is known, and the states."""
    return [
        {
            **({"t": own.times} if data.timed else {}),
            **dict(zip(data.names, own.states.T, strict=True)),
        }
        for own in (*data.train, *data.test)
    ]
