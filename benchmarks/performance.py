"""Measure everything and write results/performance.md with its figures.

    python -m benchmarks.performance [--quick] [--only fit,tailoring] [--output DIR]

A plain script rather than pytest-benchmark or asv: most subjects compare two ways in one
run, or look at processes from outside, and what is wanted is one page of ratios.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks._measure import Section, machine

SUBJECTS = (
    "enumeration",
    "columns",
    "evaluation",
    "fit",
    "tailoring",
    "whole",
    "growth",
    "startup",
)


def main(arguments: list[str] | None = None) -> None:
    """Measure the subjects asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small cases, to see that all work")
    parser.add_argument("--only", default=",".join(SUBJECTS), help="subjects, with commas")
    parser.add_argument("--output", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    chosen = options.only.split(",")
    unknown = set(chosen) - set(SUBJECTS)
    if unknown:
        parser.error(f"unknown subjects {sorted(unknown)}; known: {', '.join(SUBJECTS)}")
    before = machine()
    sections = []
    for name in chosen:
        print(f"{name} ...", flush=True)
        sections.append(importlib.import_module(f"benchmarks.{name}").measure(options.quick))
        print(sections[-1].text, flush=True)
    flags = (" --quick" if options.quick else "") + (
        "" if chosen == list(SUBJECTS) else f" --only {options.only}"
    )
    page = [
        "# Performance",
        f"Written by `python -m benchmarks.performance{flags}`. Ratios are of one run; rates "
        "vary by a factor of two with what else the machine does.",
        f"The machine when the measurements began: {before}.\n\nWhen they ended: {machine()}.",
    ]
    figures = options.output / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for section in sections:
        page += [f"## {section.title}", section.text, *_drawn(section, figures)]
    path = options.output / "performance.md"
    path.write_text("\n\n".join(page) + "\n", encoding="utf-8")
    print(f"{path} written")


def _drawn(section: Section, folder: Path) -> list[str]:
    """Draw a section's figures; returns the lines that show them."""
    from noether_sym.report.style import new_figure, save_figure, style

    lines = []
    for stem, draw in section.figures:
        with style():
            figure, (axes,) = new_figure(3.4)
            draw(axes)
            save_figure(figure, folder / stem)
        lines.append(f"![{stem}](figures/{stem}.png)")
    return lines


if __name__ == "__main__":
    main()
