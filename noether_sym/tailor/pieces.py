"""Finished pieces of the tailoring, kept so that a run that was cut short goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from noether_sym.laws.law import Law
from noether_sym.tailor.network import Weights
from noether_sym.tailor.options import TailorOptions
from noether_sym.tailor.trials import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.runtime.stages import Cache

_WEIGHTS = tuple(own.name for own in fields(Weights))
_ERRORS = "errors of "

_METHOD = 2
"""Number of the method; kept pieces of another are not taken (2: steps take shuffled states)."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Looks a piece up before it computes it.

    Attributes
    ----------
    checkpoint : Cache or None
        None keeps nothing. What it gives back is trusted.
    prefix : str
        Names the options and the laws, so that pieces of another tailoring are not taken.
        The first seed is among them: its network sets the time steps of all roll-outs.
    """

    checkpoint: Cache | None
    prefix: str

    @classmethod
    def of(
        cls,
        checkpoint: Cache | None,
        options: TailorOptions,
        device: str,
        laws: Sequence[Law],
    ) -> Pieces:
        """Pieces of one tailoring."""
        settings = {**asdict(options.deciding(device)), "seeds": None, "method": _METHOD}
        text = json.dumps([settings, [(law.text(17), law.status) for law in laws]])
        return cls(checkpoint, f"tailor-{hashlib.sha256(text.encode()).hexdigest()[:12]}")

    def weights(self, key: str, device: str, compute: Callable[[], Weights]) -> Weights:
        """The weights under a key, or computed and kept."""
        held = self._read(key)
        if held is not None:
            return Weights(*(torch.as_tensor(held[name], device=device) for name in _WEIGHTS))
        found = compute()
        tensors = zip(_WEIGHTS, found.tensors(), strict=True)
        self._write(key, {name: tensor.cpu().numpy() for name, tensor in tensors})
        return found

    def outcomes(self, key: str, compute: Callable[[], list[Outcome]]) -> list[Outcome]:
        """The outcomes under a key, or computed and kept."""
        held = self._read(key)
        if held is not None:
            return _outcomes(held)
        found = compute()
        self._write(key, _arrays(found))
        return found

    def _read(self, key: str) -> dict[str, NDArray[Any]] | None:
        return None if self.checkpoint is None else self.checkpoint.read(f"{self.prefix}-{key}")

    def _write(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        if self.checkpoint is not None:
            self.checkpoint.write(f"{self.prefix}-{key}", arrays)


def _arrays(outcomes: Sequence[Outcome]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "candidate": np.array([one.candidate for one in outcomes], dtype=np.int64),
        "rate": np.array([np.nan if one.rate is None else one.rate for one in outcomes]),
        "status": np.array([one.status for one in outcomes]),
    }
    for part in outcomes[0].errors:
        arrays[f"{_ERRORS}{part}"] = np.array([one.errors[part] for one in outcomes])
    paths = {f"path{row}": one.path for row, one in enumerate(outcomes) if one.path is not None}
    return {**arrays, **paths}


def _outcomes(held: Mapping[str, NDArray[Any]]) -> list[Outcome]:
    errors = {
        name.removeprefix(_ERRORS): own for name, own in held.items() if name.startswith(_ERRORS)
    }
    columns = (held[name].tolist() for name in ("candidate", "rate", "status"))
    return [
        Outcome(
            candidate,
            None if np.isnan(rate) else rate,
            status,
            {part: own[row] for part, own in errors.items()},
            held.get(f"path{row}"),
        )
        for row, (candidate, rate, status) in enumerate(zip(*columns, strict=True))
    ]
