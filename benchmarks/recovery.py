"""Which laws the one default call finds, which it misses, and what it costs.

    python -m benchmarks.recovery [--only SECTIONS] [--part k/n] [--fresh] [--quick] [--page]
                                  [--output DIR] [--table FILE]

Every search runs in a process of its own, and its answer is kept in OUTPUT/recovery/ under what
decides it (the case, the way, the sources of the search and of its judges), so that a call that
was cut short goes on where it stopped, and a change of the search searches again. ``--part 1/4``
takes every fourth case; ``--page`` writes the page of what there is and searches nothing;
``--fresh`` searches again. Writes results/recovery.md with its figures, in which every section
stands of which an answer is kept, be it of earlier sources; results/recovery.jsonl; and, where
every built-in data set has an answer of these sources, the table in docs/limits.md between
``<!-- found: begin -->`` and ``<!-- found: end -->``.

Judged by gradients at points that no search has seen and by values on fresh trajectories, never
by text: see `benchmarks.scoring`.
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
from benchmarks.recovery_page import SECTIONS, WAY_NAMES, Section, found_table, page, ways_of

LIMIT_SECONDS = 900
"""After so many seconds a search is stopped, which is a result too."""

_JUDGES = ("cases.py", "null_space.py", "planted.py", "published.py", "recovery_run.py")
_JUDGES += ("scoring.py",)


def main(arguments: list[str] | None = None) -> None:
    """Search what is left to search, and write the page."""
    taken = parser(__doc__.splitlines()[0], "case")
    taken.add_argument("--table", type=Path, help="by default docs/limits.md, unless quick")
    options, chosen = sections_of(taken, arguments, SECTIONS, WAY_NAMES)
    cache = options.output / "recovery"
    cache.mkdir(parents=True, exist_ok=True)
    every = {name: _jobs(one, quick=options.quick) for name, one in SECTIONS.items()}
    jobs = list(dict.fromkeys(itertools.chain.from_iterable(every[name] for name in chosen)))
    jobs = [job for job in jobs if job[1] in options.ways]
    made = {}
    if not options.page:
        first, step = options.part
        for number, job in enumerate(jobs[first - 1 :: step]):
            path = _path(cache, *job)
            if options.fresh or held(path) is None:
                print(f"{number + 1}: {', '.join(job)} ...", file=sys.stderr, flush=True)
                made[job] = answer = _searched(*job)
                keep(path, answer)
    paths = {job: _path(cache, *job) for own in every.values() for job in own}
    entries, older = answers_shown(paths, made)
    # whatever was chosen, what was measured is shown
    shown = [name for name, own in every.items() if name in chosen or any(entries[j] for j in own)]
    figures = options.output / "figures"
    figures.mkdir(exist_ok=True)
    sections = [SECTIONS[name] for name in shown]
    text = page(sections, entries, figures, len(older), quick=options.quick)
    publish(options.output / "recovery.md", text, cache)
    target = options.table or (None if options.quick else Path("docs/limits.md"))
    current = {job: own for job, own in entries.items() if job not in older}
    if target is not None and found_table(current, target):
        print(f"the table in {target} written")


def _jobs(section: Section, *, quick: bool) -> list[tuple[str, str]]:
    cases = section.cases[:1] if quick else section.cases
    return [(case, way) for case in cases for way in ways_of(section)]


def _searched(case: str, way: str) -> dict[str, Any]:
    """The answer of a process of its own; why there is none is an answer too."""
    try:
        _, _, output = run_child(
            ["-m", "benchmarks.recovery_run", case, way], timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"status": "stopped", "reason": f"stopped after {LIMIT_SECONDS} s"}
    except RuntimeError as error:
        last = (str(error).strip().splitlines() or ["it was ended"])[-1]
        return {"status": "failed", "reason": f"the process failed: {last}"[:300]}
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def _path(cache: Path, case: str, way: str) -> Path:
    rooms = DATA if way == "polynomial" else (*DATA, *SEARCH)
    return path_of(cache, f"{case}-{way}", digest(rooms, _JUDGES))


if __name__ == "__main__":
    main()
