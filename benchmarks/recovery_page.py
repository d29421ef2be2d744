"""The page of the recovery benchmark: what was missed and what was false comes first."""

from __future__ import annotations

import inspect
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import noether_sym
from benchmarks._measure import between, machine, table
from benchmarks.kept import of_earlier_sources
from benchmarks.published import PUBLISHED
from noether_sym.datasets import available

Entries = Mapping[tuple[str, str], dict[str, Any] | None]

WAY_NAMES = MappingProxyType(
    {
        "default": "default call",
        "formulas": "formula search alone",
        "polynomial": "polynomial null space",
    }
)
EACH = 40
"""Planted systems of each number of columns, with and without dissipation."""


@dataclass(frozen=True)
class Section:
    """Cases that are shown together.

    Attributes
    ----------
    title, text : str
    cases, ways : tuple of str
        As `benchmarks.recovery_run` takes them.
    singly : bool
        Whether the page has a row a case, or sums by the number of columns.
    """

    title: str
    text: str
    cases: tuple[str, ...]
    ways: tuple[str, ...] = tuple(WAY_NAMES)
    singly: bool = True


def _many(kind: str) -> tuple[str, ...]:
    """By seed, then by columns, so that a part of them holds all numbers of columns."""
    return tuple(f"{kind} {columns} {seed}" for seed in range(EACH) for columns in range(2, 7))


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "builtin": Section(
            "Built-in data sets",
            "`noether_sym.discover(NAME)`, no options, no noise.",
            tuple(f"builtin {info.name}" for info in available()),
        ),
        "files": Section(
            "Published files",
            "The files of Mebratie et al. 2024 (arXiv 2405.20857), which have no time column; "
            "laws of the FPUT ring: its momentum, and its energy as a bonus.",
            tuple(f"file {name}" for name in PUBLISHED),
            ("default", "formulas"),
        ),
        "planted": Section(
            "Planted laws",
            f"{5 * EACH} systems of 2 to 6 columns that nobody has seen (`benchmarks/planted.py`).",
            _many("planted"),
            singly=False,
        ),
        "dissipative": Section(
            "The same kind with dissipation",
            f"{5 * EACH} systems in which nothing is conserved.",
            _many("dissipative"),
            singly=False,
        ),
        "wide": Section(
            "24 columns",
            "Random walks, and a ring of 12 masses on nonlinear springs.",
            ("walks 24", "chain 12"),
        ),
        "growth": Section(
            "How cost grows",
            "The default call on 16 random walks of 160 samples, by the number of columns.",
            tuple(f"walks {columns}" for columns in (2, 4, 6, 8, 12, 16, 20, 24)),
            ("default", "polynomial"),
        ),
    }
)


def _name(case: str) -> str:
    """How a case is called: by its own name, or by its kind and a number."""
    name = case.partition(" ")[2]
    return case if name.isdigit() else name


def ways_of(section: Section) -> tuple[str, ...]:
    """Ways that differ: without a choice of the search, the default call is one of them."""
    chosen = "search" in inspect.signature(noether_sym.discover).parameters
    return tuple(way for way in section.ways if chosen or way != "formulas")


def page(
    sections: Sequence[Section], entries: Entries, figures: Path, older: int, *, quick: bool
) -> str:
    """The whole page; figures are drawn into a folder. `older` answers are of earlier sources."""
    answers = sum(own is not None for own in entries.values())
    parts = [
        "# Which laws are found",
        "Written by `python -m benchmarks.recovery`"
        + (" --quick: the first case of each section only." if quick else ".")
        + f" On {machine()}. Every search in a process of its own; seconds and peak memory of the "
        "search, imports left out of the seconds. " + of_earlier_sources(older, answers),
        "A known law is *found* if its gradient lies in the span of the gradients of what was "
        "found (mean squared sine below 1e-6). What was found is *false* unless its variance along "
        "fresh trajectories is at the numerical floor (1e-15 of its spread on shuffled columns). "
        "Neither looks at a text. *More* counts true independent laws beside the known ones. Laws "
        "of published files are judged by gradients alone: *false* is what lies outside the span "
        "of all that is known of them.",
    ]
    for section in sections:
        parts += [f"## {section.title}", section.text]
        for way in ways_of(section):
            found = {case: entries.get((case, way)) for case in section.cases}
            parts.append(f"**{WAY_NAMES[way]}**: {summary(found)}")
        parts.append(_by_case(section, entries) if section.singly else _sums(section, entries))
        if "default" in section.ways and section.singly:
            parts.append(_missed(section, entries))
        if section is SECTIONS["growth"]:
            parts += _drawn(section, entries, figures)
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def summary(found: Mapping[str, dict[str, Any] | None]) -> str:
    """What went wrong, then what went well, in a sentence or two."""
    run = [own for own in found.values() if own is not None]
    done = [own for own in run if own["status"] == "done"]
    lost = [own for own in run if own["status"] != "done"]
    known = sum(own["known"] for own in run if "known" in own)
    got = sum(own["found"] for own in done)
    false = sum(own["false"] > 0 for own in done)
    text = (
        f"{known - got} of {known} laws missed; {sum(own['false'] for own in done)} false ones, in "
        f"{false} of {len(done)} searches"
    )
    if lost:
        text += f"; {len(lost)} failed or were stopped"
    if left := len(found) - len(run):
        text += f"; {left} not run"
    if done:
        seconds = [own["seconds"] for own in done]
        text += (
            f". Seconds: at most {max(seconds):.1f}, median {statistics.median(seconds):.1f}; peak "
            f"memory at most {max(own['peak_mib'] for own in done):.0f} MiB"
        )
    return text + "."


