"""Noether's theorem: the symmetry that a conserved quantity generates.

In canonical coordinates a law g moves states along dq/ds = dg/dp, dp/ds = -dg/dq, and the
motion of the system is the same before and after. The energy moves them along time, a
momentum along its coordinate, an angular momentum around an axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.derive import without_derived
from noether_sym.errors import GrammarError
from noether_sym.laws.coordinates import Canonical, canonical_coordinates
from noether_sym.laws.expansion import expanded
from noether_sym.laws.law import Law, Symmetry

if TYPE_CHECKING:
    import sympy
    from numpy.typing import NDArray

    from noether_sym.datasets.dataset import Dataset

TIME = "time translation"
TRANSLATION = "translation"
ROTATION = "rotation"
PHASE = "phase rotation"
SCALING = "scaling"
UNNAMED = "unnamed"
NONE = "none"

PARALLEL = 0.05
"""Part of a flow's square that may not lie along the measured motion of time translation."""

_LINEAR = 1e-6
"""Deviation from a linear flow, or of a turn from antisymmetry, over the largest coefficient."""

_ZERO = 1e-7
"""Size of a coefficient, over the largest, up to which it is rounding."""

_SAME = 0.02
"""Relative difference of the factors of time up to which all trajectories have one."""

_SAMPLES = 600
"""States, up to twice as many, at which a flow is read, and as many shuffled ones."""


def with_symmetries(laws: tuple[Law, ...], dataset: Dataset) -> tuple[Law, ...]:
    """The same laws, each with the symmetry that it generates, named where it has a name.

    Parameters
    ----------
    laws : tuple of Law
    dataset : Dataset
        With the columns that the laws take. Its measured dx/dt tells time translations:
        the flow must be parallel to it, with one factor along each trajectory.
    """
    if not laws:
        return laws
    base = without_derived(dataset)
    canonical = canonical_coordinates(base)
    return tuple(law.with_(symmetry=_in_base(law, dataset, base, canonical)) for law in laws)


def flow(law: Law, pairs: tuple[tuple[int, int], ...]) -> dict[int, sympy.Expr]:
    """Formulas of the flow that a law generates.

    Parameters
    ----------
    law : Law
    pairs : tuple of (int, int)
        Columns (q, p), as in `Symmetry.pairs`.

    Returns
    -------
    dict
        From column to its rate by s, an exact SymPy expression in the symbols of
        `Law.sympy`.
    """
    import sympy

    law = law.expanded or law
    formula = law.sympy()
    symbols = [sympy.Symbol(name, real=True) for name, _ in law.inputs]
    rates = {}
    for q, p in pairs:
        rates[q] = formula.diff(symbols[p])
        rates[p] = -formula.diff(symbols[q])
    return rates


def _in_base(law: Law, dataset: Dataset, base: Dataset, canonical: Canonical) -> Symmetry:
    try:
        written_out = expanded(law, dataset)
    except GrammarError:
        return Symmetry(NONE, "the law is too long to be written in the columns of the data")
    return _symmetry(written_out, base, canonical)


def _symmetry(law: Law, dataset: Dataset, canonical: Canonical) -> Symmetry:
    if not canonical.pairs:
        return Symmetry(NONE, canonical.note)
    paired = {column for pair in canonical.pairs for column in pair}
    alone = sorted(law.expression.inputs - paired - set(dataset.parameters))
    if alone:
        name = dataset.names[alone[0]]
        return Symmetry(NONE, f"the law reads {name}, which has no canonical partner")
    names = dataset.names
    linear = _linear_flow(law, dataset, canonical)
    time = _time_factors(law, dataset, canonical)
    found = linear and (_translation(linear, names) or _rotation(linear, names))
    factor = None
    if not found and time is not None:
        found, factor = _time_translation(time)
    found = found or (linear and (_phase_rotation(linear, names) or _scaling(linear, names)))
    name, about = found or (UNNAMED, "")
    return Symmetry(name, about, canonical.pairs, canonical.note, factor)


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """A flow M x + b; entries that are nothing but rounding are exactly zero.

    `matrix` has rows and columns by column of the data.
    """

    pairs: tuple[tuple[int, int], ...]
    matrix: NDArray[np.float64]
    constant: NDArray[np.float64]

    @property
    def coordinates(self) -> list[int]:
        return [q for q, _ in self.pairs]

    @property
    def momenta(self) -> list[int]:
        return [p for _, p in self.pairs]

    def block(self, rows: list[int], columns: list[int]) -> NDArray[np.float64]:
        """The entries of some rows and columns."""
        return self.matrix[np.ix_(rows, columns)]


def _flow_at(
    law: Law, states: NDArray[np.float64], pairs: tuple[tuple[int, int], ...]
) -> NDArray[np.float64]:
    """The flow at states of shape (sample, column); zero outside the pairs."""
    with np.errstate(all="ignore"):
        gradient = law.gradient(states)
    moved = np.zeros_like(gradient)
    for q, p in pairs:
        moved[:, q], moved[:, p] = gradient[:, p], -gradient[:, q]
    return moved


