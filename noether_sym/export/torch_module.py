"""Laws as torch modules: source that needs nothing but torch."""

from __future__ import annotations

import re
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

_TAKEN = ("torch", "nn", "states", "self", "value", "trainable")


def torch_module(laws: Sequence[Law]) -> str:
    """Source of a module with a `torch.nn.Module` for each law.

    Parameters
    ----------
    laws : sequence of Law
        ``Law1`` is that of rank 1.

    Raises
    ------
    DomainError
        If a formula is defined nowhere.
    """
    parts = [
        f'"""Conservation laws found by noether-sym {__version__}."""\n\n'
        "import torch\nfrom torch import nn\n",
        *(law_class(law, f"Law{number}") for law, number in zip(laws, numbered(laws), strict=True)),
    ]
    return "\n\n".join(parts)


def law_class(law: Law, name: str) -> str:
    """Source of one module; its constants are parameters, fixed unless asked otherwise."""
    names = CodeNames.of(law, {*_TAKEN, name})
    expression = formula_symbols(law, names)
    read = {symbol.name for symbol in expression.free_symbols}
    attributes = [_attribute(own) for own in names.parameters]
    forward = column_lines(law, names, expression)
    forward += [
        f"{own} = self.{attribute}"
        for own, attribute in zip(names.parameters, attributes, strict=True)
        if own in read
    ]
    forward += _returned(as_code(expression, "torch"), bool(expression.free_symbols), read, names)
    return "\n".join(
        [
            f"class {name}(nn.Module):",
            *_indented(_class_docstring(law, names), 1),
            "",
            "    def __init__(self, trainable=False):",
            "        super().__init__()",
            *_indented(_constants(law, attributes), 2),
            "",
            "    def forward(self, states):",
            f'        """Value, in [{law.dimension}], at states of shape (..., column)."""',
            *_indented(forward, 2),
            "",
        ]
    )


def _returned(code: str, has_symbols: bool, read: set[str], names: CodeNames) -> list[str]:
    if read & set(names.inputs):
        return [f"return {code}"]
    if has_symbols:
        return [f"value = {code}", "return value.to(states).expand(states.shape[:-1])"]
    return [f"return states.new_full(states.shape[:-1], {code})"]


def _constants(law: Law, attributes: Sequence[str]) -> list[str]:
    lines = []
    for attribute, own in zip(attributes, law.parameters, strict=True):
        tensor = f"torch.tensor({literal(own.value)}, dtype=torch.float64)"
        lines.append(f"# [{own.dimension}]")
        lines.append(f"self.{attribute} = nn.Parameter({tensor}, requires_grad=trainable)")
    return lines


def _class_docstring(law: Law, names: CodeNames) -> list[str]:
    lines = [
        f'"""``{documented(law.text())}``.',
        "",
        "Takes states of shape (..., column); columns:",
        "",
        *input_lines(law),
    ]
    constants = parameter_lines(law, names)
    if constants:
        lines += ["", "Constants:", "", *(f"- {own} = {line}" for own, line in constants)]
    return [
        *lines,
        "",
        "Parameters",
        "----------",
        "trainable : bool",
        "    Whether an optimiser may change the constants.",
        '"""',
    ]


def _attribute(name: str) -> str:
    return name if re.fullmatch(r"c\d+", name) else f"constant_{name}"


def _indented(lines: Sequence[str], level: int) -> list[str]:
    return [f"{'    ' * level}{line}" if line else "" for line in lines]
