"""Clips for training and for testing, as tensors, as they are or mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import DatasetError, OptionError

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.neural.video.physics101 import Clips

SPLITS = ("object", "clip")
_FLIPS = 1
"""Stream of random numbers beside that of the split, which takes the seed alone."""


@dataclass(frozen=True, slots=True)
class Split:
    """Numbers of clips.

    Attributes
    ----------
    train, test : tuple of int
        In rising order.
    unseen : int
        How many test clips show an object that no training clip shows.
    """

    train: tuple[int, ...]
    test: tuple[int, ...]
    unseen: int


def split(
    objects: Sequence[str], *, by: str = "object", share: float = 0.2, seed: int = 0
) -> Split:
    """Keep a share of the clips for testing.

    Parameters
    ----------
    objects : sequence of str
        What slides in each clip.
    by : {'object', 'clip'}
        ``clip``: clips at random, as in the paper; nearly every test clip then shows an object
        of the training. ``object``: whole objects at random, until their clips are the share.
    share : float
    seed : int

    Raises
    ------
    OptionError
        If the way or the share makes no sense.
    DatasetError
        If there are too few clips or objects for two parts.
    """
    if by not in SPLITS:
        raise OptionError(f"a split by {by!r} is not known; choose from {', '.join(SPLITS)}")
    if not 0 < share < 1:
        raise OptionError(f"the share for testing is {share}; give a number between 0 and 1")
    random = np.random.default_rng(seed)
    if by == "clip":
        order = random.permutation(len(objects))
        test = set(order[int((1 - share) * len(objects)) :].tolist())
    else:
        test = _by_object(objects, share, random)
    train = tuple(number for number in range(len(objects)) if number not in test)
    if not train or not test:
        raise DatasetError(
            f"{len(objects)} clips of {len(set(objects))} objects cannot be split by {by}; "
            f"{'split them by clip, or ' if by == 'object' else ''}add clips"
        )
    seen = {objects[number] for number in train}
    held = tuple(sorted(test))
    return Split(train, held, sum(objects[number] not in seen for number in held))


def _by_object(objects: Sequence[str], share: float, random: np.random.Generator) -> set[int]:
    names = sorted(set(objects))
    test: set[int] = set()
    for place in random.permutation(len(names))[: len(names) - 1]:
        if len(test) >= share * len(objects):
            break
        test |= {number for number, own in enumerate(objects) if own == names[place]}
    return test


def mirrored(count: int, *, seed: int, epoch: int) -> list[bool]:
    """Which clips an epoch shows mirrored, left to right: each with probability 1/2.

    Parameters
    ----------
    count : int
        Number of clips.
    seed, epoch : int
        The same ones give the same answer, whatever came before.
    """
    drawn = np.random.default_rng([seed, _FLIPS, epoch]).random(count) < 0.5
    return [bool(own) for own in drawn]


def in_batch(clips: Clips, numbers: Sequence[int], mirrored: Sequence[bool]) -> Tensor:
    """Clips by their numbers, mirrored or as they are.

    Returns
    -------
    tensor of shape (sample, time, 3, row, column), from 0 to 1
    """
    import torch

    pictures = [
        clips[number][:, :, ::-1] if flipped else clips[number]
        for number, flipped in zip(numbers, mirrored, strict=True)
    ]
    return torch.from_numpy(np.stack(pictures)).permute(0, 1, 4, 2, 3).float() / 255
