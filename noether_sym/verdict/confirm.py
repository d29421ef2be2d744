"""The verdict on single laws, by trajectories that took no part in the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.points import angles
from noether_sym.errors import GrammarError
from noether_sym.laws.expansion import expanded
from noether_sym.laws.law import LAW, Evidence, Law
from noether_sym.noise import dataset_noise
from noether_sym.noise.adjusted import adjusted
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.constancy import spread_between
from noether_sym.verdict.constants import MOST_SAMPLES, Refitting, noise_of
from noether_sym.verdict.decision import decide
from noether_sym.verdict.gradients import Frame, root_mean_square
from noether_sym.verdict.motion import motion

_SURE = 1e-6
_NEAR = 0.3


class Confirmation:
    """Trajectories on which laws are confirmed.

    Parameters
    ----------
    dataset : Dataset
        Its training part is what the spread of a law is taken from.
    trajectories : sequence of Trajectory
        Those that confirm.
    fitted : sequence of Trajectory
        To which the constants of laws may be fitted; none to keep them as they are.

    Attributes
    ----------
    sigma : array of shape (column,)
        Standard deviation of each column's noise.
    """

    def __init__(
        self,
        dataset: Dataset,
        trajectories: Sequence[Trajectory],
        fitted: Sequence[Trajectory] = (),
    ) -> None:
        self._dataset = dataset
        samples = make_samples(dataset.train, window=None, seed=0).thinned(MOST_SAMPLES)
        moving = ~samples.still[list(dataset.base_columns)]
        frame = Frame.of(samples, dataset)
        self._frame = replace(frame, spread=np.where(moving, frame.spread, 0.0))
        self._confirming = _Stack.of(trajectories)
        self._every = _Stack.of(dataset.train)
        self.sigma = dataset_noise(dataset).noise.sigma
        self._refitting = Refitting(dataset, fitted, self.sigma) if fitted else None
        self._motion = motion(self._confirming.trajectories, dataset.base_columns, angles(dataset))

    def confirmed(self, law: Law) -> Law:
        """The law with its evidence; where noise may decide, constants without its bias."""
        found = self.evidence(law)
        sure = found.verdict == LAW and found.chance < _SURE
        if self._refitting is not None and self.sigma.any() and found.within < _NEAR and not sure:
            other = self._refitting.law(law)
            again = self.evidence(other)
            if again.verdict == LAW and again.chance < found.chance:
                return other.with_(evidence=again)
        return law.with_(evidence=found)

    def refitted(self, law: Law) -> Law:
        """The law with constants without the noise's bias, where there is noise."""
        return self._refitting.law(law) if self._refitting and self.sigma.any() else law

    def variations(self, law: Law) -> NDArray[np.float64]:
        """Variance along each confirming trajectory, in units of the law's squared gradients."""
        stack = self._confirming
        gradients, unit = replace(self._frame, states=stack.states.T).scaled_gradients(law)
        lengths = stack.split((gradients**2).sum(1))
        with np.errstate(all="ignore"):  # what is not finite varies
            pairs = zip(stack.split(law(stack.states.T) / unit), lengths, strict=True)
            return np.array([own.var(ddof=1) / one.mean() for own, one in pairs if len(own) > 1])

    def evidence(self, law: Law) -> Evidence:
        """The verdict on a law whose constants are fixed."""
        stack = self._confirming
        features = self._features(law)
        kept = stack.split(np.asarray(np.isfinite(features).all(0)))
        times = [own.times[there] for own, there in zip(stack.trajectories, kept, strict=True)]
        rows = [own[:, there] for own, there in zip(stack.split(features), kept, strict=True)]
        spread = self._spread(law)
        natural = root_mean_square(*self._frame.scaled_gradients(law))
        with np.errstate(all="ignore"):  # what overflows is no law
            return decide(
                times,
                [own[0] for own in rows],
                self._motion,
                spread=spread,
                natural=natural or spread,  # of a column that never moves, how it differs
                tangents=[own[2:].T for own in rows],
                noise=[own[1] for own in rows],
            )

    def _features(self, law: Law) -> NDArray[np.float64]:
        """Values without the noise's bias, the variance of their noise, errors by constants."""
        whole = _written_out(law, self._dataset)
        errors = np.array([own.stderr or 0.0 for own in whole.parameters])
        with np.errstate(all="ignore"):
            sigma = noise_of(law, self.sigma)
            own = adjusted(whole.expression, whole.values, self._confirming.states, sigma)
            changes = own.features[1:] * errors[:, None]
            return np.vstack([own.features[:1], own.covariance[0, 0][None], changes])

    def _spread(self, law: Law) -> float:
        with np.errstate(all="ignore"):
            values = self._every.split(law(self._every.states.T))
        return spread_between([own[np.isfinite(own)] for own in values])


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """Trajectories, thinned where they are long, and their states side by side."""

    trajectories: list[Trajectory]
    states: NDArray[np.float64]

    @classmethod
    def of(cls, trajectories: Sequence[Trajectory]) -> _Stack:
        step = -(-sum(map(len, trajectories)) // MOST_SAMPLES)
        chosen = [own.every(step) for own in trajectories]
        return cls(chosen, np.concatenate([own.states for own in chosen]).T)

    def split(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Values of shape (..., sample), by trajectory."""
        edges = np.cumsum([len(own) for own in self.trajectories])[:-1]
        return np.split(values, edges, axis=-1)


def _written_out(law: Law, dataset: Dataset) -> Law:
    """In the columns that carry noise of their own; as it is where that would be too long."""
    try:
        return expanded(law, dataset)
    except GrammarError:
        return law
