"""``noether-sym embed``: how many conserved quantities are there, and do the laws explain them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.console import Screen
from noether_sym.commands.options import common_options, jobs_from, search_from, search_options
from noether_sym.commands.reading import as_typed, data_options
from noether_sym.commands.values import OneOf

if TYPE_CHECKING:
    from noether_sym.neural.embed_document import EmbeddingDocument
    from noether_sym.neural.states_predict import Prediction
    from noether_sym.store.search import Search

_FORMS = ("start", "steps", "drift")
_OF_THE_EMBEDDING = (
    *("predict", "inner_steps", "form"),
    *("run_folder", "outputs", "results", "device", "jobs", "backend", "scheduler", "fresh"),
    *("as_json", "quiet", "verbose"),
)


@click.command("embed", short_help="Count conserved directions; see whether the laws explain them.")
@data_options(required=False)
@click.option(
    "--run",
    "run_folder",
    metavar="RUN",
    shell_complete=complete_runs,
    help="A fitted run, by folder or name, in place of data.",
)
@click.option(
    "--outputs",
    type=click.IntRange(min=1),
    help="Look for this many directions at most.  [default: as many as a flow can have]",
)
@click.option(
    "--predict",
    is_flag=True,
    help="Train a predictor and an embedding together too (algorithm 1), beside its controls.",
)
@click.option(
    "--inner-steps",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Inner steps of --predict.",
)
@click.option(
    "--form",
    type=OneOf(_FORMS),
    default=_FORMS[0],
    show_default=True,
    help="Noether loss of --predict: from the start (eq. 2a), from step to step (2b), or 2b for "
    "small steps.",
)
@search_options
@common_options
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    """Train a network whose outputs are conserved, and count them.

    \b
    noether-sym embed kepler_2d
    noether-sym embed --run results/kepler_2d-both-1a2b3c4d

    The network knows nothing of the formulas. Its hidden units, products of the columns and
    waves of random direction, stay as they are drawn; a linear layer behind them is solved to
    drift and to vary within trajectories as little as it can. Each output has a gradient in a
    new direction and is tested on trajectories that it was not trained on, against the same
    training on columns moved in time. Data are searched for formulas first, unless the run
    holds them; then the formulas' gradients say how many of the directions they explain.
    """
    from noether_sym.neural.states import check_embeddable
    from noether_sym.pipeline import embedded, fitted
    from noether_sym.report import words
    from noether_sym.report.embedding import completeness
    from noether_sym.store import runs
    from noether_sym.store.run import WEIGHTS_FILE
    from noether_sym.store.schema import RunDocument

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    search = _search(context, values)
    check_embeddable(search.dataset)
    with runs.locked(search.run):
        for note in search.dataset.notes:
            screen.say(f"Note: {note}")
        with screen.progress() as progress:
            laws = fitted(search, progress)
            document = embedded(
                search,
                values["outputs"],
                progress,
                fresh=values["fresh"],
                prediction=_prediction(context, values, search.data.seed),
            )
    screen.say(words.found(laws, search.run.read(RunDocument).search, plain=True))
    _show(screen, document)
    screen.say(completeness(document), important=True)
    _show_prediction(screen, document)
    screen.say(f"Weights: {search.run.file(WEIGHTS_FILE)}")
    screen.json(document)


def _prediction(context: click.Context, values: dict[str, Any], seed: int) -> Prediction | None:
    """How algorithm 1 is to be trained, if it was asked for."""
    if not values["predict"]:
        for name in ("inner_steps", "form"):
            if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
                raise click.UsageError(f"--{name.replace('_', '-')} is for --predict; add it")
        return None
    from dataclasses import replace

    from noether_sym.neural.states_predict import Prediction

    own = Prediction()
    meta = replace(own.meta, steps=values["inner_steps"], form=values["form"], seed=seed)
    return replace(own, meta=meta)


def _search(context: click.Context, values: dict[str, Any]) -> Search:
    """The search of a run that was named, or of the data."""
    from noether_sym.store import runs
    from noether_sym.store.search import reopen

    if values["run_folder"] is None:
        if context.get_parameter_source("dataset") != ParameterSource.COMMANDLINE:
            raise click.UsageError("Missing argument 'NAME|FILE' (or --dataset, or --run RUN).")
        return search_from(values)
    other = as_typed(context, but=_OF_THE_EMBEDDING)
    if other:
        raise click.UsageError(f"--run takes the data of the run; leave out {', '.join(other)}")
    run = runs.fitted_run(values["run_folder"], values["results"])
    return reopen(run, jobs_from(values), values["device"])


def _show(screen: Screen, document: EmbeddingDocument) -> None:
    from rich.table import Table

    from noether_sym.report.words import number

    table = Table(box=None, pad_edge=False)
    table.add_column("direction", justify="right")
    table.add_column("conserved")
    for title in ("drift", "share", "held-out drift", "held-out share", "sine to laws"):
        table.add_column(title, justify="right")

    def shown(*values: float | None) -> list[str]:
        return [number(own, 2, plain=True) for own in values]

    for place, row in enumerate(document.tried):
        tested = (row.crosswise_drift, row.crosswise_share, row.heldout_drift, row.heldout_share)
        state = "yes" if row.conserved else "no"
        table.add_row(f"{place + 1}", state, *shown(*tested, row.sine_to_laws))
    by_chance = shown(document.chance_drift, document.chance_share)
    table.add_row("", "by chance", *by_chance, "", "", "")
    screen.table(table)


def _show_prediction(screen: Screen, document: EmbeddingDocument) -> None:
    """Print how well algorithm 1 and its controls predict."""
    from rich.table import Table

    from noether_sym.report.embedding import algorithm
    from noether_sym.report.words import number

    own = document.prediction
    if own is None:
        return
    table = Table(box=None, pad_edge=False)
    for title in ("training", "held-out RMSE", "inner rate"):
        table.add_column(title, justify="left" if title == "training" else "right")
    for arm, error in own.errors.items():
        cells = (error, own.rates[arm] or None)
        table.add_row(arm, *(number(cell, 3, plain=True) for cell in cells))
    screen.table(table)
    screen.say(algorithm(own))
