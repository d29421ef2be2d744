"""The stages in order: enumerate, fit, tailor, embed, report. The run folder takes their answers.

`run_enumeration`, `run_fit`, `run_tailoring`, `run_embedding` and `run_report` compute a stage;
`fitted`, `tailored` and `embedded` take what the run holds already.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from noether_sym._version import computing
from noether_sym.neural.embed_document import EmbeddingDocument
from noether_sym.store import tables
from noether_sym.store.checkpoint import Checkpoint
from noether_sym.store.limits import SHALLOW
from noether_sym.store.run import (
    CANDIDATES_FILE,
    CURVES_FILE,
    EMBEDDING_FILE,
    FITS_FILE,
    FORMULAS_FILE,
    LEARNED_FILE,
    REPORT_FILE,
    TAILORING_FILE,
    WEIGHTS_FILE,
    Run,
)
from noether_sym.store.schema import (
    EnumerateStage,
    FitStage,
    LawsDocument,
    RunDocument,
    SumsStage,
    TailorStage,
)
from noether_sym.store.search import Search, held_tailoring, reopen
from noether_sym.tailor.document import TailoringDocument

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset
    from noether_sym.dsl.distinct import DistinctLaws
    from noether_sym.neural.states_predict import Prediction
    from noether_sym.runtime.stages import Progress
    from noether_sym.search.sums.stage import SumsFound
    from noether_sym.tailor.options import TailorOptions
    from noether_sym.verdict.decoys import Decoys
    from noether_sym.verdict.two_variances import TwoVariances


def run_sums(search: Search, progress: Progress | None = None) -> SumsFound:
    """Search for sums of terms."""
    from noether_sym.noise.clean import without_outliers
    from noether_sym.search.sums.stage import search_sums

    dataset = without_outliers(search.dataset)
    found = search_sums(
        dataset,
        limit=search.terms,
        seed=search.data.seed,
        window=search.options.window,
        progress=progress,
    )
    stage = SumsStage(round(found.seconds, 3), found.terms, found.complete)
    search.run.finish(sums=stage)
    return found


def run_enumeration(
    search: Search, progress: Progress | None = None, depth: int | None = None
) -> DistinctLaws:
    """Enumerate the distinct laws and write them to ``candidates.parquet``.

    `depth` is that of the search unless given.
    """
    from noether_sym.dsl.distinct import enumerate_laws

    begin = time.perf_counter()
    depth = depth or search.depth
    distinct = enumerate_laws(search.grammar, search.dataset.dimensions, depth, progress)
    stage = EnumerateStage(
        seconds=round(time.perf_counter() - begin, 3),
        raw=sum(search.formulas_by_size(depth)),
        distinct=len(distinct.expressions),
        classes_by_size=distinct.classes_by_size,
        laws_by_size=distinct.laws_by_size,
        undefined=distinct.undefined,
    )
    search.run.write_with(
        CANDIDATES_FILE, lambda path: tables.write_candidates(path, search, distinct)
    )
    search.run.finish(enumerate=stage)
    return distinct


def write_formulas(search: Search, progress: Progress | None = None) -> None:
    """Stream every valid formula to ``formulas.parquet``, a row group a block.

    A row holds the size, the operation, the row numbers of the arguments (for an input its
    column, for a parameter nothing) and the unit; `Enumeration` says how to read them.
    """
    from noether_sym.dsl.enumeration import Enumeration

    formulas = Enumeration(search.grammar, search.dataset.dimensions, search.depth)
    search.run.write_with(
        FORMULAS_FILE, lambda path: tables.write_formula_blocks(path, formulas, progress)
    )


def run_fit(search: Search, progress: Progress | None = None) -> LawsDocument:
    """Search sums and formulas, judge both; write ``fits.parquet`` and ``laws.json``.

    Where sums have found as many laws as there can be, only short formulas are searched.
    """
    from noether_sym.export.found import found_laws
    from noether_sym.noise.clean import without_outliers
    from noether_sym.runtime.device import resolve_device
    from noether_sym.statistics.samples import refuse_unordered
    from noether_sym.verdict.stage import fit

    dataset = without_outliers(search.dataset)
    device = resolve_device(search.options.device)
    if search.method == "formulas":
        refuse_unordered(search.dataset)
    sums = None if search.method == "formulas" else run_sums(search, progress)
    distinct = None
    if search.method != "sums" and search.dataset.ordered:
        distinct = run_enumeration(search, progress, _depth(search, sums))
    checkpoint = Checkpoint(search.run)
    options = search.fit_options(device)
    result = fit(dataset, distinct, options, progress, checkpoint, sums)
    stage = search.run.stages.enumerate
    counts = (0, 0) if distinct is None or stage is None else (stage.raw, stage.distinct)
    laws = found_laws(search.dataset, *counts, result, search.run.read(RunDocument).dataset.notes)
    search.run.forget_tailoring()
    search.run.forget_embedding()
    search.run.write_with(FITS_FILE, lambda path: tables.write_fits(path, search, result))
    search.run.write(laws)
    search.run.update(versions=computing(), device=device)
    search.run.finish(fit=FitStage(round(result.seconds, 3), result.window))
    checkpoint.clear()
    return laws


def run_decoys(
    search: Search, laws: LawsDocument, progress: Progress | None = None
) -> LawsDocument:
    """Search decoys as the data were searched; write what they bound to ``laws.json``."""
    from noether_sym.export.found import decoys_entry
    from noether_sym.runtime.device import resolve_device
    from noether_sym.verdict.decoys import Decoys

    count = search.options.decoys
    held = search.run.read(RunDocument).search
    search.run.update(search=msgspec.structs.replace(held, decoys=count))
    checkpoint = Checkpoint(search.run)
    device = resolve_device(search.options.device)
    formulas: dict[int, DistinctLaws] = {}  # the same for all decoys, by depth
    parts = []
    for number in range(count):
        if progress is not None:
            progress("decoys", number, count)
        kept = checkpoint.read(f"decoy-{number}")
        if kept is None:
            kept = _search_decoy(search, number, device, formulas).arrays()
            checkpoint.write(f"decoy-{number}", kept)
        parts.append(Decoys.of_arrays(kept))
    if progress is not None:
        progress("decoys", count, count)
    laws = msgspec.structs.replace(laws, decoys=decoys_entry(Decoys.together(parts)))
    search.run.write(laws)
    checkpoint.clear()
    return laws


def _search_decoy(
    search: Search, number: int, device: str, formulas: dict[int, DistinctLaws]
) -> Decoys:
    from noether_sym.dsl.distinct import enumerate_laws
    from noether_sym.noise.clean import without_outliers
    from noether_sym.search.sums.stage import search_sums
    from noether_sym.verdict.decoys import decoy, found_in
    from noether_sym.verdict.stage import fit

    dataset = decoy(without_outliers(search.dataset), number, search.data.seed)
    sums = distinct = None
    if search.method != "formulas":
        sums = search_sums(
            dataset, limit=search.terms, seed=search.data.seed, window=search.options.window
        )
    if search.method != "sums" and dataset.ordered:
        depth = _depth(search, sums)
        if depth not in formulas:
            formulas[depth] = enumerate_laws(search.grammar, dataset.dimensions, depth)
        distinct = formulas[depth]
    result = fit(dataset, distinct, search.fit_options(device), sums=sums)
    return found_in(result.judgement, dataset)


def _depth(search: Search, sums: SumsFound | None) -> int:
    """Nodes of formulas: where sums have found every law there can be, only short ones."""
    done = sums is not None and sums.complete
    return min(search.depth, SHALLOW) if done else search.depth


def two_variances(search: Search, progress: Progress | None = None) -> TwoVariances:
    """Count what the paper's own rule would accept of the distinct formulas, for comparison."""
    from noether_sym.dsl.distinct import enumerate_laws
    from noether_sym.statistics.samples import make_samples
    from noether_sym.verdict.two_variances import accepted_by_two_variances

    dimensions = search.dataset.dimensions
    formulas = enumerate_laws(search.grammar, dimensions, search.depth, progress).expressions
    stage = search.run.stages.fit
    window = None if stage is None else stage.window
    samples = make_samples(search.dataset.train, window=window, seed=search.data.seed)
    return accepted_by_two_variances(formulas, samples, search.options.factor)


