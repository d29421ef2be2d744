"""Sums over the answers of the benchmark of verdicts; what the page says in numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks._measure import table
from benchmarks.damped import HARD
from benchmarks.shares import MISTAKEN
from benchmarks.trials import Job
from noether_sym.laws.law import APPROXIMATE_LAW, LAW
from noether_sym.verdict.decision import DRIFT, WITHIN
from noether_sym.verdict.decoys import rate_bound

Entries = Mapping[Job, dict[str, Any] | None]

_MOST_LINES = 40
"""Lines of a list on the page; how many more there are is said."""

ERRORS = 3.0
"""A half life is right within so many of its standard errors."""


@dataclass(frozen=True)
class Listed:
    """What runs listed.

    Attributes
    ----------
    runs : int
    false, with_false : int
        Laws that are none, and runs with one or more.
    mistaken : int
        Laws that hold, but change more than the errors of constants explain.
    approximate : int
        Approximate laws that change as much as a false law does.
    laws : int
    """

    runs: int
    false: int
    with_false: int
    mistaken: int
    approximate: int
    laws: int

    @property
    def upper(self) -> float:
        """Upper 95 % bound on the rate of runs with a false law (Clopper and Pearson 1934)."""
        from scipy.stats import binomtest

        if not self.runs:
            return 1.0
        found = binomtest(self.with_false, self.runs, alternative="less")
        return float(found.proportion_ci(0.95, method="exact").high)

    def text(self) -> str:
        """The rate of runs with a false law, in words."""
        return (
            f"{self.with_false} of {self.runs} runs with a false law "
            f"({self.false} laws; upper 95 % bound on the rate {self.upper:.1%})"
        )


def done(entries: Entries, jobs: Iterable[Job]) -> dict[Job, dict[str, Any]]:
    """The answers of those that came to an end."""
    found = ((job, entries.get(job)) for job in jobs)
    return {job: own for job, own in found if own is not None and own["status"] == "done"}


def is_false(row: Mapping[str, Any]) -> bool:
    """Whether something is called a law and is none."""
    return row["verdict"] == LAW and not row["true"]


def listed(answers: Iterable[Mapping[str, Any]]) -> Listed:
    """Count what runs listed."""
    runs = [own["laws"] for own in answers]
    rows = [row for own in runs for row in own]
    laws = [row for row in rows if row["verdict"] == LAW]
    return Listed(
        runs=len(runs),
        false=sum(map(is_false, rows)),
        with_false=sum(any(map(is_false, own)) for own in runs),
        mistaken=sum(row["true"] and (row["share"] or 0.0) > MISTAKEN for row in laws),
        approximate=sum(row["verdict"] == APPROXIMATE_LAW and not row["true"] for row in rows),
        laws=len(laws),
    )


def kept_share(entries: Entries, level: float) -> tuple[int, int]:
    """Laws found at a noise level and without noise, over the same cases and seeds.

    A run that failed or was stopped has found none.
    """
    clean = {job.case: own["found"] for job, own in done(entries, entries).items() if not job.level}
    pairs = [
        (min(own.get("found", 0), clean[job.case]), clean[job.case])
        for job, own in entries.items()
        if own is not None and job.level == level and job.case in clean
    ]
    return sum(got for got, _ in pairs), sum(all_of for _, all_of in pairs)


def errors(answers: Iterable[Mapping[str, Any]]) -> tuple[list[float], list[bool]]:
    """Relative errors of constants, and whether 95 % intervals hold the truth where there are some.

    Of answers that kept no degrees of freedom 1.96 standard errors are taken, which of ten degrees
    are an interval of 92 %.
    """
    from scipy.stats import t as student

    rows = [row for own in answers for row in own["constants"]]
    relative = [abs(row["value"] / row["truth"] - 1) for row in rows if row["truth"]]
    held = []
    for row in rows:
        if row["error"]:
            reach = row["error"] * student.ppf(0.975, row.get("degrees") or math.inf)
            held.append(abs(row["value"] - row["truth"]) <= reach)
    return relative, held


BINS = (0.0, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)
"""Edges of the bins of q-values, up to the default of `--fdr`, above which nothing is a law."""


def by_q_value(answers: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, int, float]]:
    """Bins of q-values: their name, the laws called, the false among them, the sum of q."""
    rows = [row for own in answers for row in own["laws"] if row["verdict"] == LAW]
    told = [row for row in rows if row.get("q_value") is not None]
    places = np.digitize([row["q_value"] for row in told], BINS[1:-1], right=True)
    result = []
    for number, (low, high) in enumerate(itertools.pairwise(BINS)):
        own = [row for row, place in zip(told, places, strict=True) if place == number]
        total = sum(row["q_value"] for row in own)
        result.append((f"{low:g} to {high:g}", len(own), sum(map(is_false, own)), total))
    rest = [row for row in rows if row.get("q_value") is None]
    if rest:
        result.append(("none", len(rest), sum(map(is_false, rest)), 0.0))
    return result


def outcome(job: Job, own: Mapping[str, Any]) -> str:
    """``right``, ``wrong: why``, ``undecided`` or ``nothing`` of a run of slow losses."""
    kind, name, *rest = job.case.split()
    wrong = _hard(name, own) if kind == "hard" else _slow(float(rest[0]), job.level, own)
    if wrong:
        return f"wrong: {wrong}"
    if kind == "hard":
        verdicts = {row["verdict"] for row in own["laws"]}
        verdicts |= {"constraint"} if own["constraints"] else set()
        wanted = HARD[name].wanted
        return "right" if not wanted or wanted in verdicts else _left(own)
    if float(rest[0]) == 0:
        return "right" if own["found"] == own["known"] else _left(own)
    return "right" if own["laws"] else _left(own)


def _left(own: Mapping[str, Any]) -> str:
    return "undecided" if own["undecided"] else "nothing"


def _slow(damping: float, level: float, own: Mapping[str, Any]) -> str:
    limit = WITHIN if level else DRIFT
    for row in own["laws"]:
        loss = math.inf if row["loss"] is None else row["loss"]
        if row["verdict"] == LAW:
            if loss > limit:
                return f"a law that changes by {loss:.2g} of its spread"
        elif damping == 0:
            return "conserved, and called approximate" if row["true"] else "not conserved"
        elif not _half_life_right(row):
            return "the half life"
    return ""


def _half_life_right(row: Mapping[str, Any]) -> bool:
    value, error, truth = (
        row.get(key) for key in ("half_life", "half_life_error", "true_half_life")
    )
    if value is None or error is None or truth is None:
        return False
    return bool(abs(value - truth[0]) <= ERRORS * error)


def _hard(name: str, own: Mapping[str, Any]) -> str:
    for row in own["laws"]:
        if row["verdict"] not in HARD[name].allowed:
            return f"a{'n' if row['verdict'][0] in 'aeiou' else ''} {row['verdict']}"
        if row["same"]:
            return "a constraint called a law"
        if not row["true"]:
            return "what does not hold on other trajectories"
    if not all(row["same"] for row in own["constraints"]):
        return "a constraint that differs between trajectories"
    return ""


def polynomial(answers: Sequence[Mapping[str, Any]]) -> tuple[int, int, int, int]:
    """Of the null space: laws found, vectors listed, false ones, in how many runs it was had."""
    had = [own["polynomial"] for own in answers if own["polynomial"] is not None]
    found, vectors, false = (sum(own[key] for own in had) for key in ("found", "listed", "false"))
    return found, vectors, false, len(had)


def asked(found: dict[Job, dict[str, Any]]) -> str:
    """What searches found in decoys, where they were asked for them."""
    said = {job: own["decoys"]["said"] for job, own in found.items() if own["decoys"] is not None}
    if not said:
        return ""
    count, families = (sum(own[key] for own in said.values()) for key in ("count", "families"))
    rows = []
    for job, own in said.items():
        counts = [str(own[key]) for key in ("count", "families", "approximate")]
        formulas = ", ".join(f"`{one}`" for one in own["formulas"])
        rows.append([job.case, f"{job.level:.0%}", *counts, formulas])
    return (
        f"Decoys: {families} families of laws in {count} (a search finds at most "
        f"{rate_bound(families, count):.2g} by chance in the mean, with 95 % confidence).\n\n"
    ) + table(["data", "noise", "decoys", "families", "approximate", "formulas"], rows)


def cut(lines: Sequence[str]) -> str:
    """The first lines of a list, and how many more there are."""
    more = len(lines) - _MOST_LINES
    return "\n".join([*lines[:_MOST_LINES], *([f"- and {more} more"] if more > 0 else [])])


def number(value: float | None) -> str:
    """Two digits; nothing where there is no number."""
    return "" if value is None else f"{value:.2g}"
