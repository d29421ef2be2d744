"""The film that is built in: find it, check it, and track the object in it.

The film carries the MIT licence and is large, so it is not part of the project. It is looked
for and downloaded as the recordings of `noether_sym.datasets.systems.schmidt_lipson` are. What
was tracked in it is kept in the user's cache, for as long as the tracker stays the same.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.systems import schmidt_lipson
from noether_sym.errors import DatasetError
from noether_sym.runtime import folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A video of one moving object.

    Attributes
    ----------
    name, description : str
    file_name, sha256, url : str
    columns : tuple of (str, str)
        Name and unit of what is tracked.
    time_unit : str
    known_laws : int
    invariants : tuple of str
    source : str
        Citation.
    """

    name: str
    description: str
    file_name: str
    sha256: str
    url: str
    columns: tuple[tuple[str, str], ...]
    time_unit: str = "s"
    known_laws: int = 1
    invariants: tuple[str, ...]
    source: str


FILMS = MappingProxyType(
    {
        film.name: film
        for film in (
            Film(
                name="real_apple_pendulum",
                description="filmed apple on a string, swinging with slight friction",
                file_name="redapple_480p.mov",
                sha256="5325ac930f76d1ab0de69aaabac231839c50a9f0a2829f23a4ba5f00282f476c",
                url="https://github.com/christianausb/controlAlgorithms/raw/"
                "b5f29dbd660100b8dfdf72f8554d09c5bf3d41d8/examples/"
                "pendulum_finder/pendulum_videos/redapple_480p.mov",
                columns=(("q", "rad"), ("w", "rad/s")),
                # from period and amplitude
                invariants=("w**2 - 18.54*cos(q)",),
                source="christianausb/controlAlgorithms (MIT), redapple_480p.mov",
            ),
        )
    }
)
"""Every film, by name."""


def load_film(film: Film) -> Dataset:
    """Track the object in a film, or take what was tracked before.

    Raises
    ------
    DatasetError
        If the film is neither there nor can be downloaded, is not the one expected, or PyAV is
        not installed.
    """
    from noether_sym.datasets.readers.options import TableOptions
    from noether_sym.datasets.readers.table import load_table
    from noether_sym.datasets.tracked import csv_of, table_of
    from noether_sym.track.motion import motion_of

    kept = folders.cache_folder() / f"{film.name}-{film.sha256[:8]}-{_tracker()}.csv"
    if not kept.is_file():
        text = csv_of(table_of([motion_of(locate_film(film))]))
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".part{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(kept)
    dataset = load_table(kept, TableOptions())
    return replace(
        dataset,
        name=film.name,
        source=film.source,
        canonical_pairs=((0, 1),),
        invariant=film.invariants[0],
    )


@cache
def _tracker() -> str:
    """Digest of the sources by which films are tracked."""
    package = Path(__file__).parents[1]
    files = [*sorted((package / "track").glob("*.py")), Path(__file__).with_name("tracked.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files))
    return digest.hexdigest()[:12]


def locate_film(film: Film) -> Path:
    """Find the file of a film, or download it into the user's cache.

    Raises
    ------
    DatasetError
        If a file of that name has another checksum, or there is none and no download.
    """
    path = next((path for path in film_places(film) if path.is_file()), None)
    if path is None:
        return _download(film)
    return schmidt_lipson.checked(path, film.sha256, film.url)


def film_places(film: Film) -> list[Path]:
    """Where the file may be, best first: the folder named by the user, then the cache."""
    found = []
    if named := os.environ.get(schmidt_lipson.DATA_VARIABLE, ""):
        folder = Path(named).expanduser()
        found += [folder / film.file_name, folder / "video" / film.file_name]
        found += sorted(folder.glob(f"*/{film.file_name}"))
    return [*found, folders.cache_folder() / film.file_name]


def _download(film: Film) -> Path:
    import pooch

    folder, variable = folders.cache_folder(), schmidt_lipson.DATA_VARIABLE
    try:
        return Path(
            pooch.retrieve(
                film.url, known_hash=f"sha256:{film.sha256}", fname=film.file_name, path=folder
            )
        )
    except (OSError, ValueError) as error:
        reason = "no network" if isinstance(error, OSError) else str(error)
        raise DatasetError(
            f"the film of {film.name} is not on this machine and could not be downloaded "
            f"({reason}). Download {film.url} (sha256 {film.sha256}), put it into a folder, and "
            f"set the environment variable {variable} to that folder, or put it into {folder}"
        ) from error
