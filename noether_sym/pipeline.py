"""The stages over a run folder: enumerate, fit, tailor, report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noether_sym._version import __version__
from noether_sym.dsl.enumeration import count_formulas
from noether_sym.errors import RunError
from noether_sym.runtime.stages import Progress
from noether_sym.store import runs
from noether_sym.store.runs import Run
from noether_sym.store.search import Search, reopen
from noether_sym.store.tables import (
    write_arrays,
    write_candidates,
    write_fits,
    write_formula_blocks,
)

if TYPE_CHECKING:
    from noether_sym.dsl.distinct import DistinctLaws
    from noether_sym.laws.law import Law
    from noether_sym.tailor.stage import TailorOptions


@dataclass(frozen=True, slots=True)
class Enumerated:
    """Result of the enumeration stage."""

    distinct: DistinctLaws
    raw_counts: tuple[int, ...]
    seconds: float


def run_enumeration(search: Search, progress: Progress | None = None) -> Enumerated:
    """Enumerate the distinct laws and write them to ``candidates.parquet``."""
    from noether_sym.dsl.distinct import enumerate_laws

    begin = time.perf_counter()
    inputs = search.dataset.dimensions
    raw = count_formulas(search.grammar, inputs, search.depth)
    distinct = enumerate_laws(search.grammar, inputs, search.depth, progress)
    seconds = time.perf_counter() - begin
    search.run.write_with(
        runs.CANDIDATES_FILE, lambda path: write_candidates(path, search, distinct)
    )
    search.run.finish_stage(
        "enumerate",
        seconds=round(seconds, 3),
        raw=sum(raw),
        distinct=len(distinct.expressions),
        classes_by_size=list(distinct.classes_by_size),
        laws_by_size=list(distinct.laws_by_size),
        undefined=distinct.undefined,
    )
    return Enumerated(distinct, raw, seconds)


def write_formulas(search: Search, progress: Progress | None = None) -> None:
    """Stream every valid formula to ``formulas.parquet``, a row group a block.

    A row holds the size, the operation, the row numbers of the arguments (for an input its
    column, for a parameter nothing) and the unit; `Enumeration` says how to read them.
    """
    from noether_sym.dsl.enumeration import Enumeration

    formulas = Enumeration(search.grammar, search.dataset.dimensions, search.depth)
    search.run.write_with(
        runs.FORMULAS_FILE, lambda path: write_formula_blocks(path, formulas, progress)
    )


def run_fit(
    search: Search, progress: Progress | None = None, enumerated: Enumerated | None = None
) -> dict[str, Any]:
    """Fit and judge; write ``fits.parquet`` and ``laws.json``, and return the latter."""
    from noether_sym.export import laws_document
    from noether_sym.laws.symmetry import with_symmetries
    from noether_sym.runtime.device import resolve_device
    from noether_sym.runtime.workers import Workers
    from noether_sym.store.checkpoint import Checkpoint
    from noether_sym.verdict.stage import FitOptions, fit

    device = resolve_device(search.options.device)
    if enumerated is None:
        enumerated = run_enumeration(search, progress)
    options = FitOptions(
        search.options.factor,
        search.options.window,
        search.data.seed,
        Workers(search.options.jobs, search.options.backend, search.options.scheduler),
        device,
    )
    checkpoint = Checkpoint(search.run)
    result = fit(search.dataset, enumerated.distinct, options, progress, checkpoint)
    judgement = result.judgement
    document = laws_document(
        with_symmetries(judgement.laws, search.dataset),
        dataset=search.dataset.name,
        inputs=search.dataset.inputs,
        counts={
            "candidates": sum(enumerated.raw_counts),
            "distinct": len(enumerated.distinct.expressions),
            "fitted": len(result.candidates),
            "accepted": len(judgement.laws),
        },
        independent_laws=judgement.independent,
        closest=judgement.closest,
        reasons=judgement.reasons,
        window=result.window,
    )
    search.run.forget("tailor", runs.TAILORING_FILE, runs.CURVES_FILE, runs.REPORT_FILE)
    search.run.write_with(runs.FITS_FILE, lambda path: write_fits(path, search, result))
    search.run.write(runs.LAWS_FILE, document)
    search.run.update(versions=versions(), device=device)
    search.run.finish_stage("fit", seconds=round(result.seconds, 3), window=result.window)
    checkpoint.clear()
    return document


def fitted(
    search: Search, progress: Progress | None = None, *, fresh: bool = False
) -> dict[str, Any]:
    """Content of laws.json: as the run holds it, or fitted now."""
    if search.run.stage("fit") is not None and not fresh:
        return search.run.checked(runs.LAWS_FILE)
    if fresh:
        from noether_sym.store.checkpoint import Checkpoint

        Checkpoint(search.run).clear()
    return run_fit(search, progress)


def run_tailoring(
    search: Search, options: TailorOptions, progress: Progress | None = None
) -> dict[str, Any]:
    """Tailor with the run's laws; write ``tailoring.json`` and mark the selected law."""
    from noether_sym.export import law_from_json
    from noether_sym.laws.known import known_law
    from noether_sym.store.checkpoint import Checkpoint
    from noether_sym.tailor import tailor

    document = search.run.checked(runs.LAWS_FILE)
    entries = tailoring_list(document, options.top)
    checkpoint = Checkpoint(search.run)
    begin = time.perf_counter()
    result = tailor(
        search.dataset,
        [law_from_json(entry) for entry in entries],
        oracle=known_law(search.dataset),
        options=options,
        progress=progress,
        checkpoint=checkpoint,
    )
    tailoring = result.to_json()
    search.run.forget("tailor", runs.TAILORING_FILE, runs.CURVES_FILE, runs.REPORT_FILE)
    search.run.write_with(runs.CURVES_FILE, lambda path: write_arrays(path, result.curves))
    search.run.write(runs.TAILORING_FILE, tailoring)
    for entry in [*document["laws"], *document["candidates_not_accepted"]]:
        entry["selected"] = result.selected is not None and entry is entries[result.selected]
    search.run.write(runs.LAWS_FILE, document)
    search.run.update(versions=versions())
    search.run.finish_stage("tailor", seconds=round(time.perf_counter() - begin, 3))
    checkpoint.clear()
    return tailoring


