"""Noether Networks on video: an embedding of pictures that a predictor is tailored to conserve.

Before a prediction, gradient steps on the Noether loss of that very prediction move the factors
and offsets of the predictor's conditional normalisation, for each sample on its own (CNGRAD);
the embedding is trained through those steps on the error of what is predicted after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.func import functional_call

from noether_sym.errors import OptionError
from noether_sym.neural.cngrad import Conditions, adapted, identity
from noether_sym.neural.embedding import noether_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from noether_sym.neural.video.svg import Sizes
    from noether_sym.neural.video.windows import Windows

FORMS = ("start", "steps")
"""The Noether loss: from the last given frames (eq. 2a), from frame to frame (2b)."""

PLACES = {"coder": ("encoder", "decoder"), "latent": ("predictor",)}
"""What is adapted: layers of the encoder and the decoder, or what the LSTM gives."""

_CHANNELS = (32, 64)
"""Of the two convolutions: the paper's."""

_KERNEL = 5
"""Pixels each way that a convolution sees: the paper's."""


@dataclass(frozen=True, slots=True)
class Inner:
    """Inner steps.

    Attributes
    ----------
    rate : float
        In units that the scale of the embedding shares.
    steps : int
    form : str
        One of `FORMS`.
    place : str
        One of `PLACES`.
    """

    rate: float = 1e-4
    steps: int = 1
    form: str = "steps"
    place: str = "coder"

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise OptionError(f"form is {self.form!r}; give one of {', '.join(FORMS)}")
        if self.place not in PLACES:
            raise OptionError(f"place is {self.place!r}; give one of {', '.join(PLACES)}")


class PictureEmbedding(nn.Module):
    """g of two frames after each other: two convolutions, then a linear map.

    Parameters
    ----------
    sizes : Sizes
        Of the frames.
    outputs : int
    """

    def __init__(self, sizes: Sizes, outputs: int = 64) -> None:
        super().__init__()
        first, second = _CHANNELS
        self.features = nn.Sequential(
            nn.Conv2d(2 * sizes.channels, first, _KERNEL, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, _KERNEL, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.last = nn.Linear(second * (sizes.size // 4) ** 2, outputs)

    def forward(self, pairs: Tensor) -> Tensor:
        """Pairs (sample, 2 channels, height, width) to (sample, output)."""
        values: Tensor = self.last(self.features(pairs).flatten(1))
        return values


def embedding(sizes: Sizes, *, outputs: int = 64, seed: int) -> PictureEmbedding:
    """An embedding with random weights; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PictureEmbedding(sizes, outputs)


def pairs_of(past: Tensor, predicted: Tensor) -> Tensor:
    """Each frame with the one before it, from the last given frame on.

    Parameters
    ----------
    past, predicted : tensor of shape (sample, time, channel, height, width)
        Two past frames or more.

    Returns
    -------
    tensor of shape (sample, horizon + 1, 2 channels, height, width)

    Raises
    ------
    OptionError
        If there are fewer than two past frames.
    """
    if past.shape[1] < 2:
        raise OptionError("the embedding reads two frames; give two past frames or more")
    frames = torch.cat([past[:, -2:], predicted], 1)
    return torch.cat([frames[:, :-1], frames[:, 1:]], 2)


def noether_losses(
    embedding: nn.Module, past: Tensor, predicted: Tensor, form: str = "steps"
) -> Tensor:
    """How far the embedding is from conserved along each prediction (paper, eq. 2).

    Parameters
    ----------
    embedding : Module
    past, predicted : tensor of shape (sample, time, channel, height, width)
    form : str
        One of `FORMS`.

    Returns
    -------
    tensor of shape (sample,)
    """
    pairs = pairs_of(past, predicted)
    values = embedding(pairs.flatten(0, 1)).unflatten(0, pairs.shape[:2])
    return noether_loss(nn.Identity(), values, form)


def predict(
    predictor: nn.Module,
    embedding: nn.Module,
    past: Tensor,
    actions: Tensor,
    inner: Inner,
    *,
    second_order: bool = True,
) -> Tensor:
    """Frames predicted after inner steps on each sample's own Noether loss (algorithm 1, 1 to 6).

    Parameters
    ----------
    predictor : Module
        f, from past frames and actions to frames, as `SVG`.
    embedding : Module
        g.
    past : tensor of shape (sample, time, channel, height, width)
    actions : tensor of shape (sample, horizon, action)
    inner : Inner
    second_order : bool
        Whether the inner steps can be differentiated, as training needs.

    Returns
    -------
    tensor of shape (sample, horizon, channel, height, width)

    References
    ----------
    F. Alet, D. Doblar, A. Zhou, J. Tenenbaum, K. Kawaguchi, C. Finn 2021, Noether Networks:
    meta-learning useful conserved quantities, NeurIPS 34, algorithm 1 and section 3.
    """
    own = adapted(
        _loss(predictor, embedding, past, actions, inner.form),
        conditions_of(predictor, len(past), inner.place),
        rate=inner.rate,
        steps=inner.steps,
        second_order=second_order,
    )
    frames: Tensor = functional_call(predictor, own, (past, actions))
    return frames


def conditions_of(predictor: nn.Module, samples: int, place: str) -> dict[str, Tensor]:
    """Factors 1 and offsets 0 of the layers that are adapted, for each sample."""
    found = identity(predictor, samples)
    return {name: own for name, own in found.items() if name.split(".")[0] in PLACES[place]}


def inner_curve(
    predictor: nn.Module,
    embedding: nn.Module,
    windows: Windows,
    inner: Inner,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Noether loss and error of what is predicted, as inner steps of Adam are taken (figure 6).

    Parameters
    ----------
    predictor, embedding : Module
    windows : Windows
    inner : Inner
        `rate` is that of Adam.

    Yields
    ------
    pair of tensors of shape (window,)
        Noether losses and mean squared errors: before the first step, and after each one.
    """
    conditions = conditions_of(predictor, len(windows), inner.place)
    own = {name: value.clone().requires_grad_() for name, value in conditions.items()}
    # Adam treats each number by itself, so that no sample reaches another one
    optimizer = torch.optim.Adam(own.values(), lr=inner.rate)
    for step in range(inner.steps + 1):
        with torch.enable_grad():
            frames = functional_call(predictor, own, (windows.past, windows.actions))
            losses = noether_losses(embedding, windows.past, frames, inner.form)
            errors = (frames - windows.future).square().mean((1, 2, 3, 4))
            if step < inner.steps:
                slopes = torch.autograd.grad(losses.sum(), list(own.values()))
                for value, slope in zip(own.values(), slopes, strict=True):
                    value.grad = slope
                optimizer.step()
        yield losses.detach(), errors.detach()


def _loss(
    predictor: nn.Module, embedding: nn.Module, past: Tensor, actions: Tensor, form: str
) -> Callable[[Conditions], Tensor]:
    def loss(own: Conditions) -> Tensor:
        frames = functional_call(predictor, dict(own), (past, actions))
        return noether_losses(embedding, past, frames, form)

    return loss
