"""Options that several verbs share, as decorators and parameter types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.runtime.workers import BACKENDS
from noether_sym.store.limits import DEFAULT_BUDGET, METHODS
from noether_sym.tailor.options import DEVICES, LOSSES, TailorOptions

if TYPE_CHECKING:
    from noether_sym.store.search import DataOptions, SearchOptions

_TAILORING = TailorOptions()
_SECONDS = {"m": 60.0, "min": 60.0, "h": 3600.0}
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Value = TypeVar("_Value")


class _Window(click.ParamType):
    name = "auto|full|N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | int:
        if value in ("auto", "full"):
            return str(value)
        try:
            number = int(value)
        except ValueError:
            number = 0
        if number < 2:
            self.fail(f"{value!r} is neither 'auto', 'full' nor a number of samples above 1")
        return number


class _Positive(click.ParamType):
    """A finite number above a bound."""

    name = "number"

    def __init__(self, least: float, *, inclusive: bool) -> None:
        self.least, self.inclusive = least, inclusive

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number")
        high_enough = number >= self.least if self.inclusive else number > self.least
        if not math.isfinite(number) or not high_enough:
            self.fail(f"{value} is not {'at least' if self.inclusive else 'above'} {self.least:g}")
        return number


class _Budget(click.ParamType):
    """A time: seconds, or a number with a unit."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        match = re.fullmatch(r"\s*([0-9.]+)\s*(s|min|m|h)?\s*", str(value))
        try:
            seconds = float(match[1]) * _SECONDS.get(match[2], 1.0) if match else 0.0
        except ValueError:
            seconds = 0.0
        if not seconds > 0 or not math.isfinite(seconds):
            self.fail(f"{value!r} is not a time above zero, as in 20s or 5min")
        return seconds


class _NamedUnit(click.ParamType):
    name = "NAME=UNIT"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, sign, unit = str(value).rpartition("=")
        if not sign or not name:
            self.fail(f"{value!r} is not of the form NAME=UNIT, as in q=rad")
        return name.strip(), unit.strip()


class _NamedNumber(click.ParamType):
    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        name, sign, number = str(value).rpartition("=")
        if not sign or not name.strip():
            self.fail(f"{value!r} is not of the form NAME=VALUE, as in q=0.01")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{number.strip()!r} in {value!r} is not a number")


class _Names(click.ParamType):
    name = "A,B,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        import csv

        if isinstance(value, tuple):
            return value
        try:
            names = [name.strip() for name in next(csv.reader([str(value)], strict=True), [])]
        except csv.Error:
            names = []
        if not names or "" in names:
            self.fail(f"{value!r} is not a list of names with commas, as in q,p")
        return tuple(names)


class _Pairs(click.ParamType):
    """Names with names, as in ``x=vx,y=vy``."""

    name = "NAME=COLUMN,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, str):
            return tuple(value)
        pairs = []
        for item in _Names().convert(value, param, ctx):
            name, sign, column = (part.strip() for part in item.partition("="))
            if not sign or not name or not column:
                self.fail(f"{value!r} is not of the form NAME=COLUMN,..., as in x=vx,y=vy")
            pairs.append((name, column))
        return tuple(pairs)


class _Vector(click.ParamType):
    name = "NAME=A,B[,C]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[str, ...]]:
        if isinstance(value, tuple):
            return value
        name, sign, columns = str(value).partition("=")
        if not sign or not name.strip():
            self.fail(f"{value!r} is not of the form NAME=A,B,C, as in r1=x1,y1,z1")
        return name.strip(), _Names().convert(columns, param, ctx)


class _Definition(click.ParamType):
    name = "NAME = FORMULA"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        name, sign, formula = (part.strip() for part in str(value).partition("="))
        if not sign or not name or not formula:
            self.fail(f"{value!r} is not of the form NAME = FORMULA, as in r = sqrt(x**2 + y**2)")
        return name, formula


def _apply(decorators: list[Callable[[Any], Any]], function: _Function) -> _Function:
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def data_options(required: bool) -> Callable[[_Function], _Function]:
    """Options that choose the data, and say how to read them."""
    default: dict[str, Any] = {"required": True} if required else {"default": "ideal_pendulum"}
    dataset = click.option(
        "--dataset",
        metavar="NAME|FILE",
        show_default=not required,
        help="A built-in data set (see `noether-sym datasets`), a CSV, Parquet or .npz file, or "
        "a folder of one file a trajectory.",
        **default,
    )
    return lambda function: dataset(reading_options(function))


