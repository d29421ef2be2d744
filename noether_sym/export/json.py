"""Laws as the entries of ``laws.json``, and laws read back from them.

Numbers that are not finite become null. A formula is stored as nested lists under
``tree``, and only they are ever read back; the texts beside it are for people.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import msgspec

from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, input_, parameter
from noether_sym.errors import GrammarError, RunError
from noether_sym.export.latex import law_latex
from noether_sym.export.symmetry import symmetry_from_entry, symmetry_to_entry
from noether_sym.export.sympy import law_srepr
from noether_sym.laws.law import Evidence, Law, Parameter
from noether_sym.store.schema import (
    Counts,
    EvidenceEntry,
    ExpandedEntry,
    LawEntry,
    LawsDocument,
    NamedUnit,
    ParameterEntry,
    RejectedEntry,
)
from noether_sym.tailor.document import finite
from noether_sym.units.dimension import Dimension

_MOST_NODES = 10_000
"""Nodes of a formula in a file beyond which it is refused as damaged."""

_DEEPEST = 200
"""Levels of one beyond which it is refused: reading it takes a call for each, of Python's 1,000."""

_FACTOR = re.compile(r"(\A|/|\*)([^*/()]+)(?:\*\*(\d+|\(\d+/\d+\)))?")


def laws_document(
    laws: Sequence[Law],
    *,
    dataset: str,
    inputs: Sequence[tuple[str, str]],
    counts: Counts,
    independent_laws: int,
    closest: Sequence[Law] = (),
    reasons: Sequence[str] = (),
    window: int | None = None,
    most_laws: int | None = None,
    constraints: Sequence[Law] = (),
    notes: Sequence[str] = (),
) -> LawsDocument:
    """Content of ``laws.json``.

    Parameters
    ----------
    laws : sequence of Law
        Accepted; sorted by rank here.
    dataset : str
    inputs : sequence of (str, str)
        Name and unit of each column.
    counts : Counts
    independent_laws : int
    closest : sequence of Law
        The best of those not accepted, with the reason of each in `reasons`, if given.
    reasons : sequence of str
    window : int, optional
        Samples in the windows that the ratios refer to.
    most_laws : int, optional
        Most independent laws that the data can have.
    constraints : sequence of Law
        What has one value on all trajectories.
    notes : sequence of str
        On the data, as run.json has them.
    """
    ranked = sorted(laws, key=lambda law: law.rank or math.inf)
    near = zip(closest, reasons or [law.status for law in closest], strict=True)
    return LawsDocument(
        dataset=dataset,
        inputs=_named_units(inputs),
        counts=counts,
        independent_laws=independent_laws,
        window=window,
        laws=tuple(law_to_entry(law) for law in ranked),
        candidates_not_accepted=tuple(
            RejectedEntry(**_fields(law), reason=reason) for law, reason in near
        ),
        most_laws=most_laws,
        constraints=tuple(law_to_entry(law) for law in constraints),
        notes=tuple(notes),
    )


def law_to_entry(law: Law) -> LawEntry:
    """A law as an entry of ``laws.json``."""
    return LawEntry(**_fields(law))


def _fields(law: Law) -> dict[str, Any]:
    written_out = law.expanded
    return {
        "rank": int(law.rank),
        "family": int(law.family),
        "function_of": law.function_of,
        **_formula(law),
        "unit": str(law.dimension),
        "size": law.size,
        "conservation_ratio": finite(law.conservation_ratio),
        "random_ratio": finite(law.random_ratio),
        "heldout_ratio": finite(law.heldout_ratio),
        "alignment": finite(law.alignment),
        "status": law.status,
        "verdict": law.verdict,
        "evidence": _evidence(law),
        "also_allowed": tuple(law_to_entry(own) for own in law.also_allowed),
        "gates": dict(law.gates),
        "covariance": law.covariance or msgspec.UNSET,
        "selected": bool(law.selected),
        "window": None if law.window is None else int(law.window),
        "symmetry": symmetry_to_entry(law),
        "expanded": (
            msgspec.UNSET if written_out is None else ExpandedEntry(**_formula(written_out))
        ),
    }


def _evidence(law: Law) -> EvidenceEntry | None:
    own = law.evidence
    if own is None:
        return None
    values = asdict(own)
    del values["verdict"]
    return EvidenceEntry(**{**values, "within": finite(own.within)})


