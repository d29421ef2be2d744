"""Learned embeddings and predicted video: what they are worth, beside their controls.

    python -m benchmarks.neural [--only SECTIONS] [--part k/n] [--fresh] [--quick] [--page]
                                [--output DIR]

Every section keeps its answers in OUTPUT/neural/ under what decides them and goes on where a call
was stopped; OUTPUT/neural.jsonl holds them all, and ``--page``, which computes nothing, writes the
page from it. Sections that were not chosen are shown with what is kept of them; one of which
nothing is kept stands as the page has it. Writes OUTPUT/neural.md and its figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks import neural_film, neural_latent, neural_pixels, neural_states
from benchmarks._measure import machine
from benchmarks.kept import parser, publish, sections_of, sections_of_page

SECTIONS = {
    "states": partial(neural_states.section, "predict"),
    "counts": partial(neural_states.section, "count"),
    "film": neural_film.section,
    "latent": neural_latent.section,
    "pixels": neural_pixels.section,
}
"""By name, what makes a section's part of the page: it takes the folder of results, the part of
the work that this call does (None to compute nothing), whether to compute again, and whether to
make the smallest case alone. It gives texts by title, None where nothing is kept."""


_NOTHING = "Not run yet."


def main(arguments: list[str] | None = None) -> None:
    """Compute what is left to compute, and write the page."""
    taken = parser(__doc__.splitlines()[0], "case")
    options, chosen = sections_of(taken, arguments, SECTIONS)
    (options.output / "figures").mkdir(parents=True, exist_ok=True)
    target = options.output / "neural.md"
    before = {} if options.quick else sections_of_page(target)
    texts: dict[str, str | None] = {}
    for name, section in SECTIONS.items():
        part = options.part if name in chosen and not options.page else None
        texts |= section(options.output, part, fresh=options.fresh, quick=options.quick)
    publish(target, page(texts, before, quick=options.quick), options.output / "neural")


def page(texts: Mapping[str, str | None], before: Mapping[str, str], *, quick: bool) -> str:
    """The whole page; where a section has no text, what stood there before."""
    parts, older = [], []
    for title, text in texts.items():
        if text is None and before.get(title, _NOTHING) != _NOTHING:
            older.append(f"'{title}'")
        parts.append(f"## {title}\n\n{text or before.get(title, _NOTHING)}")
    head = "Written by `python -m benchmarks.neural`"
    head += " --quick: the smallest case of each section only." if quick else "."
    head += f" On {machine()}."
    if older:
        head += f" Of {', '.join(older)} no answers are kept: they stand as they were written."
    return "\n\n".join(["# Learned embeddings and predicted video", head, *parts]) + "\n"


if __name__ == "__main__":
    main()
