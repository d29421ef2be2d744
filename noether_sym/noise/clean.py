"""Data without the outliers that would outweigh their noise."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.noise.estimate import dataset_noise

_FEWEST = 3
"""Samples of a trajectory that stay, so that it still tells what is constant along it."""


@functools.lru_cache(maxsize=4)
def without_outliers(dataset: Dataset) -> Dataset:
    """The same data set without the samples in which a number is far off.

    One wrong number makes every quantity change along its trajectory, but for functions of the
    laws that are flat just there. Where the noise of all samples weighs more, it stays: a gap in
    a recording costs windows. Of a trajectory at least three samples stay.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    Dataset
        The very same where none is left out.
    """
    # pieces of one recording share its name, not their times
    far = {(one.trajectory, one.time) for one in dataset_noise(dataset).outliers if one.left_out}
    if not far:
        return dataset

    def kept(own: Trajectory) -> Trajectory:
        near = np.array([(own.name, time) not in far for time in own.times.tolist()], dtype=bool)
        return own if near.all() or near.sum() < _FEWEST else own.at(np.flatnonzero(near))

    return replace(
        dataset, train=tuple(map(kept, dataset.train)), test=tuple(map(kept, dataset.test))
    )
