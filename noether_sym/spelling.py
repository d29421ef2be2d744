"""How a message names an option: a flag on the command line, an argument in Python."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_typed: ContextVar[bool] = ContextVar("typed", default=False)


@contextmanager
def on_the_command_line() -> Iterator[None]:
    """Inside, options are flags."""
    before = _typed.set(True)
    try:
        yield
    finally:
        _typed.reset(before)


def spelt(flag: str, argument: str = "") -> str:
    """Of the two spellings of an option that of the caller: ``--time t`` or ``time='t'``.

    Where no argument is given it has the name of the flag: ``with_time=`` for ``--with-time``.
    """
    if _typed.get():
        return flag
    return argument or f"{flag.removeprefix('--').replace('-', '_')}="
