"""From positions in pixels to coordinates along a path, with times that do not skip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as File
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import DatasetError
from noether_sym.runtime.stages import Progress
from noether_sym.track.follow import Followed, Region, follow
from noether_sym.track.kinks import kinks
from noether_sym.track.lost import STRAY, noise_of_places, strays
from noether_sym.track.path import Kind, Path, is_straight, middle_of_swings, path_of
from noether_sym.track.scale import Scale
from noether_sym.track.skips import skips

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES: dict[Kind, tuple[str, ...]] = {"circle": ("q",), "line": ("s",), "plane": ("x", "y")}
RATES: dict[Kind, tuple[str, ...]] = {"circle": ("w",), "line": ("v",), "plane": ("vx", "vy")}

SKIPPED = "between frames that were skipped or repeated"


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The motion of one object in one video.

    Attributes
    ----------
    followed : Followed
        What was seen in every frame.
    lost : tuple of str
        For each frame of the video why it is left out; empty where it is not.
    path : Path
    times : array of shape (kept frame,)
        Seconds, by the container, less what it skipped.
    values : array of shape (kept frame, coordinate)
        Radians or pixels, or what the scale says, less `zero`.
    zero : float
        Middle of the swings, from which angles and positions along a line are counted; in
        radians from downwards, or pixels from the middle of the line. 0 where there are no
        swings.
    skipped : tuple of (int, float)
        Frames at which times were mended, and by how many seconds.
    unit : str
        Of the values.
    kinks : tuple of int
        Frames from which on the velocity is another than before, as at a bounce or a stop.
    """

    followed: Followed
    lost: tuple[str, ...]
    path: Path
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    zero: float
    skipped: tuple[tuple[int, float], ...]
    unit: str
    kinks: tuple[int, ...] = ()

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Whether a frame is not lost: (frame,)."""
        return np.array([not why for why in self.lost])


def motion_of(
    path: File,
    *,
    colour: NDArray[np.float64] | None = None,
    region: Region | None = None,
    kind: Kind | None = None,
    scale: Scale | None = None,
    progress: Progress | None = None,
) -> Motion:
    """Follow the object that moves in a video, and fit its path.

    Parameters
    ----------
    path : Path
        Of a video.
    colour, region, progress
        As for `noether_sym.track.follow.follow`.
    kind : str, optional
        ``circle``, ``line`` or ``plane``; by default what fits.
    scale : Scale, optional
        Length of a pixel.

    Raises
    ------
    DatasetError
        As `noether_sym.track.follow.follow` raises it, and if a circle is asked for where the
        path is straight.
    """
    followed = follow(path, colour=colour, region=region, progress=progress)
    lost, times, found, jumps = _mended(followed)
    kept = np.array([not why for why in lost])
    clock, places = times[kept], followed.centroids[kept]
    fitted = path_of(clock, places, kind)
    if kind == "circle" and (fitted.kind != kind or is_straight(places, fitted.noise)):
        raise DatasetError(
            f"{path}: --path circle, but the path is straight to its noise, and no radius can be "
            "told; take --path line, or leave --path out"
        )
    values = fitted.along(clock, places, followed.size[1])
    middle = middle_of_swings(clock, values[:, 0]) if fitted.kind != "plane" else None
    values[:, 0] -= middle or 0.0
    unit = "rad" if fitted.kind == "circle" else "px"
    if scale is not None and fitted.kind != "circle":
        values, unit = values * scale.of_a_pixel, scale.unit
    return Motion(
        followed,
        tuple(lost),
        fitted,
        clock,
        values,
        middle or 0.0,
        tuple((int(followed.numbers[place]), seconds) for place, seconds in found),
        unit,
        tuple(int(followed.numbers[place]) for place in jumps),
    )


def _mended(
    followed: Followed,
) -> tuple[list[str], NDArray[np.float64], list[tuple[int, float]], list[int]]:
    """Reasons and times of frames, skips undone and strays left out; skips; kinks."""
    lost = list(followed.lost)
    times = followed.times.copy()
    kept = np.flatnonzero(followed.kept)
    found: list[tuple[int, float]] = []
    for skip in skips(times[kept], followed.centroids[kept]):
        for place in kept[skip.first : skip.last]:
            lost[place] = SKIPPED
        times[kept[skip.last] :] += skip.seconds
        found.append((int(kept[skip.last]), skip.seconds))
    kept = np.array([place for place in kept if not lost[place]])
    clock, places = times[kept], followed.centroids[kept]
    jumps = [last for _, last in kinks(clock, places, noise_of_places(clock, places))]
    for stray in strays(clock, places, jumps):
        lost[kept[stray]] = STRAY
    return lost, times, found, [int(kept[place]) for place in jumps]
