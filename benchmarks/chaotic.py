"""Systems in which nothing is conserved: the dissipative flows of the package dysts.

    pip install --no-deps dysts

Gilpin 2021 (arXiv 2110.05266). Only the equations and the starting states are read, from the
file of the installed package; the package is not imported, for that would need a dozen more.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import MissingError, plain
from noether_sym.datasets.dataset import Dataset

Array = NDArray[np.float64]

TRAJECTORIES, SAMPLES = 16, 160
"""Of a data set, and samples of each: as many as of a planted system."""

PERIODS, TRANSIENT = 8.0, 4.0
"""Periods of a flow that are sampled, and that are dropped before, to be near its attractor."""

RTOL, ATOL = 1e-9, 1e-10
"""Tolerances of LSODA; the absolute one in standard deviations of the column."""

SPREAD = 0.3
"""Starting states lie about the published one by so many standard deviations of a column."""

_MOST = 1_000_000
"""Evaluations of a flow in one trajectory, beyond which it is too stiff."""

_FARTHEST = 1e3
"""Standard deviations from the published start, from which on a flow is not bounded."""

_TRIES = 3
"""Starts drawn for each trajectory that is wanted, on average, before a flow is given up."""


def names() -> tuple[str, ...]:
    """Autonomous flows without delay that are not Hamiltonian and contract volumes.

    Empty where the package is not installed.
    """
    return tuple(
        name
        for name, own in _records().items()
        if not (own["nonautonomous"] or own["delay"] or own["hamiltonian"])
        and sum(own["lyapunov_spectrum_estimated"] or [0.0]) < 0
    )


def trajectories(name: str, seed: int) -> Dataset:
    """Trajectories on and near the attractor: 16 of 160 samples over 8 of its periods.

    Four periods are dropped before. Starts are drawn about the published one.

    Raises
    ------
    MissingError
        If the package is not installed, or the integration fails or leaves the attractor.
    """
    from scipy.integrate import solve_ivp

    if name not in _records():
        raise MissingError(f"dysts is not installed or lacks {name}")
    record = _records()[name]
    flow = _flow(name)
    centre, size = (np.asarray(record[key], float) for key in ("initial_conditions", "std"))
    size = np.where(size > 0, size, 1.0)
    generator = np.random.default_rng([seed, *name.encode()])
    first = TRANSIENT * record["period"]
    times = first + np.linspace(0.0, PERIODS * record["period"], SAMPLES)
    parts: list[Array] = []
    for _ in range(_TRIES * TRAJECTORIES):
        if len(parts) == TRAJECTORIES:
            break
        start = centre + SPREAD * size * generator.standard_normal(len(centre))
        try:
            with np.errstate(all="ignore"):
                found = solve_ivp(
                    _counted(flow, centre, size), (0.0, times[-1]), start,
                    method="LSODA", t_eval=times, rtol=RTOL, atol=ATOL * size,
                )  # fmt: skip
        except (ArithmeticError, ValueError):
            continue
        if found.success and np.isfinite(found.y).all():
            parts.append(np.ascontiguousarray(found.y.T))
    if len(parts) < TRAJECTORIES:
        raise MissingError(f"{name}: only {len(parts)} of {TRAJECTORIES} trajectories integrate")
    labels = [f"x{number + 1}" for number in range(len(centre))]
    slopes = [np.array([flow(0.0, own) for own in part]) for part in parts]
    return plain(name, labels, parts, times - first, slopes)


def _counted(
    flow: Callable[[float, Array], Array], centre: Array, size: Array
) -> Callable[[float, Array], Array]:
    """The flow, which ends with an error where it is asked too often or from too far away."""
    calls = 0

    def counted(t: float, state: Array) -> Array:
        nonlocal calls
        calls += 1
        if calls > _MOST or not np.abs((state - centre) / size).max() < _FARTHEST:
            raise ArithmeticError("too stiff, or not bounded")
        return flow(t, state)

    return counted


def _flow(name: str) -> Callable[[float, Array], Array]:
    made = _classes()[name]()
    parameters = {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in _records()[name]["parameters"].items()
    }
    made.params = parameters
    made.__dict__.update(parameters)
    if hasattr(made, "_rhs"):
        return lambda t, state: np.array(made._rhs(*state, t, **parameters), dtype=float)
    return lambda t, state: np.array(made.rhs(state, t), dtype=float)


def _folder() -> Path | None:
    found = importlib.util.find_spec("dysts")
    return None if found is None or found.origin is None else Path(found.origin).parent


@functools.cache
def _records() -> dict[str, Any]:
    folder = _folder()
    if folder is None:
        return {}
    path = folder / "data" / "chaotic_attractors.json"
    records: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return records


@functools.cache
def _classes() -> dict[str, Any]:
    """The classes of its file of flows, on an empty base: only their equations are used."""
    folder = _folder()
    assert folder is not None
    tree = ast.parse((folder / "flows.py").read_text(encoding="utf-8"))
    tree.body = [own for own in tree.body if isinstance(own, ast.ClassDef | ast.FunctionDef)]
    base = type("Flow", (), {})
    space: dict[str, Any] = {
        "np": np, "DynSys": base, "DynSysDelay": base, "staticjit": staticmethod,
        "__name__": "flows",
    }  # fmt: skip
    exec(compile(tree, "flows.py", "exec"), space)
    return space
