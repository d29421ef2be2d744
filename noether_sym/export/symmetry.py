"""The symmetry of a law as a part of its entry, and the formulas of its flow as text and LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noether_sym.dsl.tokens import quoted
from noether_sym.errors import GrammarError
from noether_sym.export.formula import rounded_numbers
from noether_sym.export.latex import expression_latex
from noether_sym.export.names import latex_name
from noether_sym.laws.law import Law
from noether_sym.laws.symmetry import Symmetry, flow
from noether_sym.store.schema import RateEntry, SymmetryEntry

if TYPE_CHECKING:
    import sympy


def symmetry_to_entry(law: Law) -> SymmetryEntry | None:
    """What a law generates, as a part of its entry; None where that was not looked for."""
    own = law.symmetry
    if own is None:
        return None
    return SymmetryEntry(
        name=own.name,
        about=own.about,
        note=own.note,
        factor=None if own.factor is None else float(own.factor),
        pairs=tuple((law.inputs[q][0], law.inputs[p][0]) for q, p in own.pairs),
        flow=tuple(_rate(law, column, rate) for column, rate in _moving(law, own)),
    )


def symmetry_from_entry(
    entry: SymmetryEntry | None, inputs: tuple[tuple[str, str], ...]
) -> Symmetry | None:
    """Read a symmetry back; the flow follows from the law and is not read.

    Raises
    ------
    GrammarError
        If a pair names a column that is not there.
    """
    if entry is None:
        return None
    names = [name for name, _ in inputs]
    for q, p in entry.pairs:
        if q not in names or p not in names:
            raise GrammarError(f"a symmetry pairs {q!r} with {p!r}; columns: {', '.join(names)}")
    return Symmetry(
        name=entry.name,
        about=entry.about,
        pairs=tuple((names.index(q), names.index(p)) for q, p in entry.pairs),
        note=entry.note,
        factor=entry.factor,
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
            return repr(float(expr)).removesuffix(".0")

    return str(Printer().doprint(expression))


def _moving(law: Law, own: Symmetry) -> list[tuple[int, sympy.Expr]]:
    return [(column, rate) for column, rate in sorted(flow(law, own.pairs).items()) if rate != 0]


def _rate(law: Law, column: int, rate: sympy.Expr) -> RateEntry:
    import sympy

    name = law.inputs[column][0]
    short = rounded_numbers(rate, 5)
    return RateEntry(
        column=name,
        rate=expression_text(law, rate),
        latex=rf"\frac{{d {latex_name(name)}}}{{d s}} = {expression_latex(law, short)}",
        sympy=str(sympy.srepr(rate)),
    )
