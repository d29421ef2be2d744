"""``noether-sym inspect``: what was understood of the data, before any search."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import WIDTH, Screen
from noether_sym.commands.options import json_option, search_options
from noether_sym.commands.reading import data_from, data_options

if TYPE_CHECKING:
    from noether_sym.datasets.inspection import ColumnFacts, Inspection
    from noether_sym.noise import NoiseReport

_NO_UNIT = "dimensionless"


@click.command("inspect", short_help="Show what was understood of a file, before any search.")
@data_options(required=True)
@search_options
@json_option
def command(**values: Any) -> None:
    """Show trajectories, steps, units, ranges and notes of a data set, without a search.

    NAME|FILE is a built-in data set, a file (CSV, Excel, Parquet, NumPy, MATLAB and more;
    docs/files.md lists them), or a folder of one file a trajectory.
    """
    from noether_sym.datasets.inspection import inspect
    from noether_sym.dsl.enumeration import count_formulas
    from noether_sym.dsl.grammar import resolve_grammar
    from noether_sym.noise import dataset_noise
    from noether_sym.noise.coarse import remarks_on_steps
    from noether_sym.store.search import SearchOptions, depth_of

    dataset = data_from(values).load()
    grammar = resolve_grammar(values["grammar"])
    options = SearchOptions(values["grammar"], values["depth"], values["method"], values["budget"])
    depth = depth_of(dataset, options)
    formulas = sum(count_formulas(grammar, dataset.dimensions, depth))
    report = dataset_noise(dataset)
    found = inspect(dataset, report.noise.sigma.tolist())
    screen = Screen(as_json=values["as_json"], quiet=values["as_json"])
    screen.json(
        {
            **found.to_json(),
            "noise": report.to_json(),
            "search": {"grammar": grammar.name, "depth": depth, "formulas": formulas},
        }
    )
    _show(screen, found, report)
    for heading, text in remarks_on_steps(dataset, report.noise):
        _say(screen, heading, text)
    _say(
        screen,
        "search",
        f"{formulas:,} formulas of up to {depth} nodes with fitting units (grammar "
        f"{grammar.name}), each distinct law once",
    )


def _noise_text(report: NoiseReport, place: int) -> str:
    """Noise of a column with its error in brackets, or the bound that it lies below."""
    noise = report.noise
    sigma, error = float(noise.sigma[place]), float(noise.error[place])
    if sigma == 0.0:
        return "0" if noise.given[place] else f"<{noise.floor[place]:.1g}"
    if error == 0.0:
        return f"{sigma:.3g}"
    last = math.floor(math.log10(error))
    digits = max(1, math.floor(math.log10(sigma)) - last + 1)
    return f"{sigma:#.{digits}g}({error / 10.0**last:.0f})"


def _show(screen: Screen, found: Inspection, report: NoiseReport) -> None:
    from rich.table import Table

    from noether_sym.noise.words import remarks

    screen.say(f"{found.name}: {found.source}")
    _say(screen, "trajectories", _trajectories(found))
    if found.steps is not None:
        least, median, largest = found.steps
        unit = "" if found.time_unit == _NO_UNIT else f" {found.time_unit}"
        _say(
            screen,
            "step in time",
            f"{median:.4g}{unit} (median; {least:.4g} to {largest:.4g})",
        )
    elif not found.ordered:
        words = "each row is taken as an independent point, with its rate of change"
        _say(screen, "no order", words)
    _say(screen, "window", _window(found))
    _say(screen, "dx/dt", _derivative(found))
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("column", overflow="fold")
    table.add_column("unit", overflow="fold")
    for title in ("least", "median", "largest", "period", "noise", "error of dx/dt"):
        table.add_column(title, justify="right", overflow="fold")
    for place, column in enumerate(found.columns):
        table.add_row(*_row(column, _noise_text(report, place)))
    screen.table(table)
    for column in found.columns:
        if column.role:
            _say(screen, "column", f"{column.name}: {column.role}")
    for name, columns in found.vectors:
        _say(screen, "vector", f"{name} = ({', '.join(columns)})")
    for heading, text in remarks(report, [column.name for column in found.columns]):
        _say(screen, heading, text)
    for note in found.notes:
        _say(screen, "note", note)


def _row(column: ColumnFacts, noise: str) -> tuple[str, ...]:
    unit = column.unit if column.unit == column.given else f"{column.unit} (from {column.given})"
    error = column.derivative_error
    return (
        column.name,
        "1" if unit == _NO_UNIT else unit,
        *(f"{value:.4g}" for value in (column.least, column.median, column.largest)),
        "-" if column.period is None else f"{column.period:.4g}",
        noise,
        "-" if error is None else f"{100 * error:.2g} %",
    )


def _trajectories(found: Inspection) -> str:
    parts = []
    for word, lengths in (("for the search", found.train), ("held out", found.test)):
        if not lengths:
            continue
        each = f"{min(lengths):,}" if min(lengths) == max(lengths) else ""
        each = each or f"{min(lengths):,} to {max(lengths):,}"
        parts.append(f"{len(lengths):,} {word} ({each} samples each, {sum(lengths):,} in all)")
    return ", ".join(parts)


def _derivative(found: Inspection) -> str:
    from noether_sym.datasets.dataset import NO_DERIVATIVE

    if found.derivative != NO_DERIVATIVE:
        return found.derivative
    return (
        "not known, as there are no times: conservation is tested, but not alignment with the "
        "motion, and there is no tailoring"
    )


def _window(found: Inspection) -> str:
    if not found.ordered:
        return "none; there are no trajectories"
    if found.window is None:
        return "none; laws are sought over whole trajectories only"
    return (
        f"{found.window} samples, tried where nothing is conserved over whole trajectories "
        "(about a period)"
    )


def _say(screen: Screen, title: str, text: str) -> None:
    for line in textwrap.wrap(
        f"{title + ':':14}{text}", WIDTH, subsequent_indent=" " * 14, break_on_hyphens=False
    ):
        screen.say(line)
