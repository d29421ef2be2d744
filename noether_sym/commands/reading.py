"""Options that choose the data and say how to read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from noether_sym.commands.completion import complete_data
from noether_sym.commands.values import (
    NOT_NEGATIVE,
    SEED,
    Written,
    definition,
    named_noise,
    named_unit,
    names_in,
    pairs_in,
    quantity,
    vector,
)

if TYPE_CHECKING:
    from noether_sym.store.options import DataOptions

EXAMPLE_DATA = "ideal_pendulum"
"""What a verb takes that can show itself without data of the user's."""

_FILE = "noether_sym.file"
_NAMES = Written("A,B,...", names_in)
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Value = TypeVar("_Value")


def together(*options: Callable[[Any], Any]) -> Callable[[_Function], _Function]:
    """Several options as one decorator."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def data_options(required: bool, default: str | None = None) -> Callable[[_Function], _Function]:
    """The argument that chooses the data, ``--dataset``, and how to read them.

    A command takes the data as ``dataset``, however they were given; where they were not, and
    are not required, as the default.
    """
    shown = "" if default is None else f"  [default: {default}]"

    def chosen(context: click.Context, _: click.Parameter, option: str | None) -> str | None:
        file = context.meta.get(_FILE)
        if option is not None and file is not None:
            raise click.UsageError("give the data only once, as an argument or with --dataset")
        if file is not None:
            context.set_parameter_source("dataset", ParameterSource.COMMANDLINE)
        elif option is None and required and not context.resilient_parsing:
            raise click.UsageError("Missing argument 'NAME|FILE': a built-in data set, or a file.")
        return option or file or default

    def kept(context: click.Context, _: click.Parameter, file: str | None) -> None:
        context.meta[_FILE] = file

    return lambda function: click.argument(
        "file",
        metavar="NAME|FILE" if required else "[NAME|FILE]",
        required=False,
        is_eager=True,
        expose_value=False,
        callback=kept,
        shell_complete=complete_data,
    )(
        click.option(
            "--dataset",
            metavar="NAME|FILE",
            callback=chosen,
            shell_complete=complete_data,
            help="The same as the argument: a built-in data set (see `noether-sym datasets`), a "
            "file (CSV, Excel, Parquet, NumPy, MATLAB and more), or a folder of one file a "
            f"trajectory.{shown}",
        )(reading_options(function))
    )


reading_options = together(
    click.option(
        "--noise",
        type=NOT_NEGATIVE,
        default=0.0,
        show_default=True,
        help="Standard deviation of noise added to generated states, in each column's unit.",
    ),
    click.option(
        "--sigma",
        type=Written("NAME=VALUE|COLUMN", named_noise),
        multiple=True,
        help="Standard deviation of a column's noise, where it is known, in the column's unit; or "
        "the file's column that holds it for each row. Repeat for each.",
    ),
    click.option(
        "--constant",
        "constants",
        type=Written("NAME=VALUE UNIT", quantity),
        multiple=True,
        help="A known constant, as in g='9.81 m/s**2'; formulas use it by name. Repeat for each.",
    ),
    click.option(
        "--unit",
        "units",
        type=Written("NAME=UNIT", named_unit),
        multiple=True,
        help="Unit of a file's column. Repeat for each.",
    ),
    click.option("--unitless", is_flag=True, help="Search without units."),
    click.option("--time", help="Name of a file's time column."),
    click.option(
        "--trajectory",
        metavar="COLUMN",
        help="Name of a file's column that tells trajectories apart.  "
        "[default: trajectory, or else a column trial, run, experiment or id in which each value "
        "fills one stretch of rows]",
    ),
    click.option(
        "--columns",
        type=_NAMES,
        default=(),
        help="A file's columns to search, its states.  [default: all but time and trajectory]",
    ),
    click.option(
        "--drop-missing",
        is_flag=True,
        help="Leave out rows of a file that lack a number, and cut the trajectory there.",
    ),
    click.option(
        "--parameter",
        "parameters",
        type=_NAMES,
        multiple=True,
        help="A file's columns that are parameters: constant along each trajectory.",
    ),
    click.option(
        "--rates",
        type=Written("NAME=COLUMN,...", pairs_in),
        multiple=True,
        help="A file's columns that hold dx/dt of others, as in x=vx,y=vy. With these, rows "
        "need neither times nor an order.",
    ),
    click.option(
        "--skip-rows",
        type=click.IntRange(min=0),
        default=0,
        help="Number of lines to skip at the top of a text file, or of rows of a sheet.",
    ),
    click.option(
        "--comment",
        metavar="CHARS",
        default="",
        help="Characters each of which begins a comment in a text file.  [default: # and % at "
        "the beginning of a line]",
    ),
    click.option(
        "--particle",
        metavar="COLUMN",
        help="A file's column that says which particle a row belongs to: x of particle 1 "
        "becomes x1.",
    ),
    click.option(
        "--derivatives",
        type=_NAMES,
        multiple=True,
        help="A file's columns whose dx/dt is added as a column: x_dot from x.",
    ),
    click.option("--with-time", is_flag=True, help="Let formulas contain the time."),
    click.option(
        "--derive",
        type=Written("NAME = FORMULA", definition),
        multiple=True,
        help="Add a column given by a formula of others. Repeat for each, in order.",
    ),
    click.option(
        "--vector",
        "vectors",
        type=Written("NAME=A,B[,C]", vector),
        multiple=True,
        help="Columns that are components of a vector, where their names do not show it. Repeat "
        "for each.",
    ),
    click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of generated data, surrogates and networks.",
    ),
)
"""Options that say how to read the data."""


def as_typed(context: click.Context, but: Collection[str]) -> list[str]:
    """What the command line gave, as people type it, save for the parameters named in `but`."""
    return [
        "NAME|FILE" if option.name == "dataset" else option.opts[0]
        for option in context.command.params
        if option.name not in ("file", *but)
        and context.get_parameter_source(option.name or "") == ParameterSource.COMMANDLINE
    ]


def data_from(values: dict[str, Any]) -> DataOptions:
    """The data options among a verb's values."""
    from noether_sym.store.options import DataOptions

    own = {name: values[name] for name in DataOptions.__struct_fields__}
    own["units"] = dict(values["units"])
    for name in ("parameters", "derivatives"):
        own[name] = tuple(one for names in values[name] for one in names)
    own["rates"] = _once("--rates", [pair for pairs in values["rates"] for pair in pairs])
    own["derive"] = _once("--derive", values["derive"])
    own["vectors"] = _once("--vector", values["vectors"])
    own["sigma"] = _once("--sigma", values["sigma"])
    own["constants"] = _once("--constant", values["constants"])
    return DataOptions(**own)


def _once(option: str, pairs: Sequence[tuple[str, _Value]]) -> dict[str, _Value]:
    """Pairs as a mapping; no name may come twice."""
    found: dict[str, _Value] = {}
    for name, value in pairs:
        if name in found:
            raise click.UsageError(f"{option} names {name!r} twice")
        found[name] = value
    return found
