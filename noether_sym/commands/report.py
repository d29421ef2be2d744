"""``noether-sym report``: figures and one self-contained page."""

from __future__ import annotations

from pathlib import Path

import click

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.options import results_option


@click.command("report", short_help="Draw the figures and write report.html.")
@click.argument("run_folder", metavar="[RUN]", required=False, shell_complete=complete_runs)
@results_option
def command(run_folder: str | None, results: Path) -> None:
    """Write figures/ and report.html of RUN (a folder or name; by default the newest run)."""
    from noether_sym.pipeline import run_report
    from noether_sym.store import runs

    run = runs.fitted_run(run_folder, results)
    with runs.locked(run):
        click.echo(f"Report: {run_report(run)}")
