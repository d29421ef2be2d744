"""Decide whether an expression is zero everywhere, in a bounded number of steps.

Roots, sines, cosines, exponentials and logarithms become symbols with the relations that they
obey (s**2 + c**2 = 1, r**2 = what stands under the root); the expression is then a quotient of
polynomials, whose numerator is reduced by the relations. Nothing that comes out as zero is
otherwise. What does not may still be zero, by a relation that is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sympy

MOST_TERMS = 5_000
"""Most terms that a product may have when it is written out."""

_LARGEST_MULTIPLE = 12
"""Largest multiple of an angle whose waves are written in those of the angle itself."""


class TooLargeError(ArithmeticError):
    """An expression has more terms, written out, than are looked at."""


def is_zero(expression: sympy.Expr) -> bool:
    """Whether an expression of real symbols is proven to be zero everywhere.

    Parameters
    ----------
    expression : sympy.Expr
        Of real symbols and exact numbers.
    """
    for way in (lambda own: own, _single_angles):
        try:
            if _Forms().reduced(way(expression)) == 0:
                return True
        except TooLargeError:
            continue
    return False


def _single_angles(own: sympy.Expr) -> sympy.Expr:
    """Sines and cosines of single symbols only, as far as angles are sums of multiples.

    Every symbol is stretched first, so that the multiples are whole: zero stays zero.
    """
    import sympy

    angles = [wave.args[0].expand() for wave in own.atoms(sympy.sin, sympy.cos)]
    terms = [term for angle in angles for term in sympy.Add.make_args(angle)]
    factors = [term.as_coeff_Mul()[0] for term in terms]
    stretch = math.lcm(*(int(factor.q) for factor in factors if factor.is_Rational))
    if any(abs(factor * stretch) > _LARGEST_MULTIPLE for factor in factors):
        raise TooLargeError
    if stretch > 1:
        own = own.xreplace({symbol: stretch * symbol for symbol in own.free_symbols})
    return sympy.expand_trig(own)


@dataclass(slots=True)
class _Forms:
    """Symbols that stand for functions, in order, each with what its square is."""

    symbols: dict[tuple[str, sympy.Expr], sympy.Symbol] = field(default_factory=dict)
    squares: dict[sympy.Symbol, sympy.Expr] = field(default_factory=dict)

    def reduced(self, expression: sympy.Expr) -> sympy.Expr:
        """Numerator of the expression, reduced by the relations; zero if the expression is."""
        import sympy

        own = _expanded(self.rational(expression))
        own = _expanded(sympy.fraction(sympy.together(own))[0])
        for symbol in reversed(self.squares):  # what is inside comes before
            own = self._without_squares(own, symbol)
        return own

    def _without_squares(self, own: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
        import sympy

        if own == 0 or not own.has(symbol):
            return own
        square = self.squares[symbol]
        parts = sympy.collect(own, symbol, evaluate=False)
        total = sympy.S.Zero
        for power, factor in parts.items():
            degree = int(sympy.degree(power, symbol)) if power.has(symbol) else 0
            total += factor * square ** (degree // 2) * symbol ** (degree % 2)
        return _expanded(sympy.fraction(sympy.together(_expanded(total)))[0])

    def rational(self, own: sympy.Expr) -> sympy.Expr:
        """The expression with functions replaced by symbols."""
        import sympy

        if own.is_Rational or own.is_Symbol or own is sympy.pi:
            return own
        if own.is_Add or own.is_Mul:
            return own.func(*map(self.rational, own.args))
        if isinstance(own, sympy.exp):
            return self._exponential(self._inside(own.args[0]))
        if own.is_Pow:
            return self._power(own)
        if isinstance(own, sympy.sin | sympy.cos):
            return self._wave(own)
        if isinstance(own, sympy.Abs):
            inside = self._inside(own.args[0])
            return self._symbol("abs", _unsigned(inside)[0], inside**2)
        if isinstance(own, sympy.sign):
            return self.rational(own.args[0] / sympy.Abs(own.args[0], evaluate=False))
        return self._symbol(type(own).__name__, own.func(*map(self._inside, own.args)), None)

    def _power(self, own: sympy.Pow) -> sympy.Expr:
        power = own.exp
        if power.is_Integer:
            return self.rational(own.base) ** power
        if not (power.is_Rational and power.q == 2):
            return self._symbol("power", own, None)
        inside = self._inside(own.base)
        return self._symbol("root", inside, inside) ** power.p

    def _wave(self, own: sympy.Expr) -> sympy.Expr:
        import sympy

        inside, sign = _unsigned(self._inside(own.args[0]))
        cosine = self._symbol("cos", inside, None)
        if isinstance(own, sympy.cos):
            return cosine
        return sign * self._symbol("sin", inside, 1 - cosine**2)

    def _exponential(self, inside: sympy.Expr) -> sympy.Expr:
        import sympy

        total = sympy.S.One
        for term in sympy.Add.make_args(inside):
            factor, rest = term.as_coeff_Mul()
            base = self._symbol("exp", rest / factor.q, None)
            total *= base**factor.p
        return total

    def _inside(self, own: sympy.Expr) -> sympy.Expr:
        return _expanded(self.rational(own))

    def _symbol(self, kind: str, what: sympy.Expr, square: sympy.Expr | None) -> sympy.Symbol:
        import sympy

        known = self.symbols.get((kind, what))
        if known is None:
            known = sympy.Dummy(f"{kind}{len(self.symbols)}", real=True)
            self.symbols[kind, what] = known
            if square is not None:
                self.squares[known] = square
        return known


def _unsigned(own: sympy.Expr) -> tuple[sympy.Expr, int]:
    """The expression or its negative, whichever comes first, and the sign."""
    return (-own, -1) if own.could_extract_minus_sign() else (own, 1)


def _expanded(own: sympy.Expr) -> sympy.Expr:
    if _terms(own) > MOST_TERMS:
        raise TooLargeError
    return own.expand()


def _terms(own: sympy.Expr) -> int:
    """A bound of the number of terms of an expression, written out."""
    if own.is_Add:
        return sum(map(_terms, own.args))
    if own.is_Mul:
        return math.prod(map(_terms, own.args))
    if own.is_Pow and own.exp.is_Integer:
        terms, power = _terms(own.base), abs(int(own.exp))
        return math.comb(min(terms, MOST_TERMS) + power - 1, power)
    return 1
