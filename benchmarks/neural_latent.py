"""The section of the neural page on a coordinate learned from pixels.

A pendulum and a sliding block are rendered at 32 x 32, with noise on every pixel; how well the
coordinate matches the angle or the place, and what is found with it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import noether_sym
from benchmarks._measure import table
from benchmarks.kept import (
    DATA,
    SEARCH,
    digest,
    held,
    keep,
    latest,
    of_earlier_sources,
    path_of,
)

SIZE, CLIPS, FRAMES, STEP = 32, 8, 100, 0.06
"""Pixels each way, clips, frames of a clip, seconds between them."""

PULL = 6.0
"""g / l of the pendulum, in 1/s**2."""

STIFF, HARD = 5.0, 4.0
"""Of the block: x'' = -STIFF x - HARD x^3."""

NOISES = {"0": 0.0, "0.005": 0.005, "0.02": 0.02, "0.05": 0.05}
PROTOTYPE = {"0": 0.008, "0.005": 0.026, "0.02": 0.071}
"""Match of a geodesic coordinate (k nearest neighbours, shortest paths), in radians."""

_FEW_CLIPS = 3
"""Clips with `--quick`."""


def render(angles: NDArray[np.float64], size: int = SIZE) -> NDArray[np.float64]:
    """Pictures of a rod with a bob, 0 to 1: (frame, size, size); angle 0 hangs down."""
    rows, columns = np.mgrid[:size, :size]
    middle, length = (size - 1) / 2, 0.36 * size
    found = np.empty((len(angles), size, size))
    for place, angle in enumerate(angles):
        across, down = length * np.sin(angle), length * np.cos(angle)
        x, y = columns - middle, rows - middle
        along = np.clip((x * across + y * down) / length**2, 0, 1)
        rod = np.clip(1.4 - np.hypot(x - along * across, y - along * down), 0, 1)
        bob = np.clip(0.1 * size + 0.5 - np.hypot(x - across, y - down), 0, 1)
        found[place] = np.maximum(0.6 * rod, bob)
    return found


def render_block(places: NDArray[np.float64], size: int = SIZE) -> NDArray[np.float64]:
    """Pictures of a block on a rail before a wall that gets lighter: (frame, size, size).

    At 0 it is in the middle, at 1 a quarter of the picture farther right.
    """
    rows, columns = np.mgrid[:size, :size]
    wall = 0.1 + 0.3 * rows / size
    rail = np.clip(1.5 - np.abs(rows - 0.68 * size), 0, 1)
    still = np.maximum(wall, 0.55 * rail)
    high = np.clip(0.13 * size + 0.5 - np.abs(rows - 0.53 * size), 0, 1)
    middle = (size - 1) / 2 + 0.25 * size * places[:, None, None]
    wide = np.clip(0.17 * size + 0.5 - np.abs(columns - middle), 0, 1)
    there = wide * high
    return (1.0 - there) * still + 0.9 * there


@dataclass(frozen=True)
class Scene:
    """Something that moves with one degree of freedom, and its energy.

    Attributes
    ----------
    force : callable
        q'' by q.
    starts : tuple of float
        Where the first and the last clip are let go, at rest.
    render : callable
        Pictures of places.
    formula : str
        The energy in z and v, up to constants c0 and c1.
    constants : callable
        Their true values, by dq/dz.
    prototype : dict of str to float
        Match of the prototype, by noise.
    """

    force: Callable[[Any], Any]
    starts: tuple[float, float]
    render: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    formula: str
    constants: Callable[[float], list[float]]
    prototype: Mapping[str, float] = field(default_factory=dict)


SCENES = {
    "pendulum": Scene(
        lambda q: -PULL * np.sin(q),
        (0.5, 1.5),
        render,
        "v**2 - c0*cos(c1*z)",
        lambda slope: [2 * PULL / slope**2, abs(slope)],
        PROTOTYPE,
    ),
    "block": Scene(
        lambda q: -STIFF * q - HARD * q**3,
        (0.3, 1.1),
        render_block,
        "v**2 + c0*z**2 + c1*z**4",
        lambda slope: [STIFF, 0.5 * HARD * slope**2],
    ),
}


def motions(scene: Scene, count: int = CLIPS) -> tuple[NDArray[np.float64], list[Any]]:
    """Times, and the places of a scene over them, clip by clip."""
    times = np.arange(FRAMES) * STEP
    places = [
        solve_ivp(
            lambda _, state: [state[1], scene.force(state[0])],
            (0, times[-1]), [start, 0.0], t_eval=times, rtol=1e-9, atol=1e-9,
        ).y[0]
        for start in np.linspace(*scene.starts, count)
    ]  # fmt: skip
    return times, places


def measured(scene: Scene, noise: float, seed: int = 0, clips: int = CLIPS) -> dict[str, Any]:
    """The match of the coordinate with the place, and what the formulas say of it."""
    from noether_sym.datasets.tracked import csv_of, table_with_rates
    from noether_sym.track.latent import latent_of

    times, places = motions(scene, clips)
    random = np.random.default_rng(seed)
    pictures = [scene.render(own) for own in places]
    found = latent_of([(times, own + random.normal(0, noise, own.shape)) for own in pictures])
    learned, truth = np.concatenate(found.values), np.concatenate(places)
    slope, shift = np.polyfit(learned, truth, 1)
    written = table_with_rates(
        [(times, own[:, None]) for own in found.values], ("z", "v"), ("dimensionless", "1/s")
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "latent.csv"
        path.write_text(csv_of(written), encoding="utf-8")
        checked = noether_sym.check(scene.formula, str(path))
        searched = noether_sym.discover(str(path), depth=5)
    first = searched.laws.head(1).to_dict("records")
    return {
        "match": float(np.std(truth - slope * learned - shift)),
        "slope": float(abs(slope)),
        "verdict": checked.verdict,
        "ratio": checked.law.heldout_ratio,
        "constants": [(own.value, own.stderr) for own in checked.law.parameters],
        "true": scene.constants(float(slope)),
        "found": [str(own["law"]) for own in first],
    }


_TEXT = f"""
The coordinate z of `noether_sym.track.latent` knows nothing of what moves and takes no settings;
its own (how far pictures are blurred, how many pieces its curve has) were chosen by the match on
pictures like those of the pendulum, a development set. On the block nothing was chosen.

