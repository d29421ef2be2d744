"""How well the noise of built-in systems is estimated: ``python -m benchmarks.noise``.

To every simulated system noise of 0, .1, 1, 5 and 10 % of each column's standard deviation is
added (`--seeds` times, 3 by default), and `noether_sym.noise.noise_report` is asked for it.
Printed for each column: the ratio of the estimate to the truth at each level, median and worst
(0 where no noise was called seen); how often two standard errors covered the truth where it was
seen; how often it was not ("unseen"). Without noise, the estimate and the bound, as shares of
the standard deviation. Outliers and columns of uneven noise are false there: they are counted.
`--systems` takes names, `--summary` leaves the single columns out. About 50 s of one core.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks._measure import table, timed
from noether_sym.datasets import Dataset, Trajectory, available, load
from noether_sym.noise import NoiseReport, noise_report

LEVELS = (0.0, 0.001, 0.01, 0.05, 0.1)
"""Noise, in standard deviations of each column."""

_NEAR = 0.1
"""Relative error of an estimate, up to which it counts as near the truth."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--systems", nargs="*", default=None)
    parser.add_argument("--summary", action="store_true")
    options = parser.parse_args()
    names = options.systems or [info.name for info in available() if info.generated]
    seconds, found = timed(lambda: {name: measured(name, options.seeds) for name in names})
    if not options.summary:
        print(table(_HEADER, [row for name in names for row in _rows(*found[name])]))
    print()
    print(table(["noise", "within 10 %", "worst", "covered", "unseen"], _summary(found)))
    reports = [one for _, levels in found.values() for own in levels.values() for one in own]
    outliers = sum(len(one.outliers) for one in reports)
    uneven = sum(len(one.uneven) for one in reports)
    print(f"\n{outliers} outliers and {uneven} uneven columns in {len(reports)} data sets, all")
    print(f"false; {seconds:.0f} s")


def measured(name: str, seeds: int) -> tuple[Dataset, dict[float, list[NoiseReport]]]:
    """A system and, by level, the reports for each seed."""
    dataset = load(name)
    return dataset, {
        level: [
            noise_report(with_noise(dataset, level, seed)) for seed in range(seeds if level else 1)
        ]
        for level in LEVELS
    }


def with_noise(dataset: Dataset, level: float, seed: int) -> list[Trajectory]:
    """Trajectories with noise of a share of each column's standard deviation."""
    stream = np.random.default_rng([seed, *dataset.name.encode()])
    return [
        replace(one, states=one.states + level * spread(dataset) * normal)
        for one in (*dataset.train, *dataset.test)
        if (normal := stream.standard_normal(one.states.shape)) is not None
    ]


def spread(dataset: Dataset) -> NDArray[np.float64]:
    """Standard deviation of each column: shape (column,)."""
    states = np.concatenate([one.states for one in (*dataset.train, *dataset.test)])
    return np.asarray(states.std(axis=0))


_HEADER = (
    ["system", "column", "0: sigma", "bound"]
    + [f"{100 * level:g} %: median (worst)" for level in LEVELS[1:]]
    + ["covered"]
)


def _ratios(dataset: Dataset, reports: list[NoiseReport], level: float) -> NDArray[np.float64]:
    """Estimates over the truth: shape (seed, column); 0 where none was seen."""
    return np.array([one.noise.sigma for one in reports]) / (level * spread(dataset))


def _covered(dataset: Dataset, reports: list[NoiseReport], level: float) -> NDArray[np.bool_]:
    truth = level * spread(dataset)
    sigma = np.array([one.noise.sigma for one in reports])
    error = np.array([one.noise.error for one in reports])
    return np.asarray(np.abs(sigma - truth) <= 2 * error)


def _worst(ratios: NDArray[np.float64]) -> float:
    return float(ratios[np.argmax(np.abs(ratios - 1.0))])


def _rows(dataset: Dataset, levels: dict[float, list[NoiseReport]]) -> list[list[str]]:
    rows = []
    clean = levels[0.0][0].noise
    for place, column in enumerate(dataset.names):
        size = spread(dataset)[place]
        row = [dataset.name, column, f"{clean.sigma[place] / size:.0e}"]
        row.append(f"{clean.floor[place] / size:.0e}")
        inside: list[float] = []
        for level in LEVELS[1:]:
            ratios = _ratios(dataset, levels[level], level)[:, place]
            row.append(f"{np.median(ratios):.3f} ({_worst(ratios):.3f})")
            seen = ratios > 0
            inside += _covered(dataset, levels[level], level)[:, place][seen].tolist()
        rows.append([*row, f"{np.mean(inside):.2f}" if inside else "-"])
    return rows


def _summary(
    found: dict[str, tuple[Dataset, dict[float, list[NoiseReport]]]],
) -> list[list[str]]:
    rows = []
    for level in LEVELS[1:]:
        ratios = np.concatenate(
            [_ratios(data, own[level], level).ravel() for data, own in found.values()]
        )
        inside = np.concatenate(
            [_covered(data, own[level], level).ravel() for data, own in found.values()]
        )
        seen = ratios > 0
        near = float(np.mean(np.abs(ratios[seen] - 1.0) <= _NEAR))
        rows.append(
            [
                f"{100 * level:g} %",
                f"{near:.3f}",
                f"{_worst(ratios[seen]):.3f}",
                f"{np.mean(inside[seen]):.3f}",
                f"{np.mean(~seen):.3f}",
            ]
        )
    return rows


if __name__ == "__main__":
    main()
