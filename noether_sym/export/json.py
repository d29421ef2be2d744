"""Laws as JSON: the layout of ``laws.json``, and laws read back from it.

Numbers that are not finite become null. A formula is stored as nested lists under
``tree``, and only they are ever read back; the texts beside it are for people.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, input_, parameter
from noether_sym.errors import GrammarError, RunError
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.dimension import Dimension

_MOST_NODES = 10_000
_DEEPEST = 200
_COUNTS = ("candidates", "distinct", "fitted", "accepted")
_FACTOR = re.compile(r"(\A|/|\*)([^*/()]+)(?:\*\*(\d+|\(\d+/\d+\)))?")


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
        Accepted; sorted by rank here.
    dataset : str
    inputs : sequence of (str, str)
        Name and unit of each column.
    counts : mapping
        ``candidates``, ``distinct``, ``fitted``, ``accepted``.
    independent_laws : int
    closest : sequence of Law
        The best of those not accepted, with the reason of each in `reasons`, if given.
    reasons : sequence of str
    window : int, optional
        Samples in the windows that the ratios refer to.
    """
    ranked = sorted(laws, key=lambda law: law.rank or math.inf)
    others = sorted(set(counts) - set(_COUNTS))
    near = zip(closest, reasons or [law.status for law in closest], strict=True)
    return {
        "dataset": dataset,
        "inputs": [{"name": name, "unit": unit} for name, unit in inputs],
        "counts": {name: int(counts.get(name, 0)) for name in (*_COUNTS, *others)},
        "independent_laws": int(independent_laws),
        "window": window,
        "laws": [law_to_json(law) for law in ranked],
        "candidates_not_accepted": [{**law_to_json(law), "reason": reason} for law, reason in near],
    }


def law_to_json(law: Law) -> dict[str, Any]:
    """A law as JSON types; numbers that are not finite become null."""
    from noether_sym.export.latex import law_latex
    from noether_sym.export.symmetry import symmetry_to_json
    from noether_sym.export.sympy import law_srepr

    return {
        "rank": int(law.rank),
        "family": int(law.family),
        "expression": law.text(),
        "sympy": law_srepr(law),
        "latex": law_latex(law),
        "unit": str(law.dimension),
        "parameters": [
            {
                "name": own.name,
                "value": _finite(own.value),
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
        "selected": bool(law.selected),
        "window": None if law.window is None else int(law.window),
        "symmetry": symmetry_to_json(law),
        "inputs": [{"name": name, "unit": unit} for name, unit in law.inputs],
        "tree": tree_to_json(law.expression),
    }


def law_from_json(entry: Mapping[str, Any]) -> Law:
    """Read a law back from what `law_to_json` wrote.

    Raises
    ------
    RunError
        If an entry is missing or of the wrong type.
    GrammarError
        If the tree is no formula.
    """
    from noether_sym.export.symmetry import symmetry_from_json

    try:
        inputs = tuple((_text(own["name"]), _text(own["unit"])) for own in entry["inputs"])
        law = Law(
            expression=tree_from_json(entry["tree"]),
            inputs=inputs,
            parameters=tuple(
                Parameter(
                    _text(own["name"]),
                    _number(own["value"]),
                    _dimension(own["unit"]),
                    None if own["stderr"] is None else _number(own["stderr"]),
                )
                for own in entry["parameters"]
            ),
            dimension=_dimension(entry["unit"]),
            conservation_ratio=_number(entry["conservation_ratio"]),
            random_ratio=_number(entry["random_ratio"]),
            heldout_ratio=_optional(entry.get("heldout_ratio")),
            alignment=_optional(entry.get("alignment")),
            status=_text(entry["status"]),
            rank=_whole(entry["rank"]),
            family=_whole(entry["family"]),
            selected=entry["selected"] is True,
            window=None if entry.get("window") is None else _whole(entry["window"]),
            symmetry=symmetry_from_json(entry.get("symmetry"), inputs),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, GrammarError):
            raise
        raise RunError(
            f"a law in the run is damaged ({type(error).__name__}: {error}); fit again"
        ) from error
    _check_leaves(law)
    return law


def tree_to_json(expression: Expression) -> list[Any]:
    """A formula as nested lists: ``["mul", ["parameter", 0], ["input", 1]]``."""
    if expression.is_leaf:
        return [expression.head, expression.index]
    return [expression.head, *(tree_to_json(argument) for argument in expression.arguments)]


def tree_from_json(tree: Any) -> Expression:
    """Read nested lists back; every operation, arity and index is checked.

    Raises
    ------
    GrammarError
        If the lists are no formula.
    """
    budget = _MOST_NODES

    def build(node: Any, depth: int) -> Expression:
        nonlocal budget
        budget -= 1
        if budget < 0 or depth > _DEEPEST:
            raise GrammarError(
                f"a formula has more than {_MOST_NODES} nodes or is deeper than {_DEEPEST}"
            )
        if not isinstance(node, list) or not node or not isinstance(node[0], str):
            raise GrammarError(f"{_short(node)} is no part of a formula")
        head, *rest = node
        if head in (INPUT, PARAMETER):
            if len(rest) != 1 or type(rest[0]) is not int or rest[0] < 0:
                raise GrammarError(f"{_short(node)} is no {head}: a number from 0 is expected")
            return input_(rest[0]) if head == INPUT else parameter(rest[0])
        return call(head, *(build(argument, depth + 1) for argument in rest))

    return build(tree, 0)


def _check_leaves(law: Law) -> None:
    slots = sorted(node.index for node in law.expression.walk() if node.head == PARAMETER)
    if slots != list(range(len(law.parameters))):
        raise GrammarError(
            f"a formula uses the parameter slots {slots[:9]} and the law has "
            f"{len(law.parameters)} parameters; each must have one place"
        )
    if max(law.expression.inputs, default=0) >= len(law.inputs):
        raise GrammarError(
            f"a formula reads column {max(law.expression.inputs)} of {len(law.inputs)}"
        )


def _dimension(text: Any) -> Dimension:
    """Read what `Dimension` prints."""
    written = _text(text)
    if written == "dimensionless":
        return Dimension()
    exponents: dict[str, Fraction] = {}
    place = 0
    while place < len(written):
        match = _FACTOR.match(written, place)
        if match is None:
            raise ValueError(f"{written!r} is no unit")
        sign, symbol, power = match.groups()
        if symbol != "1":
            exponent = Fraction((power or "1").strip("()"))
            exponents[symbol] = exponents.get(symbol, Fraction(0)) + (
                -exponent if sign == "/" else exponent
            )
        place = match.end()
    return Dimension.of(exponents)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{_short(value)} is no number")
    return float(value)


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{_short(value)} is no whole number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{_short(value)} is no text")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
