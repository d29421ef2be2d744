"""Laws as LaTeX: a formula, or a document that lists laws with their units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from noether_sym.export.formula import (
    input_symbols,
    named,
    parameter_symbols,
    positive_first,
    rounded,
)
from noether_sym.export.names import is_word, latex_name, latex_unit, one_line
from noether_sym.laws import Law, Parameter

if TYPE_CHECKING:
    import sympy

_HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
\begin{document}
"""


def law_latex(law: Law, digits: int = 5) -> str:
    """The formula as LaTeX, constants to `digits` significant digits."""
    return expression_latex(law, rounded(law, digits))


def law_latex_named(law: Law) -> str:
    """The formula as LaTeX, constants by name."""
    return expression_latex(law, named(law))


def latex_document(laws: Sequence[Law], digits: int = 5) -> str:
    """A document that lists laws, with the units of values, constants and columns."""
    body = "No law was found.\n"
    if laws:
        items = [_item(law, digits) for law in laws]
        body = "\n".join([r"\begin{enumerate}", *items, r"\end{enumerate}", ""])
    return f"{_HEAD}{body}\\end{{document}}\n"


def expression_latex(law: Law, expression: sympy.Expr) -> str:
    """Any expression in the symbols of a law as LaTeX."""
    from sympy.printing.latex import LatexPrinter

    class Printer(LatexPrinter):
        def _as_ordered_terms(self, expr: sympy.Add, order: str | None = None) -> object:
            return positive_first(super()._as_ordered_terms(expr, order))

    symbols = [*input_symbols(law), *parameter_symbols(law)]
    names = {symbol: latex_name(symbol.name) for symbol in symbols}
    gap = r" \, " if any(is_word(name) for name, _ in law.inputs) else None
    own = {"symbol_names": names, "full_prec": False, "mul_symbol": gap}
    return str(Printer(own).doprint(expression))


def _item(law: Law, digits: int) -> str:
    lines = [rf"\item $\displaystyle {law_latex(law, digits)}$" + _in_unit(str(law.dimension))]
    used = [pair for place, pair in enumerate(law.inputs) if place in law.expression.inputs]
    if used:
        columns = ", ".join(f"${latex_name(name)}${_in_unit(unit)}" for name, unit in used)
        lines.append(rf"\\ Columns: {columns}.")
    if law.parameters:
        pairs = zip(parameter_symbols(law), law.parameters, strict=True)
        constants = [_constant(symbol.name, parameter, digits) for symbol, parameter in pairs]
        lines.append(rf"\\ Constants by name: $\displaystyle {law_latex_named(law)}$, where")
        lines.append(", ".join(constants) + ".")
    lines += [f"% {latex_name(name)}: column {one_line(name)}" for name, _ in used]
    return "\n  ".join(lines)


def _constant(name: str, parameter: Parameter, digits: int) -> str:
    value = _number(parameter.value, digits)
    if parameter.stderr is not None:
        value += rf" \pm {_number(parameter.stderr, 2)}"
    unit = latex_unit(str(parameter.dimension))
    if unit and parameter.stderr is not None:
        value = rf"\left({value}\right)"
    if unit:
        value += rf"\,{unit}"
    return f"${latex_name(name)} = {value}$"


def _number(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    if mantissa in ("nan", "inf", "-inf"):
        return rf"\mathrm{{{mantissa}}}"
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _in_unit(unit: str) -> str:
    written = latex_unit(unit)
    return f" in ${written}$" if written else ""
