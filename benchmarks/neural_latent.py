"""The section of the neural page on a coordinate learned from pixels.

A pendulum is rendered at 32 x 32, with noise on every pixel; how well the coordinate matches the
angle, and what is found with it.
"""

from __future__ import annotations

import tempfile
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

SIZE, CLIPS, FRAMES, STEP, PULL = 32, 8, 100, 0.06, 6.0
"""Pixels each way, clips, frames of a clip, seconds between them, and g / l in 1/s**2."""

NOISES = {"0": 0.0, "0.005": 0.005, "0.02": 0.02, "0.05": 0.05}
PROTOTYPE = {"0": 0.008, "0.005": 0.026, "0.02": 0.071}
"""Match of a geodesic coordinate (k nearest neighbours, shortest paths), in radians."""

FORMULA = "v**2 - c0*cos(c1*z)"
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


def swings(count: int = CLIPS) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Times, and the angles of a pendulum, q'' = -6 sin q, let go at .5 to 1.5 rad."""
    times = np.arange(FRAMES) * STEP
    angles = [
        solve_ivp(
            lambda _, state: [state[1], -PULL * np.sin(state[0])],
            (0, times[-1]), [start, 0.0], t_eval=times, rtol=1e-9, atol=1e-9,
        ).y[0]
        for start in np.linspace(0.5, 1.5, count)
    ]  # fmt: skip
    return times, angles


def measured(noise: float, seed: int = 0, clips: int = CLIPS) -> dict[str, Any]:
    """The match of the coordinate with the angle, and what the formulas say of it."""
    from noether_sym.datasets.tracked import csv_of, table_with_rates
    from noether_sym.track.latent import latent_of

    times, angles = swings(clips)
    random = np.random.default_rng(seed)
    pictures = [render(own) for own in angles]
    found = latent_of([(times, own + random.normal(0, noise, own.shape)) for own in pictures])
    learned, truth = np.concatenate(found.values), np.concatenate(angles)
    slope, shift = np.polyfit(learned, truth, 1)
    written = table_with_rates(
        [(times, own[:, None]) for own in found.values], ("z", "v"), ("dimensionless", "1/s")
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "latent.csv"
        path.write_text(csv_of(written), encoding="utf-8")
        checked = noether_sym.check(FORMULA, str(path))
        searched = noether_sym.discover(str(path), depth=5)
    first = searched.laws.head(1).to_dict("records")
    return {
        "match": float(np.std(truth - slope * learned - shift)),
        "slope": float(abs(slope)),
        "verdict": checked.verdict,
        "ratio": checked.law.heldout_ratio,
        "constants": [(own.value, own.stderr) for own in checked.law.parameters],
        "true": [2 * PULL / float(slope) ** 2, float(abs(slope))],
        "found": [str(own["law"]) for own in first],
    }


_TEXT = f"""
A pendulum, q'' = -{PULL:g} sin q, let go at rest from .5 to 1.5 rad: {CLIPS} clips of {FRAMES}
frames of {SIZE} x {SIZE} pixels, from 0 to 1, with white noise on every pixel. The coordinate z of
`noether_sym.track.latent` knows no angle and takes no settings; its own (how far pictures are
blurred, how many pieces its curve has) were chosen by the match on pictures like these, so that
the match is that of a development set. *Match*: root mean
square of the angle less the best affine function of z. *Prototype*: that of a geodesic
coordinate in a graph of neighbours, on pictures of the same size. `{FORMULA}` is then judged
by `check` on z and its rate, with v from a smoothing spline; true constants follow from the
slope between z and the angle. *Found*: the first law of a search of sums and of formulas of up
to 5 nodes, without a hint.
"""


TITLE = "A coordinate learned from pixels"


def section(
    output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool
) -> dict[str, str | None]:
    """The section of the page by its title; computes what is asked for, with None nothing."""
    cache = output / "neural"
    cache.mkdir(parents=True, exist_ok=True)
    sources = digest((*DATA, *SEARCH, "track"), ("neural_latent.py",))
    names = list(NOISES)[:1] if quick else list(NOISES)
    rows, found, older = [], [], 0
    for place, name in enumerate(names):
        path = path_of(cache, f"latent {name}", sources, quick=quick)
        mine = part is not None and place % part[1] == part[0] - 1
        if mine and (fresh or held(path) is None):
            keep(path, measured(NOISES[name], clips=_FEW_CLIPS if quick else CLIPS))
        answer, current = latest(path)
        older += answer is not None and not current
        if answer is None:
            rows.append([name, "not computed", *[""] * 5])
            continue
        own = [f"{abs(value):.3g} ± {1.96 * error:.2g}" for value, error in answer["constants"]]
        before = f"{PROTOTYPE[name]:g}" if name in PROTOTYPE else ""
        ratio = "" if answer["ratio"] is None else f"{answer['ratio']:.2g}"
        truth = ", ".join(f"{value:.3g}" for value in answer["true"])
        match, told = f"{answer['match']:.2g}", answer["verdict"]
        rows.append([name, match, before, told, ratio, ", ".join(own), truth])
        found.append(f"- {name}: {'; '.join(f'`{one}`' for one in answer['found']) or 'no law'}")
    titles = ["pixel noise", "match [rad]", "prototype", "verdict", "held-out ratio"]
    titles += ["c0, c1 (95 %)", "true c0, c1"]
    if not found:
        return {TITLE: None}
    parts = [_TEXT.strip(), table(titles, rows), "Found, by pixel noise:", "\n".join(found)]
    parts += [told] if (told := of_earlier_sources(older, len(found))) else []
    return {TITLE: "\n\n".join(parts)}
