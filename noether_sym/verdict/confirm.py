"""The verdict on single laws, by trajectories that took no part in the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.points import angles
from noether_sym.errors import GrammarError
from noether_sym.laws.expansion import expanded
from noether_sym.laws.law import Evidence, Law
from noether_sym.noise import dataset_noise
from noether_sym.noise.adjusted import adjusted
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
        samples = make_samples(dataset.train, window=None, seed=0)
        moving = ~samples.still[list(dataset.base_columns)]
        frame = Frame.of(samples, dataset)
        self._frame = replace(frame, spread=np.where(moving, frame.spread, 0.0))
        total = sum(map(len, trajectories))
        step = -(-total // _MOST_SAMPLES)
        self._trajectories = [own.every(step) for own in trajectories]
        self._sigma = dataset_noise(dataset).noise.sigma
        self._angles = angles(dataset)
        self._motions: dict[frozenset[int], Motion] = {}

    def evidence(self, law: Law) -> Evidence:
        """The verdict on a law whose constants are fixed."""
        features = [self._features(law, own) for own in self._trajectories]
        kept = [np.isfinite(own).all(0) for own in features]
        usable = list(zip(self._trajectories, features, kept, strict=True))
        spread = self._spread(law)
        natural = root_mean_square(*self._frame.scaled_gradients(law))
        return decide(
            [own.times[there] for own, _, there in usable],
            [rows[0, there] for _, rows, there in usable],
            self._motion(law),
            spread=spread,
            natural=natural or spread,  # of a column that never moves, how it differs
            tangents=[rows[2:, there].T for _, rows, there in usable],
            noise=[rows[1, there] for _, rows, there in usable],
        )

    def _features(self, law: Law, trajectory: Trajectory) -> NDArray[np.float64]:
        """Values without the noise's bias, the variance of their noise, errors by constants."""
        whole = _written_out(law, self._dataset)
        errors = np.array([own.stderr or 0.0 for own in whole.parameters])
        with np.errstate(all="ignore"):
            own = adjusted(whole.expression, whole.values, trajectory.states.T, self._sigma)
            changes = own.features[1:] * errors[:, None]
            return np.vstack([own.features[:1], own.covariance[0, 0][None], changes])

    def _spread(self, law: Law) -> float:
        with np.errstate(all="ignore"):
            values = [law(own.states) for own in self._dataset.train]
        return spread_between([own[np.isfinite(own)] for own in values])

    def _motion(self, law: Law) -> Motion:
        read = law.expression.inputs
        if read not in self._motions:
            self._motions[read] = motion(self._trajectories, sorted(read), self._angles)
        return self._motions[read]


def _written_out(law: Law, dataset: Dataset) -> Law:
    """In the columns that carry noise of their own; as it is where that would be too long."""
    try:
        return expanded(law, dataset)
    except GrammarError:
        return law