def reading_options(function: _Function) -> _Function:
    """Options that say how to read the data, whichever they are."""
    return _apply(
        [
            click.option(
                "--noise",
                type=_Positive(0.0, inclusive=True),
                default=0.0,
                show_default=True,
                help="Standard deviation of noise on generated states, in each column's unit.",
            ),
            click.option(
                "--unit",
                "units",
                type=_NamedUnit(),
                multiple=True,
                help="Unit of a column of a file; repeat for each.",
            ),
            click.option("--unitless", is_flag=True, help="Search without units."),
            click.option("--time", default=None, help="Name of a file's time column."),
            click.option(
                "--trajectory",
                metavar="COLUMN",
                default=None,
                help="Name of a file's column that tells trajectories apart.  "
                "[default: trajectory, if there is one]",
            ),
            click.option(
                "--columns",
                type=_Names(),
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
                type=_Names(),
                multiple=True,
                help="A file's columns that are parameters: constant along each trajectory.",
            ),
            click.option(
                "--rates",
                type=_Pairs(),
                multiple=True,
                help="A file's columns that hold dx/dt of others, as in x=vx,y=vy. With them rows "
                "need no time and no order.",
            ),
            click.option("--with-time", is_flag=True, help="Let the time enter as a column."),
            click.option(
                "--derive",
                type=_Definition(),
                multiple=True,
                help="Add a column that is a formula of others; repeat for each, in order.",
            ),
            click.option(
                "--vector",
                "vectors",
                type=_Vector(),
                multiple=True,
                help="Columns that are components of a vector, where names do not tell; repeat for "
                "each.",
            ),
            click.option(
                "--sigma",
                type=_NamedNumber(),
                multiple=True,
                help="Standard deviation of the noise of a column where it is known, in the "
                "column's unit; repeat for each.",
            ),
            click.option(
                "--seed",
                type=click.IntRange(min=0, max=2**31 - 1),
                default=0,
                show_default=True,
                help="Seed of generated data, surrogates and networks.",
            ),
        ],
        function,
    )


def formula_options(depth: int | None) -> Callable[[_Function], _Function]:
    """Options that shape the enumeration; without a default depth the budget sets it."""
    default: dict[str, Any] = {"default": None} if depth is None else {"default": depth}
    note = "  [default: by the budget; 7 with --search formulas]" if depth is None else ""
    decorators = [
        click.option(
            "--depth",
            type=click.IntRange(min=1),
            show_default=depth is not None,
            help=f"Largest number of nodes of a formula.{note}",
            **default,
        ),
        click.option(
            "--grammar",
            default=DEFAULT_GRAMMAR,
            show_default=True,
            help="Of formulas: paper, polynomial, rational, extended; changes as in "
            "paper+log-sin; or operations with commas.",
        ),
    ]
    return lambda function: _apply(decorators, function)


def search_options(function: _Function) -> _Function:
    """Options that say what is searched, and how far."""
    return _apply(
        [
            click.option(
                "--search",
                "method",
                type=click.Choice(METHODS),
                default=METHODS[0],
                show_default=True,
                help="Formulas up to a size, as in the paper; sums of simple terms; or both.",
            ),
            click.option(
                "--budget",
                type=_Budget(),
                default=f"{DEFAULT_BUDGET:g}s",
                show_default=True,
                help="About how long to search at most, on two cores; it becomes limits of "
                "nodes and terms beforehand, so that the answer does not depend on the clock.",
            ),
            formula_options(None),
        ],
        function,
    )


def fit_options(function: _Function) -> _Function:
    """Options of acceptance."""
    return _apply(
        [
            click.option(
                "--acceptance",
                type=_Positive(1.0, inclusive=False),
                default=100.0,
                show_default=True,
                help="How many times better than random data a law must be conserved.",
            ),
            click.option(
                "--window",
                type=_Window(),
                default="auto",
                show_default=True,
                help="Compare over whole sequences (full), windows of N samples, or whole "
                "sequences first and then windows that the data suggest (auto).",
            ),
        ],
        function,
    )


