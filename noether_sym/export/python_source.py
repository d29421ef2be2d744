"""Laws as a Python module that needs nothing but numpy."""

from __future__ import annotations

from collections.abc import Sequence

from noether_sym._version import __version__
from noether_sym.export.code import (
    CodeNames,
    as_code,
    column_lines,
    documented,
    formula_symbols,
    input_lines,
    literal,
    numbered,
    parameter_lines,
)
from noether_sym.laws.law import Law

_TAKEN = ("numpy", "states", "value", "slopes", "LAWS")


def python_module(laws: Sequence[Law]) -> str:
    """Source of a module with two functions a law: its value and its gradient.

    Parameters
    ----------
    laws : sequence of Law
        ``law_1(states)`` and ``law_1_gradient(states)`` are those of rank 1.

    Raises
    ------
    DomainError
        If a formula is defined nowhere.
    """
    names = [f"law_{number}" for number in numbered(laws)]
    listed = ", ".join(f"({name}, {name}_gradient)" for name in names)
    parts = [
        f'"""Conservation laws found by noether-sym {__version__}."""\n\nimport numpy\n',
        *(law_functions(law, name) for law, name in zip(laws, names, strict=True)),
        f'LAWS = [{listed}]\n"""Each law with its gradient."""\n',
    ]
    return "\n\n".join(parts)


def law_functions(law: Law, name: str) -> str:
    """Source of the functions ``name`` and ``name_gradient``."""
    names = CodeNames.of(law, {*_TAKEN, name, f"{name}_gradient"})
    return f"{_value_function(law, name, names)}\n\n{_gradient_function(law, name, names)}"


def _value_function(law: Law, name: str, names: CodeNames) -> str:
    expression = formula_symbols(law, names)
    body = column_lines(law, names, expression)
    body += [f"value = {as_code(expression, 'numpy')}"]
    body += ["return numpy.broadcast_to(value, states.shape[:-1]).copy()"]
    about = f"Evaluate ``{documented(law.text())}``."
    returns = ["array of shape (...)", f"    In [{law.dimension}]."]
    return _function(law, name, names, about, returns, body)


def _gradient_function(law: Law, name: str, names: CodeNames) -> str:
    import sympy

    expression = formula_symbols(law, names)
    symbols = [sympy.Symbol(own, real=True) for own in names.inputs]
    slopes = [expression.diff(symbol) for symbol in symbols]
    body = column_lines(law, names, sympy.Tuple(*slopes))
    body += ["slopes = numpy.zeros(states.shape)"]
    body += [
        f"slopes[..., {place}] = {as_code(slope, 'numpy')}"
        for place, slope in enumerate(slopes)
        if slope != 0
    ]
    body += ["return slopes"]
    about = f"Gradient of ``{documented(law.text())}`` by the state."
    returns = ["array of shape (..., column)"]
    return _function(law, f"{name}_gradient", names, about, returns, body)


def _function(
    law: Law, name: str, names: CodeNames, about: str, returns: list[str], body: list[str]
) -> str:
    defaults = [
        f"{own}={literal(parameter.value)}"
        for own, parameter in zip(names.parameters, law.parameters, strict=True)
    ]
    lines = [
        f'"""{about}',
        "",
        "Parameters",
        "----------",
        f"states : array of shape (..., {len(law.inputs)})",
        "    Columns:",
        "",
        *(f"    {line}" for line in input_lines(law)),
    ]
    for own, line in parameter_lines(law, names):
        lines += [f"{own} : float", f"    {line}"]
    lines += ["", "Returns", "-------", *returns, '"""']
    lines += ["states = numpy.asarray(states, dtype=float)", *body]
    head = f"def {name}({', '.join(['states', *defaults])}):"
    return "\n".join([head, *(f"    {line}" if line else "" for line in lines), ""])
