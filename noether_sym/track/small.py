"""The frames of a video as small grey pictures, for a coordinate that is learned from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.errors import DatasetError
from noether_sym.track.follow import Region, region_box
from noether_sym.track.latent import MOST
from noether_sym.track.video import facts_of, frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.runtime.stages import Progress

LARGEST = 64
"""Pixels of the longer side."""


def small_frames(
    path: Path, *, region: Region | None = None, progress: Progress | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Times from the first frame in seconds, (frame,), and grey pictures from 0 to 1.

    Parameters
    ----------
    path : Path
        Of a video.
    region : (left, top, width, height), optional
        Pixels outside of which nothing counts.
    progress : callable, optional

    Raises
    ------
    DatasetError
        If the file is no video, or has too many frames.
    """
    tell = progress or (lambda stage, done, total: None)
    facts = facts_of(path)
    times, pictures = [], []
    for count, frame in enumerate(frames(path), start=1):
        box = region_box(path, region, frame.pixels.shape[:2], facts.binning)
        own = frame.pixels[box].mean(axis=-1, dtype=np.float32) / 255.0
        side = -(-max(own.shape) // LARGEST)
        rows, columns = (length // side for length in own.shape)
        whole = own[: rows * side, : columns * side].reshape(rows, side, columns, side)
        pictures.append(whole.mean(axis=(1, 3)))
        times.append(frame.time)
        tell("read", count, max(count, facts.frames))
        if count > MOST:
            raise DatasetError(
                f"{path} has more than {MOST:,} frames, too many to learn a coordinate from; cut it"
            )
    return np.array(times) - times[0], np.stack(pictures)
