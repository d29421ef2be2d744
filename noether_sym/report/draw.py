"""Draw the figures of a run into its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from noether_sym.export import law_from_entry
from noether_sym.laws.known import known_law
from noether_sym.report import words
from noether_sym.store.run import CURVES_FILE, FIGURES, Run
from noether_sym.store.schema import LawsDocument, check_curves
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from noether_sym.datasets.dataset import Dataset


def write_figures(
    run: Run,
    dataset: Dataset,
    laws: LawsDocument,
    tailoring: TailoringDocument | None = None,
) -> dict[str, str]:
    """Draw what the run holds; write each figure as PNG and SVG into ``figures/``.

    Parameters
    ----------
    run : Run
    dataset : Dataset
    laws : LawsDocument
        The selected law is drawn, else the best one, else the closest candidate.
    tailoring : TailoringDocument, optional
        The curves lie beside it.

    Returns
    -------
    dict of str
        Name and SVG text of each figure.
    """
    from noether_sym.report.style import rendered

    drawn = {}
    for name, figure in _figures(run, dataset, laws, tailoring).items():
        for kind in ("png", "svg"):
            data = rendered(figure, kind)
            run.write_with(f"{FIGURES}/{name}.{kind}", partial(Path.write_bytes, data=data))
        drawn[name] = data.decode()
    return drawn


def _figures(
    run: Run,
    dataset: Dataset,
    laws: LawsDocument,
    tailoring: TailoringDocument | None,
) -> dict[str, Figure]:
    from noether_sym.report import figures
    from noether_sym.report.accuracy import accuracy

    found: dict[str, Figure] = {}
    if (compared := accuracy(laws)) is not None:
        found["accuracy"] = compared
    entry = laws.shown
    if entry is not None:
        law = law_from_entry(entry)
        found["conservation"] = figures.conservation(dataset, law)
        found["phase_portrait"] = figures.phase_portrait(dataset, law)
    if tailoring is not None and run.has(CURVES_FILE):
        curves = run.arrays(CURVES_FILE)
        check_curves(curves, str(run.file(CURVES_FILE)))
        time_unit = dataset.time_unit.symbol
        found["rollout_errors"] = figures.rollout_errors(curves, time_unit=time_unit)
        if "energy/true" in curves and tailoring.energy is not None:
            found["energies"] = figures.energies(
                curves,
                time_unit=time_unit,
                energy_unit=_energy_unit(dataset, laws, tailoring.energy),
                formula=tailoring.energy,
                name=words.energy(tailoring),
            )
    return found


def _energy_unit(dataset: Dataset, laws: LawsDocument, formula: str) -> str:
    """Unit of the energy that the tailoring reports: of the known law, else of the one found."""
    known = known_law(dataset)
    if known is not None:
        return str(known.dimension)
    return next((entry.unit for entry in laws.laws if entry.expression == formula), "")
