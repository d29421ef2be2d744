"""One record per operation: everything that a parser, an evaluator or an export needs of it.

The functions of a record take the array library as first argument. numpy, torch and
sympy all know ``cos``, ``log`` and the rest under the same names, so that one line
defines an operation for evaluation on the CPU, on a GPU and as a SymPy expression.
`register` and `registered` add a record; nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from noether_sym.errors import GrammarError


class UnitRule(Enum):
    """How the dimension of a result follows from those of the arguments."""

    EQUAL = "arguments of one dimension, which the result has too"
    PRODUCT = "dimensions multiply"
    QUOTIENT = "dimensions divide"
    POWER = "the dimension to a fixed power"
    ANGLE = "an angle in radians or a dimensionless argument; dimensionless result"
    PURE = "a dimensionless argument; dimensionless result"


class Parity(Enum):
    """What becomes of a minus sign of the argument."""

    NONE = "it stays inside"
    EVEN = "it has no effect"
    ODD = "it comes out"


class Freedom(Enum):
    """What a free factor or a free constant of the argument becomes."""

    INSIDE = "it stays a parameter of the argument"
    FACTOR = "a free factor of the result"
    CONSTANT = "a free constant of the result"


@dataclass(frozen=True, slots=True)
class Compiled:
    """Source of an operation for the compiled kernels, in what numba knows of Python.

    Attributes
    ----------
    value : str
        An expression of ``x`` and ``y``, the arguments at one point.
    partials : tuple of str
        The partial derivatives, of ``x``, ``y`` and ``value``, one an argument.
    blocks : bool
        Whether the sources are statements instead that fill the array ``z``, from arrays;
        `noether_sym.search.program.kernels` has functions for them.
    """

    value: str
    partials: tuple[str, ...]
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """An operation of the grammar.

    Attributes
    ----------
    name : str
        Unique name, as grammars list it; one of one argument may be called by it in text.
    arity : int
        Number of arguments, 1 or 2.
    unit_rule : UnitRule
        Dimension of the result.
    apply : callable
        ``apply(lib, *arguments)`` with ``lib`` numpy, torch or sympy.
    partials : callable
        ``partials(lib, value, *arguments)``: the partial derivatives, one an argument.
    template : str
        How the operation prints, with ``{0}`` and ``{1}`` for the arguments; ``name({0})``
        if not given.
    precedence : tuple of int
        Binding strength of the result, then that which each argument must reach to
        stand without parentheses.
    commutative : bool
        Whether the order of the arguments is immaterial.
    power : Fraction
        Exponent of the `UnitRule.POWER` rule.
    parity : Parity
        Of an operation of one argument.
    factor, constant : Freedom
        What a free factor and a free constant of the argument become.
    shifted : str
        Name of an operation that is the same but for a constant added to the argument.
    compiled : Compiled, optional
        Without it formulas that use the operation are evaluated by torch.
    code : int
        Number of the operation in compiled programs, given by `register`.
    whole_power : int
        The number n of an operation ``x**n``, 0 of others.
    is_sum, is_product, is_polynomial : bool
        Whether this adds or subtracts; multiplies or divides; makes polynomials of
        polynomials.
    """

    name: str
    arity: int
    unit_rule: UnitRule
    apply: Callable[..., Any]
    partials: Callable[..., tuple[Any, ...]]
    template: str = ""
    precedence: tuple[int, ...] = (5, 0)
    commutative: bool = False
    power: Fraction = Fraction(1)
    parity: Parity = Parity.NONE
    factor: Freedom = Freedom.INSIDE
    constant: Freedom = Freedom.INSIDE
    shifted: str = ""
    compiled: Compiled | None = None
    code: int = -1
    whole_power: int = field(init=False)
    is_sum: bool = field(init=False)
    is_product: bool = field(init=False)
    is_polynomial: bool = field(init=False)

    def __post_init__(self) -> None:
        # formulas ask for these at every node
        rule = self.unit_rule
        own = Parity.ODD if self.power % 2 == 1 else Parity.EVEN
        is_whole = rule is UnitRule.POWER and self.power.denominator == 1 and self.parity is own
        whole = int(self.power) if is_whole else 0
        derived = {
            "template": self.template or f"{self.name}({{0}})",
            "whole_power": whole,
            "is_sum": rule is UnitRule.EQUAL,
            "is_product": rule in (UnitRule.PRODUCT, UnitRule.QUOTIENT),
            "is_polynomial": rule in (UnitRule.EQUAL, UnitRule.PRODUCT) or whole > 0,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def sign(self) -> int:
        """With which sign a sum takes its second argument."""
        return 1 if self.commutative else -1

    @property
    def passes_factor(self) -> bool:
        """Whether a free factor of either sign becomes a free factor of the result."""
        return self.factor is Freedom.FACTOR and self.parity is not Parity.NONE

    @property
    def is_call(self) -> bool:
        """Whether this prints as ``name(x)``."""
        return self.template == f"{self.name}({{0}})"


_records: dict[str, Operator] = {}
_by_code: list[Operator] = []

OPERATORS = MappingProxyType(_records)
"""Every operation, by name."""

BY_CODE: Sequence[Operator] = _by_code
"""Every operation, by its code in compiled programs."""


def operator_of(name: str) -> Operator:
    """The record of an operation.

    Raises
    ------
    GrammarError
        If there is none of that name.
    """
    try:
        return _records[name]
    except KeyError:
        known = ", ".join(OPERATORS)
        raise GrammarError(f"unknown operation {name!r}; known: {known}") from None


def register(operator: Operator, *, again: bool = False) -> Operator:
    """Add an operation: grammars, text, every evaluator and every export know it from now on.

    Worker processes know it if a module that they import registers it.

    Parameters
    ----------
    operator : Operator
        Of one argument; its code is given here, by the order of registration.
    again : bool
        Take the place of an operation of that name which was registered before.

    Returns
    -------
    Operator
        As registered.

    Raises
    ------
    GrammarError
        If the name is taken or no word, the record does not fit together, or there are two
        arguments: the search knows sums and products only.
    """
    held = _records.get(operator.name)
    replaced = held if again and held is not None and held.code >= _FIRST_FREE else None
    taken = (*OPERATORS, "input", "parameter")
    is_free = replaced is not None or operator.name not in taken
    if not is_free or not operator.name.isidentifier():
        raise GrammarError(f"an operation cannot be called {operator.name!r}: taken, or no word")
    if operator.arity != 1:
        raise GrammarError(f"{operator.name!r} takes {operator.arity} arguments, not 1")
    if (operator.unit_rule is UnitRule.POWER) != (operator.factor is Freedom.FACTOR):
        raise GrammarError(
            f"{operator.name!r}: a free factor comes out of powers, and of nothing else"
        )
    if operator.unit_rule not in (UnitRule.POWER, UnitRule.ANGLE, UnitRule.PURE):
        raise GrammarError(f"{operator.name!r}: no rule for the unit of one argument")
    if replaced is None:
        return _added(operator)
    _records[operator.name] = _by_code[replaced.code] = replace(operator, code=replaced.code)
    return _records[operator.name]


@contextmanager
def registered(operator: Operator) -> Iterator[Operator]:
    """Register an operation for the time of a ``with`` block; as `register`."""
    own = register(operator)
    try:
        yield own
    finally:
        for later in _by_code[own.code :]:
            del _records[later.name]
        del _by_code[own.code :]


def _added(operator: Operator) -> Operator:
    own = replace(operator, code=len(_by_code))
    _records[own.name] = own
    _by_code.append(own)
    return own


_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 4, 5
_OUT = Freedom.FACTOR

for _record in (
    Operator(
        "add", 2, UnitRule.EQUAL,
        lambda lib, a, b: a + b,
        lambda lib, value, a, b: (1.0, 1.0),
        "{0} + {1}", (_SUM, _SUM, _SUM), commutative=True,
        compiled=Compiled("x + y", ("1.0", "1.0")),
    ),
    Operator(
        "sub", 2, UnitRule.EQUAL,
        lambda lib, a, b: a - b,
        lambda lib, value, a, b: (1.0, -1.0),
        "{0} - {1}", (_SUM, _SUM, _PRODUCT),
        compiled=Compiled("x - y", ("1.0", "-1.0")),
    ),
    Operator(
        "mul", 2, UnitRule.PRODUCT,
        lambda lib, a, b: a * b,
        lambda lib, value, a, b: (b, a),
        "{0}*{1}", (_PRODUCT, _PRODUCT, _PRODUCT), commutative=True,
        compiled=Compiled("x * y", ("y", "x")),
    ),
    Operator(
        "div", 2, UnitRule.QUOTIENT,
        lambda lib, a, b: a / b,
        lambda lib, value, a, b: (1.0 / b, -value / b),
        "{0}/{1}", (_PRODUCT, _PRODUCT, _POWER),
        compiled=Compiled("x / y", ("1.0 / y", "-value / y")),
    ),
    Operator(
        "square", 1, UnitRule.POWER,
        lambda lib, a: a**2,
        lambda lib, value, a: (2.0 * a,),
        "{0}**2", (_POWER, _ATOM), power=Fraction(2), parity=Parity.EVEN, factor=_OUT,
        compiled=Compiled("x * x", ("2.0 * x",)),
    ),
    Operator(
        "sin", 1, UnitRule.ANGLE,
        lambda lib, a: lib.sin(a),
        lambda lib, value, a: (lib.cos(a),),
        parity=Parity.ODD, shifted="cos",
        compiled=Compiled("_wave(x, z, 0, 1.0)", ("_wave(x, z, 1, 1.0)",), blocks=True),
    ),
    Operator(
        "cos", 1, UnitRule.ANGLE,
        lambda lib, a: lib.cos(a),
        lambda lib, value, a: (-lib.sin(a),),
        parity=Parity.EVEN,
        compiled=Compiled("_wave(x, z, 1, 1.0)", ("_wave(x, z, 0, -1.0)",), blocks=True),
    ),
    Operator(
        "sqrt", 1, UnitRule.POWER,
        lambda lib, a: lib.sqrt(a),
        lambda lib, value, a: (0.5 / value,),
        power=Fraction(1, 2), factor=_OUT,
        compiled=Compiled("np.sqrt(x)", ("0.5 / value",)),
    ),
    Operator(
        "log", 1, UnitRule.PURE,
        lambda lib, a: lib.log(a),
        lambda lib, value, a: (1.0 / a,),
        factor=Freedom.CONSTANT,
        compiled=Compiled("np.log(x)", ("1.0 / x",)),
    ),
    Operator(
        "exp", 1, UnitRule.PURE,
        lambda lib, a: lib.exp(a),
        lambda lib, value, a: (value,),
        constant=Freedom.FACTOR,
        compiled=Compiled("np.exp(x)", ("value",)),
    ),
    Operator(
        "cube", 1, UnitRule.POWER,
        lambda lib, a: a**3,
        lambda lib, value, a: (3.0 * a**2,),
        "{0}**3", (_POWER, _ATOM), power=Fraction(3), parity=Parity.ODD, factor=_OUT,
        compiled=Compiled("x * x * x", ("3.0 * x * x",)),
    ),
    Operator(
        "fourth", 1, UnitRule.POWER,
        lambda lib, a: a**4,
        lambda lib, value, a: (4.0 * a**3,),
        "{0}**4", (_POWER, _ATOM), power=Fraction(4), parity=Parity.EVEN, factor=_OUT,
        compiled=Compiled("(x * x) * (x * x)", ("4.0 * x * x * x",)),
    ),
    Operator(
        "inverse", 1, UnitRule.POWER,
        lambda lib, a: 1 / a,
        lambda lib, value, a: (-value / a,),
        "1/{0}", (_PRODUCT, _POWER), power=Fraction(-1), parity=Parity.ODD, factor=_OUT,
        compiled=Compiled("1.0 / x", ("-value / x",)),
    ),
):  # fmt: skip
    _added(_record)

_FIRST_FREE = len(_by_code)
"""Code of the first operation that is not the package's."""
