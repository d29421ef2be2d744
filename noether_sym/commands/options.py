"""Options that several verbs share, as decorators and parameter types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from noether_sym.commands.completion import complete_data
from noether_sym.commands.values import (
    OneOf,
    Written,
    above,
    budget,
    definition,
    named_number,
    named_unit,
    names_in,
    pairs_in,
    quantity,
    vector,
    window,
)
from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.runtime.workers import BACKENDS
from noether_sym.store.limits import DEFAULT_BUDGET, METHODS
from noether_sym.tailor.options import DEVICES, LOSSES, TailorOptions

if TYPE_CHECKING:
    from noether_sym.store.options import DataOptions
    from noether_sym.store.schema import Plan
    from noether_sym.store.search import Search

_DATA = "ideal_pendulum"
_FILE = "noether_sym.file"
_TAILORING = TailorOptions()
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Value = TypeVar("_Value")


SEED = click.IntRange(min=0, max=2**31 - 1)
_COUNT = click.IntRange(min=1)
_NAMES = Written("A,B,...", names_in)
_NOT_NEGATIVE = Written("number", partial(above, 0.0, inclusive=True))

results_option = click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of all runs.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


def _together(*options: Callable[[Any], Any]) -> Callable[[_Function], _Function]:
    """Several options as one decorator."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def data_options(required: bool) -> Callable[[_Function], _Function]:
    """The argument that chooses the data, ``--dataset``, and how to read them.

    A command takes the data as ``dataset``, however they were given.
    """
    default = "" if required else f"  [default: {_DATA}]"

    def chosen(context: click.Context, _: click.Parameter, option: str | None) -> str | None:
        file = context.meta.get(_FILE)
        if option is not None and file is not None:
            raise click.UsageError("give the data once, as an argument or with --dataset")
        if file is not None:
            context.set_parameter_source("dataset", ParameterSource.COMMANDLINE)
        elif option is None and required and not context.resilient_parsing:
            raise click.UsageError("Missing argument 'NAME|FILE': a built-in data set, or a file.")
        return option or file or (None if required else _DATA)

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
            f"trajectory.{default}",
        )(reading_options(function))
    )


reading_options = _together(
    click.option(
        "--noise",
        type=_NOT_NEGATIVE,
        default=0.0,
        show_default=True,
        help="Standard deviation of noise on generated states, in each column's unit.",
    ),
    click.option(
        "--sigma",
        type=Written("NAME=VALUE", named_number),
        multiple=True,
        help="Standard deviation of the noise of a column where it is known, in the "
        "column's unit; repeat for each.",
    ),
    click.option(
        "--constant",
        "constants",
        type=Written("NAME=VALUE UNIT", quantity),
        multiple=True,
        help="A constant that is known, as in g='9.81 m/s**2'; formulas take it by name. "
        "Repeat for each.",
    ),
    click.option(
        "--unit",
        "units",
        type=Written("NAME=UNIT", named_unit),
        multiple=True,
        help="Unit of a column of a file; repeat for each.",
    ),
    click.option("--unitless", is_flag=True, help="Search without units."),
    click.option("--time", help="Name of a file's time column."),
    click.option(
        "--trajectory",
        metavar="COLUMN",
        help="Name of a file's column that tells trajectories apart.  "
        "[default: trajectory, if there is one]",
    ),
    click.option(
        "--columns",
        type=_NAMES,
        default=(),
        help="A file's columns that are states.  [default: all but time and trajectory]",
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
        help="A file's columns that hold dx/dt of others, as in x=vx,y=vy. With them rows "
        "need no time and no order.",
    ),
    click.option(
        "--skip-rows",
        type=click.IntRange(min=0),
        default=0,
        help="Lines of a text file, or rows of a sheet, to pass over before anything else.",
    ),
    click.option(
        "--comment",
        metavar="CHARS",
        default="",
        help="Characters that begin a comment in a text file, each of them.  [default: # and %, "
        "at the beginning of a line]",
    ),
    click.option(
        "--particle",
        metavar="COLUMN",
        help="A file's column that says which particle a row is of: x of particle 1 becomes x1.",
    ),
    click.option(
        "--derivatives",
        type=_NAMES,
        multiple=True,
        help="A file's columns whose dx/dt becomes a column too: x_dot from x.",
    ),
    click.option("--with-time", is_flag=True, help="Let the time enter as a column."),
    click.option(
        "--derive",
        type=Written("NAME = FORMULA", definition),
        multiple=True,
        help="Add a column that is a formula of others; repeat for each, in order.",
    ),
    click.option(
        "--vector",
        "vectors",
        type=Written("NAME=A,B[,C]", vector),
        multiple=True,
        help="Columns that are components of a vector, where names do not tell; repeat for each.",
    ),
    click.option(
        "--seed",
        type=SEED,
        default=0,
        show_default=True,
        help="Seed of generated data, surrogates and networks.",
    ),
)
"""Options that say how to read the data, whichever they are."""


