"""Follow one object through the frames of a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import DatasetError
from noether_sym.runtime.stages import Progress
from noether_sym.track.blobs import HALF, Blob, blobs_of, centroid
from noether_sym.track.lost import not_whole, repeated
from noether_sym.track.scene import Box, difference
from noether_sym.track.target import Target, target_of
from noether_sym.track.video import Frame, facts_of, frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 48
"""Frames, up to twice as many, by which the background and the object are told."""

FEWEST = 16
"""Frames in which the object must be found."""

Region = tuple[float, float, float, float]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Where an object is in each frame.

    Attributes
    ----------
    path : Path
    numbers : array of shape (frame,)
        Of the frames in the video, from 0.
    times : array of shape (frame,)
        Seconds from the first frame.
    centroids : array of shape (frame, 2)
        Pixels to the right and downwards from the middle of the one in the upper left corner;
        NaN where the object was not found.
    areas : array of shape (frame,)
        Square pixels; NaN where it was not found.
    lost : tuple of str
        For each frame why it is left out; empty where it is not.
    size : (int, int)
        Width and height of the frames.
    colour : str
        Name of the object's colour.
    pictures : tuple of array of shape (row, column, 3)
        The background, and the first and last of the frames with the object, binned.
    binning : int
        Side in pixels of the squares of which the pictures are made.
    """

    path: Path
    numbers: NDArray[np.intp]
    times: NDArray[np.float64]
    centroids: NDArray[np.float64]
    areas: NDArray[np.float64]
    lost: tuple[str, ...]
    size: tuple[int, int]
    colour: str
    pictures: tuple[NDArray[np.uint8], ...]
    binning: int

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Whether a frame is not lost: (frame,)."""
        return np.array([not why for why in self.lost])


def follow(
    path: Path,
    *,
    colour: NDArray[np.float64] | None = None,
    region: Region | None = None,
    progress: Progress | None = None,
) -> Followed:
    """Find the object that moves, and its centroid in every frame.

    Parameters
    ----------
    path : Path
        Of a video taken by a camera that stands still.
    colour : array of shape (3,), optional
        Near that of the object, red, green, blue from 0 to 255, where several things move.
    region : (left, top, width, height), optional
        Pixels outside of which nothing counts.
    progress : callable, optional

    Raises
    ------
    DatasetError
        If the file is no video, nothing moves, it is not clear what is to be followed, or it
        is lost in too many frames.
    """
    tell = progress or (lambda stage, done, total: None)
    facts = facts_of(path)
    spread, times = _samples(path, tell, facts.frames)
    if not spread:
        raise DatasetError(f"{path}: no frame has a time stamp; convert it: ffmpeg -i FILE new.mp4")
    box = region_box(path, region, spread[0].shape[:2], facts.binning)
    target = target_of(path, [one[box] for one in spread], colour=colour)
    numbers, clock, found, copies = [], [], [], []
    before, last = None, None
    for frame in frames(path):
        pixels = frame.pixels[box]
        place = _found(pixels, target, last)
        last = place if isinstance(place, tuple) else last
        copies.append(before is not None and bool(np.array_equal(before, pixels)))
        before = pixels
        numbers.append(frame.number)
        clock.append(frame.time)
        found.append(place)
        tell(f"follow the {target.name} object", len(found), times)
    corner = np.array([box[1].start, box[0].start], dtype=float)
    centroids = np.array([one[:2] if isinstance(one, tuple) else (np.nan,) * 2 for one in found])
    areas = np.array([one[2] if isinstance(one, tuple) else np.nan for one in found])
    lost = [one if isinstance(one, str) else "" for one in found]
    centroids += corner
    lost = not_whole(areas, repeated(copies, lost))
    whole = [place for place, why in enumerate(lost) if not why]
    if len(whole) < FEWEST:
        raise _too_few(path, target, lost)
    off = (facts.binning - 1) / 2
    return Followed(
        path,
        np.array(numbers),
        np.array(clock) - clock[0],
        centroids * facts.binning + off,
        areas * facts.binning**2,
        tuple(lost),
        (spread[0].shape[1] * facts.binning, spread[0].shape[0] * facts.binning),
        target.name,
        (_whole(spread[0], target, box), spread[0], spread[-1]),
        facts.binning,
    )


def _samples(path: Path, tell: Progress, total: int) -> tuple[list[NDArray[np.uint8]], int]:
    """Frames spread evenly over a video of unknown length, and their number in all."""
    kept: list[Frame] = []
    step, count = 1, 0
    for count, frame in enumerate(frames(path), start=1):
        if (count - 1) % step == 0:
            kept.append(frame)
        if len(kept) >= 2 * SAMPLES:
            kept, step = kept[::2], 2 * step
        tell("read", count, max(total, count))
    return [one.pixels for one in kept], count


def region_box(path: Path, region: Region | None, shape: tuple[int, ...], binning: int) -> Box:
    """Rows and columns of a region of binned frames: (row, column); an error if it has none."""
    rows, columns = shape
    if region is None:
        return slice(0, rows), slice(0, columns)
    left, top, width, height = (value / binning for value in region)
    first, above = max(0, round(left)), max(0, round(top))
    right, bottom = min(columns, round(left + width)), min(rows, round(top + height))
    if right - first < _SMALLEST or bottom - above < _SMALLEST:
        raise DatasetError(
            f"{path}: the region {','.join(f'{value:g}' for value in region)} covers no picture; "
            f"the frames are {columns * binning} x {rows * binning} pixels; give LEFT,TOP,WIDTH,"
            "HEIGHT"
        )
    return slice(above, bottom), slice(first, right)


_SMALLEST = 8
"""Pixels of a region each way at least, of frames as they are read."""

Place = tuple[float, float, float]
"""Column, row and area."""


def _found(pixels: NDArray[np.uint8], target: Target, last: Place | None) -> Place | str:
    """The object in a frame, first sought near where it was last; or why there is none."""
    rows, columns = pixels.shape[:2]
    if last is not None:
        reach = _NEAR * float(np.sqrt(target.area)) + _NEAR
        near = tuple(
            slice(max(0, int(middle - reach)), min(end, int(middle + reach) + 1))
            for middle, end in ((last[1], rows), (last[0], columns))
        )
        found = _in_box(pixels, target, last, (near[0], near[1]))
        if isinstance(found, tuple):
            return found
    return _in_box(pixels, target, last, (slice(0, rows), slice(0, columns)))


def _in_box(pixels: NDArray[np.uint8], target: Target, last: Place | None, box: Box) -> Place | str:
    scene = target.scene
    more = scene.offset(pixels, box)
    different = difference(more)
    least = max(scene.threshold, HALF * HALF * target.contrast)
    top, left = box[0].start, box[1].start
    blobs = [
        blob
        for blob in blobs_of(different, more, scene.background[box], least)
        if target.likeness(blob) < _LIKE and blob.area > _SMALL * target.area
    ]
    if not blobs:
        return NOT_SEEN
    near = None if last is None else (last[0] - left, last[1] - top)
    chosen = min(blobs, key=lambda blob: _cost(blob, target, near))
    rows, columns = different.shape
    edges = (chosen.rows.min(), chosen.columns.min())
    ends = (rows - 1 - chosen.rows.max(), columns - 1 - chosen.columns.max())
    if min(*edges, *ends) < _BORDER:
        return AT_BORDER
    column, row, area = centroid(
        chosen, more, scene.background[box], target.contrast, scene.threshold
    )
    return column + left, row + top, area


NOT_SEEN, AT_BORDER = "not seen", "at the edge of the picture"

_LIKE = 1.5
"""Likeness from which on a blob is not the object: a difference of colour of .6 of the contrast."""

_SMALL = 0.15
"""Share of the object's area up to which a blob is not the object."""

