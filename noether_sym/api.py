"""The Python interface: from data to laws in one call."""

from __future__ import annotations

import html
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from noether_sym import pipeline
from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.errors import RunError
from noether_sym.export import accepted_laws, law_from_entry
from noether_sym.laws.law import Law
from noether_sym.runtime.workers import worker_count
from noether_sym.store import runs
from noether_sym.store.limits import DEFAULT_BUDGET
from noether_sym.store.run import Run
from noether_sym.store.schema import DecoysEntry, LawEntry, LawsDocument, RunDocument, to_json
from noether_sym.store.search import (
    DataOptions,
    Search,
    SearchOptions,
    prepare,
    reopen,
)
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    import pandas as pd

_DATA = "data"


class _Folder:
    """A temporary folder that goes when nothing refers to it any more."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="noether-sym-")
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@dataclass(frozen=True, slots=True, eq=False)
class Discovery:
    """What a search found.

    Attributes
    ----------
    dataset : Dataset
        The data as they were searched, in coherent units.
    run : Run
        The folder that holds the results, as ``noether-sym report`` and ``export`` take it.
    """

    dataset: Dataset
    run: Run
    _document: LawsDocument = field(repr=False)
    _keeper: _Folder | None = field(default=None, repr=False)

    @property
    def laws(self) -> pd.DataFrame:
        """Accepted laws, best first; empty where nothing is conserved.

        Columns: ``law`` (text), ``ratio``, ``random_ratio``, ``heldout_ratio``,
        ``constants`` (name to value, standard error and unit), ``unit``, ``family``,
        ``nodes``, ``selected``.
        """
        return _table(self._document.laws)

    @property
    def closest(self) -> pd.DataFrame:
        """The best of what was not accepted, with the reason of each."""
        entries = self._document.candidates_not_accepted
        return _table(entries).assign(reason=[entry.reason for entry in entries])

    @property
    def best(self) -> Law | None:
        """The law that tailoring selected, else the first; None if nothing is conserved."""
        found = self.accepted
        return next((law for law in found if law.selected), found[0] if found else None)

    @property
    def accepted(self) -> list[Law]:
        """One law of each family, best first."""
        return accepted_laws(self._document, heads_only=True)

    @property
    def independent(self) -> int:
        """Number of functionally independent laws."""
        return self._document.independent_laws

    @property
    def most(self) -> int | None:
        """Most independent laws that the data can have."""
        return self._document.most_laws

    @property
    def decoys(self) -> DecoysEntry | None:
        """What the same search finds where nothing is conserved; None without decoys.

        ``count`` of them, ``families`` of laws found in them, and ``bound``, the upper 95 %
        bound on the mean number of families that a search finds by chance.
        """
        return self._document.decoys

    @property
    def constraints(self) -> list[Law]:
        """What has one value on all trajectories: true of these data, untested as a law."""
        return [law_from_entry(entry) for entry in self._document.constraints]

    @property
    def counts(self) -> dict[str, int]:
        """Formulas enumerated, distinct, fitted and accepted."""
        return dict(to_json(self._document.counts))

    @property
    def tailoring(self) -> pd.DataFrame | None:
        """Predictions with and without the law, a row a method; None without tailoring.

        Means over the networks whose prediction stayed finite; ``networks`` counts them.
        """
        import pandas as pd

        if self.run.stages.tailor is None:
            return None
        rows = self.run.read(TailoringDocument).summary
        errors = ("train_rmse", "test_rmse", "test_mse", "energy_mse")
        table = pd.DataFrame(
            {name: [getattr(row, name).mean for row in rows] for name in errors},
            index=pd.Index([row.method for row in rows], name="method"),
        )
        return table.assign(
            rmse_over_vanilla=[row.rmse_over_vanilla for row in rows],
            networks=[row.test_rmse.count for row in rows],
        )

    def law(self, number: int = 1) -> Law:
        """The law of a rank, from 1, as in `laws`.

        Raises
        ------
        IndexError
            If there is no such rank.
        """
        entries = accepted_laws(self._document)
        if not 1 <= number <= len(entries):
            raise IndexError(f"there is no law {number}: {len(entries)} were accepted")
        return entries[number - 1]

    def summary(self) -> str:
        """What was found, in words."""
        from noether_sym.report import words

        return words.found(self._document, self.run.read(RunDocument).search)

    def report(self) -> Path:
        """Write the report, one HTML file, and return its path."""
        return pipeline.run_report(self.run)

    def plot(self, law: Law | None = None) -> Any:
        """The value of a law along trajectories, beside the surrogate; a Figure."""
        from noether_sym.report.figures import conservation

        return conservation(self.dataset, self._chosen(law))

    def latex(self, law: Law | None = None, digits: int = 5) -> str:
        """A law as LaTeX, by default the best, its constants to `digits` significant digits.

        Raises
        ------
        RunError
            If nothing is conserved and no law is named.
        """
        from noether_sym.export.latex import law_latex

        return law_latex(self._chosen(law), digits)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Copy everything to a new folder: JSON, Parquet and the data; no code, no pickle.

        Raises
        ------
        RunError
            If the folder exists already or cannot be written.
        """
        target = Path(path)
        if target.exists():
            raise RunError(f"{target} exists already; give the name of a new folder")
        try:
            shutil.copytree(self.run.path, target)
        except OSError as error:
            raise RunError(f"cannot write {target}: {error.strerror or error}") from error
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Discovery:
        """Open what `save`, or a verb of the command line, wrote.

        Raises
        ------
        RunError
            If the folder is not that of a run with laws, or its data have changed.
        """
        run = runs.find_run(str(path))
        return cls(reopen(run, 1, "cpu").dataset, run, run.read(LawsDocument))

    def _chosen(self, law: Law | None) -> Law:
        chosen = law if law is not None else self.best
        if chosen is None:
            raise RunError("nothing is conserved, so there is no law to show; name one with law=")
        return chosen

    def __repr__(self) -> str:
        return f"Discovery({self.dataset.name!r}: {self.summary()})"

    def _repr_html_(self) -> str:
        from noether_sym.export.mathml import law_mathml

        rows = "".join(
            f"<tr><td>{law_mathml(law)}</td><td>{law.conservation_ratio:.2g}</td></tr>"
            for law in self.accepted
        )
        table = f"<table><tr><th>law</th><th>ratio</th></tr>{rows}</table>" if rows else ""
        return f"<div><p>{html.escape(self.summary())}</p>{table}</div>"

    def _repr_latex_(self) -> str | None:
        return None if self.best is None else f"${self.latex()}$"


