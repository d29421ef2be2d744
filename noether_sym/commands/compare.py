"""``noether-sym compare``: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.options import json_option, results_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noether_sym.commands.console import Screen
    from noether_sym.comparison.document import Comparison, Constant, Finding, LawBeside


@click.command("compare", short_help="Laws of several runs side by side.")
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@results_option
@json_option
def command(names: tuple[str, ...], results: Path, as_json: bool) -> None:
    """Set the laws, constants and verdicts of runs (folders or names) side by side.

    \b
    noether-sym compare results/monday-both-1a2b3c4d results/tuesday-both-5e6f7a8b

    A law is recognised in other runs whatever form and scale it has there, and its constants
    are given in one form and one unit. Whether they are equal is tested (chi-square, corrected
    for few trajectories), p-values for all tests that are shown.
    """
    from noether_sym.commands.console import Screen
    from noether_sym.comparison import compare_runs, fitted
    from noether_sym.store import runs

    found = compare_runs([fitted(runs.find_run(name, results)) for name in names])
    screen = Screen(as_json=as_json, quiet=False)
    screen.json(found)
    _show(screen, found)


def _show(screen: Screen, found: Comparison) -> None:
    from rich.table import Table

    numbers = {run.name: f"{number}" for number, run in enumerate(found.runs, 1)}
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("run", overflow="fold")
    for name in ("trajectories", "laws", "independent"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in found.runs:
        facts = (f"{run.trajectories:,}", f"{run.laws}", f"{run.independent}")
        table.add_row(numbers[run.name], run.name, *facts)
    screen.table(table)
    if not found.laws:
        screen.say("None of them has a law.")
    for number, law in enumerate(found.laws, 1):
        screen.say("")
        _law(screen, number, law, numbers)
    laws = sum(law.equality.p is not None for law in found.laws)
    pairs = sum(pair.p is not None for law in found.laws for pair in law.pairs)
    if laws:
        counted = f"{laws} of laws" + (f" and {pairs} of pairs of runs" if pairs else "")
        screen.say("")
        screen.lines(
            "The runs are taken as independent. Constants 'differ' where p is below 0.05 for all "
            f"tests of a kind (Holm's rule; {counted})."
        )


def _law(screen: Screen, number: int, law: LawBeside, numbers: Mapping[str, str]) -> None:
    from rich.table import Table

    others = any(own.expression is not None and own.run != law.form_of for own in law.findings)
    where = f", as run {numbers[law.form_of]} has it" if others else ""
    screen.lines(f"law {number}: {law.form}{where}")
    table = Table(box=None, pad_edge=False)
    table.add_column("run", no_wrap=True)
    table.add_column("verdict", overflow="fold", max_width=16)
    for name in ("constant", "95 % interval", "unit"):
        table.add_column(name, overflow="fold")
    for own in law.findings:
        for row in _rows(own, numbers[own.run]):
            table.add_row(*row)
    screen.table(table)
    for own in law.findings:
        if own.reason:
            screen.lines(f"run {numbers[own.run]}: {own.reason}")
    if others:
        screen.lines(f"equal? {law.equality}")
    for pair in law.pairs:
        screen.lines(f"runs {' and '.join(numbers[name] for name in pair.runs)}: {pair}")


def _rows(own: Finding, number: str) -> list[tuple[str, ...]]:
    """A line for each constant, and for the half life; the run and its verdict on the first."""
    from noether_sym.report.words import with_error

    lines = []
    for one in own.constants:
        unit = "" if one.unit == "dimensionless" else one.unit
        lines.append((f"{one.name} = {_value(one)}", _interval(one), unit))
    if (slow := own.half_life) is not None:
        name = "doubles in" if slow.grows else "halves in"
        lines.append((f"{name} {with_error(slow.value, slow.stderr, plain=True)}", "", slow.unit))
    start = [(number, own.verdict), *[("", "")] * len(lines)]
    return [(*first, *rest) for first, rest in zip(start, lines or [("", "", "")], strict=False)]


def _value(one: Constant) -> str:
    from noether_sym.report.words import with_error

    if one.fixed:
        return "0 (no such term)" if one.value == 0 else f"{one.value:.6g} (a number)"
    return with_error(one.value, one.stderr, plain=True)


def _interval(one: Constant) -> str:
    """Empty where it is not known, or narrower than what is shown of the value."""
    from noether_sym.report.words import interval_ends

    if one.interval is None or not one.stderr:
        return ""
    low, high = interval_ends(one.value, one.stderr, one.interval, plain=True)
    return f"{low} to {high}" if low != high else ""
