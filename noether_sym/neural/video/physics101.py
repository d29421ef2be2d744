"""Physics 101 (Wu et al. 2016), scenario ramp: which clips there are, and which can be used.

The data are large and carry no licence of their own, so they are not part of the project and not
downloaded: they are looked for in ``$NOETHER_SYM_DATA`` and in the user's cache.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from noether_sym.datasets.systems.schmidt_lipson import DATA_VARIABLE
from noether_sym.errors import DatasetError
from noether_sym.neural.video.physics101_frames import (
    Frames,
    Preparation,
    UnfitClip,
    frames_of,
)
from noether_sym.runtime import folders
from noether_sym.runtime.stages import Progress

SOURCE = "Wu, Lim, Zhang, Tenenbaum, Freeman 2016, Physics 101, BMVC; http://phys101.csail.mit.edu"
CLIP = "Kinect_RGB_1.mp4"
ANGLE = 20
"""Degrees; on the ramp of 10 many objects stay where they are."""

_RAMP = Path("scenarios/ramp")
_SHOWN = 3
"""Clips that the error names, with their reasons."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording.

    Attributes
    ----------
    name : str
        Object, set and trial, with strokes between them: the folders.
    object : str
        What slides.
    path : Path
    """

    name: str
    object: str
    path: Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A clip that is not used.

    Attributes
    ----------
    name : str
        As of `Clip`.
    reason : str
    damaged : bool
        Whether the file cannot be read; else it is too short or too slow.
    """

    name: str
    reason: str
    damaged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """Clips with their frames.

    Attributes
    ----------
    clips : tuple of Clip
        In the order of their names.
    frames : tuple of arrays of shape (time, row, column, 3), uint8
        Of each clip.
    left_out : tuple of LeftOut
    preparation : Preparation
    """

    clips: tuple[Clip, ...]
    frames: tuple[Frames, ...]
    left_out: tuple[LeftOut, ...]
    preparation: Preparation

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Frames:
        """Frames of the clip of that number, and of no other."""
        return self.frames[index]

    @property
    def objects(self) -> tuple[str, ...]:
        """What slides, in each clip."""
        return tuple(clip.object for clip in self.clips)

    def notes(self) -> tuple[str, ...]:
        """What was left out, in lines for people; damaged files are named."""
        damaged = [own for own in self.left_out if own.damaged]
        unfit = len(self.left_out) - len(damaged)
        lines = [f"{len(self)} clips of {len(set(self.objects))} objects"]
        if unfit:
            many = "1 clip is" if unfit == 1 else f"{unfit} clips are"
            lines.append(f"{many} too short or too slow, and left out")
        lines += [f"left out: {own.name}: {own.reason}" for own in damaged]
        return tuple(lines)


def places() -> list[Path]:
    """Where the data may be, best first: in the folder named by the user, then in the cache."""
    found = []
    named = os.environ.get(DATA_VARIABLE, "")
    if named:
        folder = Path(named).expanduser()
        found += [folder, folder / "physics101", *sorted(folder.glob("*/"))]
    return [*found, folders.cache_folder() / "physics101"]


def locate(folder: Path | None = None) -> Path:
    """The folder ``scenarios/ramp``.

    Parameters
    ----------
    folder : Path, optional
        That folder or one above it; otherwise it is sought in `places`.

    Raises
    ------
    DatasetError
        If there is none.
    """
    for place in places() if folder is None else [folder]:
        for ramp in (place / _RAMP, place / "ramp", place):
            if ramp.name == "ramp" and ramp.is_dir():
                return ramp
    named = os.environ.get(DATA_VARIABLE)
    where = (
        f"no folder {_RAMP} is in {folder}"
        if folder is not None
        else f"the clips of Physics 101 are not on this machine ({DATA_VARIABLE} is "
        f"{f'now {named!r}' if named else 'not set'})"
    )
    raise DatasetError(
        f"{where}. Download the data from http://phys101.csail.mit.edu, unpack them, so that there "
        f"are files {_RAMP}/<object>/{ANGLE}_01/<trial>/{CLIP}, and set {DATA_VARIABLE} to the "
        f"folder above 'scenarios'"
    )


def listed(ramp: Path, *, angle: int = ANGLE) -> tuple[Clip, ...]:
    """All clips of a ramp at an angle, in the order of their names.

    Parameters
    ----------
    ramp : Path
        The folder ``scenarios/ramp``.
    angle : int
        Degrees: sets are folders like ``20_01``.

    Raises
    ------
    DatasetError
        If there is none.
    """
    sets = re.compile(rf"{angle}_\d+")
    found = [
        Clip("/".join((thing, own, trial)), thing, path)
        for path in sorted(ramp.glob(f"*/*/*/{CLIP}"))
        for thing, own, trial in [path.relative_to(ramp).parts[:3]]
        if sets.fullmatch(own)
    ]
    if not found:
        raise DatasetError(
            f"{ramp} holds no clip <object>/{angle}_01/<trial>/{CLIP}; is it the scenario 'ramp' "
            "of Physics 101, unpacked whole?"
        )
    return tuple(found)


def load(
    folder: Path | None = None,
    preparation: Preparation | None = None,
    *,
    angle: int = ANGLE,
    cached: bool = True,
    progress: Progress | None = None,
) -> Clips:
    """Load the clips that can be used; the others are told, and lose nothing but themselves.

    Parameters
    ----------
    folder : Path, optional
        As of `locate`.
    preparation : Preparation, optional
        The paper's otherwise.
    angle : int
        Of the ramp, in degrees.
    cached : bool
        Whether decoded clips are kept in the user's cache.
    progress : callable, optional

    Raises
    ------
    DatasetError
        If there are no clips, or none of them can be used.
    """
    preparation = Preparation() if preparation is None else preparation
    ramp = locate(folder)
    every = listed(ramp, angle=angle)
    cache = folders.cache_folder() / "physics101_frames" if cached else None
    used: list[tuple[Clip, Frames]] = []
    left_out: list[LeftOut] = []
    for number, clip in enumerate(every, 1):
        try:
            used.append((clip, frames_of(clip.path, preparation, cache)))
        except DatasetError as error:
            damaged = not isinstance(error, UnfitClip)
            left_out.append(LeftOut(clip.name, str(error), damaged))
        if progress is not None:
            progress("clips", number, len(every))
    if not used:
        raise DatasetError(_none_used(ramp, left_out))
    return Clips(
        tuple(clip for clip, _ in used),
        tuple(frames for _, frames in used),
        tuple(left_out),
        preparation,
    )


def _none_used(ramp: Path, left_out: Sequence[LeftOut]) -> str:
    shown = "; ".join(f"{own.name}: {own.reason}" for own in left_out[:_SHOWN])
    more = "" if len(left_out) <= _SHOWN else f"; and {len(left_out) - _SHOWN} more"
    kinds = Counter(own.damaged for own in left_out)
    return (
        f"none of the {len(left_out)} clips in {ramp} can be used ({kinds[True]} damaged, "
        f"{kinds[False]} too short or too slow): {shown}{more}"
    )
