"""What a shell offers to complete: data sets, files, runs."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_data(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Built-in data sets, and the shell's own files."""
    from noether_sym.datasets import available

    found = [
        CompletionItem(info.name, help=info.description)
        for info in available()
        if info.name.startswith(incomplete)
    ]
    return [*found, CompletionItem(incomplete, type="file")]


def complete_runs(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Runs of the results folder by name, and the shell's own folders."""
    from noether_sym.store import runs

    above = context.parent.params if context.parent is not None else {}
    results = context.params.get("results") or above.get("results") or Path("results")
    found = [
        CompletionItem(run.name)
        for run in runs.run_like(Path(results))
        if run.name.startswith(incomplete)
    ]
    return [*found, CompletionItem(incomplete, type="dir")]
