"""A training of SVG-LP as a value and as a file, from which it can be gone on with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from noether_sym.errors import OptionError, RunError
from noether_sym.neural.video.extra import need
from noether_sym.neural.video.noether import Inner
from noether_sym.neural.video.svg_lp import SvgLp, SvgLpSizes, made

if TYPE_CHECKING:
    from torch import Tensor

_FORM = 1
"""To be raised when the same options give another training."""
_TOLD = "training"


@dataclass(frozen=True, slots=True)
class SvgLpOptions:
    """How SVG-LP is trained; as in the paper where nothing else is said.

    Attributes
    ----------
    sizes : SvgLpSizes
    past : int
        Frames that are given; the others of a clip are predicted.
    outputs : int
        Of the embedding; 0 trains the plain model, without a Noether loss.
    inner_rate : float
    inner_steps : int
    learning_rate : float
        Of Adam, for the model and the embedding.
    batch : int
    epochs : int
    divergence_weight : float
        Of the divergence of posterior from prior in the loss; the paper does not tell it, and
        this is SVG's.
    flip : bool
        Whether clips are mirrored at random.
    seed : int
    """

    sizes: SvgLpSizes = field(default_factory=SvgLpSizes)
    past: int = 2
    outputs: int = 64
    inner_rate: float = 1e-4
    inner_steps: int = 1
    learning_rate: float = 1e-4
    batch: int = 2
    epochs: int = 400
    divergence_weight: float = 1e-4
    flip: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"past": 1, "outputs": 0, "inner_steps": 1, "batch": 1, "epochs": 0}
        if self.outputs:
            least["past"] = 2  # the embedding reads two frames
        for name, bound in least.items():
            if (value := getattr(self, name)) < bound:
                raise OptionError(f"{name} is {value}; give at least {bound}")
        for name in ("inner_rate", "learning_rate", "divergence_weight"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise OptionError(f"{name} is {value}; give a finite number of at least 0")
        if self.outputs and self.sizes.norm != "layer":
            raise OptionError(
                "the Noether loss needs sizes with norm='layer': over a batch, samples would "
                "adapt to each other"
            )

    @property
    def inner(self) -> Inner:
        """The steps on the Noether loss: from pair to pair (eq. 2b), in encoder and decoder.

        The paper's rate goes with the mean over the outputs, `noether_losses` with their sum.
        """
        rate = self.inner_rate / max(self.outputs, 1)
        return Inner(rate, self.inner_steps, "steps", "coder")

    @property
    def identity(self) -> str:
        """What a training that goes on must share: all but how long it lasts."""
        return json.dumps([_FORM, asdict(replace(self, epochs=0))], sort_keys=True)


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A training so far.

    Attributes
    ----------
    model : SvgLp
    embedding : Module, optional
    optimizer : Adam
    losses : tuple of float
        Mean over the batches of each epoch.
    diverged : bool
        Whether a loss or a weight stopped being finite; the weights are of no use then.
    options : SvgLpOptions
    data : str
        Which frames it was trained on (`data_identity`).
    """

    model: SvgLp
    embedding: nn.Module | None
    optimizer: torch.optim.Adam
    losses: tuple[float, ...]
    diverged: bool
    options: SvgLpOptions
    data: str


def begun(options: SvgLpOptions, data: str, *, device: str = "cpu") -> Training:
    """A training before its first epoch."""
    model, embedding = made(options.sizes, seed=options.seed, outputs=options.outputs)
    model.to(device)
    weights = [*model.parameters()]
    if embedding is not None:
        weights += embedding.to(device).parameters()
    optimizer = torch.optim.Adam(weights, lr=options.learning_rate)
    return Training(model, embedding, optimizer, (), False, options, data)


def write(training: Training, path: Path) -> None:
    """Write a training as one safetensors file: weights, moments of Adam, losses, options, data.

    The same training gives the same bytes.
    """
    need("safetensors")
    from safetensors.torch import save_file

    tensors = {
        f"{place}.{name}": tensor
        for place, module in _modules(training).items()
        for name, tensor in module.state_dict().items()
    }
    for number, own in training.optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": torch.as_tensor(own[name]) for name in own}
    told = {
        "options": training.options.identity,
        "data": training.data,
        "losses": [loss.hex() for loss in training.losses],
    }
    # one entry alone: safetensors writes several in an order that differs from time to time
    save_file(
        {name: own.detach().cpu().contiguous() for name, own in tensors.items()},
        path,
        {_TOLD: json.dumps(told)},
    )


def read(path: Path, *, device: str = "cpu") -> Training:
    """A training from its file, to predict with.

    Raises
    ------
    RunError
        If the file is missing or damaged, or of another version.
    """
    told, tensors = _content(path)
    form, own = json.loads(told["options"])
    if form != _FORM:
        raise RunError(f"{path} was written by another version of noether-sym; train again")
    options = SvgLpOptions(
        **{**own, "sizes": SvgLpSizes(**own["sizes"]), "epochs": len(told["losses"])}
    )
    return _with(begun(options, told["data"], device=device), told, tensors, path)


def filled(training: Training, path: Path) -> Training:
    """A training with what its file holds.

    Raises
    ------
    RunError
        If the file is missing or damaged, or of other options or clips.
    """
    told, tensors = _content(path)
    for name, mine, what in (
        ("options", training.options.identity, "with other options; give the same ones"),
        ("data", training.data, "on other clips; give the same ones and the same split"),
    ):
        if told[name] != mine:
            raise RunError(
                f"the training in {path} was begun {what}, or begin another one in a folder of "
                "its own"
            )
    return _with(training, told, tensors, path)


def _with(
    training: Training, told: dict[str, Any], tensors: dict[str, Tensor], path: Path
) -> Training:
    for place, module in _modules(training).items():
        own = {
            name.removeprefix(f"{place}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{place}.")
        }
        try:
            module.load_state_dict(own)
        except RuntimeError as error:
            raise RunError(f"{path} is damaged, remove it and train again: {error}") from error
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("adam."):
            _, number, moment = name.split(".")
            state.setdefault(int(number), {})[moment] = tensor
    training.optimizer.load_state_dict({**training.optimizer.state_dict(), "state": state})
    return replace(training, losses=tuple(map(float.fromhex, told["losses"])))


def _content(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a file tells in words, and its tensors."""
    need("safetensors")
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    try:
        with safe_open(path, "pt") as held:
            told = json.loads(held.metadata()[_TOLD])
        tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    except FileNotFoundError:
        raise RunError(f"{path} does not exist; train first") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged ({error}); remove it and train again") from error
    return told, tensors


def _modules(training: Training) -> dict[str, nn.Module]:
    found: dict[str, nn.Module] = {"model": training.model}
    if training.embedding is not None:
        found["embedding"] = training.embedding
    return found
