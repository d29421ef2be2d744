"""``noether-sym track``: from a video to a table of states."""

from __future__ import annotations

import csv
import io
import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from noether_sym.commands.console import WIDTH, Screen
from noether_sym.commands.options import json_option
from noether_sym.commands.values import Written

if TYPE_CHECKING:
    from noether_sym.datasets.tracked import Table
    from noether_sym.track.motion import Motion
    from noether_sym.track.scale import Scale

_SHOWN = 8
"""Frames of a list, and skips in the times, that are printed."""


def _colour(text: str) -> Any:
    from noether_sym.track.colours import read_colour

    return read_colour(text)


def _scale(text: str) -> Any:
    from noether_sym.track.scale import read_scale

    return read_scale(text)


def _region(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 4 or not all(0 <= number < 1e6 for number in numbers):
        raise ValueError(f"{text!r} is no region; write LEFT,TOP,WIDTH,HEIGHT in pixels")
    return numbers


@click.command("track", short_help="Make a table of states from a video of a moving object.")
@click.argument("videos", metavar="VIDEO...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Where to write.  [default: the video's name, in the current folder]",
)
@click.option(
    "--colour",
    "--color",
    type=Written("COLOUR", _colour),
    help="About the object's colour, where several things move: red, #c03020 or 192,48,32.",
)
@click.option(
    "--region",
    type=Written("LEFT,TOP,WIDTH,HEIGHT", _region),
    help="Pixels outside of which nothing counts.",
)
@click.option(
    "--path",
    "kind",
    type=click.Choice(["auto", "circle", "line", "plane"]),
    default="auto",
    show_default=True,
    help="Angle on a circle, position on a line, or x and y.",
)
@click.option(
    "--scale",
    type=Written("LENGTH/PIXELS", _scale),
    help="Length of a pixel, as in '0.5 m/120 px', for lengths in its unit instead of px.",
)
@click.option(
    "--latent",
    is_flag=True,
    help="One coordinate z learned from the pixels, and its rate v, without following an object.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, and nothing but errors.")
@json_option
def command(**values: Any) -> None:
    """Follow the one object that moves in a video, and write its states as CSV.

    \b
    noether-sym track swing.mp4         writes swing.csv, swing-frames.csv, swing.png
    noether-sym run swing.csv

    On a circle the states are the angle q from the middle of the swings (of a full turn: from
    downwards), positive to the right of the picture, and its rate w; on a line the position s
    along it and v; else x, y from the lower left corner, and vx, vy. VIDEO may be
    real_apple_pendulum. Several videos become the trajectories of one file. The camera must
    stand still. Needs PyAV: in a clone of noether-sym, pip install '.[video]'.
    """
    from noether_sym.datasets.tracked import csv_of, table_of

    screen = Screen(as_json=values["as_json"], quiet=values["quiet"])
    files = [_file(name) for name in values["videos"]]
    output = _output(values["output"], files[0])
    frames, picture = (output.with_name(output.stem + end) for end in ("-frames.csv", ".png"))
    _free(values["force"], output, frames, picture)
    if values["latent"]:
        _learn(screen, files, values, output)
        return
    kind = None if values["kind"] == "auto" else values["kind"]
    motions = []
    for file in files:
        with screen.progress() as progress:
            motions.append(_motion(file, values, kind, partial(_told, progress, file, len(files))))
    table = table_of(motions)
    output.write_text(csv_of(table), encoding="utf-8")
    frames.write_text(_frames(motions), encoding="utf-8")
    _draw(motions, picture)
    for motion in motions:
        _show(screen, motion, values["scale"])
    if note := _radii(motions):
        _say(screen, "radii", note)
    _show_table(screen, table, output)
    screen.say(f"Frames: {frames}; picture: {picture}")
    screen.say(f"Now: noether-sym run {output}")
    screen.json(_document(motions, table, output))


def _learn(screen: Screen, files: Sequence[Path], values: dict[str, Any], output: Path) -> None:
    """Write a coordinate that is learned from the pixels of all videos together."""
    from noether_sym.datasets.tracked import csv_of, table_with_rates
    from noether_sym.track.latent import latent_of
    from noether_sym.track.small import small_frames

    given = [f"--{name}" for name in ("colour", "scale") if values[name] is not None]
    if values["kind"] != "auto":
        given.append("--path")
    if given:
        raise click.UsageError(f"--latent follows no object; leave out {', '.join(given)}")
    with screen.progress() as progress:
        clips = [small_frames(file, region=values["region"], progress=progress) for file in files]
    found = latent_of(clips)
    table = table_with_rates(
        [(times, own[:, None]) for (times, _), own in zip(clips, found.values, strict=True)],
        ("z", "v"),
        ("dimensionless", "1/s"),
    )
    output.write_text(csv_of(table), encoding="utf-8")
    frames = sum(len(times) for times, _ in clips)
    first = f", the first {found.used} used" if found.used < found.components else ""
    screen.say(
        f"One coordinate from {frames:,} frames: {found.components} principal components above "
        f"the noise{first},\nframes {found.off:.2g} of its length off the curve"
    )
    _show_table(screen, table, output)
    screen.say(f"Now: noether-sym run {output}")
    screen.json(
        {
            **_columns(table, output),
            "components": found.components,
            "components_used": found.used,
            "off": found.off,
        }
    )


def _motion(file: Path, values: dict[str, Any], kind: Any, progress: Any) -> Motion:
    from noether_sym.track.motion import motion_of

    return motion_of(
        file,
        colour=values["colour"],
        region=values["region"],
        kind=kind,
        scale=values["scale"],
        progress=progress,
    )


def _told(progress: Any, file: Path, count: int, stage: str, done: int, total: int) -> None:
    progress(f"{file.name}: {stage}" if count > 1 else stage, done, total)


def _file(name: str) -> Path:
    from noether_sym.datasets.filmed import FILMS, locate_film

    return locate_film(FILMS[name]) if name in FILMS else Path(name)


def _output(given: Path | None, video: Path) -> Path:
    if given is None:
        return Path(f"{video.stem}.csv")
    if given.suffix.lower() != ".csv":
        raise click.UsageError(f"--output {given} must end in .csv")
    if not given.parent.is_dir():
        raise click.UsageError(f"--output {given}: there is no folder {given.parent}")
    return given


def _free(force: bool, *paths: Path) -> None:
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        raise click.UsageError(
            f"{', '.join(there)} exists already; name another file with --output, or replace it "
            "with --force"
        )


def _draw(motions: Sequence[Motion], path: Path) -> None:
    from noether_sym.report.style import rendered
    from noether_sym.report.track import tracks

    path.write_bytes(rendered(tracks(motions), "png"))


def _frames(motions: Sequence[Motion]) -> str:
    """Every frame: its centroid and size, or why it is left out."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["video", "frame", "t [s]", "x [px]", "y [px]", "area [px**2]", "left out"])
    for motion in motions:
        own = motion.followed
        for place, why in enumerate(motion.lost):
            seen = [*own.centroids[place], own.areas[place]]
            cells = ["" if value != value else f"{value:.4f}" for value in seen]
            rows.writerow(
                [own.path.name, own.numbers[place], f"{own.times[place]:.9g}", *cells, why]
            )
    return text.getvalue()


def _radii(motions: Sequence[Motion]) -> str:
    """That circles of several videos are of different sizes; empty if they are not."""
    circles = [one for one in motions if one.path.kind == "circle"]
    if len(circles) < 2:
        return ""
    small, large = (choose(circles, key=lambda one: one.path.radius) for choose in (min, max))
    apart = large.path.radius - small.path.radius
    error = math.hypot(small.path.radius_error, large.path.radius_error)
    if apart < max(_SAME_RADIUS * large.path.radius, _CLEAR * error):
        return ""
    told = " to ".join(
        f"{one.path.radius:.5g} px in {one.followed.path.name}" for one in (small, large)
    )
    return (
        f"the videos' circles differ, from {told}: if the lengths do, and not the zoom, no law "
        "with one constant holds for all; track them one by one"
    )


_SAME_RADIUS, _CLEAR = 0.02, 5.0
"""Share of a radius, and standard errors, up to which circles are of one size."""


def _show(screen: Screen, motion: Motion, scale: Scale | None) -> None:
    own, path = motion.followed, motion.path
    screen.say(f"{own.path.name}: the {own.colour} object, in {int(motion.kept.sum()):,} of "
               f"{len(motion.lost):,} frames of {own.size[0]} x {own.size[1]} px")  # fmt: skip
    _say(screen, "path", f"{path.kind}: {path.reason}")
    if path.kind == "circle":
        told = f"radius {path.radius:.5g} ± {path.radius_error:.2g} px"
        if scale is not None:
            told += f", {path.radius * scale.of_a_pixel:.4g} {scale.unit}; the angle has no scale"
        if len(path.origin) > 1:
            told += (
                f"; its centre moves by {path.drift:.2g} px over the video: the camera or the "
                "support drifts, and angles are taken around the moving centre"
            )
        _say(screen, "circle", told)
    if motion.zero:
        where = (
            f"the middle of the swings, {motion.zero:.4g} rad from downwards in the picture"
            if path.kind == "circle"
            else "the middle of the swings"
        )
        _say(screen, "zero", where)
    for frame, seconds in motion.skipped[:_SHOWN]:
        what = "frames are missing before" if seconds > 0 else "frames were repeated before"
        _say(
            screen,
            "times",
            f"{what} frame {frame}: the path jumps by {1000 * seconds:+.3g} ms, and later times "
            "are moved by that",
        )
    if motion.kinks:
        _say(
            screen,
            "kinks",
            f"the velocity jumps at frame{'s' * (len(motion.kinks) > 1)} "
            f"{_listed(motion.kinks)}, as at a bounce or a stop; rates are taken on either side",
        )
    for why, count in Counter(why for why in motion.lost if why).items():
        numbers = [int(own.numbers[place]) for place, one in enumerate(motion.lost) if one == why]
        _say(screen, "left out", f"{count} frame{'s' * (count > 1)}, {why}: {_listed(numbers)}")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_SHOWN])) + ", ..." * (len(numbers) > _SHOWN)


def _show_table(screen: Screen, table: Table, output: Path) -> None:
    rows = _rows(table)
    told = f"{output}: {sum(rows):,} rows"
    if len(rows) > 1:
        told += f" in {len(rows)} trajectories, one a video"
    if len(table.parts) > len(rows):
        told += (
            f"; {len(table.parts)} stretches with gaps between them: pieces of one video are one "
            "trial"
        )
    if table.short:
        told += f"; {table.short} frames in stretches too short for rates are left out"
    if table.every > 1:
        told += f"; one frame in {table.every}, as smoothing ties the rates of neighbours"
    _say(screen, "written", told)
    for name, unit, noise in zip(table.names, table.units, table.noise, strict=True):
        _say(screen, "noise", f"of {name}: {noise:.2g} {unit}")


def _say(screen: Screen, title: str, text: str) -> None:
    lines = textwrap.wrap(
        f"{title + ':':10}{text}", WIDTH, subsequent_indent=" " * 10, break_on_hyphens=False
    )
    for line in lines:
        screen.say(line)


def _document(motions: Sequence[Motion], table: Table, output: Path) -> dict[str, Any]:
    return {
        **_columns(table, output),
        "videos": [
            {
                "name": one.followed.path.name,
                "colour": one.followed.colour,
                "frames": len(one.lost),
                "left_out": [
                    {"frame": int(number), "reason": why}
                    for number, why in zip(one.followed.numbers, one.lost, strict=True)
                    if why
                ],
                "skips": [{"frame": frame, "seconds": own} for frame, own in one.skipped],
                "kinks": list(one.kinks),
                "path": one.path.kind,
                "reason": one.path.reason,
                "origin": one.path.origin[0].tolist(),
                "drift": one.path.drift,
                "radius": one.path.radius,
                "off": one.path.off,
                "noise": one.path.noise,
                "zero": one.zero,
            }
            for one in motions
        ],
    }


def _columns(table: Table, output: Path) -> dict[str, Any]:
    return {
        "file": str(output),
        "columns": [
            {"name": name, "unit": unit, "noise": noise}
            for name, unit, noise in zip(table.names, table.units, table.noise, strict=True)
        ],
        "rows": _rows(table),
        "pieces": [table.clips.count(clip) for clip in dict.fromkeys(table.clips)],
    }


def _rows(table: Table) -> list[int]:
    """Rows of each video."""
    counts = Counter[int]()
    for clip, (times, _) in zip(table.clips, table.parts, strict=True):
        counts[clip] += len(times)
    return list(counts.values())
