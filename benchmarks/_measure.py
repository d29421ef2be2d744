"""What every benchmark needs: times in pairs, peak memory, facts of the machine."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Section:
    """A subject's part of the page.

    Attributes
    ----------
    title : str
    text : str
        Markdown.
    figures : list of (str, callable)
        File stem and a function that draws on given axes.
    """

    title: str
    text: str
    figures: list[tuple[str, Callable[[Any], None]]] = field(default_factory=list)


def alternate(ways: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each way, run in turn so that a slow minute hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in seconds.items()}


def timed(way: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    begin = time.perf_counter()
    result = way()
    return time.perf_counter() - begin, result


_CHILD = """
import atexit, resource, runpy, sys
def peak():
    # what a process used before it became this one is counted in ru_maxrss, not in VmHWM
    try:
        lines = open("/proc/self/status").read().splitlines()
        found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")][0]
    except (OSError, IndexError):
        found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("peak", found, file=sys.stderr)
atexit.register(peak)
kind, what, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = what
if kind == "-m":
    runpy.run_module(what, run_name="__main__", alter_sys=True)
else:
    exec(what)
"""


def peak_memory() -> float:
    """The most memory that this process has held so far, in MiB."""
    import resource

    # what a process used before it became this one is counted in ru_maxrss, not in VmHWM
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_child(
    arguments: Sequence[str], *, timeout: float | None = None, **environment: str
) -> tuple[float, float, str]:
    """Run Python in a process of its own: seconds, peak memory in MiB, standard output.

    Parameters
    ----------
    arguments : sequence of str
        ``-m`` and a module, or ``-c`` and code, then what they take.
    timeout : float, optional
        Seconds after which it is ended, with `subprocess.TimeoutExpired`.
    environment : str
        Variables of the process, beside this one's.
    """
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr[-2000:]}")
    peak = [line for line in done.stderr.splitlines() if line.startswith("peak ")][-1]
    return seconds, int(peak.split()[1]) / 1024, done.stdout


def run_many(
    module: str, names: Sequence[str], *, timeout: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a module that prints a line of JSON for each of its arguments; the answers as they come.

    Parameters
    ----------
    module : str
    names : sequence of str
    timeout : float
        Seconds for each. Where one takes longer, or ends the process, that is its answer (with
        the status ``stopped`` or ``failed`` and a reason), and the rest goes on in another one.
    """
    left = list(names)
    while left:
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *left],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            try:
                for _ in names[-len(left) :]:
                    late = threading.Timer(timeout, process.kill)
                    late.start()
                    line = process.stdout.readline() if process.stdout else ""
                    stopped = not late.is_alive()
                    late.cancel()
                    if not line:
                        break
                    yield left.pop(0), json.loads(line)
            finally:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()
            if left:
                errors.seek(0)
                said = (errors.read().strip().splitlines() or ["without a word"])[-1]
                reason = f"stopped after {timeout:g} s" if stopped else f"it ended: {said}"[:300]
                yield left.pop(0), {"status": "stopped" if stopped else "failed", "reason": reason}


def run_code(code: str) -> tuple[float, float, Any]:
    """Run code that prints JSON in a process of its own: seconds, MiB, what it printed."""
    seconds, peak, output = run_child(["-c", code])
    return seconds, peak, json.loads(output.splitlines()[-1])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Slope of cost against size on logarithmic axes."""
    import numpy as np

    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def machine() -> str:
    """One line about the machine."""
    import numpy
    import torch

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{cores()} cores ({platform.machine()}), load {load:.1f}, Python "
        f"{platform.python_version()}, numpy {numpy.__version__}, torch {torch.__version__}"
    )


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def between(text: str, name: str, content: str) -> str:
    """The text, with what stands between a pair of marks replaced.

    The marks are the lines ``<!-- name: begin -->`` and ``<!-- name: end -->``.

    Raises
    ------
    ValueError
        If the pair of marks does not stand there once.
    """
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"the text needs the lines {begin.strip()} and {end}, once each")
    head, rest = text.split(begin)
    return f"{head}{begin}\n{content}\n\n{end}{rest.split(end)[1]}"
