"""Laws as MathML, which browsers typeset by themselves."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING

from noether_sym.dsl.operators import BY_CODE
from noether_sym.export.formula import (
    input_symbols,
    named,
    parameter_symbols,
    positive_first,
    rounded,
    undistributed,
)
from noether_sym.export.names import is_word, mathml_name
from noether_sym.laws.law import Law

if TYPE_CHECKING:
    import sympy

_SUM = re.compile(r"<mrow>(?P<inside>.*)</mrow>", re.DOTALL)
_TAG = re.compile(r"<mo>[+−]</mo>|<[^>]*>")
_GAP = '<mo rspace="0.17em">\u2062</mo>'


def law_mathml(law: Law, digits: int = 5, *, by_name: bool = False) -> str:
    """The formula as a ``<math>`` element.

    Parameters
    ----------
    law : Law
    digits : int
        Significant digits of constants.
    by_name : bool
        Show constants by name rather than by value.
    """
    return _math(expression_mathml(law, named(law) if by_name else rounded(law, digits)))


def law_mathml_parts(law: Law, digits: int = 5, *, by_name: bool = False) -> list[str]:
    """The formula as ``<math>`` elements, one a term, so that a line can break between them."""
    whole = expression_mathml(law, named(law) if by_name else rounded(law, digits))
    sum_ = _SUM.fullmatch(whole)
    terms = _terms(sum_["inside"] if sum_ else whole)
    return [_math(f"<mrow>{part}</mrow>") for part in (terms[0], *map(_after_others, terms[1:]))]


def _after_others(term: str) -> str:
    """A term whose sign is set as between two terms."""
    return term.replace("<mo>", '<mo form="infix">', 1)


def _terms(row: str) -> list[str]:
    """A row cut before each plus and minus that is not part of a deeper element."""
    parts, depth, begin = [], 0, 0
    for match in _TAG.finditer(row):
        sign = match.group() in ("<mo>+</mo>", "<mo>−</mo>")
        if sign and depth == 0 and match.start() > begin:
            parts.append(row[begin : match.start()])
            begin = match.start()
        elif not sign and not match.group().endswith("/>"):
            depth += -1 if match.group().startswith("</") else 1
    return [*parts, row[begin:]]


def rate_mathml(law: Law, column: int, expression: sympy.Expr) -> str:
    """``dx/ds = ...`` as a ``<math>`` element, for a column and its rate by s."""
    name = mathml_name(law.inputs[column][0])
    rate = f"<mfrac><mrow><mi>d</mi>{name}</mrow><mrow><mi>d</mi><mi>s</mi></mrow></mfrac>"
    return _math(f"<mrow>{rate}<mo>=</mo>{expression_mathml(law, expression)}</mrow>")


def expression_mathml(law: Law, expression: sympy.Expr) -> str:
    """An expression in the symbols of a law as MathML, without the element around it."""
    from sympy.printing.mathml import MathMLPresentationPrinter

    symbols = [*input_symbols(law), *parameter_symbols(law)]
    # SymPy's printer does not escape names, so it gets harmless ones to be replaced after
    stand_ins = {symbol: f"placeholder{place}x" for place, symbol in enumerate(symbols)}

    class Printer(MathMLPresentationPrinter):
        def _print_Symbol(self, sym: sympy.Symbol, style: str = "plain") -> object:
            element = self.dom.createElement("mi")
            element.appendChild(self.dom.createTextNode(stand_ins[sym]))
            return element

        def _as_ordered_terms(self, expr: sympy.Add, order: str | None = None) -> object:
            return positive_first(super()._as_ordered_terms(expr, order))

    # the printer negates terms, and must not multiply them out
    text = undistributed(lambda: str(Printer().doprint(expression)))
    text = re.sub(r"&(\w+;)", _without_entity, text).replace("<mo>-</mo>", "<mo>−</mo>")
    if any(is_word(name) for name, _ in law.inputs):
        text = text.replace("<mo>\u2062</mo>", _GAP)
    # a product whose second factor is a function, which TeX sets a little apart
    names = "|".join(operator.name for operator in BY_CODE if operator.is_call)
    text = re.sub(rf"<mo>\u2062</mo>(?=<mrow><mi>(?:{names})</mi>)", _GAP, text)
    for symbol, stand_in in stand_ins.items():
        text = text.replace(f"<mi>{stand_in}</mi>", mathml_name(symbol.name))
    return text


def _math(text: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{text}</math>'


def _without_entity(match: re.Match[str]) -> str:
    """Named entities are for HTML only; XML readers know numbers."""
    name = match.group(1)
    char = {"ExponentialE;": "e", "ImaginaryI;": "i"}.get(name, html5.get(name, "?"))
    return match.group(0) if char in "&<>" else char
