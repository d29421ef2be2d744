"""``noether-sym check``: is this formula conserved? No search."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import Screen
from noether_sym.commands.options import fit_options, json_option
from noether_sym.commands.reading import EXAMPLE_DATA, as_typed, data_from, data_options

if TYPE_CHECKING:
    from rich.table import Table

    from noether_sym.check import Checked, Drift

_LONGEST = 200
"""Characters of dL/dt up to which it is printed."""


@click.command("check", short_help="Test a formula of yours on data, without a search.")
@click.argument("law")
@data_options(required=False, default=EXAMPLE_DATA)
@fit_options
@click.option(
    "--equations",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Test LAW exactly by these equations, a line a column as in x' = v, and by no data.",
)
@json_option
@click.option("-q", "--quiet", is_flag=True, help="The verdict only.")
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    """Test whether LAW is conserved in the data: a file, or a built-in data set.

    \b
    noether-sym check 'p**2 - 3*cos(q)' swings.csv
    noether-sym check 'p**2 - c0*cos(q)' real_pendulum

    LAW holds names of columns (between backquotes if they are not one word), numbers,
    + - * / ** and parentheses, and sin cos tan exp log sqrt abs square. c0, c1, ... are
    fitted to the data and take the unit that their place asks for. Other numbers are plain
    numbers wherever that fits; give a number its unit in brackets, as in `9.81 [m/s**2]*y`.
    Put -- before a LAW that begins with a minus sign.

    \b
    noether-sym check 'v**2/2 + w2*x**2/2' --equations spring.txt

    With --equations no data are read: spring.txt holds the lines x' = v and v' = -w2*x,
    constants as in g = 9.81, and comments after #. Names without an equation or a value
    stand for any number, t for time.
    """
    if values["equations"] is not None:
        _exactly(context, values)
        return
    from noether_sym.check import check
    from noether_sym.export.check import checked_document

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    data = data_from(values)
    checked = check(
        values["law"],
        data.load(),
        factor=values["acceptance"],
        window=values["window"],
        seed=data.seed,
    )
    _show(screen, checked)
    screen.json(checked_document(checked))


def _exactly(context: click.Context, values: dict[str, Any]) -> None:
    given = as_typed(context, but=("law", "equations", "as_json", "quiet"))
    if given:
        raise click.UsageError(
            f"--equations tests a law without data; leave out {', '.join(given)}"
        )
    from noether_sym.check.exact import check_equations
    from noether_sym.export.check import exact_document
    from noether_sym.report import words

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    checked = check_equations(values["law"], Path(values["equations"]))
    screen.say(words.exactly_checked(checked), important=True)
    if checked.conserved and checked.symbols:
        screen.say(f"  for all values of {', '.join(checked.symbols)}")
    if checked.point and 0 < len(checked.derivative) <= _LONGEST:
        screen.say(f"  dL/dt = {checked.derivative}")
    screen.json(exact_document(checked))


def _show(screen: Screen, checked: Checked) -> None:
    from noether_sym.report import words

    for note in checked.notes:
        screen.say(f"Note: {note}")
    screen.say(words.checked(checked), important=True)
    law = checked.law
    for sentence in words.evidence(law, checked.time_unit, plain=True)[1:]:
        screen.say(f"  {sentence}")
    if law.expanded is not None:
        screen.say(f"  written out: {law.expanded.text()}")
    for own, fixed in zip(law.parameters, checked.fixed, strict=True):
        kind = "given" if fixed else "fitted" if math.isfinite(own.value) else "not fitted"
        screen.say(f"  {words.constant(own, str(own.dimension))} ({kind})")
    screen.say(
        "  value " + ("without a unit" if law.dimension.is_dimensionless else f"in {law.dimension}")
    )
    if checked.train is None and checked.held_out is None:
        return
    screen.table(_table(checked))
    symmetry = law.symmetry
    if symmetry is not None:
        about = f" ({symmetry.about})" if symmetry.about else ""
        screen.say(f"Symmetry: {symmetry.name}{about}")


def _table(checked: Checked) -> Table:
    from rich.table import Table

    from noether_sym.report.words import number

    law = checked.law
    per = "trajectory" if checked.period is None else f"period of {checked.period} samples"
    table = Table(box=None, pad_edge=False)
    for title in ("", "to fit", "held out"):
        table.add_column(title, justify="right" if title else "left")
    ratios = (law.conservation_ratio, law.heldout_ratio)
    table.add_row("conservation ratio", *(number(ratio, 2, plain=True) for ratio in ratios))
    table.add_row("the same, random data", number(law.random_ratio, 2, plain=True), "")
    table.add_row("accuracy, of its spread", *_both(checked, "deviation"))
    table.add_row("largest deviation", *_both(checked, "largest"))
    table.add_row(f"drift per {per}", *_both(checked, "slope"))
    return table


def _both(checked: Checked, field: str) -> tuple[str, str]:
    return _percent(checked.train, field), _percent(checked.held_out, field)


def _percent(own: Drift | None, field: str) -> str:
    if own is None:
        return "-"
    value = 100 * float(getattr(own, field))
    return f"{value:.2g} %" if value < 99.5 else f"{value:.0f} %"