def fitted(
    search: Search, progress: Progress | None = None, *, fresh: bool = False
) -> LawsDocument:
    """The run's laws: as it holds them, or fitted now; with as many decoys as are asked for."""
    if search.run.stages.fit is not None and not fresh:
        laws = search.run.read(LawsDocument)
    else:
        if fresh:
            Checkpoint(search.run).clear()
        laws = run_fit(search, progress)
    held = 0 if laws.decoys is None else laws.decoys.count
    wanted = search.options.decoys
    return run_decoys(search, laws, progress) if wanted not in (0, held) else laws


def run_tailoring(
    search: Search, options: TailorOptions, progress: Progress | None = None
) -> TailoringDocument:
    """Tailor with the run's laws; write ``tailoring.json`` and mark the selected law."""
    from noether_sym.datasets.derive import without_derived
    from noether_sym.export import law_from_entry
    from noether_sym.laws.expansion import expanded
    from noether_sym.laws.known import known_law
    from noether_sym.tailor.stage import tailor

    laws = search.run.read(LawsDocument)
    entries = laws.to_tailor
    checkpoint = Checkpoint(search.run)
    begin = time.perf_counter()
    dataset = without_derived(search.dataset)  # a network predicts what is not derived
    result = tailor(
        dataset,
        [expanded(law_from_entry(entry), search.dataset) for entry in entries],
        oracle=known_law(dataset),
        options=options,
        progress=progress,
        checkpoint=checkpoint,
    )
    search.run.forget_tailoring()
    search.run.write_with(CURVES_FILE, lambda path: tables.write_arrays(path, result.curves))
    search.run.write(result.document)
    chosen = None if result.selected is None else entries[result.selected]
    search.run.write(laws.with_selected(chosen))
    search.run.update(versions=computing())
    search.run.finish(tailor=TailorStage(round(time.perf_counter() - begin, 3), options.limits))
    checkpoint.clear()
    return result.document


