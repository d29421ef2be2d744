"""The Python interface: from data to laws in one call, and the verbs beside it."""

from noether_sym.api.discovery import Discovery, load_discovery
from noether_sym.api.embedding import Embedding, embed
from noether_sym.api.notebook import law as _typeset
from noether_sym.api.operators import register_operator
from noether_sym.api.searching import discover
from noether_sym.api.verbs import check, compare, export, inspect
from noether_sym.laws.law import Law

__all__ = [
    "Discovery",
    "Embedding",
    "check",
    "compare",
    "discover",
    "embed",
    "export",
    "inspect",
    "load_discovery",
    "register_operator",
]

Law.typeset = _typeset
