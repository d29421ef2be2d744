"""Whether 95 % intervals of a law's constants cover the truth as often as they say.

    python -m benchmarks.intervals [--repeats N] [--part k/n] [--fresh] [--page] [--output DIR]

Four built-in systems with noise of 1, 5 and 10 % of each column's standard deviation, 10 and 25
trajectories: the law's true form, its constants refitted from values 30 % too large. Every cell
(a system, a noise, a number of trajectories) is kept in OUTPUT/intervals/ under what decides it,
so that a call that was cut short goes on where it stopped; ``--part 1/2`` takes every second
cell, ``--page`` computes nothing. Writes OUTPUT/intervals.json and OUTPUT/intervals.md, the most
unfavourable cell first.
"""

from __future__ import annotations

import functools
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from benchmarks.kept import digest, held, keep, parser, path_of
from noether_sym.datasets.systems.generate import integrate
from noether_sym.datasets.systems.records import SYSTEMS
from noether_sym.dsl.parser import parse
from noether_sym.noise.constants import refit

NAMES = ("ideal_pendulum", "ideal_spring", "kepler_2d", "lotka_volterra")
"""Systems whose first known law has constants."""

NOISES, TRAJECTORIES = (0.01, 0.05, 0.1), (10, 25)
"""Noise, in standard deviations of a column, and numbers of trajectories: a cell for each pair."""

LEVEL = 0.95
"""Of the intervals whose coverage is measured."""

POOLED = (0.925, 0.97)
"""Where the coverage of all cells together must lie."""

OFF = 0.1
"""Most that estimates may be off in the mean, in standard errors, over all cells."""

EXACT = 0.999
"""Level of the binomial interval of a cell that must contain 95 %."""

_POOL = 400
"""Trajectories of which each repeat draws its own."""

_WRONG = 1.3
"""Starting values over the truth."""

_STREAM = 0x1A7E
"""First number of the seed of every draw, before those of the system, cell and repeat."""


def main(arguments: list[str] | None = None) -> None:
    """Compute what cells are left, and write the page."""
    taken = parser(__doc__.splitlines()[0], "cell")
    taken.add_argument("--repeats", type=int, default=200)
    options = taken.parse_args(arguments)
    cache = options.output / "intervals"
    cache.mkdir(parents=True, exist_ok=True)
    cells = list(itertools.product(NAMES, NOISES, TRAJECTORIES))
    paths = {cell: _path(cache, cell, options.repeats) for cell in cells}
    if not options.page:
        first, step = options.part
        for cell in cells[first - 1 :: step]:
            if options.fresh or not paths[cell].is_file():
                print(*cell, "...", file=sys.stderr, flush=True)
                keep(paths[cell], measured(*cell, options.repeats))
    found = [own for path in paths.values() if (own := held(path)) is not None]
    summary = summed(found)
    written = json.dumps(summary, indent=1) + "\n"
    (options.output / "intervals.json").write_text(written, encoding="utf-8")
    (options.output / "intervals.md").write_text(section(summary), encoding="utf-8")
    print(f"{options.output / 'intervals.md'} written: {len(found)} of {len(cells)} cells")


def measured(name: str, noise: float, trajectories: int, repeats: int) -> dict[str, Any]:
    """Estimates, errors and intervals of a cell: lists of shape (repeat, constant)."""
    system = SYSTEMS[name]
    formula = parse(system.invariants[0], [column for column, _ in system.columns])
    truth = np.array([own.value for own in formula.constants], dtype=np.float64)
    states = _pool(name)
    sigma = noise * states.std(axis=(1, 2))
    start = _WRONG * truth
    if len(truth) > 1:
        start[0] = truth[0]  # a factor of everything: the data tell the others beside it
    cell: dict[str, Any] = {"system": name, "noise": noise, "trajectories": trajectories}
    kept: dict[str, list[Any]] = {key: [] for key in ("estimate", "error", "low", "high")}
    began = time.perf_counter()
    for repeat in range(repeats):
        seed = [_STREAM, NAMES.index(name), round(1000 * noise), trajectories, repeat]
        generator = np.random.default_rng(seed)
        chosen = states[:, generator.choice(_POOL, trajectories, replace=False)]
        noisy = chosen + sigma[:, None, None] * generator.standard_normal(chosen.shape)
        fitted = refit(formula.expression, start.tolist(), noisy, np.ones(noisy.shape[1:]), sigma)
        free = [slot for slot in range(len(truth)) if slot not in fitted.held]
        low, high = fitted.intervals(LEVEL)[free].T
        rows = (fitted.values[free], fitted.errors[free], low, high)
        for key, row in zip(kept, rows, strict=True):
            kept[key].append(row.tolist())
    cell["truth"] = truth[free].tolist()
    return {**cell, **kept, "seconds": (time.perf_counter() - began) / max(repeats, 1)}


