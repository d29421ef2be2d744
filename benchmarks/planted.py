"""Systems with planted conservation laws: unlimited, never seen before, exact.

    from benchmarks.planted import planted
    system = planted(seed=0, columns=4)
    system.laws, system.dataset, system.fresh(8)

The flow is built from its laws (g, h, ...), each a sum of 3 to 10 powers, products, cosines and
exponentials with random coefficients, and from a positive factor m(x) of time, so that it keeps
them exactly and nothing says so but the motion:

- two columns: dx/dt = m(x) J ∇g; three: dx/dt = m(x) ∇g × ∇h;
- four and six: dx/dt = m(x) A ∇g, A constant, antisymmetric and generic; five: A(x), whose
  entries depend on other columns than their own two, so that volume is kept (a constant A of odd
  size would have a law of its own);
- four to six with several laws: blocks of two and three columns, driven by one factor m of all
  columns, so that none of them can be seen alone.

With dissipation the same flows lose every law slowly, over several turns. A draw that leaves a
bounded region, hardly moves, or has laws beside the planted ones that a wide null space sees is
thrown away, and the next of the same seed is taken: the same arguments give the same system.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.null_space import rank, wide_null_space
from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.laws.known import known_law
from noether_sym.laws.law import Law
from noether_sym.units.coherent import coherent_units

Array = NDArray[np.float64]

TRAJECTORIES, TRAINING, SAMPLES = 16, 12, 160
"""Of a data set; those of them that are searched, the others held out; samples of each."""

TURNS = 6.0
"""About how often a trajectory comes round."""

MOST_TURNS = 16.0
"""How often the fastest of them does: ten samples a turn."""

BLOCKS = {
    2: ((2,),),
    3: ((3,),),
    4: ((4,), (2, 2)),
    5: ((5,), (2, 3)),
    6: ((6,), (2, 2, 2), (3, 3)),
}
"""By number of columns: how they may be split. A block of three has two laws, others one."""

RTOL, ATOL = 1e-12, 1e-14
"""Relative and absolute tolerance of DOP853; columns are of order one."""

_TRIES = 200
"""Draws of a system, or of starts, before it is given up."""

_FARTHEST = 12.0
"""Value of a column at which a trajectory leaves the bounded region; starts are within 1.4."""


@dataclass(frozen=True, eq=False)
class PlantedSystem:
    """A system whose laws are known because it was built from them.

    Attributes
    ----------
    name : str
    seed : int
    names : tuple of str
        Of the columns, which are dimensionless.
    planted : tuple of Law
        What the flow was built from; each is kept unless it is `dissipative`.
    dissipative : bool
    flow : callable
        ``flow(*columns)``: dx/dt by column.
    span : float
        Trajectories run from time 0 to here.
    dataset : Dataset
        12 trajectories to search and 4 held out, of 160 samples, with exact dx/dt.
    """

    name: str
    seed: int
    names: tuple[str, ...]
    planted: tuple[Law, ...]
    dissipative: bool
    flow: Callable[..., Sequence[Array]] = field(repr=False)
    span: float = 1.0
    dataset: Dataset = field(init=False, repr=False)

    @property
    def laws(self) -> tuple[Law, ...]:
        """What is conserved: all that was planted, or nothing with dissipation."""
        return () if self.dissipative else self.planted

    def rates(self, t: Any, x: Array) -> Array:
        """dx/dt at states (..., column)."""
        result = np.empty_like(x)
        for column, rate in enumerate(self.flow(*np.moveaxis(x, -1, 0))):
            result[..., column] = rate
        return result

    def fresh(self, count: int, seed: int = 1) -> list[Trajectory]:
        """Trajectories from other starts than those of `dataset`, by the number of the seed.

        Raises
        ------
        RuntimeError
            If none of the first tries stays in bounds.
        """
        rng = np.random.default_rng([self.seed, len(self.names), 1 + seed])
        for _ in range(_TRIES):
            found = _integrated(self, _starts(rng, count, len(self.names)), RTOL, ATOL)
            if found is not None:
                return found
        raise RuntimeError(f"{self.name}: no {count} fresh trajectories stay in bounds")


def planted(
    seed: int, columns: int, *, laws: int | None = None, dissipative: bool = False
) -> PlantedSystem:
    """A system with planted laws, or one that loses them.

    Parameters
    ----------
    seed : int
    columns : int
        2 to 6.
    laws : int, optional
        How many; by default one of the numbers that `BLOCKS` allows, by the seed.
    dissipative : bool
        Nothing is conserved, and trajectories spiral over several turns.

    Returns
    -------
    PlantedSystem
        16 trajectories of 160 samples in `dataset`, integrated to 1e-12.

    Raises
    ------
    ValueError
        If there is no such number of columns or laws.
    """
    choices = [
        split
        for split in BLOCKS.get(columns, ())
        if laws is None or laws == sum(1 + (size == 3) for size in split)
    ]
    if not choices:
        known = {size: sorted(map(_laws_of, splits)) for size, splits in BLOCKS.items()}
        raise ValueError(f"no system of {columns} columns and {laws} laws; there are {known}")
    stream = np.random.default_rng([seed, columns, int(dissipative)])
    split = choices[int(stream.integers(len(choices)))]
    for _ in range(_TRIES):
        drawn = _drawn(seed, split, stream, dissipative)
        found = _accepted(drawn, stream)
        if found is not None:
            return found
    raise RuntimeError(f"seed {seed}: none of {_TRIES} draws of {columns} columns is bounded")


def _laws_of(split: Sequence[int]) -> int:
    return sum(1 + (size == 3) for size in split)


def _drawn(
    seed: int, split: Sequence[int], rng: np.random.Generator, dissipative: bool
) -> PlantedSystem:
    import sympy

    columns = sum(split)
    names = tuple(f"u{number + 1}" for number in range(columns))
    symbols = [sympy.Symbol(name, real=True) for name in names]
    laws: list[Law] = []
    rates: list[Any] = []
    for size in split:
        own = range(len(rates), len(rates) + size)
        added = [_law(rng, names, own) for _ in range(1 + (size == 3))]
        slopes = [[law.sympy().diff(symbols[column]) for column in own] for law in added]
        if size == 3:
            g, h = slopes
            rates += [g[i - 2] * h[i - 1] - g[i - 1] * h[i - 2] for i in range(3)]
        else:
            rates += _turned(rng, [symbols[column] for column in own], slopes[0])
        laws += added
    weights = [_rounded(rng, -0.5, 0.5) for _ in names]
    factor = _rounded(rng, 1.3, 2.0) + sympy.sin(sum(map(sympy.Mul, weights, symbols)))
    rates = [factor * rate for rate in rates]
    if dissipative:
        total = sum(law.sympy() for law in laws)
        loss = [_rounded(rng, 0.02, 0.06) for _ in names]
        rates = [
            rate - own * total.diff(symbol)
            for rate, own, symbol in zip(rates, loss, symbols, strict=True)
        ]
    return PlantedSystem(
        name=f"{'dissipative' if dissipative else 'planted'}_{columns}_{seed}",
        seed=seed,
        names=names,
        planted=tuple(laws),
        dissipative=dissipative,
        flow=sympy.lambdify(symbols, rates, modules="numpy", cse=True),
    )


def _turned(rng: np.random.Generator, symbols: Sequence[Any], slopes: Sequence[Any]) -> list[Any]:
    """A ∇g, A antisymmetric and generic; of odd size its entries bend with other columns."""
    import sympy

    size = len(symbols)
    rates: list[Any] = [sympy.S.Zero] * size
    for i in range(size):
        for j in range(i):
            entry = _rounded(rng, 0.4, 1.2) * int(rng.choice([-1, 1]))
            if size % 2:
                others = [own for k, own in enumerate(symbols) if k not in (i, j)]
                entry += sum(_rounded(rng, -0.5, 0.5) * sympy.sin(own) for own in others)
            rates[i] += entry * slopes[j]
            rates[j] -= entry * slopes[i]
    return rates


def _law(rng: np.random.Generator, names: Sequence[str], own: Sequence[int]) -> Law:
    """A sum of 3 to 10 terms in some columns, of which some hold the motion together."""
    used = [names[column] for column in own]
    terms: dict[str, float] = {}
    for name in used:
        for term in rng.choice(_HOLDING).format(name).split():
            terms[term] = _rounded(rng, 0.3, 1.2)
    wanted = min(10, max(3, len(terms) + int(rng.integers(1, len(used) + 2))))
    while len(terms) < wanted:
        template, (one, other) = str(rng.choice(_FREE)), rng.choice(used, 2, replace=False)
        if template in _SYMMETRIC:
            one, other = sorted((one, other))
        terms.setdefault(
            template.format(one, other),
            _rounded(rng, 0.1, 0.6) * int(rng.choice([-1, 1])),
        )
    text = " + ".join(f"{number!r}*{term}" for term, number in terms.items())
    (unit,) = coherent_units(["dimensionless"])
    columns = tuple(Column(name, unit) for name in names)
    law = known_law(_dataset("planted", columns, [_nothing(len(names))], text))
    assert law is not None
    return law.tidied()


_HOLDING = ("{0}**2", "{0}**2", "{0}**4", "exp({0}) {0}**2", "exp(-{0}) {0}**2")
_FREE = ("{0}*{1}", "{0}**2*{1}", "{0}**2*{1}**2", "{0}**3", "cos({0})", "cos({1})", "exp({0})",
         "exp(-{1})", "{0}")  # fmt: skip
_SYMMETRIC = ("{0}*{1}", "{0}**2*{1}**2")


def _rounded(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 3)


def _starts(rng: np.random.Generator, count: int, columns: int) -> Array:
    return rng.uniform(-1.4, 1.4, (count, columns))


def _integrated(
    system: PlantedSystem, starts: Array, rtol: float, atol: float
) -> list[Trajectory] | None:
    """All trajectories in one integration; None where one of them leaves or comes to a halt."""
    from scipy.integrate import solve_ivp

    def flow(t: float, flat: Array) -> Array:
        return system.rates(t, flat.reshape(starts.shape)).ravel()

    def left(t: float, flat: Array) -> float:
        return _FARTHEST - float(np.abs(flat).max())

    left.terminal = True  # type: ignore[attr-defined]
    times = np.linspace(0.0, system.span, SAMPLES)
    with np.errstate(all="ignore"):
        solution = solve_ivp(
            flow, (0.0, system.span), starts.ravel(),
            method="DOP853", t_eval=times, rtol=rtol, atol=atol, events=left,
        )  # fmt: skip
    if solution.status != 0 or not np.isfinite(solution.y).all():
        return None
    states = np.moveaxis(solution.y.reshape(*starts.shape, -1), -1, 1)
    return [
        Trajectory(str(number), times, np.ascontiguousarray(own), system.rates(times, own))
        for number, own in enumerate(states)
    ]


def _accepted(system: PlantedSystem, rng: np.random.Generator) -> PlantedSystem | None:
    """The system with its data, if it is bounded, moves, and has no laws but its own."""
    columns = len(system.names)
    starts = _starts(rng, TRAJECTORIES, columns)
    speed = np.sqrt(np.mean(system.rates(0.0, starts) ** 2) / np.mean(starts**2))
    system = replace(system, span=float(TURNS * 2 * np.pi / speed))
    trial = _integrated(system, starts, 1e-6, 1e-8)
    if trial is None:
        return None
    turns = [max(_turns(own.states), 0.5) for own in trial]
    factor = min(TURNS / np.median(turns), MOST_TURNS / max(turns), 3.0)
    system = replace(system, span=float(system.span * factor))
    whole = _integrated(system, starts, RTOL, ATOL)
    if whole is None or not _moves(whole) or (system.dissipative and not _spirals(system, whole)):
        return None
    if columns > 3 or system.dissipative:
        states = np.concatenate([own.states for own in whole])
        slopes = np.concatenate([own.derivatives for own in whole])
        others = _starts(rng, 50, columns)
        if rank(wide_null_space(states, slopes), others) > len(system.laws):
            return None
    (unit,) = coherent_units(["dimensionless"])
    data = _dataset(system.name, tuple(Column(own, unit) for own in system.names), whole, "")
    object.__setattr__(system, "dataset", data)
    return system


def _dataset(
    name: str, columns: tuple[Column, ...], whole: Sequence[Trajectory], invariant: str
) -> Dataset:
    (unit,) = coherent_units(["dimensionless"])
    return Dataset(
        name=name,
        columns=columns,
        time_unit=unit,
        train=tuple(whole[:TRAINING]),
        test=tuple(whole[TRAINING:]),
        derivative="exact",
        source="planted",
        invariant=invariant,
    )


def _nothing(columns: int) -> Trajectory:
    return Trajectory("0", np.zeros(1), np.zeros((1, columns)), np.zeros((1, columns)))


def _turns(states: Array) -> float:
    """How often the column that moves most crosses its mean, over two."""
    own = states[:, np.argmax(states.std(0))]
    return float(np.count_nonzero(np.diff(np.sign(own - own.mean())))) / 2


def _moves(whole: Sequence[Trajectory]) -> bool:
    """Whether most trajectories come round, and every column has its part in it."""
    turns = np.array([_turns(own.states) for own in whole])
    parts = np.median([own.states.std(0) for own in whole], axis=0)
    return bool(np.mean(turns >= 2) >= 0.75 and (parts > 0.05).all())


def _spirals(system: PlantedSystem, whole: Sequence[Trajectory]) -> bool:
    """Whether every law is lost, and most trajectories still come round at the end."""
    last = [own.states[-SAMPLES // 3 :] for own in whole]
    first = [own.states[: SAMPLES // 3] for own in whole]
    left = np.median(
        [np.mean(a.std(0)) / np.mean(b.std(0)) for a, b in zip(last, first, strict=True)]
    )
    for law in system.planted:
        values = np.array([law(own.states) for own in whole])
        if np.median(np.abs(values[:, -1] - values[:, 0])) < 0.1 * values[:, 0].std():
            return False
    return bool(left > 0.15 and np.mean([_turns(own) >= 1 for own in last]) >= 0.75)
