"""Whole runs in processes of their own: seconds by stage, peak memory, and the law found."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks._measure import Section, cores, run_child, table

RUNS = ("ideal_spring", "ideal_pendulum", "real_pendulum", "lorenz")


def measure(quick: bool) -> Section:
    """Every run from nothing; small networks and few epochs if quick."""
    rows = []
    for name in RUNS[:1] if quick else RUNS:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--depth", "5", "--epochs", "2"] if quick else []
            command = ["-m", "noether_sym", "run", "--dataset", name, "--results", folder, "-q"]
            compiled = str(Path(folder) / "numba")  # nothing compiled is there at the start
            seconds, peak, _ = run_child([*command, *options], NUMBA_CACHE_DIR=compiled)
            (run,) = (path.parent for path in Path(folder).glob("*/run.json"))
            stages = json.loads((run / "run.json").read_text())["stages"]
            laws = json.loads((run / "laws.json").read_text())["laws"]
        shown = [
            f"{stages[stage]['seconds']:.1f}" if stage in stages else ""
            for stage in ("enumerate", "fit", "tailor")
        ]
        law = f"`{laws[0]['expression']}`" if laws else "none"
        rows.append([name, *shown, f"{seconds:.0f}", f"{peak:.0f}", law])
    header = ["data set", "enumerate, s", "fit, s", "tailor, s", "all, s", "peak, MiB", "law"]
    text = (
        f"`noether-sym run --dataset NAME` from nothing on {cores()} cores: imports, all three "
        "stages, figures and the report.\n\n"
    )
    return Section("Whole runs", text + table(header, rows))
