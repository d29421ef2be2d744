"""Laws written out: derived columns replaced by their formulas."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from noether_sym.datasets.chain import ColumnFormula
from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import INPUT, Expression, parameter
from noether_sym.errors import GrammarError
from noether_sym.laws.law import Law, Parameter

MOST_NODES = 2000
"""Most nodes of a law that is written out."""


def expanded(law: Law, dataset: Dataset) -> Law:
    """The law as a function of the base columns alone.

    Numbers of the formulas become parameters without a standard error, called k0, k1, ...

    Parameters
    ----------
    law : Law
        In the columns of `dataset`.
    dataset : Dataset

    Raises
    ------
    GrammarError
        If the law would have more than `MOST_NODES` nodes.
    """
    if not dataset.derived:
        return law
    formulas = dict(dataset.derived)
    _check_size(law.expression, dataset)
    taken = {*dataset.names, *(own.name for own in law.parameters)}
    names = (name for name in (f"k{number}" for number in count()) if name not in taken)
    parameters: list[Parameter] = []

    def written(expression: Expression, constant: Callable[[int], Parameter]) -> Expression:
        def leaf(node: Expression) -> Expression:
            if node.head != INPUT:
                parameters.append(constant(node.index))
                return parameter(len(parameters) - 1)
            formula = formulas.get(node.index)
            return node if formula is None else written(formula.expression, number_of(formula))

        return expression.mapped(leaf)

    def number_of(formula: ColumnFormula) -> Callable[[int], Parameter]:
        return lambda slot: Parameter(next(names), formula.values[slot], formula.dimensions[slot])

    expression = written(law.expression, law.parameters.__getitem__)
    return law.with_(
        expression=expression,
        parameters=tuple(parameters),
        inputs=tuple(law.inputs[column] for column in dataset.base_columns),
        symmetry=None,
        expanded=None,
        also_allowed=(),
        covariance=(),
    )


def with_expansions(laws: tuple[Law, ...], dataset: Dataset) -> tuple[Law, ...]:
    """The same laws, those that read derived columns with what they are when written out.

    A law that would be too long keeps its short form alone.
    """
    return tuple(law.with_(expanded=_found(law, dataset)) for law in laws)


def _found(law: Law, dataset: Dataset) -> Law | None:
    if not law.expression.inputs & {column for column, _ in dataset.derived}:
        return None
    try:
        return expanded(law, dataset)
    except GrammarError:
        return None


def _check_size(expression: Expression, dataset: Dataset) -> None:
    sizes = dict.fromkeys(dataset.base_columns, 1)

    def size(formula: Expression) -> int:
        return sum(sizes[node.index] if node.head == INPUT else 1 for node in formula.walk())

    for column, formula in dataset.derived:
        sizes[column] = size(formula.expression)
    if size(expression) > MOST_NODES:
        raise GrammarError(
            f"written out, a law has {size(expression):,} nodes; at most {MOST_NODES:,} are shown"
        )