def tailored(
    search: Search,
    options: TailorOptions,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> dict[str, Any]:
    """Content of tailoring.json: as the run holds it, or computed now.

    Raises
    ------
    RunError
        If the run holds a tailoring with other options; `fresh` replaces it.
    """
    from noether_sym.store.checkpoint import Checkpoint

    held = None if fresh else held_tailoring(search.run, options)
    if fresh or held is not None:
        Checkpoint(search.run).clear()
    return run_tailoring(search, options, progress) if held is None else held


def held_tailoring(run: Run, options: TailorOptions) -> dict[str, Any] | None:
    """The run's tailoring after its last fit; None if there is none.

    Raises
    ------
    RunError
        If it was made with other options.
    """
    from noether_sym.runtime.device import resolve_device

    if run.stage("tailor") is None or not run.has(runs.TAILORING_FILE):
        return None
    document = run.checked(runs.TAILORING_FILE)
    held, wanted = document["options"], options.to_json(resolve_device(options.device))
    other = [name for name in wanted if held.get(name) != wanted[name]]
    if other:
        raise RunError(
            f"{run.path} holds a tailoring with another choice of {', '.join(other)}; --fresh "
            "replaces it, and --results keeps both"
        )
    return document


def accepted_laws(document: Mapping[str, Any], *, heads_only: bool) -> list[Law]:
    """The laws of laws.json; with `heads_only` the first of each family."""
    from noether_sym.export import law_from_json

    laws = [law_from_json(entry) for entry in document["laws"]]
    if not heads_only:
        return laws
    return list({law.family: law for law in reversed(laws)}.values())[::-1]


def tailoring_list(document: Mapping[str, Any], top: int) -> list[dict[str, Any]]:
    """Entries of laws.json to tailor with: a law of each family, then the best of the rest.

    A near miss of an accepted law is the same quantity, told less well; it does not stand
    beside it.
    """
    heads: dict[int, dict[str, Any]] = {}
    for entry in document["laws"]:
        heads.setdefault(entry["family"], entry)
    chosen = list(heads.values())
    others = [entry for entry in document["candidates_not_accepted"] if not entry["family"]]
    return chosen + others[: max(0, top - len(chosen))]


def run_report(run: Run) -> Path:
    """Draw the figures and write ``report.html``; return its path."""
    from noether_sym.report import write_figures, write_report

    held = run.checked(runs.RUN_FILE)
    laws = run.checked(runs.LAWS_FILE)
    tailoring = run.checked(runs.TAILORING_FILE) if run.has(runs.TAILORING_FILE) else None
    search = reopen(run, 1, "cpu")
    figures = write_figures(run, search.dataset, laws, tailoring)
    write_report(
        run.file(runs.REPORT_FILE), run=held, laws=laws, tailoring=tailoring, figures=figures
    )
    return run.file(runs.REPORT_FILE)


def versions() -> dict[str, str]:
    """Versions of what computed a run."""
    import platform
    from importlib.metadata import version

    names = ("numpy", "scipy", "sympy", "torch", "pint")
    found = {name: version(name) for name in names}
    return {"noether-sym": __version__, "python": platform.python_version(), **found}
