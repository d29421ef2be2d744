"""The fit stage: from a data set and a grammar to ranked laws."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.parts import parts
from noether_sym.dsl.distinct import DistinctLaws
from noether_sym.laws.completion import completed
from noether_sym.laws.law import ACCEPTED, Law
from noether_sym.runtime.device import single_threaded
from noether_sym.runtime.workers import Workers
from noether_sym.search.build import build_law
from noether_sym.search.candidate import Candidate, decompose
from noether_sym.search.fit import Fitted, fit_candidates
from noether_sym.search.sums.stage import Proposal, SumsFound
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import (
    Samples,
    held_out_samples,
    make_samples,
    windows_to_try,
)
from noether_sym.verdict.chance import FDR, paid_for
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.criteria import Judgement, judge
from noether_sym.verdict.crossfit import CrossFitting, Crosswise
from noether_sym.verdict.final import with_final_constants
from noether_sym.verdict.points import judge_points
from noether_sym.verdict.revision import without_echoes
from noether_sym.verdict.told import with_told_terms

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Cache, Progress


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How to fit and accept.

    Attributes
    ----------
    factor : float
        How many times better than on the surrogate a law must be conserved (the
        paper's two orders of magnitude).
    fdr : float
        Expected share of false laws among those that are called laws.
    window : str or int
        ``auto``: whole segments first, then, if nothing is conserved over them, windows
        long enough for the inputs to look mixed. ``full``: whole segments only. A number:
        windows of so many samples.
    seed : int
    workers : Workers
    device : str
        ``cpu`` or ``cuda``.
    """

    factor: float = 100.0
    fdr: float = FDR
    window: str | int = "auto"
    seed: int = 0
    workers: Workers = field(default_factory=Workers)
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class FitResult:
    """Everything the fit stage found.

    Attributes
    ----------
    candidates : tuple of Candidate
        In the order of enumeration, each distinct combination once; then the sums.
    fits : tuple of Fitted
        With the final status of every candidate.
    judgement : Judgement
    window : int or None
        Windows that the ratios refer to; None for whole segments.
    seconds : float
    most : int
        Most independent laws that the data can have.
    """

    candidates: tuple[Candidate, ...]
    fits: tuple[Fitted, ...]
    judgement: Judgement
    window: int | None
    seconds: float
    most: int


def fit(
    dataset: Dataset,
    distinct: DistinctLaws | None,
    options: FitOptions,
    progress: Progress | None = None,
    checkpoint: Cache | None = None,
    sums: SumsFound | None = None,
) -> FitResult:
    """Fit every distinct formula to a data set, and judge them together with the sums.

    Parameters
    ----------
    dataset : Dataset
    distinct : DistinctLaws or None
        From `noether_sym.dsl.distinct.enumerate_laws`; None where only sums are judged.
    options : FitOptions
    progress : callable, optional
        Called with (stage, done, total).
    checkpoint : Cache, optional
        Where finished chunks are kept, and looked for.
    sums : SumsFound, optional
        From `noether_sym.search.sums.stage.search_sums`.

    Returns
    -------
    FitResult
    """
    with single_threaded():
        return _fit(dataset, distinct, options, progress, checkpoint, sums or SumsFound())


