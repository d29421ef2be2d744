"""What a search is made of: data, options, and the run folder that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from noether_sym._version import __version__
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import DEFAULT_DEPTH, Grammar, resolve_grammar
from noether_sym.errors import RunError
from noether_sym.runtime.workers import Workers
from noether_sym.spelling import spelt
from noether_sym.store import runs
from noether_sym.store.limits import deepest, limits
from noether_sym.store.options import DataOptions, SearchOptions
from noether_sym.store.run import RUN_FILE, TAILORING_FILE, Run
from noether_sym.store.schema import (
    ALGORITHM,
    FORMAT,
    ColumnEntry,
    DatasetEntry,
    Identity,
    Plan,
    RunDocument,
    SearchEntry,
    Sizes,
    Stages,
)
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset
    from noether_sym.tailor.options import TailorOptions
    from noether_sym.verdict.stage import FitOptions


@dataclass(frozen=True, slots=True)
class Search:
    """A search that is ready to run: data, grammar, depth and the run folder."""

    run: Run
    dataset: Dataset
    grammar: Grammar
    depth: int
    terms: int
    data: DataOptions
    options: SearchOptions

    @property
    def method(self) -> str:
        """What searches; see `noether_sym.store.limits.METHODS`."""
        return self.options.method

    def formulas_by_size(self, depth: int) -> tuple[int, ...]:
        """Number of formulas that units allow, by size from 1 node up."""
        return count_formulas(self.grammar, self.dataset.dimensions, depth)

    def fit_options(self, device: str) -> FitOptions:
        """How to fit, on a device that is there."""
        from noether_sym.verdict.stage import FitOptions

        own = self.options
        workers = Workers(own.jobs, own.backend, own.scheduler)
        return FitOptions(own.factor, own.fdr, own.window, self.data.seed, workers, device)


def prepare(
    results: Path,
    data: DataOptions,
    options: SearchOptions,
    dataset: Dataset | None = None,
    plan: Plan | None = None,
) -> Search:
    """Load the data (unless `dataset` holds them), resolve all options, open the run folder.

    The folder's name follows from everything that decides the laws, so that the same
    options find the same run again and other options never touch it. A new run notes
    `plan`, the tailoring that it is to have.
    """
    if options.device == "cuda":
        from noether_sym.runtime.device import resolve_device

        resolve_device(options.device)  # refused before anything is written
    if dataset is None:
        dataset = data.load()
    grammar = resolve_grammar(options.grammar)
    most = limits(options.budget)
    depth = depth_of(dataset, options)
    identity = Identity(
        dataset_sha256=dataset.digest(),
        method=options.method,
        algorithm=ALGORITHM,
        grammar=grammar.operations,
        depth=depth,
        terms=most.terms,
        factor=float(options.factor),
        fdr=float(options.fdr),
        window=options.window,
        seed=data.seed,
        version=__version__,
    )
    document = RunDocument(
        format=FORMAT,
        name=runs.run_name(f"{dataset.name}-{options.method}", identity),
        identity=identity,
        data=data,
        search=SearchEntry(
            options.method,
            grammar.name,
            depth,
            most.terms,
            identity.factor,
            identity.fdr,
            options.window,
            options.budget,
            options.depth is not None,
            options.decoys,
        ),
        dataset=_described(dataset),
        raw_counts=count_formulas(grammar, dataset.dimensions, depth),
        tailoring=plan,
        stages=Stages(),
    )
    run = runs.open_run(results, document)
    return Search(run, dataset, grammar, depth, most.terms, data, options)


def depth_of(dataset: Dataset, options: SearchOptions) -> int:
    """Largest number of nodes of a formula: as given, the paper's, or what the budget allows."""
    if options.depth is not None:
        return options.depth
    if options.method == "formulas":
        return DEFAULT_DEPTH
    grammar = resolve_grammar(options.grammar)
    return deepest(grammar, dataset.dimensions, limits(options.budget).formulas)


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
    held = run.read(RunDocument)
    _check_identity(run, held)
    data, search = held.data, held.search
    if run.has(data.dataset):  # the run keeps its data
        data = msgspec.structs.replace(data, dataset=str(run.file(data.dataset)))
    dataset = data.load()
    if dataset.digest() != held.identity.dataset_sha256:
        raise RunError(
            f"the data of {data.dataset!r} have changed since {run.path} was made; fit them again"
        )
    options = SearchOptions(
        search.grammar,
        search.depth if search.given else None,
        search.method,
        search.budget,
        search.factor,
        search.fdr,
        search.window,
        jobs,
        device,
        backend,
        scheduler,
        search.decoys,
    )
    grammar = Grammar(search.grammar, held.identity.grammar)
    return Search(run, dataset, grammar, search.depth, search.terms, data, options)


def _check_identity(run: Run, held: RunDocument) -> None:
    """Options are in run.json twice, and its name follows from them: all must agree."""
    own, search = held.identity, held.search
    shared = ("method", "depth", "terms", "factor", "fdr", "window")
    agree = all(getattr(own, name) == getattr(search, name) for name in shared)
    named = held.name.endswith(runs.run_name("", own))
    if not (named and agree and own.seed == held.data.seed):
        raise RunError(
            f"{run.file(RUN_FILE)} was changed: its options do not agree with each other; "
            f"make the run again in another folder with {spelt('--results')}"
        )


def held_tailoring(run: Run, options: TailorOptions) -> TailoringDocument | None:
    """The run's tailoring after its last fit; None if there is none.

    Raises
    ------
    RunError
        If it was made with other options.
    """
    from noether_sym.runtime.device import resolve_device

    if run.stages.tailor is None or not run.has(TAILORING_FILE):
        return None
    document = run.read(TailoringDocument)
    other = options.deciding(resolve_device(options.device)).differing(document.options)
    if other:
        ways = spelt(
            "--fresh replaces it, and another folder with --results keeps both",
            "another results= keeps both",
        )
        raise RunError(
            f"{run.path} holds a tailoring with another choice of {_spoken(other)}; {ways}"
        )
    return document


def _spoken(names: Iterable[str]) -> str:
    return ", ".join(names).replace("_", " ")


def _described(dataset: Dataset) -> DatasetEntry:
    import numpy as np

    train, test = dataset.train, dataset.test
    every = [one.states for one in (*train, *test)]
    lows, highs = (
        tuple(map(float, extreme([extreme(own, axis=0) for own in every], axis=0)))
        for extreme in (np.min, np.max)
    )
    return DatasetEntry(
        name=dataset.name,
        source=dataset.source,
        columns=tuple(
            ColumnEntry(column.name, column.unit.symbol, column.unit.given, (low, high))
            for column, low, high in zip(dataset.columns, lows, highs, strict=True)
        ),
        time_unit=dataset.time_unit.symbol,
        trajectories=Sizes(len(train), len(test)),
        samples=Sizes(sum(map(len, train)), sum(map(len, test))),
        derivative=dataset.derivative,
        notes=(*dataset.notes, *_remarks(dataset)),
    )


def _remarks(dataset: Dataset) -> Iterator[str]:
    """What the samples show that even, white noise does not make."""
    from noether_sym.noise import dataset_noise
    from noether_sym.noise.coarse import remarks_on_steps
    from noether_sym.noise.words import remarks

    report = dataset_noise(dataset)
    said = chain(remarks(report, dataset.names), remarks_on_steps(dataset, report.noise))
    for heading, text in said:
        yield f"{heading}: {text}"
