"""What stands still in a video, and how much its pixels flicker.

A background is the median of frames spread over the video (Piccardi 2004, 'Background
subtraction techniques: a review').
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLICKER = 6.0
"""Medians of what moves nowhere up to which a difference is flicker."""

_LEAST = 8.0
"""Difference of colour, of 255, below which compression hides what moves."""

_SPARSE = 6
"""Every so many rows and columns are enough to tell the light of a frame."""

Box = tuple[slice, slice]
WHOLE: Box = (slice(None), slice(None))

_CHUNK = 32
"""Rows whose median is taken together, to save memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What stands still.

    Attributes
    ----------
    background : array of shape (row, column, 3)
        From 0 to 255.
    threshold : float
        Difference of colour above which a pixel differs from the background.
    """

    background: NDArray[np.float32]
    threshold: float

    def light(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What a frame is brighter than the background by exposure: the median, (3,)."""
        spread = (slice(None, None, _SPARSE),) * 2
        more = pixels[spread].astype(np.float32) - self.background[spread]
        return np.median(more.reshape(-1, 3), axis=0)

    def offset(self, pixels: NDArray[np.uint8], box: Box = WHOLE) -> NDArray[np.float32]:
        """What a frame has more than the background and its light, in a box: (row, column, 3)."""
        more = pixels[box].astype(np.float32)
        more -= self.background[box]
        more -= self.light(pixels)
        return more


def difference(more: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far colours are off, (row, column), averaged over 3 x 3 pixels against flicker."""
    planes = [ndimage.uniform_filter(more[..., place], 3, mode="nearest") for place in range(3)]
    return np.sqrt(sum(plane * plane for plane in planes))


def scene_of(samples: Sequence[NDArray[np.uint8]]) -> Scene:
    """The median of frames, and the threshold that their flicker asks for.

    Parameters
    ----------
    samples : sequence of array of shape (row, column, 3)
        Frames spread over the whole video, at least three.
    """
    background = _median(samples)
    scene = Scene(background, 0.0)
    levels = [float(np.median(difference(scene.offset(one)))) for one in samples]
    return Scene(background, max(_LEAST, _FLICKER * float(np.median(levels))))


def without_object(
    scene: Scene,
    samples: Sequence[NDArray[np.uint8]],
    colour: NDArray[np.float32],
    swept: NDArray[np.bool_],
) -> Scene:
    """A scene in which an object left no trace where it rested, or which it never quite left.

    Where the object passed, only frames in which it is elsewhere count, told by its colour;
    where there are too few, the nearest background stands in.

    Parameters
    ----------
    scene : Scene
    samples : sequence of array of shape (row, column, 3)
    colour : array of shape (3,)
        Of the object.
    swept : array of bool, of shape (row, column)
        Where the object may have passed.
    """
    background = scene.background.copy()
    ground = np.median(background[~swept], axis=0) if not swept.all() else background.mean((0, 1))
    reach = 0.5 * float(np.linalg.norm(colour - ground))
    rows, columns = np.nonzero(swept)
    values = np.stack([one[rows, columns] for one in samples]).astype(np.float32)
    away = np.linalg.norm(values - colour, axis=-1) > reach
    for place in np.flatnonzero(away.mean(axis=0) < _MOSTLY):
        own = values[away[:, place], place]
        clear = len(own) >= _SEEN * len(samples)
        background[rows[place], columns[place]] = np.median(own, axis=0) if clear else np.nan
    missing = np.isnan(background[..., 0])
    if missing.any() and not missing.all():
        places = ndimage.distance_transform_edt(
            missing, return_distances=False, return_indices=True
        )
        filled = background[tuple(places)]
        smooth = ndimage.uniform_filter(filled, size=(_SMOOTH, _SMOOTH, 1), mode="nearest")
        background = np.where(missing[..., None], smooth, background)
    return Scene(background.astype(np.float32), scene.threshold)


_SEEN, _MOSTLY = 0.08, 0.7
"""Shares of the frames in which the ground must show to be known, and to be the median."""

_SMOOTH = 9
"""Side in pixels of the squares over which ground that was never seen is averaged."""


def _median(samples: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    found = np.empty(samples[0].shape, dtype=np.float32)
    for first in range(0, len(found), _CHUNK):
        rows = slice(first, first + _CHUNK)
        found[rows] = np.median(np.stack([one[rows] for one in samples]), axis=0)
    return found
