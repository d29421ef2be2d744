"""An embedding of states as a program uses it: values, gradients, what the laws explain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym import pipeline
from noether_sym.api.arguments import count, folder
from noether_sym.api.discovery import Discovery
from noether_sym.api.searching import discover
from noether_sym.errors import OptionError
from noether_sym.neural.embed_verdict import judged
from noether_sym.store import runs
from noether_sym.store.files import write_whole
from noether_sym.store.run import WEIGHTS_FILE
from noether_sym.store.search import reopen

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from noether_sym.neural.embed_document import EmbeddingDocument
    from noether_sym.neural.states import StatesEmbedding


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A network whose outputs are conserved, each in a direction of its own.

    Attributes
    ----------
    found : Discovery
        The laws that it was compared with, and the run that holds both.
    """

    found: Discovery
    _document: EmbeddingDocument = field(repr=False)
    _network: StatesEmbedding = field(repr=False)

    @property
    def directions(self) -> int:
        """Number of independent conserved directions; a lower bound."""
        return self._document.directions

    @property
    def explained(self) -> int:
        """How many of them lie in the span of the laws' gradients."""
        return self._document.explained

    @property
    def most(self) -> int:
        """Directions that were looked for at most."""
        return self._document.most

    @property
    def complete(self) -> bool | None:
        """Whether the laws explain all there is: None where the embedding cannot tell."""
        return judged(self._document).complete

    @property
    def tried(self) -> pd.DataFrame:
        """Every output that was trained, one a row; the last may be one that is not conserved.

        Columns: ``units``, ``conserved``, ``crosswise_drift``, ``crosswise_share``,
        ``heldout_drift``, ``heldout_share``, ``sine_to_laws``.
        """
        import pandas as pd

        from noether_sym.neural.embed_document import DirectionRow

        names = list(DirectionRow.__dataclass_fields__)
        rows = self._document.tried
        table = pd.DataFrame({name: [getattr(row, name) for row in rows] for name in names})
        table.index = pd.RangeIndex(1, len(table) + 1, name="direction")
        return table

    def __call__(self, states: Any) -> NDArray[np.float64]:
        """Conserved values (..., output) at states (..., column).

        Columns are those of `found.dataset` that are not derived, in its units.

        Raises
        ------
        OptionError
            If the states have another number of columns.
        """
        return self._network(np.asarray(states, dtype=np.float64))

    def summary(self) -> str:
        """Whether the laws explain every conserved direction, in words."""
        from noether_sym.report.embedding import completeness

        return completeness(self._document)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the network to a file in safetensors' format, and return its path.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        target = folder("path", path)
        held = self.found.run.file(WEIGHTS_FILE)
        write_whole(target, lambda place: shutil.copyfile(held, place), "give another path")
        return target

    def __repr__(self) -> str:
        return f"Embedding({self._document.dataset!r}: {self.summary()})"


def embed(
    data: Any,
    *,
    outputs: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    **options: Any,
) -> Embedding:
    """Train a network whose outputs are conserved, and see whether the laws explain them.

    Parameters
    ----------
    data : Discovery, or data as `discover` takes them
        Data are searched for laws first.
    outputs : int, optional
        Directions to look for at most; by default as many as a flow can have.
    progress : callable, optional
        Called with (stage, done, total).
    **options
        How to read and search the data, as `discover` takes it; none with a Discovery.

    Returns
    -------
    Embedding
        `directions`, `explained`, `complete`, `summary()`; called with states it gives the values.

    Raises
    ------
    DatasetError, UnitError, GrammarError, DeviceError, OptionError, RunError
        If the data are too few or not usable, or an argument is not.

    Examples
    --------
    >>> import noether_sym
    >>> noether_sym.embed("ideal_spring", search="sums").summary()
    'One independent conserved direction, one law: nothing left.'
    """
    from noether_sym.neural.states_file import read_embedding

    most = count("outputs", outputs)
    if isinstance(data, Discovery):
        if options:
            raise OptionError(
                f"{', '.join(options)}: a Discovery holds its data already; give these to discover"
            )
        found = data
    else:
        found = discover(data, progress=progress, **options)
    with runs.locked(found.run):
        document = pipeline.embedded(reopen(found.run, 1, "cpu"), most, progress)
        network = read_embedding(found.run.file(WEIGHTS_FILE))
    return Embedding(found, document, network)