def _fit(
    dataset: Dataset,
    distinct: DistinctLaws | None,
    options: FitOptions,
    progress: Progress | None,
    checkpoint: Cache | None,
    sums: SumsFound,
) -> FitResult:
    begin = time.perf_counter()
    if not dataset.ordered:
        return _of_points(dataset, sums, options, begin)
    own, whole = parts(dataset.train), dataset
    confirmation = Confirmation(dataset, own.confirm, own.fitted)
    dataset = replace(dataset, train=own.search, test=own.held_out)
    formulas = [] if distinct is None else distinct_candidates(distinct)
    proposals = [*sums.laws, *(one for forms in sums.noisy for one in forms)]
    first_slow = len(formulas) + len(proposals)
    candidates = [*formulas, *(one.candidate for one in (*proposals, *sums.slow))]
    crosswise = None
    if sums.folds:
        places = iter(range(len(formulas) + len(sums.laws), first_slow))
        forms = {next(places): law for law, own in enumerate(sums.noisy) for _ in own}
        crosswise = Crosswise(CrossFitting(whole, sums.folds, confirmation), forms)
    first: tuple[list[Fitted], Judgement, int | None] | None = None
    windows = windows_to_try(dataset.train, options.window)
    for look, window in enumerate(windows):
        samples = make_samples(dataset.train, window=window, seed=options.seed)
        fits = fit_candidates(
            formulas,
            samples,
            workers=options.workers,
            device=options.device,
            progress=progress,
            checkpoint=checkpoint,
        )
        slow = () if window is None else sums.slow  # found in windows, judged there
        fits += [_on(samples, one, dataset) for one in (*proposals, *slow)]
        judgement = judge(
            candidates,
            fits,
            samples,
            held_out_samples(dataset.test, samples, seed=options.seed),
            dataset,
            factor=options.factor,
            seed=options.seed,
            workers=options.workers,
            device=options.device,
            constraints=[(one.candidate, one.fit) for one in sums.constraints],
            alike=[(one.candidate, one.fit) for one in sums.alike],
            confirmation=confirmation,
            crosswise=crosswise,
            last=look + 1 == len(windows),
            shown=held_out_samples(whole.test, samples, seed=options.seed),
        )
        judgement = paid_for(without_echoes(judgement, first_slow), options.fdr, look + 1)
        if first is None or judgement.laws:
            first = fits, judgement, window
        if judgement.laws:
            break
    assert first is not None
    fits, judgement, window = first
    refitting = Refitting(whole, whole.train, confirmation.sigma)
    judgement = with_final_constants(judgement, whole, refitting, windows[-1], confirmation)
    fitting = None if crosswise is None else crosswise.fitting
    judgement = with_told_terms(judgement, whole, confirmation, refitting, fitting)
    judgement = replace(judgement, laws=tuple(map(_as_written, judgement.laws)))
    return FitResult(
        tuple(candidates[: len(fits)]),
        tuple(_final_status(fits, judgement)),
        judgement,
        window,
        time.perf_counter() - begin,
        most_laws(dataset, judgement),
    )


def _as_written(law: Law) -> Law:
    """A law, and what the data do not tell from it, with squares completed."""
    return completed(law).with_(also_allowed=tuple(map(completed, law.also_allowed)))


def _of_points(dataset: Dataset, sums: SumsFound, options: FitOptions, begin: float) -> FitResult:
    """Sums judged at points without order, by their derivative along the velocity."""
    judgement = judge_points(dataset, sums.laws, sums.constraints, options.factor, options.seed)
    return FitResult(
        tuple(one.candidate for one in sums.laws),
        tuple(_final_status([one.fit for one in sums.laws], judgement)),
        judgement,
        None,
        time.perf_counter() - begin,
        most_laws(dataset, judgement),
    )


def most_laws(dataset: Dataset, judgement: Judgement) -> int:
    """Most independent laws: state columns less parameters and constraints.

    Less 1 for a flow that does not depend on time; a time column among the states makes up for
    it.
    """
    own = set(dataset.base_columns) - set(dataset.parameters)
    most = dataset.most_constants(len(own)) - len(judgement.constraints)
    return max(most, judgement.independent)


def _on(samples: Samples, one: Proposal, dataset: Dataset) -> Fitted:
    """A proposal with its conservation ratio on samples."""
    law = build_law(one.candidate, one.fit, dataset, samples)
    return replace(one.fit, ratio=conservation_ratio(law, samples))


def distinct_candidates(distinct: DistinctLaws) -> list[Candidate]:
    """Decompose formulas; those that come to the same combination are kept once."""
    found: dict[tuple[object, ...], Candidate] = {}
    for expression in distinct.expressions:
        candidate = decompose(expression)
        found.setdefault(candidate.terms, candidate)
    return list(found.values())


def _final_status(fits: list[Fitted], judgement: Judgement) -> list[Fitted]:
    statuses = list(fits)
    for number, reason in judgement.verdicts.items():
        if not reason:
            statuses[number] = replace(fits[number], status=ACCEPTED)
    return statuses
