"""Split the text of a formula into tokens, and show where it is wrong."""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from noether_sym.dsl.operators import BY_CODE
from noether_sym.errors import GrammarError, UnitError

AMBIGUOUS = frozenset(" \t\r\n+-*/^()[]{},;=`")
"""Signs that end a bare name."""

WRITTEN_OUT = ("tan", "abs")
"""Functions that are no operations: the parser writes them out in others."""

CONSTANTS = {"pi": math.pi, "π": math.pi}
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_FREE = re.compile(r"c[0-9]{1,3}\Z")
_POWER = re.compile(r"\u207b?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+")
_DIGITS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-"
)
_SIGNS = str.maketrans("\u00b7\u22c5\u00d7\u2212", "***-")
_PRINTED = re.compile(f"{_POWER.pattern}|[\u00b7\u22c5\u00d7\u2212]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a formula: what it is, as written, and where it starts.

    `kind` is ``number``, ``name``, ``free``, ``constant``, ``call``, ``unit``, ``end``, or a
    sign itself.
    """

    kind: str
    text: str
    start: int


def functions() -> dict[str, None]:
    """Functions that a formula may call, in order: operations of one argument, and a few more."""
    ordered = sorted(BY_CODE, key=lambda operator: not operator.is_call)
    names = [operator.name for operator in ordered if operator.arity == 1]
    return dict.fromkeys([*names, *WRITTEN_OUT])


def split(text: str, columns: Sequence[str]) -> list[Token]:
    """The tokens of a formula, the last of kind ``end``.

    Raises
    ------
    GrammarError
        If a sign or a name is not known, or a bracket or mark is not closed.
    """
    return _Splitter(text, columns).split()


def bare_names(text: str, columns: Sequence[str]) -> list[str]:
    """Names that a formula reads and that are no functions, each once, in order.

    Raises
    ------
    GrammarError
        As `split`; a name between backquotes or quotes must be one of `columns`.
    """
    return list(dict.fromkeys(_Splitter(text, columns).names()))


def error_at(
    text: str, place: int, what: str, kind: type[GrammarError] | type[UnitError] = GrammarError
) -> GrammarError | UnitError:
    """An error that shows the line, with a caret under the place."""
    begin = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = text[begin : end if end >= 0 else len(text)]
    left = max(0, place - begin - 40)
    shown = "".join(char if char.isprintable() else " " for char in line[left : left + 76])
    caret = " " * (place - begin - left) + "^"
    return kind(f"at character {place + 1}: {what}\n  {shown}\n  {caret}")


def _as_typed(text: str) -> str:
    """A formula as it is typed, of one as it is printed: x² is x**2, a·b is a*b."""
    powers = _POWER.sub(lambda own: f"**{own.group().translate(_DIGITS)}", text)
    return powers.translate(_SIGNS)


class _Splitter:
    def __init__(self, text: str, columns: Sequence[str]) -> None:
        printed = any(_PRINTED.search(name) for name in columns)
        self.text = text if printed else _as_typed(text)
        self.columns = columns

    def split(self) -> list[Token]:
        tokens = self._pieces()
        for number, (token, after) in enumerate(itertools.pairwise(tokens)):
            if token.kind == "word":
                tokens[number] = self._known(token, after.kind)
        return tokens

    def names(self) -> Iterator[str]:
        for token, after in itertools.pairwise(self._pieces()):
            is_call = after.kind == "(" and token.text in functions()
            if token.kind == "name" or (token.kind == "word" and not is_call):
                yield token.text

    def _pieces(self) -> list[Token]:
        """Tokens whose bare words are not told apart yet, the last of kind ``end``."""
        tokens: list[Token] = []
        place = 0
        while place < len(self.text):
            if self.text[place] in " \t\r\n":
                place += 1
                continue
            token, place = self._token(place, tokens)
            tokens.append(token)
        return [*tokens, Token("end", "", len(self.text))]

    def _token(self, place: int, before: list[Token]) -> tuple[Token, int]:
        char = self.text[place]
        if char == "[":
            if not before or before[-1].kind != "number":
                self.fail(place, "a unit in brackets follows a number, as in 3 [m/s]")
            close = self.text.find("]", place)
            if close < 0:
                self.fail(place, "this '[' is not closed")
            return Token("unit", self.text[place + 1 : close].strip(), place), close + 1
        if self.text.startswith("**", place):
            return Token("**", "**", place), place + 2
        if char == "^":
            return Token("**", "^", place), place + 1
        if char in "+-*/()":
            return Token(char, char, place), place + 1
        if char == "`":
            return self._between(place, char)
        word = self._word(place)
        if word in self.columns:
            return Token("word", word, place), place + len(word)
        number = _NUMBER.match(self.text, place)
        if number:
            return Token("number", number.group(), place), number.end()
        if char in "'\"":
            return self._between(place, char)
        if not word:
            self.fail(place, f"{char!r} is not allowed in a formula")
        return Token("word", word, place), place + len(word)

    def _word(self, place: int) -> str:
        """The longest run of signs that a bare name may have."""
        if self.text[place].isdigit():
            return ""
        end = place
        while end < len(self.text) and self.text[end] not in AMBIGUOUS:
            end += 1
        return self.text[place:end]

    def _between(self, place: int, mark: str) -> tuple[Token, int]:
        """A name between marks; a doubled mark stands for itself."""
        end, letters = place + 1, []
        while end < len(self.text):
            if self.text[end] != mark:
                letters.append(self.text[end])
                end += 1
            elif self.text.startswith(mark * 2, end):
                letters.append(mark)
                end += 2
            else:
                break
        else:
            self.fail(place, f"this {mark} is not closed")
        name = "".join(letters)
        if name not in self.columns:
            raise self._unknown(name, place)
        return Token("name", name, place), end + 1

    def _known(self, token: Token, follows: str) -> Token:
        """What a bare word is: a function, a column, a free parameter or a constant."""
        word = token.text
        if follows == "(" and word in functions():
            return Token("call", word, token.start)
        if follows == "(" and word not in self.columns:
            self.fail(token.start, f"{word!r} is not a function; known: {', '.join(functions())}")
        if word in self.columns:
            return Token("name", word, token.start)
        if _FREE.match(word):
            return Token("free", word, token.start)
        if word in CONSTANTS:
            return Token("constant", word, token.start)
        raise self._unknown(word, token.start)

    def _unknown(self, name: str, place: int) -> Exception:
        listed = ", ".join(quoted(column) for column in self.columns)
        cased = [own for own in self.columns if own.casefold() == name.casefold()]
        close = cased or difflib.get_close_matches(name, self.columns, n=1)
        meant = f"; did you mean {quoted(close[0])}? Columns" if close else "; columns"
        return error_at(
            self.text,
            place,
            f"there is no column {name!r}{meant}: {listed}. Free parameters are called c0, c1, ...",
        )

    def fail(self, place: int, what: str) -> NoReturn:
        raise error_at(self.text, place, what)


def quoted(name: str) -> str:
    """A column's name as formulas hold it: between backquotes where it would not be one word.

    A backquote of the name itself is doubled.
    """
    if name and not name[0].isdigit() and AMBIGUOUS.isdisjoint(name):
        return name
    return "`" + name.replace("`", "``") + "`"
