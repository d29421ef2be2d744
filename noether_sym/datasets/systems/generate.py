"""Integrate a built-in system into a data set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.datasets.systems.records import System
from noether_sym.errors import DatasetError
from noether_sym.units.coherent import coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

RTOL, ATOL = 1e-11, 1e-12


def generate(system: System, *, seed: int = 0, noise: float = 0.0) -> Dataset:
    """Integrate trajectories of a system.

    Parameters
    ----------
    system : System
    seed : int
        Of the starting states and of the noise, which have independent streams: the
        noise-free states are the same for every `noise`.
    noise : float
        Standard deviation of the Gaussian noise added to the states, in each column's
        own unit. dx/dt stays that of the noise-free state, as Greydanus et al. 2019
        generate it.

    Returns
    -------
    Dataset
        The same bits for the same arguments.

    Raises
    ------
    DatasetError
        If the noise or the seed is negative, or an integration fails.
    """
    if not (math.isfinite(noise) and noise >= 0):
        raise DatasetError(f"noise {noise} is not a standard deviation; give a number from 0 up")
    if seed < 0:
        raise DatasetError(f"seed {seed} is negative; give a whole number from 0 up")
    start_stream, noise_stream = np.random.default_rng(seed).spawn(2)
    trajectories = []
    for index in range(system.trajectories):
        times, states = integrate(system, system.start(start_stream))
        slopes = system.field(times, states)
        if noise:
            states = states + noise * noise_stream.standard_normal(states.shape)
        trajectories.append(Trajectory(str(index), times, states, slopes))
    *units, time_unit = coherent_units([*(unit for _, unit in system.columns), system.time_unit])
    return Dataset(
        name=system.name,
        columns=tuple(
            Column(name, unit) for (name, _), unit in zip(system.columns, units, strict=True)
        ),
        time_unit=time_unit,
        train=tuple(trajectories[: system.training]),
        test=tuple(trajectories[system.training :]),
        derivative="exact, of the noise-free state" if noise else "exact",
        source=system.source,
        canonical_pairs=system.canonical_pairs,
        invariant=next(iter(system.invariants), ""),
        notes=(f"Gaussian noise of standard deviation {noise:g} on every column",) if noise else (),
    )


def integrate(
    system: System, start: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Integrate one trajectory from a starting state of shape (column,).

    Returns
    -------
    times : array of shape (time,)
    states : array of shape (time, column)
    """
    from scipy.integrate import solve_ivp

    times = np.linspace(0.0, system.span, system.samples)
    solution = solve_ivp(
        system.field,
        (0.0, system.span),
        start,
        method="DOP853",
        t_eval=times,
        rtol=RTOL,
        atol=ATOL,
    )
    if not solution.success:
        raise DatasetError(f"{system.name}: integration from {start} failed: {solution.message}")
    return times, np.ascontiguousarray(solution.y.T)