def _linear_flow(law: Law, dataset: Dataset, canonical: Canonical) -> _Linear | None:
    """Read a flow as M x + b at the data and at shuffled data; None if it is not."""
    states = np.concatenate([one.states for one in dataset.train])
    states = states[:: max(1, len(states) // _SAMPLES)]
    order = np.random.default_rng(0)
    shuffled = np.stack([order.permutation(column) for column in states.T], axis=1)
    points = np.concatenate([states, shuffled])
    moved = _flow_at(law, points, canonical.pairs)
    finite = np.isfinite(moved).all(1)
    points, moved = points[finite], moved[finite]
    if len(points) <= points.shape[1] + 1:
        return None
    centre, spread = points.mean(0), points.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    basis = np.hstack([np.ones((len(points), 1)), (points - centre) / spread])
    solved, *_ = np.linalg.lstsq(basis, moved / spread, rcond=None)
    size = float(np.abs(solved).max())
    if not size > 0 or np.abs(moved / spread - basis @ solved).max() > _LINEAR * size:
        return None
    slopes = np.where(np.abs(solved[1:]) > _ZERO * size, solved[1:], 0.0).T
    matrix = slopes * spread[:, None] / spread
    constant = spread * solved[0] - matrix @ centre
    rounding = _ZERO * size * spread * (1.0 + np.abs(centre / spread).max())
    return _Linear(canonical.pairs, matrix, np.where(np.abs(constant) > rounding, constant, 0.0))


def _time_factors(law: Law, dataset: Dataset, canonical: Canonical) -> NDArray[np.float64] | None:
    """dx/ds over dx/dt of each trajectory; None where they are not parallel.

    Columns count by their spread, so that units do not matter.
    """
    columns = [column for pair in canonical.pairs for column in pair]
    every = np.concatenate([one.states for one in dataset.train])
    spread = every[:, columns].std(0)
    spread = np.where(spread > 0, spread, 1.0)
    factors, rest, total = [], 0.0, 0.0
    for trajectory in dataset.train:
        moved = _flow_at(law, trajectory.states, canonical.pairs)[:, columns] / spread
        motion = trajectory.derivatives[:, columns] / spread
        finite = np.isfinite(moved).all(1)
        moved, motion = moved[finite], motion[finite]
        square, along = float((moved**2).sum()), float((moved * motion).sum())
        speed = float((motion**2).sum())
        if speed == 0 or along == 0:
            continue
        factors.append(square / along)  # noise in dx/dt does not make it smaller
        rest += square - along**2 / speed
        total += square
    return np.array(factors) if total > 0 and rest <= PARALLEL * total else None


def _time_translation(factors: NDArray[np.float64]) -> tuple[tuple[str, str], float | None]:
    middle = float(np.median(factors))
    if np.abs(factors - middle).max() <= _SAME * abs(middle):
        return (TIME, f"the flow is {middle:.3g} times the motion dx/dt"), middle
    low, high = float(factors.min()), float(factors.max())
    return (
        TIME,
        "the flow is the motion dx/dt times a factor that is constant along each trajectory, "
        f"{low:.3g} to {high:.3g}",
    ), None


def _translation(own: _Linear, names: tuple[str, ...]) -> tuple[str, str] | None:
    if own.matrix.any():
        return None
    moving = [names[column] for column in range(len(names)) if own.constant[column]]
    return (TRANSLATION, f"in {_listed(moving)}") if moving else None


def _rotation(own: _Linear, names: tuple[str, ...]) -> tuple[str, str] | None:
    qs, ps = own.coordinates, own.momenta
    turn = own.block(qs, qs)
    if own.block(qs, ps).any() or own.block(ps, qs).any() or not turn.any():
        return None
    if np.abs(turn + turn.T).max() > _LINEAR * np.abs(turn).max():
        return None
    still = [c for c in (*qs, *ps) if not own.matrix[c].any()]
    if own.constant[still].any():
        return None
    planes = [
        f"({names[qs[a]]}, {names[qs[b]]})"
        for a in range(len(qs))
        for b in range(a + 1, len(qs))
        if turn[a, b]
    ]
    noun = "plane" if len(planes) == 1 else "planes"
    return ROTATION, f"in the {noun} {_listed(planes)}"


def _phase_rotation(own: _Linear, names: tuple[str, ...]) -> tuple[str, str] | None:
    qs, ps = own.coordinates, own.momenta
    speed, force = own.block(qs, ps), own.block(ps, qs)
    if own.block(qs, qs).any() or own.block(ps, ps).any() or not (speed.any() and force.any()):
        return None
    # scaled so that coordinates and momenta of unlike size weigh alike
    scale = np.sqrt(np.abs(force).max() / np.abs(speed).max())
    whole = np.block([[np.zeros_like(speed), speed * scale], [force / scale, np.zeros_like(force)]])
    moving = int(whole.any(1).sum())
    values = np.linalg.eigvals(whole)
    turning = np.abs(values.imag) > 1e-4 * np.abs(whole).max()
    if int(turning.sum()) != moving or np.abs(values.real).max() > 1e-6 * np.abs(values).max():
        return None
    involved = [names[q] for row, q in enumerate(qs) if speed[row].any() or force[:, row].any()]
    mixed = (speed - np.diag(np.diag(speed))).any() or (force - np.diag(np.diag(force))).any()
    noun = "oscillator" if len(involved) == 1 else "oscillators"
    return PHASE, f"{'between' if mixed else 'of'} the {noun} {_listed(involved)}"


def _scaling(own: _Linear, names: tuple[str, ...]) -> tuple[str, str] | None:
    diagonal = np.diag(own.matrix)
    if not diagonal.any() or (own.matrix - np.diag(diagonal)).any():
        return None
    if own.constant[[column for column in range(len(names)) if not diagonal[column]]].any():
        return None
    return SCALING, f"of {_listed([names[q] for q in own.coordinates if diagonal[q]])}"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
