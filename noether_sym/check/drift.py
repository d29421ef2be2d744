"""How a quantity changes along trajectories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from noether_sym.datasets.dataset import Trajectory
from noether_sym.laws.law import Law


@dataclass(frozen=True, slots=True)
class Drift:
    """How a quantity changes along trajectories, over its spread on the surrogate.

    Attributes
    ----------
    slope : float
        Root mean square over trajectories of the change per period (or per trajectory) that
        a straight line through the values shows.
    deviation : float
        Root mean square of what the values differ from their mean along each segment.
    largest : float
        Largest such difference.
    """

    slope: float
    deviation: float
    largest: float


def drift_along(
    law: Law,
    trajectories: Sequence[Trajectory],
    window: int | None,
    period: int | None,
    spread: float,
) -> Drift | None:
    """Drift over some trajectories; None where the law is not finite or has no spread.

    Parameters
    ----------
    law : Law
    trajectories : sequence of Trajectory
    window, period : int or None
        Samples of a segment and of about a period; None for whole trajectories.
    spread : float
        From `noether_sym.statistics.conservation.spread_on_surrogate`.
    """
    slopes, squares, largest, dof = [], 0.0, 0.0, 0
    for trajectory in trajectories:
        for piece in trajectory.segments():
            value = law(piece.states)
            if len(piece) < 3 or not np.isfinite(value).all():
                continue
            times = piece.times - piece.times.mean()
            length = piece.times[-1] - piece.times[0]
            if period is not None:
                length = min(length, period * float(np.median(np.diff(piece.times))))
            slopes.append(float(times @ value) / float(times @ times) * length)
            size = len(piece) if window is None else window
            for begin in range(0, max(1, len(piece) - size + 1), size):
                part = value[begin : begin + size]
                squares += float(((part - part.mean()) ** 2).sum())
                largest = max(largest, float(np.abs(part - part.mean()).max()))
                dof += len(part) - 1
    if not slopes or not spread > 0:
        return None
    slope = math.sqrt(sum(own**2 for own in slopes) / len(slopes))
    return Drift(slope / spread, math.sqrt(squares / max(dof, 1)) / spread, largest / spread)
