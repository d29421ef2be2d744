"""What the fit sees: states in segments, and the surrogate beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.parts import trial_numbers
from noether_sym.datasets.windows import choose_window, cut
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST = 8
"""Samples that thinning leaves a segment, if it has as many; it rather leaves segments out."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """States in segments of padded, equal length.

    Attributes
    ----------
    states, surrogate : arrays of shape (column, segment, time)
        The data, and the same with every column shuffled by itself over all samples.
    weights : array of shape (segment, time)
        1 for a sample, 0 for padding.
    velocities : array of shape (column, segment, time)
        dx/dt.
    window : int or None
        Length of the windows that trajectories were cut into; None for whole trajectories.
    still : array of bool, of shape (column,)
        Columns that hardly change along whole trajectories; see
        `noether_sym.datasets.constancy.still_columns`.
    noise : array of shape (column, segment, time) or None
        Standard deviation of each number's noise over that of its column's; None where it is
        the same for all.
    trials : array of int, of shape (segment,)
        The number of the trial that each is a piece of.
    every : int
        Of the segments that there were, every so many are here.
    """

    states: NDArray[np.float64]
    surrogate: NDArray[np.float64]
    weights: NDArray[np.float64]
    velocities: NDArray[np.float64]
    window: int | None
    still: NDArray[np.bool_]
    trials: NDArray[np.int64]
    noise: NDArray[np.float64] | None = None
    every: int = 1

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.weights.sum())

    def as_surrogate(self, seed: int) -> Samples:
        """The surrogate in the place of the data, beside a second surrogate."""
        shuffled = _shuffle(self.surrogate, self.weights, seed)
        return replace(self, states=self.surrogate, surrogate=shuffled)

    def part(self, weights: NDArray[np.float64], seed: int) -> Samples:
        """Some of the samples, weights 0 for the others, beside a surrogate of their own."""
        surrogate = _shuffle(self.states, weights, seed)
        return replace(self, surrogate=surrogate, weights=weights)

    def thinned(self, limit: int) -> Samples:
        """Every k-th sample of a long segment (and, of very many, every k-th segment).

        At most about `limit` samples; short segments keep all of theirs.
        """
        if self.count <= limit:
            return self
        segments = self.weights.shape[0]
        keep = np.arange(0, segments, max(1, -(-segments * _SHORTEST // limit)))
        counted = np.argsort(self.weights[keep] == 0, axis=1, kind="stable")
        lengths = (self.weights[keep] > 0).sum(1)
        most = max(_SHORTEST, cap(lengths, limit))
        steps = np.maximum(1, -(-lengths // most))
        longest = int((-(-lengths // steps)).max())
        times = np.arange(longest) * steps[:, None]
        real = times < lengths[:, None]
        last = np.maximum(lengths - 1, 0)[:, None]
        times = np.take_along_axis(counted, np.where(real, times, last), axis=1)

        def chosen(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return values[:, keep[:, None], times]

        return replace(
            self,
            states=chosen(self.states),
            surrogate=chosen(self.surrogate),
            weights=np.where(real, self.weights[keep[:, None], times], 0.0),
            velocities=chosen(self.velocities),
            noise=None if self.noise is None else chosen(self.noise),
            trials=self.trials[keep],
            every=self.every * (int(keep[1]) if len(keep) > 1 else 1),
        )


def cap(lengths: NDArray[np.int64], limit: int) -> int:
    """The largest number, at least 1, to which lengths can be cut for a sum of at most `limit`."""
    ranked = np.sort(lengths)
    left = len(ranked) - np.arange(len(ranked))
    # what there is for each of the rest once all shorter ones are taken whole
    shares = (limit - np.concatenate([[0], np.cumsum(ranked[:-1])])) // left
    cut = np.flatnonzero(ranked > shares)
    return max(1, int(shares[cut[0]])) if len(cut) else int(ranked[-1])


def of_samples(
    sigma: NDArray[np.float64], relative: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Standard deviations of columns as those of samples, where these differ.

    Parameters
    ----------
    sigma : array of shape (column,)
    relative : array of shape (column, ...) or None
        Of each number over its column's; None where it is the same for all.

    Returns
    -------
    array of the shape of `relative`, or else of `sigma`
    """
    if relative is None:
        return sigma
    return np.asarray(sigma.reshape(-1, *[1] * (relative.ndim - 1)) * relative)


