"""The section of the page of verdicts about noise: its table, its figure, what is missed."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._measure import table
from benchmarks.shares import FALSE, MISTAKEN
from benchmarks.trials import Job
from benchmarks.verdict_plan import LEVELS
from benchmarks.verdict_sums import (
    Entries,
    asked,
    cut,
    done,
    errors,
    is_false,
    kept_share,
    listed,
    number,
    polynomial,
)

GROUPS = {"builtin": "built-in", "planted": "planted", "file": "published"}


_TEXT = f"""
Gaussian noise on every column, of a share of its standard deviation over all data (columns that
are parameters excepted). Tables with units and without derivatives, the same call at all
levels; without noise one seed, for then nothing is random. A known law is *found* if its
gradient lies in the span of the gradients of what is called a law, and is one (squared sine of
the principal angle below 1e-2, for constants carry noise; median over points of fresh data). A
law is *false* if its standard deviation along fresh noiseless trajectories is above {FALSE:g}
of that between them, *mistaken* if above {MISTAKEN:g}; of published files, if its gradient is
outside the span of all that is known. *Approximate* and *undecided* count known laws that are
found only as such. Errors of constants: of laws whose known form has the same terms; *covered*:
within the 95 % intervals that were told; of answers that kept no degrees of freedom, within 1.96
standard errors, which of ten degrees hold 92 %.
"""


def section(entries: Entries, output: Path) -> list[str]:
    found = done(entries, entries)
    header = ["group", "noise", "runs", "known", "found", "of those at 0", "approximate"]
    header += ["undecided", "false", "runs with one", "mistaken", "constants: median error"]
    header += ["covered", "median s", "largest s", "null space: found", "vectors", "false"]
    rows, lines = [], []
    for kind, group in GROUPS.items():
        for level in LEVELS:
            own = {
                job: answer
                for job, answer in found.items()
                if job.level == level and job.case.startswith(kind)
            }
            if own:
                clean = {job: a for job, a in entries.items() if job.case.startswith(kind)}
                rows.append(
                    [group, f"{level:.0%}", *_noise_cells(list(own.values()), clean, level)]
                )
    for job, answer in found.items():
        lines += [
            f"- {job.case}, {job.level:.0%}, seed {job.seed}: false `{row['law']}`, {_wrong(row)}"
            for row in answer["laws"]
            if is_false(row)
        ]
    parts = [_TEXT.strip(), table(header, rows) if rows else "Not run.", _figure(found, output)]
    parts += ["### False laws", cut(lines) or "None."]
    parts += ["### Known laws that are missed, by data set", _by_case(found), asked(found)]
    return parts


def _wrong(row: Mapping[str, Any]) -> str:
    """Why a law is false: by how much it changes elsewhere, or, where that is not known, here."""
    if row["share"] is not None:
        return f"changes by {number(row['share'])}"
    return f"outside the span of what is known; on the data it changes by {number(row['loss'])}"


def _noise_cells(own: list[dict[str, Any]], clean: Entries, level: float) -> list[str]:
    known, got, near, perhaps = (
        sum(answer[key] for answer in own)
        for key in ("known", "found", "found_approximate", "found_undecided")
    )
    what = listed(own)
    relative, held = errors(own)
    kept, all_of = kept_share(clean, level)
    null, vectors, false, had = polynomial(own)
    seconds = [answer["seconds"] for answer in own]
    return [
        str(len(own)),
        str(known),
        str(got),
        f"{kept / all_of:.1%}" if all_of else "",
        str(near),
        str(perhaps),
        str(what.false),
        str(what.with_false),
        str(what.mistaken),
        f"{statistics.median(relative):.1e} ({len(relative)})" if relative else "",
        f"{np.mean(held):.1%}" if held else "",
        f"{statistics.median(seconds):.0f}",
        f"{max(seconds):.0f}",
        *([str(null), str(vectors), str(false)] if had else ["", "", ""]),
    ]


def _by_case(found: dict[Job, dict[str, Any]]) -> str:
    """A row a data set that is not found whole: laws found of laws known, by noise."""
    rows = []
    for case in dict.fromkeys(job.case for job in found):
        cells = []
        for level in LEVELS:
            own = [a for job, a in found.items() if (job.case, job.level) == (case, level)]
            got, known = (sum(a[key] for a in own) for key in ("found", "known"))
            cells.append(f"{got} of {known}" if own else "")
        if any(cell and cell.split()[0] != cell.split()[-1] for cell in cells):
            rows.append([case, *cells])
    return table(["data", *(f"{level:.0%}" for level in LEVELS)], rows) if rows else "None."


def _figure(found: dict[Job, dict[str, Any]], output: Path) -> str:
    """Share of known laws found against noise, by group; the null space beside it."""
    from noether_sym.report.style import new_figure, save_figure, style

    with style():
        figure, (axes,) = new_figure(3.4)
        for place, (kind, group) in enumerate(GROUPS.items()):
            points: list[tuple[int, float]] = []
            null: list[tuple[int, float]] = []
            for at, level in enumerate(LEVELS):
                own = [
                    a for job, a in found.items()
                    if job.level == level and job.case.startswith(kind)
                ]  # fmt: skip
                if known := sum(a["known"] for a in own):
                    points.append((at, sum(a["found"] for a in own) / known))
                had = [a for a in own if a["polynomial"] is not None]
                if known := sum(a["known"] for a in had):
                    null.append((at, sum(a["polynomial"]["found"] for a in had) / known))
            colour = f"C{place}"
            if points:
                axes.plot(*zip(*points, strict=True), "o-", color=colour, label=group)
            if null:
                label = f"{group}, polynomial null space"
                axes.plot(*zip(*null, strict=True), "s--", color=colour, mfc="none", label=label)
        axes.set_xticks(range(len(LEVELS)), [f"{level:.0%}" for level in LEVELS])
        axes.set_xlabel("noise, of each column's standard deviation")
        axes.set_ylabel("laws found, of laws known")
        axes.set_ylim(-0.03, 1.03)
        if axes.lines:
            axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
        save_figure(figure, output / "figures" / "verdict_noise")
    return "![Share of laws found against noise](figures/verdict_noise.png)"
