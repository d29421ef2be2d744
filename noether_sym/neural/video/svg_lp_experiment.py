"""SVG-LP on Physics 101, plain and with a Noether loss, as one folder.

Both start from the same random weights and see the same clips, flips and noise, all of which
follow from the seed and the number of the epoch: a training that was cut short and goes on gives
the weights that it would have given, byte for byte (on a CPU; a GPU adds in an order of its own).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch

from noether_sym.errors import OptionError, RunError
from noether_sym.neural.video import checkpoint, fitting
from noether_sym.neural.video.checkpoint import Facts, write_whole
from noether_sym.neural.video.experiment import locked
from noether_sym.neural.video.fitting import Schedule
from noether_sym.neural.video.noether import Inner
from noether_sym.neural.video.physics101_frames import Preparation
from noether_sym.neural.video.physics101_split import SPLITS, Split, in_batch, mirrored, split
from noether_sym.neural.video.svg_lp import SvgLp, SvgLpSizes, made, predict
from noether_sym.neural.video.svg_lp_coder import widths

if TYPE_CHECKING:
    from torch import Tensor, nn

    from noether_sym.neural.video.physics101 import Clips
    from noether_sym.runtime.stages import Progress

FILE = "physics101.json"
METHODS = ("svg", "noether")
NAMES = {"svg": "SVG-LP", "noether": "Noether Network"}
"""What people call the methods."""

_WHOLE = (
    "past", "horizon", "width", "code", "hidden", "layers", "latent", "outputs", "inner_steps",
    "batch", "epochs", "seed",
)  # fmt: skip
_NOISE = 2
"""Stream of random numbers beside those of the split and of the flips."""


class SvgLpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides the networks of a folder; as in the paper where nothing is said.

    Attributes
    ----------
    size, frame_rate, shortest
        Of the clips: see `physics101_frames.Preparation`.
    past, horizon : int
        Frames given and to predict, the middle ones of a clip.
    split : str
        One of `physics101_split.SPLITS`. The paper splits by clip, and so tests on objects that
        it trained on; by object is the default here.
    share : float
        Of the clips, for testing.
    flip : bool
        Whether clips are mirrored at random in training.
    width, code, hidden, layers, latent
        See `svg_lp.SvgLpSizes`.
    outputs : int
        Of the embedding.
    inner_rate : float
        Goes with the mean over the outputs of squared changes.
    inner_steps : int
    rate : float
        Of Adam, for the model and the embedding.
    divergence_weight : float
        Of the divergence of posterior from prior in the loss; the paper does not tell it, this is
        SVG's.
    batch, epochs : int
    seed : int
        Of the split, weights, order, flips and noise.
    """

    size: int = 128
    past: int = 2
    horizon: int = 20
    frame_rate: float = 15.0
    shortest: float = 0.0
    split: str = "object"
    share: float = 0.2
    flip: bool = True
    width: int = 64
    code: int = 128
    hidden: int = 128
    layers: int = 2
    latent: int = 64
    outputs: int = 64
    inner_rate: float = 1e-4
    inner_steps: int = 1
    rate: float = 1e-4
    divergence_weight: float = 1e-4
    batch: int = 2
    epochs: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _WHOLE:
            least = {"past": 2, "seed": 0}.get(name, 1)
            if (value := getattr(self, name)) < least:
                raise OptionError(f"{name} is {value}; give at least {least}")
        for name in ("inner_rate", "rate", "divergence_weight"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise OptionError(f"{name} is {value}; give a finite number of at least 0")
        if self.split not in SPLITS:
            raise OptionError(f"split is {self.split!r}; give one of {', '.join(SPLITS)}")

    @property
    def preparation(self) -> Preparation:
        """What is made of a clip."""
        return Preparation(self.past + self.horizon, self.frame_rate, self.size, self.shortest)

    @property
    def sizes(self) -> SvgLpSizes:
        """Of the networks."""
        return SvgLpSizes(
            size=self.size,
            width=self.width,
            code=self.code,
            hidden=self.hidden,
            layers=self.layers,
            latent=self.latent,
        )

    @property
    def inner(self) -> Inner:
        """The steps on the Noether loss: from pair to pair (eq. 2b), in encoder and decoder.

        The paper's rate goes with the mean over the outputs, `noether_losses` with their sum.
        """
        return Inner(self.inner_rate / self.outputs, self.inner_steps, "steps", "coder")


class _Folder(msgspec.Struct, frozen=True, kw_only=True):
    """What `FILE` holds: the options, and the SHA-256 of all names and frames."""

    options: SvgLpOptions
    clips: str


class SvgLpExperiment:
    """Networks of a folder, trained where they are not yet.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    options : SvgLpOptions
    clips : Clips
        Loaded with the options' preparation.
    device : str
        ``cpu`` or ``cuda``.

    Raises
    ------
    OptionError
        If the clips were prepared in another way.
    DatasetError
        If they are too few to be split.
    RunError
        If the folder holds networks of other options or clips.
    """

    def __init__(
        self, folder: Path, options: SvgLpOptions, clips: Clips, device: str = "cpu"
    ) -> None:
        self.folder, self.options, self.clips, self.device = folder, options, clips, device
        if clips.preparation != options.preparation:
            raise OptionError(
                f"the clips were loaded as {clips.preparation}, and the options ask for "
                f"{options.preparation}; load them with the preparation of the options"
            )
        _ = self.split, widths(options.size, options.width)  # refused before anything is written
        file = folder / FILE
        own = _Folder(options=options, clips=_identity(clips))
        if file.is_file():
            _same(folder, own)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(file, msgspec.json.format(msgspec.json.encode(own)))

    def locked(self) -> AbstractContextManager[None]:
        """Nobody else trains in this folder meanwhile; `RunError` if somebody does."""
        return locked(self.folder)

    @cached_property
    def split(self) -> Split:
        """Which clips are for training and for testing."""
        own = self.options
        return split(self.clips.objects, by=own.split, share=own.share, seed=own.seed)

    def train(self, progress: Progress, methods: tuple[str, ...] = METHODS) -> dict[str, Facts]:
        """Train what is not yet trained; epochs and losses of each training.

        Parameters
        ----------
        progress : callable
        methods : tuple of str
            Of `METHODS`.
        """
        own = self.options
        schedule = Schedule(own.epochs, own.batch, own.rate, own.seed, float("inf"))
        facts = {}
        for method in methods:
            networks = self._networks(method)
            loss = _Loss(self, networks)
            facts[method] = fitting.fit(
                networks,
                loss,
                len(self.split.train),
                schedule,
                path=self.path(method),
                progress=progress,
                stage=NAMES[method],
                begins=loss.begins,
            )
        return facts

    def networks(self, method: str) -> tuple[SvgLp, nn.Module | None]:
        """The trained model of a method, and its embedding.

        Raises
        ------
        RunError
            If the folder does not hold them.
        """
        networks = self._networks(method)
        facts = fitting.restore(networks, self.path(method))
        if facts is None or (facts.epochs < self.options.epochs and not facts.diverged):
            done = 0 if facts is None else facts.epochs
            raise RunError(
                f"{self.folder}: {NAMES[method]} is trained for {done} of {self.options.epochs} "
                "epochs; finish it by noether-sym video train --data physics101 with the same "
                "options"
            )
        model, embedding = networks["model"], networks.get("embedding")
        assert isinstance(model, SvgLp)
        return model.requires_grad_(False), embedding

    def trained(self) -> dict[str, Facts]:
        """Epochs and losses of the trainings that the folder holds."""
        held = {method: checkpoint.load(self.path(method)) for method in METHODS}
        return {method: own[1] for method, own in held.items() if own is not None}

    def path(self, method: str) -> Path:
        """Checkpoint of a training."""
        return self.folder / f"{method}.safetensors"

    def _networks(self, method: str) -> dict[str, nn.Module]:
        """Networks as they are drawn; the model is the same with and without an embedding."""
        own = self.options
        outputs = own.outputs if method == "noether" else 0
        model, embedding = made(own.sizes, seed=own.seed, outputs=outputs)
        found: dict[str, nn.Module] = {"model": model.to(self.device)}
        if embedding is not None:
            found["embedding"] = embedding.to(self.device)
        return found


class _Loss:
    """Loss of a batch, with the flips and the noise of its epoch."""

    def __init__(self, experiment: SvgLpExperiment, networks: Mapping[str, nn.Module]) -> None:
        self.experiment, self.networks = experiment, networks
        self.epoch = 0

    def begins(self, epoch: int) -> None:
        """Draw what belongs to an epoch."""
        own, clips = self.experiment.options, self.experiment.clips
        drawn = mirrored(len(clips), seed=own.seed, epoch=epoch)
        self.mirrored = drawn if own.flip else [False] * len(clips)
        random = np.random.default_rng([own.seed, _NOISE, epoch])
        shape = len(clips), own.past + own.horizon - 1, own.latent
        self.noise = torch.from_numpy(random.standard_normal(shape, dtype=np.float32))

    def __call__(self, indices: Tensor) -> Tensor:
        own, device = self.experiment.options, self.experiment.device
        numbers = [self.experiment.split.train[index] for index in indices.tolist()]
        flips = [self.mirrored[number] for number in numbers]
        frames = in_batch(self.experiment.clips, numbers, flips).to(device)
        model = self.networks["model"]
        assert isinstance(model, SvgLp)
        found = predict(
            model,
            self.networks.get("embedding"),
            frames[:, : own.past],
            self.noise[numbers].to(device),
            frames[:, own.past :],
            inner=own.inner,
        )
        return task_loss(found.frames, found.divergence, frames[:, 1:], own.divergence_weight)


def task_loss(frames: Tensor, divergence: Tensor, truth: Tensor, weight: float) -> Tensor:
    """Loss of SVG: mean squared error of each frame, summed over time, and the divergence.

    Parameters
    ----------
    frames, truth : tensor of shape (sample, time, channel, row, column)
    divergence : tensor of shape (sample, time)
    weight : float
        Of the divergence.

    Returns
    -------
    tensor without axes
        Mean over the samples.
    """
    squared = (frames - truth).square().mean((2, 3, 4))
    return (squared + weight * divergence).sum(1).mean()


def holds(folder: Path) -> bool:
    """Whether a folder is one of Physics 101."""
    return (folder / FILE).is_file()


def read_options(folder: Path) -> SvgLpOptions:
    """The options of a folder that `SvgLpExperiment` made.

    Raises
    ------
    RunError
        If it holds none, or damaged ones.
    """
    return _read(folder).options


def _read(folder: Path) -> _Folder:
    file = folder / FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Folder)
    except OSError:
        raise RunError(
            f"{folder} holds no {FILE}; train networks there first: noether-sym video train "
            f"--data physics101 --output {folder}"
        ) from None
    except msgspec.DecodeError as error:
        raise RunError(f"{file} is damaged ({error}); train into another folder") from None


def _same(folder: Path, own: _Folder) -> None:
    held = _read(folder)
    differ = [
        name
        for name in SvgLpOptions.__struct_fields__
        if getattr(held.options, name) != getattr(own.options, name)
    ]
    if differ:
        raise RunError(
            f"{folder} holds networks of other options ({', '.join(differ)}); give another "
            "output folder"
        )
    if held.clips != own.clips:
        raise RunError(
            f"{folder} holds networks that were trained on other clips; give the same ones, or "
            "another output folder"
        )


def _identity(clips: Clips) -> str:
    whole = hashlib.sha256()
    for clip, frames in zip(clips.clips, clips.frames, strict=True):
        whole.update(clip.name.encode())
        whole.update(frames.tobytes())
    return whole.hexdigest()
