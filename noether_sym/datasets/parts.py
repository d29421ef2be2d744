"""Three parts of the training trajectories: to search, to select, to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Trajectory

LEAST = 12
"""Fewest trajectories that are split; of fewer all serve all three purposes."""

_FEWEST = 3
_FOLDS = 4
_SELECT = 0.2
_CONFIRM = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Trajectories by what they are for.

    Attributes
    ----------
    search : tuple of Trajectory
        On which formulas are found and fitted.
    select : tuple of Trajectory
        On which the best of them are chosen.
    confirm : tuple of Trajectory
        On which the verdict rests; half of them are those that reach farthest.
    """

    search: tuple[Trajectory, ...]
    select: tuple[Trajectory, ...]
    confirm: tuple[Trajectory, ...]

    @property
    def fitted(self) -> tuple[Trajectory, ...]:
        """All that may be fitted to before the verdict: where nothing is selected, both parts."""
        return (*self.search, *self.held_out)

    @property
    def held_out(self) -> tuple[Trajectory, ...]:
        """What selects and is not searched: none where trajectories are few."""
        return () if self.select is self.search else self.select


def parts(trajectories: Sequence[Trajectory]) -> Parts:
    """Split trajectories into three parts; where they are few, use all for everything.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    """
    whole = tuple(trajectories)
    if len(whole) < LEAST:
        return Parts(whole, whole, whole)
    confirm = max(3, round(_CONFIRM * len(whole)))
    far = -(-confirm // 2)
    order = np.argsort(-_reach(whole), kind="stable")
    rest = np.sort(order[far:])
    others = rest[_spaced(len(rest), confirm - far)]
    left = np.setdiff1d(rest, others)
    select = left[_spaced(len(left), max(2, round(_SELECT * len(whole))))]
    chosen = np.sort(np.concatenate([order[:far], others]))

    def taken(numbers: NDArray[np.int64]) -> tuple[Trajectory, ...]:
        return tuple(whole[number] for number in numbers)

    return Parts(taken(np.setdiff1d(left, select)), taken(select), taken(chosen))


def folds_of(trajectories: Sequence[Trajectory]) -> list[tuple[int, ...]]:
    """Numbers of trajectories in a few groups, those that reach far spread over all of them.

    None where there are too few to leave any out.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    """
    count = len(trajectories)
    if count < _FEWEST:
        return []
    order = np.argsort(-_reach(trajectories), kind="stable")
    number = min(_FOLDS, count)
    return [tuple(sorted(order[start::number].tolist())) for start in range(number)]


def _spaced(count: int, number: int) -> NDArray[np.int64]:
    """Numbers spread evenly over a range, its ends left out."""
    places: NDArray[np.int64] = ((np.arange(number) + 0.5) * count / number).astype(np.int64)
    return places


def _reach(trajectories: Sequence[Trajectory]) -> NDArray[np.float64]:
    """How far out each trajectory goes: the largest deviation from the middle of all data."""
    states = np.concatenate([own.states for own in trajectories])
    middle = np.median(states, axis=0)
    spread = np.median(np.abs(states - middle), axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    return np.array([float((np.abs(own.states - middle) / spread).max()) for own in trajectories])
