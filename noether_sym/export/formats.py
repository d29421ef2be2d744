"""One door to every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import MappingProxyType

from noether_sym.errors import NoetherSymError
from noether_sym.export.code import numbered
from noether_sym.export.json_ import law_to_json
from noether_sym.export.latex import latex_document
from noether_sym.export.python_source import python_module
from noether_sym.export.sympy_ import law_sympy_source
from noether_sym.export.torch_module import torch_module
from noether_sym.laws import Law


class ExportError(NoetherSymError, ValueError):
    """A format is not known."""


def export(laws: Sequence[Law], format: str) -> str:
    """Write laws in a format.

    Parameters
    ----------
    laws : sequence of Law
    format : str
        ``latex`` (a document), ``sympy`` (a script), ``python`` (a module that needs
        numpy), ``torch`` (a module that needs torch) or ``json``.

    Returns
    -------
    str
        Ends with a line break.

    Raises
    ------
    ExportError
        If the format is not known.
    DomainError
        If a formula has no real value anywhere and is asked for as code.
    """
    if format not in _WRITERS:
        raise ExportError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
    return _WRITERS[format](laws)


def _sympy_script(laws: Sequence[Law]) -> str:
    if not laws:
        return "# No law was found.\n"
    numbers = numbered(laws)
    return "\n".join(law_sympy_source(law, f"g{n}") for law, n in zip(laws, numbers, strict=True))


def _json_list(laws: Sequence[Law]) -> str:
    document = [law_to_json(law) for law in laws]
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


_WRITERS: MappingProxyType[str, Callable[[Sequence[Law]], str]] = MappingProxyType(
    {
        "latex": latex_document,
        "sympy": _sympy_script,
        "python": python_module,
        "torch": torch_module,
        "json": _json_list,
    }
)

FORMATS = tuple(_WRITERS)
"""The formats that `export` knows."""
