"""The verdict on single laws, by trajectories that took no part in the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.parts import trials_of
from noether_sym.datasets.points import angles
from noether_sym.errors import GrammarError
from noether_sym.laws.expansion import expanded
from noether_sym.laws.law import LAW, NOT_A_LAW, Evidence, Law
from noether_sym.noise import training_noise
from noether_sym.noise.adjusted import adjusted
from noether_sym.statistics.samples import cap, make_samples, of_samples
from noether_sym.verdict.constants import MOST_SAMPLES, Refitting, noise_of
from noether_sym.verdict.decision import decide
from noether_sym.verdict.gradients import Frame, root_mean_square, trimmed_mean
from noether_sym.verdict.leftout import LeftOut, Row
from noether_sym.verdict.more import tells_more
from noether_sym.verdict.motion import Motion, motion
from noether_sym.verdict.residuals import weights_of
from noether_sym.verdict.resolution import resolution_of
from noether_sym.verdict.spread import spread_between

_FEWEST = 3
"""Trials from which on each is judged with constants fitted to the others."""

_SURE = 1e-6
"""p-value below which constants are not fitted again."""

_NEAR = 0.3
"""Bound, over the spread, above which other constants would make no law."""

_LEAST_KEPT = 8
"""Samples that a trajectory keeps at least, however many there are."""


_REACH = 2.0
"""Standard deviations that a law has at most by its gradient: 1.4 of squares, 1.8 of sixth powers
of normal numbers."""

_WILD = 4.0
"""The same from which on the gradient says nothing of how far a quantity reaches."""


class Confirmation:
    """Trajectories on which laws are confirmed.

    Parameters
    ----------
    dataset : Dataset
        Its training part is what the spread of a law is taken from.
    trajectories : sequence of Trajectory
        Those that confirm.
    fitted : sequence of Trajectory
        To which the constants of laws may be fitted; none to keep them as they are. Where they
        are those that confirm, and of three trials at least, each is judged with constants that
        were fitted to others.

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
        self._independent = samples.surrogate[:, samples.weights > 0].T
        self._confirming = _Stack.of(trajectories)
        self._every = _Stack.of(dataset.train)
        noise = training_noise(dataset)
        self.sigma = noise.sigma
        noisy = self.sigma > 0
        self._doubt = np.divide(noise.error, self.sigma, out=np.zeros(len(noisy)), where=noisy)
        self._refitting = Refitting(dataset, fitted, self.sigma) if fitted else None
        shared = len(trials_of(fitted)) >= _FEWEST and tuple(fitted) == tuple(trajectories)
        self._left_out = LeftOut(dataset, fitted, self.sigma) if shared else None
        self._turning = angles(dataset)
        self._motion = motion(self._confirming.trajectories, dataset.base_columns, self._turning)

    def confirmed(self, law: Law) -> Law:
        """The law with its evidence; where noise may decide, constants without its bias."""
        found = self.evidence(law)
        if self._left_out is not None and self.sigma.any():
            # constants fitted to the same trajectories flatter: what is far from a law stays so
            if found.verdict != NOT_A_LAW or found.within < _NEAR:
                found = self.evidence_left_out(law, self._left_out)
            return law.with_(evidence=found)
        sure = found.verdict == LAW and found.chance < _SURE
        if self._refitting is not None and self.sigma.any() and found.within < _NEAR and not sure:
            other = self._refitting.law(law)
            again = self.evidence(other)
            if again.verdict == LAW and again.chance < found.chance:
                law, found = other, again
            found = replace(found, chance=min(1.0, 2.0 * found.chance))  # the better of two
        return law.with_(evidence=found)

    def evidence_of_others(self, law: Law) -> Evidence:
        """The verdict on a law with constants fitted to trajectories that do not judge it."""
        if self._left_out is not None:
            return self.evidence_left_out(law, self._left_out)
        return self.evidence(law if self._refitting is None else self._refitting.law(law))

    def refitted(self, law: Law) -> Law:
        """The law with constants without the noise's bias, where there is noise."""
        return self._refitting.law(law) if self._refitting and self.sigma.any() else law

    def tells_more(self, law: Law, others: Sequence[Law]) -> bool:
        """Whether trajectories differ in a law, in noise, by anything that others do not tell."""
        if not others or not self.sigma.any():
            return True
        stack = self._every
        found = np.array([self._features(own, stack)[0] for own in (law, *others)])
        kept = stack.split(np.isfinite(found).all(0))
        parts = zip(stack.trajectories, stack.split(found), kept, strict=True)
        pieces = [(own.trial, part[:, there]) for own, part, there in parts if there.sum() > 1]
        resolution = self._motion_of(law, self._independent_spread(law)).resolution
        return tells_more(
            [values[0] for _, values in pieces],
            [values[1:] for _, values in pieces],
            [trial for trial, _ in pieces],
            resolution,
        )

    def variations(self, law: Law, *, every: bool = False) -> NDArray[np.float64]:
        """Variance along each confirming trajectory, in units of the law's squared gradients.

        Along every training trajectory, if that is asked for.
        """
        stack = self._every if every else self._confirming
        gradients, unit = replace(self._frame, states=stack.states.T).scaled_gradients(law)
        lengths = stack.split((gradients**2).sum(1))
        with np.errstate(all="ignore"):  # what is not finite varies
            pairs = zip(stack.split(law(stack.states.T) / unit), lengths, strict=True)
            return np.array([own.var(ddof=1) / one.mean() for own, one in pairs if len(own) > 1])

    def evidence(self, law: Law) -> Evidence:
        """The verdict on a law whose constants are fixed."""
        return self.decided(law, self.rows(law))

    def evidence_left_out(self, law: Law, left_out: LeftOut) -> Evidence:
        """The verdict by trajectories on which the terms were chosen, the constants on others."""
        rows = left_out.rows(law, self.rows, self.size)
        return self.decided(law, rows, choice=left_out.choice(law))

    def rows(self, law: Law, trajectories: Sequence[Trajectory] | None = None) -> list[Row]:
        """Values of a law along trajectories, by default those that confirm."""
        return self._rows(
            law, self._confirming if trajectories is None else _Stack.of(trajectories)
        )

    def size(self, law: Law) -> float:
        """What the law would vary by if its columns varied independently; 1 where by nothing."""
        return self._natural(law, self._independent_spread(law)) or 1.0

    def _rows(self, law: Law, stack: _Stack) -> list[Row]:
        features = self._features(law, stack)
        kept = stack.split(np.asarray(np.isfinite(features).all(0)))
        told = stack.split(self._told(law, stack))
        rows = zip(stack.trajectories, stack.split(features), told, kept, strict=True)
        return [
            Row(
                law,
                own.times[there],
                part[0, there],
                part[1, there],
                factors[there],
                part[2:, there].T,
                own.trial,
            )
            for own, part, factors, there in rows
            if there.any()
        ]

    def _told(self, law: Law, stack: _Stack) -> NDArray[np.float64]:
        """By what factor the variance of a law's noise is told to differ between samples."""
        if stack.noise is None:
            return np.ones(stack.states.shape[1])
        gradients, _ = self._frame.scaled_gradients(law)
        base = list(self._dataset.base_columns)
        shares = np.nanmean((gradients * self._noise_of_columns) ** 2, axis=0)
        if not shares.sum() > 0:
            return np.ones(stack.states.shape[1])
        return np.asarray(shares / shares.sum() @ stack.noise[base] ** 2, dtype=np.float64)

    def decided(self, law: Law, rows: Sequence[Row], *, choice: float = 1.0) -> Evidence:
        """The verdict on a law by its values along trajectories; `choice` as in `decide`."""
        reached = self._independent_spread(law)
        natural = self._natural(law, reached)
        own = self._motion_of(law, reached)
        spread = self._spread(law, own.resolution)
        with np.errstate(all="ignore"):  # what overflows is no law
            return decide(
                [row.times for row in rows],
                [row.values for row in rows],
                own,
                spread=spread,
                natural=natural or spread,  # of a column that never moves, how it differs
                tangents=[row.tangents for row in rows],
                noise=[row.weighing(own.resolution) for row in rows],
                doubt=self._doubt_of(law),
                trials=[row.trial for row in rows],
                choice=choice,
            )

    def _motion_of(self, law: Law, spread: float) -> Motion:
        """The movement of the columns, as closely as the samples follow the law."""
        stack = self._confirming
        frame = replace(self._frame, states=stack.states.T)
        lengths = [len(own) for own in stack.trajectories]
        resolution = resolution_of(law, frame, lengths, self.sigma, self._turning, spread)
        return replace(self._motion, resolution=min(self._motion.resolution, resolution))

    def _independent_spread(self, law: Law) -> float:
        """Spread of a law on samples whose columns come from anywhere; poles are pulled in."""
        with np.errstate(all="ignore"):
            values = law(self._independent)
            values = values[np.isfinite(values)]
            if not len(values):
                return 0.0
            spread = float(np.sqrt(trimmed_mean((values - np.median(values)) ** 2)))
        return spread if np.isfinite(spread) else 0.0

    def _doubt_of(self, law: Law) -> float:
        """Relative standard error of the variance of a law's noise, at most; infinite without."""
        reads = sorted(_written_out(law, self._dataset).expression.inputs)
        return 2.0 * float(self._doubt[reads].max()) if self.sigma[reads].any() else np.inf

    def _features(self, law: Law, stack: _Stack) -> NDArray[np.float64]:
        """Values without the noise's bias, the variance of their noise, errors by constants."""
        whole = _written_out(law, self._dataset)
        errors = np.array([own.stderr or 0.0 for own in whole.parameters])
        with np.errstate(all="ignore"):
            sigma = noise_of(law, of_samples(self.sigma, stack.noise))
            own = adjusted(
                whole.expression,
                whole.values,
                stack.states,
                sigma,
                checked=False,
                covariances=1,
            )
            changes = own.features[1:] * errors[:, None]
            return np.vstack([own.features[:1], own.covariance[0, 0][None], changes])

    def _spread(self, law: Law, resolution: float) -> float:
        """Between all trajectories, where the noise lets samples count."""
        rows = self._rows(law, self._every)
        return spread_between(
            [row.values for row in rows],
            [row.weighing(resolution) for row in rows],
            [row.trial for row in rows],
        )

    @property
    def _noise_of_columns(self) -> NDArray[np.float64]:
        """Of the base columns, over their spread; 0 of those that do not move."""
        spread = self._frame.spread
        own = self.sigma[list(self._dataset.base_columns)]
        return np.divide(own, spread, out=np.zeros(len(spread)), where=spread > 0)

    def _natural(self, law: Law, reached: float) -> float:
        """What the law would vary by if its columns varied independently, of the same samples.

        To first order, but no more than some times as much as it does; where that is far more, a
        wave that turns many times over the range of its columns, what it does counts.
        """
        gradients, unit = self._frame.scaled_gradients(law)
        own = self._frame.noise
        steps = gradients if own is None else gradients * own
        weights = weights_of([(steps**2 @ self._noise_of_columns**2)])[0]
        weighted = gradients * np.sqrt(weights / weights.mean())[:, None]
        natural = root_mean_square(weighted, unit)
        if not reached > 0:
            return natural
        return reached if natural > _WILD * reached else min(natural, _REACH * reached)


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """Trajectories, thinned where they are long, their states and noise side by side."""

    trajectories: list[Trajectory]
    states: NDArray[np.float64]
    noise: NDArray[np.float64] | None

    @classmethod
    def of(cls, trajectories: Sequence[Trajectory]) -> _Stack:
        lengths = np.array([len(own) for own in trajectories])
        most = max(_LEAST_KEPT, cap(lengths, MOST_SAMPLES))
        chosen = [own.every(max(1, -(-len(own) // most))) for own in trajectories]
        noise = None
        if any(own.noise is not None for own in chosen):
            noise = np.concatenate([own.relative_noise for own in chosen]).T
        return cls(chosen, np.concatenate([own.states for own in chosen]).T, noise)

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
