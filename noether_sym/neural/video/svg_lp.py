"""Stochastic video generation with a learned prior (SVG-LP), with and without a Noether loss.

Encoder -> LSTM -> decoder. Beside the code of a frame the LSTM takes a draw z: in training of the
posterior, which sees the frame that is to be predicted, and else of the prior, which does not.
The Noether loss changes factors and offsets in the encoder and the decoder alone, for each
sample by its own prediction (CNGRAD).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.func import functional_call

from noether_sym.neural.cngrad import adapted
from noether_sym.neural.video.noether import Inner, conditions_of, noether_losses
from noether_sym.neural.video.noether import embedding as picture_embedding
from noether_sym.neural.video.svg import Recurrent, Sizes
from noether_sym.neural.video.svg_lp_coder import VggDecoder, VggEncoder

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.neural.cngrad import Conditions
    from noether_sym.neural.video.svg import State


@dataclass(frozen=True, slots=True)
class SvgLpSizes:
    """Sizes of SVG-LP; as in the paper's text where nothing else is said.

    Attributes
    ----------
    size, channels : int
        Of the frames.
    width : int
        Channels of the first convolutions.
    code : int
        Length of what the encoder makes of a frame.
    hidden, layers : int
        Of the LSTM that predicts; the release has 256 hidden ones, the paper 128. Prior and
        posterior have one layer.
    latent : int
        Length of z.
    """

    size: int = 128
    channels: int = 3
    width: int = 64
    code: int = 128
    hidden: int = 128
    layers: int = 2
    latent: int = 64


class Prediction(NamedTuple):
    """What a pass through SVG-LP gives.

    Attributes
    ----------
    frames : tensor of shape (sample, time - 1, channel, row, column)
        Predictions of every frame but the first, each by what is before it.
    divergence : tensor of shape (sample, time - 1)
        Of the posterior from the prior (Kullback-Leibler); 0 where the frame is not given.
    """

    frames: Tensor
    divergence: Tensor


class Gaussian(nn.Module):
    """An LSTM that tells a normal distribution of z from codes.

    Parameters
    ----------
    inputs, hidden, outputs : int
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, hidden)
        self.cell = nn.LSTMCell(hidden, hidden)
        self.mean = nn.Linear(hidden, outputs)
        self.log_variance = nn.Linear(hidden, outputs)

    def forward(
        self, codes: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Codes (sample, input) to mean and log variance (sample, output), and the next state."""
        following = self.cell(self.embed(codes), state)
        return self.mean(following[0]), self.log_variance(following[0]), following


class SvgLp(nn.Module):
    """Predicts frames after given ones, by chance.

    Parameters
    ----------
    sizes : SvgLpSizes

    References
    ----------
    E. Denton, R. Fergus 2018, Stochastic video generation with a learned prior, ICML; as
    F. Alet et al. 2021, Noether Networks, NeurIPS 34, take it (workshop version, appendix D).
    """

    def __init__(self, sizes: SvgLpSizes) -> None:
        super().__init__()
        self.sizes = sizes
        coder = (sizes.size, sizes.channels, sizes.width, sizes.code)
        self.encoder = VggEncoder(*coder)
        self.decoder = VggDecoder(*coder)
        self.predictor = Recurrent(
            sizes.code + sizes.latent, sizes.code, sizes.hidden, sizes.layers
        )
        self.posterior = Gaussian(sizes.code, sizes.hidden, sizes.latent)
        self.prior = Gaussian(sizes.code, sizes.hidden, sizes.latent)

    def forward(self, past: Tensor, noise: Tensor, truth: Tensor | None = None) -> Prediction:
        """Predict.

        Parameters
        ----------
        past : tensor of shape (sample, past, channel, row, column)
        noise : tensor of shape (sample, past + horizon - 1, latent)
            Standard normal numbers, from which z is made at each step.
        truth : tensor of shape (sample, horizon, channel, row, column), optional
            Fed back in place of what is predicted (teacher forcing), and shown to the posterior.

        Returns
        -------
        Prediction
        """
        given = past if truth is None else torch.cat([past, truth], 1)
        posterior_state: tuple[Tensor, Tensor] | None = None
        prior_state: tuple[Tensor, Tensor] | None = None
        state: State | None = None
        frames: list[Tensor] = []
        divergences: list[Tensor] = []
        codes, skips = self.encoder(past[:, 0])
        for time in range(1, noise.shape[1] + 1):
            mean, log_variance, prior_state = self.prior(codes, prior_state)
            divergence = mean.new_zeros(len(mean))
            following, new_skips = codes, skips
            if known := time < given.shape[1]:
                following, new_skips = self.encoder(given[:, time])
                seen, log_seen, posterior_state = self.posterior(following, posterior_state)
                divergence = _divergence(seen, log_seen, mean, log_variance)
                mean, log_variance = seen, log_seen
            draw = mean + (log_variance / 2).exp() * noise[:, time - 1]
            hidden, state = self.predictor(torch.cat([codes, draw], 1), state)
            frames.append(self.decoder(hidden, skips))
            divergences.append(divergence)
            if not known and time < noise.shape[1]:
                following, new_skips = self.encoder(frames[-1])
            codes = following
            if time < past.shape[1]:
                skips = new_skips
        return Prediction(torch.stack(frames, 1), torch.stack(divergences, 1))


def predict(
    model: SvgLp,
    embedding: nn.Module | None,
    past: Tensor,
    noise: Tensor,
    truth: Tensor | None = None,
    *,
    inner: Inner,
) -> Prediction:
    """Predict, after steps that lower each sample's own Noether loss.

    Parameters
    ----------
    model : SvgLp
    embedding : Module, optional
        g; the plain model without.
    past, noise, truth
        As of `SvgLp`. All passes take the same noise.
    inner : Inner
        The inner steps.

    Returns
    -------
    Prediction

    Raises
    ------
    OptionError
        If there is a Noether loss and fewer than two past frames.
    """
    if embedding is None:
        whole: Prediction = model(past, noise, truth)
        return whole

    def loss(conditions: Conditions) -> Tensor:
        own: Prediction = functional_call(model, dict(conditions), (past, noise, truth))
        return noether_losses(embedding, past, own.frames[:, past.shape[1] - 1 :], inner.form)

    conditions = adapted(
        loss,
        conditions_of(model, len(past), inner.place),
        rate=inner.rate,
        steps=inner.steps,
    )
    result: Prediction = functional_call(model, conditions, (past, noise, truth))
    return result


def made(sizes: SvgLpSizes, *, seed: int, outputs: int = 0) -> tuple[SvgLp, nn.Module | None]:
    """A model with random weights, and an embedding of so many outputs (0: none).

    The model is the same with and without; the global generator is left as it was.
    """
    frames = Sizes(size=sizes.size, channels=sizes.channels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SvgLp(sizes)
    return model, picture_embedding(frames, outputs=outputs, seed=seed) if outputs else None


def _divergence(mean: Tensor, log_variance: Tensor, other: Tensor, log_other: Tensor) -> Tensor:
    """Kullback-Leibler divergence of one diagonal normal distribution from another one."""
    distance = (log_variance.exp() + (mean - other).square()) / log_other.exp()
    return (log_other - log_variance + distance - 1).sum(1) / 2
