"""One record per operation: arity, unit rule, value, derivative and printing.

The functions of a record take the array library as first argument. numpy, torch and
sympy all know ``cos``, ``log`` and the rest under the same names, so that one line
defines an operation for evaluation on the CPU, on a GPU and as a SymPy expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Any


class UnitRule(Enum):
    """How the dimension of a result follows from those of the arguments."""

    EQUAL = "arguments of one dimension, which the result has too"
    PRODUCT = "dimensions multiply"
    QUOTIENT = "dimensions divide"
    POWER = "the dimension to a fixed power"
    ANGLE = "an angle in radians or a dimensionless argument; dimensionless result"
    PURE = "a dimensionless argument; dimensionless result"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operation of the grammar.

    Attributes
    ----------
    name : str
        Unique name, as grammars list it.
    code : int
        Number of the operation in compiled programs.
    arity : int
        Number of arguments, 1 or 2.
    unit_rule : UnitRule
        Dimension of the result.
    apply : callable
        ``apply(lib, *arguments)`` with ``lib`` numpy, torch or sympy.
    partials : callable
        ``partials(lib, value, *arguments)``: the partial derivatives, one an argument.
    template : str
        How the operation prints, with ``{0}`` and ``{1}`` for the arguments.
    precedence : tuple of int
        Binding strength of the result, then that which each argument must reach to
        stand without parentheses.
    commutative : bool
        Whether the order of the arguments is immaterial.
    power : Fraction
        Exponent of the `UnitRule.POWER` rule.
    homogeneous : bool
        Whether a free factor of the argument becomes a free factor of the result.
    """

    name: str
    code: int
    arity: int
    unit_rule: UnitRule
    apply: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    template: str
    precedence: tuple[int, ...]
    commutative: bool = False
    power: Fraction = Fraction(1)
    homogeneous: bool = False


_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 4, 5
_CALL = (_ATOM, 0)

_RECORDS = (
    Operator(
        "add", 0, 2, UnitRule.EQUAL,
        lambda lib, a, b: a + b,
        lambda lib, value, a, b: (1.0, 1.0),
        "{0} + {1}", (_SUM, _SUM, _SUM), commutative=True,
    ),
    Operator(
        "sub", 1, 2, UnitRule.EQUAL,
        lambda lib, a, b: a - b,
        lambda lib, value, a, b: (1.0, -1.0),
        "{0} - {1}", (_SUM, _SUM, _PRODUCT),
    ),
    Operator(
        "mul", 2, 2, UnitRule.PRODUCT,
        lambda lib, a, b: a * b,
        lambda lib, value, a, b: (b, a),
        "{0}*{1}", (_PRODUCT, _PRODUCT, _PRODUCT), commutative=True,
    ),
    Operator(
        "div", 3, 2, UnitRule.QUOTIENT,
        lambda lib, a, b: a / b,
        lambda lib, value, a, b: (1.0 / b, -value / b),
        "{0}/{1}", (_PRODUCT, _PRODUCT, _POWER),
    ),
    Operator(
        "square", 4, 1, UnitRule.POWER,
        lambda lib, a: a**2,
        lambda lib, value, a: (2.0 * a,),
        "{0}**2", (_POWER, _ATOM), power=Fraction(2), homogeneous=True,
    ),
    Operator(
        "sin", 5, 1, UnitRule.ANGLE,
        lambda lib, a: lib.sin(a),
        lambda lib, value, a: (lib.cos(a),),
        "sin({0})", _CALL,
    ),
    Operator(
        "cos", 6, 1, UnitRule.ANGLE,
        lambda lib, a: lib.cos(a),
        lambda lib, value, a: (-lib.sin(a),),
        "cos({0})", _CALL,
    ),
    Operator(
        "sqrt", 7, 1, UnitRule.POWER,
        lambda lib, a: lib.sqrt(a),
        lambda lib, value, a: (0.5 / value,),
        "sqrt({0})", _CALL, power=Fraction(1, 2), homogeneous=True,
    ),
    Operator(
        "log", 8, 1, UnitRule.PURE,
        lambda lib, a: lib.log(a),
        lambda lib, value, a: (1.0 / a,),
        "log({0})", _CALL,
    ),
    Operator(
        "exp", 9, 1, UnitRule.PURE,
        lambda lib, a: lib.exp(a),
        lambda lib, value, a: (value,),
        "exp({0})", _CALL,
    ),
    Operator(
        "cube", 10, 1, UnitRule.POWER,
        lambda lib, a: a**3,
        lambda lib, value, a: (3.0 * a**2,),
        "{0}**3", (_POWER, _ATOM), power=Fraction(3), homogeneous=True,
    ),
    Operator(
        "fourth", 11, 1, UnitRule.POWER,
        lambda lib, a: a**4,
        lambda lib, value, a: (4.0 * a**3,),
        "{0}**4", (_POWER, _ATOM), power=Fraction(4), homogeneous=True,
    ),
    Operator(
        "inverse", 12, 1, UnitRule.POWER,
        lambda lib, a: 1 / a,
        lambda lib, value, a: (-value / a,),
        "1/{0}", (_PRODUCT, _POWER), power=Fraction(-1), homogeneous=True,
    ),
)  # fmt: skip

OPERATORS = MappingProxyType({record.name: record for record in _RECORDS})
"""Every operation, by name."""

BY_CODE = tuple(_RECORDS)
"""Every operation, by its code in compiled programs."""
