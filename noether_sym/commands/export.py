"""``noether-sym export``: laws in the form that people reuse."""

from __future__ import annotations

from pathlib import Path

import click

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.options import results_option
from noether_sym.commands.values import OneOf

_FORMATS = ("latex", "sympy", "python", "numpy", "torch", "c", "markdown", "mathml", "json")


@click.command("export", short_help="Write laws as LaTeX, Markdown, SymPy, code or JSON.")
@click.argument("run_folder", metavar="[RUN]", required=False, shell_complete=complete_runs)
@click.option("--format", "form", type=OneOf(_FORMATS), default="latex", show_default=True)
@click.option(
    "--all", "everything", is_flag=True, help="Every accepted law, not one of each family."
)
@click.option("--siunitx", is_flag=True, help="LaTeX quantities for the siunitx package.")
@click.option(
    "--document/--fragment",
    default=None,
    help="LaTeX that compiles by itself, or what goes into a document.  [default: document]",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to write.  [default: standard output]",
)
@results_option
@click.option("-q", "--quiet", is_flag=True, help="Print only the export itself.")
def command(
    run_folder: str | None,
    form: str,
    everything: bool,
    siunitx: bool,
    document: bool | None,
    output: Path | None,
    results: Path,
    quiet: bool,
) -> None:
    """Write the accepted laws of RUN (a folder or name; by default the newest run)."""
    if form != "latex" and (siunitx or document is not None):
        raise click.UsageError(
            f"--siunitx, --document and --fragment are for --format latex, not {form}"
        )
    from noether_sym.export import accepted_laws, export
    from noether_sym.store import runs
    from noether_sym.store.files import storing
    from noether_sym.store.schema import LawsDocument

    run = runs.fitted_run(run_folder, results)
    laws = accepted_laws(run.read(LawsDocument), heads_only=not everything)
    text = export(laws, form, siunitx=siunitx, document=document is not False)
    if output is None:
        click.echo(text, nl=False)
    else:
        with storing(f"write {output}", "free some space or choose another file with --output"):
            output.write_text(text, encoding="utf-8")
    where = f" to {output}" if output is not None else ""
    if not quiet:
        click.echo(f"{len(laws)} law{'s' * (len(laws) != 1)} of {run.path}{where}", err=True)
