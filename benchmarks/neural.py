"""Learned embeddings and predicted video: what they are worth, beside their controls.

    python -m benchmarks.neural [--only SECTIONS] [--part k/n] [--fresh] [--quick] [--page]
                                [--output DIR]

Every section keeps its answers in OUTPUT/neural/ under what decides them and goes on where a call
was stopped; ``--page`` computes nothing. Writes OUTPUT/neural.md and its figures.
"""

from __future__ import annotations

from benchmarks import neural_latent, neural_pixels, neural_states
from benchmarks._measure import machine
from benchmarks.kept import parser, sections_of

SECTIONS = {
    "states": neural_states.section,
    "latent": neural_latent.section,
    "pixels": neural_pixels.section,
}
"""By name, what makes a section's part of the page: it takes the folder of results, the part of
the work that this call does (None to compute nothing), whether to compute again, and whether to
make the smallest case alone."""


def main(arguments: list[str] | None = None) -> None:
    """Compute what is left to compute, and write the page."""
    taken = parser(__doc__.splitlines()[0], "case")
    options, chosen = sections_of(taken, arguments, SECTIONS)
    (options.output / "figures").mkdir(parents=True, exist_ok=True)
    part = None if options.page else options.part
    parts = [
        "# Learned embeddings and predicted video",
        "Written by `python -m benchmarks.neural`"
        + (" --quick: the smallest case of each section only." if options.quick else ".")
        + f" On {machine()}.",
        *(
            SECTIONS[name](options.output, part, fresh=options.fresh, quick=options.quick)
            for name in chosen
        ),
    ]
    target = options.output / "neural.md"
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(f"{target} written")


if __name__ == "__main__":
    main()
