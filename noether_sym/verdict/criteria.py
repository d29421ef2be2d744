"""Judge fitted candidates: which are laws, which belong together, how many independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, Law
from noether_sym.runtime.workers import Workers
from noether_sym.search.build import build_law
from noether_sym.search.candidate import Candidate
from noether_sym.search.fit import NOT_CONSERVED, Fitted, fit_candidates, ratio_with
from noether_sym.search.sums.walk import SAME
from noether_sym.statistics.conservation import conservation_ratio, masked, values_at
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import within_variance
from noether_sym.verdict.allowed import with_allowed
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.evidence import Quarters, rank_ratio
from noether_sym.verdict.gradients import Frame, alignment, local_ratio
from noether_sym.verdict.independence import Judged, Judgement, independent_laws
from noether_sym.verdict.near_miss import CAPTURED, Corrections

_JUDGED = 300
_SECOND = 100
_SLACK = 3.0
_LEAST_COMPARED = 3
_ROUNDING = 1e-12
_UNMOVED = 1e-8
_EXACT = 1e-8


def judge(
    candidates: Sequence[Candidate],
    fits: Sequence[Fitted],
    samples: Samples,
    held_out: Samples | None,
    dataset: Dataset,
    *,
    factor: float,
    seed: int,
    workers: Workers | None = None,
    device: str = "cpu",
    constraints: Sequence[tuple[Candidate, Fitted]] = (),
    everything: bool = False,
    confirmation: Confirmation | None = None,
    shown: Samples | None = None,
    last: bool = True,
) -> Judgement:
    """Accept what is conserved `factor` times better than chance, everywhere it is tested.

    A candidate is accepted when all of these hold: its conservation ratio is `factor` times
    below that of the same formula fitted to the surrogate (paper, appendix C); so is
    its ratio on held-out data, that of its ranks, and that in each part of the segments,
    within a small slack; its variance is as far below what its gradients at the data allow;
    no smooth correction is far better conserved; and what its gradient adds to those of
    better laws is conserved too.

    What is accepted so is sent to `confirmation`, and stays a law, exactly or approximately, if
    trajectories that took no part in the search show it. Where nothing is held out to select
    by, ratios of held-out data are those of `shown`, and decide nothing.

    Where nothing is accepted at the `last` look, the best of the rest are sent there too: noise
    and slow drifts make variances large that are no sign of change.

    `constraints` come from the search for sums; what has one value on all trajectories joins
    them, and so does any accepted formula of which that is true. With `everything` formulas of
    columns that never change are judged too; a search would list too many of them.
    """
    order = [
        number
        for number in sorted(range(len(fits)), key=lambda n: (fits[n].ratio, _size(candidates, n)))
        if fits[number].status == NOT_CONSERVED
    ]
    frame = Frame.of(samples, dataset)
    laws = _first_laws(candidates, fits, order, samples, dataset, None if everything else frame)
    order = list(laws)
    random = _random_ratios(candidates, fits, order, samples, seed, workers, device)
    beyond = held_out or shown
    beyond_frame = None if beyond is None else Frame.of(beyond, dataset)
    quarters, corrections = Quarters(samples), Corrections(samples)
    entries = []
    for number in order:
        law = laws[number]
        law = law.with_(
            random_ratio=random[number],
            heldout_ratio=None if beyond is None else conservation_ratio(law, beyond),
            alignment=_alignment(law, beyond_frame),
        )
        gradients, unit = frame.scaled_gradients(law)
        local, ranked = local_ratio(law, samples, gradients, unit), rank_ratio(law, samples)
        reason = _reason(law, local, ranked, quarters, corrections, factor)
        if not reason and held_out is not None:
            reason = _not_confirmed(law, factor)
        score = max(law.conservation_ratio, local, ranked)
        if not reason and confirmation is not None:
            law, reason = _confirmed(law, confirmation)
        entries.append(Judged(number, law, score, gradients, reason))
    if confirmation is not None and last and all(entry.reason for entry in entries):
        again = [_second(entry, confirmation) for entry in entries[:_SECOND]]
        entries = [*again, *entries[_SECOND:]]
    same = [_constraint(*one, dataset, samples, held_out, frame) for one in constraints]
    judgement = independent_laws(
        [_unless_same(entry, samples) for entry in entries],
        frame.directions(),
        [one for one in same if not one.reason],
    )
    if confirmation is None:
        return judgement
    return with_allowed(judgement, entries, confirmation, samples, dataset)


def _second(entry: Judged, confirmation: Confirmation) -> Judged:
    """What varies too much, unless it is all noise, or a slow drift."""
    law = confirmation.confirmed(entry.law)
    drifts = law.evidence is not None and law.evidence.half_life is not None
    return replace(entry, law=law, reason="") if drifts or law.verdict == LAW else entry


def _confirmed(law: Law, confirmation: Confirmation) -> tuple[Law, str]:
    """A law with its evidence, and what speaks against it."""
    law = confirmation.confirmed(law)
    assert law.evidence is not None
    holds = law.verdict in (LAW, APPROXIMATE_LAW)
    return law, "" if holds else f"{law.verdict}: {law.evidence.reason}"


def _first_laws(
    candidates: Sequence[Candidate],
    fits: Sequence[Fitted],
    order: Sequence[int],
    samples: Samples,
    dataset: Dataset,
    frame: Frame | None,
) -> dict[int, Law]:
    """The first of the fitted formulas as laws, by number; without a frame all of them.

    What depends on nothing but columns that never change along a trajectory is left out, but
    for such a column by itself, unless it was declared a parameter.
    """
    still, declared = set(dataset.constant_columns), set(dataset.parameters)
    moving = [place for place, c in enumerate(dataset.base_columns) if c not in still]
    laws: dict[int, Law] = {}
    for number in order:
        if len(laws) == _JUDGED:
            break
        law = build_law(candidates[number], fits[number], dataset, samples)
        own = law.expression
        if frame is not None and own.inputs <= declared:
            continue
        if frame is not None and still and not own.is_leaf:
            squares = frame.gradients(law) ** 2
            if squares[:, moving].sum() <= _UNMOVED * squares.sum():
                continue
        laws[number] = law
    return laws


def _constraint(
    candidate: Candidate,
    fit: Fitted,
    dataset: Dataset,
    samples: Samples,
    held_out: Samples | None,
    frame: Frame,
) -> Judged:
    """A constraint; it must hold on the held-out trajectories too."""
    law = build_law(candidate, fit, dataset, samples)
    gradients, unit = frame.scaled_gradients(law)
    local = local_ratio(law, samples, gradients, unit)
    heldout = None if held_out is None else conservation_ratio(law, held_out)
    bound = max(_SLACK * fit.ratio, _EXACT)
    reason = "" if heldout is None or heldout <= bound else "it does not hold on held-out data"
    return Judged(-1, law.with_(heldout_ratio=heldout), local, gradients, reason)


def _unless_same(entry: Judged, samples: Samples) -> Judged:
    """An accepted law, unless it has one value on all trajectories."""
    if entry.reason or samples.window is not None or samples.weights.shape[0] < _LEAST_COMPARED:
        return entry
    values, mask = masked(values_at(entry.law, samples.states), samples.weights)
    inside = values[mask > 0]
    total = float(((inside - inside.mean()) ** 2).mean())
    within = float(within_variance(values, mask))
    rounding = (_ROUNDING * float(inside.abs().max())) ** 2
    if total > SAME * within + rounding:
        return entry
    return replace(entry, reason="it has the same value on all trajectories: a constraint")


def _size(candidates: Sequence[Candidate], number: int) -> int:
    return candidates[number].expression.size


def _reason(
    law: Law,
    local: float,
    ranked: float,
    quarters: Quarters,
    corrections: Corrections,
    factor: float,
) -> str:
    """Why a candidate is not accepted; empty if nothing speaks against it."""
    bound = law.random_ratio / factor
    if law.conservation_ratio > bound:
        return f"varies: ratio {law.conservation_ratio:.2g}, more than {bound:.2g}"
    if local > 1.0 / factor:
        return f"varies as much as its gradients allow: local ratio {local:.2g}"
    if ranked > _SLACK * bound:
        return f"varies by rank: ratio {ranked:.2g}, more than {_SLACK * bound:.2g}"
    worst = quarters.worst(law)
    if worst > _SLACK * bound:
        return f"varies in a part of the time: ratio {worst:.2g}, more than {_SLACK * bound:.2g}"
    captured = corrections.captured(law)
    if captured > CAPTURED:
        return "a near miss: a smooth correction is conserved ten times better"
    return ""


def _not_confirmed(law: Law, factor: float) -> str:
    """What the part that selects says against a law."""
    ratio = law.heldout_ratio
    if ratio is not None and not ratio <= _SLACK * law.random_ratio / factor:
        return f"not confirmed on held-out data: ratio {ratio:.2g}"
    return ""


def _random_ratios(
    candidates: Sequence[Candidate],
    fits: Sequence[Fitted],
    order: list[int],
    samples: Samples,
    seed: int,
    workers: Workers | None,
    device: str,
) -> dict[int, float]:
    """Conservation ratio of the same formulas fitted to random data.

    Of formulas that come with their factors only the factors are fitted again.
    """
    surrogate = samples.as_surrogate(seed + 1)
    fitted = [number for number in order if not fits[number].given]
    again = fit_candidates(
        [candidates[number] for number in fitted], surrogate, workers=workers, device=device
    )
    ratios = {number: one.ratio for number, one in zip(fitted, again, strict=True)}
    for number in order:
        if fits[number].given:
            nonlinear = fits[number].nonlinear
            ratios[number] = ratio_with(candidates[number], nonlinear, surrogate, device)
    return {number: min(r, 1.0) if np.isfinite(r) else 1.0 for number, r in ratios.items()}


def _alignment(law: Law, frame: Frame | None) -> float | None:
    directions = None if frame is None else frame.directions()
    if frame is None or directions is None:
        return None
    return alignment(frame.gradients(law), directions)
