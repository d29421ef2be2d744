"""A grammar: which operations a search may use, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from noether_sym.dsl.operators import OPERATORS, Operator
from noether_sym.errors import GrammarError


@dataclass(frozen=True, slots=True)
class Grammar:
    """The operations that formulas are built from.

    Inputs and parameters are always there. A parameter has the unit that its place
    asks for: a set of allowed units would have to be closed under every rewrite that
    prunes (``(c*q)**2`` into ``c*q**2`` squares the unit of ``c``), or pruning would
    lose laws.

    Parameters
    ----------
    name : str
        What the grammar is called.
    operations : tuple of str
        Names from `noether_sym.dsl.operators.OPERATORS`.
    """

    name: str
    operations: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.operations:
            raise GrammarError(f"grammar {self.name!r} has no operations")
        for operation in self.operations:
            if operation not in OPERATORS:
                raise GrammarError(
                    f"grammar {self.name!r} names an unknown operation {operation!r}; "
                    f"known: {', '.join(OPERATORS)}"
                )

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operations' records, in the order of their codes."""
        chosen = (OPERATORS[operation] for operation in set(self.operations))
        return tuple(sorted(chosen, key=lambda operator: operator.code))


_WORD = re.compile(r"([+-]?)\s*([^\s,+-]+)")
_PAPER = ("add", "sub", "mul", "div", "sin", "cos", "square")
_NAMED = (
    Grammar("paper", _PAPER),
    Grammar("polynomial", ("add", "sub", "mul", "square")),
    Grammar("rational", ("add", "sub", "mul", "div", "square")),
    Grammar("extended", (*_PAPER, "sqrt", "log", "exp")),
)

DEFAULT_GRAMMAR = "paper"
DEFAULT_DEPTH = 7
"""What a search takes unless told otherwise, whatever the data: the paper's (appendix C)."""

GRAMMARS = MappingProxyType({grammar.name: grammar for grammar in _NAMED})
"""The grammars that have a name; ``paper`` is that of Alet et al. 2021, appendix C."""


def resolve_grammar(text: str, extra: Iterable[str] = ()) -> Grammar:
    """Find a grammar by name, or read a list of operations.

    Parameters
    ----------
    text : str
        A name (``paper``), changes to one (``paper+log-sin``) or operations with
        commas (``add,sub,mul``); spaces do not matter.
    extra : iterable of str
        Further operations to allow.

    Raises
    ------
    GrammarError
        If nothing is known under that name.
    """
    found = _WORD.findall(text)
    if not found:
        raise GrammarError(f"no grammar given; known: {', '.join(GRAMMARS)}")
    (sign, head), *changes = found
    if sign == "-" or (head not in GRAMMARS and head not in OPERATORS):
        raise GrammarError(
            f"unknown grammar {sign + head!r}; known: {', '.join(GRAMMARS)}; or list operations "
            f"with commas, of {', '.join(OPERATORS)}"
        )
    operations = list(GRAMMARS[head].operations) if head in GRAMMARS else [head]
    for sign, name in [*changes, *(("+", name) for name in extra)]:
        if name not in OPERATORS:
            raise GrammarError(f"unknown operation {name!r}; known: {', '.join(OPERATORS)}")
        operations = [operation for operation in operations if operation != name]
        if sign != "-":
            operations.append(name)
    if head in GRAMMARS and set(operations) == set(GRAMMARS[head].operations):
        return GRAMMARS[head]
    return Grammar("+".join([text.strip(), *extra]), tuple(operations))
