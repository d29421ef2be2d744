"""Laws as JSON: the layout of ``laws.json``, and laws read back from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from noether_sym.dsl.dimension import Dimension
from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, input_, parameter
from noether_sym.errors import GrammarError, RunError
from noether_sym.laws import Law, Parameter

_LARGEST_TREE = 10_000


def laws_document(
    laws: Sequence[Law],
    *,
    dataset: str,
    inputs: Sequence[tuple[str, str]],
    counts: Mapping[str, int],
    independent_laws: int,
    closest: Sequence[Law] = (),
    reasons: Sequence[str] = (),
    window: int | None = None,
) -> dict[str, Any]:
    """Content of ``laws.json``.

    Parameters
    ----------
    laws : sequence of Law
        Accepted, ranked.
    dataset : str
    inputs : sequence of (str, str)
        Name and unit of each column.
    counts : mapping
        ``candidates``, ``distinct``, ``fitted``, ``accepted``.
    independent_laws : int
    closest : sequence of Law
        The best of those not accepted, with the reason of each in `reasons`.
    window : int, optional
        Windows that the ratios refer to.
    """
    return {
        "dataset": dataset,
        "inputs": [{"name": name, "unit": unit} for name, unit in inputs],
        "counts": dict(counts),
        "independent_laws": independent_laws,
        "window": window,
        "laws": [law_to_json(law) for law in laws],
        "candidates_not_accepted": [
            {**law_to_json(law), "reason": reason}
            for law, reason in zip(closest, reasons, strict=True)
        ],
    }


def law_to_json(law: Law) -> dict[str, Any]:
    """A law as JSON types; numbers that are not finite become null."""
    from noether_sym.export.sympy_ import law_srepr

    return {
        "rank": law.rank,
        "family": law.family,
        "expression": law.text(),
        "sympy": law_srepr(law),
        "latex": law.latex(),
        "unit": str(law.dimension),
        "parameters": [
            {
                "name": own.name,
                "value": own.value,
                "unit": str(own.dimension),
                "stderr": _finite(own.stderr),
            }
            for own in law.parameters
        ],
        "size": law.size,
        "conservation_ratio": _finite(law.conservation_ratio),
        "random_ratio": _finite(law.random_ratio),
        "heldout_ratio": _finite(law.heldout_ratio),
        "alignment": _finite(law.alignment),
        "status": law.status,
        "selected": law.selected,
        "window": law.window,
        "inputs": [list(pair) for pair in law.inputs],
        "dimension": _dimension_to_json(law.dimension),
        "parameter_dimensions": [_dimension_to_json(own.dimension) for own in law.parameters],
        "tree": tree_to_json(law.expression),
    }


def law_from_json(entry: Mapping[str, Any]) -> Law:
    """Read a law back.

    Raises
    ------
    RunError
        If the entry is not what `law_to_json` writes.
    """
    try:
        expression = tree_from_json(entry["tree"])
        inputs = tuple((str(name), str(unit)) for name, unit in entry["inputs"])
        dimensions = [_dimension_from_json(one) for one in entry["parameter_dimensions"]]
        parameters = tuple(
            Parameter(str(own["name"]), float(own["value"]), dimension, own["stderr"])
            for own, dimension in zip(entry["parameters"], dimensions, strict=True)
        )
        law = Law(
            expression=expression,
            inputs=inputs,
            parameters=parameters,
            dimension=_dimension_from_json(entry["dimension"]),
            conservation_ratio=_number(entry["conservation_ratio"]),
            random_ratio=_number(entry["random_ratio"]),
            heldout_ratio=entry["heldout_ratio"],
            alignment=entry["alignment"],
            status=str(entry["status"]),
            rank=int(entry["rank"]),
            family=int(entry["family"]),
            selected=bool(entry["selected"]),
            window=entry["window"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"a law in the run is damaged ({type(error).__name__}: {error}); fit again"
        ) from error
    slots = sorted(node.index for node in expression.walk() if node.head == PARAMETER)
    if slots != list(range(len(parameters))) or not expression.inputs <= set(range(len(inputs))):
        raise RunError("a law in the run names a parameter or column that it lacks; fit again")
    return law


def tree_to_json(expression: Expression) -> list[Any]:
    """A formula as nested lists: ``["mul", ["parameter", 0], ["input", 1]]``."""
    if expression.is_leaf:
        return [expression.head, expression.index]
    return [expression.head, *(tree_to_json(argument) for argument in expression.arguments)]


def tree_from_json(tree: Any) -> Expression:
    """Read nested lists back; every head, arity and index is checked.

    Raises
    ------
    GrammarError
        If the lists are no formula.
    """
    budget = [_LARGEST_TREE]

    def build(node: Any, depth: int) -> Expression:
        budget[0] -= 1
        if budget[0] < 0 or depth > 200:
            raise GrammarError("a formula is too large")
        if not isinstance(node, list) or not node or not isinstance(node[0], str):
            raise GrammarError(f"{node!r} is no part of a formula")
        head, *rest = node
        if head in (INPUT, PARAMETER):
            if len(rest) != 1 or type(rest[0]) is not int or rest[0] < 0:
                raise GrammarError(f"{node!r} is no {head}")
            return input_(rest[0]) if head == INPUT else parameter(rest[0])
        return call(head, *(build(argument, depth + 1) for argument in rest))

    return build(tree, 0)


def _dimension_to_json(dimension: Dimension) -> dict[str, str]:
    return {symbol: str(exponent) for symbol, exponent in dimension.exponents}


def _dimension_from_json(exponents: Mapping[str, str]) -> Dimension:
    return Dimension.of({str(key): Fraction(value) for key, value in exponents.items()})


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.inf if value is None else float(value)
