"""LPIPS, the distance of two pictures to a network's eye, where its weights are on this machine.

The package of its authors (extra ``lpips``) brings the weights that join the layers; those of
AlexNet itself, 244 MB, are looked for where torch keeps what it downloaded, and never downloaded
from here. Where a part is missing, LPIPS is not measured, and the reason is told.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from noether_sym.errors import install

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

LPIPS = "lpips"
BACKBONE = "alexnet-owt-7be5be79.pth"
BACKBONE_URL = f"https://download.pytorch.org/models/{BACKBONE}"

_CHUNK = 32
"""Frames that are compared at once."""
_DAMAGED = (
    EOFError, KeyError, OSError, RuntimeError, TypeError, UnpicklingError, ValueError,
)  # fmt: skip
"""What reading a file raises that holds other things than weights."""
_LEAST = 32
"""Pixels each way below which AlexNet has nothing left to see."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Why a measure is missing.

    Attributes
    ----------
    reason : str
    """

    reason: str


class Lpips:
    """LPIPS of frames (version 0.1, AlexNet): 0 for equal ones, below about 1.

    Parameters
    ----------
    network : Module
        As the package ``lpips`` makes it, with weights.

    References
    ----------
    R. Zhang, P. Isola, A. Efros, E. Shechtman, O. Wang 2018, The unreasonable effectiveness of deep
    features as a perceptual metric, CVPR.
    """

    def __init__(self, network: Any) -> None:
        self.network = network

    def __call__(self, predicted: Tensor, true: Tensor) -> NDArray[np.float64]:
        """Distances of frames (sample, horizon, 3, row, column), from 0 to 1: (sample, horizon)."""
        own, target = (frames.detach().flatten(0, 1) for frames in (predicted, true))
        network = self.network.to(own.device)
        with torch.no_grad():
            parts = [
                network(one, other, normalize=True).flatten()
                for one, other in zip(own.split(_CHUNK), target.split(_CHUNK), strict=True)
            ]
        values = torch.cat(parts).reshape(predicted.shape[:2])
        return values.cpu().numpy().astype(np.float64)


def perceptual_distance(size: int) -> Lpips | NotMeasured:
    """LPIPS for frames of so many rows and columns, or why it is not measured."""
    if size < _LEAST:
        return NotMeasured(f"frames of {size} x {size} pixels are too small for AlexNet")
    try:
        import lpips
    except ImportError as error:
        return NotMeasured(f"{error}; install it: {install('lpips')}")
    except RuntimeError as error:
        return NotMeasured(
            f"torchvision does not go with this torch ({error}); install the two together"
        )
    path = backbone_place()
    if not path.is_file():
        return NotMeasured(
            f"AlexNet's weights are not in {path}; download them from {BACKBONE_URL}, or set "
            "TORCH_HOME to the folder above 'hub'"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package calls torchvision by names of old
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    try:
        _fill(network.net, torch.load(path, map_location="cpu", weights_only=True))
    except _DAMAGED as error:
        return NotMeasured(f"{path} does not hold AlexNet's weights: {error}")
    return Lpips(network.eval().requires_grad_(False))


def backbone_place() -> Path:
    """Where torch keeps AlexNet's weights: ``$TORCH_HOME/hub/checkpoints``."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or f"{caches}/torch"
    return Path(home).expanduser() / "hub" / "checkpoints" / BACKBONE


def _fill(slices: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Put the convolutions' weights, ``features.<number>.<name>``, into the package's slices."""
    own = slices.state_dict()
    slices.load_state_dict(
        {name: weights[f"features.{name.split('.', 1)[1]}"] for name in own}, strict=True
    )
