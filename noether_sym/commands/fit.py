"""``noether-sym fit``: enumerate if needed, fit, accept, rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import (
    common_options,
    fit_options,
    search_from,
    search_options,
)
from noether_sym.commands.reading import data_options
from noether_sym.dsl.grammar import DEFAULT_DEPTH

if TYPE_CHECKING:
    from rich.table import Table

    from noether_sym.store.schema import LawEntry, LawsDocument, RunDocument, Stages
    from noether_sym.store.search import Search

_SHOWN = 8
"""Laws, constraints and formulas of decoys that are printed; the run holds all."""


@click.command("fit", short_help="Fit all candidates; accept and rank what is conserved.")
@data_options(required=True)
@search_options
@fit_options
@common_options
def command(**values: Any) -> None:
    """Fit every candidate's parameters, accept what is conserved, and rank it."""
    from noether_sym.store import runs

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    search = search_from(values)
    with runs.locked(search.run):
        laws = fit_and_show(screen, search, fresh=values["fresh"], verbose=values["verbose"])
    screen.json(laws)


def fit_and_show(screen: Screen, search: Search, *, fresh: bool, verbose: bool) -> LawsDocument:
    """Fit unless the run holds the answer, and print the laws."""
    from noether_sym.pipeline import fitted
    from noether_sym.store.schema import RunDocument

    for note in search.run.read(RunDocument).dataset.notes:
        screen.say(f"Note: {note}")
    if search.run.stages.fit is not None and not fresh:
        screen.say(f"{search.run.path} already holds this fit; --fresh computes it again.")
    with screen.progress() as progress:
        laws = fitted(search, progress, fresh=fresh)
    show_laws(screen, laws, search, verbose=verbose)
    if verbose:
        _show_papers_rule(screen, laws, search)
    return laws


def _show_papers_rule(screen: Screen, laws: LawsDocument, search: Search) -> None:
    """Print how many formulas the paper's own rule would accept, beside ours."""
    from noether_sym.pipeline import two_variances

    with screen.progress() as progress:
        count = two_variances(search, progress)
    screen.say(
        "By the paper's own rule (two variances, each minimised separately), "
        f"{count.accepted:,} of {count.formulas:,} distinct formulas would be accepted instead of "
        f"{laws.counts.accepted:,}."
    )


def show_laws(screen: Screen, laws: LawsDocument, search: Search, *, verbose: bool) -> None:
    """Print what was found, the laws with their constants, and the closest of the rest."""
    from noether_sym.datasets.velocities import advice
    from noether_sym.laws.law import UNDECIDED
    from noether_sym.report import words
    from noether_sym.store.schema import RunDocument

    shown = laws.laws[:_SHOWN]
    held = search.run.read(RunDocument)
    screen.say(words.found(laws, held.search, plain=True), important=True)
    if not shown and (hint := advice(search.dataset)):
        screen.say(hint, important=True)
    if shown:
        screen.table(_law_table(shown, "law"))
        for law in shown:
            for own in law.parameters:
                screen.say(f"  law {law.rank}: {words.constant(own, own.unit)}")
            for sentence in words.evidence(law, held.dataset.time_unit, plain=True):
                screen.say(f"  law {law.rank}: {sentence}")
            if verbose and law.gates:
                screen.say(f"  law {law.rank}: {words.gates(law)}")
            if others := words.also_allowed(law, plain=True):
                screen.say(f"  law {law.rank}: {others}")
        if len(laws.laws) > _SHOWN:
            screen.say(f"and {len(laws.laws) - _SHOWN} more in {search.run.file('laws.json')}")
    if laws.decoys is not None:
        screen.say(f"  {words.decoys(laws, plain=True)}")
        for formula in laws.decoys.formulas[:_SHOWN] if verbose else ():
            screen.say(f"  found in a decoy: {formula}")
    for entry in laws.constraints[:_SHOWN]:
        screen.say(f"  {words.constrained(entry)}")
    closest = laws.candidates_not_accepted[: _SHOWN if verbose else 3]
    if closest and (verbose or not shown):
        undecided = closest[0].verdict == UNDECIDED
        screen.table(_law_table(closest, f"closest, {UNDECIDED if undecided else 'not conserved'}"))
        if verbose:
            for entry in closest:
                gates = words.gates(entry)
                screen.say(f"  {entry.expression}: {entry.reason}{gates and f' ({gates})'}")
    if not laws.laws:
        _show_advice(screen, held, laws)
    if left := _left_out(search, held):
        screen.lines(left)
    screen.lines(f"{_account(laws, held.stages)}: {search.run.path}")


