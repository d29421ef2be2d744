"""Predictor of frames: stochastic video generation (SVG) without its prior, conditioned on actions.

Encoder -> LSTM -> decoder; the decoder also sees what the encoder made of the last frame that
was given, which tells it the background. Behind every normalisation, and behind the LSTM, stands
a `ConditionalNorm`, whose factors and offsets CNGRAD sets for each sample. `Encoder`, `Recurrent`
and `Decoder` know nothing of actions or of time, so that other predictors can be built on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from noether_sym.errors import OptionError
from noether_sym.neural.cngrad import ConditionalNorm

if TYPE_CHECKING:
    from torch import Tensor

State = list[tuple["Tensor", "Tensor"]]
"""Activations of each layer of an LSTM, (sample, hidden) twice."""

_SMALLEST = 4
"""Pixels each way at which halving ends; one convolution takes what is left."""

_WIDEST = 8
"""Channels of a convolution over those of the first one, at most; as in DCGAN."""

_SLOPE = 0.2
"""Of a leaky ReLU below 0; as in DCGAN."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the networks.

    Attributes
    ----------
    size : int
        Height and width of the frames, a power of two from 8.
    channels : int
        1 of grey frames, 3 of coloured ones.
    width : int
        Channels of the first convolution; each further one has twice as many, up to 8 times.
    code : int
        Length of what the encoder makes of a frame.
    hidden, layers : int
        Of the LSTM.
    actions : int
        Numbers that tell an action; 0 without actions.
    """

    size: int = 32
    channels: int = 1
    width: int = 32
    code: int = 128
    hidden: int = 256
    layers: int = 1
    actions: int = 1

    def __post_init__(self) -> None:
        if self.size < 2 * _SMALLEST or self.size & (self.size - 1):
            raise OptionError(f"frames have a size of {self.size}; give a power of two from 8")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each convolution, down to 4 x 4."""
        count = (self.size // _SMALLEST).bit_length() - 1
        return tuple(self.width * min(2**level, _WIDEST) for level in range(count))


class Encoder(nn.Module):
    """From frames to codes, by convolutions that halve the frame (as in DCGAN).

    Parameters
    ----------
    sizes : Sizes
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        inputs = (sizes.channels, *sizes.widths)
        self.blocks = nn.ModuleList(
            _block(nn.Conv2d(before, after, 4, 2, 1), after) for before, after in pairwise(inputs)
        )
        self.last = nn.Sequential(nn.Conv2d(inputs[-1], sizes.code, _SMALLEST), nn.Tanh())

    def forward(self, frames: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Frames (sample, channel, height, width) to codes (sample, code) and what is skipped on.

        The skips are what each convolution gave, the largest first.
        """
        skips = []
        for block in self.blocks:
            frames = block(frames)
            skips.append(frames)
        return self.last(frames).flatten(1), skips


class Decoder(nn.Module):
    """From codes and an encoder's skips to frames with values between 0 and 1.

    Parameters
    ----------
    sizes : Sizes
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        widths = sizes.widths
        self.first = _block(nn.ConvTranspose2d(sizes.code, widths[-1], _SMALLEST), widths[-1])
        self.blocks = nn.ModuleList(
            _block(nn.ConvTranspose2d(2 * before, after, 4, 2, 1), after)
            for before, after in pairwise(widths[::-1])
        )
        self.last = nn.ConvTranspose2d(2 * widths[0], sizes.channels, 4, 2, 1)

    def forward(self, codes: Tensor, skips: list[Tensor]) -> Tensor:
        """Codes (sample, code) and skips, to frames (sample, channel, height, width)."""
        features = self.first(codes[:, :, None, None])
        for block, skip in zip(self.blocks, skips[:0:-1], strict=True):
            features = block(torch.cat([features, skip], 1))
        frames: Tensor = self.last(torch.cat([features, skips[0]], 1)).sigmoid()
        return frames


class Recurrent(nn.Module):
    """Layers of LSTM between two linear maps.

    `nn.LSTMCell`, since the LSTM of cuDNN cannot be differentiated twice.

    Parameters
    ----------
    inputs, outputs : int
    hidden, layers : int
    """

    def __init__(self, inputs: int, outputs: int, hidden: int, layers: int = 1) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, hidden)
        self.cells = nn.ModuleList(nn.LSTMCell(hidden, hidden) for _ in range(layers))
        self.condition = ConditionalNorm(hidden)
        self.last = nn.Sequential(nn.Linear(hidden, outputs), nn.Tanh())

    def forward(self, values: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Values (sample, input) and a state (None at the beginning), to (sample, output)."""
        features: Tensor = self.embed(values)
        if state is None:
            zeros = torch.zeros_like(features)
            state = [(zeros, zeros)] * len(self.cells)
        following = []
        for cell, own in zip(self.cells, state, strict=True):
            following.append(cell(features, own))
            features = following[-1][0]
        outputs: Tensor = self.last(self.condition(features))
        return outputs, following


class SVG(nn.Module):
    """Predicts frames from past frames and actions, without chance.

    Parameters
    ----------
    sizes : Sizes

    References
    ----------
    E. Denton, R. Fergus 2018, Stochastic video generation with a learned prior, ICML; without the
    prior and with actions as in F. Alet et al. 2021, Noether Networks, NeurIPS 34, section 4.2.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder = Encoder(sizes)
        self.predictor = Recurrent(
            sizes.code + sizes.actions, sizes.code, sizes.hidden, sizes.layers
        )
        self.decoder = Decoder(sizes)

    def forward(self, past: Tensor, actions: Tensor, truth: Tensor | None = None) -> Tensor:
        """Frames after the past ones.

        Parameters
        ----------
        past : tensor of shape (sample, time, channel, height, width)
        actions : tensor of shape (sample, horizon, action)
            From that at the last past frame on; those before it count as 0.
        truth : tensor of shape (sample, horizon, channel, height, width), optional
            Fed back in place of what is predicted (teacher forcing).

        Returns
        -------
        tensor of shape (sample, horizon, channel, height, width)
        """
        state: State | None = None
        idle = torch.zeros_like(actions[:, 0])
        for time in range(past.shape[1] - 1):
            codes, _ = self.encoder(past[:, time])
            _, state = self.predictor(torch.cat([codes, idle], 1), state)
        codes, skips = self.encoder(past[:, -1])
        frames: list[Tensor] = []
        for time in range(actions.shape[1]):
            if frames:
                codes, _ = self.encoder(frames[-1] if truth is None else truth[:, time - 1])
            codes, state = self.predictor(torch.cat([codes, actions[:, time]], 1), state)
            frames.append(self.decoder(codes, skips))
        return torch.stack(frames, 1)


def svg(sizes: Sizes, *, seed: int) -> SVG:
    """A predictor with random weights; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SVG(sizes)


def _block(convolution: nn.Module, channels: int) -> nn.Sequential:
    """A convolution, each channel normalised over each frame by itself.

    With layer normalisation, over all channels together, a coder had learned nothing of where a
    thin rod is in the steps in which this one draws it.
    """
    return nn.Sequential(
        convolution,
        nn.GroupNorm(channels, channels),
        ConditionalNorm(channels),
        nn.LeakyReLU(_SLOPE),
    )
