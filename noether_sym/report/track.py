"""The picture of a track: where the object went, over the frames, and its coordinate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.report.style import GREY, WIDTH, plain, style, with_unit
from noether_sym.track.motion import NAMES, Motion

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CURVE, _LOST = "#0072B2", "#D55E00"


def tracks(motions: Sequence[Motion]) -> Figure:
    """Each video's track over its background and first frame, and its coordinates below.

    Parameters
    ----------
    motions : sequence of Motion
    """
    from matplotlib.figure import Figure

    with style():
        heights = [one.followed.size[1] / one.followed.size[0] for one in motions]
        rows = len(motions)
        figure = Figure(figsize=(WIDTH, sum(6.0 * share + 2.0 for share in heights)))
        figure.set_layout_engine("constrained")
        axes = figure.subplots(
            2 * rows, 1, squeeze=False,
            height_ratios=[part for share in heights for part in (6.0 * share, 1.8)],
        )[:, 0]  # fmt: skip
        for place, motion in enumerate(motions):
            _over_frames(axes[2 * place], motion)
            _over_time(axes[2 * place + 1], motion)
    return figure


def _over_frames(axes: Any, motion: Motion) -> None:
    followed = motion.followed
    width, height = followed.size
    ground, *frames = (picture.astype(float) for picture in followed.pictures)
    # every frame shows where the object is: what differs most from the background
    shown = ground
    for frame in frames:
        off = np.abs(frame - ground).sum(axis=-1, keepdims=True)
        shown = np.where(off > 60.0, frame, shown)
    axes.imshow(
        np.clip(shown, 0, 255).astype(np.uint8),
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="bilinear",
    )
    places = followed.centroids[motion.kept]
    path = motion.path
    axes.plot(*places.T, ".", ms=2.0, color=_CURVE, label="centroid")
    if path.kind == "circle":
        middle = path.centres(motion.times)
        apart = places - middle
        angles = np.arctan2(apart[:, 0], apart[:, 1])
        turn = np.linspace(angles.min(), angles.max(), 200)
        curve = path.origin[0] + path.radius * np.stack([np.sin(turn), np.cos(turn)], axis=-1)
        axes.plot(*curve.T, color="#000000", lw=0.8, label=f"circle, radius {path.radius:.4g} px")
    if path.kind == "line":
        run = (places - path.origin[0]) @ path.direction
        ends = path.origin[0] + np.outer([run.min(), run.max()], path.direction)
        axes.plot(*ends.T, color="#000000", lw=0.8, label="line")
    lost = ~motion.kept & np.isfinite(followed.centroids[:, 0])
    if lost.any():
        axes.plot(*followed.centroids[lost].T, "x", ms=4, color=_LOST, label="left out")
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.grid(visible=False)
    axes.set_title(plain(followed.path.name))
    axes.set_xlabel("px")
    axes.legend(loc="lower right", facecolor="#ffffff", framealpha=0.8, frameon=True)


def _over_time(axes: Any, motion: Motion) -> None:
    for name, values in zip(NAMES[motion.path.kind], motion.values.T, strict=True):
        axes.plot(motion.times, values, ".", ms=2.0, label=name)
    for frame, _ in motion.skipped:
        place = int(np.searchsorted(motion.followed.numbers, frame))
        axes.axvline(motion.followed.times[place], color=GREY, lw=0.8, ls=":")
    axes.set_xlabel("t [s]")
    names = NAMES[motion.path.kind]
    axes.set_ylabel(with_unit(", ".join(names), motion.unit))
    if len(names) > 1:
        axes.legend(loc="best")
