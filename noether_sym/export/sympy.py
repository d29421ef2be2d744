"""Laws as SymPy: ``srepr`` text that evaluates back to an equal expression, and scripts."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from noether_sym.export.names import identifiers, one_line
from noether_sym.laws.law import Law

if TYPE_CHECKING:
    import sympy


def law_srepr(law: Law) -> str:
    """The expression as `sympy.srepr` writes it."""
    import sympy

    return str(sympy.srepr(law.sympy()))


def law_sympy_source(law: Law, name: str = "g") -> str:
    """A Python script that builds the expression in SymPy, exactly, and its gradient.

    Parameters
    ----------
    law : Law
    name : str
        What the script calls the expression.
    """
    import sympy

    expression = law.sympy()
    symbols = sorted(expression.free_symbols, key=lambda symbol: symbol.name)
    columns = [sympy.Symbol(column, real=True) for column, _ in law.inputs]
    symbols = [*columns, *(symbol for symbol in symbols if symbol not in columns)]
    needed = _called(_written(expression, dict.fromkeys(symbols, "symbol"))) | {"Matrix", "Symbol"}
    own = identifiers([symbol.name for symbol in symbols], {*needed, name, f"{name}_gradient"})
    written = _written(expression, dict(zip(symbols, own, strict=True)))
    units = [f"  # [{one_line(unit)}]" for _, unit in law.inputs]
    units += [""] * (len(symbols) - len(units))
    lines = [
        f"# {one_line(law.text())} [{law.dimension}]",
        f"from sympy import {', '.join(sorted(needed))}",
        "",
        *(
            f"{new} = {sympy.srepr(symbol)}{unit}"
            for new, symbol, unit in zip(own, symbols, units, strict=True)
        ),
        f"{name} = {written}",
        f"{name}_gradient = Matrix([{', '.join(f'{name}.diff({one})' for one in own)}])",
        "",
    ]
    return "\n".join(lines)


def _written(expression: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    from sympy.printing.repr import ReprPrinter

    class Printer(ReprPrinter):
        def _print_Symbol(self, expr: sympy.Symbol) -> str:
            return names[expr]

    return str(Printer().doprint(expression))


def _called(text: str) -> set[str]:
    """Names that the text takes from SymPy; it is read as Python, never run."""
    found = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return found - {"symbol"}
