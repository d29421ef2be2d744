"""How the operations of a batch of candidates are laid out, whatever evaluates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression
from noether_sym.dsl.operators import operator_of
from noether_sym.search.candidate import Candidate

if TYPE_CHECKING:
    from torch import Tensor

FIXED, FREE, VARIED = 0, 1, 2
"""Where an argument lies: among what no parameter touches, the parameters, or the rest."""


@dataclass(slots=True, eq=False)
class Nodes:
    """Operations found so far: for each its height, code and arguments (space, number)."""

    known: dict[Expression, int] = field(default_factory=dict)
    height: list[int] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    arguments: list[tuple[tuple[int, int], ...]] = field(default_factory=list)

    def add(self, height: int, code: int, arguments: tuple[tuple[int, int], ...]) -> int:
        self.height.append(height)
        self.code.append(code)
        self.arguments.append(arguments)
        return len(self.code) - 1


class Program:
    """The operations of a batch of candidates: what is shared, and what each has its own.

    Parameters
    ----------
    candidates : sequence of Candidate
        All with the same number of terms and of nonlinear parameters.
    columns : int
        Number of inputs.

    Attributes
    ----------
    members, nonlinear, columns : int
    fixed : Nodes
        What no parameter touches, each part once.
    varied : Nodes
        The others, those of one term following each other.
    ends : list of list of (int, int)
        For each term of each candidate, the space (`FIXED` or `VARIED`) and the number in
        it of the value.
    slot_terms : list of list of int
        For each candidate, the term that each nonlinear parameter stands in.
    """

    def __init__(self, candidates: Sequence[Candidate], columns: int) -> None:
        self.members = len(candidates)
        self.nonlinear = candidates[0].nonlinear
        self.columns = columns
        self.slot_terms = [
            [row for row, term in enumerate(one.terms) for _ in range(term.parameter_count)]
            for one in candidates
        ]
        self.fixed, self.varied = Nodes(), Nodes()
        self.ends = [
            [
                self._place(one.terms[position], number * self.nonlinear)[0]
                for number, one in enumerate(candidates)
            ]
            for position in range(len(candidates[0].terms))
        ]

    @property
    def codes(self) -> set[int]:
        """Codes of the operations that the program uses."""
        return {*self.fixed.code, *self.varied.code}

    def _place(self, node: Expression, first_slot: int) -> tuple[tuple[int, int], int]:
        """Enter a part: its (space, number) and its height."""
        if node.head == INPUT:
            return (FIXED, node.index), 0
        if node.head == PARAMETER:
            return (FREE, first_slot + node.index), 0
        constant = node.parameter_count == 0
        if constant and node in self.fixed.known:
            number = self.fixed.known[node]
            return (FIXED, self.columns + number), self.fixed.height[number]
        placed = [self._place(argument, first_slot) for argument in node.arguments]
        home = self.fixed if constant else self.varied
        # what no parameter touches is there before the rest begins
        height = 1 + max(below if constant or place[0] == VARIED else 0 for place, below in placed)
        code = operator_of(node.head).code
        number = home.add(height, code, tuple(place for place, _ in placed))
        if not constant:
            return (VARIED, number), height
        self.fixed.known[node] = number
        return (FIXED, self.columns + number), height


class Evaluator(Protocol):
    """A program made ready to be evaluated."""

    def fixed_values(self, columns: Tensor) -> Tensor:
        """Values of what no parameter touches: shape (row, point), the inputs first."""

    def values(self, fixed: Tensor, nonlinear: Tensor, out: Tensor | None = None) -> Tensor:
        """Values of the terms.

        Parameters
        ----------
        fixed : tensor of shape (row, point)
            From `fixed_values`.
        nonlinear : tensor of shape (member, start, nonlinear parameter)
        out : tensor of the result's shape, optional
            Where to put the values.

        Returns
        -------
        tensor of shape (term, member, start, point)
        """

    def slopes(self, fixed: Tensor, nonlinear: Tensor) -> tuple[Tensor, Tensor]:
        """Values of the terms, and the derivative of its term by each nonlinear parameter.

        Returns
        -------
        values : tensor of shape (term, member, start, point)
        slopes : tensor of shape (nonlinear parameter, member, start, point)
            By parameter; `Program.slot_terms` tells of which term.
        """