def _formula(law: Law) -> dict[str, Any]:
    return {
        "expression": law.text(),
        "sympy": law_srepr(law),
        "latex": law_latex(law),
        "parameters": tuple(
            ParameterEntry(
                own.name,
                finite(own.value),
                str(own.dimension),
                finite(own.stderr),
                interval=own.interval,
                degrees=own.degrees,
            )
            for own in law.parameters
        ),
        "inputs": _named_units(law.inputs),
        "tree": tree_to_json(law.expression),
    }


def law_from_entry(entry: LawEntry) -> Law:
    """Read a law back from what `law_to_entry` made.

    Raises
    ------
    RunError
        If a unit is not known.
    GrammarError
        If the tree is not a formula, or reads what is not there.
    """
    formula = _formula_from(entry)
    law = Law(
        **formula,
        dimension=_dimension(entry.unit),
        conservation_ratio=_number(entry.conservation_ratio),
        random_ratio=_number(entry.random_ratio),
        heldout_ratio=entry.heldout_ratio,
        alignment=entry.alignment,
        status=entry.status,
        evidence=_evidence_from(entry),
        rank=entry.rank,
        family=entry.family,
        function_of=entry.function_of,
        selected=entry.selected,
        window=entry.window,
        symmetry=symmetry_from_entry(entry.symmetry, formula["inputs"]),
        also_allowed=tuple(law_from_entry(own) for own in entry.also_allowed),
        gates=tuple(entry.gates.items()),
        covariance=() if entry.covariance is msgspec.UNSET else entry.covariance,
    )
    _check_leaves(law)
    _check_covariance(law)
    if entry.expanded is msgspec.UNSET:
        return law
    written_out = law.with_(
        **_formula_from(entry.expanded), symmetry=None, also_allowed=(), covariance=()
    )
    _check_leaves(written_out)
    return law.with_(expanded=written_out)


def _evidence_from(entry: LawEntry) -> Evidence | None:
    if entry.evidence is None:
        return None
    values = msgspec.structs.asdict(entry.evidence)
    values["within"] = math.inf if values["within"] is None else values["within"]
    return Evidence(verdict=entry.verdict, **values)


def _formula_from(entry: LawEntry | ExpandedEntry) -> dict[str, Any]:
    return {
        "expression": tree_from_json(entry.tree),
        "inputs": tuple((own.name, own.unit) for own in entry.inputs),
        "parameters": tuple(
            Parameter(
                own.name,
                _number(own.value),
                _dimension(own.unit),
                own.stderr,
                own.interval,
                own.degrees,
            )
            for own in entry.parameters
        ),
    }


def accepted_laws(document: LawsDocument, *, heads_only: bool = False) -> list[Law]:
    """The laws of ``laws.json``; with `heads_only` the first of each family."""
    return [law_from_entry(entry) for entry in (document.heads if heads_only else document.laws)]


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
            raise GrammarError(f"{_short(node)} is not part of a formula")
        head, *rest = node
        if head in (INPUT, PARAMETER):
            if len(rest) != 1 or type(rest[0]) is not int or rest[0] < 0:
                raise GrammarError(
                    f"{_short(node)} is not a valid {head}: a number from 0 is expected"
                )
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


def _check_covariance(law: Law) -> None:
    rows = law.covariance
    count = len(law.parameters)
    if rows and not (len(rows) == count and all(len(row) == count for row in rows)):
        raise RunError(
            f"the covariance of {law.text()} is not {count} times {count} numbers: a law in the "
            "run is damaged; fit again"
        )


def _dimension(written: str) -> Dimension:
    """Read what `Dimension` prints."""
    if written == "dimensionless":
        return Dimension()
    exponents: dict[str, Fraction] = {}
    place = 0
    while place < len(written):
        match = _FACTOR.match(written, place)
        if match is None:
            raise RunError(
                f"{_short(written)} is not a unit: a law in the run is damaged; fit again"
            )
        sign, symbol, power = match.groups()
        if symbol != "1":
            exponent = _exponent(power) * (-1 if sign == "/" else 1)
            exponents[symbol] = exponents.get(symbol, Fraction(0)) + exponent
        place = match.end()
    return Dimension.of(exponents)


def _exponent(power: str | None) -> Fraction:
    try:
        return Fraction((power or "1").strip("()"))
    except (ValueError, ZeroDivisionError) as error:
        raise RunError(
            f"{_short(power)} is not an exponent: a law in the run is damaged; fit again"
        ) from error


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _named_units(inputs: Sequence[tuple[str, str]]) -> tuple[NamedUnit, ...]:
    return tuple(NamedUnit(name, unit) for name, unit in inputs)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
