"""Users' column names in other languages: LaTeX, MathML, Python identifiers.

A name may be anything: ``lambda``, ``beta1``, ``θ``, ``v_x``, ``x y``, ``<script>``. None of
it is ever parsed; what a language would read as its own is escaped or replaced.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from types import MappingProxyType

from noether_sym.export.letters import GREEK
from noether_sym.export.tex import tex_name
from noether_sym.units.coherent import unit_factors

_SHAPE = re.compile(r"((?:[^\W\d_][\u0300-\u036f\u20d7]*)+)(\d*)((?:_[^\W_]+)*)('*)\Z")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉′’", "0123456789''")
_ACCENTS = MappingProxyType(
    {
        "\u0300": "grave",
        "\u0301": "acute",
        "\u0302": "hat",
        "\u0303": "tilde",
        "\u0304": "bar",
        "\u0306": "breve",
        "\u0307": "dot",
        "\u0308": "ddot",
        "\u030a": "mathring",
        "\u030c": "check",
        "\u20d7": "vec",
    }
)
_WRITTEN_ACCENTS = MappingProxyType(
    {"dot": "\u0307", "ddot": "\u0308", "hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
)
_TEX = MappingProxyType(
    {
        "\\": r"\backslash ",
        "^": r"{\wedge}",
        "~": r"{\sim}",
        "°": r"{}^{\circ}",
        "·": r"{\cdot}",
        "¹": r"{}^{1}",
        "²": r"{}^{2}",
        "³": r"{}^{3}",
        "⁻": r"{}^{-}",
        "⁺": r"{}^{+}",
        **{char: f"{{}}^{{{digit}}}" for digit, char in zip("0456789", "⁰⁴⁵⁶⁷⁸⁹", strict=True)},
        **{char: f"\\{char}" for char in "{}$%&#_"},
        **{char: f"{{{char}}}" for char in "<>+-*/=:,;"},
    }
)
_LIKE_LATIN = MappingProxyType(dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True)))


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A name as physicists typeset it: one symbol, or an upright word, with subscripts."""

    base: str
    subscripts: tuple[str, ...] = ()
    primes: str = ""


def glyphs(name: str) -> Glyphs:
    """Split a name: ``v_x`` has the subscript x, ``beta1`` is β with the subscript 1."""
    match = _SHAPE.match(unicodedata.normalize("NFD", name.translate(_SUBSCRIPTS)))
    if match is None:
        return Glyphs(one_line(unicodedata.normalize("NFC", name)))
    base, digits, rest, primes = match.groups()
    base = _greek_letter(unicodedata.normalize("NFC", base))
    subscripts = [*([digits] if digits else []), *rest.split("_")[1:]]
    if len(subscripts) == 1 and subscripts[0] in _WRITTEN_ACCENTS and len(base) == 1:
        return Glyphs(base + _WRITTEN_ACCENTS[subscripts[0]], (), primes)
    return Glyphs(base, tuple(_greek_letter(one) for one in subscripts), primes)


def is_word(name: str) -> bool:
    """Whether a name is set as a word, so that products with it need a gap."""
    own = tex_name(name)
    if own is not None:
        return not own.is_symbol
    return len(unicodedata.normalize("NFC", glyphs(name).base)) > 1


def latex_name(name: str) -> str:
    """A name in LaTeX's math mode; it compiles whatever the name is.

    What is LaTeX already (``$\\dot\\theta$``) stays what it is.
    """
    written = tex_name(name)
    if written is not None:
        return written.latex
    own = glyphs(name)
    below = ",".join(_latex_word(part) for part in own.subscripts)
    return _latex_word(own.base) + (f"_{{{below}}}" if below else "") + own.primes


def mathml_name(name: str) -> str:
    """A name as a MathML element."""
    written = tex_name(name)
    if written is not None:
        return written.mathml
    own = glyphs(name)
    base = f"<mi>{escape(own.base + own.primes.replace(chr(39), '′'))}</mi>"
    if not own.subscripts:
        return base
    below = "<mo>,</mo>".join(
        f"<mn>{part}</mn>" if part.isdigit() else f"<mi>{escape(part)}</mi>"
        for part in own.subscripts
    )
    return f"<msub>{base}<mrow>{below}</mrow></msub>"


