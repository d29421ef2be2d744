"""Three parts of the training trajectories."""

from __future__ import annotations

import numpy as np

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.parts import LEAST, parts


def _trajectories(count: int) -> list[Trajectory]:
    times = np.linspace(0.0, 1.0, 20)
    states = [size * np.sin(times + size)[:, None] for size in np.linspace(0.1, 2.0, count)]
    return [
        Trajectory(str(number), times, own, np.zeros_like(own)) for number, own in enumerate(states)
    ]


def test_each_trajectory_has_one_purpose():
    for count in (LEAST, 15, 25, 100):
        whole = _trajectories(count)
        found = parts(whole)
        names = [own.name for part in (found.search, found.select, found.confirm) for own in part]
        assert sorted(names) == sorted(own.name for own in whole)
        assert len(found.search) >= count // 2 - 1
        assert min(len(found.select), len(found.confirm)) >= 2


def test_what_confirms_reaches_beyond_what_was_searched():
    found = parts(_trajectories(20))

    def reach(part):
        return max(np.abs(own.states).max() for own in part)

    assert reach(found.confirm) > reach(found.search)


def test_few_trajectories_serve_every_purpose():
    whole = _trajectories(LEAST - 1)
    found = parts(whole)
    assert found.search == found.select == found.confirm == tuple(whole)
