r"""Column names that are LaTeX already: ``$\dot\theta$``, ``\omega_1``, ``$v_{x}$``.

Such a name is read by a small grammar and set as what it says. A name with anything that is not
in the grammar is a name like any other, and is escaped: whatever is written here compiles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from noether_sym.export.letters import GREEK

_ACCENTS = MappingProxyType(
    {
        "dot": "˙",
        "ddot": "¨",
        "hat": "^",
        "widehat": "^",
        "bar": "¯",
        "overline": "¯",
        "tilde": "~",
        "vec": "→",
    }
)
_FONTS = frozenset({"mathrm", "text", "mathbf", "mathit", "mathcal", "boldsymbol", "operatorname"})
_SIGNS = MappingProxyType(
    {
        "varphi": "φ",
        "vartheta": "ϑ",
        "varepsilon": "ε",
        "varrho": "ϱ",
        "hbar": "ℏ",
        "ell": "ℓ",
        "partial": "∂",
        "nabla": "∇",
        "infty": "∞",
        "prime": "′",
        "parallel": "∥",
        "perp": "⊥",
        "circ": "∘",
        "ast": "∗",
        "star": "⋆",
        "pm": "±",
        "cdot": "⋅",
        "Delta": "Δ",
    }
)
_LIKE_LATIN = frozenset(
    {"alpha", "beta", "epsilon", "zeta", "eta", "iota", "kappa", "mu", "nu", "rho", "tau", "chi"}
)
_TOKEN = re.compile(r"\\([A-Za-z]+)|\\([,;! ])|([A-Za-z])|([0-9]+)|([{}_^'])|([-+*/=,.()])|(\s+)")
_WHOLE = re.compile(r"\s*(?:\$(?P<dollars>[^$]+)\$|\\\((?P<round>.+)\\\)|(?P<bare>.*\\.*))\s*\Z")
_DEEPEST = 8
"""Braces, accents and fonts within each other, beyond which a name is not read as LaTeX."""


@dataclass(frozen=True, slots=True)
class TexName:
    """A name as LaTeX for math mode, as MathML, and whether it is one symbol."""

    latex: str
    mathml: str
    is_symbol: bool


class _NoTex(ValueError):
    """The text is not in the grammar."""


def tex_name(name: str) -> TexName | None:
    """Read a name that is LaTeX; None for every other name."""
    whole = _WHOLE.match(name)
    if whole is None:
        return None
    text = whole["dollars"] or whole["round"] or whole["bare"]
    try:
        return _Reader(text).whole()
    except _NoTex:
        return None


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        kinds = ("command", "space", "letter", "number", "sign", "operator", "space")
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or match.lastindex is None:
                raise _NoTex
            kind = kinds[match.lastindex - 1]
            if kind != "space":
                self._tokens.append((kind, match[match.lastindex]))
            place = match.end()
        self._place = 0

    def whole(self) -> TexName:
        if self._now[0] not in ("letter", "command"):
            raise _NoTex
        parts = self._list(0)
        if self._now != ("end", ""):
            raise _NoTex
        return TexName(_joined(parts)[0].strip(), _row(parts), len(parts) == 1)

    @property
    def _now(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _list(self, depth: int) -> list[tuple[str, str]]:
        """Parts, each as LaTeX and MathML, up to a closing brace or the end."""
        if depth > _DEEPEST:
            raise _NoTex
        parts = []
        while self._now[0] != "end" and self._now != ("sign", "}"):
            parts.append(self._scripted(depth))
        return parts

    def _scripted(self, depth: int) -> tuple[str, str]:
        latex, mathml = self._atom(depth)
        below: tuple[str, str] | None = None
        above: tuple[str, str] | None = None
        while self._now in (("sign", "_"), ("sign", "^"), ("sign", "'")):
            sign = self._now[1]
            self._place += 1
            if sign == "_" and below is None:
                below = self._atom(depth)
            elif sign == "^" and above is None:
                above = self._atom(depth)
            elif sign == "'" and above is None:
                above = (r"\prime", "<mo>′</mo>")
            else:
                raise _NoTex
        if below is not None:
            latex += f"_{{{_bare(below[0])}}}"
        if above is not None:
            latex += f"^{{{_bare(above[0])}}}"
        if below is not None and above is not None:
            mathml = f"<msubsup>{mathml}{below[1]}{above[1]}</msubsup>"
        elif below is not None:
            mathml = f"<msub>{mathml}{below[1]}</msub>"
        elif above is not None:
            mathml = f"<msup>{mathml}{above[1]}</msup>"
        return latex, mathml

    def _atom(self, depth: int) -> tuple[str, str]:
        kind, text = self._now
        self._place += 1
        if kind == "letter":
            return text, f"<mi>{text}</mi>"
        if kind == "number":
            return text, f"<mn>{text}</mn>"
        if kind == "operator":
            return text, f"<mo>{escape(text)}</mo>"
        if (kind, text) == ("sign", "{"):
            parts = self._list(depth + 1)
            if self._now != ("sign", "}") or not parts:
                raise _NoTex
            self._place += 1
            return f"{{{_joined(parts)[0]}}}", _row(parts)
        if kind == "command":
            return self._command(text, depth)
        raise _NoTex

    def _command(self, name: str, depth: int) -> tuple[str, str]:
        if name in _ACCENTS or name in _FONTS:
            if depth > _DEEPEST:
                raise _NoTex
            latex, mathml = self._atom(depth + 1)
            inner = _bare(latex)
            if name in _FONTS:
                word = re.fullmatch(r"[A-Za-z0-9 ]+", inner)
                if word is None:
                    raise _NoTex
                style = ' mathvariant="normal"' if len(inner) == 1 else ""
                font = "mathrm" if name == "text" else name
                return rf"\{font}{{{inner}}}", f"<mi{style}>{inner}</mi>"
            mark = f'<mo stretchy="false">{_ACCENTS[name]}</mo>'
            return rf"\{name}{{{inner}}}", f'<mover accent="true">{mathml}{mark}</mover>'
        if name == "omicron":
            raise _NoTex
        letter = GREEK.get(name) or _SIGNS.get(name)
        upper = GREEK.get(name.lower()) if name == name.capitalize() else None
        if letter is None and (upper is None or name.lower() in _LIKE_LATIN):
            raise _NoTex
        shown = letter or (upper or "").upper()
        return rf"\{name} ", f"<mi>{shown}</mi>"


def _bare(latex: str) -> str:
    """Without the braces of a group, which whatever takes it writes itself."""
    return (latex[1:-1] if latex.startswith("{") else latex).strip()


def _joined(parts: list[tuple[str, str]]) -> tuple[str, str]:
    return "".join(part[0] for part in parts), "".join(part[1] for part in parts)


def _row(parts: list[tuple[str, str]]) -> str:
    return parts[0][1] if len(parts) == 1 else f"<mrow>{_joined(parts)[1]}</mrow>"
