"""The folder of all runs: make, find, lock and remove them."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from noether_sym.errors import RunError
from noether_sym.spelling import spelt
from noether_sym.store.files import PARTIAL, refuse_link, remove_folder, settle, storing, umask
from noether_sym.store.run import (
    CANDIDATES_FILE,
    LAWS_FILE,
    REMEDIES,
    RUN_FILE,
    TAILORING_FILE,
    Run,
)
from noether_sym.store.schema import FORMAT, Identity, LawsDocument, RunDocument, decode, to_json

_SHOWN = 3
"""Runs of like names that an error proposes, the last by name."""

LOCK_FILE = ".lock"
OWNER_FILE = ".owner"


class _Versioned(msgspec.Struct):
    """What every version of run.json holds."""

    format: int | None = None


def run_name(dataset: str, identity: Identity) -> str:
    """Name of the run that these options make: the same options, the same name."""
    text = json.dumps(to_json(identity), sort_keys=True, ensure_ascii=True)
    safe = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in dataset
    )
    return f"{safe[:60]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def open_run(results: Path, document: RunDocument) -> Run:
    """Create the run folder of a name, or return the one that has the same options.

    Parameters
    ----------
    results : Path
        Folder of all runs.
    document : RunDocument
        First content of run.json.

    Raises
    ------
    RunError
        If the folder cannot be written, or belongs to something else.
    """
    run = Run(results / document.name)
    if not run.path.exists():
        _create(run, document)
    elif not run.has(RUN_FILE):
        raise RunError(
            f"{run.path} is not the folder of a run, though it has the name of one; move it "
            f"away or use another folder with {spelt('--results')}"
        )
    if run.read(RunDocument).identity != document.identity:
        raise RunError(
            f"{run.path} belongs to a run with other options; move it away or use another "
            f"folder with {spelt('--results')}"
        )
    with storing(f"write to {run.path}"), tempfile.TemporaryFile(dir=run.path):
        return run


def _create(run: Run, document: RunDocument) -> None:
    """Make the folder with its run.json beside its place, then move it there in one step."""
    with storing(f"create {run.path}"):
        run.path.parent.mkdir(parents=True, exist_ok=True)
        made = Run(Path(tempfile.mkdtemp(dir=run.path.parent, prefix=PARTIAL)))
    try:
        made.write(document)
        with storing(f"create {run.path}"):
            made.path.chmod(0o777 & ~umask())
            try:
                made.path.rename(run.path)
            except OSError:
                if not run.path.is_dir():  # else another process was first
                    raise
            settle(run.path.parent)
    finally:
        shutil.rmtree(made.path, ignore_errors=True)


def find_run(text: str, results: Path | None = None) -> Run:
    """Open a run by its folder, or by its name in a folder of runs.

    Raises
    ------
    RunError
        If the folder is not that of a run.
    """
    run = Run(Path(text))
    if results is not None and not run.path.exists() and (results / text).is_dir():
        run = Run(results / text)
    if not run.has(RUN_FILE):
        if Run(run.path.parent).has(RUN_FILE):
            raise RunError(f"{text} is a file of a run; name its folder: {run.path.parent}")
        if run.path.is_file():
            raise RunError(
                f"{text} is a file, not the folder of a run; search it first with `noether-sym "
                f"fit {text}`"
            )
        meant = f"; did you mean {close}?" if (close := _close(text, results)) else ""
        raise RunError(f"{text} is not the folder of a run: it has no {RUN_FILE}{meant}")
    if decode(run.content(RUN_FILE), _Versioned, str(run.file(RUN_FILE))).format != FORMAT:
        raise RunError(f"{text} was written by another version of noether-sym; run it again")
    return run


def _close(text: str, results: Path | None) -> str:
    """The runs that a text may mean, as those of a data set do by its name; empty for none."""
    names = [] if results is None else [own.name for own in run_like(results)]
    begin = [name for name in names if name.startswith(text)]
    data = difflib.get_close_matches(text, [name.split("-")[0] for name in names], n=1)
    near = begin or [name for name in names if name.split("-")[0] in data]
    return " or ".join(near[-_SHOWN:] or difflib.get_close_matches(text, names, n=1))


def newest_run(results: Path, having: str) -> Run:
    """The run whose file `having` was written last.

    Raises
    ------
    RunError
        If there is none.
    """
    runs = [run for run in all_runs(results) if run.has(having)]
    if not runs:
        remedy = REMEDIES.get(having, "make one with `noether-sym run`")
        raise RunError(f"no run in {results} has {having}; {remedy}, or name one with --run")
    return max(runs, key=lambda run: (run.file(having).stat().st_mtime_ns, run.name))


def fitted_run(text: str | None, results: Path) -> Run:
    """The run that `text` names, or the newest one; it must have laws.

    Raises
    ------
    RunError
        If there is none, or its laws cannot be read.
    """
    run = newest_run(results, LAWS_FILE) if text is None else find_run(text, results)
    run.read(LawsDocument)
    return run


@contextmanager
def locked(run: Run) -> Iterator[None]:
    """Keep other processes from working on the same run; a killed process leaves no lock.

    What a killed process left half-written is removed.

    Raises
    ------
    RunError
        If another process works on the run.
    """
    from filelock import FileLock, Timeout

    owner = run.file(OWNER_FILE)
    lock = FileLock(run.file(LOCK_FILE))
    for name in (LOCK_FILE, OWNER_FILE):
        refuse_link(run.file(name))
    with storing(f"write to {run.path}"):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunError(
                f"another process{_owner(owner)} is working on {run.path}; wait for it, or stop it"
            ) from None
    try:
        with storing(f"write to {run.path}"):
            _sweep(run)
            owner.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    """Who holds the lock, in words; nothing where it is not known."""
    try:
        return f" (process {int(path.read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return ""


def _sweep(run: Run) -> None:
    for folder, folders, names in os.walk(run.path):
        folders[:] = [name for name in folders if folder == str(run.path)]
        for name in names:
            if name.startswith(PARTIAL):
                os.unlink(os.path.join(folder, name))


def check_removable(run: Run) -> None:
    """Check that a folder is that of a run, so that it may be removed.

    Raises
    ------
    RunError
        If it is not a run, or a link.
    """
    if run.path.is_symlink():
        raise RunError(f"{run.path} is a symbolic link; remove what it names itself")
    find_run(str(run.path)).read(RunDocument)


def remove(run: Run) -> None:
    """Delete a run's folder, and nothing that it links to.

    Raises
    ------
    RunError
        If it is not a run, a link, or in use.
    """
    check_removable(run)
    with locked(run):
        remove_folder(run.path)


def size_of(run: Run) -> int:
    """Bytes that a run's files take; links are not followed."""
    total = 0
    for folder, _, names in os.walk(run.path):
        for name in names:
            with suppress(OSError):  # gone since, as a run in progress replaces its files
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def all_runs(results: Path) -> list[Run]:
    """Every run in a results folder, by name."""
    return [run for run in run_like(results) if run.has(RUN_FILE)]


def run_like(results: Path) -> list[Run]:
    """Every folder that holds a file of a run, by name: damaged runs too."""
    if not results.is_dir():
        return []
    files = (RUN_FILE, LAWS_FILE, TAILORING_FILE, CANDIDATES_FILE)
    folders = [path for path in sorted(results.iterdir()) if not path.name.startswith(PARTIAL)]
    return [Run(path) for path in folders if any(os.path.lexists(path / name) for name in files)]
