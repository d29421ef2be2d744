"""Run folders: every option, every result, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym.errors import RunError, StorageError
from noether_sym.store import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
RUN_FILE = "run.json"
LAWS_FILE = "laws.json"
TAILORING_FILE = "tailoring.json"
CURVES_FILE = "curves.npz"
CANDIDATES_FILE = "candidates.parquet"
FORMULAS_FILE = "formulas.parquet"
FITS_FILE = "fits.parquet"
REPORT_FILE = "report.html"
LOCK_FILE = ".lock"
OWNER_FILE = ".owner"
FIGURES = "figures"
_PARTIAL = ".part-"


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

    def read(self, name: str) -> dict[str, Any]:
        """Read one of the run's JSON files.

        Raises
        ------
        RunError
            If the file is missing or is not JSON.
        """
        path = self.file(name)
        self.refuse_link(path)
        try:
            text = path.read_text(encoding="utf-8")
            document = json.loads(text, parse_constant=_refuse_constant)
            json.dumps(document, ensure_ascii=False).encode()  # lone surrogates are no text
        except FileNotFoundError:
            raise RunError(
                f"{path} is missing; {_REMEDIES.get(name, 'run the stage again')}"
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{path} cannot be read ({error}); run the stage again") from error
        if not isinstance(document, dict):
            raise RunError(f"{path} does not hold an object; run the stage again")
        return document

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Read one of the run's npz files.

        Raises
        ------
        RunError
            If the file is missing or damaged.
        """
        import numpy as np

        path = self.file(name)
        self.refuse_link(path)
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
                return {key: held[key] for key in held.files}
        except Exception as error:  # a damaged file raises nearly anything
            raise RunError(
                f"{path} cannot be read ({error}); run `noether-sym tailor --fresh` again"
            ) from error

    def checked(self, name: str) -> dict[str, Any]:
        """Read run.json, laws.json or tailoring.json, and check what it holds.

        Raises
        ------
        RunError
            If the file is missing, damaged, or lacks an entry.
        """
        document = self.read(name)
        schema.check(document, _CONTENTS[name], str(self.file(name)))
        return document

    def write(self, name: str, document: Mapping[str, Any]) -> None:
        """Write one of the run's JSON files, whole or not at all."""
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        self.write_with(name, lambda path: path.write_text(text, encoding="utf-8"))

    def write_with(self, name: str, writer: Callable[[Path], object]) -> None:
        """Let `writer` make a file beside its place, then move it there in one step.

        Raises
        ------
        RunError
            If the folder cannot be written, or the disk is full.
        """
        target = self.file(name)
        self.refuse_link(target.parent)
        with _as_run_error(f"write {target}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(
                dir=target.parent, prefix=_PARTIAL, suffix=target.suffix
            )
            os.close(descriptor)
            try:
                writer(Path(temporary))
                with open(temporary, "rb") as written:
                    os.fsync(written.fileno())  # a power cut leaves the old file or the new one
                os.chmod(temporary, 0o666 & ~_umask())
                os.replace(temporary, target)
                _settle(target.parent)
            finally:
                Path(temporary).unlink(missing_ok=True)

    def refuse_link(self, path: Path) -> None:
        """Refuse a path of the run that is a symbolic link, and so leads elsewhere.

        Raises
        ------
        RunError
            If it is one.
        """
        if path != self.path and path.is_symlink():
            raise RunError(f"{path} is a symbolic link, which a run never holds; remove it")

    def update(self, **changes: Any) -> dict[str, Any]:
        """Change entries of run.json."""
        document = {**self.read(RUN_FILE), **changes}
        self.write(RUN_FILE, document)
        return document

    def finish_stage(self, stage: str, **facts: Any) -> None:
        """Note in run.json that a stage is complete, with its facts."""
        stages = {**self.read(RUN_FILE).get("stages", {}), stage: facts}
        self.update(stages=stages)

    def forget(self, stage: str, *names: str) -> None:
        """Remove what a stage left, because an earlier stage is about to change."""
        stages = dict(self.read(RUN_FILE).get("stages", {}))
        if stages.pop(stage, None) is not None:
            self.update(stages=stages)
        with _as_run_error(f"remove old results from {self.path}"):
            for name in names:
                self.file(name).unlink(missing_ok=True)

    def stage(self, stage: str) -> dict[str, Any] | None:
        """Facts of a complete stage; None if it is not complete."""
        return self.read(RUN_FILE).get("stages", {}).get(stage)


