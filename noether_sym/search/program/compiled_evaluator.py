"""Evaluators that compiled code runs, program by program, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.dsl.operators import BY_CODE
from noether_sym.errors import GrammarError
from noether_sym.search.program.generated import load_kernels
from noether_sym.search.program.program import FIXED, FREE, VARIED, Nodes, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """One term of every member: programs, or rows of the table for what is fixed."""

    first: NDArray[np.int64]
    code: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    members: NDArray[np.int64]
    fixed_members: NDArray[np.int64]
    fixed_rows: NDArray[np.int64]
    nonlinear: int

    def copy_fixed(self, fixed: Tensor, values: Tensor) -> None:
        """Copy the values that no parameter touches."""
        if len(self.fixed_members):
            values.numpy()[self.fixed_members] = fixed.numpy()[self.fixed_rows][:, None]

    def program(self, fixed: Tensor, nonlinear: Tensor) -> tuple[Any, ...]:
        """What the kernels take before the arrays to be filled."""
        width = self.nonlinear + int(np.diff(self.first).max(initial=0))
        arrays = fixed.numpy(), np.ascontiguousarray(nonlinear.numpy())
        return self.first, self.code, self.left, self.right, width, *arrays, self.members


class CompiledEvaluator:
    """A program run by compiled kernels; see `noether_sym.search.program.program.Evaluator`.

    Parameters
    ----------
    program : Program

    Raises
    ------
    GrammarError
        If an operation has no compiled source.
    ImportError, OSError, RuntimeError
        If numba is not installed, or there is no place for its code.
    """

    def __init__(self, program: Program) -> None:
        for own in (BY_CODE[number] for number in program.codes):
            if own.compiled is None:
                raise GrammarError(f"operation {own.name!r} has no compiled source")
        self._kernels = load_kernels()
        self._columns = program.columns
        self._fixed = _instructions(program.fixed)
        code, left, right = _instructions(program.varied)
        self._terms: list[_Term] = []
        begin = 0
        for places in program.ends:
            spaces, numbers = np.array(places).T
            fixed, varied = (np.flatnonzero(spaces == space) for space in (FIXED, VARIED))
            # the nodes of a term follow each other, and its value is the last
            first = np.concatenate([[begin], numbers[varied] + 1])
            part = slice(begin, int(first[-1]))
            begin = part.stop
            self._terms.append(
                _Term(
                    first - part.start,
                    code[part],
                    _local(left[:, part], first, program.nonlinear),
                    _local(right[:, part], first, program.nonlinear),
                    varied,
                    fixed,
                    numbers[fixed],
                    program.nonlinear,
                )
            )

    def fixed_values(self, columns: Tensor) -> Tensor:
        """Values of what no parameter touches: shape (row, point), the inputs first."""
        code, left, right = self._fixed
        table = columns.new_empty((self._columns + len(code), columns.shape[1]))
        table[: self._columns] = columns
        self._kernels.fill(code, left[1], right[1], table.numpy(), self._columns)
        return table

    def values(self, fixed: Tensor, nonlinear: Tensor, out: Tensor | None = None) -> Tensor:
        """Values of the terms: shape (term, member, start, point)."""
        shape = len(self._terms), *nonlinear.shape[:2], fixed.shape[1]
        found = fixed.new_empty(shape) if out is None else out
        for own, values in zip(self._terms, found, strict=True):
            own.copy_fixed(fixed, values)
            self._kernels.evaluate(*own.program(fixed, nonlinear), values.numpy())
        return found

    def slopes(self, fixed: Tensor, nonlinear: Tensor) -> tuple[Tensor, Tensor]:
        """Values of the terms, and the derivative of its term by each nonlinear parameter."""
        shape = (*nonlinear.shape[:2], fixed.shape[1])
        found = fixed.new_empty((len(self._terms), *shape))
        slopes = fixed.new_zeros((nonlinear.shape[2], *shape))
        for own, values in zip(self._terms, found, strict=True):
            own.copy_fixed(fixed, values)
            self._kernels.linearise(*own.program(fixed, nonlinear), values.numpy(), slopes.numpy())
        return found, slopes


def _instructions(
    nodes: Nodes,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Codes, and the (space, number) of both arguments, each of shape (2, node)."""
    code = np.array(nodes.code, dtype=np.int64)
    # an operation of one argument is given it twice, and does not look at the second
    sides = [[own[0] for own in nodes.arguments], [own[-1] for own in nodes.arguments]]
    left, right = (np.array(side, dtype=np.int64).reshape(-1, 2).T for side in sides)
    return code, left, right


def _local(side: NDArray[np.int64], first: NDArray[np.int64], nonlinear: int) -> NDArray[np.int64]:
    """Where arguments lie, as the kernels count: rows of the table, or registers."""
    space, number = side
    begin = np.repeat(first[:-1], np.diff(first))
    register = np.where(space == FREE, number % max(nonlinear, 1), nonlinear + number - begin)
    return np.where(space == FIXED, number, -1 - register)
