"""Three parts of the training trajectories: to search, to select, to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Trajectory

LEAST = 12
"""Fewest trials that are split; of fewer all serve all three purposes."""

_FEWEST = 3
"""Trials from which on some are left out in turn."""

_FOLDS = 4
"""Groups of trials, each of which is left out once."""

_SELECT = 0.2
"""Share of the trials on which the best formulas are chosen; two at least."""

_CONFIRM = 0.3
"""Share of the trials on which the verdict rests; three at least."""


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

    Pieces of one trial stay together.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    """
    whole = tuple(trajectories)
    trials = trials_of(whole)
    count = len(trials)
    if count < LEAST:
        return Parts(whole, whole, whole)
    confirm = max(3, round(_CONFIRM * count))
    far = -(-confirm // 2)
    order = np.argsort(-_reach(whole, trials), kind="stable")
    rest = np.sort(order[far:])
    others = rest[_spaced(len(rest), confirm - far)]
    left = np.setdiff1d(rest, others)
    select = left[_spaced(len(left), max(2, round(_SELECT * count)))]
    chosen = np.sort(np.concatenate([order[:far], others]))

    def taken(numbers: NDArray[np.int64]) -> tuple[Trajectory, ...]:
        return tuple(whole[place] for number in numbers for place in trials[number])

    return Parts(taken(np.setdiff1d(left, select)), taken(select), taken(chosen))


def folds_of(trajectories: Sequence[Trajectory]) -> list[tuple[int, ...]]:
    """Numbers of trajectories in a few groups, those that reach far spread over all of them.

    Pieces of one trial stay together. None where there are too few to leave any out.

    Parameters
    ----------
    trajectories : sequence of Trajectory
    """
    trials = trials_of(trajectories)
    if len(trials) < _FEWEST:
        return []
    order = np.argsort(-_reach(trajectories, trials), kind="stable")
    number = min(_FOLDS, len(trials))
    folds = [sorted(order[start::number].tolist()) for start in range(number)]
    return [tuple(place for trial in fold for place in trials[trial]) for fold in folds]


def rejoined(train: Sequence[Trajectory], test: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """All trajectories, those whole again whose ends were kept for testing."""
    ends = {own.name: own for own in test}
    whole = []
    for own in train:
        end = ends.get(own.name)
        if end is not None and len(own) and len(end) and own.times[-1] < end.times[0]:
            own = own.followed_by(ends.pop(own.name))
        whole.append(own)
    return (*whole, *ends.values())


def trials_of(trajectories: Sequence[Trajectory]) -> list[tuple[int, ...]]:
    """Numbers of the pieces of each trial, in order."""
    places: dict[int, list[int]] = {}
    numbers = trial_numbers([own.trial for own in trajectories], len(trajectories))
    for place, number in enumerate(numbers):
        places.setdefault(number, []).append(place)
    return [tuple(own) for own in places.values()]


def trial_numbers(trials: Sequence[str] | None, count: int) -> list[int]:
    """Number of the trial of each trajectory; what is whole, of no name, has one of its own."""
    names = [""] * count if trials is None else trials
    keys: list[str | int] = [name or place for place, name in enumerate(names)]
    known = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [known[key] for key in keys]


def _spaced(count: int, number: int) -> NDArray[np.int64]:
    """Numbers spread evenly over a range, its ends left out."""
    places: NDArray[np.int64] = ((np.arange(number) + 0.5) * count / number).astype(np.int64)
    return places


def _reach(
    trajectories: Sequence[Trajectory], trials: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """How far out each trial goes: the largest deviation from the middle of all data."""
    states = np.concatenate([own.states for own in trajectories])
    middle = np.median(states, axis=0)
    spread = np.median(np.abs(states - middle), axis=0)
    spread = np.where(spread > 0, spread, np.inf)
    far = [float((np.abs(own.states - middle) / spread).max()) for own in trajectories]
    return np.array([max(far[place] for place in own) for own in trials])
