"""The stages over a run folder: enumerate, fit, tailor, report."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym import runs
from noether_sym._version import __version__
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import Grammar, resolve_grammar
from noether_sym.errors import RunError
from noether_sym.runs import Run

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset
    from noether_sym.dsl.distinct import DistinctLaws
    from noether_sym.dsl.enumeration import Enumeration
    from noether_sym.fit.stage import FitResult
    from noether_sym.laws import Law
    from noether_sym.tailor.stage import TailorOptions

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Which data a search takes; see `noether_sym.datasets.load`."""

    dataset: str = "ideal_pendulum"
    noise: float = 0.0
    units: Mapping[str, str] = field(default_factory=dict)
    unitless: bool = False
    time: str | None = None
    trajectory: str | None = None
    columns: Sequence[str] = ()
    drop_missing: bool = False
    seed: int = 0

    def load(self) -> Dataset:
        """Load the data set."""
        return load(
            self.dataset,
            seed=self.seed,
            noise=self.noise,
            units=dict(self.units) or None,
            unitless=self.unitless,
            time=self.time,
            trajectory=self.trajectory,
            columns=self.columns,
            drop_missing=self.drop_missing,
        )


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to enumerate and fit; None takes what the data set suggests."""

    grammar: str | None = None
    depth: int | None = None
    factor: float = 100.0
    window: str | int = "auto"
    jobs: int = 1
    device: str = "auto"
    backend: str = "threading"
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A search that is ready to run: data, grammar, depth and the run folder."""

    run: Run
    dataset: Dataset
    grammar: Grammar
    depth: int
    data: DataOptions
    options: SearchOptions


