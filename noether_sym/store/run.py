"""A run folder: its files read as typed values, and written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from noether_sym.errors import RunError
from noether_sym.neural.embed_document import EmbeddingDocument
from noether_sym.store.files import refuse_link, storing, write_whole
from noether_sym.store.schema import LawsDocument, RunDocument, Stages, decode, encode
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUN_FILE = "run.json"
LAWS_FILE = "laws.json"
TAILORING_FILE = "tailoring.json"
CURVES_FILE = "curves.npz"
EMBEDDING_FILE = "embedding.json"
WEIGHTS_FILE = "embedding.safetensors"
LEARNED_FILE = "algorithm1.safetensors"
CANDIDATES_FILE = "candidates.parquet"
FORMULAS_FILE = "formulas.parquet"
FITS_FILE = "fits.parquet"
REPORT_FILE = "report.html"
FIGURES = "figures"

REMEDIES = {
    RUN_FILE: "name the folder of a run, results/<run>",
    LAWS_FILE: "run `noether-sym fit` first",
    TAILORING_FILE: "run `noether-sym tailor` first",
    EMBEDDING_FILE: "run `noether-sym embed` first",
}
"""How to come by a file that is missing."""

_FILES = {
    RunDocument: RUN_FILE,
    LawsDocument: LAWS_FILE,
    TailoringDocument: TAILORING_FILE,
    EmbeddingDocument: EMBEDDING_FILE,
}
Document = TypeVar("Document", RunDocument, LawsDocument, TailoringDocument, EmbeddingDocument)


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    def file(self, name: str) -> Path:
        """Path of a file of the run."""
        return self.path / name

    def has(self, name: str) -> bool:
        """Whether a file of the run is there."""
        return self.file(name).is_file()

    def read(self, kind: type[Document]) -> Document:
        """Read ``run.json``, ``laws.json``, ``tailoring.json`` or ``embedding.json``.

        Parameters
        ----------
        kind : type
            `RunDocument`, `LawsDocument`, `TailoringDocument` or `EmbeddingDocument`.

        Raises
        ------
        RunError
            If the file is missing or damaged, or lacks an entry.
        """
        name = _FILES[kind]
        return decode(self.content(name), kind, str(self.file(name)))

    def content(self, name: str) -> bytes:
        """Bytes of a file.

        Raises
        ------
        RunError
            If it is missing, cannot be read, or is a link.
        """
        path = self.file(name)
        refuse_link(path)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            remedy = REMEDIES.get(name, "run the stage again")
            raise RunError(f"{path} is missing; {remedy}") from None
        except OSError as error:
            raise RunError(f"{path} cannot be read ({error}); run the stage again") from error

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Read one of the run's npz files.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        import numpy as np

        content = self.content(name)
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as held:
                return dict(held)
        except Exception as error:  # a damaged file raises nearly anything
            raise RunError(
                f"{self.file(name)} cannot be read ({error}); run `noether-sym tailor --fresh` "
                "again"
            ) from error

    def write(
        self, document: RunDocument | LawsDocument | TailoringDocument | EmbeddingDocument
    ) -> None:
        """Write a document to its file, whole or not at all."""
        text = encode(document)
        self.write_with(
            _FILES[type(document)], lambda path: path.write_text(text, encoding="utf-8")
        )

    def write_with(self, name: str, writer: Callable[[Path], object]) -> None:
        """Let `writer` make a file beside its place, then move it there in one step.

        Raises
        ------
        RunError
            If the folder cannot be written, or the disk is full.
        """
        target = self.file(name)
        if target.parent != self.path:
            refuse_link(target.parent)
        write_whole(target, writer)

    @property
    def stages(self) -> Stages:
        """Facts of the stages that are complete."""
        return self.read(RunDocument).stages

    def update(self, **changes: Any) -> None:
        """Change entries of run.json."""
        self.write(msgspec.structs.replace(self.read(RunDocument), **changes))

    def finish(self, **stages: Any) -> None:
        """Note in run.json that stages are complete, with their facts."""
        self.update(stages=msgspec.structs.replace(self.stages, **stages))

    def forget_tailoring(self) -> None:
        """Remove what the tailoring left, because the laws are about to change.

        Raises
        ------
        RunError
            If the folder cannot be changed.
        """
        if self.stages.tailor is not None:
            self.finish(tailor=None)
        with storing(f"remove old results from {self.path}"):
            for name in (TAILORING_FILE, CURVES_FILE, REPORT_FILE):
                self.file(name).unlink(missing_ok=True)

    def forget_embedding(self) -> None:
        """Remove the embedding, because the laws that it is compared with are about to change.

        Raises
        ------
        RunError
            If the folder cannot be changed.
        """
        with storing(f"remove old results from {self.path}"):
            for name in (EMBEDDING_FILE, WEIGHTS_FILE, LEARNED_FILE):
                self.file(name).unlink(missing_ok=True)
