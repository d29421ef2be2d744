"""A budget of time becomes limits of size before a search begins: no clock changes an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from noether_sym.dsl.grammar import DEFAULT_DEPTH, Grammar

if TYPE_CHECKING:
    from noether_sym.units.dimension import Dimension

METHODS = ("both", "formulas", "sums")
"""What searches: formulas up to a size, sums of terms, or both, with one verdict."""

DEFAULT_BUDGET = 20.0
"""Seconds, of the order of what two cores take."""

SHALLOW = 5
"""Nodes of formulas that are searched where sums have found every law already: for what
competes with the laws in tailoring."""


class Limits(NamedTuple):
    """Sizes that end a search.

    Attributes
    ----------
    formulas : int
        Most valid formulas; the depth is the largest that keeps to it.
    terms : int
        Most terms of a library of sums.
    """

    formulas: int
    terms: int


_LIMITS = {
    0: Limits(60_000, 300),
    10: Limits(150_000, 400),
    20: Limits(300_000, 600),
    60: Limits(1_200_000, 1000),
    120: Limits(2_500_000, 1500),
    600: Limits(12_000_000, 3000),
}


def limits(budget: float) -> Limits:
    """Limits of the largest entry of the table that the budget, in seconds, pays for."""
    return _LIMITS[max(seconds for seconds in _LIMITS if seconds <= budget)]


def deepest(grammar: Grammar, dimensions: Sequence[Dimension], most: int) -> int:
    """Largest depth up to the paper's with at most so many valid formulas, at least 1."""
    from noether_sym.dsl.enumeration import count_formulas

    for depth in range(2, DEFAULT_DEPTH + 1):
        if sum(count_formulas(grammar, tuple(dimensions), depth)) > most:
            return depth - 1
    return DEFAULT_DEPTH


class LeftOut(NamedTuple):
    """Formulas up to the paper's depth that a budget leaves out.

    Attributes
    ----------
    depth : int
        Least number of nodes of what is left out.
    formulas : int
        How many formulas of these sizes there are.
    budget : float or None
        Seconds that pay for all of them; None where no entry of the table does.
    """

    depth: int
    formulas: int
    budget: float | None


def left_out(grammar: Grammar, dimensions: Sequence[Dimension], depth: int) -> LeftOut | None:
    """What a search to a depth leaves out of the paper's; None where that is nothing."""
    from noether_sym.dsl.enumeration import count_formulas

    if depth >= DEFAULT_DEPTH:
        return None
    counts = count_formulas(grammar, tuple(dimensions), DEFAULT_DEPTH)
    enough = [seconds for seconds, most in _LIMITS.items() if most.formulas >= sum(counts)]
    return LeftOut(depth + 1, sum(counts[depth:]), min(enough, default=None))
