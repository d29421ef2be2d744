"""Which of the things that move in a video is the object to follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from noether_sym.errors import DatasetError
from noether_sym.track.blobs import Blob, blobs_of, is_trace
from noether_sym.track.colours import colour_name
from noether_sym.track.scene import Scene, difference, scene_of, without_object

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE = 0.5
"""Strength of a second thing, beside that of the first, from which neither is the object."""

_SAME_COLOUR = 0.4
"""Difference of colour, over the contrast, up to which blobs are of one thing."""

_OFTEN = 1 / 3
"""Share of the frames in which a second one must be seen to count."""

_SELDOM = 0.1
"""Share of the frames in which an object must be seen at least."""

_MOST_PIXELS = 0.35
"""Share of a frame that moves if the camera does."""

_SHADOW = 0.1
"""What a shadow counts beside what casts it."""

_ROUNDS = 2
"""Times that the object is told: the second one without what it left in the background."""

_FEWEST = 3
"""Frames of which the median may be the ground: that of two is half of the object."""

_SWEPT = 0.9
"""Share of the picture that must have changed some time if the camera moves."""

_TWINS = 2.0
"""Sides of an object from which on two blobs are two objects, and not parts of one."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The object to follow, as it looks in most frames.

    Attributes
    ----------
    scene : Scene
        Without the object.
    colour : array of shape (3,)
        From 0 to 255.
    contrast : float
        Difference of its colour from the background's.
    area : float
        Pixels above half of the contrast.
    """

    scene: Scene
    colour: NDArray[np.float32]
    contrast: float
    area: float

    def likeness(self, blob: Blob) -> float:
        """How little a blob is like the object: 0 if not at all different, 1 at the limit."""
        colour = float(np.linalg.norm(blob.colour - self.colour)) / self.contrast
        return colour / _SAME_COLOUR

    @property
    def name(self) -> str:
        """Name of its colour."""
        return colour_name(self.colour)


@dataclass(slots=True, eq=False)
class _Thing:
    """Blobs of one colour: a frame's number and its blobs, the strongest first."""

    colour: NDArray[np.float32]
    contrast: float
    seen: dict[int, list[Blob]]

    def strength(self, frames: int) -> float:
        """Share of the frames in which it is seen, times how much of it is seen."""
        first = [blobs[0] for blobs in self.seen.values()]
        if len(first) < _SELDOM * frames:
            return 0.0
        shadows = np.mean([blob.is_shadow for blob in first]) > 0.5
        energy = float(np.median([blob.energy for blob in first]))
        return len(first) / frames * energy * (_SHADOW if shadows else 1.0)


def target_of(
    path: Path,
    samples: Sequence[NDArray[np.uint8]],
    *,
    colour: NDArray[np.float64] | None = None,
) -> Target:
    """The object to follow.

    Parameters
    ----------
    path : Path
        For messages.
    samples : sequence of array of shape (row, column, 3)
        Frames spread over the video.
    colour : array of shape (3,), optional
        Near that of the object, red, green, blue from 0 to 255.

    Raises
    ------
    DatasetError
        If nothing moves, the camera does, or several things do and none stands out.
    """
    if len(samples) < _FEWEST:
        raise DatasetError(
            f"{path} has {len(samples)} frame{'s' * (len(samples) != 1)}, too few to see what moves"
        )
    scene = scene_of(samples)
    for _ in range(_ROUNDS):
        seen, swept = _blobs(scene, samples)
        things = _things(seen)
        strengths = [thing.strength(len(samples)) for thing in things]
        if not any(strengths):
            raise _nothing(path)
        if colour is not None:
            strongest = things[int(np.argmax(strengths))]
            strengths = [
                own * _closeness(thing, colour)
                for own, thing in zip(strengths, things, strict=True)
            ]
            if not any(strengths):
                raise _another_colour(path, strongest, colour)
        best = things[int(np.argmax(strengths))]
        scene = without_object(scene, samples, best.colour, _swept_by(best, swept.shape))
    if float(swept.mean()) > _SWEPT and _moving(seen, swept.size) > _MOST_PIXELS:
        raise DatasetError(
            f"{path}: most of the picture moves; fix the camera (a tripod), or give --region "
            "LEFT,TOP,WIDTH,HEIGHT around the object's path"
        )
    _alone(path, things, strengths, best, asked=colour is not None)
    first = [blobs[0] for blobs in best.seen.values()]
    return Target(
        scene,
        np.median([blob.colour for blob in first], axis=0),
        float(np.median([blob.contrast for blob in first])),
        float(np.median([blob.area for blob in first])),
    )


