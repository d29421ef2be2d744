"""Export: laws as LaTeX, Markdown, MathML, SymPy, code in Python and C, JSON."""

from noether_sym.export.formats import FORMATS, ExportError, export
from noether_sym.export.json import law_from_json, law_to_json, laws_document

__all__ = ["FORMATS", "ExportError", "export", "law_from_json", "law_to_json", "laws_document"]
