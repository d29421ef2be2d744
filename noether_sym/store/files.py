"""Files that are written whole or not at all, and folders that no link leads out of."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from noether_sym.errors import RunError, StorageError
from noether_sym.spelling import spelt

PARTIAL = ".part-"
"""How names of half-written files begin."""


@contextmanager
def storing(what: str, remedy: str = "") -> Iterator[None]:
    """Turn what the system refuses into an error in words: ``cannot <what>: ...; <remedy>``.

    Where no remedy is given it is another folder for the results.

    Raises
    ------
    StorageError
        For every `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        another = f"choose another folder with {spelt('--results')}"
        raise StorageError(
            f"cannot {what}: {error.strerror or error}; {remedy or f'free some space or {another}'}"
        ) from error


def refuse_link(path: Path) -> None:
    """Refuse a path in a run that is a symbolic link, and so leads elsewhere.

    Raises
    ------
    RunError
        If it is one.
    """
    if path.is_symlink():
        raise RunError(f"{path} is a symbolic link, which a run never holds; remove it")


def write_whole(target: Path, writer: Callable[[Path], object], remedy: str = "") -> None:
    """Let `writer` make a file beside its place, then move it there in one step.

    Raises
    ------
    StorageError
        If the folder cannot be written, or the disk is full.
    """
    with storing(f"write {target}", remedy):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=PARTIAL, suffix=target.suffix)
        os.close(descriptor)
        temporary = Path(name)
        try:
            writer(temporary)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())  # a power cut leaves the old file or the new one
            temporary.chmod(0o666 & ~umask())
            temporary.replace(target)
            settle(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Delete a folder; links in it go, what they name stays.

    Raises
    ------
    StorageError
        If it cannot be removed.
    """
    with storing(f"remove {path}"):
        shutil.rmtree(path)


def settle(folder: Path) -> None:
    """Have the folder's entries on the disk, so that a power cut keeps their order."""
    with suppress(OSError):  # not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def umask() -> int:
    """The bits that new files of this process lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
