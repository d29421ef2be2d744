"""The race of the tailoring beside the paper's grid: the same law, the inner rate, the cost.

    python -m benchmarks.race [--only paper,own] [--ways race,grid] [--part k/n] [--fresh]
                              [--quick] [--page] [--output DIR]

Every tailoring runs in a process of its own, on one thread, and its answer is kept in
OUTPUT/race/ under what decides it (the data, the seed, the way, the sources of the tailoring),
so that a call that was cut short goes on where it stopped. A race and the grid beside it follow
each other, the first of them by turns. Seconds are those of a processor. Writes OUTPUT/race.md,
with every section of which an answer is kept, and OUTPUT/race.jsonl, all answers.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks._measure import run_child
from benchmarks.kept import (
    DATA,
    answers_shown,
    digest,
    held,
    keep,
    parser,
    path_of,
    publish,
    sections_of,
)
from benchmarks.race_page import Job, page

LIMIT_SECONDS = 4 * 3600
"""After so many seconds a tailoring is stopped, which is a result too."""

SECTIONS = {
    "paper": ("ideal_spring", "ideal_pendulum", "real_pendulum"),
    "own": (
        *("pendulum", "pendulum+1%", "coupled_oscillators", "coupled_oscillators+1%"),
        *("kepler", "kepler+1%", "kepler_2d"),
    ),
}
SEEDS = {"paper": 5, "own": 1}
WAYS = ("race", "grid")
RACE_ALONE = ("pendulum", "coupled_oscillators+1%", "kepler", "kepler+1%")
"""Cases that are not tailored over the grid, which takes hours of them together."""


def main(arguments: list[str] | None = None) -> None:
    """Tailor what is left to tailor, and write the page."""
    taken = parser(__doc__.splitlines()[0], "job")
    options, chosen = sections_of(taken, arguments, SECTIONS, WAYS)
    cache = options.output / "race"
    cache.mkdir(parents=True, exist_ok=True)
    every = {name: _jobs(name, quick=options.quick) for name in SECTIONS}
    paths = {job: _path(cache, job, quick=options.quick) for own in every.values() for job in own}
    if not options.page:
        first, step = options.part
        jobs = [job for name in chosen for job in every[name]]
        for job in jobs[first - 1 :: step]:
            if job.way in options.ways and (options.fresh or held(paths[job]) is None):
                print(*job, "...", file=sys.stderr, flush=True)
                keep(paths[job], _tailored(cache, job, quick=options.quick))
    answers, older = answers_shown(paths)
    # whatever was chosen, what was measured is shown
    shown = [name for name, own in every.items() if name in chosen or any(answers[j] for j in own)]
    jobs = [job for name in shown for job in every[name]]
    publish(options.output / "race.md", page(shown, jobs, answers, len(older)), cache)


def _jobs(section: str, *, quick: bool) -> list[Job]:
    """By seeds, so that what is there early says something of every data set."""
    cases = SECTIONS[section][:1] if quick else SECTIONS[section]
    seeds = range(1 if quick else SEEDS[section])
    return [
        Job(section, case, seed, way)
        for seed, case in itertools.product(seeds, cases)
        for way in (WAYS if seed % 2 == 0 else WAYS[::-1])
        if way == "race" or case not in RACE_ALONE
    ]


def _tailored(cache: Path, job: Job, *, quick: bool) -> dict[str, Any]:
    """The answer of a process of its own; why there is none is an answer too."""
    words = ["-m", "benchmarks.race_run", job.case, str(job.seed), job.way, str(cache / "runs")]
    words += ["--quick"] if quick else []
    try:
        _, peak, output = run_child(words, timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return {"status": "stopped", "seconds": LIMIT_SECONDS}
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return {**answer, "peak": peak}


def _path(cache: Path, job: Job, *, quick: bool = False) -> Path:
    sources = digest((*DATA, "tailor"), ("race_run.py",))
    return path_of(cache, f"{job.case}-{job.seed}-{job.way}", sources, quick=quick)


if __name__ == "__main__":
    main()
