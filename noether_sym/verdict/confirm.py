"""The verdict on single laws, by trajectories that took no part in the search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.points import angles
from noether_sym.dsl.expression import PARAMETER
from noether_sym.laws.law import Evidence, Law
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.constancy import spread_between
from noether_sym.verdict.decision import decide
from noether_sym.verdict.gradients import Frame, root_mean_square
from noether_sym.verdict.motion import Motion, motion

_MOST_SAMPLES = 50_000


class Confirmation:
    """Trajectories on which laws are confirmed.

    Parameters
    ----------
    dataset : Dataset
        Its training part is what the natural spread of a law is taken from.
    trajectories : sequence of Trajectory
        Those that confirm.
    """

    def __init__(self, dataset: Dataset, trajectories: Sequence[Trajectory]) -> None:
        self._dataset = dataset
        self._frame = Frame.of(make_samples(dataset.train, window=None, seed=0), dataset)
        total = sum(map(len, trajectories))
        step = -(-total // _MOST_SAMPLES)
        self._trajectories = [own.every(step) for own in trajectories]
        self._angles = angles(dataset)
        self._motions: dict[frozenset[int], Motion] = {}

    def evidence(self, law: Law) -> Evidence:
        """The verdict on a law whose constants are fixed."""
        with np.errstate(all="ignore"):
            values = [law(own.states) for own in self._trajectories]
            tangents = [_tangents(law, own.states) for own in self._trajectories]
        finite = [np.isfinite(own) for own in values]
        pairs = list(zip(self._trajectories, finite, strict=True))
        times = [own.times[kept] for own, kept in pairs]
        return decide(
            times,
            [own[kept] for own, kept in zip(values, finite, strict=True)],
            self._motion(law),
            spread=self._spread(law),
            natural=root_mean_square(*self._frame.scaled_gradients(law)),
            tangents=[own[kept] for own, kept in zip(tangents, finite, strict=True)],
        )

    def _spread(self, law: Law) -> float:
        with np.errstate(all="ignore"):
            values = [law(own.states) for own in self._dataset.train]
        return spread_between([own[np.isfinite(own)] for own in values])

    def _motion(self, law: Law) -> Motion:
        read = law.expression.inputs
        if read not in self._motions:
            self._motions[read] = motion(self._trajectories, sorted(read), self._angles)
        return self._motions[read]


def _tangents(law: Law, states: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a standard error of each constant changes, shape (sample, constant).

    0 where it is not finite or not known.
    """
    _, slopes = law.expression.linearise(np, list(states.T), law.values, PARAMETER)
    errors = [own.stderr or 0.0 for own in law.parameters]
    columns = [np.broadcast_to(slope * errors[slot], len(states)) for slot, slope in slopes.items()]
    table = np.stack([*columns], 1) if columns else np.zeros((len(states), 0))
    return np.where(np.isfinite(table), table, 0.0)
