"""The recordings of Schmidt & Lipson 2009: find a file of their archive, check it, read it.

The data carry no licence, so they are not part of the project. They are looked for in
``$NOETHER_SYM_DATA``, then in the user's cache, and downloaded into the cache otherwise.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.errors import DatasetError
from noether_sym.runtime import folders
from noether_sym.units.coherent import coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA_VARIABLE = "NOETHER_SYM_DATA"
ARCHIVE_URL = (
    "https://github.com/Vozikis/Equation-Learning/raw/"
    "e72591eb776cbc33859ee4509c35833e107e6ad9/invar_datasets.zip"
)
ARCHIVE_SHA256 = "43746637f6e2a384eda24fb4c1bf576b9a26ede2801ac45bdec75154dba19489"

TEST_SHARE = 0.2
"""Share of each trial, its end, that is kept to test predictions."""

DIFFERENCE = "forward difference"

_PAPER = "Schmidt, Lipson 2009, Science 324, 81"
_ANGLES = (("theta1", "rad"), ("theta2", "rad"), ("omega1", "rad/s"), ("omega2", "rad/s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file of the archive: a row a sample, of trial, time, states and, in some, dx/dt.

    Attributes
    ----------
    name, description : str
        Name as the user types it, and one line about the data.
    file_name, sha256 : str
        Of the file in the archive.
    trials : tuple of str
        What the file's trials are called, in the order of their numbers.
    columns : tuple of (str, str)
        Name and unit of each state, in the order of the file.
    time_unit : str
    derivative : str
        Where dx/dt comes from, in words: from the file, or by `DIFFERENCE`, and then the last
        sample of each trial, which has none, is dropped (Greydanus et al. 2019).
    known_laws : int
    invariants : tuple of str
        As in `noether_sym.datasets.systems.records.System`.
    canonical_pairs : tuple of (int, int)
    """

    name: str
    description: str
    file_name: str
    sha256: str
    trials: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    time_unit: str = "s"
    derivative: str = DIFFERENCE
    known_laws: int = 1
    invariants: tuple[str, ...]
    canonical_pairs: tuple[tuple[int, int], ...] = ()

    @property
    def source(self) -> str:
        """Citation."""
        return f"{_PAPER}; {self.file_name}"

    @property
    def member(self) -> str:
        """Path of the file in the archive."""
        return f"invar_datasets/{self.file_name}"


RECORDINGS = MappingProxyType(
    {
        recording.name: recording
        for recording in (
            Recording(
                name="schmidt_lipson_double_pendulum",
                description="double pendulum of unit masses and rods, g = 9.8, simulated",
                file_name="double_pend_h_1.txt",
                sha256="cbdb34df045549d08a98db60c4e856b4dc27d896165faabcddb896ff4f97f5e9",
                trials=("0", "1"),
                columns=_ANGLES,
                derivative="exact, given in the file",
                invariants=(
                    "omega1**2 + 0.5*omega2**2 + 1*(omega1*omega2*cos(theta1 - theta2)) "
                    "- (19.6*cos(theta1) + 9.8*cos(theta2))",
                ),
            ),
            Recording(
                name="real_pendulum",
                description="measured pendulum with slight friction",
                file_name="real_pend_h_1.txt",
                sha256="45d92988198b89a5933f5a53e67aa819d06937516f71a462ac09e1307d8b3411",
                trials=("real",),
                columns=(("q", "rad"), ("p", "rad/s")),
                invariants=("p**2 - 2.4*cos(q)",),
                canonical_pairs=((0, 1),),
            ),
            Recording(
                name="real_double_pendulum",
                description="measured double pendulum with friction, swinging and turning over",
                file_name="real_double_pend_h_1.txt",
                sha256="9ea97ad3b1c6b83b2762f1c84760bfd55638809436a8ece0c2dfffb96ddaec37",
                trials=("0", "1"),
                columns=_ANGLES,
                derivative="estimated by those who measured, given in the file",
                # which factors vary least within 60 samples of both trials
                invariants=(
                    "omega1**2 + 0.32*omega2**2 + 0.77*(omega1*omega2*cos(theta1 - theta2)) "
                    "- (124.7*cos(theta1) + 46.5*cos(theta2))",
                ),
            ),
        )
    }
)
"""Every recording, by name; the measured ones last."""


