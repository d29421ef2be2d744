"""What an embedding of states reads: columns of unit spread, sines of angles, distances.

Nothing here knows a data set: angles are told by their unit, and vectors by the names of their
components, as the search for sums tells them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.points import angles, points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.datasets.dataset import Dataset

_WIDEST = 6.0
"""Standard deviations from the mean beyond which an input is left out: it has a pole nearby."""
_MOST_PAIRS = 60
"""Pairs of vectors whose distance is an input at most: all those of 11 vectors."""

Difference = tuple[tuple[int, ...], tuple[int, ...]]
"""Columns of a vector and of the one that is taken from it; the second may be empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """How states become inputs of a network.

    Attributes
    ----------
    columns : int
        Of the states.
    angles : tuple of int
        Columns whose sine and cosine are inputs too.
    lengths : tuple of pairs of tuples of int
        Vectors, and differences of vectors, whose length and its inverse are inputs too.
    kept : array of shape (raw input,), of bool
    centre, scale : arrays of shape (raw input,)
        Mean and standard deviation of each.
    """

    columns: int
    angles: tuple[int, ...]
    lengths: tuple[Difference, ...]
    kept: NDArray[np.bool_]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def of(cls, dataset: Dataset, states: NDArray[np.float64]) -> Inputs:
        """The inputs for a data set, of unit spread over some of its states (sample, column).

        Inputs that do not vary, or have values far outside the rest, are left out.
        """
        columns = states.shape[1]
        turning, lengths = angles(dataset), tuple(_lengths(dataset))
        ones = np.ones(columns + 2 * len(turning) + 2 * len(lengths))
        raw = cls(columns, turning, lengths, ones > 0, 0 * ones, ones)
        with np.errstate(all="ignore"):
            values = raw.linearised(states)[0]
            centre, scale = values.mean(0), values.std(0)
            far = np.abs(values - centre).max(0) / scale
        kept = np.isfinite(far) & (far < _WIDEST)
        kept[:columns] = scale[:columns] > 0  # the states themselves always count
        neutral = np.where(kept, scale, 1.0)
        return cls(columns, turning, lengths, kept, np.where(kept, centre, 0.0), neutral)

    @property
    def count(self) -> int:
        """Number of inputs."""
        return int(self.kept.sum())

    @property
    def plain(self) -> int:
        """Number of those that are columns, sines and cosines: the first ones."""
        return int(self.kept[: self.columns + 2 * len(self.angles)].sum())

    def places(self, columns: Sequence[int]) -> list[int]:
        """Which inputs some columns are, those that are inputs."""
        counted = np.cumsum(self.kept) - 1
        return [int(counted[column]) for column in columns if self.kept[column]]

    def linearised(
        self, states: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs at states (sample, column), and their slopes (sample, input, column)."""
        values = [*states.T]
        slopes = [np.broadcast_to(row, states.shape) for row in np.eye(self.columns)]
        for column in self.angles:
            unit = np.eye(self.columns)[column]
            sine, cosine = np.sin(states[:, column]), np.cos(states[:, column])
            values += [sine, cosine]
            slopes += [np.outer(cosine, unit), np.outer(-sine, unit)]
        with np.errstate(all="ignore"):
            for one, other in self.lengths:
                length, slope = _length(states, one, other)
                values += [length, 1.0 / length]
                slopes += [slope, -slope / length[:, None] ** 2]
            found = (np.stack(values, 1) - self.centre) / self.scale
            steep = np.stack(slopes, 1) / self.scale[:, None]
        return found[:, self.kept], steep[:, self.kept]

    def described(self) -> dict[str, object]:
        """What is no array, as JSON types."""
        return {"columns": self.columns, "angles": self.angles, "lengths": self.lengths}

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """What is an array, by name."""
        return {
            "input_kept": self.kept.astype(np.uint8),
            "input_centre": self.centre,
            "input_scale": self.scale,
        }

    @classmethod
    def read(cls, described: Mapping[str, object], arrays: Mapping[str, NDArray]) -> Inputs:
        """What `described` and `arrays` gave."""
        pairs: Sequence = described["lengths"]  # type: ignore[assignment]
        return cls(
            int(described["columns"]),  # type: ignore[call-overload]
            tuple(described["angles"]),  # type: ignore[arg-type]
            tuple((tuple(one), tuple(other)) for one, other in pairs),
            arrays["input_kept"].astype(bool),
            arrays["input_centre"],
            arrays["input_scale"],
        )


def _lengths(dataset: Dataset) -> Iterator[Difference]:
    """Every vector, and every pair of vectors of one unit; of very many, the first pairs."""
    vectors = points(dataset)
    yield from ((own.columns, ()) for own in vectors)
    pairs = (
        (own.columns, other.columns)
        for place, own in enumerate(vectors)
        for other in vectors[:place]
        if len(own.columns) == len(other.columns)
        and dataset.columns[own.columns[0]].dimension == dataset.columns[other.columns[0]].dimension
    )
    yield from (pair for _, pair in zip(range(_MOST_PAIRS), pairs, strict=False))


def _length(
    states: NDArray[np.float64], one: tuple[int, ...], other: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Length of a difference of vectors (sample,), and its slopes (sample, column)."""
    apart = states[:, list(one)] - (states[:, list(other)] if other else 0.0)
    length = np.sqrt((apart**2).sum(1))
    slope = np.zeros_like(states)
    slope[:, list(one)] += apart / length[:, None]
    if other:
        slope[:, list(other)] -= apart / length[:, None]
    return length, slope
