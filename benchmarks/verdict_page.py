"""The page of the benchmark of verdicts: what went wrong, and whether the bars hold, first."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import verdict_noise
from benchmarks._measure import machine, table
from benchmarks.damped import DAMPINGS, HARD, MODELS
from benchmarks.kept import of_earlier_sources
from benchmarks.shares import FALSE
from benchmarks.trials import Job
from benchmarks.verdict_plan import DRIFT_LEVELS, NOTHING_LEVELS, SECTIONS
from benchmarks.verdict_sums import (
    ERRORS,
    Entries,
    asked,
    by_q_value,
    cut,
    done,
    kept_share,
    listed,
    number,
    outcome,
    polynomial,
)

BARS = {0.01: 0.95, 0.05: 0.8}
"""Least share of what is found without noise, by noise."""

MOST_FALSE = 0.01
"""Largest share of runs with noise that may list a false law."""

UNLAWFUL = {
    "dysts": "dysts",
    "walks": "random walks",
    "autoregression": "autoregressions",
    "shuffled": "columns shuffled across trajectories",
}


def page(chosen: Sequence[str], entries: Entries, older: int, output: Path, *, quick: bool) -> str:
    """The whole page; its figure is drawn into ``output/figures``.

    `older` answers are of earlier sources.
    """
    answers = done(entries, entries)
    parts = [
        "# What verdicts are worth",
        "Written by `python -m benchmarks.verdict`"
        + (" --quick: the first case of each section only." if quick else ".")
        + f" On {machine()}. Seconds are those of a processor, on one thread. {_counted(entries)} "
        + of_earlier_sources(older, sum(own is not None for own in entries.values())),
        "## What went wrong, and whether the bars hold",
        "\n".join(_bars(chosen, entries)),
    ]
    makers = {"noise": verdict_noise.section, "nothing": _nothing, "drift": _drift, "paper": _paper}
    for name in chosen:
        own = {job: entries.get(job) for job in SECTIONS[name].jobs if job in entries}
        parts += [f"## {SECTIONS[name].title}", _counted(own)]
        parts += makers[name](own, output)
        parts += _failures(own)
    parts += ["## q-values against what happened", *_q_values(answers)]
    parts += _intervals(output)
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _counted(entries: Entries) -> str:
    """How much was run."""
    run = [own for own in entries.values() if own is not None]
    text = f"{len(run)} of {len(entries)} runs were made"
    for status in ("failed", "stopped", "missing"):
        if count := sum(own["status"] == status for own in run):
            text += f", {count} {status}"
    return text + ("." if len(run) == len(entries) else "; the rest is not counted in anything.")


def _bars(chosen: Sequence[str], entries: Entries) -> list[str]:
    lines = []
    every = {job: own for job, own in entries.items() if job.section == "noise"}
    answers, noise = done(entries, entries), done(entries, every)
    if "noise" in chosen:
        for level, bar in BARS.items():
            got, clean = kept_share(every, level)
            said = f"{got} of {clean} ({got / clean:.1%})" if clean else "not measured"
            holds = "" if not clean else f" — {'holds' if got >= bar * clean else 'does not hold'}"
            lines.append(
                f"- Noise {level:.0%}: of the laws found without noise {said} are found; the bar "
                f"is {bar:.0%}{holds}."
            )
        false = listed(own for job, own in noise.items() if job.level)
        holds = "holds" if false.with_false <= MOST_FALSE * false.runs else "does not hold"
        lines.append(
            f"- At any noise: {false.text()}; the bar is {MOST_FALSE:.0%} — "
            f"{holds if false.runs else 'not measured'}. {false.mistaken} of {false.laws} laws "
            f"are mistaken, {false.approximate} approximate laws change as much as false ones. "
            f"By level: {_by_level(noise)}."
        )
    if "nothing" in chosen:
        found = listed(own for job, own in answers.items() if job.section == "nothing")
        lines.append(
            f"- Where nothing is conserved: {found.text()}; {found.approximate} approximate laws."
        )
    if "drift" in chosen:
        came = [outcome(job, own) for job, own in answers.items() if job.section == "drift"]
        wrong = sum(own.startswith("wrong") for own in came)
        lines.append(
            f"- Slow losses and other hard cases: {wrong} of {len(came)} verdicts wrong, "
            f"{came.count('undecided')} undecided, {came.count('nothing')} with nothing listed."
        )
    return lines


def _by_level(noise: Mapping[Job, Mapping[str, Any]]) -> str:
    """Runs with a false law at each level of noise."""
    said = []
    for level in sorted({job.level for job in noise} - {0.0}):
        own = listed(answer for job, answer in noise.items() if job.level == level)
        said.append(f"{own.with_false} of {own.runs} at {level:.0%}")
    return ", ".join(said) or "not measured"


_NOTHING = f"""
Autonomous dissipative flows of dysts (LSODA, relative tolerance 1e-9; 16 trajectories of 160
samples over 8 periods, starts drawn about the published one, 4 periods dropped), random walks,
autoregressions, and built-in systems with laws whose columns come from different trajectories.
Every run has starts, or random numbers, of its own, so that runs are independent; a flow is run
at three levels of noise. A law is false if it changes along fresh noiseless trajectories by
more than {FALSE:g} of its spread between them.
"""


def _nothing(entries: Entries, output: Path) -> list[str]:
    found = done(entries, entries)
    header = ["data", "noise", "runs", "with a false law", "upper 95 % bound", "laws"]
    header += ["approximate", "undecided", "median s", "null space: vectors", "false"]
    rows = []
    kinds = [(kind, (level,)) for kind in UNLAWFUL for level in NOTHING_LEVELS]
    for kind, levels in [*kinds, ("", NOTHING_LEVELS)]:
        own = [a for job, a in found.items() if job.case.startswith(kind) and job.level in levels]
        if own:
            what = listed(own)
            _, vectors, false, had = polynomial(own)
            rows.append(
                [
                    UNLAWFUL.get(kind, "all"),
                    f"{levels[0]:.0%}" if kind else "any",
                    str(what.runs),
                    str(what.with_false),
                    f"{what.upper:.1%}",
                    str(what.laws),
                    str(sum(r["verdict"] == "approximate law" for a in own for r in a["laws"])),
                    str(sum(bool(a["undecided"]) for a in own)),
                    f"{statistics.median(a['seconds'] for a in own):.0f}",
                    *([str(vectors), str(false)] if had else ["", ""]),
                ]
            )
    lines = [
        f"- {job.case}, {job.level:.0%}: {row['verdict']} `{row['law']}`, changes by "
        f"{number(row['share'])}, q {number(row.get('q_value'))}"
        for job, own in found.items()
        for row in own["laws"]
    ]
    what_listed = ["### What was listed all the same", cut(lines) or "Nothing."]
    return [
        _NOTHING.strip(),
        table(header, rows) if rows else "Not run.",
        *what_listed,
        asked(found),
    ]


_DRIFT = f"""
*Loss*: standard deviation along the trajectories, without noise, of what is listed over that
between them. A law is right where the loss is below .1 (with noise; a drift may be hidden) or
.001 (without noise), an approximate law where the half life is within {ERRORS:g} of its standard
errors of that of the same quantity in the simulation: of all trajectories together, weighted as
least squares weight them; in brackets the smallest and the largest of single trajectories.
Without damping only the law itself is right.
"""


def _drift(entries: Entries, output: Path) -> list[str]:
    found = done(entries, entries)
    header = ["system", "damping", "noise", "verdict", "loss", "half life", "true", "outcome"]
    rows = []
    for name in MODELS:
        for damping in DAMPINGS:
            for level in DRIFT_LEVELS:
                job = Job("drift", f"drift {name} {damping:g}", level)
                if own := found.get(job):
                    start = [name, f"{damping:g}", f"{level:.0%}"]
                    rows.append([*start, *_verdict_cells(own), outcome(job, own)])
    cases = ["case", "noise", "expected", "came", "outcome"]
    others = []
    for name, hard in HARD.items():
        for level in DRIFT_LEVELS:
            job = Job("drift", f"hard {name}", level)
            if own := found.get(job):
                row = [hard.text, f"{level:.0%}", hard.expected, _came(own), outcome(job, own)]
                others.append(row)
    null, vectors, false, had = polynomial(list(found.values()))
    beside = (
        f"The polynomial null space, in {had} runs: {vectors} vectors, of which {false} change by "
        f"more than {FALSE:g} of their spread; {null} of the known laws are in their span."
    )
    return [
        _DRIFT.strip(),
        table(header, rows) if rows else "Not run.",
        table(cases, others) if others else "",
        beside if had else "",
    ]


def _verdict_cells(own: dict[str, Any]) -> list[str]:
    laws = own["laws"]
    if not laws:
        return ["undecided" if own["undecided"] else "nothing", "", "", ""]
    lives = [
        "" if row.get("half_life") is None
        else f"{row['half_life']:.4g} ± {number(row['half_life_error'])}"
        for row in laws
    ]  # fmt: skip
    return [
        "; ".join(f"{row['verdict']} `{row['law']}`" for row in laws),
        "; ".join(number(row["loss"]) for row in laws),
        "; ".join(filter(None, lives)),
        "; ".join(
            "{:.4g} ({:.4g} to {:.4g})".format(*row["true_half_life"])
            for row in laws
            if row.get("true_half_life") is not None
        ),
    ]


def _came(own: dict[str, Any]) -> str:
    came = [f"{row['verdict']} `{row['law']}`" for row in own["laws"]]
    came += [f"constraint `{row['law']}`" for row in own["constraints"]]
    came += [f"undecided `{law}`" for law in own["undecided"][:1]]
    return "; ".join(came) or "nothing"


def _paper(entries: Entries, output: Path) -> list[str]:
    header = ["data set", "known", "found", "verdicts", "bound", "q", "null space: vectors"]
    rows = []
    for job, own in done(entries, entries).items():
        first = own["laws"][0] if own["laws"] else {}
        null = own["polynomial"]
        rows.append(
            [
                job.case.split()[1],
                str(own["known"]),
                str(own["found"] + own["found_approximate"]),
                _came(own),
                number(first.get("within")),
                number(first.get("q_value")),
                "" if null is None else f"{null['listed']} ({null['false']} false)",
            ]
        )
    text = "`noether_sym.discover(NAME)`, no options. *Bound*: 95 %, of the first law's spread."
    return [text, table(header, rows) if rows else "Not run."]


def _q_values(answers: dict[Job, dict[str, Any]]) -> list[str]:
    rows = [
        [name, str(called), str(false), f"{total:.2g}"]
        for name, called, false, total in by_q_value(
            own for job, own in answers.items() if job.section != "drift"
        )
    ]
    text = (
        "Laws called in all sections but that of slow losses, where a law may well change a "
        "little. *Expected*: the sum of their q-values, about which the false ones should lie at "
        "most."
    )
    return [text, table(["q-value", "laws called", "false", "expected"], rows)]


def _intervals(output: Path) -> list[str]:
    """The first paragraph of the page of intervals, where there is one."""
    title = "## Intervals of constants"
    path = output / "intervals.md"
    if not path.is_file():
        return [title, "Not measured; run `python -m benchmarks.intervals`."]
    paragraphs = path.read_text(encoding="utf-8").split("\n\n")
    return [title, "\n\n".join(paragraphs[1:2]).strip(), "All of it: [intervals.md](intervals.md)."]


def _failures(entries: Entries) -> list[str]:
    lines = [
        f"- {job.case}, {job.level:.0%}: {own['status']}: {own['reason']}"
        for job, own in entries.items()
        if own is not None and own["status"] != "done"
    ]
    return ["### Runs without an answer", cut(lines)] if lines else []
