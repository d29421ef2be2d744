"""Options that several verbs share, as decorators and parameter types."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from noether_sym.commands.reading import data_from, together
from noether_sym.commands.values import NOT_NEGATIVE, OneOf, Written, above, budget, window
from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.runtime.workers import BACKENDS
from noether_sym.store.limits import DEFAULT_BUDGET, METHODS
from noether_sym.tailor.limits import DEFAULT_BUDGET as DEFAULT_TAILORING
from noether_sym.tailor.options import DEVICES, LOSSES, TailorOptions

if TYPE_CHECKING:
    from noether_sym.store.schema import Plan
    from noether_sym.store.search import Search

_TAILORING = TailorOptions()
_Function = TypeVar("_Function", bound=Callable[..., Any])

_COUNT = click.IntRange(min=1)

results_option = click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default="results",  # a text, as the reference shows it; the type makes it a path
    show_default=True,
    help="Folder that holds all runs.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")


def formula_options(depth: int | None) -> Callable[[_Function], _Function]:
    """Options that shape the enumeration; without a default depth the budget sets it."""
    note = "  [default: by the budget; 7 with --search formulas]" if depth is None else ""
    return together(
        click.option(
            "--depth",
            type=_COUNT,
            default=depth,
            show_default=depth is not None,
            help=f"Largest number of nodes in a formula.{note}",
        ),
        click.option(
            "--grammar",
            default=DEFAULT_GRAMMAR,
            show_default=True,
            help="Operations in formulas: paper, polynomial, rational or extended; any of them "
            "changed, as in paper+log-sin; or a list with commas.",
        ),
    )


search_options = together(
    click.option(
        "--search",
        "method",
        type=OneOf(METHODS),
        default=METHODS[0],
        show_default=True,
        help="What is searched: formulas up to a size, as in the paper; sums of simple terms; "
        "or both.",
    ),
    click.option(
        "--budget",
        type=Written("TIME", budget),
        default=f"{DEFAULT_BUDGET:g}s",
        show_default=True,
        help="Roughly the longest search, on two cores. It is turned into limits on nodes and "
        "terms beforehand, so that the answer does not depend on the clock.",
    ),
    formula_options(None),
)
"""Options that say what is searched, and how far."""


fit_options = together(
    click.option(
        "--acceptance",
        type=Written("number", partial(above, 1.0)),
        default=100.0,
        show_default=True,
        help="How many times better than on random data a law must be conserved.",
    ),
    click.option(
        "--fdr",
        type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
        default=0.01,
        show_default=True,
        help="Expected share of false laws among those reported as laws.",
    ),
    click.option(
        "--window",
        type=Written("auto|full|N", window),
        default="auto",
        show_default=True,
        help="Compare over whole sequences (full), over windows of N samples, or over whole "
        "sequences first and then over windows that the data suggest (auto).",
    ),
    click.option(
        "--decoys",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Search this many decoys too, in which each column is shifted in time by its own "
        "amount, to bound what is found by chance. Each takes as long as the search.",
    ),
)
"""Options of acceptance."""


def _budget_or_grid(ctx: click.Context, _: click.Parameter, value: Any) -> Any:
    """What an option holds; that the other one is given beside it is an error."""
    sources = map(ctx.get_parameter_source, ("tailor_budget", "exhaustive"))
    if all(source is ParameterSource.COMMANDLINE for source in sources):
        raise click.UsageError("--exhaustive has no budget: leave out it or --tailor-budget.", ctx)
    return value


tailor_options = together(
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
        help="Repeat with this many network seeds; report mean and spread.",
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
        type=NOT_NEGATIVE,
        default=_TAILORING.weight_decay,
        show_default=True,
        help="Weight decay of every network; Greydanus et al. 2019 use 1e-5 for the real pendulum.",
    ),
    click.option(
        "--loss",
        type=OneOf(LOSSES),
        default=_TAILORING.loss,
        show_default=True,
        help="Noether loss: its limit for small time steps, or the paper's finite difference.",
    ),
    click.option(
        "--tailor-budget",
        type=Written("TIME", budget),
        default=f"{DEFAULT_TAILORING:g}s",
        show_default=True,
        callback=_budget_or_grid,
        help="Roughly how long the tailoring of a network takes on two cores; below 30s and above "
        "10min nothing changes. It is turned into limits of samples and trials beforehand, so that "
        "the answer does not depend on the clock.",
    ),
    click.option(
        "--exhaustive",
        is_flag=True,
        callback=_budget_or_grid,
        help="Try the best candidates at every inner rate in full, as in the paper, on all "
        "samples; no budget.",
    ),
)
"""Options of the tailoring."""


common_options = together(
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
        help="Number of workers; the answer does not depend on it.  [default: all cores]",
    ),
    click.option(
        "--backend",
        type=OneOf(BACKENDS),
        default="threading",
        show_default=True,
        help="What does the fitting: threads, processes (loky), or the Dask cluster that "
        "--scheduler names.",
    ),
    click.option("--scheduler", help="Address of a Dask scheduler, as in tcp://HOST:8786."),
    click.option("--fresh", is_flag=True, help="Recompute what the run already holds."),
    json_option,
    click.option("-q", "--quiet", is_flag=True, help="Show neither progress nor tables."),
    click.option("-v", "--verbose", is_flag=True, help="Say more."),
)
"""Options of every verb that computes."""


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
