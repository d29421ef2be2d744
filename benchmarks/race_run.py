"""One tailoring of the benchmark of the race, in a process of its own.

    python -m benchmarks.race_run CASE SEED race|grid RUNS [--quick]

A case is a built-in data set, or a file of one's own with its noise: ``pendulum+1%``. Prints a
line of JSON. Seconds are those of a processor in the tailoring, on one thread; the search, which
is the default one, is left out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

_TRAJECTORIES, _SAMPLES = 30, 150
"""Of a file that is made here, and samples of each."""


def main(arguments: list[str]) -> None:
    """Print what the tailoring found and what it cost."""
    case, seed, way, runs = arguments[:4]
    print(json.dumps(answer(case, int(seed), way, Path(runs), quick="--quick" in arguments)))


def answer(case: str, seed: int, way: str, runs: Path, *, quick: bool) -> dict[str, Any]:
    """Search, or take the run that holds the laws, then tailor."""
    import torch

    import noether_sym
    from noether_sym.datasets.derive import without_derived
    from noether_sym.errors import DatasetError
    from noether_sym.export import law_from_entry
    from noether_sym.laws.expansion import expanded
    from noether_sym.laws.known import known_law
    from noether_sym.store.schema import LawsDocument
    from noether_sym.tailor import TailorOptions, tailor

    torch.set_num_threads(1)
    name, _, percent = case.partition("+")
    own = name in _OWN
    data = _OWN[name](float(percent.rstrip("%") or 0) / 100) if own else {"data": case}
    begin = time.process_time()
    try:
        found = noether_sym.discover(**data, jobs=1, results=runs)
    except DatasetError as error:
        if own:
            raise
        return {"status": "missing", "reason": str(error)}
    searched = time.process_time() - begin
    listed = found.run.read(LawsDocument)
    entries = listed.to_tailor
    dataset = without_derived(found.dataset)
    options = TailorOptions(
        seed=seed,
        **({} if way == "race" else {"budget": None}),
        **({"top": 3, "epochs": 4, "baseline_steps": 60} if quick else {}),
    )
    progress: list[tuple[float, float]] = []
    begin = time.process_time()
    document = tailor(
        dataset,
        [expanded(law_from_entry(entry), found.dataset) for entry in entries],
        oracle=known_law(dataset),
        options=options,
        progress=lambda _, done, total: progress.append(
            (done / total, time.process_time() - begin)
        ),
    ).document
    seconds = time.process_time() - begin
    law = document.choice.candidate
    tried = [row for row in document.trials if row.candidate == law and row.rate is not None]
    rates = [row.rate for row in document.controls("meta-tailored")]
    return {
        "status": "done",
        "seconds": seconds,
        "search_seconds": searched,
        "law": document.choice.law,
        "selected": document.selected,
        "laws": [entry.expression for entry in listed.laws],
        "rate": rates[0] if rates else None,
        "validation": [[row.rate, row.validation_error] for row in tried],
        "errors": {row.method: row.test_rmse.mean for row in document.summary},
        "trials": [len(document.heats), len(document.trials)],
        "lost": sum(row.status != "ok" for row in (*document.heats, *document.trials)),
        "candidates": len(document.candidates),
        "states": document.training_states,
        "left": [[done, at / seconds] for done, at in progress],
    }


def _pendulum(noise: float) -> dict[str, Any]:
    """A pendulum's angle and rate."""
    rng = np.random.default_rng(5)
    times = np.linspace(0.0, 3.0, _SAMPLES)
    starts = [(rng.uniform(0.5, 2.2), rng.uniform(-2.0, 2.0)) for _ in range(_TRAJECTORIES)]
    states = _solved(lambda _, y: [y[1], -19.62 * np.sin(y[0])], starts, times)
    return _given(states, noise, rng, times, {"theta": "rad", "omega": "rad/s"})


def _coupled_oscillators(noise: float) -> dict[str, Any]:
    """Two masses on three springs."""
    rng = np.random.default_rng(6)
    times = np.linspace(0.0, 10.0, _SAMPLES)
    starts = rng.normal(size=(_TRAJECTORIES, 4))

    def motion(_: float, y: Any) -> list[float]:
        pull = 0.5 * (y[0] - y[1])
        return [y[2], y[3], -y[0] - pull, -y[1] + pull]

    units = {"x1": "m", "x2": "m", "v1": "m/s", "v2": "m/s"}
    return _given(_solved(motion, starts, times), noise, rng, times, units)


def _kepler(noise: float) -> dict[str, Any]:
    """A planet about a fixed sun, each time on an ellipse turned in its plane."""
    rng = np.random.default_rng(7)
    times = np.linspace(0.0, 10.0, _SAMPLES)
    starts = [
        (rng.uniform(0.8, 1.5), 0.0, 0.0, rng.choice([-1, 1]) * rng.uniform(0.7, 1.05))
        for _ in range(_TRAJECTORIES)
    ]
    turned = [_turned(start, rng.uniform(0.0, 2 * np.pi)) for start in starts]

    def motion(_: float, y: Any) -> list[float]:
        cube = np.hypot(y[0], y[1]) ** 3
        return [y[2], y[3], -y[0] / cube, -y[1] / cube]

    units = {"x": "m", "y": "m", "vx": "m/s", "vy": "m/s"}
    return _given(_solved(motion, turned, times), noise, rng, times, units)


def _turned(state: Any, angle: float) -> list[float]:
    """Position and velocity turned in the plane."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, vx, vy = state
    return [c * x - s * y, s * x + c * y, c * vx - s * vy, s * vx + c * vy]


def _solved(motion: Any, starts: Any, times: Any) -> Any:
    span = (times[0], times[-1])
    return np.array(
        [
            solve_ivp(motion, span, start, t_eval=times, rtol=1e-10, atol=1e-10).y.T
            for start in starts
        ]
    )


def _given(
    states: Any, noise: float, rng: np.random.Generator, times: Any, units: dict[str, str]
) -> dict[str, Any]:
    """As a file says it, each column with noise of a share of its standard deviation."""
    states = states + noise * states.std(axis=(0, 1)) * rng.normal(size=states.shape)
    step = float(times[1] - times[0])
    return {"data": states, "names": [*units], "units": [*units.values(), "s"], "dt": step}


_OWN = {
    "pendulum": _pendulum,
    "coupled_oscillators": _coupled_oscillators,
    "kepler": _kepler,
}


if __name__ == "__main__":
    main(sys.argv[1:])
