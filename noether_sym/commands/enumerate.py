"""``noether-sym enumerate``: count and write the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import (
    common_options,
    formula_options,
    search_from,
)
from noether_sym.commands.reading import EXAMPLE_DATA, data_options
from noether_sym.dsl.grammar import DEFAULT_DEPTH

if TYPE_CHECKING:
    from noether_sym.store.schema import EnumerateStage
    from noether_sym.store.search import Search


@click.command("enumerate", short_help="Enumerate every dimensionally valid formula.")
@data_options(required=False, default=EXAMPLE_DATA)
@formula_options(DEFAULT_DEPTH)
@click.option(
    "--all",
    "write_all",
    is_flag=True,
    help="Write every valid formula too, as flat arrays, to formulas.parquet.",
)
@common_options
def command(**values: Any) -> None:
    """Enumerate every dimensionally valid formula, and each distinct law once."""
    from noether_sym.pipeline import run_enumeration, write_formulas
    from noether_sym.store import runs

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    search = search_from(values)
    with runs.locked(search.run), screen.progress() as progress:
        run_enumeration(search, progress)
        if values["write_all"]:
            write_formulas(search, progress)
    stage, formulas = search.run.stages.enumerate, search.formulas_by_size(search.depth)
    assert stage is not None
    screen.json(
        {
            "run": str(search.run.path),
            "formulas_by_size": formulas,
            "classes_by_size": stage.classes_by_size,
            "laws_by_size": stage.laws_by_size,
            "candidates": stage.raw,
            "distinct": stage.distinct,
            "seconds": stage.seconds,
        }
    )
    show_counts(screen, search, formulas, stage)


def show_counts(
    screen: Screen, search: Search, formulas: Sequence[int], stage: EnumerateStage
) -> None:
    """Print the counts by size."""
    from rich.table import Table

    table = Table(title=f"{search.dataset.name}, grammar {search.grammar.name}", box=None)
    for title in ("nodes", "valid formulas", "new classes", "distinct laws"):
        table.add_column(title, justify="right")
    rows = zip(formulas, stage.classes_by_size, stage.laws_by_size, strict=True)
    for size, (raw, families, laws) in enumerate(rows, 1):
        table.add_row(f"{size}", f"{raw:,}", f"{families:,}", f"{laws:,}")
    table.add_section()
    families = sum(stage.classes_by_size)
    table.add_row("all", f"{stage.raw:,}", f"{families:,}", f"{stage.distinct:,}")
    screen.table(table)
    for line in _account(search, stage):
        screen.say(line)


def _account(search: Search, stage: EnumerateStage) -> list[str]:
    return [
        f"Grammar {search.grammar.name}: {', '.join(search.grammar.operations)};",
        "inputs, and constants of the unit that their place asks for.",
        f"{stage.raw:,} formulas of up to {search.depth} nodes with fitting units, "
        "the order of + and *",
        f"ignored, come to {stage.distinct:,} distinct laws in {stage.seconds:.2f} s.",
        f"Written to {search.run.path}",
    ]