*Pendulum*: q'' = -{PULL:g} sin q, let go at rest from .5 to 1.5 rad. *Block*: on a rail before a
wall that gets lighter, q'' = -{STIFF:g} q - {HARD:g} q³, let go from .3 to 1.1, where 1 is a
quarter of the picture. {CLIPS} clips each, of {FRAMES} frames of {SIZE} x {SIZE} pixels, from 0
to 1, with white noise on every pixel. *Match*: root mean square of the angle, or the place, less
the best affine function of z. *Prototype*: that of a geodesic coordinate in a graph of
neighbours, on pictures of the same size. `{SCENES["pendulum"].formula}`, or
`{SCENES["block"].formula}`, is then judged by `check` on z and its rate, with v from a smoothing
spline; true constants follow from the slope between z and the place. *Found*: the first law of a
search of sums and of formulas of up to 5 nodes, without a hint.
"""


TITLE = "A coordinate learned from pixels"


def section(
    output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool
) -> dict[str, str | None]:
    """The section of the page by its title; computes what is asked for, with None nothing."""
    cache = output / "neural"
    cache.mkdir(parents=True, exist_ok=True)
    sources = digest((*DATA, *SEARCH, "track"), ("neural_latent.py",))
    names = [f"{scene} {noise}" for scene in SCENES for noise in NOISES][: 1 if quick else None]
    rows, found, older, missed = [], [], 0, []
    for place, name in enumerate(names):
        path = path_of(cache, f"latent {name}", sources, quick=quick)
        mine = part is not None and place % part[1] == part[0] - 1
        scene, noise = name.split()
        if mine and (fresh or held(path) is None):
            print(f"latent {name} ...", file=sys.stderr, flush=True)
            clips = _FEW_CLIPS if quick else CLIPS
            keep(path, measured(SCENES[scene], NOISES[noise], clips=clips))
        answer, current = latest(path)
        older += answer is not None and not current
        if answer is None:
            rows.append([scene, noise, "not computed", *[""] * 5])
            continue
        own = [f"{abs(value):.3g} ± {1.96 * error:.2g}" for value, error in answer["constants"]]
        pairs = zip(answer["constants"], answer["true"], strict=True)
        missed += [name for (value, error), true in pairs if abs(abs(value) - true) > 1.96 * error]
        before = SCENES[scene].prototype.get(noise)
        ratio = "" if answer["ratio"] is None else f"{answer['ratio']:.2g}"
        truth = ", ".join(f"{value:.3g}" for value in answer["true"])
        match, told = f"{answer['match']:.2g}", answer["verdict"]
        shown = "" if before is None else f"{before:g}"
        rows.append([scene, noise, match, shown, told, ratio, ", ".join(own), truth])
        found.append(f"- {name}: {'; '.join(f'`{one}`' for one in answer['found']) or 'no law'}")
    titles = ["scene", "pixel noise", "match", "prototype", "verdict", "held-out ratio"]
    titles += ["c0, c1 (95 %)", "true c0, c1"]
    if not found:
        return {TITLE: None}
    said = (
        f"{len(missed)} of {2 * len(found)} intervals of constants miss the truth"
        + (f" ({', '.join(dict.fromkeys(missed))})" if missed else "")
        + ": errors know of noise, and not of a coordinate that is not quite affine."
    )
    parts = [said, _TEXT.strip(), table(titles, rows), "Found, by scene and pixel noise:"]
    parts += ["\n".join(found)]
    parts += [told] if (told := of_earlier_sources(older, len(found))) else []
    return {TITLE: "\n\n".join(parts)}
