"""The validation part: training data that no network sees before a law is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.windows import choose_window
from noether_sym.tailor.rollout import prediction_pieces, windows

SHARE = 0.2
"""Of the training trajectories, or of the time of each, that is held out."""

FEWEST_TO_SPLIT = 4
"""Trajectories from which on whole ones are held out; of fewer, the end of each."""

_SHORTEST = 2
"""Samples of either part at least: a start, and a state to predict."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The training part in two.

    Attributes
    ----------
    fit : tuple of Trajectory
        What the networks of the choice are trained on.
    validation : tuple of Trajectory
        Sequences to predict, from their first states.
    note : str
        Which they are.
    """

    fit: tuple[Trajectory, ...]
    validation: tuple[Trajectory, ...]
    note: str


def split(train: Sequence[Trajectory]) -> Split:
    """Hold part of the training trajectories out, by one rule for all data.

    The last fifth of the trajectories, rounded down, but at least one; of fewer than four
    trajectories, the last fifth of the time of each. That stretch is cut into windows over
    which the states mix (about a period each), where it holds two of them or more, so that no
    single measured start decides. Trajectories that are too short to cut are fitted whole.

    Parameters
    ----------
    train : sequence of Trajectory

    Returns
    -------
    Split
        Its `validation` is empty where no trajectory is long enough.
    """
    if len(train) >= FEWEST_TO_SPLIT:
        count = max(1, int(len(train) * SHARE))
        held = "trajectory" if count == 1 else f"{count} trajectories"
        return Split(
            tuple(train[:-count]),
            tuple(prediction_pieces(train[-count:])),
            f"the last {held} for training",
        )
    pairs = [_cut_in_time(one) for one in train]
    fit = tuple(early for early, _ in pairs)
    window = choose_window(fit)
    late = [piece for _, rest in pairs if rest is not None for piece in windows(rest, window)]
    each = " of each trajectory" if len(train) > 1 else ""
    note = f"the last {SHARE:.0%} of the time{each} for training"
    return Split(fit, tuple(prediction_pieces(late)), note)


def _cut_in_time(trajectory: Trajectory) -> tuple[Trajectory, Trajectory | None]:
    first, last = trajectory.times[0], trajectory.times[-1]
    cut = int(np.searchsorted(trajectory.times, last - SHARE * (last - first)))
    cut = min(cut, len(trajectory) - _SHORTEST)
    if cut < _SHORTEST:
        return trajectory, None
    return trajectory.part(0, cut), trajectory.part(cut, len(trajectory))
