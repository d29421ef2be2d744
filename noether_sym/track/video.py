"""Read the frames of a video, with the time stamps of its container."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import DatasetError, install

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDEST = 1280
"""Pixels of width up to which frames are taken as they are; wider ones are averaged in squares."""

_HINT = f"reading videos needs PyAV: {install('video')}"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame of a video.

    Attributes
    ----------
    number : int
        Of the frame in the video, from 0.
    time : float
        Seconds, by the container.
    pixels : array of shape (row, column, 3)
        Red, green, blue from 0 to 255, turned as the video is to be shown.
    """

    number: int
    time: float
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What a video says of itself.

    Attributes
    ----------
    frames : int
        Number of frames, at a guess where the container does not say.
    rate : float
        Frames a second, on average; 0 where the container does not say.
    binning : int
        Side of the squares of pixels that are averaged into one.
    """

    frames: int
    rate: float
    binning: int


def facts_of(path: Path) -> VideoFacts:
    """What the container of a video says.

    Raises
    ------
    DatasetError
        If the file cannot be read as a video, or PyAV is not installed.
    """
    with _opened(path) as (container, stream):
        rate = float(stream.average_rate or 0)
        seconds = float(stream.duration * stream.time_base) if stream.duration else 0.0
        seconds = seconds or (container.duration or 0) / 1e6
        count = stream.frames or round(seconds * rate)
        longest = max(stream.width, stream.height)
        return VideoFacts(max(1, count), rate, -(-longest // WIDEST))


def frames(path: Path) -> Iterator[Frame]:
    """All frames that have a time after that of the frame before.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Frame
        Binned as `facts_of` says.

    Raises
    ------
    DatasetError
        If the file cannot be read as a video, or PyAV is not installed.
    """
    binning = facts_of(path).binning
    last = -np.inf
    with _opened(path) as (container, stream):
        for number, frame in enumerate(_decoded(path, container, stream)):
            if frame.pts is None or frame.time_base is None:
                continue
            time = float(frame.pts * frame.time_base)
            if time <= last:
                continue
            last = time
            pixels = frame.to_ndarray(format="rgb24")
            if turns := round(getattr(frame, "rotation", 0) / 90) % 4:
                pixels = np.ascontiguousarray(np.rot90(pixels, turns))
            yield Frame(number, time, _binned(pixels, binning))


def _binned(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if side == 1:
        return pixels
    rows, columns = (length // side for length in pixels.shape[:2])
    whole = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    return np.rint(whole.mean(axis=(1, 3))).astype(np.uint8)


def _decoded(path: Path, container: Any, stream: Any) -> Iterator[Any]:
    """Frames up to where the file is damaged, if it is; an error if that is at once."""
    import av

    count = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            for frame in packet.decode():
                count += 1
                yield frame
        except av.error.EOFError:
            break
        except av.error.InvalidDataError as error:
            if count:
                continue
            raise _unreadable(path, "its pictures cannot be decoded") from error
    if not count:
        raise _unreadable(path, "it holds no picture")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    try:
        import av
    except ImportError as error:
        raise DatasetError(_HINT) from error
    if path.is_dir():
        raise DatasetError(f"{path} is a folder; give the video files themselves")
    if not path.exists():
        raise DatasetError(f"{path}: no such file; give the path of a video")
    try:
        container = av.open(str(path))
    except PermissionError as error:
        raise DatasetError(f"{path} cannot be read: permission denied") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EISDIR:
            raise DatasetError(f"{path} is a folder; give the video files themselves") from error
        raise _unreadable(path, "no known video format") from error
    with container:
        if not container.streams.video:
            raise _unreadable(path, "it holds sound or data, and no pictures")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        yield container, stream


def _unreadable(path: Path, why: str) -> DatasetError:
    return DatasetError(
        f"{path} cannot be read as a video ({why}); give an mp4, mov, avi, mkv or webm file, or "
        "convert it: ffmpeg -i FILE converted.mp4"
    )