def summed(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Coverage and bias of each cell, the most unfavourable first, and of all together."""
    rows, covered, scores = [], [], []
    for cell in cells:
        truth = np.array(cell["truth"])
        estimate, error, low, high = (
            np.array(cell[key]) for key in ("estimate", "error", "low", "high")
        )
        inside, score = (low <= truth) & (truth <= high), (estimate - truth) / error
        covered.append(inside.ravel())
        scores.append(score.ravel())
        for place, value in enumerate(truth):
            hits = int(inside[:, place].sum())
            exact = binomtest(hits, len(inside)).proportion_ci(EXACT)
            rows.append(
                {
                    **{key: cell[key] for key in ("system", "noise", "trajectories", "seconds")},
                    "constant": value,
                    "repeats": len(inside),
                    "coverage": hits / len(inside),
                    "exact": [exact.low, exact.high],
                    "bias": float(estimate[:, place].mean() / value - 1),
                    "spread": float(estimate[:, place].std(ddof=1) / value),
                    "error": float(np.sqrt((error[:, place] ** 2).mean()) / value),
                    "score": float(score[:, place].mean()),
                }
            )
    rows.sort(key=lambda row: (-abs(row["coverage"] - LEVEL), -abs(row["score"])))
    every = np.concatenate(covered) if covered else np.zeros(0)
    pooled = {
        "coverage": float(every.mean()) if every.size else None,
        "score": float(np.concatenate(scores).mean()) if every.size else None,
        "intervals": int(every.size),
    }
    return {"rows": rows, "pooled": pooled}


def section(summary: dict[str, Any]) -> str:
    """The part of a page about intervals."""
    lines = ["## Intervals of constants", ""]
    rows, pooled = summary["rows"], summary["pooled"]
    if not rows:
        return "\n".join([*lines, "Not measured yet.", ""])
    failed = [row for row in rows if not row["exact"][0] <= LEVEL <= row["exact"][1]]
    inside = POOLED[0] <= pooled["coverage"] <= POOLED[1]
    lines += [
        f"The law's true form, constants refitted from values {_WRONG - 1:.0%} too large; noise in "
        "parts of each column's standard deviation, known. Of all "
        f"{pooled['intervals']:,} intervals of {LEVEL:.0%}, {pooled['coverage']:.1%} hold the "
        f"truth ({'within' if inside else 'outside'} {POOLED[0]:.1%} to {POOLED[1]:.0%}); "
        f"estimates are off by {pooled['score']:+.3f} standard errors in the mean (at most {OFF}: "
        f"{'yes' if abs(pooled['score']) <= OFF else 'no'}). Rows whose exact {EXACT:.1%} "
        f"interval of the coverage leaves {LEVEL:.0%} out: {len(failed)} of {len(rows)}. What is "
        "compared, weighted and left out was chosen on these systems, with other random numbers.",
        "",
        "| system | constant | noise | trajectories | coverage | exact 99.9 % | bias | spread "
        "| standard error | off, in errors | seconds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        low, high = row["exact"]
        lines.append(
            f"| {row['system']} | {row['constant']:g} | {row['noise']:.0%} | {row['trajectories']} "
            f"| {row['coverage']:.1%} | {low:.1%} to {high:.1%} | {row['bias']:+.2%} "
            f"| {row['spread']:.2%} | {row['error']:.2%} | {row['score']:+.2f} "
            f"| {row['seconds']:.2f} |"
        )
    return "\n".join([*lines, ""])


@functools.cache
def _pool(name: str) -> NDArray[np.float64]:
    """Noiseless trajectories of a system: shape (column, trajectory, time)."""
    system = SYSTEMS[name]
    generator = np.random.default_rng([_STREAM, NAMES.index(name)])
    runs = [integrate(system, system.start(generator))[1].T for _ in range(_POOL)]
    return np.stack(runs, axis=1)


def _path(cache: Path, cell: tuple[str, float, int], repeats: int) -> Path:
    name, noise, trajectories = cell
    sources = digest(("dsl", "datasets/systems", "noise"), (Path(__file__).name,))
    return path_of(cache, f"{name}-{noise:g}-{trajectories}-{repeats}", sources)


if __name__ == "__main__":
    main()