def prepare(
    results: Path,
    data: DataOptions,
    options: SearchOptions,
    dataset: Dataset | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Search:
    """Load the data (unless `dataset` holds them), resolve all options, open the run folder.

    The folder's name follows from everything that decides the laws, so that the same
    options find the same run again and other options never touch it. A new run notes
    `plan`, the tailoring that it is to have.
    """
    if options.device == "cuda":
        from noether_sym.device import resolve_device

        resolve_device(options.device)  # refused before anything is written
    if dataset is None:
        dataset = data.load()
    grammar = resolve_grammar(options.grammar or dataset.grammar)
    depth = options.depth if options.depth is not None else dataset.depth
    counts = count_formulas(grammar, dataset.dimensions, depth)
    identity = {
        "dataset_sha256": dataset.digest(),
        "grammar": list(grammar.operations),
        "depth": depth,
        "factor": options.factor,
        "window": options.window,
        "seed": data.seed,
        "version": __version__,
    }
    description: dict[str, Any] = {
        "identity": identity,
        "data": {**asdict(data), "units": dict(data.units)},
        "search": {
            "grammar": grammar.name,
            "depth": depth,
            "factor": options.factor,
            "window": options.window,
        },
        "dataset": describe_dataset(dataset),
        "raw_counts": list(counts),
    }
    if plan is not None:
        description["tailoring"] = dict(plan)
    name = runs.run_name(f"{dataset.name}-depth{depth}", identity)
    return Search(runs.open_run(results, name, description), dataset, grammar, depth, data, options)


def reopen(
    run: Run,
    jobs: int,
    device: str,
    backend: str = "threading",
    scheduler: str | None = None,
) -> Search:
    """The search that a run folder holds, with its data loaded again.

    Raises
    ------
    RunError
        If the data are not the ones that the run was made with, or run.json was edited.
    """
    held = run.checked(runs.RUN_FILE)
    _check_identity(run, held)
    data = DataOptions(**held["data"])
    if run.has(data.dataset):  # the run keeps its data
        data = replace(data, dataset=str(run.file(data.dataset)))
    search = held["search"]
    dataset = data.load()
    if dataset.digest() != held["identity"]["dataset_sha256"]:
        raise RunError(
            f"the data of {data.dataset!r} have changed since {run.path} was made; fit them again"
        )
    options = SearchOptions(
        search["grammar"],
        search["depth"],
        search["factor"],
        search["window"],
        jobs,
        device,
        backend,
        scheduler,
    )
    grammar = Grammar(search["grammar"], tuple(held["identity"]["grammar"]))
    return Search(run, dataset, grammar, search["depth"], data, options)


def _check_identity(run: Run, held: Mapping[str, Any]) -> None:
    """Options stand in run.json twice, and its name follows from them: all must agree."""
    identity, data, search = held["identity"], held["data"], held["search"]
    options = (search["depth"], search["factor"], search["window"], data["seed"])
    agrees = (
        held["name"].endswith(runs.run_name("", identity))
        and options == tuple(identity.get(key) for key in ("depth", "factor", "window", "seed"))
        and set(data) == {own.name for own in fields(DataOptions)}
        and all(isinstance(unit, str) for unit in data["units"].values())
        and 0.0 <= data["noise"] < math.inf
    )
    if not agrees:
        raise RunError(
            f"{run.file(runs.RUN_FILE)} was changed: its options do not agree with each other; "
            "make the run again in another --results folder"
        )


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """What run.json says of a data set."""
    return {
        "name": dataset.name,
        "source": dataset.source,
        "columns": [
            {"name": column.name, "unit": column.unit.symbol, "given": column.unit.given}
            for column in dataset.columns
        ],
        "time_unit": dataset.time_unit.symbol,
        "trajectories": {"train": len(dataset.train), "test": len(dataset.test)},
        "samples": {
            "train": sum(len(one) for one in dataset.train),
            "test": sum(len(one) for one in dataset.test),
        },
        "derivative": dataset.derivative,
        "notes": list(dataset.notes),
    }


@dataclass(frozen=True, slots=True)
class Enumerated:
    """Result of the enumeration stage."""

    distinct: DistinctLaws
    raw_counts: tuple[int, ...]
    seconds: float


def run_enumeration(search: Search, progress: Progress | None = None) -> Enumerated:
    """Enumerate the distinct laws and write them to ``candidates.parquet``."""
    from noether_sym.dsl.distinct import enumerate_laws

    begin = time.perf_counter()
    inputs = search.dataset.dimensions
    raw = count_formulas(search.grammar, inputs, search.depth)
    distinct = enumerate_laws(search.grammar, inputs, search.depth, progress)
    seconds = time.perf_counter() - begin
    search.run.write_with(
        runs.CANDIDATES_FILE, lambda path: _write_candidates(path, search, distinct)
    )
    search.run.finish_stage(
        "enumerate",
        seconds=round(seconds, 3),
        raw=sum(raw),
        distinct=len(distinct.expressions),
        families_by_size=list(distinct.families_by_size),
        laws_by_size=list(distinct.laws_by_size),
        undefined=distinct.undefined,
    )
    return Enumerated(distinct, raw, seconds)


def write_formulas(search: Search, progress: Progress | None = None) -> None:
    """Stream every valid formula to ``formulas.parquet``, a row group a block.

    A row holds the size, the operation, the row numbers of the arguments (for an input its
    column, for a parameter nothing) and the unit; `Enumeration` says how to read them.
    """
    from noether_sym.dsl.enumeration import Enumeration

    formulas = Enumeration(search.grammar, search.dataset.dimensions, search.depth)
    search.run.write_with(
        runs.FORMULAS_FILE, lambda path: _stream_formulas(path, formulas, progress)
    )


def run_fit(
    search: Search, progress: Progress | None = None, enumerated: Enumerated | None = None
) -> dict[str, Any]:
    """Fit and judge; write ``fits.parquet`` and ``laws.json``, and return the latter."""
    from noether_sym.checkpoint import Checkpoint
    from noether_sym.device import resolve_device
    from noether_sym.export import laws_document
    from noether_sym.fit.stage import FitOptions, fit
    from noether_sym.fit.workers import Workers
    from noether_sym.symmetry import with_symmetries

    device = resolve_device(search.options.device)
    if enumerated is None:
        enumerated = run_enumeration(search, progress)
    options = FitOptions(
        search.options.factor,
        search.options.window,
        search.data.seed,
        Workers(search.options.jobs, search.options.backend, search.options.scheduler),
        device,
    )
    checkpoint = Checkpoint(search.run)
    result = fit(search.dataset, enumerated.distinct, options, progress, checkpoint)
    judgement = result.judgement
    document = laws_document(
        with_symmetries(judgement.laws, search.dataset),
        dataset=search.dataset.name,
        inputs=[(column.name, column.unit.symbol) for column in search.dataset.columns],
        counts={
            "candidates": sum(enumerated.raw_counts),
            "distinct": len(enumerated.distinct.expressions),
            "fitted": len(result.candidates),
            "accepted": len(judgement.laws),
        },
        independent_laws=judgement.independent,
        closest=judgement.closest,
        reasons=judgement.reasons,
        window=result.window,
    )
    search.run.forget("tailor", runs.TAILORING_FILE, runs.CURVES_FILE, runs.REPORT_FILE)
    search.run.write_with(runs.FITS_FILE, lambda path: _write_fits(path, search, result))
    search.run.write(runs.LAWS_FILE, document)
    search.run.update(versions=versions(), device=device)
    search.run.finish_stage("fit", seconds=round(result.seconds, 3), window=result.window)
    checkpoint.clear()
    return document


def fitted(
    search: Search, progress: Progress | None = None, *, fresh: bool = False
) -> dict[str, Any]:
    """Content of laws.json: as the run holds it, or fitted now."""
    if search.run.stage("fit") is not None and not fresh:
        return search.run.checked(runs.LAWS_FILE)
    if fresh:
        from noether_sym.checkpoint import Checkpoint

        Checkpoint(search.run).clear()
    return run_fit(search, progress)


def worker_count(jobs: int | None) -> int:
    """Number of workers: as asked for, or one a core that this process may use."""
    if jobs:
        return jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tailoring(
    search: Search, options: TailorOptions, progress: Progress | None = None
) -> dict[str, Any]:
    """Tailor with the run's laws; write ``tailoring.json`` and mark the selected law."""
    from noether_sym.checkpoint import Checkpoint
    from noether_sym.export import law_from_json
    from noether_sym.tailor import tailor

    document = search.run.checked(runs.LAWS_FILE)
    entries = tailoring_list(document, options.top)
    checkpoint = Checkpoint(search.run)
    begin = time.perf_counter()
    result = tailor(
        search.dataset,
        [law_from_json(entry) for entry in entries],
        oracle=oracle_law(search.dataset),
        options=options,
        progress=progress,
        checkpoint=checkpoint,
    )
    tailoring = result.to_json()
    search.run.forget("tailor", runs.TAILORING_FILE, runs.CURVES_FILE, runs.REPORT_FILE)
    search.run.write_with(runs.CURVES_FILE, lambda path: _write_arrays(path, result.curves))
    search.run.write(runs.TAILORING_FILE, tailoring)
    for entry in [*document["laws"], *document["candidates_not_accepted"]]:
        entry["selected"] = result.selected is not None and entry is entries[result.selected]
    search.run.write(runs.LAWS_FILE, document)
    search.run.update(versions=versions())
    search.run.finish_stage("tailor", seconds=round(time.perf_counter() - begin, 3))
    checkpoint.clear()
    return tailoring


def tailored(
    search: Search,
    options: TailorOptions,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> dict[str, Any]:
    """Content of tailoring.json: as the run holds it, or computed now.

    Raises
    ------
    RunError
        If the run holds a tailoring with other options; `fresh` replaces it.
    """
    from noether_sym.checkpoint import Checkpoint

    held = None if fresh else held_tailoring(search.run, options)
    if fresh or held is not None:
        Checkpoint(search.run).clear()
    return run_tailoring(search, options, progress) if held is None else held


def held_tailoring(run: Run, options: TailorOptions) -> dict[str, Any] | None:
    """The run's tailoring after its last fit; None if there is none.

    Raises
    ------
    RunError
        If it was made with other options.
    """
    from noether_sym.device import resolve_device

    if run.stage("tailor") is None or not run.has(runs.TAILORING_FILE):
        return None
    document = run.checked(runs.TAILORING_FILE)
    held, wanted = document["options"], options.to_json(resolve_device(options.device))
    other = [name for name in wanted if held.get(name) != wanted[name]]
    if other:
        raise RunError(
            f"{run.path} holds a tailoring with another choice of {', '.join(other)}; --fresh "
            "replaces it, and --results keeps both"
        )
    return document


def accepted_laws(document: Mapping[str, Any], *, heads_only: bool) -> list[Law]:
    """The laws of laws.json; with `heads_only` the first of each family."""
    from noether_sym.export import law_from_json

    laws = [law_from_json(entry) for entry in document["laws"]]
    if not heads_only:
        return laws
    return list({law.family: law for law in reversed(laws)}.values())[::-1]


def tailoring_list(document: Mapping[str, Any], top: int) -> list[dict[str, Any]]:
    """Entries of laws.json to tailor with: a law of each family, then the best of the rest.

    A near miss of an accepted law is the same quantity, told less well; it does not stand
    beside it.
    """
    heads: dict[int, dict[str, Any]] = {}
    for entry in document["laws"]:
        heads.setdefault(entry["family"], entry)
    chosen = list(heads.values())
    others = [entry for entry in document["candidates_not_accepted"] if not entry["family"]]
    return chosen + others[: max(0, top - len(chosen))]


def run_report(run: Run) -> Path:
    """Draw the figures and write ``report.html``; return its path."""
    from noether_sym.report import write_figures, write_report

    held = run.checked(runs.RUN_FILE)
    laws = run.checked(runs.LAWS_FILE)
    tailoring = run.checked(runs.TAILORING_FILE) if run.has(runs.TAILORING_FILE) else None
    search = reopen(run, 1, "cpu")
    figures = write_figures(run, search.dataset, laws, tailoring)
    write_report(
        run.file(runs.REPORT_FILE), run=held, laws=laws, tailoring=tailoring, figures=figures
    )
    return run.file(runs.REPORT_FILE)


def oracle_law(dataset: Dataset) -> Law | None:
    """The known law of a data set, for the tailoring's controls only."""
    if not dataset.oracle:
        return None
    from noether_sym.datasets.oracles import oracle
    from noether_sym.laws import Law, Parameter

    expression, values = oracle(dataset.oracle)
    dimension, dimensions = expression.parameter_dimensions(dataset.dimensions)
    return Law(
        expression=expression,
        inputs=tuple((column.name, column.unit.symbol) for column in dataset.columns),
        parameters=tuple(
            Parameter(f"c{slot}", value, dimensions[slot]) for slot, value in enumerate(values)
        ),
        dimension=dimension,
        conservation_ratio=0.0,
        random_ratio=1.0,
        status="known",
    )


def versions() -> dict[str, str]:
    """Versions of what computed a run."""
    import platform
    from importlib.metadata import version

    names = ("numpy", "scipy", "sympy", "torch", "pint")
    found = {name: version(name) for name in names}
    return {"noether-sym": __version__, "python": platform.python_version(), **found}


def _write_candidates(path: Path, search: Search, distinct: DistinctLaws) -> None:
    import pandas as pd

    names = list(search.dataset.names)
    rows = []
    for number, expression in enumerate(distinct.expressions):
        slots = [f"c{slot}" for slot in range(expression.parameter_count)]
        dimension, dimensions = expression.parameter_dimensions(search.dataset.dimensions)
        units = [str(unit) for unit in dimensions]
        rows.append((number, expression.size, expression.text(names, slots), str(dimension), units))
    columns = ["candidate", "size", "expression", "unit", "parameter_units"]
    pd.DataFrame(rows, columns=columns).to_parquet(path, index=False)


def _stream_formulas(path: Path, formulas: Enumeration, progress: Progress | None) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from noether_sym.dsl.enumeration import LEAF
    from noether_sym.dsl.operators import BY_CODE

    operations = pa.array([record.name for record in BY_CODE] + ["leaf"])
    schema = pa.schema(
        [
            ("size", pa.int8()),
            ("operation", pa.dictionary(pa.int8(), pa.string())),
            ("left", pa.int32()),
            ("right", pa.int32()),
            ("unit", pa.dictionary(pa.int16(), pa.string())),
        ]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for size in range(1, formulas.depth + 1):
            for block in formulas.blocks(size):
                units = ["any" if one is None else str(one) for one in formulas.kinds.dimensions]
                code = block.code.copy()
                code[code == LEAF] = len(BY_CODE)
                arrays = [
                    pa.array(np.full(len(block), size, np.int8)),
                    pa.DictionaryArray.from_arrays(pa.array(code), operations),
                    pa.array(block.left, mask=block.left < 0),
                    pa.array(block.right, mask=block.right < 0),
                    pa.DictionaryArray.from_arrays(pa.array(block.kind), pa.array(units)),
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if progress is not None:
                progress("write formulas", size, formulas.depth)


def _write_fits(path: Path, search: Search, result: FitResult) -> None:
    import math

    import pandas as pd

    names = list(search.dataset.names)
    verdicts = result.judgement.verdicts
    rows = []
    for number, (candidate, own) in enumerate(zip(result.candidates, result.fits, strict=True)):
        slots = [f"{value:.17g}" for value in own.inner]
        rows.append(
            (
                number,
                candidate.expression.size,
                own.status,
                own.ratio if math.isfinite(own.ratio) else None,
                own.defined,
                [term.text(names, slots) for term in candidate.terms],
                list(own.factors) if math.isfinite(own.ratio) else None,
                verdicts.get(number) or None,
            )
        )
    columns = [
        "candidate",
        "size",
        "status",
        "conservation_ratio",
        "defined",
        "terms",
        "factors",
        "reason",
    ]
    pd.DataFrame(rows, columns=columns).to_parquet(path, index=False)


def _write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    import numpy as np

    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
