"""``noether-sym run``: all three stages, then the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from noether_sym.commands.completion import complete_runs
from noether_sym.commands.console import Screen
from noether_sym.commands.options import (
    common_options,
    fit_options,
    search_from,
    search_options,
    tailor_options,
)
from noether_sym.commands.reading import as_typed, data_options

if TYPE_CHECKING:
    from noether_sym.store.schema import Plan
    from noether_sym.store.search import Search

_PLANNED = ("top", "seeds", "epochs", "weight_decay", "loss", "tailor_budget", "exhaustive")
_FREE = (
    "resume",
    "results",
    "device",
    "jobs",
    "backend",
    "scheduler",
    "as_json",
    "quiet",
    "verbose",
)
"""Options that may differ when a run goes on: they do not change the answer."""


@click.command("run", short_help="Enumerate, fit, tailor and report.")
@data_options(required=False)
@search_options
@fit_options
@tailor_options
@common_options
@click.option(
    "--resume",
    metavar="RUN",
    default=None,
    shell_complete=complete_runs,
    help="Continue an interrupted run with its original options.",
)
@click.pass_context
def command(ctx: click.Context, **values: Any) -> None:
    """Enumerate, fit and tailor on a data set, then write the report.

    An interrupted run continues from its last finished piece: repeat the same command, or use
    --resume.
    """
    from noether_sym.commands.fit import fit_and_show
    from noether_sym.commands.tailor import tailor_and_show, tailoring_from
    from noether_sym.pipeline import run_report
    from noether_sym.store import runs
    from noether_sym.store.schema import LawsDocument
    from noether_sym.store.search import held_tailoring

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    if values["resume"] is not None:
        search = _resumed(values, as_typed(ctx, but=_FREE))
    elif ctx.get_parameter_source("dataset") != ParameterSource.COMMANDLINE:
        raise click.UsageError("Missing argument 'NAME|FILE' (or --dataset, or --resume RUN).")
    else:
        search = search_from(values, _plan(values))
    options = tailoring_from(values, search)
    with runs.locked(search.run):
        if not values["fresh"]:
            held_tailoring(search.run, options)
        search.run.update(tailoring=_plan(values))
        found = fit_and_show(screen, search, fresh=values["fresh"], verbose=values["verbose"])
        if not found.laws:
            screen.say(
                "No law to tailor with; `noether-sym tailor` tries the closest candidates as "
                "controls."
            )
        elif not search.dataset.test:
            screen.say("No held-out data to predict: tailoring is left out.")
        elif not search.dataset.timed:
            screen.say("The data have no time, and predictions need one: tailoring is left out.")
        else:
            tailor_and_show(screen, search, options, fresh=values["fresh"])
        screen.say(f"Report: {run_report(search.run, search.dataset)}")
    screen.json(search.run.read(LawsDocument))


def _plan(values: dict[str, Any]) -> Plan:
    """The tailoring that a run is to have, among the verb's values."""
    from noether_sym.store.schema import Plan

    return Plan(**{name: values[name] for name in _PLANNED})


def _resumed(values: dict[str, Any], other: list[str]) -> Search:
    """The search that a run was made for; `values` get the tailoring it was to have.

    Options in `other` cannot be given beside it.
    """
    from noether_sym._version import __version__
    from noether_sym.commands.options import jobs_from
    from noether_sym.commands.tailor import tailoring_from
    from noether_sym.errors import RunError
    from noether_sym.store import runs
    from noether_sym.store.run import RUN_FILE
    from noether_sym.store.schema import RunDocument, to_json
    from noether_sym.store.search import reopen

    if other:
        raise click.UsageError(
            f"--resume takes the options of the run; leave out {', '.join(other)}"
        )
    run = runs.find_run(values["resume"], values["results"])
    held = run.read(RunDocument)
    if held.tailoring is None:
        raise click.UsageError(
            f"{run.path} was not made by `noether-sym run`; continue it with the command that made "
            "it"
        )
    if held.identity.version != __version__:
        raise RunError(
            f"{run.path} was started with noether-sym {held.identity.version}, and this is "
            f"{__version__}; continue with that version, or start again"
        )
    values.update(to_json(held.tailoring), seed=None)
    search = reopen(
        run, jobs_from(values), values["device"], values["backend"], values["scheduler"]
    )
    try:
        tailoring_from(values, search)
    except ValueError as error:
        raise RunError(f"{run.file(RUN_FILE)}, entry tailoring: {error}") from error
    return search