def make_samples(trajectories: Sequence[Trajectory], *, window: int | None, seed: int) -> Samples:
    """Cut trajectories into segments and add the surrogate.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    window : int, optional
        Cut each into windows of this many samples (the rest joins the last window);
        windows never cross a gap in time. None takes whole trajectories.
    seed : int
        Of the surrogate.
    """
    numbers = trial_numbers([own.trial for own in trajectories], len(trajectories))
    pieces = [
        (segment, number)
        for own, number in zip(trajectories, numbers, strict=True)
        for segment in ([own] if window is None else cut([own], window))
        if len(segment) > 1
    ]
    segments = [segment for segment, _ in pieces]
    if not segments:
        raise DatasetError("no segment has two samples: nothing to compare within a segment")
    length = max(len(segment) for segment in segments)
    columns = segments[0].states.shape[1]
    states = np.zeros((columns, len(segments), length))
    velocities = np.zeros_like(states)
    weights = np.zeros((len(segments), length))
    differs = any(segment.noise is not None for segment in segments)
    noise = np.ones_like(states) if differs else None
    for row, segment in enumerate(segments):
        states[:, row, : len(segment)] = segment.states.T
        states[:, row, len(segment) :] = segment.states[-1][:, None]
        velocities[:, row, : len(segment)] = segment.derivatives.T
        weights[row, : len(segment)] = 1.0
        if noise is not None:
            noise[:, row, : len(segment)] = segment.relative_noise.T
    still = still_columns([one.states for one in trajectories if len(one)])
    surrogate = _shuffle(states, weights, seed)
    trials = np.array([number for _, number in pieces])
    return Samples(states, surrogate, weights, velocities, window, still, trials, noise)


def held_out_samples(
    trajectories: Sequence[Trajectory], reference: Samples, *, seed: int
) -> Samples | None:
    """Samples of held-out trajectories; None where there are none long enough to confirm on.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    reference : Samples
        Those of the training part, whose windows are taken. Of columns that are still along
        trajectories the surrogate takes its values from there: a few held-out trajectories do
        not show how such a column differs, and one shows nothing of it.
    seed : int
    """
    try:
        samples = make_samples(trajectories, window=reference.window, seed=seed)
    except DatasetError:
        return None
    generator = np.random.default_rng([seed, 0x57111])
    surrogate = samples.surrogate.copy()
    for column in np.flatnonzero(reference.still):
        known = reference.states[column][reference.weights > 0]
        surrogate[column] = generator.choice(known, size=surrogate[column].shape)
    return replace(samples, surrogate=surrogate, still=reference.still)


def refuse_unordered(dataset: Dataset) -> None:
    """Refuse points without order: there is nothing along which something could be constant.

    Raises
    ------
    DatasetError
        If samples do not follow each other.
    """
    if not dataset.ordered:
        raise DatasetError(
            f"{dataset.source or dataset.name}: each row is taken as an independent point, so that "
            "nothing can be followed along trajectories; add a column 'trajectory' or a time"
        )


def windows_to_try(trajectories: Sequence[Trajectory], window: str | int) -> list[int | None]:
    """Windows to compare within, in order; None is whole trajectories.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    window : str or int
        ``full``: whole trajectories. A number: windows of so many samples. ``auto``: whole
        trajectories, then windows that the data suggest, if they do.
    """
    if window == "full":
        return [None]
    if window == "auto":
        chosen = choose_window(trajectories)
        return [None] if chosen is None else [None, chosen]
    return [int(window)]


def _shuffle(
    states: NDArray[np.float64], weights: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    generator = np.random.default_rng([seed, 0x5EED])
    real = weights > 0
    shuffled = states.copy()
    for column in range(len(states)):
        values = states[column][real]
        shuffled[column][real] = values[generator.permutation(len(values))]
    return shuffled