def latex_unit(text: str) -> str:
    """A unit, as pint reads it, in LaTeX's math mode; empty where dimensionless."""
    return r"\,".join(
        _upright(symbol) + ("" if power == "1" else f"^{{{_upright_power(power)}}}")
        for symbol, power in unit_factors(text)
    )


def siunitx_unit(text: str) -> str:
    """A unit as siunitx reads it, ``kg.m^{2}.s^{-1}``; empty where dimensionless."""
    return ".".join(
        "".join(_latex_symbols(symbol)) + ("" if power == "1" else f"^{{{power}}}")
        for symbol, power in unit_factors(text)
    )


def identifiers(names: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    """Distinct Python identifiers that read as much as possible like the names.

    Parameters
    ----------
    names : sequence of str
    taken : collection of str
        Identifiers that mean something else already; keywords and built-in functions are
        avoided too.

    Returns
    -------
    list of str
        ``lambda`` becomes ``lambda_``, ``x y`` becomes ``x_y``.
    """
    wanted = [_identifier(name, taken) for name in names]
    as_given = [name for name, own in zip(names, wanted, strict=True) if name == own]
    used, kept = {*taken, *as_given}, set()
    found = []
    for name, own in zip(names, wanted, strict=True):
        if name == own and own not in kept:
            kept.add(own)
        else:
            free = (f"{own.rstrip('_')}_{number}" for number in count(2))
            own = own if own not in used else next(one for one in free if one not in used)
            used.add(own)
        found.append(own)
    return found


def ascii_letters(name: str) -> str:
    """A name in ASCII: Greek letters by name, accents left out, other signs by number."""
    for word, letter in GREEK.items():
        name = name.replace(letter, word).replace(letter.upper(), word.capitalize())
    parts = unicodedata.normalize("NFKD", name)
    return "".join(
        char if char.isascii() else f"u{ord(char):04X}"
        for char in parts
        if not unicodedata.combining(char)
    )


def one_line(text: str) -> str:
    """Text that can stand in a comment: control characters become spaces."""
    return "".join(char if char.isprintable() else " " for char in text)


def _identifier(name: str, taken: Collection[str]) -> str:
    normal = unicodedata.normalize("NFKC", name)
    # of what counts as a letter of a word, such as fractions, some is none of an identifier
    text = "".join(own if f"x{own}".isidentifier() else "_" for own in normal).strip("_") or "x"
    text = text if text.isidentifier() else f"x{text}"
    reserved = keyword.iskeyword(text) or hasattr(builtins, text) or text in taken
    return f"{text}_" if reserved else text


def _greek_letter(word: str) -> str:
    """``theta`` and ``Theta`` as letters; any other word as it is."""
    letter = GREEK.get(word.lower(), "")
    if letter and word in (word.lower(), word.capitalize()):
        return letter if word.islower() else letter.upper()
    return word


def _latex_word(word: str) -> str:
    if word.isascii() and word.isdigit():
        return word
    symbols = _latex_symbols(word)
    if len(symbols) == 1 and word[0].isalpha():
        return symbols[0].strip("{}") if symbols[0].startswith("{") else symbols[0]
    return rf"\mathrm{{{''.join(symbols)}}}"


def _upright(word: str) -> str:
    return rf"\mathrm{{{''.join(_latex_symbols(word))}}}"


def _latex_symbols(word: str) -> list[str]:
    """One entry a letter, accents included."""
    symbols: list[str] = []
    for char in unicodedata.normalize("NFD", word):
        if char in _ACCENTS and symbols:
            symbols[-1] = f"\\{_ACCENTS[char]}{{{symbols[-1]}}}"
        else:
            symbols.append(_latex_char(char))
    return symbols


def _upright_power(power: str) -> str:
    return power if re.fullmatch(r"-?\d+(/\d+)?", power) else _upright(power)


def _latex_char(char: str) -> str:
    if char in _TEX:
        return _TEX[char]
    if char.isspace() or not char.isprintable():
        return r"\ "
    if char.isascii():
        return char
    if char in "\u00b5\u03bc":
        return r"{\mu}"
    if char in _LIKE_LATIN:
        return rf"\mathrm{{{_LIKE_LATIN[char]}}}"
    for name, letter in GREEK.items():
        if char in (letter, letter.upper()):
            return rf"{{\{name if char == letter else name.capitalize()}}}"
    return rf"\mathrm{{U{{+}}{ord(char):04X}}}"
