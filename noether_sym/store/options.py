"""Options of a search: which data, which formulas, how to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from noether_sym.dsl.grammar import DEFAULT_GRAMMAR
from noether_sym.store.limits import DEFAULT_BUDGET

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset


class DataOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which data a search takes: arguments of `noether_sym.datasets.load`. In ``run.json``."""

    dataset: str = "ideal_pendulum"
    noise: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    units: dict[str, str] = {}
    unitless: bool = False
    time: str | None = None
    trajectory: str | None = None
    columns: tuple[str, ...] = ()
    drop_missing: bool = False
    parameters: tuple[str, ...] = ()
    rates: dict[str, str] = {}
    with_time: bool = False
    derive: dict[str, str] = {}
    vectors: dict[str, tuple[str, ...]] = {}
    sigma: dict[str, float | str] = {}
    constants: dict[str, str] = {}
    skip_rows: Annotated[int, msgspec.Meta(ge=0)] = 0
    comment: str = ""
    particle: str | None = None
    derivatives: tuple[str, ...] = ()
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0

    def load(self) -> Dataset:
        """Load the data set."""
        from noether_sym.datasets import load

        reading = msgspec.structs.asdict(self)
        return load(reading.pop("dataset"), **reading)


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What to search, and how far.

    Without a depth the budget sets it; where only formulas are searched it is the paper's.
    """

    grammar: str = DEFAULT_GRAMMAR
    depth: int | None = None
    method: str = "both"
    budget: float = DEFAULT_BUDGET
    factor: float = 100.0
    fdr: float = 0.01
    window: str | int = "auto"
    jobs: int = 1
    device: str = "auto"
    backend: str = "threading"
    scheduler: str | None = None
    decoys: int = 0
