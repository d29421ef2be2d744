"""One door to every format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import MappingProxyType

from noether_sym.errors import NoetherSymError
from noether_sym.export.json import law_to_entry
from noether_sym.export.latex import latex_document
from noether_sym.export.markdown import markdown_table
from noether_sym.export.mathml import law_mathml
from noether_sym.export.names import one_line
from noether_sym.export.source import numbered, source
from noether_sym.export.sympy import law_sympy_source
from noether_sym.export.verdict import reserve
from noether_sym.laws.law import Law
from noether_sym.store.schema import encode


class ExportError(NoetherSymError, ValueError):
    """A format is not known."""


def export(
    laws: Sequence[Law], format: str, *, siunitx: bool = False, document: bool = True
) -> str:
    """Write laws in a format.

    Parameters
    ----------
    laws : sequence of Law
    format : str
        ``latex`` (a document), ``sympy`` (a script), ``python`` (a module of functions of
        an array of states), ``numpy`` (functions of one array a column), ``torch`` (a module
        that needs torch), ``c`` (C99), ``markdown`` (a table), ``mathml`` (a line a law) or
        ``json``.
    siunitx : bool
        For ``latex``: write quantities for the siunitx package.
    document : bool
        For ``latex``: a whole document that compiles, or what goes into one.

    Returns
    -------
    str
        Ends with a line break.

    Raises
    ------
    ExportError
        If the format is not known, or an option does not belong to it.
    DomainError
        If a formula has no real value anywhere and is asked for as code.
    """
    if format not in _WRITERS:
        raise ExportError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
    if format == "latex":
        return latex_document(laws, siunitx=siunitx, document=document)
    if siunitx or not document:
        raise ExportError(f"siunitx and document are options of latex, not of {format}")
    return _WRITERS[format](laws)


def _mathml_lines(laws: Sequence[Law]) -> str:
    return "\n".join([*map(_mathml_line, laws)] or ["<!-- No law was found. -->"]) + "\n"


def _mathml_line(law: Law) -> str:
    told = reserve(law).replace("--", "- -")  # which ends no comment
    return f"<!-- {told} -->\n{law_mathml(law)}" if told else law_mathml(law)


def _sympy_script(laws: Sequence[Law]) -> str:
    if not laws:
        return "# No law was found.\n"
    numbers = numbered(laws)
    scripts = []
    for law, number in zip(laws, numbers, strict=True):
        if told := reserve(law):
            scripts.append(f"# {one_line(told)}")
        scripts.append(law_sympy_source(law, f"g{number}"))
        if law.expanded is not None:  # derived columns written out
            scripts.append(law_sympy_source(law.expanded, f"g{number}_expanded"))
    return "\n".join(scripts)


def _json_list(laws: Sequence[Law]) -> str:
    return encode([law_to_entry(law) for law in laws])


_WRITERS: MappingProxyType[str, Callable[[Sequence[Law]], str]] = MappingProxyType(
    {
        "latex": latex_document,
        "sympy": _sympy_script,
        "python": partial(source, language="python"),
        "numpy": partial(source, language="numpy"),
        "torch": partial(source, language="torch"),
        "c": partial(source, language="c"),
        "markdown": markdown_table,
        "mathml": _mathml_lines,
        "json": _json_list,
    }
)

FORMATS = tuple(_WRITERS)
"""The formats that `export` knows."""
