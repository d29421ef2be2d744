"""What the fit sees: states in sequences, and the surrogate beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.windows import cut
from noether_sym.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST = 8


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """States in sequences of padded, equal length.

    Attributes
    ----------
    states, surrogate : arrays of shape (column, sequence, time)
        The data, and the same with every column shuffled by itself over all samples.
    weights : array of shape (sequence, time)
        1 for a sample, 0 for padding.
    velocities : array of shape (column, sequence, time)
        dx/dt.
    window : int or None
        Length of the windows that sequences were cut into; None for whole sequences.
    """

    states: NDArray[np.float64]
    surrogate: NDArray[np.float64]
    weights: NDArray[np.float64]
    velocities: NDArray[np.float64]
    window: int | None

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.weights.sum())

    def as_surrogate(self, seed: int) -> Samples:
        """The surrogate in the place of the data, beside a second surrogate."""
        shuffled = _shuffle(self.surrogate, self.weights, seed)
        return Samples(self.surrogate, shuffled, self.weights, self.velocities, self.window)

    def part(self, weights: NDArray[np.float64], seed: int) -> Samples:
        """Some of the samples, weights 0 for the others, beside a surrogate of their own."""
        surrogate = _shuffle(self.states, weights, seed)
        return Samples(self.states, surrogate, weights, self.velocities, self.window)

    def thinned(self, limit: int) -> Samples:
        """Every k-th time step (and, beyond that, sequence), at most about `limit` samples."""
        if self.count <= limit:
            return self
        sequences = self.weights.shape[0]
        keep = np.arange(0, sequences, max(1, -(-sequences * _SHORTEST // limit)))
        per_sequence = max(_SHORTEST, limit // len(keep))
        step = max(1, -(-self.weights.shape[1] // per_sequence))
        return Samples(
            self.states[:, keep, ::step],
            self.surrogate[:, keep, ::step],
            self.weights[keep, ::step],
            self.velocities[:, keep, ::step],
            self.window,
        )


def make_samples(trajectories: Sequence[Trajectory], *, window: int | None, seed: int) -> Samples:
    """Cut trajectories into sequences and add the surrogate.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    window : int, optional
        Cut each into windows of this many samples (the rest joins the last window);
        windows never cross a gap in time. None takes whole trajectories.
    seed : int
        Of the surrogate.
    """
    sequences = list(trajectories) if window is None else cut(trajectories, window)
    sequences = [sequence for sequence in sequences if len(sequence) > 1]
    if not sequences:
        raise DatasetError("no sequence has two samples: nothing to compare within a sequence")
    length = max(len(sequence) for sequence in sequences)
    columns = sequences[0].states.shape[1]
    states = np.zeros((columns, len(sequences), length))
    velocities = np.zeros_like(states)
    weights = np.zeros((len(sequences), length))
    for row, sequence in enumerate(sequences):
        states[:, row, : len(sequence)] = sequence.states.T
        states[:, row, len(sequence) :] = sequence.states[-1][:, None]
        velocities[:, row, : len(sequence)] = sequence.derivatives.T
        weights[row, : len(sequence)] = 1.0
    return Samples(states, _shuffle(states, weights, seed), weights, velocities, window)


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
