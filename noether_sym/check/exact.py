"""Whether a formula is conserved by given equations, exactly: no data, no search."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym.check.equations import Equations, read_equations, reads_columns
from noether_sym.check.judging import TRIVIAL
from noether_sym.check.normal_form import is_zero
from noether_sym.check.rates import Rate, rates
from noether_sym.dsl.parser import Formula
from noether_sym.dsl.tokens import quoted
from noether_sym.errors import GrammarError

if TYPE_CHECKING:
    import sympy

CONSERVED = "conserved"
VARIES = "not conserved"
UNKNOWN = "cannot tell"
"""Verdict on a formula that is neither proven nor refuted."""

_MOST_NODES = 3000
"""Nodes of the formula and the equations, definitions written out, that SymPy is given at most."""


@dataclass(frozen=True, slots=True)
class ExactlyChecked:
    """What equations of motion say of a formula.

    Attributes
    ----------
    formula : str
        As it was given.
    verdict, reason : str
        ``conserved``, ``not conserved``, ``constant everywhere`` or ``cannot tell``; and why.
    derivative : str
        dL/dt along the equations, as SymPy writes it before it simplifies; empty where it has
        too many terms to be shown.
    symbols : tuple of str
        Names that stand for any real number; the verdict holds for all their values.
    point : dict of str to Fraction
        Where dL/dt is not zero; empty unless it is `not conserved`.
    rate, share : float or None
        dL/dt there, and its share in the sum of the absolute values of its terms, the largest
        of all points that were looked at: how nearly the formula is conserved.
    points : int
        Points that were looked at.
    """

    formula: str
    verdict: str
    reason: str
    derivative: str
    symbols: tuple[str, ...]
    point: dict[str, Fraction]
    rate: float | None
    share: float | None
    points: int

    @property
    def conserved(self) -> bool:
        """Whether the formula is conserved, and says something."""
        return self.verdict == CONSERVED

    @property
    def decided(self) -> bool:
        """Whether the verdict is proven, one way or the other."""
        return self.verdict != UNKNOWN


def check_equations(text: str, equations: Equations | str | Path) -> ExactlyChecked:
    """Test exactly whether a formula is conserved by equations of motion.

    First the rate dL/dt = ∂L/∂t + f·∇L is computed in interval arithmetic of 60 digits at
    points of rational coordinates: one where its interval does not hold zero proves that the
    formula is not conserved. Only where there is none is dL/dt proven to be zero by algebra, in
    a bounded number of steps.

    Parameters
    ----------
    text : str
        See `noether_sym.dsl.parser`; it may hold ``t``. Decimal numbers are exact.
    equations : Equations, str or Path
        See `noether_sym.check.equations.read_equations`.

    Raises
    ------
    GrammarError
        If the text is not a formula, or a line is not an equation.
    """
    if not isinstance(equations, Equations):
        equations = read_equations(equations)
    law, equations = equations.read(text)
    if not reads_columns(equations, law):
        raise GrammarError(
            f"{text.strip()!r} reads no column, so nothing can vary; columns: "
            + ", ".join(map(quoted, equations.columns))
        )
    seen = rates(equations, law)
    derivative, partials = _derivatives(equations, law)
    verdict, reason, worst = _decided(seen, derivative, partials)
    reached = equations.reached(law)
    return ExactlyChecked(
        formula=text.strip(),
        verdict=verdict,
        reason=reason,
        derivative="" if derivative is None else str(derivative),
        symbols=tuple(equations.names[own] for own in equations.symbols if own in reached),
        point=worst.point if worst and verdict == VARIES else {},
        rate=worst.value if worst and verdict == VARIES else None,
        share=max((rate.share for rate in seen), default=None),
        points=len(seen),
    )


def _decided(
    seen: list[Rate], derivative: sympy.Expr | None, partials: list[sympy.Expr]
) -> tuple[str, str, Rate | None]:
    """Verdict, reason, and the point that shows it."""
    proven = [rate for rate in seen if rate.proven]
    if proven:
        worst = max(proven, key=lambda rate: rate.share)
        return VARIES, _counterexample(worst), worst
    if not seen:
        return UNKNOWN, "it is not defined and real, with the equations, at any point tried", None
    bound = max(abs(rate.value) + rate.error for rate in seen)
    where = f"its rate is below {bound:.0e} at all {len(seen)} points looked at"
    if derivative is None:
        return UNKNOWN, f"{where}, but it is too large for a proof", None
    if all(rate.trivial for rate in seen) and all(map(is_zero, partials)):
        return TRIVIAL, "it has the same value for all states, so that it says nothing", None
    if is_zero(derivative):
        return CONSERVED, "", None
    return UNKNOWN, f"{where}, but no proof was found", None


def _counterexample(rate: Rate) -> str:
    at = ", ".join(f"{quoted(name)} = {float(value):g}" for name, value in rate.point.items())
    return f"at {at} it changes at a rate of {rate.value:.10g}, {rate.share:.2g} of its terms"


def _derivatives(equations: Equations, law: Formula) -> tuple[sympy.Expr | None, list[sympy.Expr]]:
    """dL/dt and the partial derivatives of L, by SymPy; None where they are too large."""
    import sympy

    if _size(equations, law) > _MOST_NODES:
        return None, []
    values: list[Any] = [sympy.Symbol(name, real=True) for name in equations.names]
    for number in equations.constants:
        values[number] = sympy.pi
    for number, definition in equations.definitions.items():
        values[number] = _sympy(equations, definition, values)
    whole = _sympy(equations, law, values)
    partials = [whole.diff(values[number]) for number in equations.moving]
    rates = [_sympy(equations, rate, values) for rate in equations.rates]
    rates += [sympy.S.One] * (len(partials) - len(rates))  # of time
    return sympy.Add(*map(sympy.Mul, partials, rates)), partials


def _sympy(equations: Equations, formula: Formula, values: list[Any]) -> sympy.Expr:
    import sympy

    numbers = equations.values(formula, lambda own: sympy.Rational(own.numerator, own.denominator))
    return formula.expression.sympy(values, numbers)


def _size(equations: Equations, law: Formula) -> int:
    """Nodes of the formula and of the equations, definitions written out."""
    sizes = [1] * len(equations.names)

    def size(formula: Formula) -> int:
        nodes = formula.expression.walk()
        return sum(sizes[node.index] if node.head == "input" else 1 for node in nodes)

    for number, definition in equations.definitions.items():
        sizes[number] = size(definition)
    return size(law) + sum(map(size, equations.rates))
