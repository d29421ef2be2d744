"""Which laws the one default call finds, which it misses, and what it costs.

    python -m benchmarks.recovery [--only SECTIONS] [--part k/n] [--fresh] [--quick] [--page]
                                  [--output DIR] [--readme FILE]

Every search runs in a process of its own, and its answer is kept in OUTPUT/recovery/ under what
decides it (the case, the way, the sources of the search and of its judges), so that a call that
was cut short goes on where it stopped, and a change of the search searches again. ``--part 1/4``
takes every fourth case; ``--page`` writes the page of what there is and searches nothing;
``--fresh`` searches again. Writes results/recovery.md with its figures and, where every built-in
data set has an answer, the table in README.md between ``<!-- found: begin -->`` and
``<!-- found: end -->``.

Judged by gradients at points that no search has seen and by values on fresh trajectories, never
by text: see `benchmarks.scoring`.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import noether_sym
from benchmarks._measure import run_child
from benchmarks.recovery_page import SECTIONS, Section, page, readme_table, ways_of

LIMIT_SECONDS = 900
"""After so many seconds a search is stopped, which is a result too."""

_DATA = ("units", "runtime", "dsl", "datasets", "laws")
_SEARCH = ("statistics", "search", "verdict", "pipeline.py", "api.py")
_JUDGES = ("cases.py", "null_space.py", "planted.py", "published.py", "recovery_run.py")
_JUDGES += ("scoring.py",)


def main(arguments: list[str] | None = None) -> None:
    """Search what is left to search, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ",".join(SECTIONS)
    parser.add_argument("--only", default=names, help="sections, with commas; by default all")
    parser.add_argument("--part", type=part, default=(1, 1), help="k/n: every n-th case from k")
    parser.add_argument("--ways", default="", help="with commas; by default all of a section")
    parser.add_argument("--fresh", action="store_true", help="search again")
    parser.add_argument("--quick", action="store_true", help="the first case of each section")
    parser.add_argument("--page", action="store_true", help="search nothing, write the page")
    parser.add_argument("--output", type=Path, default=Path("results"))
    parser.add_argument("--readme", type=Path, help="by default README.md, unless quick")
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"unknown sections {sorted(unknown)}; known: {names}")
    cache = options.output / "recovery"
    cache.mkdir(parents=True, exist_ok=True)
    every = (_jobs(SECTIONS[name], quick=options.quick) for name in chosen)
    jobs = list(dict.fromkeys(itertools.chain.from_iterable(every)))
    ways = set(filter(None, options.ways.split(",")))
    jobs = [job for job in jobs if not ways or job[1] in ways]
    entries = {job: _held(_path(cache, *job)) for job in jobs}
    if not options.page:
        first, step = options.part
        for number, (case, way) in enumerate(jobs[first - 1 :: step]):
            path = _path(cache, case, way)
            if options.fresh or entries[case, way] is None:
                print(f"{number + 1}: {case}, {way} ...", file=sys.stderr, flush=True)
                entries[case, way] = answer = _searched(case, way)
                _keep(path, answer)
    target = options.output / "recovery.md"
    figures = options.output / "figures"
    figures.mkdir(exist_ok=True)
    text = page([SECTIONS[name] for name in chosen], entries, figures, quick=options.quick)
    target.write_text(text, encoding="utf-8")
    print(f"{target} written")
    readme = options.readme or (None if options.quick else Path("README.md"))
    if readme is not None and readme_table(entries, readme):
        print(f"the table in {readme} written")


def part(text: str) -> tuple[int, int]:
    """Read k/n."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no part; write 2/4 for the second of four")
    return int(found[1]), int(found[2])


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


def _keep(path: Path, answer: dict[str, Any]) -> None:
    if answer["status"] == "missing":
        return  # the data may come
    for older in path.parent.glob(f"{path.name.rpartition('-')[0]}-*.json"):
        older.unlink()
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    whole.replace(path)


def _held(path: Path) -> dict[str, Any] | None:
    """The answer that is kept; None where the search was not run."""
    if not path.is_file():
        return None
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def _path(cache: Path, case: str, way: str) -> Path:
    key = hashlib.sha256(f"{case}\0{way}\0{_sources(way)}".encode()).hexdigest()[:12]
    return cache / f"{case.replace(' ', '_')}-{way}-{key}.json"


@functools.cache
def _sources(way: str) -> str:
    """Digest of the sources that decide an answer: of the way, and of its judges."""
    package, here = Path(noether_sym.__file__).parent, Path(__file__).parent
    rooms = _DATA if way == "polynomial" else (*_DATA, *_SEARCH)
    places = [*(package / room for room in rooms), *(here / name for name in _JUDGES)]
    files = [path for place in places for path in (sorted(place.rglob("*.py")) or [place])]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
