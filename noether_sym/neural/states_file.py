"""An embedding of states as a safetensors file: arrays and plain text, and no code to run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import RunError
from noether_sym.neural.states import StatesEmbedding
from noether_sym.neural.states_inputs import Inputs
from noether_sym.neural.states_layer import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.neural.training import Weights

_ABOUT = "noether_sym"
_OWN = ("outputs", "offset", "moving", "spread")


def write_embedding(path: Path, embedding: StatesEmbedding) -> None:
    """Write an embedding to a file; the same one gives the same bytes."""
    from safetensors.numpy import save

    arrays: dict[str, NDArray] = {name: getattr(embedding, name) for name in _OWN}
    arrays |= {**embedding.inputs.arrays(), **embedding.layer.arrays()}
    whole = {name: np.ascontiguousarray(own) for name, own in sorted(arrays.items())}
    about = json.dumps(embedding.inputs.described(), sort_keys=True)
    path.write_bytes(save(whole, metadata={_ABOUT: about}))


def write_weights(path: Path, weights: Weights) -> None:
    """Write the weights of a network by their names."""
    from safetensors.numpy import save

    arrays = {name: own.detach().cpu().numpy() for name, own in sorted(weights.items())}
    path.write_bytes(save(arrays))


def read_embedding(path: Path) -> StatesEmbedding:
    """Read what `write_embedding` wrote.

    Raises
    ------
    RunError
        If the file is missing, damaged, or holds something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as held:
            about = json.loads((held.metadata() or {})[_ABOUT])
            arrays = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118
        inputs, layer = Inputs.read(about, arrays), Layer.read(arrays)
        found = StatesEmbedding(inputs, layer, *(arrays[name] for name in _OWN))
        found(np.ones((1, inputs.columns)))
    except FileNotFoundError:
        raise RunError(f"{path} is missing; run `noether-sym embed` first") from None
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, IndexError) as error:
        raise RunError(
            f"{path} holds no embedding that noether-sym wrote ({error}); run `noether-sym embed` "
            "again"
        ) from error
    return found
