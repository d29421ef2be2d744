"""Cut many trials into tasks, and run tasks on worker threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from noether_sym.tailor.network import HIDDEN

_TASK_ACTIVATIONS = {"cpu": 700_000, "cuda": 100_000_000}
"""Numbers in one hidden layer of one task: what a core's caches hold, or some GiB of a GPU."""


@dataclass(frozen=True, slots=True)
class Task:
    """Candidates and the inner rates of each, equally many, to be tried in one program."""

    rows: tuple[int, ...]
    rates: tuple[tuple[float, ...], ...]


def cut_into_tasks(
    wanted: Mapping[int, tuple[float, ...]], samples: int, device: str
) -> list[Task]:
    """Tasks of a size that depends on the data and the device, never on the workers.

    Parameters
    ----------
    wanted : mapping of int to tuple of float
        Inner rates of each candidate.
    samples : int
        States that one trial puts through the network at once.
    device : str
        ``cpu``: a task is a part of one candidate's rates; ``cuda``: many candidates.
    """
    trials = max(1, _TASK_ACTIVATIONS[device] // (samples * HIDDEN))
    tasks = []
    for each in dict.fromkeys(map(len, wanted.values())):
        rows = [row for row in wanted if len(wanted[row]) == each]
        if device == "cuda" and trials >= each:
            together = trials // each
            groups = [rows[start : start + together] for start in range(0, len(rows), together)]
            tasks += [Task(tuple(group), tuple(wanted[row] for row in group)) for group in groups]
            continue
        tasks += [
            Task((row,), (wanted[row][start : start + trials],))
            for row in rows
            for start in range(0, each, trials)
        ]
    return tasks


@contextmanager
def workers(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """Worker threads; an error or Ctrl-C drops the tasks that have not begun."""
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
