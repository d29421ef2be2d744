"""The measured pendulum of Schmidt & Lipson 2009: find the file, check it, read it.

The data carry no licence, so they are not part of the project. They are looked for in
``$NOETHER_SYM_DATA``, then in the user's cache, and downloaded into the cache otherwise.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Column, Dataset, Trajectory
from noether_sym.errors import DatasetError
from noether_sym.units.coherent import coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "real_pendulum"
DESCRIPTION = "measured pendulum with slight friction"
COLUMNS = (("q", "rad"), ("p", "rad/s"))
TIME_UNIT = "s"
INVARIANT = "p**2 - 2.4*cos(q)"
SOURCE = "Schmidt, Lipson 2009, Science 324, 81; real_pend_h_1.txt"
DATA_VARIABLE = "NOETHER_SYM_DATA"
FILE_NAME = "real_pend_h_1.txt"
FILE_SHA256 = "45d92988198b89a5933f5a53e67aa819d06937516f71a462ac09e1307d8b3411"
ARCHIVE_URL = (
    "https://github.com/Vozikis/Equation-Learning/raw/"
    "e72591eb776cbc33859ee4509c35833e107e6ad9/invar_datasets.zip"
)
ARCHIVE_SHA256 = "43746637f6e2a384eda24fb4c1bf576b9a26ede2801ac45bdec75154dba19489"
ARCHIVE_MEMBER = f"invar_datasets/{FILE_NAME}"
TEST_SHARE = 0.2


def load_real_pendulum() -> Dataset:
    """Load the measured pendulum.

    Returns
    -------
    Dataset
        Angle q [rad] and rate p [rad/s] as one training trajectory, the first 80 %, and
        one test trajectory, the rest. dx/dt is the forward difference, and the last
        sample, which has none, is dropped (Greydanus et al. 2019).

    Raises
    ------
    DatasetError
        If the file is neither there nor can be downloaded, or is not the one expected.
    """
    times, states = read(locate())
    slopes = np.diff(states, axis=0) / np.diff(times)[:, None]
    whole = Trajectory("real", times[:-1], states[:-1], slopes)
    split = int(len(whole) * (1 - TEST_SHARE))
    *units, time_unit = coherent_units([*(unit for _, unit in COLUMNS), TIME_UNIT])
    steps = np.diff(times)
    gaps = int(np.sum(steps > 1.5 * np.median(steps)))
    return Dataset(
        name=NAME,
        columns=tuple(Column(name, unit) for (name, _), unit in zip(COLUMNS, units, strict=True)),
        time_unit=time_unit,
        train=(whole.part(0, split),),
        test=(whole.part(split, len(whole)),),
        derivative="forward difference",
        source=SOURCE,
        canonical_pairs=((0, 1),),
        invariant=INVARIANT,
        notes=(
            f"the last {TEST_SHARE:.0%} of the time is for testing",
            f"{gaps} gaps in time; dx/dt before a gap is the difference across it",
        ),
    )


def locate() -> Path:
    """Find the data file, or download it into the user's cache.

    Raises
    ------
    DatasetError
        If a file of that name has another checksum, or there is none and no download.
    """
    path = next((path for path in _places() if path.is_file()), None)
    return _checked(path if path is not None else _download())


def read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the data file: times of shape (time,) and states (q, p) of shape (time, 2)."""
    table = np.loadtxt(path, comments="%", dtype=np.float64, ndmin=2)
    return table[:, 1], table[:, 2:4]


def _places() -> list[Path]:
    """Where the file may be, best first: the folder named by the user, then the cache."""
    places = []
    named = os.environ.get(DATA_VARIABLE, "")
    if named:
        folder = Path(named).expanduser()
        places += [folder] if folder.name == FILE_NAME else []
        places += [folder / FILE_NAME, folder / "schmidt_lipson" / FILE_NAME]
        places += sorted(folder.glob(f"*/{FILE_NAME}"))
    return [*places, _cache() / FILE_NAME]


def _cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("noether-sym", appauthor=False))


def _checked(path: Path) -> Path:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != FILE_SHA256:
        raise DatasetError(
            f"{path} is not the file that was expected: its sha256 is {found}, expected "
            f"{FILE_SHA256}; delete it to have it downloaded again, or put the right file in "
            f"its place ({ARCHIVE_MEMBER} of {ARCHIVE_URL})"
        )
    return path


def _download() -> Path:
    import pooch

    cache = _cache()
    try:
        members = pooch.retrieve(
            ARCHIVE_URL,
            known_hash=f"sha256:{ARCHIVE_SHA256}",
            fname="invar_datasets.zip",
            path=cache,
            processor=pooch.Unzip(members=[ARCHIVE_MEMBER]),
        )
        # a copy that is cut short must not pass for the file
        target, partial = cache / FILE_NAME, cache / f"{FILE_NAME}.part"
        partial.write_bytes(Path(members[0]).read_bytes())
        partial.replace(target)
    except (OSError, ValueError, IndexError) as error:
        named = os.environ.get(DATA_VARIABLE)
        reason = "no network" if isinstance(error, OSError) else str(error)
        raise DatasetError(
            f"the data of {NAME} are not on this machine and could not be downloaded ({reason}). "
            f"Download {ARCHIVE_URL} (sha256 {ARCHIVE_SHA256}), take {ARCHIVE_MEMBER} out of it, "
            f"put {FILE_NAME} into a folder, and set the environment variable {DATA_VARIABLE} "
            f"to that folder ({f'now {named!r}' if named else 'now unset'}), or put it into "
            f"{cache}"
        ) from error
    return target
