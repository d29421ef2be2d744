"""Laws as C99: two functions a law, which need nothing but the maths library."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from noether_sym._version import __version__
from noether_sym.dsl.operators import BY_CODE
from noether_sym.export.code import CodeNames, decimals, formula_symbols, numbered
from noether_sym.export.names import ascii_letters, identifiers, one_line
from noether_sym.laws.law import Law

if TYPE_CHECKING:
    import sympy

_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while asm typeof"
)
_MATHS = (
    "acos asin atan atan2 ceil cos cosh exp fabs floor fmod frexp ldexp log log10 modf pow sin "
    "sinh sqrt tan tanh NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL errno signbit isnan isinf "
    "isfinite isnormal fpclassify math_errhandling"
)
_OWN = "state gradient main"


def c_source(laws: Sequence[Law]) -> str:
    """Source of ``law_1`` and ``law_1_gradient`` for the law of rank 1, and so on.

    Raises
    ------
    DomainError
        If a formula is defined nowhere.
    """
    head = (
        f"/* Conservation laws found by noether-sym {__version__}.\n"
        "   C99; link with the maths library (-lm). */\n\n#include <math.h>\n"
    )
    parts = [_functions(law, f"law_{n}") for law, n in zip(laws, numbered(laws), strict=True)]
    return "\n".join([head, *(parts or ["/* No law was found. */\n"])])


def _functions(law: Law, name: str) -> str:
    import sympy

    names = _names(law, {name, f"{name}_gradient"})
    formula = formula_symbols(law, names)
    symbols = [sympy.Symbol(own, real=True) for own in names.inputs]
    slopes = [formula.diff(symbol) for symbol in symbols]
    columns = [
        f"   state[{n}]: {_comment(c)} [{_comment(u)}]" for n, (c, u) in enumerate(law.inputs)
    ]
    about = "\n".join([f"/* {_comment(law.text())} in [{law.dimension}].", *columns])
    value = [*_reads(law, names, formula), f"return {_code(formula)};"]
    gradient = [
        *_reads(law, names, sympy.Tuple(*slopes)),
        *(f"gradient[{place}] = {_code(slope)};" for place, slope in enumerate(slopes)),
    ]
    count = len(law.inputs)
    return "\n".join(
        [
            f"{about} */",
            f"double {name}(const double state[{count}])",
            *_body(value),
            "",
            f"/* Its gradient by the {count} columns of the state. */",
            f"void {name}_gradient(const double state[{count}], double gradient[{count}])",
            *_body(gradient),
            "",
        ]
    )


def _body(lines: list[str]) -> list[str]:
    return ["{", *(f"    {line}" for line in lines), "}"]


def _names(law: Law, taken: Collection[str]) -> CodeNames:
    wanted = [ascii_letters(name) for name, _ in law.inputs] + [own.name for own in law.parameters]
    reserved = {*_KEYWORDS.split(), *_MATHS.split(), *_OWN.split(), *taken}
    reserved |= {operator.name for operator in BY_CODE if operator.is_call}
    found = identifiers(wanted, reserved)
    return CodeNames(tuple(found[: len(law.inputs)]), tuple(found[len(law.inputs) :]))


def _reads(law: Law, names: CodeNames, expression: sympy.Basic) -> list[str]:
    """Declarations of what an expression needs."""
    read = {symbol.name for symbol in expression.free_symbols}
    lines = [
        f"const double {own} = state[{place}];"
        for place, own in enumerate(names.inputs)
        if own in read
    ]
    for own, parameter in zip(names.parameters, law.parameters, strict=True):
        if own in read:
            unit = _comment(str(parameter.dimension))
            lines.append(f"const double {own} = {_literal(parameter.value)}; /* [{unit}] */")
    return lines if any(own in read for own in names.inputs) else ["(void)state;", *lines]


def _code(expression: sympy.Expr) -> str:
    from sympy.printing.c import C99CodePrinter

    printer = C99CodePrinter({"math_macros": {}, "type_aliases": {}})
    text = str(printer.doprint(decimals(expression)))
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _literal(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NAN" if math.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")


def _comment(text: str) -> str:
    """Text that can neither end a comment nor warn in one."""
    plain = unicodedata.normalize("NFC", one_line(text))
    return plain.replace("/*", "/ *").replace("*/", "* /").replace("??", "? ?").rstrip("\\")
