"""From data to laws in one call."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from noether_sym import pipeline
from noether_sym.api.arguments import check_tailoring, count, folder, search_options
from noether_sym.api.discovery import Discovery, TemporaryFolder
from noether_sym.api.memory import loaded
from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.errors import OptionError
from noether_sym.runtime.workers import worker_count
from noether_sym.store import runs
from noether_sym.store.limits import DEFAULT_BUDGET
from noether_sym.store.schema import LawsDocument
from noether_sym.store.search import prepare
from noether_sym.tailor.limits import DEFAULT_BUDGET as DEFAULT_TAILORING


def discover(
    data: Any,
    *,
    names: Sequence[str] | None = None,
    dt: float | None = None,
    units: Mapping[str, str] | Sequence[str] | None = None,
    unitless: bool = False,
    time: Any = None,
    trajectory: str | None = None,
    columns: Sequence[str] = (),
    drop_missing: bool = False,
    parameters: Sequence[str] = (),
    rates: Mapping[str, str] | None = None,
    with_time: bool = False,
    derive: Mapping[str, str] | None = None,
    vectors: Mapping[str, Sequence[str]] | None = None,
    sigma: Mapping[str, Any] | None = None,
    constants: Mapping[str, str] | None = None,
    skip_rows: int = 0,
    comment: str = "",
    particle: str | None = None,
    derivatives: Sequence[str] = (),
    noise: float = 0.0,
    search: str = "both",
    budget: float = DEFAULT_BUDGET,
    depth: int | None = None,
    grammar: str = DEFAULT_GRAMMAR,
    acceptance: float = 100.0,
    fdr: float = 0.01,
    window: str | int = "auto",
    decoys: int = 0,
    tailor: bool = False,
    tailor_budget: float = DEFAULT_TAILORING,
    exhaustive: bool = False,
    seed: int = 0,
    jobs: int | None = None,
    device: str = "auto",
    results: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Discovery:
    """Find what is conserved along trajectories.

    Parameters
    ----------
    data : str, path, table, mapping, array, or several of these
        A built-in data set's name, a file, or a table with one row a sample: a time column
        ``t`` (or `time`, or `dt`), perhaps a column ``trajectory``, and the states. Tables
        are those of pandas, polars, Arrow and xarray; the time, or (trajectory, time), may
        stand in the index. A list, a mapping and a groupby object of tables hold one a
        trajectory. Arrays have shape (sample, column) or (trajectory, sample, column) and
        need `names`. Where trajectories are told apart, the time may be missing; what needs
        dx/dt is then left out.
    names : sequence of str, optional
        Columns of arrays, with units as in ``q [rad]`` if wanted.
    dt : float, optional
        Time between samples, where there is no time column.
    units : mapping of str to str, or sequence of str, optional
        Unit of each column, as in ``{"q": "rad", "t": "s"}``; a header ``q [rad]`` does too.
        A sequence holds them in the order of the columns, then that of a time which is no
        column of the data.
    unitless : bool
        Take every column as dimensionless.
    time : str or array, optional
        The time column, when it is neither ``t`` nor ``time``; or the times themselves, of
        shape (sample,), for every trajectory the same or a list of one array each.
    trajectory : str, optional
        The column that tells trajectories apart, when it is not ``trajectory``.
    columns : sequence of str
        The columns that are states; empty for all that are left.
    drop_missing : bool
        Leave out rows with a missing number and cut the trajectory there.
    parameters : sequence of str
        Columns that are parameters of the system, such as masses: constant along each
        trajectory. They enter formulas, and are not listed as conserved.
    rates : mapping of str to str, optional
        From a state to the column that holds its dx/dt, as in ``{"x": "vx"}``. With them
        the rows need neither a time nor an order.
    with_time : bool
        Let the time enter formulas, as a column.
    derive : mapping of str to str, optional
        Columns to add, by name and formula, as in ``{"r": "sqrt(x**2 + y**2)"}``; one may
        use those before it.
    vectors : mapping of str to sequence of str, optional
        Columns that are components of a vector, where names do not tell it, as in
        ``{"r1": ["a", "b", "c"]}``.
    sigma : mapping of str to float, str or array, optional
        Standard deviation of the noise of columns where it is known, as in ``{"q": 0.01}``,
        in the unit that the data give them in; where it differs from row to row, the column
        that holds it, as in ``{"q": "dq"}``, or an array of one number a row.
    constants : mapping of str to str, optional
        Constants that are known, as in ``{"g": "9.81 m/s**2"}``. They enter formulas by name,
        as parameters that are not fitted.
    skip_rows : int
        Lines of a text file, or rows of a sheet, to pass over before anything else.
    comment : str
        Each of these characters begins a comment in a text file; empty for ``#`` and ``%``
        at the beginning of a line.
    particle : str, optional
        The column that says which particle a row of a long table is of; ``x`` of particle 1
        becomes ``x1``.
    derivatives : sequence of str
        States whose dx/dt, as estimated, becomes a column too: ``x_dot`` from ``x``.
    noise : float
        Noise on generated data.
    search : str
        ``sums`` of simple terms, ``formulas`` up to a size as in the paper, or ``both``.
    budget : float
        About how many seconds to search at most, on two cores; it becomes limits of nodes and
        terms beforehand.
    depth : int, optional
        Largest number of nodes of a formula; by default the budget sets it, and for
        ``formulas`` it is 7.
    grammar : str
        As the command line takes it.
    acceptance : float
        How many times better than random data a law must be conserved.
    fdr : float
        Expected share of false laws among those that are called laws.
    window : str or int
        ``auto``, ``full`` or a number of samples.
    decoys : int
        How many decoys to search as well: the same data, each column moved in time by an amount
        of its own, in which nothing is conserved. Each takes as long as the search.
    tailor : bool
        Meta-tailor a network with the candidates and select a law by how well it predicts.
    tailor_budget : float
        About how many seconds the tailoring of a network takes on two cores; below 30 and above
        600 nothing changes. It becomes limits of samples and trials beforehand.
    exhaustive : bool
        Tailor without a budget: every inner rate of the best candidates in full, as in the
        paper, on all samples.
    seed : int
    jobs : int, optional
        Worker threads; by default one a core. The answer does not depend on it.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    results : path, optional
        Folder of runs to keep the results in, where the same call finds them again; by
        default they live as long as the answer does.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Discovery

    Raises
    ------
    DatasetError, UnitError, GrammarError, DeviceError, OptionError, RunError
        If the data or an argument are not usable, or results cannot be written.

    Examples
    --------
    >>> import noether_sym
    >>> found = noether_sym.discover("ideal_spring")
    >>> print(found.best)
    q**2 + 1*p**2
    """
    options = search_options(
        {
            "grammar": grammar,
            "depth": depth,
            "method": search,
            "budget": budget,
            "factor": acceptance,
            "fdr": fdr,
            "window": window,
            "jobs": worker_count(count("jobs", jobs)),
            "device": device,
            "decoys": decoys,
        }
    )
    check_tailoring(tailor_budget, exhaustive)
    if progress is not None and not callable(progress):
        raise OptionError(f"progress is {progress!r}; give a function of (stage, done, total)")
    keeper = TemporaryFolder() if results is None else None
    place = Path(keeper.path) if keeper is not None else folder("results", results)
    reading = {
        "noise": noise,
        "units": units,
        "unitless": unitless,
        "time": time,
        "trajectory": trajectory,
        "columns": columns,
        "drop_missing": drop_missing,
        "parameters": parameters,
        "rates": rates,
        "with_time": with_time,
        "derive": derive,
        "vectors": vectors,
        "sigma": sigma,
        "constants": constants,
        "skip_rows": skip_rows,
        "comment": comment,
        "particle": particle,
        "derivatives": derivatives,
        "seed": seed,
    }
    with loaded(data, names, dt, reading) as given:
        ready = prepare(place, given.options, options, given.dataset)
        if given.file is not None:
            file = given.file
            ready.run.write_with(file.name, lambda target: shutil.copyfile(file, target))
    with runs.locked(ready.run):
        document = pipeline.fitted(ready, progress)
        if tailor and ready.dataset.test:
            from noether_sym.tailor import TailorOptions

            chosen = TailorOptions(
                seed=ready.data.seed,
                jobs=ready.options.jobs,
                device=device,
                budget=None if exhaustive else float(tailor_budget),
            )
            pipeline.tailored(ready, chosen, progress)
            document = ready.run.read(LawsDocument)
    return Discovery(ready.dataset, ready.run, document, keeper)
