"""Laws as source code: Python, NumPy, torch and C, each from a template."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from noether_sym._version import __version__
from noether_sym.errors import DomainError
from noether_sym.export.formula import with_symbols
from noether_sym.export.names import ascii_letters, identifiers, one_line
from noether_sym.export.verdict import reserve
from noether_sym.laws.law import Law, Parameter

if TYPE_CHECKING:
    import jinja2
    import sympy

_C_TAKEN = (
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while asm typeof "
    "acos asin atan atan2 ceil cos cosh exp fabs floor fmod frexp ldexp log log10 modf pow sin "
    "sinh sqrt tan tanh NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL errno signbit isnan isinf "
    "isfinite isnormal fpclassify math_errhandling "
    "state gradient main"
)


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes laws.

    Attributes
    ----------
    name : str
        What a law is called, with ``{}`` for its number.
    taken : str
        Identifiers that mean something else already, with blanks.
    code, literal : callable
        From a SymPy expression, and from a number, to text.
    spelled : callable
        From a column's name to what its identifier is made of.
    """

    name: str
    taken: str
    code: Callable[[sympy.Expr], str]
    literal: Callable[[float], str]
    spelled: Callable[[str], str] = str


def source(laws: Sequence[Law], language: str) -> str:
    """Source of a module of laws.

    Parameters
    ----------
    laws : sequence of Law
        ``law_1`` (``Law1`` in torch) is that of rank 1.
    language : str
        ``python``: functions of an array of states, value and gradient. ``numpy``: functions of
        one array a column. ``torch``: a `torch.nn.Module` a law. ``c``: C99, two functions a law.

    Raises
    ------
    DomainError
        If a formula is defined nowhere.
    """
    own = _LANGUAGES[language]
    rows = [_law(law, number, own) for law, number in zip(laws, numbered(laws), strict=True)]
    return _templates().get_template(f"{language}.jinja").render(laws=rows, version=__version__)


def numbered(laws: Sequence[Law]) -> list[int]:
    """A number for each law: its rank where ranks differ, else its place."""
    ranks = [law.rank for law in laws]
    if all(rank > 0 for rank in ranks) and len(set(ranks)) == len(ranks):
        return ranks
    return list(range(1, len(laws) + 1))


def _law(law: Law, number: int, language: _Language) -> dict[str, Any]:
    """What a template says of a law."""
    import sympy

    name = language.name.format(number)
    wanted = [language.spelled(column) for column, _ in law.inputs]
    wanted += [own.name for own in law.parameters]
    found = identifiers(wanted, {*language.taken.split(), name, f"{name}_gradient"})
    inputs, parameters = found[: len(law.inputs)], found[len(law.inputs) :]
    formula = with_symbols(law, inputs, parameters)
    if formula.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise DomainError(f"{law.text()} has no real value anywhere and cannot be exported")
    slopes = [formula.diff(sympy.Symbol(own, real=True)) for own in inputs]
    reads = {symbol.name for symbol in formula.free_symbols}
    return {
        "name": name,
        "text": law.text(),
        "reserve": reserve(law),
        "dimension": law.dimension,
        "inputs": inputs,
        "columns": [
            {"place": place, "own": own, "name": column, "unit": unit}
            for place, (own, (column, unit)) in enumerate(zip(inputs, law.inputs, strict=True))
        ],
        "constants": [
            _constant(own, parameter, language)
            for own, parameter in zip(parameters, law.parameters, strict=True)
        ],
        "value": language.code(formula),
        "slopes": [language.code(slope) for slope in slopes],
        "value_reads": reads,
        "slope_reads": {symbol.name for slope in slopes for symbol in slope.free_symbols},
        "reads_state": bool(reads & set(inputs)),
    }


def _constant(name: str, parameter: Parameter, language: _Language) -> dict[str, str]:
    error = "" if parameter.stderr is None else f", standard error {parameter.stderr:.2g}"
    return {
        "own": name,
        "attribute": name if re.fullmatch(r"c\d+", name) else f"constant_{name}",
        "literal": language.literal(parameter.value),
        "unit": str(parameter.dimension),
        "about": f"{parameter.value:.6g} [{parameter.dimension}]{error}.",
    }


def _array_code(expression: sympy.Expr, module: str) -> str:
    """An expression as calls of an array library; `module` is what the code calls it."""
    from sympy.printing.numpy import NumPyPrinter

    known = {
        name: f"{module}.{path.removeprefix('numpy.')}" if path.startswith("numpy.") else path
        for name, path in NumPyPrinter._kf.items()
    }

    class Printer(NumPyPrinter):
        _module = module
        _kf = known

        def _print_Abs(self, expr: Any) -> str:
            return f"{module}.abs({self._print(expr.args[0])})"

    return str(Printer().doprint(_decimals(expression)))


def _c_code(expression: sympy.Expr) -> str:
    from sympy.printing.c import C99CodePrinter

    printer = C99CodePrinter({"math_macros": {}, "type_aliases": {}})
    text = str(printer.doprint(_decimals(expression)))
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def _decimals(expression: sympy.Expr) -> sympy.Expr:
    """An expression whose numbers, such as the root of 2, are decimal."""
    import sympy

    numbers = {
        part: sympy.Float(float(part))
        for part in sympy.preorder_traversal(expression)
        if part.is_number and not part.is_Rational and not part.is_Float
    }
    return expression.xreplace(numbers)


def _literal(value: float) -> str:
    text = repr(float(value))
    return text if text[-1].isdigit() else f'float("{text}")'


def _c_literal(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NAN" if math.isnan(value) else ("INFINITY" if value > 0 else "-INFINITY")


def _documented(text: str) -> str:
    """Text that can stand in a docstring whatever names it holds."""
    return one_line(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _comment(text: str) -> str:
    """Text that can neither end a comment of C nor warn in one."""
    plain = unicodedata.normalize("NFC", one_line(text))
    return plain.replace("/*", "/ *").replace("*/", "* /").replace("??", "? ?").rstrip("\\")


@cache
def _templates() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    filters = {"documented": _documented, "comment": _comment, "one_line": one_line, "repr": repr}
    environment.filters.update(filters)
    return environment


_LANGUAGES = MappingProxyType(
    {
        "python": _Language(
            "law_{}",
            "numpy states value slopes LAWS",
            partial(_array_code, module="numpy"),
            _literal,
        ),
        "numpy": _Language("law_{}", "np", partial(_array_code, module="np"), _literal),
        "torch": _Language(
            "Law{}",
            "torch nn states self value trainable",
            partial(_array_code, module="torch"),
            _literal,
        ),
        "c": _Language("law_{}", _C_TAKEN, _c_code, _c_literal, ascii_letters),
    }
)
