"""Encoder and decoder of SVG's larger kind, after VGG16, with conditional normalisation.

Two or three convolutions a level, each behind a normalisation and a `ConditionalNorm`; pooling
on the way down, doubled pixels on the way up, and what each level of the encoder saw handed to
the same level of the decoder. SVG normalises over the batch; here each frame is normalised by
itself, as in the Noether paper, since batches are small and samples must not adapt to each other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.functional import interpolate, max_pool2d

from noether_sym.errors import OptionError
from noether_sym.neural.cngrad import ConditionalNorm

if TYPE_CHECKING:
    from torch import Tensor

_SMALLEST = 4
"""Pixels each way at which halving ends; one convolution takes what is left."""
_WIDEST = 8
"""Channels of a level over those of the outermost, at most: VGG16 has 64 and up to 512."""
_CONVOLUTIONS = (2, 2, 3, 3)
"""Of each level, the outermost first; further levels have as many as the last."""
_SLOPE = 0.2
"""Of a leaky ReLU below 0; as in SVG."""


def widths(size: int, width: int) -> tuple[int, ...]:
    """Channels of each level, down to 4 x 4.

    Parameters
    ----------
    size : int
        Rows and columns of the frames.
    width : int
        Channels of the outermost level; each further one has twice as many, up to 8 times.

    Raises
    ------
    OptionError
        If the size is no power of two from 8.
    """
    if size < 2 * _SMALLEST or size & (size - 1):
        raise OptionError(f"frames have a size of {size}; give a power of two from 8")
    count = (size // _SMALLEST).bit_length() - 1
    return tuple(width * min(2**level, _WIDEST) for level in range(count))


class VggEncoder(nn.Module):
    """From frames to codes.

    Parameters
    ----------
    size, channels : int
        Of the frames.
    width : int
        See `widths`.
    code : int
        Length of a code.
    """

    def __init__(self, size: int, channels: int, width: int, code: int) -> None:
        super().__init__()
        inputs = (channels, *widths(size, width))
        self.levels = nn.ModuleList(
            nn.Sequential(
                *(
                    _layer(nn.Conv2d(before if place == 0 else after, after, 3, 1, 1), after)
                    for place in range(_count(level))
                )
            )
            for level, (before, after) in enumerate(pairwise(inputs))
        )
        last = nn.Conv2d(inputs[-1], code, _SMALLEST)
        self.last = nn.Sequential(last, nn.GroupNorm(1, code), ConditionalNorm(code), nn.Tanh())

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Frames (sample, channel, row, column) to codes (sample, code) and skips.

        The skips are what each level gave, the largest first.
        """
        skips = []
        for level in self.levels:
            skips.append(level(frames))
            frames = max_pool2d(skips[-1], 2)
        return self.last(frames).flatten(1), skips


class VggDecoder(nn.Module):
    """From codes and an encoder's skips to frames with values between 0 and 1.

    Parameters
    ----------
    size, channels, width, code
        As of `VggEncoder`.
    """

    def __init__(self, size: int, channels: int, width: int, code: int) -> None:
        super().__init__()
        own = widths(size, width)
        self.first = _layer(nn.ConvTranspose2d(code, own[-1], _SMALLEST), own[-1])
        self.levels = nn.ModuleList(
            nn.Sequential(*_rising(own[level], own[max(level - 1, 0)], _count(level), level))
            for level in reversed(range(len(own)))
        )
        self.last = nn.Conv2d(own[0], channels, 3, 1, 1)

    def forward(self, codes: Tensor, skips: list[Tensor]) -> Tensor:
        """Codes (sample, code) and skips, to frames (sample, channel, row, column)."""
        features = self.first(codes[:, :, None, None])
        for level, skip in zip(self.levels, reversed(skips), strict=True):
            doubled = interpolate(features, scale_factor=2.0, mode="nearest")
            features = level(torch.cat([doubled, skip], 1))
        frames: Tensor = self.last(features).sigmoid()
        return frames


def _rising(own: int, next_up: int, count: int, level: int) -> list[nn.Module]:
    """Layers of the decoder's level: from both halves to what the level above takes."""
    if level == 0:  # the last convolution is the decoder's own
        return [_layer(nn.Conv2d(2 * own, own, 3, 1, 1), own)]
    inputs = [2 * own, *[own] * (count - 1)]
    outputs = [*[own] * (count - 1), next_up]
    return [
        _layer(nn.Conv2d(before, after, 3, 1, 1), after)
        for before, after in zip(inputs, outputs, strict=True)
    ]


def _count(level: int) -> int:
    return _CONVOLUTIONS[min(level, len(_CONVOLUTIONS) - 1)]


def _layer(convolution: nn.Module, channels: int) -> nn.Sequential:
    """A convolution, normalised over each frame by itself."""
    return nn.Sequential(
        convolution, nn.GroupNorm(1, channels), ConditionalNorm(channels), nn.LeakyReLU(_SLOPE)
    )
