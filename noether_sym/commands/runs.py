"""``noether-sym runs``: list what was computed, and tidy up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.options import json_option, results_option

if TYPE_CHECKING:
    from noether_sym.store.run import Run

_DAMAGED = "damaged"
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group("runs", short_help="List runs, remove them.", invoke_without_command=True)
@results_option
@click.option("--keep", type=click.IntRange(min=0), help="Remove all runs but the newest N.")
@_YES
@json_option
@click.pass_context
def command(ctx: click.Context, results: Path, keep: int | None, yes: bool, as_json: bool) -> None:
    """List the runs of a results folder, newest first."""
    if ctx.invoked_subcommand is not None:
        if keep is not None:
            raise click.UsageError("--keep and rm are two ways of removing; give one of them")
        return
    from noether_sym.errors import RunError
    from noether_sym.store import runs

    found = sorted(runs.run_like(results), key=_when, reverse=True)
    if keep is None:
        _show(found, results, as_json=as_json)
        return
    true = []
    for run in found:
        try:
            runs.check_removable(run)
            true.append(run)
        except RunError as error:
            click.echo(f"Not counted, and left alone: {error}", err=True)
    _remove(ctx, true[keep:], yes=yes)


@command.command("rm", short_help="Remove runs.")
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@_YES
@click.pass_context
def remove(ctx: click.Context, names: tuple[str, ...], yes: bool) -> None:
    """Remove runs, and nothing else: folders, or names in the results folder."""
    assert ctx.parent is not None
    from noether_sym.store import runs

    results = ctx.parent.params["results"]
    found = [runs.find_run(name, results) for name in names]
    _remove(ctx, list({run.path.absolute(): run for run in found}.values()), yes=yes)


def _when(run: Run) -> float:
    from noether_sym.store.run import RUN_FILE

    for path in (run.file(RUN_FILE), run.path):
        with suppress(OSError):
            return path.lstat().st_mtime
    return 0.0


def _remove(ctx: click.Context, found: list[Run], *, yes: bool) -> None:
    """Show the runs, ask, and remove them; none if one of them is not a run."""
    from noether_sym.store import runs

    if not found:
        click.echo("Nothing to remove.")
        return
    for run in found:
        runs.check_removable(run)
        click.echo(_printable(str(run.path)))
    try:
        agreed = yes or click.confirm(f"Remove {len(found)} run{'s' * (len(found) != 1)}?")
    except click.Abort:
        click.echo("")
        agreed = False
    if not agreed:
        click.echo("Nothing is removed; --yes does not ask.", err=True)
        ctx.exit(1)
    for run in found:
        runs.remove(run)
    click.echo(f"{len(found)} removed.")


def _show(found: list[Run], results: Path, *, as_json: bool) -> None:
    from rich.table import Table

    from noether_sym.commands.console import Screen

    rows = [_facts(run) for run in found]
    screen = Screen(as_json=as_json, quiet=False)
    if not rows:
        screen.say(f"No runs in {results}.", important=True)
    else:
        table = Table(box=None, pad_edge=False)
        table.add_column("run (data set first)", overflow="fold")
        for name in ("when", "stage", "laws", "size"):
            justify: Any = "right" if name in ("laws", "size") else "left"
            table.add_column(name, justify=justify, no_wrap=True)
        for row in rows:
            laws = "" if row.laws is None else str(row.laws)
            table.add_row(row.run, row.when, row.stage, laws, _size(row.bytes))
        screen.table(table)
    screen.json({"results": str(results), "runs": rows})


@dataclass(frozen=True, slots=True)
class RunRow:
    """What the list says of a run; `laws` are the independent ones, `bytes` of all files."""

    run: str
    dataset: str | None
    when: str
    stage: str
    laws: int | None
    bytes: int


def _facts(run: Run) -> RunRow:
    """What the list says of a run; a damaged one is named so."""
    from noether_sym.errors import RunError
    from noether_sym.store import runs
    from noether_sym.store.schema import LawsDocument, RunDocument
    from noether_sym.tailor.document import TailoringDocument

    dataset, stage, laws = None, "begun", None
    try:
        held = runs.find_run(str(run.path)).read(RunDocument)
        dataset, stages = held.dataset.name, held.stages
        if stages.enumerate is not None:
            stage = "enumerate"
        if stages.fit is not None:
            stage, laws = "fit", run.read(LawsDocument).independent_laws
        if stages.tailor is not None:
            stage = "tailor"
            run.read(TailoringDocument)
    except RunError:
        stage, laws = _DAMAGED, None
    when = datetime.fromtimestamp(_when(run)).strftime("%Y-%m-%d %H:%M")
    return RunRow(_printable(run.name), dataset, when, stage, laws, runs.size_of(run))


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def _printable(name: str) -> str:
    """A folder's name without what a terminal would obey or cannot show."""
    return "".join(char if char.isprintable() else "?" for char in name)
