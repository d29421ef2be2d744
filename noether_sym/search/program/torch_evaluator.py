"""An evaluator in a few batched torch calls, for any device.

All candidates of a batch, whatever their operator trees, are laid out as one list of
operations ordered by height. Operations of one sort at one height run as one call over all
candidates, starts and samples, so that the cost of a call is shared by hundreds of
formulas. What several candidates have in common and no parameter touches is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

import numpy as np
import torch

from noether_sym.dsl.operators import BY_CODE, Operator
from noether_sym.search.program.program import FIXED, FREE, VARIED, Nodes, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

_Rows = Union[slice, "Tensor"]


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One call: an operation, the rows of its results, and where its arguments lie."""

    operator: Operator
    rows: slice
    arguments: tuple[tuple[int, _Rows], ...]


class TorchEvaluator:
    """A program as batched torch calls, for any device.

    Parameters
    ----------
    program : Program
    device : str
    """

    def __init__(self, program: Program, device: str) -> None:
        self.members = program.members
        fixed_rows, self._fixed_steps = _scheduled(program.fixed, program.columns, {}, device)
        varied_rows, self._varied_steps = _scheduled(program.varied, 0, {FIXED: fixed_rows}, device)
        self._fixed_count, self._varied_count = len(fixed_rows), len(varied_rows)
        self._ends: list[list[tuple[int, _Rows, _Rows]]] = []
        for places in program.ends:
            spaces, numbers = np.array(places).T
            split = []
            for space, rows in ((FIXED, fixed_rows), (VARIED, varied_rows)):
                members = np.flatnonzero(spaces == space)
                if len(members):
                    home = _compact(rows[numbers[members]], device)
                    split.append((space, _compact(members, device), home))
            self._ends.append(split)

    def fixed_values(self, columns: Tensor) -> Tensor:
        """As `Evaluator` says."""
        table = columns.new_empty((self._fixed_count, columns.shape[1]))
        table[: len(columns)] = columns
        for step in self._fixed_steps:
            values = [table[rows] for _, rows in step.arguments]
            table[step.rows] = step.operator.apply(torch, *values)
        return table

    def values(self, fixed: Tensor, nonlinear: Tensor, out: Tensor | None = None) -> Tensor:
        """As `Evaluator` says."""
        varied = fixed.new_empty((self._varied_count, nonlinear.shape[1], fixed.shape[1]))
        free = nonlinear.transpose(1, 2).flatten(0, 1)
        for step in self._varied_steps:
            values = [_gather(place, fixed, free, varied) for place in step.arguments]
            varied[step.rows] = step.operator.apply(torch, *values)
        return self._terms(fixed, varied, out)

    def slopes(self, fixed: Tensor, nonlinear: Tensor) -> tuple[Tensor, Tensor]:
        """As `Evaluator` says."""
        members, starts, slots = nonlinear.shape
        shape = (self._varied_count, starts, fixed.shape[1])
        varied = fixed.new_empty(shape)
        table = fixed.new_empty((slots, *shape))
        free = nonlinear.transpose(1, 2).flatten(0, 1)
        unit = torch.eye(slots, dtype=fixed.dtype, device=fixed.device).repeat(1, members)
        for step in self._varied_steps:
            values = [_gather(place, fixed, free, varied) for place in step.arguments]
            result = step.operator.apply(torch, *values)
            varied[step.rows] = result
            partials = step.operator.partials(torch, result, *values)
            parts = [
                partial * (table[:, rows] if space == VARIED else unit[:, rows][:, :, None, None])
                for (space, rows), partial in zip(step.arguments, partials, strict=True)
                if space != FIXED
            ]
            table[:, step.rows] = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        found = fixed.new_zeros((slots, members, starts, fixed.shape[1]))
        for split in self._ends:
            for space, where, rows in split:
                if space == VARIED:  # by the slots of other terms the slope is 0
                    found[:, where] += table[:, rows]
        return self._terms(fixed, varied, None), found

    def _terms(self, fixed: Tensor, varied: Tensor, out: Tensor | None) -> Tensor:
        shape = len(self._ends), self.members, *varied.shape[1:]
        value = varied.new_empty(shape) if out is None else out
        for term, split in zip(value, self._ends, strict=True):
            for space, where, rows in split:
                term[where] = varied[rows] if space == VARIED else fixed[rows][:, None]
        return value


def _scheduled(
    nodes: Nodes, first: int, moved: dict[int, NDArray[np.int64]], device: str
) -> tuple[NDArray[np.int64], list[_Step]]:
    """Order nodes by height and sort; rows by node number (`first` inputs before them)."""
    spaces = [sum(3**k * place[0] for k, place in enumerate(own)) for own in nodes.arguments]
    keys = np.array([spaces, nodes.code, nodes.height], dtype=np.int64).reshape(3, -1)
    order = np.lexsort(keys)
    rows = np.arange(first + len(order))
    rows[first + order] = first + np.arange(len(order))
    home = {VARIED: rows, FIXED: rows} | moved
    changes = np.flatnonzero((np.diff(keys[:, order], axis=1) != 0).any(axis=0)) + 1
    steps = []
    for part in np.split(order, changes):
        if not len(part):
            continue
        operator = BY_CODE[nodes.code[part[0]]]
        arguments = []
        for position in range(operator.arity):
            space = nodes.arguments[part[0]][position][0]
            numbers = np.array([nodes.arguments[node][position][1] for node in part])
            places = numbers if space == FREE else home[space][numbers]
            arguments.append((space, _compact(places, device)))
        begin = int(rows[first + part[0]])
        steps.append(_Step(operator, slice(begin, begin + len(part)), tuple(arguments)))
    return rows, steps


def _compact(rows: NDArray[np.int64], device: str) -> _Rows:
    """A slice where rows follow each other, which needs no copy."""
    if len(rows) == 1 or (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return torch.as_tensor(rows, device=device)


def _gather(place: tuple[int, _Rows], fixed: Tensor, free: Tensor, varied: Tensor) -> Tensor:
    space, rows = place
    if space == FIXED:
        return fixed[rows][:, None]
    return free[rows][:, :, None] if space == FREE else varied[rows]
