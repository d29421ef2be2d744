"""``noether-sym tailor``: which law helps to predict?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import common_options, jobs_from, tailor_options

if TYPE_CHECKING:
    from noether_sym.store.search import Search
    from noether_sym.tailor import TailorOptions


@click.command("tailor", short_help="Try the best laws as Noether losses; select one.")
@click.option(
    "--run",
    "run_folder",
    metavar="DIR",
    default=None,
    help="A fitted run.  [default: the newest]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**31 - 1),
    default=None,
    help="First seed of the networks.  [default: the run's]",
)
@tailor_options
@common_options
def command(**values: Any) -> None:
    """Fine-tune the baseline MLP with each of the best candidates and select a law."""
    from noether_sym.store import runs
    from noether_sym.store.search import reopen

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    run = runs.open_or_newest(values["run_folder"], values["results"], runs.LAWS_FILE)
    search = reopen(run, jobs_from(values), values["device"])
    with runs.locked(run):
        document = tailor_and_show(screen, search, values)
    screen.json(document)


def tailor_and_show(screen: Screen, search: Search, values: dict[str, Any]) -> dict[str, Any]:
    """Tailor unless the run holds the answer to the same options, and print it."""
    from noether_sym.pipeline import held_tailoring, tailored
    from noether_sym.store import runs

    options, fresh = tailoring_from(values, search), values["fresh"]
    if not fresh and held_tailoring(search.run, options) is not None:
        screen.say(f"{search.run.path} holds this tailoring already; --fresh computes it again.")
    with screen.progress() as progress:
        document = tailored(search, options, progress, fresh=fresh)
    show_tailoring(screen, document, search.run.checked(runs.LAWS_FILE))
    screen.say(f"Written to {search.run.path}.")
    return document


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
    )


def show_tailoring(screen: Screen, document: dict[str, Any], laws: dict[str, Any]) -> None:
    """Print the selected law and the controls."""
    from rich.table import Table

    chosen = document["selected"]
    if chosen is None:
        screen.say("No law was selected: there was none to try, or every trial diverged.")
    else:
        row = next(one for one in document["candidates"] if one["expression"] == chosen)
        known = "" if row["accepted"] else " (not accepted as conserved)"
        screen.say(f"Selected by training error: {chosen}{known}", important=True)
    count = len(document["seeds"])
    table = Table(box=None, pad_edge=False)
    table.add_column("prediction")
    for name in ("train RMSE", "test RMSE", "/ vanilla", "test MSE", "energy MSE"):
        table.add_column(name, justify="right")
    for entry in document["summary"]:
        ratio = entry["rmse_over_vanilla"]
        table.add_row(
            entry["method"],
            _spread(entry["train_rmse"]),
            _spread(entry["test_rmse"]),
            "-" if ratio is None else f"{ratio:.2f}",
            _spread(entry["test_mse"]),
            _spread(entry["energy_mse"]),
        )
    screen.table(table)
    if count > 1:
        screen.say(f"Mean ± standard deviation over {count} networks.")
    trials = [one for seed in document["seeds"] for one in seed["trials"]]
    lost = sum(one["status"] != "ok" for one in trials)
    screen.say(f"{len(trials)} trials, {lost} of them diverged or out of domain.")


def _spread(entry: dict[str, Any]) -> str:
    if entry["mean"] is None:
        return "-"
    if entry["std"] is None:
        return f"{entry['mean']:.3g}"
    return f"{entry['mean']:.2g} ± {entry['std']:.1g}"
