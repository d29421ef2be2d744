"""Options that several verbs share, as decorators and parameter types."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from noether_sym.commands.completion import complete_data
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
_SECONDS = {"m": 60.0, "min": 60.0, "h": 3600.0}
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Value = TypeVar("_Value")


class _Written(click.ParamType):
    """A value that a function reads from text; its ValueError says what is wrong."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error))


class OneOf(click.Choice[str]):
    """One of a few words; an error names the one that was probably meant."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = difflib.get_close_matches(value, list(self.choices), n=1)
            if not close:
                raise
            self.fail(f"{error.message} Did you mean {close[0]!r}?", param, ctx)


def _window(text: str) -> str | int:
    if text in ("auto", "full"):
        return text
    with suppress(ValueError):
        if (number := int(text)) > 1:
            return number
    raise ValueError(f"{text!r} is neither 'auto', 'full' nor a number of samples above 1")


def _above(least: float, text: str, *, inclusive: bool = False) -> float:
    """A finite number above a bound."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    high_enough = number >= least if inclusive else number > least
    if not math.isfinite(number) or not high_enough:
        raise ValueError(f"{text} is not {'at least' if inclusive else 'above'} {least:g}")
    return number


def _budget(text: str) -> float:
    """A time: seconds, or a number with a unit."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|m|h)?\s*", text)
    with suppress(ValueError):
        seconds = float(match[1]) * _SECONDS.get(match[2], 1.0) if match else 0.0
        if 0 < seconds < math.inf:
            return seconds
    raise ValueError(f"{text!r} is not a time above zero, as in 20s or 5min")


def _named_unit(text: str) -> tuple[str, str]:
    name, sign, unit = text.rpartition("=")
    if not sign or not name:
        raise ValueError(f"{text!r} is not of the form NAME=UNIT, as in q=rad")
    return name.strip(), unit.strip()


def _named_number(text: str) -> tuple[str, float]:
    name, sign, number = text.rpartition("=")
    if not sign or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME=VALUE, as in q=0.01")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise ValueError(f"{number.strip()!r} in {text!r} is not a number") from None


def _quantity(text: str) -> tuple[str, str]:
    name, sign, quantity = (part.strip() for part in text.partition("="))
    if not sign or not name or not quantity:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE UNIT, as in g='9.81 m/s**2'")
    return name, quantity


def _names(text: str) -> tuple[str, ...]:
    try:
        names = [name.strip() for name in next(csv.reader([text], strict=True), [])]
    except csv.Error:
        names = []
    if not names or "" in names:
        raise ValueError(f"{text!r} is not a list of names with commas, as in q,p")
    return tuple(names)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Names with names, as in ``x=vx,y=vy``."""
    pairs = []
    for item in _names(text):
        name, sign, column = (part.strip() for part in item.partition("="))
        if not sign or not name or not column:
            raise ValueError(f"{text!r} is not of the form NAME=COLUMN,..., as in x=vx,y=vy")
        pairs.append((name, column))
    return tuple(pairs)


def _vector(text: str) -> tuple[str, tuple[str, ...]]:
    name, sign, columns = text.partition("=")
    if not sign or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME=A,B,C, as in r1=x1,y1,z1")
    return name.strip(), _names(columns)


def _definition(text: str) -> tuple[str, str]:
    name, sign, formula = (part.strip() for part in text.partition("="))
    if not sign or not name or not formula:
        raise ValueError(f"{text!r} is not of the form NAME = FORMULA, as in r = sqrt(x**2 + y**2)")
    return name, formula


SEED = click.IntRange(min=0, max=2**31 - 1)
_COUNT = click.IntRange(min=1)
_NAMES = _Written("A,B,...", _names)
_NOT_NEGATIVE = _Written("number", partial(_above, 0.0, inclusive=True))

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
            f"CSV, Parquet or .npz file, or a folder of one file a trajectory.{default}",
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
        type=_Written("NAME=VALUE", _named_number),
        multiple=True,
        help="Standard deviation of the noise of a column where it is known, in the "
        "column's unit; repeat for each.",
    ),
    click.option(
        "--constant",
        "constants",
        type=_Written("NAME=VALUE UNIT", _quantity),
        multiple=True,
        help="A constant that is known, as in g='9.81 m/s**2'; formulas take it by name. "
        "Repeat for each.",
    ),
    click.option(
        "--unit",
        "units",
        type=_Written("NAME=UNIT", _named_unit),
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
        type=_Written("NAME=COLUMN,...", _pairs),
        multiple=True,
        help="A file's columns that hold dx/dt of others, as in x=vx,y=vy. With them rows "
        "need no time and no order.",
    ),
    click.option("--with-time", is_flag=True, help="Let the time enter as a column."),
    click.option(
        "--derive",
        type=_Written("NAME = FORMULA", _definition),
        multiple=True,
        help="Add a column that is a formula of others; repeat for each, in order.",
    ),
    click.option(
        "--vector",
        "vectors",
        type=_Written("NAME=A,B[,C]", _vector),
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
        type=_Written("TIME", _budget),
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
        type=_Written("number", partial(_above, 1.0)),
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
        type=_Written("auto|full|N", _window),
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
    own["parameters"] = tuple(name for names in values["parameters"] for name in names)
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
