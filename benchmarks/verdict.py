"""What the verdicts of the default call are worth: noise, chance, drift.

    pip install --no-deps dysts
    python -m benchmarks.verdict [--only SECTIONS] [--part k/n] [--fresh] [--quick] [--page]
                                 [--output DIR]

About three hours on two cores, as two calls with ``--part 1/2`` and ``--part 2/2``. Every answer
is kept in OUTPUT/verdict/ under what decides it, so that a call that was cut short goes on where
it stopped; the first seed of everything comes first, and the page says how much was run, and what
of it with earlier sources: it shows every section of which an answer is kept. ``--page`` searches
nothing. Writes OUTPUT/verdict.md and its figure, and OUTPUT/verdict.jsonl:
all answers, with which a call on another machine goes on.

What is listed is judged by its values on fresh trajectories without noise and by gradients,
never by its text: see `benchmarks.shares` and `benchmarks.scoring`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._measure import run_many
from benchmarks.kept import (
    DATA,
    SEARCH,
    answers_shown,
    digest,
    held,
    keep,
    parser,
    path_of,
    publish,
    sections_of,
)
from benchmarks.trials import Job
from benchmarks.verdict_page import page
from benchmarks.verdict_plan import SECTIONS, groups

LIMIT_SECONDS = 900
"""After so many seconds a search, with its data and its judging, is stopped: a result too."""

_JUDGES = (
    *("cases.py", "chaotic.py", "damped.py", "noise.py", "null_space.py", "planted.py"),
    *("published.py", "scoring.py", "shares.py", "trials.py", "verdict_run.py"),
)


def main(arguments: list[str] | None = None) -> None:
    """Search what is left to search, and write the page."""
    taken = parser(__doc__.splitlines()[0], "case")
    options, chosen = sections_of(taken, arguments, SECTIONS)
    cache = options.output / "verdict"
    cache.mkdir(parents=True, exist_ok=True)
    made = {}
    if not options.page:
        first, step = options.part
        for number, group in enumerate(groups(chosen, quick=options.quick)[first - 1 :: step]):
            left = [job for job in group if options.fresh or held(_path(cache, job)) is None]
            if left:
                print(f"{number + 1}: {left[0].name} ...", file=sys.stderr, flush=True)
            for job, answer in _searched(left):
                made[job] = answer
                keep(_path(cache, job), answer)
    every = itertools.chain.from_iterable(groups(list(SECTIONS), quick=options.quick))
    entries, older = answers_shown({job: _path(cache, job) for job in every}, made)
    # whatever was chosen, what was measured is shown
    there = {job.section for job, own in entries.items() if own is not None}
    shown = [name for name in SECTIONS if name in chosen or name in there]
    entries = {job: own for job, own in entries.items() if job.section in shown}
    figures = options.output / "figures"
    figures.mkdir(exist_ok=True)
    text = page(shown, entries, len(older), options.output, quick=options.quick)
    publish(options.output / "verdict.md", text, cache)


def _searched(jobs: list[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    names = [job.name for job in jobs]
    for name, answer in run_many("benchmarks.verdict_run", names, timeout=LIMIT_SECONDS):
        yield Job.read(name), answer


def _path(cache: Path, job: Job) -> Path:
    return path_of(cache, job.name, digest((*DATA, *SEARCH), _JUDGES))


if __name__ == "__main__":
    main()
