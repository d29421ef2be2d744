"""``noether-sym fit``: enumerate if needed, fit, accept, rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import (
    common_options,
    data_from,
    data_options,
    fit_options,
    search_from,
    search_options,
)

if TYPE_CHECKING:
    from noether_sym.store.search import Search

_SHOWN = 8


@click.command("fit", short_help="Fit all candidates; accept and rank what is conserved.")
@data_options(required=True)
@search_options
@fit_options
@common_options
def command(**values: Any) -> None:
    """Fit every candidate's parameters, accept what is conserved, and rank it."""
    from noether_sym.store import runs
    from noether_sym.store.search import prepare

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    search = prepare(values["results"], data_from(values), search_from(values))
    with runs.locked(search.run):
        document = fit_and_show(screen, search, fresh=values["fresh"], verbose=values["verbose"])
    screen.json(document)


def fit_and_show(screen: Screen, search: Search, *, fresh: bool, verbose: bool) -> dict[str, Any]:
    """Fit unless the run holds the answer, and print the laws."""
    from noether_sym.pipeline import fitted

    for note in search.dataset.notes:
        screen.say(f"Note: {note}")
    if search.run.stage("fit") is not None and not fresh:
        screen.say(f"{search.run.path} holds this fit already; --fresh computes it again.")
    with screen.progress() as progress:
        document = fitted(search, progress, fresh=fresh)
    show_laws(screen, document, search, verbose=verbose)
    return document


def show_laws(
    screen: Screen, document: dict[str, Any], search: Search, *, verbose: bool = False
) -> None:
    """Print the verdict, the laws with their constants, and the closest of the rest."""
    counts, laws = document["counts"], document["laws"]
    closest = document["candidates_not_accepted"]
    screen.say(verdict(document, search.depth, search.options.factor), important=True)
    if laws:
        screen.table(_law_table(laws[:_SHOWN], "law"))
        for line in _constants(laws[:_SHOWN]):
            screen.say(line)
        if len(laws) > _SHOWN:
            screen.say(f"and {len(laws) - _SHOWN} more in {search.run.file('laws.json')}")
    if closest and (verbose or not laws):
        shown = closest[: _SHOWN if verbose else 3]
        screen.table(_law_table(shown, "closest, not conserved"))
        if verbose:
            for entry in shown:
                screen.say(f"  {entry['expression']}: {entry['reason']}")
    seconds = (search.run.stage("fit") or {}).get("seconds")
    screen.say(
        f"{counts['candidates']:,} formulas, {counts['distinct']:,} distinct, "
        f"{counts['fitted']:,} fitted, {counts['accepted']:,} accepted"
        + (f", {seconds:.1f} s" if seconds is not None else "")
        + f": {search.run.path}"
    )


def verdict(document: dict[str, Any], depth: int, factor: float) -> str:
    """What was found, in words."""
    laws, independent = document["laws"], document["independent_laws"]
    window = document.get("window")
    over = f" over windows of {window} samples" if window else ""
    if laws:
        noun = "law" if independent == 1 else "laws"
        how = "approximately conserved" if window else "conserved"
        return f"{independent} independent {noun}, {how}{over}; the best: {laws[0]['expression']}"
    text = (
        f"No law of up to {depth} nodes: nothing is conserved {factor:g} times better than chance."
    )
    closest = document["candidates_not_accepted"]
    if closest:
        ratio = closest[0]["conservation_ratio"]
        text += f"\nClosest, not conserved: {closest[0]['expression']} (ratio {ratio:.2g})."
    return text


def _law_table(laws: list[dict[str, Any]], title: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("family", justify="right")
    table.add_column(title, overflow="fold", min_width=24)
    for name in ("ratio", "random", "held-out"):
        table.add_column(name, justify="right")
    for law in laws:
        table.add_row(
            f"{law['rank'] or '-'}",
            f"{law['family'] or '-'}",
            law["expression"] + (" *" if law["selected"] else ""),
            _figure(law["conservation_ratio"]),
            _figure(law["random_ratio"]),
            _figure(law.get("heldout_ratio")),
        )
    return table


def _constants(laws: list[dict[str, Any]]) -> list[str]:
    lines = []
    for law in laws:
        for parameter in law["parameters"]:
            error = parameter["stderr"]
            spread = f" ± {error:.2g}" if error is not None else ""
            lines.append(
                f"  law {law['rank']}: {parameter['name']} = {parameter['value']:.6g}{spread} "
                f"{parameter['unit']}"
            )
    return lines


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}"
