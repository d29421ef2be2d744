"""Greek letters by name."""

from __future__ import annotations

import unicodedata
from types import MappingProxyType

GREEK = MappingProxyType(
    {
        unicodedata.name(chr(code)).split()[-1].lower().replace("lamda", "lambda"): chr(code)
        for code in range(ord("α"), ord("ω") + 1)
        if chr(code) != "ς"
    }
)
"""Small Greek letters by the name that LaTeX and people give them."""
