"""What a search is made of: data, options, and the run folder that they lead to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym._version import __version__
from noether_sym.datasets import load
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.dsl.grammar import DEFAULT_DEPTH, DEFAULT_GRAMMAR, Grammar, resolve_grammar
from noether_sym.errors import RunError
from noether_sym.store import runs
from noether_sym.store.runs import Run

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset


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
    """How to enumerate and fit."""

    grammar: str = DEFAULT_GRAMMAR
    depth: int = DEFAULT_DEPTH
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
        from noether_sym.runtime.device import resolve_device

        resolve_device(options.device)  # refused before anything is written
    if dataset is None:
        dataset = data.load()
    grammar = resolve_grammar(options.grammar)
    depth = options.depth
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
