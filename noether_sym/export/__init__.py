"""Export: laws as LaTeX, Markdown, MathML, SymPy, code in Python and C, JSON."""

from noether_sym.export.formats import FORMATS, ExportError, export
from noether_sym.export.json import accepted_laws, law_from_entry, law_to_entry, laws_document

__all__ = [
    "FORMATS",
    "ExportError",
    "accepted_laws",
    "export",
    "law_from_entry",
    "law_to_entry",
    "laws_document",
]
