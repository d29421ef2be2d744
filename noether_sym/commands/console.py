"""What people see: progress with time left, and tables of at most 80 columns."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from noether_sym.runtime.stages import Progress

WIDTH = 80
"""Characters of a line of output, however wide the terminal is."""

_QUIET_SECONDS = 2.0
"""Seconds that a stage takes before its first line of progress: a short one has none."""

_LINE_SECONDS = 5.0
"""Seconds between later lines of progress, where no terminal shows a bar."""


class Screen:
    """Standard output for results, standard error for progress.

    Parameters
    ----------
    as_json : bool
        Results as JSON, and nothing else but progress.
    quiet : bool
        No progress and no tables.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def json(self, document: Any) -> None:
        """Print a document, a typed value or JSON types, if JSON was asked for."""
        if self.as_json:
            from noether_sym.store.schema import encode

            click.echo(encode(document), nl=False)

    def say(self, text: str, *, important: bool = False) -> None:
        """Print a line, `important` ones also when quiet; with JSON, none."""
        if not self.as_json and (important or not self.quiet):
            click.echo(text)

    def lines(self, text: str) -> None:
        """Print a sentence over as many lines as it needs, words whole; with JSON, none."""
        self.say(
            textwrap.fill(
                text,
                WIDTH,
                subsequent_indent="  ",
                break_on_hyphens=False,
                break_long_words=False,
            )
        )

    def table(self, table: Table) -> None:
        """Print a table; with JSON, none."""
        if self.quiet or self.as_json:
            return
        from rich.console import Console

        console = Console(width=WIDTH, markup=False, highlight=False, emoji=False)
        console.print(table)

    def rows(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, labels: int = 1
    ) -> None:
        """Print rows under a header; the first columns are labels, to the left."""
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for number, title in enumerate(header):
            table.add_column(title, justify="right" if number >= labels else "left")
        for row in rows:
            table.add_row(*row)
        self.table(table)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A callback for progress: a bar on a terminal, plain lines elsewhere."""
        if self.quiet:
            yield lambda stage, done, total: None
            return
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            with _bar(console) as callback:
                yield callback
        else:
            yield _lines(console.width)


@contextmanager
def _bar(console: Any) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def callback(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield callback


def _lines(width: int) -> Progress:
    begun: dict[str, float] = {}
    shown: dict[str, float] = {}

    def callback(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun.setdefault(stage, now)
        elapsed = now - begun[stage]
        waited = now - shown.get(stage, begun[stage])
        first = stage not in shown
        if elapsed < _QUIET_SECONDS or waited < (_QUIET_SECONDS if first else _LINE_SECONDS):
            return
        shown[stage] = now
        left = elapsed * (total - done) / done if done else 0.0
        text = f"{stage}: {done}/{total}, {elapsed:.0f} s, about {left:.0f} s left"
        click.echo(text[:width], err=True)

    return callback
