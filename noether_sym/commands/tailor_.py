"""``noether-sym tailor``: which law helps to predict?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import common_options, jobs_from, tailor_options

if TYPE_CHECKING:
    from noether_sym.pipeline import Search


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
    from noether_sym import runs
    from noether_sym.pipeline import reopen

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    if values["run_folder"]:
        run = runs.find_run(values["run_folder"])
        run.read(runs.LAWS_FILE)
    else:
        run = runs.newest_run(values["results"], runs.LAWS_FILE)
    search = reopen(run, jobs_from(values), values["device"])
    screen.json(tailor_and_show(screen, search, values))


def tailor_and_show(screen: Screen, search: Search, values: dict[str, Any]) -> dict[str, Any]:
    """Tailor unless the run holds the answer to the same options, and print it."""
    from noether_sym import runs
    from noether_sym.pipeline import run_tailoring
    from noether_sym.tailor import TailorOptions

    seed = values["seed"] if values["seed"] is not None else search.data.seed
    options = TailorOptions(
        top=values["top"],
        epochs=values["epochs"],
        seeds=values["seeds"],
        seed=seed,
        jobs=search.options.jobs,
        device=search.options.device,
        loss=values["loss"],
    )
    with screen.progress() as progress:
        document = run_tailoring(search, options, progress)
    show_tailoring(screen, document, search.run.read(runs.LAWS_FILE))
    screen.say(f"Written to {search.run.path}.")
    return document
