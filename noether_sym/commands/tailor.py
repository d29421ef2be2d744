"""``noether-sym tailor``: which law helps to predict?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.console import Screen
from noether_sym.commands.options import common_options, jobs_from, tailor_options
from noether_sym.commands.values import SEED

if TYPE_CHECKING:
    from noether_sym.store.schema import TailorStage
    from noether_sym.store.search import Search
    from noether_sym.tailor import TailorOptions
    from noether_sym.tailor.document import TailoringDocument
    from noether_sym.tailor.limits import Limits


@click.command("tailor", short_help="Try the best laws as Noether losses; select one.")
@click.argument("named", metavar="[RUN]", required=False, shell_complete=complete_runs)
@click.option(
    "--run",
    "run_folder",
    metavar="RUN",
    shell_complete=complete_runs,
    help="The same as the argument: a fitted run, by folder or name.  [default: the newest]",
)
@click.option(
    "--seed",
    type=SEED,
    help="First seed of the networks.  [default: the run's]",
)
@tailor_options
@common_options
def command(**values: Any) -> None:
    """Fine-tune the baseline MLP with each of RUN's best candidates; select a law if one helps.

    Every law and the 100 closest of the rest are screened, the best --top of them raced: all
    are meta-tailored on few samples, and the best inner rates of the best in full. Training
    trajectories that are held out decide. Only a law can be selected; the rest are controls.
    """
    from noether_sym.store import runs
    from noether_sym.store.search import reopen

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    if values["named"] is not None and values["run_folder"] is not None:
        raise click.UsageError("give the run only once, as an argument or with --run")
    run = runs.fitted_run(values["named"] or values["run_folder"], values["results"])
    search = reopen(run, jobs_from(values), values["device"])
    options = tailoring_from(values, search)
    with runs.locked(run):
        document = tailor_and_show(screen, search, options, fresh=values["fresh"])
    screen.json(document)


def tailor_and_show(
    screen: Screen, search: Search, options: TailorOptions, *, fresh: bool
) -> TailoringDocument:
    """Tailor unless the run holds the answer to the same options, and print it."""
    from noether_sym.errors import RunError
    from noether_sym.pipeline import tailored
    from noether_sym.store.schema import LawsDocument
    from noether_sym.store.search import held_tailoring

    held = search.run.read(LawsDocument)
    if not held.to_tailor:
        raise RunError(
            f"{search.run.path} holds neither a law nor a candidate, so there is nothing to tailor "
            "with; its report says what may help to find a law"
        )
    if not held.laws:
        screen.say(
            "No law was accepted in this run, so none can be selected: candidates that are not "
            "laws are only compared as controls. Ctrl-C stops this.",
            important=True,
        )
    if not fresh and held_tailoring(search.run, options) is not None:
        screen.say(f"{search.run.path} already holds this tailoring; --fresh computes it again.")
    if options.limits is not None:
        screen.say(_bounded(options.limits, options.budget))
    with screen.progress() as progress:
        document = tailored(search, options, progress, fresh=fresh)
    show_tailoring(screen, document, search.run.stages.tailor)
    screen.say(f"Written to {search.run.path}.")
    return document


def _bounded(own: Limits, seconds: float | None) -> str:
    """What the budget became, in a line."""
    from noether_sym.report.words import limits_of

    budget = "" if seconds is None else f" with the limits of {limits_of(seconds)}"
    return (
        f"Tailoring{budget}: steps on up to {own.states:,} states ({own.heat_states} in heats), "
        f"{own.sequences} roll-outs of {own.steps} steps."
    )


def tailoring_from(values: dict[str, Any], search: Search) -> TailorOptions:
    """The tailoring options among a verb's values."""
    from noether_sym.tailor import TailorOptions

    return TailorOptions(
        top=values["top"],
        epochs=values["epochs"],
        weight_decay=values["weight_decay"],
        seeds=values["seeds"],
        seed=values["seed"] if values["seed"] is not None else search.data.seed,
        jobs=search.options.jobs,
        device=search.options.device,
        loss=values["loss"],
        budget=None if values["exhaustive"] else values["tailor_budget"],
    )


def show_tailoring(
    screen: Screen, document: TailoringDocument, stage: TailorStage | None = None
) -> None:
    """Print the selected law and the controls, and with its stage how long it took."""
    from rich.table import Table

    from noether_sym.report import words

    networks = len(document.seeds)
    screen.say(words.selected(document, plain=True), important=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("prediction")
    measures = ["train RMSE", "test RMSE", "/ vanilla", "test MSE"]
    measures += [f"{words.energy(document)} MSE"] if document.energy else []
    for name in measures:
        table.add_column(name, justify="right")
    for row in document.summary:
        train, test, square, drift = (
            words.spread(own, networks, plain=True)
            for own in (row.train_rmse, row.test_rmse, row.test_mse, row.energy_mse)
        )
        ratio = row.rmse_over_vanilla
        cells = [train, test, "-" if ratio is None else f"{ratio:.2f}", square]
        table.add_row(row.method, *cells, *([drift] if document.energy else []))
    screen.table(table)
    for line in words.account(document, stage, plain=True):
        screen.say(line)