def _show_advice(screen: Screen, run: RunDocument, laws: LawsDocument) -> None:
    """Print what was searched, how close it came, and what may help."""
    from noether_sym.report import advice

    screen.say(advice.searched(run, laws))
    screen.say(advice.closest(run, laws, plain=True))
    if more := advice.more_data(run):
        screen.say(more)
    for own in advice.suggestions(run):
        screen.say(f"{own.text()}:\n  {own.command}")


def _left_out(search: Search, run: RunDocument) -> str:
    """What the budget left out of the formulas, and which one takes them in; empty if nothing.

    Where sums have found every law there can be, short formulas are enough.
    """
    from noether_sym.store.limits import METHODS, left_out

    done = run.stages.sums is not None and run.stages.sums.complete
    if run.search.given or done or search.method != METHODS[0] or not search.dataset.ordered:
        return ""
    own = left_out(search.grammar, search.dataset.dimensions, search.depth)
    if own is None:
        return ""
    more = f"--depth {DEFAULT_DEPTH}" if own.budget is None else f"--budget {own.budget:g}s"
    sizes = f"{own.depth} to {DEFAULT_DEPTH}" if own.depth < DEFAULT_DEPTH else f"{own.depth}"
    return (
        f"Left out by the budget of {run.search.budget:g} s: {own.formulas:,} formulas of {sizes} "
        f"nodes; {more} takes them in"
    )


def _account(laws: LawsDocument, stages: Stages) -> str:
    """What was searched, and for how long."""
    counts, parts = laws.counts, []
    if stages.sums is not None:
        whole = " (no further law is possible)" if stages.sums.complete else ""
        parts.append(f"{stages.sums.terms:,} terms of sums{whole}")
    if counts.candidates:
        parts.append(
            f"{counts.candidates:,} formulas, {counts.distinct:,} distinct, "
            f"{counts.fitted:,} fitted"
        )
    parts.append(f"{counts.accepted:,} accepted")
    timed = (stages.sums, stages.enumerate, stages.fit)
    return f"{', '.join(parts)}, {sum(one.seconds for one in timed if one is not None):.1f} s"


def _law_table(laws: Sequence[LawEntry], title: str) -> Table:
    from rich.table import Table

    from noether_sym.report import words

    table = Table(box=None, pad_edge=False)
    table.add_column("rank", justify="right")
    table.add_column("family", justify="right")
    table.add_column(title, overflow="fold", min_width=24)
    for name in ("ratio", "random", "held-out"):
        table.add_column(name, justify="right")
    for law in laws:
        ratios = (law.conservation_ratio, law.random_ratio, law.heldout_ratio)
        table.add_row(
            f"{law.rank or '-'}",
            f"{law.family or '-'}",
            law.expression + _of(law) + (" *" if law.selected else ""),
            *(words.number(ratio, 2, plain=True) for ratio in ratios),
        )
    return table


def _of(law: LawEntry) -> str:
    """Which laws an entry is a function of, in brackets."""
    families = ", ".join(str(family) for family in law.function_of)
    word = "family" if len(law.function_of) == 1 else "families"
    return f"  [a function of {word} {families}]" if families else ""
