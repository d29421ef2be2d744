"""Finished pieces of a stage, so that a run that was cut short goes on where it was."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from noether_sym.runs import Run

FOLDER = "checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Arrays by key in a run folder; each file is written whole or not at all."""

    run: Run

    def read(self, key: str) -> dict[str, NDArray[np.generic]] | None:
        """What is held under a key; None for nothing, or for a file that is damaged."""
        path = self.run.file(_name(key))
        if path.is_symlink():
            return None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None

    def write(self, key: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep arrays under a key.

        Raises
        ------
        RunError
            If the folder cannot be written, or the disk is full.
        """

        def writer(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)

        self.run.write_with(_name(key), writer)

    def clear(self) -> None:
        """Remove everything held."""
        folder = self.run.file(FOLDER)
        if folder.is_symlink() or not folder.is_dir():
            return
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()


def _name(key: str) -> str:
    return f"{FOLDER}/{key}.npz"
