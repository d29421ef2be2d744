"""Windows of episodes: past frames, actions, and the frames to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video.pendulum import LARGEST_TORQUE, Episodes, render

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """What a predictor is given, and what it should say.

    Attributes
    ----------
    past : tensor of shape (window, time, channel, height, width)
        Values between 0 and 1.
    actions : tensor of shape (window, horizon, action)
        From that at the last past frame on.
    future : tensor of shape (window, horizon, channel, height, width)
    """

    past: Tensor
    actions: Tensor
    future: Tensor

    def __len__(self) -> int:
        return len(self.past)

    def at(self, indices: Tensor | slice) -> Windows:
        """Some of the windows."""
        return Windows(self.past[indices], self.actions[indices], self.future[indices])

    def to(self, device: str) -> Windows:
        """The same on a device."""
        return Windows(self.past.to(device), self.actions.to(device), self.future.to(device))


def starts_every(stride: int, length: int, window: int) -> list[int]:
    """Where windows of an episode start: each `stride` frames, as long as they fit."""
    if window > length:
        raise OptionError(
            f"a window takes {window} frames and an episode has {length}; predict fewer frames "
            "or give longer episodes"
        )
    return list(range(0, length - window + 1, stride))


def pendulum_windows(
    episodes: Episodes, starts: list[list[int]], *, past: int, horizon: int, size: int
) -> Windows:
    """Rendered windows of the pixel pendulum, in the order of episodes and starts.

    Parameters
    ----------
    episodes : Episodes
    starts : list of lists of int
        First frames of the windows of each episode.
    past, horizon : int
        Frames given and frames to predict.
    size : int
        Of the pictures.
    """
    pairs = [(number, start) for number, own in enumerate(starts) for start in own]
    if not pairs:
        raise OptionError("there is no window; give one episode or more")
    rows = np.array([number for number, _ in pairs])[:, None]
    times = np.array([start for _, start in pairs])[:, None] + np.arange(past + horizon)
    frames = torch.from_numpy(render(episodes.angles[rows, times], size))[:, :, None]
    torques = episodes.torques[rows, times[:, past - 1 : -1]] / LARGEST_TORQUE
    actions = torch.from_numpy(torques.astype(np.float32))[..., None]
    return Windows(frames[:, :past], actions, frames[:, past:])
