"""Laws as NumPy functions of one array a column."""

from __future__ import annotations

from collections.abc import Sequence

from noether_sym._version import __version__
from noether_sym.export.code import (
    CodeNames,
    as_code,
    documented,
    formula_symbols,
    literal,
    numbered,
    parameter_lines,
)
from noether_sym.laws.law import Law

_TAKEN = ("np",)


def numpy_source(laws: Sequence[Law]) -> str:
    """Source of ``law_1(q, p)``, its value, and ``law_1_gradient(q, p)``, a tuple.

    Unlike the ``python`` format, which takes an array of states, these take the columns one
    by one, as arrays that broadcast; constants may be given by name.

    Raises
    ------
    DomainError
        If a formula is defined nowhere.
    """
    head = f'"""Conservation laws found by noether-sym {__version__}."""\n\nimport numpy as np\n'
    parts = [_functions(law, f"law_{n}") for law, n in zip(laws, numbered(laws), strict=True)]
    return "\n\n".join([head, *(parts or ["# No law was found.\n"])])


def _functions(law: Law, name: str) -> str:
    import sympy

    names = CodeNames.of(law, {*_TAKEN, name, f"{name}_gradient"})
    formula = formula_symbols(law, names)
    slopes = [formula.diff(sympy.Symbol(own, real=True)) for own in names.inputs]
    shape = f"np.zeros({names.inputs[0]}.shape)"
    value = f"{as_code(formula, 'np')} + {shape}"
    parts = [f"{as_code(slope, 'np')} + {shape}" for slope in slopes]
    every = ", ".join(parts) if len(parts) > 1 else f"{parts[0]},"
    return "\n\n".join(
        [
            _function(law, name, names, "Value", value),
            _function(law, f"{name}_gradient", names, "Gradient", f"({every})"),
        ]
    )


def _function(law: Law, name: str, names: CodeNames, what: str, code: str) -> str:
    constants = [
        f"{own}={literal(parameter.value)}"
        for own, parameter in zip(names.parameters, law.parameters, strict=True)
    ]
    arguments = [*names.inputs, *(["*", *constants] if constants else [])]
    lines = [
        f'"""{what} of ``{documented(law.text())}`` [{law.dimension}].',
        "",
        "Parameters",
        "----------",
    ]
    for own, (column, unit) in zip(names.inputs, law.inputs, strict=True):
        lines += [f"{own} : array", f"    {documented(column)} [{documented(unit)}]."]
    for own, line in parameter_lines(law, names):
        lines += [f"{own} : float", f"    {line}"]
    every = f"{', '.join(names.inputs)}{',' * (len(names.inputs) == 1)}"
    lines += ['"""', f"{every} = np.broadcast_arrays({every})", f"return {code}"]
    head = f"def {name}({', '.join(arguments)}):"
    return "\n".join([head, *(f"    {line}" if line else "" for line in lines), ""])