def discover(
    data: Any,
    *,
    names: Sequence[str] | None = None,
    dt: float | None = None,
    units: Mapping[str, str] | None = None,
    unitless: bool = False,
    time: str | None = None,
    trajectory: str | None = None,
    columns: Sequence[str] = (),
    drop_missing: bool = False,
    parameters: Sequence[str] = (),
    rates: Mapping[str, str] | None = None,
    with_time: bool = False,
    derive: Mapping[str, str] | None = None,
    vectors: Mapping[str, Sequence[str]] | None = None,
    sigma: Mapping[str, float] | None = None,
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
    seed: int = 0,
    jobs: int | None = None,
    device: str = "auto",
    results: str | os.PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Discovery:
    """Find what is conserved along trajectories.

    Parameters
    ----------
    data : str, path, DataFrame, mapping, array, or list of these
        A built-in data set's name, a file, or a table with one row a sample: a time column
        ``t`` (or `time`, or `dt`), perhaps a column ``trajectory``, and the states. A list
        holds one table a trajectory; arrays have shape (sample, column) and need `names`.
        Where trajectories are told apart, the time may be missing; what needs dx/dt is then
        left out.
    names : sequence of str, optional
        Columns of arrays.
    dt : float, optional
        Time between samples, where there is no time column.
    units : mapping of str to str, optional
        Unit of each column, as in ``{"q": "rad", "t": "s"}``; a header ``q [rad]`` does too.
    unitless : bool
        Take every column as dimensionless.
    time : str, optional
        The time column, when it is neither ``t`` nor ``time``.
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
    sigma : mapping of str to float, optional
        Standard deviation of the noise of columns where it is known, as in ``{"q": 0.01}``,
        in the unit that the data give them in.
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
    DatasetError, UnitError, GrammarError, DeviceError, RunError
        If the data or an option are not usable, or results cannot be written.

    Examples
    --------
    >>> import noether_sym
    >>> found = noether_sym.discover("ideal_spring")
    >>> print(found.best)
    q**2 + 1*p**2
    """
    keeper = None
    if results is None:
        keeper = _Folder()
        results = keeper.path
    options = SearchOptions(
        grammar,
        depth,
        search,
        budget,
        acceptance,
        fdr,
        window,
        worker_count(jobs),
        device,
        decoys=decoys,
    )
    chosen = DataOptions(
        dataset=str(data),
        noise=noise,
        units=dict(units or {}),
        unitless=unitless,
        time=time,
        trajectory=trajectory,
        columns=tuple(columns),
        drop_missing=drop_missing,
        parameters=tuple(parameters),
        rates=dict(rates or {}),
        with_time=with_time,
        derive=dict(derive or {}),
        vectors={name: tuple(own) for name, own in (vectors or {}).items()},
        sigma=dict(sigma or {}),
        seed=seed,
    )
    if isinstance(data, str | os.PathLike):
        ready = prepare(Path(results), chosen, options)
    else:
        ready = _prepared_from_memory(data, names, dt, Path(results), chosen, options)
    with runs.locked(ready.run):
        document = pipeline.fitted(ready, progress)
        if tailor and ready.dataset.test:
            from noether_sym.tailor import TailorOptions

            chosen_tailoring = TailorOptions(seed=seed, jobs=ready.options.jobs, device=device)
            pipeline.tailored(ready, chosen_tailoring, progress)
            document = ready.run.read(LawsDocument)
    return Discovery(ready.dataset, ready.run, document, keeper)


def _prepared_from_memory(
    data: Any,
    names: Sequence[str] | None,
    dt: float | None,
    results: Path,
    chosen: DataOptions,
    options: SearchOptions,
) -> Search:
    """Write the data as a table, load them as any file, and keep the table with the run."""
    from noether_sym.datasets.readers.frame import as_frame, write_frame

    with tempfile.TemporaryDirectory(prefix="noether-sym-data-") as folder:
        path = Path(folder) / f"{_DATA}.parquet"
        write_frame(as_frame(data, names=names, dt=dt), path)
        dataset = msgspec.structs.replace(chosen, dataset=str(path)).load()
        kept = msgspec.structs.replace(chosen, dataset=path.name)
        dataset = replace(dataset, source="given in memory")
        search = prepare(results, kept, options, dataset)
        search.run.write_with(path.name, lambda target: shutil.copyfile(path, target))
    return search


def _table(entries: Sequence[LawEntry]) -> pd.DataFrame:
    import pandas as pd

    columns = {
        "law": "expression",
        "ratio": "conservation_ratio",
        "random_ratio": "random_ratio",
        "heldout_ratio": "heldout_ratio",
        "unit": "unit",
        "family": "family",
        "nodes": "size",
        "selected": "selected",
    }
    table = pd.DataFrame(
        {name: [getattr(entry, key) for entry in entries] for name, key in columns.items()}
    )
    constants = [
        {own.name: (own.value, own.stderr, own.unit) for own in entry.parameters}
        for entry in entries
    ]
    table.insert(4, "constants", pd.Series(constants, dtype=object))
    table.index = pd.RangeIndex(1, len(table) + 1, name="rank")
    return table