def tailored(
    search: Search,
    options: TailorOptions,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
) -> TailoringDocument:
    """The run's tailoring: as it holds it, or computed now.

    Raises
    ------
    RunError
        If the run holds a tailoring with other options; `fresh` replaces it.
    """
    held = None if fresh else held_tailoring(search.run, options)
    if fresh or held is not None:
        Checkpoint(search.run).clear()
    return run_tailoring(search, options, progress) if held is None else held


def run_embedding(
    search: Search,
    outputs: int | None = None,
    progress: Progress | None = None,
    prediction: Prediction | None = None,
) -> EmbeddingDocument:
    """Train an embedding, count its directions; write ``embedding.json`` and its weights.

    With `prediction`, algorithm 1 and its controls too, and the weights of its embedding.
    """
    from dataclasses import replace

    from noether_sym.export import accepted_laws
    from noether_sym.neural.embed_compare import embedding_document
    from noether_sym.neural.states import embed_states
    from noether_sym.neural.states_file import write_embedding, write_weights

    laws = accepted_laws(search.run.read(LawsDocument), heads_only=True)
    checkpoint = Checkpoint(search.run)
    seed = search.data.seed
    found = embed_states(
        search.dataset, outputs=outputs, seed=seed, progress=progress, cache=checkpoint
    )
    document = embedding_document(found, search.dataset, laws, outputs=outputs, seed=seed)
    search.run.write_with(WEIGHTS_FILE, lambda path: write_embedding(path, found.embedding))
    if prediction is not None:
        from noether_sym.neural.embed_compare import prediction_entry
        from noether_sym.neural.states_predict import predict_states

        own = predict_states(search.dataset, prediction, progress=progress, cache=checkpoint)
        document = replace(document, prediction=prediction_entry(own, prediction))
        search.run.write_with(LEARNED_FILE, lambda path: write_weights(path, own.weights))
    search.run.write(document)
    checkpoint.clear()
    return document


def embedded(
    search: Search,
    outputs: int | None = None,
    progress: Progress | None = None,
    *,
    fresh: bool = False,
    prediction: Prediction | None = None,
) -> EmbeddingDocument:
    """The run's embedding: as it holds it for the same options, or trained now."""
    from noether_sym.neural.embed_verdict import judged

    if fresh:
        Checkpoint(search.run).clear()
    elif search.run.has(EMBEDDING_FILE) and search.run.has(WEIGHTS_FILE):
        held = judged(search.run.read(EmbeddingDocument))  # an older one holds no verdict
        own = held.prediction
        same = prediction is None or (
            own is not None
            and (own.form, own.steps) == (prediction.meta.form, prediction.meta.steps)
        )
        if held.outputs == outputs and same:
            return held
    return run_embedding(search, outputs, progress, prediction)


def run_report(run: Run, dataset: Dataset | None = None) -> Path:
    """Draw the figures and write ``report.html``; return its path.

    The data are loaded as the run holds them, unless `dataset` has them already.
    """
    from noether_sym.report import advice, write_figures, write_report

    document, laws = run.read(RunDocument), run.read(LawsDocument)
    tailoring = run.read(TailoringDocument) if run.has(TAILORING_FILE) else None
    embedding = run.read(EmbeddingDocument) if run.has(EMBEDDING_FILE) else None
    if dataset is None:
        dataset = reopen(run, 1, "cpu").dataset
    figures = write_figures(run, dataset, laws, tailoring)
    missing = advice.missing(dataset)
    write_report(run, document, laws, tailoring, figures, missing, embedding)
    return run.file(REPORT_FILE)
