"""Laws as a Markdown table for a paper or a notebook, formulas in LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence

from noether_sym.export.formula import parameter_symbols
from noether_sym.export.latex import constant_latex, law_latex_named
from noether_sym.export.names import latex_name, latex_unit
from noether_sym.export.verdict import reserve
from noether_sym.laws.law import Law

_HEAD = ("law", "verdict", "unit", "constants", "conservation ratio", "held out", "symmetry")
_MATHS = {"|": r"\vert ", "<": r"\lt ", ">": r"\gt "}


def markdown_table(laws: Sequence[Law], digits: int = 5) -> str:
    """A table with a row a law, and a line that gives the unit of each column of the data."""
    if not laws:
        return "No law was found.\n"
    rows = [_HEAD, ("---",) * 4 + ("---:",) * 2 + ("---",), *(_row(law, digits) for law in laws)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    columns = dict.fromkeys(pair for law in laws for pair in law.inputs)
    listed = ", ".join(f"{_maths(latex_name(name))}{_in_unit(unit)}" for name, unit in columns)
    return f"{table}\n\nColumns: {listed}.\n"


def _row(law: Law, digits: int) -> tuple[str, ...]:
    constants = [
        _maths(constant_latex(symbol.name, parameter, digits))
        for symbol, parameter in zip(parameter_symbols(law), law.parameters, strict=True)
    ]
    symmetry = law.symmetry
    return (
        _maths(law_latex_named(law)),
        (reserve(law) or law.verdict).replace("|", "\\|"),
        _maths(latex_unit(str(law.dimension))) or "1",
        ", ".join(constants) or "none",
        _ratio(law.conservation_ratio),
        _ratio(law.heldout_ratio),
        symmetry.name if symmetry is not None else "",
    )


def _maths(latex: str) -> str:
    """LaTeX between dollar signs, without what Markdown or HTML would read as its own."""
    for char, safe in _MATHS.items():
        latex = latex.replace(char, safe)
    return f"${latex.strip()}$" if latex else ""


def _in_unit(unit: str) -> str:
    written = _maths(latex_unit(unit))
    return f" in {written}" if written else ""


def _ratio(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.2g}"
