"""``noether-sym bound``: what conserving is worth for prediction, by Theorem 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import json_option
from noether_sym.commands.values import NOT_NEGATIVE, Written, above

if TYPE_CHECKING:
    from noether_sym.neural.bound import GeneralisationBound

_ROWS = 16
"""Rows of the table at most."""

_KINDS = (".png", ".svg")
_MOST_COLUMNS = 100_000
"""Dimension of the states at most: a bound is computed for each number of laws from 0 up to it."""


def _probability(text: str) -> float:
    if (number := above(0.0, text)) < 1.0:
        return number
    raise ValueError(f"{text} is not below 1")


def _picture(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix.lower() not in _KINDS:
        raise click.BadParameter(f"{value.name!r} ends in neither .png nor .svg")
    return value


@click.command("bound", short_help="Bound the generalisation gap as laws are conserved.")
@click.option(
    "--samples", type=click.IntRange(min=1), required=True, help="Independent training examples, n."
)
@click.option(
    "--columns",
    type=click.IntRange(1, _MOST_COLUMNS),
    required=True,
    help="Dimension of the states, d.",
)
@click.option(
    "--delta",
    type=Written("PROBABILITY", _probability),
    default=0.05,
    show_default=True,
    help="Probability with which the bound may fail.",
)
@click.option(
    "--rho",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Trades the two terms; to be chosen before the data are seen.",
)
@click.option(
    "--zeta",
    type=NOT_NEGATIVE,
    default=1.0,
    show_default=True,
    help="Lipschitz constant of the gap by the shift v.",
)
@click.option(
    "--largest-loss", type=NOT_NEGATIVE, default=1.0, show_default=True, help="C of the theorem."
)
@click.option(
    "--radius",
    type=NOT_NEGATIVE,
    default=1.0,
    show_default=True,
    help="R: the largest length of a shift v.",
)
@click.option(
    "--figure",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_picture,
    metavar="FILE",
    help="Draw the bound into a .png or .svg.",
)
@json_option
def command(**values: Any) -> None:
    """How far the loss on new data may exceed the loss on n samples (Theorem 1).

    \b
    noether-sym bound --samples 1000 --columns 4

    Listed for 0, 1, ... independent conserved directions of the d columns. With probability
    1 - delta the gap is at most

    \b
    C sqrt((ln N + ln(1/delta)) / (2 n)) + zeta**(1/rho) / sqrt(n),
    ln N = max(0, xi ln(2 R zeta**(1 - 1/rho) sqrt(n xi))),

    with xi = d less what is conserved, and no second term where xi = 0. It holds for
    predictors f(x) = x + v, affine level sets and exact conservation.
    """
    from noether_sym.neural.bound import bounds_by_directions

    largest = values["largest_loss"]
    found = bounds_by_directions(
        n=values["samples"],
        delta=values["delta"],
        columns=values["columns"],
        rho=values["rho"],
        zeta=values["zeta"],
        C=largest,
        R=values["radius"],
    )
    if values["figure"] is not None:
        _draw(found, largest, values["figure"])
    screen = Screen(as_json=values["as_json"], quiet=False)
    _show(screen, found, largest)
    if values["figure"] is not None:
        screen.say(f"Drawn: {values['figure']}")
    screen.json(
        {
            "n": values["samples"],
            "d": values["columns"],
            "delta": values["delta"],
            "rho": values["rho"],
            "zeta": values["zeta"],
            "C": largest,
            "R": values["radius"],
            "bounds": [
                {
                    "conserved": conserved,
                    "xi": own.xi,
                    "log_covering": own.log_covering,
                    "first_term": own.estimation,
                    "second_term": own.covering,
                    "bound": own.total,
                }
                for conserved, own in enumerate(found)
            ],
        }
    )


def _draw(found: Sequence[GeneralisationBound], largest: float, path: Path) -> None:
    from noether_sym.report.bound import bounds
    from noether_sym.report.style import rendered

    figure = bounds(found, largest_loss=largest)
    path.write_bytes(rendered(figure, path.suffix[1:].lower()))


def _show(screen: Screen, found: Sequence[GeneralisationBound], largest: float) -> None:
    from rich.table import Table

    from noether_sym.report.words import number

    table = Table(box=None, pad_edge=False)
    for title in ("conserved", "xi", "ln N", "first term", "second term", "bound"):
        table.add_column(title, justify="right")
    for conserved in _listed(len(found)):
        own = found[conserved]
        terms = (own.log_covering, own.estimation, own.covering, own.total)
        table.add_row(f"{conserved}", f"{own.xi}", *(number(term, plain=True) for term in terms))
    screen.table(table)
    if found[0].total > largest:
        screen.say(f"A bound above the largest loss, {largest:g}, says nothing.")


def _listed(count: int) -> list[int]:
    """All rows, or evenly spaced ones of many, the first and the last among them."""
    if count <= _ROWS:
        return list(range(count))
    return sorted({round(row * (count - 1) / (_ROWS - 1)) for row in range(_ROWS)})