def formula_options(depth: int | None) -> Callable[[_Function], _Function]:
    """Options that shape the enumeration; without a default depth the budget sets it."""
    note = "  [default: by the budget; 7 with --search formulas]" if depth is None else ""
    return _together(
        click.option(
            "--depth",
            type=_COUNT,
            default=depth,
            show_default=depth is not None,
            help=f"Largest number of nodes of a formula.{note}",
        ),
        click.option(
            "--grammar",
            default=DEFAULT_GRAMMAR,
            show_default=True,
            help="Of formulas: paper, polynomial, rational, extended; changes as in "
            "paper+log-sin; or operations with commas.",
        ),
    )


search_options = _together(
    click.option(
        "--search",
        "method",
        type=OneOf(METHODS),
        default=METHODS[0],
        show_default=True,
        help="Formulas up to a size, as in the paper; sums of simple terms; or both.",
    ),
    click.option(
        "--budget",
        type=Written("TIME", budget),
        default=f"{DEFAULT_BUDGET:g}s",
        show_default=True,
        help="About how long to search at most, on two cores; it becomes limits of "
        "nodes and terms beforehand, so that the answer does not depend on the clock.",
    ),
    formula_options(None),
)
"""Options that say what is searched, and how far."""


fit_options = _together(
    click.option(
        "--acceptance",
        type=Written("number", partial(above, 1.0)),
        default=100.0,
        show_default=True,
        help="How many times better than random data a law must be conserved.",
    ),
    click.option(
        "--fdr",
        type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
        default=0.01,
        show_default=True,
        help="Expected share of false laws among those that are called laws.",
    ),
    click.option(
        "--window",
        type=Written("auto|full|N", window),
        default="auto",
        show_default=True,
        help="Compare over whole sequences (full), windows of N samples, or whole "
        "sequences first and then windows that the data suggest (auto).",
    ),
    click.option(
        "--decoys",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Search so many decoys too, each column moved in time by its own amount, to bound "
        "what is found by chance. Each takes as long as the search.",
    ),
)
"""Options of acceptance."""


tailor_options = _together(
    click.option(
        "--top",
        type=_COUNT,
        default=_TAILORING.top,
        show_default=True,
        help="Number of candidates to meta-tailor.",
    ),
    click.option(
        "--seeds",
        type=_COUNT,
        default=1,
        show_default=True,
        help="Repeat with so many network seeds; report mean and spread.",
    ),
    click.option(
        "--epochs",
        type=_COUNT,
        default=_TAILORING.epochs,
        show_default=True,
        help="Epochs of meta-tailoring.",
    ),
    click.option(
        "--weight-decay",
        type=_NOT_NEGATIVE,
        default=_TAILORING.weight_decay,
        show_default=True,
        help="Of every network; Greydanus et al. 2019 take 1e-5 for the real pendulum.",
    ),
    click.option(
        "--loss",
        type=OneOf(LOSSES),
        default=_TAILORING.loss,
        show_default=True,
        help="Noether loss: its limit for small time steps, or the paper's finite difference.",
    ),
)
"""Options of the tailoring."""


common_options = _together(
    results_option,
    click.option(
        "--device",
        type=OneOf(DEVICES),
        default="auto",
        show_default=True,
        help="Where to compute.",
    ),
    click.option(
        "--jobs",
        type=_COUNT,
        help="Worker threads; the answer does not depend on it.  [default: all cores]",
    ),
    click.option(
        "--backend",
        type=OneOf(BACKENDS),
        default="threading",
        show_default=True,
        help="Who fits: threads, processes (loky), or the Dask cluster of --scheduler.",
    ),
    click.option("--scheduler", help="Address of a Dask scheduler: tcp://HOST:8786."),
    click.option("--fresh", is_flag=True, help="Compute again what the run already holds."),
    json_option,
    click.option("-q", "--quiet", is_flag=True, help="No progress, no tables."),
    click.option("-v", "--verbose", is_flag=True, help="Say more."),
)
"""Options of every verb that works."""


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


def search_from(values: dict[str, Any], plan: Plan | None = None) -> Search:
    """The search that a verb's values ask for, its data loaded and its run folder open."""
    from noether_sym.store.options import SearchOptions
    from noether_sym.store.search import prepare

    options = SearchOptions(
        grammar=values["grammar"],
        depth=values["depth"],
        method=values.get("method", "formulas"),
        budget=values.get("budget", DEFAULT_BUDGET),
        factor=values.get("acceptance", 100.0),
        fdr=values.get("fdr", 0.01),
        window=values.get("window", "auto"),
        jobs=jobs_from(values),
        device=values["device"],
        backend=values["backend"],
        scheduler=values["scheduler"],
        decoys=values.get("decoys", 0),
    )
    return prepare(values["results"], data_from(values), options, plan=plan)


def jobs_from(values: dict[str, Any]) -> int:
    """Number of workers."""
    from noether_sym.runtime.workers import worker_count

    return worker_count(values["jobs"])
