"""dx/dt of own data: given by columns, nothing for constants, else estimated, else unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.constancy import constant_columns
from noether_sym.datasets.dataset import LARGEST, NO_DERIVATIVE
from noether_sym.datasets.derivatives import INTERPOLATED, SMOOTHED, estimate_derivatives
from noether_sym.datasets.readers.roles import Roles
from noether_sym.errors import DatasetError
from noether_sym.spelling import spelt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = list[NDArray[np.float64]]


def slopes(
    path: Path,
    roles: Roles,
    clocks: Arrays,
    states: Arrays,
    numbers: Sequence[Mapping[str, NDArray[np.float64]]],
) -> tuple[Arrays, str]:
    """dx/dt of every segment, and where it comes from, in words.

    Parameters
    ----------
    path : Path
        For messages.
    roles : Roles
    clocks, states : lists of arrays of shape (time,) and (time, column)
        One a segment.
    numbers : sequence of mapping
        All columns by name, the rates among them; one a segment.

    Returns
    -------
    derivatives : list of array of shape (time, column)
    words : str

    Raises
    ------
    DatasetError
        If dx/dt cannot be estimated, or only some columns have a rate and there is no time.
    """
    found = [np.zeros_like(one) for one in states]
    if roles.time is None and not roles.rates:
        return found, NO_DERIVATIVE
    constant = {*(constant_columns(states) if roles.ordered else ())}
    constant |= {roles.states.index(name) for name in roles.parameters}
    rest = []
    for place, name in enumerate(roles.states):
        if name in roles.rates:
            for own, one in zip(found, numbers, strict=True):
                own[:, place] = one[roles.rates[name]]
        elif place not in constant:
            rest.append(place)
    if not rest:
        return found, f"exact, given by {', '.join(roles.rates.values())}"
    names = [roles.states[place] for place in rest]
    if roles.time is None:
        wanted = ",".join(f"{name}=COLUMN" for name in names)
        mapping = ", ".join(f"{name!r}: COLUMN" for name in names)
        raise DatasetError(
            f"{path}: no rate of change of {', '.join(names)} is given, and there is no time to "
            f"estimate it from; give {spelt(f'--rates {wanted}', f'rates={{{mapping}}}')} too, or "
            f"leave them out with {spelt('--columns')}"
        )
    parts = [(clock, one[:, rest]) for clock, one in zip(clocks, states, strict=True)]
    rates, penalties = estimated(path, parts)
    for own, slope in zip(found, rates, strict=True):
        own[:, rest] = slope
    words = _words(names, penalties)
    if roles.rates:
        given = ", ".join(f"{rate} of {name}" for name, rate in roles.rates.items())
        words += f"; given: {given}"
    return found, words


def estimated(
    path: Path, samples: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> tuple[Arrays, tuple[float, ...]]:
    """dx/dt of samples, and the penalties, as `estimate_derivatives` returns them.

    Raises
    ------
    DatasetError
        If it cannot be estimated, or is too large to compute with.
    """
    try:
        with np.errstate(all="ignore"):
            derivatives, penalties = estimate_derivatives(samples)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise DatasetError(
            f"{path}: dx/dt cannot be estimated ({error}); the steps in time are too uneven, "
            "leave out samples that nearly coincide"
        ) from error
    if not all(np.isfinite(one).all() and np.max(np.abs(one)) <= LARGEST for one in derivatives):
        raise DatasetError(
            f"{path}: dx/dt is too large to compute with; leave out samples that nearly coincide, "
            "or give the time in a smaller unit"
        )
    return derivatives, penalties


def _words(names: Sequence[str], penalties: Sequence[float]) -> str:
    smoothed = [name for name, penalty in zip(names, penalties, strict=True) if penalty]
    if not smoothed:
        return INTERPOLATED
    if len(smoothed) == len(names):
        return SMOOTHED
    return f"{SMOOTHED}, of {', '.join(smoothed)}; {INTERPOLATED} of the others"
