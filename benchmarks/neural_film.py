"""The section of the neural page on the film of a swinging apple: from video to a law."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ellipk
from scipy.stats import t as student

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
from noether_sym.datasets.parts import rejoined
from noether_sym.errors import NoetherSymError

FILM = "real_apple_pendulum"
TITLE = "From a film to a law"
_LEVEL = 0.95
"""Of the intervals."""

_TEXT = f"""
`noether-sym track {FILM}` finds the object, fits its path and writes angles and rates;
`noether-sym fit` is the default call on what was written, without a hint. A plane pendulum keeps
`w**2 - c*cos(q)` with c = 2 g/l. Beside it the same constant from the zeros and the amplitudes of
the swings alone, in which no rate takes part: c = 2 (4 K(sin²(A/2))/T)² of each period T.
"""


def measured() -> dict[str, Any]:
    """Track the film, search the laws of what was written, and time swings."""
    from noether_sym.datasets.filmed import FILMS, locate_film
    from noether_sym.datasets.tracked import csv_of, table_of
    from noether_sym.track.motion import motion_of

    try:
        film = locate_film(FILMS[FILM])
    except NoetherSymError as error:
        return {"status": "missing", "reason": str(error)}
    begin = time.process_time()
    text = csv_of(table_of([motion_of(film)]))
    tracked = time.process_time() - begin
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "apple.csv"
        path.write_text(text, encoding="utf-8")
        found = noether_sym.discover(str(path))
    data = found.dataset
    whole = rejoined(data.train, data.test)
    swings = constants_of_swings([(own.times, own.states[:, 0]) for own in whole])
    return {
        "status": "done",
        "seconds": tracked,
        "rows": sum(map(len, whole)),
        "laws": [_told(law) for law in found.accepted],
        "swings": swings,
    }


def _told(law: Any) -> dict[str, Any]:
    evidence = law.evidence
    return {
        "law": law.text(),
        "verdict": law.verdict,
        "constants": [(own.name, own.value, own.interval) for own in law.parameters],
        "half_life": [evidence.half_life, evidence.half_life_error],
        "also": [other.text() for other in law.also_allowed],
    }


def constants_of_swings(
    pieces: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> list[float]:
    """2 g/l of each whole swing, from when the angle is 0 and how far it goes.

    Parameters
    ----------
    pieces : sequence of (times, angles)
        Angles from the middle of the swings, in radians.
    """
    found = []
    for times, angles in pieces:
        below = np.flatnonzero((angles[:-1] < 0) & (angles[1:] >= 0))
        part = -angles[below] / (angles[below + 1] - angles[below])
        zeros = times[below] + part * (times[below + 1] - times[below])
        for first, last, begin, end in zip(below, below[1:], zeros, zeros[1:], strict=False):
            swing = angles[first : last + 1]
            reach = 0.5 * (swing.max() - swing.min())
            quarter = float(ellipk(np.sin(0.5 * reach) ** 2))
            found.append(2.0 * (4.0 * quarter / (end - begin)) ** 2)
    return found


def section(
    output: Path, part: tuple[int, int] | None, *, fresh: bool, quick: bool
) -> dict[str, str | None]:
    """The section of the page by its title; computes what is asked for, with None nothing."""
    cache = output / "neural"
    cache.mkdir(parents=True, exist_ok=True)
    sources = digest((*DATA, *SEARCH, "track"), ("neural_film.py",))
    path = path_of(cache, "film", sources, quick=quick)
    if part is not None and part[0] == 1 and (fresh or held(path) is None):
        keep(path, measured())
    answer, current = latest(path)
    if answer is None:
        return {TITLE: None}
    rows = []
    for own in answer["laws"]:
        constants = [f"{name} = {_shown(value, interval)}" for name, value, interval in
                     own["constants"]]  # fmt: skip
        half, error = own["half_life"]
        lasts = "" if half is None else f"{half:.1f}" + (f" ± {error:.1f}" if error else "")
        rows.append([f"`{own['law']}`", own["verdict"], "; ".join(constants), lasts])
    swings = np.array(answer["swings"])
    middle = float(swings.mean())
    reach = student.ppf(0.5 + _LEVEL / 2, len(swings) - 1) * swings.std(ddof=1) / len(swings) ** 0.5
    first = next(iter(answer["laws"]), {"also": [], "constants": []})
    _, _, interval = next(iter(first["constants"]), (None, None, None))
    held_in = interval and interval[0] <= middle <= interval[1]
    parts = [
        _TEXT.strip(),
        table(["law", "verdict", "constants (95 %)", "half-life [s]"], rows),
        f"From {len(swings)} periods and amplitudes: {middle:.2f} ± {reach:.2f} (95 %), "
        f"which the interval of the first law {'holds' if held_in else 'does not hold'}. "
        f"{answer['rows']} rows were tracked, in {answer['seconds']:.0f} s.",
        "Not told from the first law: " + (", ".join(f"`{own}`" for own in first["also"]) + "."),
    ]
    parts += [told] if (told := of_earlier_sources(0 if current else 1, 1)) else []
    return {TITLE: "\n\n".join(parts)}


def _shown(value: float, interval: Sequence[float] | None) -> str:
    low, high = interval or (None, None)
    return f"{value:.4g}" + ("" if low is None else f" ({low:.4g} to {high:.4g})")
