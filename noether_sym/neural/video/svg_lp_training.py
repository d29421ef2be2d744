"""SVG-LP is trained epoch by epoch; after each one all that is needed to go on can be kept.

Order, flips and noise of an epoch follow from the seed and its number alone, so that a training
that was cut short and goes on gives the weights that it would have given, byte for byte (on a
CPU: some operations on a GPU add in an order of their own).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video.physics101_split import batches
from noether_sym.neural.video.svg_lp import predict
from noether_sym.neural.video.svg_lp_file import SvgLpOptions, Training, begun, filled

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.neural.video.physics101 import Clips
    from noether_sym.runtime.stages import Progress

_NOISE = 2
"""Stream of random numbers beside those of the split and of the batches."""


def data_identity(clips: Clips, numbers: Sequence[int]) -> str:
    """SHA-256 of the frames of those clips, in that order."""
    whole = hashlib.sha256()
    for number in numbers:
        whole.update(clips[number].tobytes())
    return whole.hexdigest()


def task_loss(model_frames: Tensor, divergence: Tensor, truth: Tensor, weight: float) -> Tensor:
    """Loss of SVG: mean squared error of each frame, summed over time, and the divergence.

    Parameters
    ----------
    model_frames, truth : tensor of shape (sample, time, channel, row, column)
    divergence : tensor of shape (sample, time)
    weight : float

    Returns
    -------
    tensor without axes
        Mean over the samples.
    """
    squared = (model_frames - truth).square().mean((2, 3, 4))
    return (squared + weight * divergence).sum(1).mean()


def train(
    clips: Clips,
    numbers: Sequence[int],
    options: SvgLpOptions,
    *,
    device: str = "cpu",
    held: Path | None = None,
    keep: Callable[[Training], None] | None = None,
    every: int = 1,
    progress: Progress | None = None,
) -> Training:
    """Train on clips, or go on with a training.

    Parameters
    ----------
    clips : Clips
    numbers : sequence of int
        Those to train on.
    options : SvgLpOptions
    device : str
        ``cpu`` or ``cuda``.
    held : Path, optional
        A file of `svg_lp_file.write` to go on from.
    keep : callable, optional
        Called with the training so far, after every so many epochs and at the end, but not once
        it has diverged.
    every : int
    progress : callable, optional

    Raises
    ------
    OptionError
        If clips hold too few frames, or others than pictures of the model's size.
    RunError
        If the file is damaged, or of other options or clips.
    """
    _check(clips, numbers, options)
    data = data_identity(clips, numbers)
    training = begun(options, data, device=device)
    if held is not None:
        training = filled(training, held)
    total = options.epochs * -(-len(numbers) // options.batch)
    while len(training.losses) < options.epochs and not training.diverged:
        training = _epoch(training, clips, numbers, total, progress)
        done = len(training.losses)
        due = done == options.epochs or done % every == 0
        if keep is not None and due and not training.diverged:
            keep(training)
    return training


def _epoch(
    training: Training,
    clips: Clips,
    numbers: Sequence[int],
    total: int,
    progress: Progress | None,
) -> Training:
    options, epoch = training.options, len(training.losses)
    count = -(-len(numbers) // options.batch)
    device = next(training.model.parameters()).device
    generator = torch.Generator().manual_seed(_stream(options.seed, epoch))
    training.model.train()
    own = batches(
        clips, numbers, size=options.batch, seed=options.seed, epoch=epoch, flip=options.flip
    )
    losses: list[float] = []
    for number, batch in enumerate(own, 1):
        if len(batch) == 1 and options.sizes.norm == "batch":
            continue  # one clip has no variance; each epoch leaves out another one
        noise = torch.randn(
            len(batch), batch.shape[1] - 1, options.sizes.latent, generator=generator
        )
        frames = batch.to(device)
        made_of = predict(
            training.model,
            training.embedding,
            frames[:, : options.past],
            noise.to(device),
            frames[:, options.past :],
            inner=options.inner,
        )
        loss = task_loss(
            made_of.frames, made_of.divergence, frames[:, 1:], options.divergence_weight
        )
        if not torch.isfinite(loss):
            return replace(training, diverged=True)
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        training.optimizer.step()
        losses.append(float(loss.detach()))
        if progress is not None:
            progress("training", epoch * count + number, total)
    if not all(bool(torch.isfinite(own).all()) for own in training.model.parameters()):
        return replace(training, diverged=True)
    return replace(training, losses=(*training.losses, sum(losses) / len(losses)))


def _stream(seed: int, epoch: int) -> int:
    """A seed for torch's generator, by numpy's rule that keeps streams apart."""
    from numpy.random import SeedSequence

    return int(SeedSequence([seed, _NOISE, epoch]).generate_state(1, "uint64")[0] >> 1)


def _check(clips: Clips, numbers: Sequence[int], options: SvgLpOptions) -> None:
    made_as = clips.preparation
    if made_as.frames <= options.past:
        raise OptionError(
            f"clips hold {made_as.frames} frames, and {options.past} of them are given; none is "
            "left to predict"
        )
    if made_as.size != options.sizes.size or options.sizes.channels != 3:
        raise OptionError(
            f"frames are coloured, of {made_as.size} x {made_as.size} pixels; the model takes "
            f"{options.sizes.channels} channels of {options.sizes.size} x {options.sizes.size}"
        )
    if not len(numbers):
        raise OptionError("there is no clip to train on")
    if options.sizes.norm == "batch" and min(options.batch, len(numbers)) < 2:
        raise OptionError("a normalisation over the batch needs batches of two clips or more")
