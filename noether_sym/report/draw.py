"""Draw the figures of a run into its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from noether_sym.export import law_from_json
from noether_sym.laws.known import known_law
from noether_sym.report.lookup import Entry, objects
from noether_sym.store import runs, schema

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from noether_sym.datasets.dataset import Dataset
    from noether_sym.store.runs import Run


def write_figures(
    run: Run,
    dataset: Dataset,
    laws: Entry,
    tailoring: Entry | None = None,
) -> dict[str, str]:
    """Draw what the run holds; write each figure as PNG and SVG into ``figures/``.

    Parameters
    ----------
    run : Run
    dataset : Dataset
    laws : mapping
        Content of ``laws.json``. The selected law is drawn, else the best one, else the
        closest candidate.
    tailoring : mapping, optional
        Content of ``tailoring.json``; the curves lie beside it.

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
            run.write_with(f"{runs.FIGURES}/{name}.{kind}", partial(_write, data))
        drawn[name] = data.decode()
    return drawn


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def shown_entry(laws: Entry) -> Entry | None:
    """The entry that stands for the run: selected, else best, else closest; None if none."""
    accepted = objects(laws, "laws")
    every = accepted or objects(laws, "candidates_not_accepted")
    selected = [entry for entry in every if entry.get("selected")]
    return next(iter(selected or every), None)


def _figures(
    run: Run,
    dataset: Dataset,
    laws: Entry,
    tailoring: Entry | None,
) -> dict[str, Figure]:
    from noether_sym.report import figures

    found: dict[str, Figure] = {}
    entry = shown_entry(laws)
    if entry is not None:
        law = law_from_json(entry)
        found["conservation"] = figures.conservation(dataset, law)
        found["phase_portrait"] = figures.phase_portrait(dataset, law)
    if tailoring is not None and run.has(runs.CURVES_FILE):
        curves = run.arrays(runs.CURVES_FILE)
        schema.check_curves(curves, str(run.file(runs.CURVES_FILE)))
        time_unit = dataset.time_unit.symbol
        found["rollout_errors"] = figures.rollout_errors(curves, time_unit=time_unit)
        if "energy/true" in curves:
            found["energies"] = figures.energies(
                curves,
                time_unit=time_unit,
                energy_unit=_energy_unit(dataset, entry),
                formula=str(tailoring.get("energy") or ""),
            )
    return found


def _energy_unit(dataset: Dataset, entry: Entry | None) -> str:
    """Unit of the energy that the tailoring reports: of the known law, else of the selected."""
    known = known_law(dataset)
    if known is not None:
        return str(known.dimension)
    return str(entry["unit"]) if entry is not None and entry.get("selected") else ""
