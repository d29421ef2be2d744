"""What the embedding looks at (figure 5 of the paper): its principal components, and Grad-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch
from torch import nn

from noether_sym.errors import OptionError
from noether_sym.neural.video.checkpoint import write_whole
from noether_sym.neural.video.extra import need
from noether_sym.neural.video.noether import PictureEmbedding, pairs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from noether_sym.neural.video.experiment import Experiment
    from noether_sym.neural.video.windows import Windows

    Array = NDArray[np.float64]

ATTENTION_FILE = "attention.json"

_BATCH = 256
"""Pairs of frames that are embedded at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Principal components of an embedding on true frames.

    Attributes
    ----------
    shares : array of shape (component,)
        Of the variance, the largest first; 0 where the embedding does not vary at all.
    directions : array of shape (component, output)
        Of unit length; the largest entry of each is positive.
    """

    shares: Array
    directions: Array


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of an embedding.

    Attributes
    ----------
    shares : list of float
        Of the variance, by component.
    frames : list of lists of lists of float
        (frame, height, width), between 0 and 1.
    maps : nested lists of float
        Grad-CAM, (frame, component, height, width).
    """

    shares: list[float]
    frames: list[list[list[float]]]
    maps: list[list[list[list[float]]]]


def principal(embedding: nn.Module, windows: Windows) -> Components:
    """Principal components of what an embedding says of the true frames of windows.

    Parameters
    ----------
    embedding : Module
    windows : Windows
        With more pairs of frames than the embedding has outputs.

    Raises
    ------
    OptionError
        If there are too few frames.
    """
    pairs = pairs_of(windows.past, windows.future).flatten(0, 1)
    with torch.no_grad():
        values = torch.cat([embedding(own) for own in pairs.split(_BATCH)]).double().cpu().numpy()
    count, outputs = values.shape
    if count <= outputs:
        raise OptionError(
            f"{count} pairs of frames are too few for the components of {outputs} outputs; give "
            "more windows"
        )
    _, lengths, directions = np.linalg.svd(values - values.mean(0), full_matrices=False)
    largest = directions[np.arange(outputs), np.abs(directions).argmax(1)]
    total = (lengths**2).sum()
    shares = lengths**2 / total if total > 0 else np.zeros(outputs)
    return Components(shares, directions * np.sign(largest)[:, None])


def attention(embedding: PictureEmbedding, directions: Array, pairs: Tensor) -> Array:
    """Grad-CAM of components of an embedding: how much each place of the frames moves each one.

    Parameters
    ----------
    embedding : PictureEmbedding
    directions : array of shape (component, output)
    pairs : tensor of shape (sample, 2 channels, height, width)

    Returns
    -------
    array of shape (sample, component, height, width)
        Sizes, since the sign of a component means nothing.

    Raises
    ------
    OptionError
        If captum is missing.

    References
    ----------
    R. Selvaraju et al. 2017, Grad-CAM: visual explanations from deep networks via gradient-based
    localization, ICCV.
    """
    need("captum")
    from captum.attr import LayerAttribution, LayerGradCam

    projection = nn.Linear(directions.shape[1], len(directions), bias=False)
    with torch.no_grad():
        projection.weight.copy_(torch.from_numpy(directions))
    whole = nn.Sequential(embedding, projection.to(pairs.device))
    last = [own for own in embedding.features if isinstance(own, nn.Conv2d)][-1]
    cam = LayerGradCam(whole, last)
    inputs = pairs.detach().clone().requires_grad_()
    found = [
        LayerAttribution.interpolate(
            cam.attribute(inputs, target=number), tuple(pairs.shape[-2:]), "bilinear"
        )
        for number in range(len(directions))
    ]
    return torch.cat(found, 1).abs().detach().cpu().numpy().astype(np.float64)


def attend(experiment: Experiment, *, components: int, frames: int) -> Attention:
    """Components and Grad-CAM of the trained embedding, also written to the folder.

    Parameters
    ----------
    experiment : Experiment
    components : int
        To draw, from the first on.
    frames : int
        To draw, spread evenly over the first test window.

    Raises
    ------
    OptionError
        If there are fewer outputs or frames, or captum is missing.
    """
    need("captum")
    _, g, _ = experiment.networks("noether")
    testing = experiment.testing
    found = principal(g, testing)
    window = testing.at(slice(0, 1))
    pairs = pairs_of(window.past, window.future)[0]
    for asked, most, what in (
        (components, len(found.shares), "components"),
        (frames, len(pairs), "frames"),
    ):
        if asked > most:
            raise OptionError(f"{asked} {what} were asked for, and there are {most}")
    chosen = np.linspace(0, len(pairs) - 1, frames).round().astype(int)
    maps = attention(g, found.directions[:components], pairs[chosen])
    shown = pairs[chosen, pairs.shape[1] // 2]
    answer = Attention(
        shares=found.shares.tolist(), frames=shown.cpu().tolist(), maps=maps.tolist()
    )
    write_whole(experiment.folder / ATTENTION_FILE, msgspec.json.encode(answer))
    return answer
