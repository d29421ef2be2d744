"""What a search found."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from noether_sym import pipeline
from noether_sym.api import notebook
from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import RunError
from noether_sym.export import accepted_laws, law_from_entry
from noether_sym.laws.law import Law
from noether_sym.store import runs
from noether_sym.store.files import storing, write_whole
from noether_sym.store.run import Run
from noether_sym.store.schema import DecoysEntry, LawEntry, LawsDocument, RunDocument, to_json
from noether_sym.store.search import reopen
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    import pandas as pd


class TemporaryFolder:
    """A temporary folder that goes when nothing refers to it any more."""

    def __init__(self) -> None:
        with storing("make a temporary folder"):
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
    _keeper: TemporaryFolder | None = field(default=None, repr=False)

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
    def notes(self) -> tuple[str, ...]:
        """What was done to the data before the search, and what is odd about their noise."""
        return self.run.read(RunDocument).dataset.notes

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
        """What was found, in words; where nothing was, what the data may lack."""
        from noether_sym.report import advice

        hint = "" if self._document.laws else advice.missing(self.dataset)
        return f"{self._found()}. {hint}" if hint else self._found()

    def _found(self) -> str:
        from noether_sym.report import words

        return words.found(self._document, self.run.read(RunDocument).search)

    def report(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write the report, one HTML file that opens anywhere, and return its path.

        Parameters
        ----------
        path : str or path, optional
            The file, or a folder for it. By default the run's own folder where the caller
            chose one with `results` or loaded it, else the current folder, under the run's
            name.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        written = pipeline.run_report(self.run, self.dataset)
        if path is None and self._keeper is None:
            return written
        target = Path.cwd() if path is None else Path(path)
        if target.is_dir():
            target = target / f"{self.run.name}.html"
        remedy = "free some space, or give another path to report()"
        write_whole(target, lambda place: shutil.copyfile(written, place), remedy)
        return target

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
        run = runs.find_run(os.fspath(path))
        return cls(reopen(run, 1, "cpu").dataset, run, run.read(LawsDocument))

    def _chosen(self, law: Law | None) -> Law:
        chosen = law if law is not None else self.best
        if chosen is None:
            raise RunError("nothing is conserved, so there is no law to show; name one with law=")
        return chosen

    def __repr__(self) -> str:
        return f"Discovery({self.dataset.name!r}: {self._found()})"

    def __reduce__(self) -> NoReturn:
        raise RunError(
            "a Discovery refers to a folder and is not pickled; keep it by found.save(path), and "
            "open it by noether_sym.load_discovery(path)"
        )

    def _repr_html_(self) -> str:
        held = self.run.read(RunDocument)
        return notebook.discovery(self._document, self.summary(), held.dataset)

    def _repr_latex_(self) -> str | None:
        return None if self.best is None else f"${self.latex()}$"


def load_discovery(path: str | os.PathLike[str]) -> Discovery:
    """Open what `Discovery.save`, or a verb of the command line, wrote; as `Discovery.load`."""
    return Discovery.load(path)


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
