"""How the cost of the search grows: with depth, samples, columns and cores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks._measure import Section, cores, exponent, table, timed
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.runtime.device import single_threaded
from noether_sym.runtime.workers import Workers
from noether_sym.search.fit import fit_candidates
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.stage import distinct_candidates

_SYSTEMS = {
    "ideal_pendulum": "paper",
    "lorenz": "paper",
    "sir": "extended",
    "kepler_2d": "extended",
}
"""More and more columns, and the grammar of each."""


def measure(quick: bool) -> Section:
    """The ideal pendulum, but for the columns."""
    pendulum = load("ideal_pendulum")
    depths = (4, 5) if quick else (4, 5, 6, 7, 8, 9)
    copies = (1, 2) if quick else (1, 2, 4, 8, 16)
    by_depth = [(depth, *_cost(pendulum, depth, cores())) for depth in depths]
    # beyond so many samples the full set is read for what is promising only
    by_samples = [
        (sum(map(len, data.train)), *_cost(data, depths[-1] if quick else 7, cores()))
        for data in (_repeated(pendulum, number) for number in copies)
    ]
    systems = dict(list(_SYSTEMS.items())[:1]) if quick else _SYSTEMS
    by_columns = [
        (
            f"{name}, {grammar}",
            len(load(name).columns),
            *_cost(load(name), 4 if quick else 6, cores(), grammar),
        )
        for name, grammar in systems.items()
    ]
    most = 5 if quick else 8
    by_cores = [(jobs, *_cost(pendulum, most, jobs)) for jobs in range(1, cores() + 1)]
    alone = by_cores[0][3]
    rows = [[f"depth {size}", *_shown(cost)] for size, *cost in by_depth]
    rows += [[f"{size:,} samples, depth 7", *_shown(cost)] for size, *cost in by_samples]
    rows += [
        [f"{name}: {columns} columns, depth 6", *_shown(cost)]
        for name, columns, *cost in by_columns
    ]
    rows += [[f"{jobs} workers, depth {most}", *_shown(cost)] for jobs, *cost in by_cores]
    slope = exponent([one[0] for one in by_samples[-3:]], [one[3] for one in by_samples[-3:]])
    efficiency = alone / by_cores[-1][3] / len(by_cores)
    text = (
        f"Seconds of the search alone (enumeration and fit of all candidates). Over the last "
        f"samples the fit's cost grows with their power {slope:.2f}; {len(by_cores)} cores work "
        f"at an efficiency of {efficiency:.2f}.\n\n"
    )
    text += table(["case", "candidates", "enumerate, s", "fit, s"], rows)

    def draw_depth(axes: Any) -> None:
        axes.semilogy(depths, [one[2] for one in by_depth], "o-", label="enumerate")
        axes.semilogy(depths, [one[3] for one in by_depth], "s-", label="fit")
        axes.set_xlabel("depth (nodes)")
        axes.set_ylabel("seconds")
        axes.legend()

    def draw_samples(axes: Any) -> None:
        axes.loglog([one[0] for one in by_samples], [one[3] for one in by_samples], "s-")
        axes.set_xlabel("samples")
        axes.set_ylabel("seconds of the fit")

    figures = [("growth_depth", draw_depth), ("growth_samples", draw_samples)]
    return Section("Growth", text, figures)


def _shown(cost: list[Any]) -> list[str]:
    count, enumerated, fitted = cost
    return [f"{count:,}", f"{enumerated:.2f}", f"{fitted:.2f}"]


def _cost(data: Dataset, depth: int, jobs: int, grammar: str = "paper") -> tuple[int, float, float]:
    """Candidates, seconds of the enumeration, seconds of the fit."""
    enumerated, laws = timed(
        lambda: enumerate_laws(resolve_grammar(grammar), data.dimensions, depth)
    )
    candidates = distinct_candidates(laws)
    samples = make_samples(data.train, window=None, seed=0)
    with single_threaded():
        fitted, _ = timed(lambda: fit_candidates(candidates, samples, workers=Workers(jobs)))
    return len(candidates), enumerated, fitted


def _repeated(data: Dataset, copies: int) -> Dataset:
    """So many draws of the data set, one after the other."""
    train = tuple(one for seed in range(copies) for one in load(data.name, seed=seed).train)
    return replace(data, train=train)
