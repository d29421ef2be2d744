"""Whether samples lie close enough to follow a formula, which may turn faster than its columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.laws.law import Law
from noether_sym.verdict.gradients import Frame, trimmed_mean


def resolution_of(
    law: Law,
    frame: Frame,
    lengths: Sequence[int],
    sigma: NDArray[np.float64],
    turning: Collection[int],
    spread: float,
) -> float:
    """Correlation of a formula from one sample to the next, by its gradient and the steps between.

    Of a wave with so small a step it is 1 - step**2/2, beside a variance of 1/2. What a law changes
    to first order is noise alone, which is taken off.

    Parameters
    ----------
    law : Law
    frame : Frame
        Samples of trajectories, one after the other.
    lengths : sequence of int
        Numbers of samples of the trajectories.
    sigma : array of shape (base column,)
        Standard deviation of each column's noise.
    turning : collection of int
        Columns that are angles, which may go round from one sample to the next.
    spread : float
        Standard deviation of the formula where its columns vary independently.
    """
    gradients, unit = frame.scaled_gradients(law)
    base = list(frame.dataset.base_columns)
    moves = frame.spread > 0
    scale = np.where(moves, frame.spread, 1.0)
    steps = np.diff(frame.states[:, base], axis=0)
    for column in set(turning) & set(base):
        steps[:, column] = (steps[:, column] + np.pi) % (2.0 * np.pi) - np.pi
    noise = 2.0 * (np.where(moves, sigma[base], 0.0) / scale) ** 2
    middle = (gradients[1:] + gradients[:-1]) / 2.0
    squared = (middle * np.where(moves, steps / scale, 0.0)).sum(1) ** 2
    within = np.ones(len(steps), dtype=bool)
    within[np.cumsum(lengths)[:-1] - 1] = False
    if not within.any() or not spread > 0:
        return 1.0
    change = trimmed_mean(squared[within]) - trimmed_mean((middle**2 @ noise)[within])
    return 1.0 - 0.5 * max(change, 0.0) * (unit / spread) ** 2
