"""A law as a SymPy expression made for a printer: own symbols, rounded constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from noether_sym.laws.law import Law

if TYPE_CHECKING:
    import sympy

_Built = TypeVar("_Built")


def input_symbols(law: Law) -> list[sympy.Symbol]:
    """A real symbol for each column, as `Law.sympy` names them."""
    import sympy

    return [sympy.Symbol(name, real=True) for name, _ in law.inputs]


def parameter_symbols(law: Law) -> list[sympy.Symbol]:
    """A real symbol for each constant, different from every column's."""
    import sympy

    taken = {name for name, _ in law.inputs}
    free = next(letter for letter in _letters() if not any(n.startswith(letter) for n in taken))
    own = [parameter.name for parameter in law.parameters]
    if taken & set(own) or len(set(own)) < len(own):
        own = [f"{free}{slot}" for slot in range(len(own))]
    return [sympy.Symbol(name, real=True) for name in own]


def rounded(law: Law, digits: int) -> sympy.Expr:
    """The formula with its constants to `digits` significant digits.

    Constants are rounded at the end, after SymPy has joined those that stand together, and
    are not multiplied out. A constant without a finite value is shown by its name.
    """
    built = undistributed(lambda: law.expression.sympy(input_symbols(law), _constants(law)))
    return rounded_numbers(built, digits)


def rounded_numbers(expression: sympy.Expr, digits: int) -> sympy.Expr:
    """An expression with its decimal numbers to `digits` significant digits."""
    import sympy

    def build() -> sympy.Expr:
        plain = expression.replace(_is_negated_sum, _negated_terms)
        return plain.xreplace({one: _rounded(one, digits) for one in plain.atoms(sympy.Float)})

    return undistributed(build)


def undistributed(build: Callable[[], _Built]) -> _Built:
    """What `build` makes while SymPy does not multiply numbers into sums.

    In that mode SymPy turns the sign of ``cos(-a - q)`` back and forth until the stack is
    full; such expressions are built in its usual mode.
    """
    from sympy.core.parameters import distribute

    try:
        with distribute(False):
            return build()
    except RecursionError:
        return build()


def named(law: Law) -> sympy.Expr:
    """The formula with its constants by name."""
    return law.expression.sympy(input_symbols(law), parameter_symbols(law))


def positive_first(terms: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """Terms of a sum in a printer's order, but beginning with one that has no minus sign."""
    ordered = list(terms)
    plain = [term for term in ordered if not term.could_extract_minus_sign()]
    if plain:
        ordered.remove(plain[0])
        ordered.insert(0, plain[0])
    return ordered


def with_symbols(law: Law, inputs: Sequence[str], parameters: Sequence[str]) -> sympy.Expr:
    """The formula in real symbols of these names, constants included."""
    import sympy

    return law.expression.sympy(
        [sympy.Symbol(name, real=True) for name in inputs],
        [sympy.Symbol(name, real=True) for name in parameters],
    )


def _constants(law: Law) -> list[sympy.Expr]:
    import sympy

    return [
        sympy.Float(value) if math.isfinite(value) else symbol
        for value, symbol in zip(law.values, parameter_symbols(law), strict=True)
    ]


def _is_negated_sum(part: sympy.Expr) -> bool:
    return bool(part.is_Mul and len(part.args) == 2 and part.args[0] == -1 and part.args[1].is_Add)


def _negated_terms(part: sympy.Expr) -> sympy.Expr:
    """``-(a + b)`` as ``-a - b``: a printer that expects SymPy's own form drops the brackets."""
    return part.args[1].func(*(-term for term in part.args[1].args))


def _rounded(number: sympy.Float, digits: int) -> sympy.Number:
    import sympy

    short = sympy.Float(number, digits)
    if not 1 <= abs(short) < 10**digits:
        return short
    written = float(f"{float(number):.{digits}g}")
    return sympy.Integer(int(written)) if written.is_integer() else short


def _letters() -> list[str]:
    return [*"ckabdhuw", *(f"c_{number}_" for number in range(1000))]
