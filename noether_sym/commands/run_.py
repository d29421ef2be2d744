"""``noether-sym run``: all three stages, then the report."""

from __future__ import annotations

from typing import Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import (
    common_options,
    data_from,
    data_options,
    fit_options,
    search_from,
    search_options,
    tailor_options,
)


@click.command("run", short_help="Enumerate, fit, tailor and report.")
@data_options(required=True)
@search_options
@fit_options
@tailor_options
@common_options
def command(**values: Any) -> None:
    """Enumerate, fit and tailor on a data set, then write the report."""
    from noether_sym import runs
    from noether_sym.commands.fit_ import fit_and_show
    from noether_sym.commands.tailor_ import tailor_and_show
    from noether_sym.pipeline import prepare, run_report

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    search = prepare(values["results"], data_from(values), search_from(values))
    fit_and_show(screen, search, fresh=values["fresh"], verbose=values["verbose"])
    if not search.run.read(runs.LAWS_FILE)["laws"]:
        screen.say("No law to tailor with; `noether-sym tailor` tries the closest candidates.")
    elif not search.dataset.test:
        screen.say("No held-out data to predict: tailoring is left out.")
    else:
        tailor_and_show(screen, search, values)
    screen.say(f"Report: {run_report(search.run)}")
    screen.json(search.run.read(runs.LAWS_FILE))
