"""What the benchmark of verdicts is run on: a case, with noise, as a stranger would give it.

A case is one of `benchmarks.cases` (with laws), ``dysts Lorenz``, ``walks 4``,
``autoregression 2 4`` (order, columns), ``shuffled kepler_2d`` (without), ``drift pendulum 0.01``
or ``hard cycle`` (see `benchmarks.damped`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import chaotic, damped
from benchmarks.cases import FRESH_SEED, Case, case, in_memory, law_of, plain, tables
from benchmarks.noise import with_noise
from benchmarks.scoring import Truth
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.systems.generate import generate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Job:
    """One call of the default search.

    Attributes
    ----------
    section, case : str
    level : float
        Noise, in standard deviations of each column over all data.
    seed : int
        Of the noise; of cases without laws, of the data too.
    decoys : int
        How many to ask for, where the search knows decoys.
    """

    section: str
    case: str
    level: float = 0.0
    seed: int = 0
    decoys: int = 0

    @property
    def name(self) -> str:
        """By which the answer is kept, and read back by `read`."""
        return f"{self.section} {self.level:g} {self.seed} {self.decoys} {self.case}"

    @classmethod
    def read(cls, name: str) -> Job:
        """The job of a name."""
        section, level, seed, decoys, own = name.split(" ", 4)
        return cls(section, own, float(level), int(seed), int(decoys))


@dataclass(frozen=True)
class Trial:
    """What is handed over, as of a `Case`; `case` is the same without noise, and what is known.

    Attributes
    ----------
    data, options
    case : Case
    rest : array, optional
        Where the system comes to rest.
    """

    data: Any
    options: Mapping[str, Any]
    case: Case
    rest: Array | None = None


def trial(job: Job) -> Trial:
    """The data of a job.

    Raises
    ------
    MissingError
        If they are not on this machine.
    """
    own = _source(job.case, job.seed if job.section == "nothing" else 0)
    if job.section == "paper":
        return Trial(own.data, {}, own)
    rest = None
    if job.case.startswith("drift"):
        model = damped.MODELS[job.case.split()[1]]
        rest = np.zeros(len(model.columns)) if model.rest else None
    data = noisy(own.dataset, job.level, job.seed)
    return Trial(tables(data), own.options or {"units": _units(data)}, own, rest)


def noisy(dataset: Dataset, level: float, seed: int) -> Dataset:
    """The same states with noise; columns that are constant on each trajectory stay as they are.

    Those are parameters: set by whoever makes the experiment, not measured.
    """
    if not level:
        return dataset
    still = list(dataset.constant_columns)
    parts = []
    before = (*dataset.train, *dataset.test)
    for clean, own in zip(before, with_noise(dataset, level, seed), strict=True):
        states = own.states.copy()
        states[:, still] = clean.states[:, still]
        parts.append(replace(own, states=states))
    count = len(dataset.train)
    return replace(dataset, train=tuple(parts[:count]), test=tuple(parts[count:]))


def _units(data: Dataset) -> dict[str, str]:
    return {
        "t": data.time_unit.symbol,
        **{column.name: column.unit.symbol for column in data.columns},
    }


@functools.lru_cache(maxsize=4)
def _source(name: str, seed: int) -> Case:
    kind, *rest = name.split()
    return _KINDS[kind](*rest, seed=seed) if kind in _KINDS else case(name)


def _unlawful(made: Callable[[int], Dataset], seed: int) -> Case:
    """Data in which nothing is conserved, and more of the same to judge by."""
    fresh = made(FRESH_SEED + seed)
    return in_memory(made(seed), Truth([], _states(fresh)))


def _states(data: Dataset) -> list[Array]:
    return [own.states for own in (*data.train, *data.test)]


def _dysts(name: str, *, seed: int) -> Case:
    return _unlawful(lambda own: chaotic.trajectories(name, own), seed)


def _walks(columns: str, *, seed: int) -> Case:
    def made(own: int) -> Dataset:
        rng = np.random.default_rng([own, int(columns)])
        return _numbers(np.cumsum(rng.standard_normal((16, 160, int(columns))), axis=1))

    return _unlawful(made, seed)


def _autoregression(order: str, columns: str, *, seed: int) -> Case:
    """Each column by itself, of order 1 or 2, started long before."""
    draw = np.random.default_rng([seed, int(order), int(columns)])
    count = int(columns)
    if order == "1":
        first, second = draw.uniform(0.3, 0.99, count), np.zeros(count)
    else:
        size, turn = draw.uniform(0.8, 0.99, count), 2 * np.pi / draw.uniform(8, 60, count)
        first, second = 2 * size * np.cos(turn), -(size**2)

    def made(own: int) -> Dataset:
        from scipy.signal import lfilter

        stream = np.random.default_rng([own, int(order), count, 1])
        shocks = stream.standard_normal((count, 16, 660))
        values = [
            lfilter([1.0], [1.0, -a, -b], shock, axis=-1)[:, 500:]
            for a, b, shock in zip(first, second, shocks, strict=True)
        ]
        return _numbers(np.stack(values, axis=-1))

    return _unlawful(made, seed)


def _numbers(values: Array) -> Dataset:
    names = [f"x{number + 1}" for number in range(values.shape[-1])]
    return plain("numbers", names, list(values))


def _shuffled(name: str, *, seed: int) -> Case:
    """Each column of a trajectory from another trajectory."""

    def made(own: int) -> Dataset:
        data = load(name, seed=own)
        whole = [*data.train, *data.test]
        rng = np.random.default_rng([own, *name.encode()])
        orders = [rng.permutation(len(whole)) for _ in data.names]
        parts = [
            replace(
                one,
                states=np.stack([whole[o[i]].states[:, j] for j, o in enumerate(orders)], -1),
                derivatives=np.stack(
                    [whole[o[i]].derivatives[:, j] for j, o in enumerate(orders)], -1
                ),
            )
            for i, one in enumerate(whole)
        ]
        count = len(data.train)
        return replace(data, train=tuple(parts[:count]), test=tuple(parts[count:]), invariant="")

    found = _unlawful(made, seed)
    return replace(found, options={"units": _units(found.dataset)})


def _drift(name: str, damping: str, *, seed: int) -> Case:
    system = damped.damped(name, float(damping))
    data, fresh = (generate(system, seed=own) for own in (seed, FRESH_SEED))
    known = damped.MODELS[name].invariants if float(damping) == 0 else ()
    return in_memory(data, Truth([law_of(data, text) for text in known], _states(fresh)))


def _hard(name: str, *, seed: int) -> Case:
    hard = damped.HARD[name]
    data = hard.made(seed)
    known = [law_of(data, text) for text in hard.known]
    return in_memory(data, Truth(known, _states(hard.fresh(FRESH_SEED))))


_KINDS: Mapping[str, Callable[..., Case]] = {
    "dysts": _dysts,
    "walks": _walks,
    "autoregression": _autoregression,
    "shuffled": _shuffled,
    "drift": _drift,
    "hard": _hard,
}