def _by_case(section: Section, entries: Entries) -> str:
    header = ["case", "columns", "known"]
    ways = ways_of(section)
    for way in ways:
        header += [f"{WAY_NAMES[way]}: found", "false", "more", "listed", "s", "MiB"]
    rows = []
    for case in section.cases:
        answers = [entries.get((case, way)) for way in ways]
        if not any(answers):
            continue
        known = next((own for own in answers if own and "known" in own), {})
        row = [_name(case), *(str(known.get(key, "")) for key in ("columns", "known"))]
        for own in answers:
            row += _cells(own)
        rows.append(row)
    return table(header, rows) if rows else "Not run."


def _cells(own: dict[str, Any] | None) -> list[str]:
    if own is None:
        return ["not run", "", "", "", "", ""]
    if own["status"] != "done":
        return [own["status"], "", "", "", "", ""]
    counts = [str(own[key]) for key in ("found", "false", "more", "listed")]
    return [*counts, f"{own['seconds']:.1f}", f"{own['peak_mib']:.0f}"]


def _sums(section: Section, entries: Entries) -> str:
    """A row for each number of columns and way."""
    header = ["columns", "way", "systems", "missed", "false", "with a false one", "known", "found"]
    header += ["median s", "largest s", "largest MiB"]
    rows = []
    sizes = sorted({case.split()[1] for case in section.cases})
    for size in sizes:
        for way in ways_of(section):
            cases = [case for case in section.cases if case.split()[1] == size]
            answers = [own for case in cases if (own := entries.get((case, way))) is not None]
            done = [own for own in answers if own["status"] == "done"]
            if not done:
                continue
            known, found, false = (
                sum(own[key] for own in done) for key in ("known", "found", "false")
            )
            seconds = [own["seconds"] for own in done]
            rows.append(
                [
                    size,
                    WAY_NAMES[way],
                    f"{len(done)} of {len(cases)}",
                    str(known - found),
                    str(false),
                    str(sum(own["false"] > 0 for own in done)),
                    str(known),
                    str(found),
                    f"{statistics.median(seconds):.1f}",
                    f"{max(seconds):.1f}",
                    f"{max(own['peak_mib'] for own in done):.0f}",
                ]
            )
    return table(header, rows) if rows else "Not run."


def _missed(section: Section, entries: Entries) -> str:
    """Laws that the default call did not find, false ones that it lists, and failures."""
    lines = []
    for case in section.cases:
        own = entries.get((case, "default"))
        if own is None:
            continue
        name = _name(case)
        if own["status"] != "done":
            lines.append(f"- {name}: {own['status']}: {own['reason']}")
            continue
        false = [law for law in own["laws"] if not law["true"]]
        lines += [f"- {name}: missed `{law}`" for law in own["missing"]]
        lines += [f"- {name}: false `{law['law']}`, ratio {law['ratio']}" for law in false]
    return (
        "\n".join(["What the default call missed, got wrong or could not do:", "", *lines])
        if (lines)
        else ""
    )


def _drawn(section: Section, entries: Entries, folder: Path) -> list[str]:
    """Seconds against columns and against terms, of each way."""
    from noether_sym.report.style import new_figure, save_figure, style

    lines = []
    for stem, axis, value in (
        ("recovery_columns", "columns", lambda own: own["columns"]),
        ("recovery_terms", "terms or formulas", _terms),
    ):
        with style():
            figure, (axes,) = new_figure(3.4)
            for way, mark in zip(ways_of(section), ("o-", "s-"), strict=True):
                answers = [entries.get((case, way)) for case in section.cases]
                done = [own for own in answers if own and own["status"] == "done" and value(own)]
                points = sorted((value(own), own["seconds"]) for own in done)
                if points:
                    axes.loglog(*zip(*points, strict=True), mark, label=WAY_NAMES[way])
            axes.set_xlabel(axis)
            axes.set_ylabel("seconds")
            if axis == "columns":
                places = sorted({int(place) for line in axes.lines for place in line.get_xdata()})
                axes.set_xticks(places, [f"{place}" for place in places])
                axes.set_xticks([], minor=True)
            if axes.lines:
                axes.legend()
            save_figure(figure, folder / stem)
        lines.append(f"![{stem}](figures/{stem}.png)")
    return lines


def _terms(own: dict[str, Any]) -> int:
    """Terms of the libraries, or formulas: what the search had to go through."""
    counts = own["counts"]
    return int(counts.get("terms") or counts.get("distinct") or 0)


def found_table(entries: Entries, shown: Path) -> bool:
    """Write the table of found laws, if every built-in data set has an answer."""
    cases = SECTIONS["builtin"].cases
    answers = {case: entries.get((case, "default")) for case in cases}
    rows, done = [], []
    for case, own in answers.items():
        name = _name(case)
        if own is None or own["status"] != "done":
            return False
        laws = ", ".join(
            f"`{law['law']}`" + ("" if law["true"] else " (false)") for law in own["laws"]
        )
        rows.append([name, *(str(own[key]) for key in ("known", "found", "false")), laws or "none"])
        done.append(own)
    known, found, false = (sum(own[key] for own in done) for key in ("known", "found", "false"))
    short = sum(own["found"] < own["known"] for own in done)
    sentence = (
        f"In these {len(done)} data sets the default call finds {found} of {known} known laws, and "
        f"{false} false ones; in {short} of them it does not find all. Planted and published "
        "systems, seconds, memory, and how a law is told from a false one: "
        "[results/recovery.md](../results/recovery.md)."
    )
    text = table(["data set", "laws known", "found", "false", "formulas found"], rows)
    content = f"{text}\n\n{textwrap.fill(sentence, 100)}"
    whole = shown.read_text(encoding="utf-8")
    shown.write_text(between(whole, "found", content), encoding="utf-8")
    return True