_BORDER = 1
"""Pixels between the object and the edge of what is looked at, at least: else it may be cut."""

_NEAR = 4
"""Sides of the object, and as many pixels, around its last place in which it is sought first."""

_APART = 0.1
"""Cost of each side of the object from its last place; e times its area, or an e-th, costs 1."""


def _cost(blob: Blob, target: Target, last: tuple[float, float] | None) -> float:
    """How unlike the object a blob is; where it was last counts least."""
    cost = target.likeness(blob) + abs(float(np.log(blob.area / target.area)))
    if last is not None:
        apart = float(np.hypot(blob.centre[0] - last[0], blob.centre[1] - last[1]))
        cost += _APART * apart / float(np.sqrt(target.area))
    return cost


def _whole(first: NDArray[np.uint8], target: Target, box: Box) -> NDArray[np.uint8]:
    """The background, with the first frame where none was told."""
    whole = first.copy()
    whole[box] = np.clip(np.rint(target.scene.background), 0, 255).astype(np.uint8)
    return whole


def _too_few(path: Path, target: Target, lost: Sequence[str]) -> DatasetError:
    if len(lost) < FEWEST:
        return DatasetError(
            f"{path} has {len(lost)} frames, and {FEWEST} are needed; film the {target.name} "
            "object for longer, or at more frames a second"
        )
    reasons = {why: sum(one == why for one in lost) for why in lost if why}
    told = "; ".join(f"{why}: {count}" for why, count in reasons.items())
    kept = sum(not why for why in lost)
    return DatasetError(
        f"{path}: the {target.name} object is found in {kept} of {len(lost)} frames only, and "
        f"{FEWEST} are needed ({told}); name its --colour, or give --region "
        "LEFT,TOP,WIDTH,HEIGHT around its path"
    )
