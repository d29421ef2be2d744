"""Whether a law tells anything of trajectories that other laws do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.parts import trial_numbers
from noether_sym.verdict.constancy import constancy
from noether_sym.verdict.spread import spread_between

_MOST = 1.0
"""What may change along trajectories, over what is left between them, from which on nothing is."""


def tells_more(
    values: Sequence[NDArray[np.float64]],
    others: Sequence[NDArray[np.float64]],
    trials: Sequence[str],
    resolution: float,
) -> bool:
    """Whether values differ between trajectories by what other laws do not tell.

    In noise a law in other words may look like another one by its gradient, which swings where the
    data allow it to. Its values do not: hardly anything is left of them after a linear fit of the
    means of trajectories to those of the others.

    Parameters
    ----------
    values : sequence of arrays of shape (sample,)
        Of a law along each trajectory.
    others : sequence of arrays of shape (law, sample)
        Of the other laws there.
    trials, resolution
        See `noether_sym.verdict.constancy.constancy`.

    Returns
    -------
    bool
        True where there are too few trials to say.
    """
    trial_count = len({*trial_numbers(trials, len(values))})
    freedom = trial_count - 1 - (len(others[0]) if others else 0)
    if freedom < 1:
        return True
    means = np.array([own.mean() for own in values])
    beside = np.array([own.mean(1) for own in others])
    beside -= beside.mean(0)
    sizes = np.abs(beside).max(0)
    units = np.where(sizes > 0, sizes, 1.0)
    factors = np.linalg.lstsq(beside / units, means - means.mean(), rcond=None)[0] / units
    left = [own - factors @ other for own, other in zip(values, others, strict=True)]
    spread = spread_between(left, trials=trials) * float(np.sqrt((trial_count - 1) / freedom))
    return constancy(left, resolution=resolution, trials=trials).within(spread) <= _MOST