def _blobs(
    scene: Scene, samples: Sequence[NDArray[np.uint8]]
) -> tuple[list[list[Blob]], NDArray[np.bool_]]:
    """Blobs of each frame without traces, and all pixels that were in any blob."""
    found = []
    swept = np.zeros(scene.background.shape[:2], dtype=bool)
    for pixels in samples:
        more = scene.offset(pixels)
        different = difference(more)
        swept |= different > scene.threshold
        every = blobs_of(different, more, scene.background, scene.threshold)
        found.append([one for one in every if not is_trace(one, pixels, scene.background)])
    return found, swept


def _swept_by(thing: _Thing, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels in and near the blobs of a thing."""
    swept = np.zeros(shape, dtype=bool)
    for blobs in thing.seen.values():
        for blob in blobs:
            swept[blob.rows, blob.columns] = True
    filled: NDArray[np.bool_] = ndimage.binary_dilation(
        ndimage.binary_fill_holes(swept), iterations=_BESIDE
    )
    return filled


_BESIDE = 4
"""Pixels around the blobs of a thing that may be its rim: blobs are cut at half the contrast."""


def _things(seen: Sequence[Sequence[Blob]]) -> list[_Thing]:
    """Blobs sorted by colour, the strongest blob of all leading the first thing."""
    every = [(frame, blob) for frame, blobs in enumerate(seen) for blob in blobs]
    things: list[_Thing] = []
    for frame, blob in sorted(every, key=lambda one: -one[1].energy):
        for thing in things:
            apart = float(np.linalg.norm(blob.colour - thing.colour))
            if apart < _SAME_COLOUR * max(thing.contrast, blob.contrast):
                thing.seen.setdefault(frame, []).append(blob)
                break
        else:
            things.append(_Thing(blob.colour, blob.contrast, {frame: [blob]}))
    return things


def _closeness(thing: _Thing, colour: NDArray[np.float64]) -> float:
    """How near a thing's colour is to one that was asked for: 1 at best.

    People say 'red' of what is dark red: hue counts more than brightness.
    """
    own, other = (one - one.mean() for one in (thing.colour.astype(float), colour))
    bright = abs(float(thing.colour.mean() - colour.mean())) / 255.0
    sizes = float(np.linalg.norm(own)), float(np.linalg.norm(other))
    hue = 1.0
    if max(sizes) > _GREY:
        hue = float(own @ other) / max(sizes[0] * sizes[1], 1e-9) if min(sizes) > _GREY / 2 else 0.0
    return max(0.0, hue) ** 4 * (1.0 - bright) ** 2


_GREY = 30.0
"""How far a colour is from grey, of 255, up to which it has no hue; beside one with a hue, half."""


def _nothing(path: Path) -> DatasetError:
    return DatasetError(
        f"{path}: nothing is seen to move; the object must stand out from what is behind it, and "
        "be seen in at least a tenth of the frames"
    )


def _another_colour(path: Path, strongest: _Thing, colour: NDArray[np.float64]) -> DatasetError:
    own, asked = colour_name(strongest.colour), colour_name(colour)
    numbers = ",".join(f"{part:.0f}" for part in strongest.colour)
    return DatasetError(
        f"{path}: what moves is {own} ({numbers}), and nothing {asked} is seen to move; leave "
        f"--colour out, or give --colour {numbers}"
    )


def _moving(seen: Sequence[Sequence[Blob]], pixels: int) -> float:
    return float(np.median([sum(blob.area for blob in blobs) for blobs in seen])) / pixels


def _alone(
    path: Path,
    things: Sequence[_Thing],
    strengths: Sequence[float],
    best: _Thing,
    *,
    asked: bool,
) -> None:
    """An error if there is a second object as strong as the best."""
    twins = []
    for blobs in best.seen.values():
        if len(blobs) > 1 and blobs[1].energy > ALIKE * blobs[0].energy:
            apart = np.hypot(*np.subtract(blobs[0].centre, blobs[1].centre))
            if apart > _TWINS * np.sqrt(blobs[0].area):
                twins.append(blobs[:2])
    if len(twins) > _OFTEN * len(best.seen):
        where = " and ".join(f"({x:.0f}, {y:.0f})" for x, y in (one.centre for one in twins[0]))
        raise DatasetError(
            f"{path}: two objects alike move, both {colour_name(best.colour)}, in one frame at "
            f"{where} px from the upper left corner; give --region LEFT,TOP,WIDTH,HEIGHT around "
            "the path of one"
        )
    largest = max(strengths)
    for thing, strength in zip(things, strengths, strict=True):
        together = len(set(thing.seen) & set(best.seen))
        if asked or thing is best or strength < ALIKE * largest:
            continue
        if together > _OFTEN * len(best.seen):
            one, other = colour_name(best.colour), colour_name(thing.colour)
            raise DatasetError(
                f"{path}: two things move, one {one} and one {other}; name the colour of the "
                f"one to follow, as in --colour {one}, or give --region LEFT,TOP,WIDTH,HEIGHT"
            )