def load_recording(recording: Recording) -> Dataset:
    """Load a recording.

    Returns
    -------
    Dataset
        Of each trial the first 80 % as a training trajectory and the rest as a test
        trajectory.

    Raises
    ------
    DatasetError
        If the file is neither there nor can be downloaded, or is not the one expected.
    """
    trials = read(locate(recording), recording)
    cuts = [(trial, int(len(trial) * (1 - TEST_SHARE))) for trial in trials]
    *units, time_unit = coherent_units(
        [*(unit for _, unit in recording.columns), recording.time_unit]
    )
    return Dataset(
        name=recording.name,
        columns=tuple(
            Column(name, unit) for (name, _), unit in zip(recording.columns, units, strict=True)
        ),
        time_unit=time_unit,
        train=tuple(trial.part(0, split) for trial, split in cuts),
        test=tuple(trial.part(split, len(trial)) for trial, split in cuts),
        derivative=recording.derivative,
        source=recording.source,
        canonical_pairs=recording.canonical_pairs,
        invariant=recording.invariants[0],
        notes=_notes(trials, recording),
    )


def locate(recording: Recording) -> Path:
    """Find the data file, or download it into the user's cache.

    Raises
    ------
    DatasetError
        If a file of that name has another checksum, or there is none and no download.
    """
    path = next((path for path in places(recording) if path.is_file()), None)
    path = _download(recording) if path is None else path
    return checked(path, recording.sha256, f"{recording.member} of {ARCHIVE_URL}")


def read(path: Path, recording: Recording) -> tuple[Trajectory, ...]:
    """Read the data file: its trials, whole."""
    table = np.loadtxt(path, comments="%", dtype=np.float64, ndmin=2)
    rows = [table[table[:, 0] == number, 1:] for number in np.unique(table[:, 0])]
    return tuple(
        _trajectory(name, own, recording) for name, own in zip(recording.trials, rows, strict=True)
    )


def _notes(trials: tuple[Trajectory, ...], recording: Recording) -> tuple[str, ...]:
    whole = "the time" if len(trials) == 1 else "each trial"
    share = f"the last {TEST_SHARE:.0%} of {whole} is kept to test predictions"
    gaps = sum(len(trial.segments()) - 1 for trial in trials)
    if not gaps:
        return (share,)
    across = "; dx/dt before a gap is the difference across it"
    return share, f"{gaps} gaps in time{across if recording.derivative == DIFFERENCE else ''}"


def _trajectory(name: str, rows: NDArray[np.float64], recording: Recording) -> Trajectory:
    """From rows of time, states and, if the file gives it, dx/dt."""
    count = len(recording.columns)
    times, states = rows[:, 0], rows[:, 1 : 1 + count]
    if recording.derivative != DIFFERENCE:
        return Trajectory(name, times, states, rows[:, 1 + count : 1 + 2 * count])
    slopes = np.diff(states, axis=0) / np.diff(times)[:, None]
    return Trajectory(name, times[:-1], states[:-1], slopes)


def places(recording: Recording) -> list[Path]:
    """Where the file may be, best first: the folder named by the user, then the cache."""
    found = []
    named = os.environ.get(DATA_VARIABLE, "")
    if named:
        folder, name = Path(named).expanduser(), recording.file_name
        found += [folder] if folder.name == name else []
        found += [folder / name, folder / "schmidt_lipson" / name]
        found += sorted(folder.glob(f"*/{name}"))
    return [*found, folders.cache_folder() / recording.file_name]


def checked(path: Path, sha256: str, source: str) -> Path:
    """The path, if its file has the checksum.

    Raises
    ------
    DatasetError
        If it has another; `source` says where the right file is to be had.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise DatasetError(
            f"{path} is not the file that was expected: its sha256 is {found}, expected "
            f"{sha256}; delete it to have it downloaded again, or put the right file in its place "
            f"({source})"
        )
    return path


def _download(recording: Recording) -> Path:
    import pooch

    cache = folders.cache_folder()
    try:
        members = pooch.retrieve(
            ARCHIVE_URL,
            known_hash=f"sha256:{ARCHIVE_SHA256}",
            fname="invar_datasets.zip",
            path=cache,
            processor=pooch.Unzip(members=[recording.member]),
        )
        # a copy that is cut short must not pass for the file
        target, partial = cache / recording.file_name, cache / f"{recording.file_name}.part"
        partial.write_bytes(Path(members[0]).read_bytes())
        partial.replace(target)
    except (OSError, ValueError, IndexError) as error:
        named = os.environ.get(DATA_VARIABLE)
        reason = "no network" if isinstance(error, OSError) else str(error)
        raise DatasetError(
            f"the data of {recording.name} are not on this machine and could not be downloaded "
            f"({reason}). Download {ARCHIVE_URL} (sha256 {ARCHIVE_SHA256}), take "
            f"{recording.member} out of it, put {recording.file_name} into a folder, and set the "
            f"environment variable {DATA_VARIABLE} to that folder "
            f"({f'now {named!r}' if named else 'now unset'}), or put it into {cache}"
        ) from error
    return target
