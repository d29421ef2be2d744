"""What generated Python modules have in common: names, formulas as code, documentation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noether_sym.errors import DomainError
from noether_sym.export.formula import with_symbols
from noether_sym.export.names import identifiers, one_line
from noether_sym.laws.law import Law

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, slots=True)
class CodeNames:
    """Identifiers of the columns and of the constants of a law."""

    inputs: tuple[str, ...]
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, law: Law, taken: Collection[str]) -> CodeNames:
        """Choose identifiers that collide neither with each other nor with `taken`."""
        names = [name for name, _ in law.inputs] + [own.name for own in law.parameters]
        found = identifiers(names, taken)
        return cls(tuple(found[: len(law.inputs)]), tuple(found[len(law.inputs) :]))


def numbered(laws: Sequence[Law]) -> list[int]:
    """A number for each law: its rank where ranks differ, else its place."""
    ranks = [law.rank for law in laws]
    if all(rank > 0 for rank in ranks) and len(set(ranks)) == len(ranks):
        return ranks
    return list(range(1, len(laws) + 1))


def formula_symbols(law: Law, names: CodeNames) -> sympy.Expr:
    """The formula in symbols named as the code's variables.

    Raises
    ------
    DomainError
        If the formula has no real value anywhere, such as ``1/(q - q)``.
    """
    import sympy

    expression = with_symbols(law, names.inputs, names.parameters)
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise DomainError(f"{law.text()} has no real value anywhere and cannot be exported")
    return expression


def as_code(expression: sympy.Expr, module: str) -> str:
    """Print a SymPy expression as calls of an array library.

    Parameters
    ----------
    expression : sympy.Expr
    module : str
        What the code calls it: ``numpy``, ``np`` or ``torch``.
    """
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

    return str(Printer().doprint(decimals(expression)))


def decimals(expression: sympy.Expr) -> sympy.Expr:
    """An expression whose numbers, such as the root of 2, are decimal."""
    import sympy

    numbers = {
        part: sympy.Float(float(part))
        for part in sympy.preorder_traversal(expression)
        if part.is_number and not part.is_Rational and not part.is_Float
    }
    return expression.xreplace(numbers)


def documented(text: str) -> str:
    """Text that can stand in a docstring whatever names it holds."""
    return one_line(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def input_lines(law: Law) -> list[str]:
    """The columns of the states, for a docstring."""
    return [
        f"{place}. ``{documented(name)}`` [{documented(unit)}]"
        for place, (name, unit) in enumerate(law.inputs)
    ]


def parameter_lines(law: Law, names: CodeNames) -> list[tuple[str, str]]:
    """Name, and value with unit and standard error, of each constant, for a docstring."""
    lines = []
    for name, own in zip(names.parameters, law.parameters, strict=True):
        error = "" if own.stderr is None else f", standard error {own.stderr:.2g}"
        lines.append((name, f"{own.value:.6g} [{own.dimension}]{error}."))
    return lines


def column_lines(law: Law, names: CodeNames, expression: sympy.Expr) -> list[str]:
    """Assignments that take the columns that an expression reads from ``states``."""
    read = {symbol.name for symbol in expression.free_symbols}
    return [
        f"{own} = states[..., {place}]  # column {name!r} [{one_line(unit)}]"
        for place, (own, (name, unit)) in enumerate(zip(names.inputs, law.inputs, strict=True))
        if own in read
    ]


def literal(value: float) -> str:
    """A number as Python reads it."""
    text = repr(float(value))
    return text if text[-1].isdigit() else f'float("{text}")'
