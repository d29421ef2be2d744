"""Weights and the state of a training in one safetensors file, with facts in JSON in its header.

A file is replaced whole, so that a training that is killed leaves its last finished epoch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from noether_sym.errors import RunError
from noether_sym.neural.video.extra import need

if TYPE_CHECKING:
    from torch import Tensor

_FACTS = "facts"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a checkpoint says of its training.

    Attributes
    ----------
    epochs : int
        Finished ones.
    losses : list of float
        Mean loss of each.
    diverged : bool
        Whether a loss was not finite; the training ended there, the weights are those of the
        epoch before.
    """

    epochs: int
    losses: list[float]
    diverged: bool = False


def save(path: Path, tensors: Mapping[str, Tensor], facts: Facts) -> None:
    """Write a checkpoint in place of the one before it.

    Parameters
    ----------
    path : Path
        Its folder is made where there is none.
    tensors : mapping of tensors
    facts : Facts
    """
    need("safetensors")
    from safetensors.torch import save as encoded

    path.parent.mkdir(parents=True, exist_ok=True)
    own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = encoded(own, metadata={_FACTS: msgspec.json.encode(facts).decode()})
    write_whole(path, data)


def load(path: Path) -> tuple[dict[str, Tensor], Facts] | None:
    """Tensors and facts of a checkpoint; None where there is none.

    Raises
    ------
    RunError
        If the file is no checkpoint, or damaged.
    """
    need("safetensors")
    if not path.is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            facts = msgspec.json.decode((file.metadata() or {})[_FACTS], type=Facts)
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (SafetensorError, KeyError, msgspec.DecodeError) as error:
        raise RunError(
            f"{path} is damaged or no checkpoint of a training ({error}); delete it to train again"
        ) from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
