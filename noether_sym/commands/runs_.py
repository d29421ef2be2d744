"""``noether-sym runs``: list what was computed, and tidy up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from noether_sym.runs import Run

_RESULTS = click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of all runs.",
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group("runs", short_help="List runs, remove them.", invoke_without_command=True)
@_RESULTS
@click.option("--keep", type=click.IntRange(min=0), help="Remove all runs but the newest N.")
@_YES
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.pass_context
def command(ctx: click.Context, results: Path, keep: int | None, yes: bool, as_json: bool) -> None:
    """List the runs of a results folder, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    from noether_sym import runs

    found = sorted(runs.all_runs(results), key=_when, reverse=True)
    if keep is not None:
        _remove(found[keep:], yes=yes)
        return
    _show(found, results, as_json=as_json)


@command.command("rm", short_help="Remove runs.")
@click.argument("folders", metavar="RUN...", nargs=-1, required=True)
@_YES
def remove(folders: tuple[str, ...], yes: bool) -> None:
    """Remove run folders, and nothing else."""
    from noether_sym import runs

    _remove([runs.find_run(folder) for folder in folders], yes=yes)


def _when(run: Run) -> float:
    from noether_sym import runs

    return run.file(runs.RUN_FILE).stat().st_mtime


def _remove(found: list[Run], *, yes: bool) -> None:
    from noether_sym import runs

    if not found:
        click.echo("Nothing to remove.")
        return
    for run in found:
        click.echo(str(run.path))
    if not yes:
        click.confirm(f"Remove {len(found)} run{'s' * (len(found) != 1)}?", abort=True)
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
        for name in ("run", "when", "stage", "laws", "size"):
            table.add_column(name, justify="right" if name in ("laws", "size") else "left")
        for row in rows:
            laws = "" if row["laws"] is None else str(row["laws"])
            size = f"{row['bytes'] / 1e6:.1f} MB"
            table.add_row(row["run"], row["when"], row["stage"], laws, size)
        screen.table(table)
    screen.json({"results": str(results), "runs": rows})


def _facts(run: Run) -> dict[str, Any]:
    """What the list says of a run; a damaged one is named so."""
    from datetime import datetime

    from noether_sym import runs
    from noether_sym.errors import RunError

    stage, laws = "damaged", None
    try:
        runs.find_run(str(run.path))
        done = run.checked(runs.RUN_FILE).get("stages")
        if isinstance(done, dict):
            names = [name for name in ("enumerate", "fit", "tailor") if name in done]
            stage = names[-1] if names else "begun"
            if "fit" in done:
                laws = int(run.checked(runs.LAWS_FILE)["independent_laws"])
    except (RunError, KeyError, TypeError, ValueError):
        stage, laws = "damaged", None
    when = datetime.fromtimestamp(_when(run)).strftime("%Y-%m-%d %H:%M")
    size = runs.size_of(run)
    return {"run": run.name, "when": when, "stage": stage, "laws": laws, "bytes": size}
