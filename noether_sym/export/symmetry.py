"""The symmetry of a law as JSON, and the formulas of its flow as text and LaTeX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from noether_sym.dsl.tokens import quoted
from noether_sym.errors import GrammarError
from noether_sym.export.formula import rounded_numbers
from noether_sym.export.latex import expression_latex
from noether_sym.export.names import latex_name
from noether_sym.laws.law import Law
from noether_sym.laws.symmetry import Symmetry, flow

if TYPE_CHECKING:
    import sympy


def symmetry_to_json(law: Law) -> dict[str, Any] | None:
    """What a law generates, as JSON types; None where that was not looked for."""
    own = law.symmetry
    if own is None:
        return None
    return {
        "name": own.name,
        "about": own.about,
        "note": own.note,
        "factor": own.factor,
        "pairs": [[law.inputs[q][0], law.inputs[p][0]] for q, p in own.pairs],
        "flow": [_rate_to_json(law, column, rate) for column, rate in _moving(law, own)],
    }


def symmetry_from_json(entry: Any, inputs: tuple[tuple[str, str], ...]) -> Symmetry | None:
    """Read a symmetry back; the flow follows from the law and is not read.

    Raises
    ------
    GrammarError
        If a pair names a column that is not there.
    """
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise TypeError("a symmetry is no object")
    names = [name for name, _ in inputs]
    pairs = []
    for q, p in entry["pairs"]:
        if q not in names or p not in names:
            raise GrammarError(f"a symmetry pairs {q!r} with {p!r}; columns: {', '.join(names)}")
        pairs.append((names.index(q), names.index(p)))
    factor = entry["factor"]
    return Symmetry(
        name=str(entry["name"]),
        about=str(entry["about"]),
        pairs=tuple(pairs),
        note=str(entry["note"]),
        factor=None if factor is None else float(factor),
    )


def rounded_flow(law: Law, digits: int = 5) -> list[tuple[int, sympy.Expr]]:
    """Column and rate by s of what a law's symmetry moves, constants rounded."""
    if law.symmetry is None:
        return []
    return [(c, rounded_numbers(rate, digits)) for c, rate in _moving(law, law.symmetry)]


def expression_text(law: Law, expression: sympy.Expr) -> str:
    """An expression in the symbols of a law as infix text, odd names between backquotes."""
    from sympy.printing.str import StrPrinter

    class Printer(StrPrinter):
        def _print_Symbol(self, expr: sympy.Symbol) -> str:
            return quoted(str(expr.name))

        def _print_Float(self, expr: sympy.Float) -> str:
            return f"{float(expr):.12g}"

    return str(Printer().doprint(expression))


def _moving(law: Law, own: Symmetry) -> list[tuple[int, sympy.Expr]]:
    return [(column, rate) for column, rate in sorted(flow(law, own.pairs).items()) if rate != 0]


def _rate_to_json(law: Law, column: int, rate: sympy.Expr) -> dict[str, str]:
    import sympy

    name = law.inputs[column][0]
    short = rounded_numbers(rate, 5)
    return {
        "column": name,
        "rate": expression_text(law, short),
        "latex": rf"\frac{{d {latex_name(name)}}}{{d s}} = {expression_latex(law, short)}",
        "sympy": str(sympy.srepr(rate)),
    }
