"""Frames of a clip: decoded, cropped to the square in the middle, at the rate that is asked for.

What was decoded is kept in the user's cache by the content of the file, so that a clip that is
replaced is decoded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from noether_sym.errors import DatasetError, OptionError
from noether_sym.neural.video.extra import need

Frames = NDArray[np.uint8]
"""Pictures of shape (time, row, column, 3): red, green and blue."""

_FORM = 1
"""To be raised whenever the same file gives other frames."""
_SLACK = 0.01
"""Of a frame, by which time stamps are rounded."""
_SLOW = 0.98
"""Of the rate that is asked for, below which a clip is too slow."""
_WHOLE = 0.9
"""Of the frames that a file declares, which must be there: some declare frames they do not show."""


class UnfitClip(DatasetError):
    """A clip that is sound, but too short or too slow for what is asked."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What is made of a clip; as in the paper where nothing else is said.

    Attributes
    ----------
    frames : int
        How many are taken, from the middle of the clip.
    rate : float
        Frames a second.
    size : int
        Rows and columns of a picture.
    shortest : float
        Seconds that a clip must last. The paper's text says 2; its release keeps all clips that
        hold the frames (43 of them at 30 a second), and 389 clips are as many as it counts.
    """

    frames: int = 22
    rate: float = 15.0
    size: int = 128
    shortest: float = 0.0

    def __post_init__(self) -> None:
        for name, value, least in (("frames", self.frames, 1), ("size", self.size, 1)):
            if value < least:
                raise OptionError(f"{name} is {value}; give at least {least}")
        if not 0 < self.rate < np.inf or not 0 <= self.shortest < np.inf:
            raise OptionError(
                f"a rate of {self.rate} frames a second and clips from {self.shortest} s make no "
                "sense; give a rate above 0 and a time of at least 0"
            )


def frames_of(path: Path, preparation: Preparation, cache: Path | None) -> Frames:
    """The prepared frames of a clip, from the cache where they are.

    Parameters
    ----------
    path : Path
    preparation : Preparation
    cache : Path, optional
        Folder of decoded clips; what cannot be kept there is decoded again next time.

    Returns
    -------
    array of shape (frames, size, size, 3), uint8

    Raises
    ------
    UnfitClip
        If the clip is too short or too slow.
    DatasetError
        If the file cannot be read, or is damaged.
    """
    if cache is None:
        return decode(path, preparation)
    try:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"it cannot be read: {error.strerror or error}") from error
    own = json.dumps([_FORM, content, asdict(preparation)], sort_keys=True)
    held = cache / f"{hashlib.sha256(own.encode()).hexdigest()}.npy"
    if (found := _held(held, preparation)) is not None:
        return found
    frames = decode(path, preparation)
    _keep(held, frames)
    return frames


def decode(path: Path, preparation: Preparation) -> Frames:
    """Decode a clip and prepare its frames.

    Returns
    -------
    array of shape (frames, size, size, 3), uint8

    Raises
    ------
    UnfitClip
        If the clip is too short or too slow.
    DatasetError
        If the file cannot be read, or is damaged.
    """
    times, pictures = _decoded(path, preparation.size)
    # the last frame is shown as long as the others
    lasts = float(times[-1]) * len(times) / max(len(times) - 1, 1)
    if lasts > 0 and len(times) / lasts < _SLOW * preparation.rate:
        raise UnfitClip(
            f"it holds {len(times) / lasts:.3g} frames a second, fewer than the "
            f"{preparation.rate:g} that are asked for"
        )
    if lasts < preparation.shortest - _SLACK / preparation.rate:
        raise UnfitClip(f"it lasts {lasts:.2f} s; clips from {preparation.shortest:g} s are used")
    chosen = resampled(times, preparation.rate)
    if len(chosen) < preparation.frames:
        raise UnfitClip(
            f"it holds {len(times)} frames in {lasts:.2f} s, which make {len(chosen)} at "
            f"{preparation.rate:g} a second; {preparation.frames} are needed"
        )
    start = (len(chosen) - preparation.frames) // 2
    return pictures[chosen[start : start + preparation.frames]]


def resampled(times: NDArray[np.float64], rate: float) -> NDArray[np.intp]:
    """Which frames come nearest to an even grid of times.

    Parameters
    ----------
    times : array of shape (frame,)
        Seconds from the first frame, in rising order.
    rate : float
        Points of the grid a second.

    Returns
    -------
    array of shape (point,)
        Indices of frames, for the points that lie within the clip; of two frames that are
        equally near, the earlier one.
    """
    points = np.arange(int(times[-1] * rate + _SLACK) + 1) / rate
    return np.searchsorted((times[1:] + times[:-1]) / 2, points - _SLACK / rate)


def _decoded(path: Path, size: int) -> tuple[NDArray[np.float64], Frames]:
    """Times from the first frame, in seconds, and the pictures, cropped and resized."""
    need("av")
    import av

    times: list[float] = []
    pictures: list[Frames] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DatasetError("it holds no video")
            stream = container.streams.video[0]
            step = 1 / float(stream.average_rate) if stream.average_rate else None
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise DatasetError(f"frame {len(times) + 1} is damaged")
                if frame.time is None and step is None:
                    raise DatasetError("it gives neither times nor a rate of its frames")
                times.append(len(times) * (step or 0.0) if frame.time is None else frame.time)
                pictures.append(_square(frame.to_ndarray(format="rgb24").astype(np.uint8), size))
            declared = stream.frames
    except (av.FFmpegError, OSError) as error:
        raise DatasetError(f"it cannot be decoded: {error.strerror or error}") from error
    if not pictures or len(pictures) < _WHOLE * declared:
        raise DatasetError(f"it is cut short: {len(pictures)} of {declared} frames can be decoded")
    order = np.argsort(times, kind="stable")
    sorted_times = np.asarray(times, np.float64)[order]
    return sorted_times - sorted_times[0], np.stack(pictures)[order]


def _square(picture: Frames, size: int) -> Frames:
    """The square in the middle, as high as the picture is (or as wide, if that is less)."""
    import torch
    from torch.nn.functional import interpolate

    rows, columns = picture.shape[:2]
    side = min(rows, columns)
    top, left = (rows - side) // 2, (columns - side) // 2
    square = torch.from_numpy(picture[top : top + side, left : left + side].copy())
    small = interpolate(
        square.permute(2, 0, 1)[None].float(),
        size=(size, size),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    whole: Frames = small[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return whole


def _held(path: Path, preparation: Preparation) -> Frames | None:
    expected = (preparation.frames, preparation.size, preparation.size, 3)
    with suppress(OSError, ValueError, EOFError):
        found = np.load(path, allow_pickle=False)
        if found.shape == expected and found.dtype == np.uint8:
            whole: Frames = found
            return whole
    return None


def _keep(path: Path, frames: Frames) -> None:
    """Keep decoded frames; without space or permission they are decoded again next time."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                np.save(stream, frames, allow_pickle=False)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
