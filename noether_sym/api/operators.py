"""Operations of one's own: one record, made and tried here."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from noether_sym.dsl.operators import Freedom, Operator, Parity, UnitRule, register
from noether_sym.errors import GrammarError, OptionError

_POINTS = np.linspace(0.31, 1.87, 23)

_STEP = 1e-6
"""Half the distance of the points between which a slope is taken."""

_CLOSE = 1e-5
"""Difference, relative and absolute, up to which values agree: far above the rounding of slopes."""

_RULES = {"pure": UnitRule.PURE, "angle": UnitRule.ANGLE}
_PARITIES = {None: Parity.NONE, "even": Parity.EVEN, "odd": Parity.ODD}


def register_operator(
    name: str,
    function: Callable[[Any, Any], Any],
    derivative: Callable[[Any, Any, Any], Any],
    *,
    argument: str | float | Fraction = "pure",
    parity: str | None = None,
) -> Operator:
    """Add an operation of one argument to what grammars, formulas and exports know.

    A search takes it where its grammar names it, as in ``grammar="paper+tanh"``; sums of terms
    do without. Registering a name again replaces the operation: results that were kept under
    the old one are those of another operation then.

    Parameters
    ----------
    name : str
        One word.
    function : callable
        ``function(lib, x)`` with ``lib`` numpy, torch or sympy, as in
        ``lambda lib, x: lib.tanh(x)``.
    derivative : callable
        ``derivative(lib, value, x)``, where ``value`` is ``function(lib, x)``.
    argument : str or number
        ``pure``: without a unit. ``angle``: in radians, or without a unit. A number p for an
        operation that is x**p up to a factor, whose result has the unit to that power.
    parity : str, optional
        ``even`` or ``odd``, for ``f(-x) = f(x)`` and ``f(-x) = -f(x)``.

    Returns
    -------
    Operator

    Raises
    ------
    GrammarError
        If the name is taken by an operation of the package or is not a word, or the functions do
        not do what is said of them between 0.3 and 1.9.
    OptionError
        If an argument has a wrong type.

    Examples
    --------
    >>> import noether_sym
    >>> tanh = noether_sym.register_operator(
    ...     "tanh", lambda lib, x: lib.tanh(x), lambda lib, value, x: 1 - value**2, parity="odd"
    ... )
    >>> found = noether_sym.discover("ideal_spring", grammar="paper+tanh", search="sums")
    """
    if not isinstance(name, str) or not callable(function) or not callable(derivative):
        raise OptionError("give a name, and two functions: f(lib, x) and its slope(lib, value, x)")
    if parity not in _PARITIES:
        raise OptionError(f"parity is {parity!r}; give 'even', 'odd' or None")
    power = Fraction(1)
    if isinstance(argument, str):
        if argument not in _RULES:
            raise OptionError(f"argument is {argument!r}; give 'pure', 'angle' or a power")
        rule = _RULES[argument]
    else:
        try:
            rule, power = UnitRule.POWER, Fraction(argument).limit_denominator(100)
        except (TypeError, ValueError, OverflowError):
            raise OptionError(
                f"argument is {argument!r}; give 'pure', 'angle' or a power"
            ) from None
    operator = Operator(
        name,
        1,
        rule,
        function,
        lambda lib, value, x: (derivative(lib, value, x),),
        power=power,
        parity=_PARITIES[parity],
        factor=Freedom.FACTOR if rule is UnitRule.POWER else Freedom.INSIDE,
    )
    _try(operator)
    return register(operator, again=True)


def _try(operator: Operator) -> None:
    """Refuse a record whose functions fail, or are not what it says."""
    import sympy
    import torch

    def value(x: Any) -> Any:
        return np.asarray(operator.apply(np, x), dtype=np.float64)

    try:
        with np.errstate(all="ignore"):
            own = value(_POINTS)
            slope = (value(_POINTS + _STEP) - value(_POINTS - _STEP)) / (2 * _STEP)
            partial = operator.partials(np, own, _POINTS)[0] + 0.0 * _POINTS
            mirrored = value(-_POINTS)
            scaled = value(1.3 * _POINTS)
        points = torch.from_numpy(_POINTS)
        in_torch = operator.apply(torch, points)
        operator.partials(torch, in_torch, points)
        symbol = sympy.Symbol("x", real=True)
        shown = operator.apply(sympy, symbol)
        in_sympy = float(sympy.sympify(shown).subs(symbol, float(_POINTS[0])))
    except Exception as error:  # functions of the caller's raise anything
        raise GrammarError(
            f"operation {operator.name!r} cannot be evaluated ({type(error).__name__}: {error}); "
            "its functions take the library (numpy, torch or sympy) first"
        ) from error
    if own.shape != _POINTS.shape or not np.isfinite(own).all():
        raise GrammarError(f"operation {operator.name!r} is not finite between 0.3 and 1.9")
    sign = {Parity.EVEN: 1.0, Parity.ODD: -1.0}.get(operator.parity)
    is_power = operator.unit_rule is UnitRule.POWER
    ratio = 1.3 ** float(operator.power)
    for wrong, what in (
        (_differ(partial, slope), "its derivative is not the slope"),
        (_differ(in_torch.numpy(), own), "torch gives other values than numpy"),
        (_differ(in_sympy, own[0]), "SymPy gives other values than numpy"),
        (sign is not None and _differ(mirrored, (sign or 0.0) * own), "it has another parity"),
        (is_power and _differ(scaled, ratio * own), f"it is not x**{operator.power}"),
    ):
        if wrong:
            raise GrammarError(f"operation {operator.name!r}: {what} between 0.3 and 1.9")


def _differ(one: Any, other: Any) -> bool:
    return not np.allclose(one, other, rtol=_CLOSE, atol=_CLOSE)
