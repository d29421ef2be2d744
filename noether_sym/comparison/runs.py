"""What a run knows of its laws, read for a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from noether_sym.errors import RunError
from noether_sym.export.json import law_from_entry
from noether_sym.laws.law import Law
from noether_sym.store.run import Run
from noether_sym.store.schema import ColumnEntry, LawsDocument, RunDocument


@dataclass(frozen=True, slots=True)
class Contender:
    """A law or a candidate of a run; `head` is the first of its family, `reason` why not a law."""

    law: Law
    head: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FittedRun:
    """A run with its laws.

    Attributes
    ----------
    name, dataset, digest : str
        Of the folder, of the data set, and of its values.
    columns : tuple of ColumnEntry
    trajectories : int
        All, those held out too.
    laws, independent : int
        Families of laws, and how many are independent.
    contenders : tuple of Contender
        Laws by rank, the heads first, then what was not accepted, best first.
    time_unit : str
    folder : Path
        Resolved; two runs of one name are told apart by it.
    """

    name: str
    dataset: str
    digest: str
    columns: tuple[ColumnEntry, ...]
    trajectories: int
    laws: int
    independent: int
    contenders: tuple[Contender, ...]
    time_unit: str
    folder: Path


def named_apart(runs: Sequence[FittedRun]) -> list[FittedRun]:
    """The same runs; the name of each with as many folders above as tell it from the others.

    Raises
    ------
    RunError
        If one folder is given twice.
    """
    folders = [run.folder for run in runs]
    twice = sorted({run.name for run in runs if folders.count(run.folder) > 1})
    if twice:
        raise RunError(f"{', '.join(twice)} is given twice; name each run once")
    names = [run.name for run in runs]
    for above in range(2, 1 + max((len(own.parts) for own in folders), default=0)):
        shared = {name for name in names if names.count(name) > 1}
        names = [
            "/".join(folder.parts[-above:]) if name in shared else name
            for folder, name in zip(folders, names, strict=True)
        ]
    return [replace(run, name=name) for run, name in zip(runs, names, strict=True)]


def fitted(run: Run) -> FittedRun:
    """Read a run's laws and what its data were.

    Raises
    ------
    RunError
        If it has no laws, or its files are damaged.
    """
    held, found = run.read(RunDocument), run.read(LawsDocument)
    heads = found.heads
    others = [entry for entry in found.laws if not any(entry is head for head in heads)]
    contenders = [Contender(law_from_entry(entry), True) for entry in heads]
    contenders += [Contender(law_from_entry(entry), False) for entry in others]
    contenders += [
        Contender(law_from_entry(entry), False, entry.reason)
        for entry in found.candidates_not_accepted
    ]
    sizes = held.dataset.trajectories
    return FittedRun(
        run.name,
        held.dataset.name,
        held.identity.dataset_sha256,
        held.dataset.columns,
        sizes.train + sizes.test,
        len(heads),
        found.independent_laws,
        tuple(contenders),
        held.dataset.time_unit,
        run.path.resolve(),
    )
