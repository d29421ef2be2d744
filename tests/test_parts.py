"""Three parts of the training trajectories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.parts import LEAST, folds_of, parts


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


def test_pieces_of_a_trial_stay_together():
    pieces = [
        replace(own, name=f"{own.name}/{piece}", trial=own.name)
        for own in _trajectories(15)
        for piece in range(2)
    ]
    own = parts(pieces)
    shares = [{one.trial for one in part} for part in (own.search, own.select, own.confirm)]
    assert not shares[0] & shares[1]
    assert not (shares[0] | shares[1]) & shares[2]
    assert sum(map(len, (own.search, own.select, own.confirm))) == 30
    folds = [{pieces[place].trial for place in fold} for fold in folds_of(pieces)]
    assert sum(map(len, folds)) == 15
