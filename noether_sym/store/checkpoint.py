"""Finished pieces of a stage, so that a run that was cut short goes on where it was."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.store.files import remove_folder
from noether_sym.store.run import RUN_FILE, Run
from noether_sym.store.schema import RunDocument, to_json

FOLDER = "checkpoint"
_SEAL = hashlib.sha256().digest_size


class Checkpoint:
    """Arrays by key in a run folder; each file is written whole or not at all.

    A file is an ``npz`` with a seal after it: the SHA-256 of the run's identity, the key and
    the arrays. What was damaged, edited, or copied from another run or key is not taken.

    Parameters
    ----------
    run : Run

    Raises
    ------
    RunError
        If run.json is damaged.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._identity = to_json(run.read(RunDocument).identity) if run.has(RUN_FILE) else None

    def read(self, key: str) -> dict[str, NDArray[np.generic]] | None:
        """What is held under a key; None for nothing, or for a file with a broken seal."""
        path = self.run.file(_name(key))
        if path.is_symlink() or path.parent.is_symlink():
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        data = content[:-_SEAL]
        if content != data + self._seal(key, data):
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            return dict(held)

    def write(self, key: str, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep arrays under a key.

        Raises
        ------
        RunError
            If the folder cannot be written, or the disk is full.
        """
        stream = io.BytesIO()
        held: dict[str, Any] = dict(arrays)
        np.savez(stream, **held)  # numbers and text only: nothing to pickle
        data = stream.getvalue()
        content = data + self._seal(key, data)
        self.run.write_with(_name(key), lambda path: path.write_bytes(content))

    def clear(self) -> None:
        """Remove everything held.

        Raises
        ------
        RunError
            If the folder cannot be changed.
        """
        folder = self.run.file(FOLDER)
        if not folder.is_symlink() and folder.is_dir():
            remove_folder(folder)

    def _seal(self, key: str, data: bytes) -> bytes:
        prefix = json.dumps([self._identity, key], sort_keys=True).encode()
        return hashlib.sha256(prefix + data).digest()


def _name(key: str) -> str:
    return f"{FOLDER}/{key}.npz"
