"""Which searches the benchmark of verdicts makes, in an order that can be cut short anywhere."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from benchmarks import chaotic
from benchmarks.damped import DAMPINGS, HARD, MODELS
from benchmarks.published import PUBLISHED
from benchmarks.trials import Job
from noether_sym.datasets import available

LEVELS = (0.0, 0.01, 0.02, 0.05, 0.1)
"""Noise, in standard deviations of each column, of data with laws."""

SEEDS, PLANTED_SEEDS = 5, 8
"""Repetitions with noise, and planted systems of each number of columns."""

NOTHING_LEVELS = (0.0, 0.01, 0.05)
"""Noise where nothing is conserved: one of them a seed, so that each flow has all in turn."""

DRIFT_LEVELS = (0.0, 0.02)
"""Noise of slow losses and of other hard cases."""

DECOYS = 3
"""Decoys of the searches that are asked for them: one in `_ASKED` of the first seed."""

_ASKED = 8
"""Cases of the first seed for each one that is asked for decoys."""

T = TypeVar("T")


@dataclass(frozen=True)
class Section:
    """Searches that are shown together, those of one case and seed after each other."""

    title: str
    jobs: tuple[Job, ...]


def interleaved(*lists: Sequence[T]) -> list[T]:
    """All items, each list spread evenly over the whole, in its own order."""
    placed = [
        ((place + 0.5) / len(own), number, place, item)
        for number, own in enumerate(lists)
        for place, item in enumerate(own)
    ]
    return [item for *_, item in sorted(placed, key=lambda own: own[:3])]


def _noise() -> list[Job]:
    builtin = [f"builtin {own.name}" for own in available() if own.generated and own.invariants]
    planted = [f"planted {n} {seed}" for seed in range(PLANTED_SEEDS) for n in range(2, 7)]
    files = [f"file {name}" for name in PUBLISHED]
    jobs = []
    for seed in range(SEEDS):
        cases = interleaved(builtin, planted, files) if seed == 0 else interleaved(builtin, planted)
        for place, case in enumerate(cases):
            asked = DECOYS if seed == 0 and place % _ASKED == 0 else 0
            jobs += [
                Job("noise", case, level, seed, asked if level == 0.01 else 0)
                for level in LEVELS
                if level or seed == 0
            ]
    return jobs


def _nothing() -> list[Job]:
    flows = [f"dysts {name}" for name in chaotic.names()]
    walks = [f"walks {columns}" for columns in range(2, 7)]
    lines = [f"autoregression {order} {n}" for n in range(2, 7) for order in (1, 2)]
    shuffled = [f"shuffled {own.name}" for own in available() if own.generated and own.invariants]
    jobs = []
    for seed in range(len(NOTHING_LEVELS)):
        own = interleaved(flows, walks, lines, shuffled) if seed == 0 else flows
        for place, case in enumerate(own):
            level = NOTHING_LEVELS[(place + seed) % len(NOTHING_LEVELS)]
            asked = DECOYS if seed == 0 and place % _ASKED == 0 else 0
            jobs.append(Job("nothing", case, level, seed, asked))
    return jobs


def _drift() -> list[Job]:
    slow = [f"drift {name} {damping:g}" for damping in DAMPINGS for name in MODELS]
    cases = interleaved(slow, [f"hard {name}" for name in HARD])
    return [Job("drift", case, level) for case in cases for level in DRIFT_LEVELS]


_PAPER = ("ideal_spring", "ideal_pendulum", "real_pendulum")

SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "noise": Section("Recovery with noise", tuple(_noise())),
        "nothing": Section("Where nothing is conserved", tuple(_nothing())),
        "drift": Section("Slow losses, and other hard cases", tuple(_drift())),
        "paper": Section(
            "The paper's data sets", tuple(Job("paper", f"builtin {name}") for name in _PAPER)
        ),
    }
)


def groups(names: Sequence[str], *, quick: bool = False) -> list[list[Job]]:
    """Jobs that share their data, in order: the first seed of everything, then the next.

    With `quick` the first group of each section.
    """
    rounds: dict[int, list[list[list[Job]]]] = {}
    for name in names:
        own = [
            list(jobs)
            for _, jobs in itertools.groupby(SECTIONS[name].jobs, lambda job: (job.case, job.seed))
        ]
        for seed, found in itertools.groupby(own[:1] if quick else own, lambda jobs: jobs[0].seed):
            rounds.setdefault(seed, []).append(list(found))
    return [group for seed in sorted(rounds) for group in interleaved(*rounds[seed])]