_CONTENTS = {
    RUN_FILE: schema.RUN,
    LAWS_FILE: schema.LAWS,
    TAILORING_FILE: schema.TAILORING,
}
_REMEDIES = {
    RUN_FILE: "name the folder of a run, results/<run>",
    LAWS_FILE: "run `noether-sym fit` first",
    TAILORING_FILE: "run `noether-sym tailor` first",
}


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def run_name(dataset: str, identity: Mapping[str, Any]) -> str:
    """Name of the run that these options make: the same options, the same name."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True)
    safe = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in dataset
    )
    return f"{safe[:60]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def open_run(results: Path, name: str, description: Mapping[str, Any]) -> Run:
    """Create a run folder, or return the one that has the same options.

    Parameters
    ----------
    results : Path
        Folder of all runs.
    name : str
        From `run_name`.
    description : mapping
        First content of run.json.

    Raises
    ------
    RunError
        If the folder cannot be written, or belongs to something else.
    """
    run = Run(results / name)
    if not run.path.exists():
        _create(run, {"format": FORMAT, "name": name, **description, "stages": {}})
    elif not run.has(RUN_FILE):
        raise RunError(
            f"{run.path} is not the folder of a run, though it has the name of one; move it "
            "away or use --results"
        )
    if run.read(RUN_FILE).get("identity") != description.get("identity"):
        raise RunError(
            f"{run.path} belongs to a run with other options; move it away or use --results"
        )
    with _as_run_error(f"write to {run.path}"), tempfile.TemporaryFile(dir=run.path):
        return run


def _create(run: Run, document: Mapping[str, Any]) -> None:
    """Make the folder with its run.json beside its place, then move it there in one step."""
    with _as_run_error(f"create {run.path}"):
        run.path.parent.mkdir(parents=True, exist_ok=True)
        made = Run(Path(tempfile.mkdtemp(dir=run.path.parent, prefix=_PARTIAL)))
    try:
        made.write(RUN_FILE, document)
        with _as_run_error(f"create {run.path}"):
            os.chmod(made.path, 0o777 & ~_umask())
            try:
                made.path.rename(run.path)
            except OSError:
                if not run.path.is_dir():  # else another process was first
                    raise
            _settle(run.path.parent)
    finally:
        shutil.rmtree(made.path, ignore_errors=True)


def find_run(text: str) -> Run:
    """Open a run by its folder.

    Raises
    ------
    RunError
        If the folder is not that of a run.
    """
    run = Run(Path(text))
    if not run.has(RUN_FILE):
        raise RunError(f"{text} is not the folder of a run: it has no {RUN_FILE}")
    if run.read(RUN_FILE).get("format") != FORMAT:
        raise RunError(f"{text} was written by another version of noether-sym; run it again")
    return run


def newest_run(results: Path, having: str) -> Run:
    """The run whose file `having` was written last.

    Raises
    ------
    RunError
        If there is none.
    """
    runs = [run for run in all_runs(results) if run.has(having)]
    if not runs:
        remedy = _REMEDIES.get(having, "make one with `noether-sym run`")
        raise RunError(f"no run in {results} has {having}; {remedy}, or name one with --run")
    return max(runs, key=lambda run: (run.file(having).stat().st_mtime_ns, run.name))


def open_or_newest(text: str | None, results: Path, having: str) -> Run:
    """The run that `text` names, or the newest one; it must have the file `having`."""
    if text is None:
        return newest_run(results, having)
    run = find_run(text)
    run.read(having)
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
        run.refuse_link(run.file(name))
    with _as_run_error(f"write to {run.path}"):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunError(
                f"another process{_owner(owner)} is working on {run.path}; wait for it, or stop it"
            ) from None
    try:
        with _as_run_error(f"write to {run.path}"):
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
            if name.startswith(_PARTIAL):
                os.unlink(os.path.join(folder, name))


def check_removable(run: Run) -> None:
    """Check that a folder is that of a run, so that it may be removed.

    Raises
    ------
    RunError
        If it is no run, or a link.
    """
    if run.path.is_symlink():
        raise RunError(f"{run.path} is a symbolic link; remove what it names itself")
    find_run(str(run.path)).checked(RUN_FILE)


def remove(run: Run) -> None:
    """Delete a run's folder, and nothing that it links to.

    Raises
    ------
    RunError
        If it is no run, a link, or in use.
    """
    check_removable(run)
    with locked(run):
        remove_folder(run.path)


def remove_folder(path: Path) -> None:
    """Delete a folder; links in it go, what they name stays.

    Raises
    ------
    StorageError
        If it cannot be removed.
    """
    with _as_run_error(f"remove {path}"):
        shutil.rmtree(path)


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
    folders = [path for path in sorted(results.iterdir()) if not path.name.startswith(_PARTIAL)]
    return [Run(path) for path in folders if any(os.path.lexists(path / name) for name in files)]


def _settle(folder: Path) -> None:
    """Have the folder's entries on the disk, so that a power cut keeps their order."""
    with suppress(OSError):  # not every system can
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _as_run_error(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot {what}: {error.strerror or error}; free some space or choose another "
            "folder with --results"
        ) from error
