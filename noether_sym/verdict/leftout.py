"""Values of laws on trajectories that took no part in fitting their constants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.parts import trials_of
from noether_sym.laws.law import Law
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.residuals import RESOLVED, noise_beside

_GROUPS = 12
"""Groups of trials, each of which is judged with constants of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A law along a trajectory.

    Attributes
    ----------
    law : Law
    times, values : arrays of shape (sample,)
        Values without the bias of noise; samples where they are not finite are left out.
    noise : array of shape (sample,)
        Variance of the noise of each value.
    told : array of shape (sample,)
        By what factor that is told to differ between samples.
    tangents : array of shape (sample, constant)
        What one standard error of each constant changes.
    trial : str
        What the trajectory is a piece of; empty where it is whole.
    """

    law: Law
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    noise: NDArray[np.float64]
    told: NDArray[np.float64]
    tangents: NDArray[np.float64]
    trial: str = ""

    def weighing(self, resolution: float) -> NDArray[np.float64]:
        """The noise to weigh samples by: that beside each, where neighbours are close."""
        return noise_beside(self.noise, self.told) if resolution >= RESOLVED else self.noise


class LeftOut:
    """Trajectories of which each has constants that were fitted to others.

    Parameters
    ----------
    dataset : Dataset
        Which columns are derived.
    trajectories : sequence of Trajectory
        In up to 12 groups that are left out in turn, pieces of one trial together.
    sigma : array of shape (column,)
        Standard deviation of each column's noise.
    held : collection of int
        Slots of constants that are given.
    """

    def __init__(
        self,
        dataset: Dataset,
        trajectories: Sequence[Trajectory],
        sigma: NDArray[np.float64],
        held: Collection[int] = (),
    ) -> None:
        self._trajectories = [own for own in trajectories if len(own) > 1]
        self._refitting = Refitting(dataset, self._trajectories, sigma, held=held)
        trials = trials_of(self._trajectories)
        self._trials = len(trials)
        number = min(len(trials), _GROUPS)
        self._groups = [
            tuple(place for trial in trials[start::number] for place in trial)
            for start in range(number)
        ]

    def choice(self, law: Law) -> float:
        """By what factor a law may change more elsewhere, its terms having been chosen here.

        That its constants were fitted to others says nothing of its terms, which were chosen to
        suit all these trajectories. To choose one among many flatters about as much as to fit its
        factor, and that of n terms on N trials by ``sqrt((N + n)/(N - n))`` (the final prediction
        error, Akaike 1969, doi:10.1007/BF02532251), to first order ``1 + n/N``.
        """
        return 1.0 + (len(law.parameters) + 1) / self._trials

    def rows(
        self,
        law: Law,
        rows_of: Callable[[Law, Sequence[Trajectory]], list[Row]],
        size_of: Callable[[Law], float],
    ) -> list[Row]:
        """Values of a law along all trajectories, by `rows_of` for each group's constants.

        They are given in units of the law's own size, by `size_of`: where a constant scales all of
        it, as in ``x/(y + c)`` with a large c, other constants would make it small.
        """
        rows: list[Row] = []
        laws = self._refitting.laws_without(law, self._groups)
        for group, other in zip(self._groups, laws, strict=True):
            own = rows_of(other, [self._trajectories[n] for n in group])
            rows += (
                own
                if other is law
                else [_scaled(one, size_of(law) / size_of(other)) for one in own]
            )
        return _apart(rows)


def _scaled(row: Row, factor: float) -> Row:
    return replace(
        row,
        values=row.values * factor,
        noise=row.noise * factor**2,
        tangents=row.tangents * factor,
    )


def _apart(rows: Sequence[Row]) -> list[Row]:
    """Rows with the errors of constants side by side: each group has constants of its own."""
    starts: dict[int, int] = {}
    width = 0
    for row in rows:
        if id(row.law) not in starts:
            starts[id(row.law)] = width
            width += row.tangents.shape[1]
    wide = []
    for row in rows:
        tangents, start = np.zeros((len(row.values), width)), starts[id(row.law)]
        tangents[:, start : start + row.tangents.shape[1]] = row.tangents
        wide.append(replace(row, tangents=tangents))
    return wide
