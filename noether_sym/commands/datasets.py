"""``noether-sym datasets``: what can be searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import json_option

if TYPE_CHECKING:
    from noether_sym.datasets import DatasetInfo


@click.command("datasets", short_help="List the built-in data sets, with units and source.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Names only.")
def command(as_json: bool, quiet: bool) -> None:
    """List the built-in data sets, with units and source."""
    from noether_sym.datasets import available

    infos = available()
    if as_json:
        document = [
            {
                "name": info.name,
                "description": info.description,
                "columns": [{"name": name, "unit": unit} for name, unit in info.columns],
                "time_unit": info.time_unit,
                "known_laws": info.known_laws,
                "invariants": list(info.invariants),
                "source": info.source,
            }
            for info in infos
        ]
        Screen(as_json=True, quiet=False).json(document)
        return
    if quiet:
        for info in infos:
            click.echo(info.name)
        return
    _show(infos)


def _show(infos: Sequence[DatasetInfo]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for title in ("data set", "columns", "laws", "source"):
        table.add_column(title, overflow="fold", no_wrap=title == "data set")
    for info in infos:
        columns = ", ".join(f"{name} [{unit}]" for name, unit in info.columns)
        table.add_row(info.name, columns, str(info.known_laws), info.source)
    screen = Screen(as_json=False, quiet=False)
    screen.table(table)
    screen.say("\nOr a file (CSV, Excel, Parquet, NumPy, MATLAB and more): one row a sample,")
    screen.say("units in the header, as in")
    screen.say("  trajectory,t [s],q [rad],p [kg*m**2/s]")
    screen.say("or a folder of such files, one a trajectory. See `noether-sym inspect --help`.")