def tailor_options(function: _Function) -> _Function:
    """Options of the tailoring."""
    return _apply(
        [
            click.option(
                "--top",
                type=click.IntRange(min=1),
                default=_TAILORING.top,
                show_default=True,
                help="Number of candidates to meta-tailor.",
            ),
            click.option(
                "--seeds",
                type=click.IntRange(min=1),
                default=1,
                show_default=True,
                help="Repeat with so many network seeds; report mean and spread.",
            ),
            click.option(
                "--epochs",
                type=click.IntRange(min=1),
                default=_TAILORING.epochs,
                show_default=True,
                help="Epochs of meta-tailoring.",
            ),
            click.option(
                "--weight-decay",
                type=_Positive(0.0, inclusive=True),
                default=_TAILORING.weight_decay,
                show_default=True,
                help="Of every network; Greydanus et al. 2019 take 1e-5 for the real pendulum.",
            ),
            click.option(
                "--loss",
                type=click.Choice(LOSSES),
                default=_TAILORING.loss,
                show_default=True,
                help="Noether loss: its limit for small time steps, or the paper's finite "
                "difference.",
            ),
        ],
        function,
    )


def common_options(function: _Function) -> _Function:
    """Options of every verb that works."""
    return _apply(
        [
            click.option(
                "--results",
                type=click.Path(file_okay=False, path_type=Path),
                default=Path("results"),
                show_default=True,
                help="Folder of all runs.",
            ),
            click.option(
                "--device",
                type=click.Choice(DEVICES),
                default="auto",
                show_default=True,
                help="Where to compute.",
            ),
            click.option(
                "--jobs",
                type=click.IntRange(min=1),
                default=None,
                help="Worker threads; the answer does not depend on it.  [default: all cores]",
            ),
            click.option(
                "--backend",
                type=click.Choice(BACKENDS),
                default="threading",
                show_default=True,
                help="Who fits: threads, processes (loky), or the Dask cluster of --scheduler.",
            ),
            click.option(
                "--scheduler", default=None, help="Address of a Dask scheduler: tcp://HOST:8786."
            ),
            click.option("--fresh", is_flag=True, help="Compute again what the run already holds."),
            click.option("--json", "as_json", is_flag=True, help="JSON on standard output."),
            click.option("-q", "--quiet", is_flag=True, help="No progress, no tables."),
            click.option("-v", "--verbose", is_flag=True, help="Say more."),
        ],
        function,
    )


def data_from(values: dict[str, Any]) -> DataOptions:
    """The data options among a verb's values."""
    from noether_sym.store.search import DataOptions

    return DataOptions(
        dataset=values["dataset"],
        noise=values["noise"],
        units=dict(values["units"]),
        unitless=values["unitless"],
        time=values["time"],
        trajectory=values["trajectory"],
        columns=values["columns"],
        drop_missing=values["drop_missing"],
        parameters=tuple(name for names in values["parameters"] for name in names),
        rates=_once("--rates", [pair for pairs in values["rates"] for pair in pairs]),
        with_time=values["with_time"],
        derive=_once("--derive", values["derive"]),
        vectors=_once("--vector", values["vectors"]),
        sigma=_once("--sigma", values["sigma"]),
        seed=values["seed"],
    )


def _once(option: str, pairs: Sequence[tuple[str, _Value]]) -> dict[str, _Value]:
    """Pairs as a mapping; no name may come twice."""
    found: dict[str, _Value] = {}
    for name, value in pairs:
        if name in found:
            raise click.UsageError(f"{option} names {name!r} twice")
        found[name] = value
    return found


def search_from(values: dict[str, Any]) -> SearchOptions:
    """The search options among a verb's values."""
    from noether_sym.store.search import SearchOptions

    return SearchOptions(
        grammar=values["grammar"],
        depth=values["depth"],
        method=values.get("method", "formulas"),
        budget=values.get("budget", DEFAULT_BUDGET),
        factor=values.get("acceptance", 100.0),
        window=values.get("window", "auto"),
        jobs=jobs_from(values),
        device=values["device"],
        backend=values["backend"],
        scheduler=values["scheduler"],
    )


def jobs_from(values: dict[str, Any]) -> int:
    """Number of workers."""
    from noether_sym.runtime.workers import worker_count

    return worker_count(values["jobs"])
