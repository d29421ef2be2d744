"""Candidates over samples, by whichever evaluator is fastest here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.dsl.expression import Expression
from noether_sym.dsl.operators import BY_CODE
from noether_sym.search.candidate import Candidate
from noether_sym.search.program.compiled_evaluator import CompiledEvaluator
from noether_sym.search.program.program import Evaluator, Program
from noether_sym.search.program.torch_evaluator import TorchEvaluator
from noether_sym.statistics.samples import Samples

if TYPE_CHECKING:
    from torch import Tensor


class Points:
    """The samples as tensors on one device.

    Attributes
    ----------
    columns : tensor of shape (column, point)
        Points are (data or surrogate, sequence, time), flattened.
    shape : tuple of int
        (2, sequences, times).
    weights : tensor of shape (sequence, time)
    """

    def __init__(self, samples: Samples, device: str) -> None:
        both = np.stack([samples.states, samples.surrogate], axis=1)
        self.shape = both.shape[1:]
        flat = both.reshape(len(both), -1)
        self.columns = torch.as_tensor(flat, dtype=torch.float64, device=device)
        self.weights = torch.as_tensor(samples.weights, dtype=torch.float64, device=device)
        self._magnitudes: dict[Expression, float] = {}

    def magnitude(self, expression: Expression) -> float:
        """Root mean square over the data of a part without parameters, 1 if not finite."""
        if expression not in self._magnitudes:
            half = self.columns[:, : self.columns.shape[1] // 2]
            value = expression.evaluate(torch, list(half), []) * self.weights.flatten().sqrt()
            mean = float(value.square().nanmean().sqrt())
            self._magnitudes[expression] = mean if np.isfinite(mean) and mean > 0 else 1.0
        return self._magnitudes[expression]


def make_evaluator(program: Program, device: str, *, compiled: bool = True) -> Evaluator:
    """Compiled where numba is installed, the device a CPU and every operation has a source.

    Parameters
    ----------
    program : Program
    device : str
    compiled : bool
        False for batched torch calls in any case.
    """
    known = all(BY_CODE[code].compiled is not None for code in program.codes)
    if compiled and known and device == "cpu":
        # no numba, or nowhere for it to keep its code
        with suppress(ImportError, OSError, RuntimeError):
            return CompiledEvaluator(program)
    return TorchEvaluator(program, device)


class Batch:
    """An evaluator over given samples.

    Values have shape (..., 2, sequence, time): the data, then the surrogate.
    """

    def __init__(self, candidates: Sequence[Candidate], points: Points) -> None:
        program = Program(candidates, len(points.columns))
        self._evaluator = make_evaluator(program, str(points.columns.device))
        self._fixed = self._evaluator.fixed_values(points.columns)
        self._shape = points.shape
        self.weights = points.weights
        slot_terms = torch.tensor(program.slot_terms, dtype=torch.int64, device=self.weights.device)
        self.slot_terms = slot_terms.reshape(program.members, program.nonlinear)

    def values(self, nonlinear: Tensor) -> Tensor:
        """Values of the terms: shape (term, member, start, 2, sequence, time)."""
        return self._evaluator.values(self._fixed, nonlinear).unflatten(-1, self._shape)

    def slopes(self, nonlinear: Tensor) -> tuple[Tensor, Tensor]:
        """Values, and slopes of shape (nonlinear parameter, member, start, 2, sequence, time)."""
        values, slopes = self._evaluator.slopes(self._fixed, nonlinear)
        return values.unflatten(-1, self._shape), slopes.unflatten(-1, self._shape)
