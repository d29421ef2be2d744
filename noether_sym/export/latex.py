"""Laws as LaTeX: a formula, or a document that lists laws with their units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from noether_sym.export.formula import (
    input_symbols,
    named,
    parameter_symbols,
    positive_first,
    rounded,
)
from noether_sym.export.names import is_word, latex_name, latex_unit, one_line, siunitx_unit
from noether_sym.export.verdict import reserve
from noether_sym.laws.law import Law, Parameter

if TYPE_CHECKING:
    import sympy

_HEAD = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath}
"""
_SIUNITX = r"""\usepackage{siunitx}
\sisetup{separate-uncertainty=true}
"""
_BEGIN = r"""\begin{document}
"""
_MOST_DECIMALS = 15
"""Decimals of a value beyond which its error is left out: a float holds 15 digits."""

_NEEDS = "% needs \\usepackage{amsmath}\n"
_NEEDS_SIUNITX = "% needs \\usepackage{amsmath} and \\usepackage{siunitx}\n"


def law_latex(law: Law, digits: int = 5) -> str:
    """The formula as LaTeX, constants to `digits` significant digits."""
    return expression_latex(law, rounded(law, digits))


def law_latex_named(law: Law) -> str:
    """The formula as LaTeX, constants by name."""
    return expression_latex(law, named(law))


def latex_document(
    laws: Sequence[Law], digits: int = 5, *, siunitx: bool = False, document: bool = True
) -> str:
    """A list of laws, with the units of values, constants and columns.

    Parameters
    ----------
    laws : sequence of Law
    digits : int
        Significant digits of constants.
    siunitx : bool
        Write quantities for the siunitx package (version 3).
    document : bool
        A whole document that compiles; otherwise what goes into one.
    """
    body = "No law was found.\n"
    if laws:
        items = [_item(law, digits, siunitx) for law in laws]
        body = "\n".join([r"\begin{enumerate}", *items, r"\end{enumerate}", ""])
    if not document:
        return f"{_NEEDS_SIUNITX if siunitx else _NEEDS}{body}"
    return f"{_HEAD}{_SIUNITX if siunitx else ''}{_BEGIN}{body}\\end{{document}}\n"


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


def constant_latex(name: str, parameter: Parameter, digits: int, *, siunitx: bool = False) -> str:
    """``name = (value +- error) unit`` in LaTeX's math mode."""
    if siunitx and math.isfinite(parameter.value):
        return f"{latex_name(name)} = {_quantity(parameter, digits)}"
    value = _number(parameter.value, digits)
    if parameter.stderr is not None:
        value += rf" \pm {_number(parameter.stderr, 2)}"
    unit = latex_unit(str(parameter.dimension))
    if unit and parameter.stderr is not None:
        value = rf"\left({value}\right)"
    if unit:
        value += rf"\,{unit}"
    return f"{latex_name(name)} = {value}"


def _item(law: Law, digits: int, siunitx: bool) -> str:
    unit = _in_unit(str(law.dimension), siunitx)
    lines = [rf"\item $\displaystyle {law_latex(law, digits)}$" + unit]
    if told := reserve(law):
        shown = told.replace("+-", r"$\pm$")
        lines.append(rf"\\ {shown[0].upper()}{shown[1:]}.")
    if law.expanded is not None:
        written_out = law_latex(law.expanded, digits)
        lines.append(rf"\\ Written out: $\displaystyle {written_out}$.")
    used = [pair for place, pair in enumerate(law.inputs) if place in law.expression.inputs]
    if used:
        columns = ", ".join(f"${latex_name(name)}${_in_unit(unit, siunitx)}" for name, unit in used)
        lines.append(rf"\\ Columns: {columns}.")
    if law.parameters:
        constants = [
            f"${constant_latex(symbol.name, parameter, digits, siunitx=siunitx)}$"
            for symbol, parameter in zip(parameter_symbols(law), law.parameters, strict=True)
        ]
        lines.append(rf"\\ Constants by name: $\displaystyle {law_latex_named(law)}$, where")
        lines.append(", ".join(constants) + ".")
    lines += [f"% {latex_name(name)}: column {one_line(name)}" for name, _ in used]
    return "\n  ".join(lines)


def _quantity(parameter: Parameter, digits: int) -> str:
    r"""``\qty{2.4469 +- 0.0130}{kg.m^2}``: value and error to the same decimal."""
    value, error = parameter.value, parameter.stderr
    power = math.floor(math.log10(abs(value))) if value else 0
    power = 0 if -4 <= power < 6 else power
    size = math.floor(math.log10(abs(value))) - power if value else 0
    number, shown = _scaled(value, power, max(0, digits - 1 - size)), ""
    if error is not None and math.isfinite(error) and error > 0:
        decimals = max(0, 1 - math.floor(math.log10(error)) + power)
        if decimals <= _MOST_DECIMALS:
            number, shown = _scaled(value, power, decimals), _scaled(error, power, decimals)
    if shown:
        number = f"{number} +- {shown}"
    elif "." in number:
        number = number.rstrip("0").rstrip(".")
    if power:
        number += f" e{power}"
    unit = siunitx_unit(str(parameter.dimension))
    return rf"\qty{{{number}}}{{{unit}}}" if unit else rf"\num{{{number}}}"


def _scaled(value: float, power: int, decimals: int) -> str:
    """A number over a power of ten, to so many decimals."""
    return f"{Decimal(repr(value)).scaleb(-power):.{decimals}f}"


def _number(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    if mantissa in ("nan", "inf", "-inf"):
        return rf"\mathrm{{{mantissa}}}"
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _in_unit(unit: str, siunitx: bool) -> str:
    written = siunitx_unit(unit) if siunitx else latex_unit(unit)
    if not written:
        return ""
    return rf" in \unit{{{written}}}" if siunitx else f" in ${written}$"
