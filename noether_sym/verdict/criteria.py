"""Judge fitted candidates: which are laws, which belong together, how many independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import APPROXIMATE_LAW, CONSTRAINT, LAW, UNDECIDED, Law
from noether_sym.laws.relations import rates_among
from noether_sym.runtime.workers import Workers
from noether_sym.search.build import build_law
from noether_sym.search.candidate import Candidate
from noether_sym.search.fit import NOT_CONSERVED, Fitted, fit_candidates, ratio_with
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import Samples
from noether_sym.verdict.allowed import with_allowed
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.crossfit import CrossFitting, Crosswise
from noether_sym.verdict.evidence import Quarters, rank_ratio
from noether_sym.verdict.gates import (
    QUARTERS,
    RANKS,
    RATIO,
    SELECTED,
    SLACK,
    Gate,
    through,
    with_confirmation,
)
from noether_sym.verdict.gradients import Frame, alignment
from noether_sym.verdict.independence import Judged, Judgement, independent_laws

_JUDGED = 300
"""Candidates that are looked at, best first."""
_FAR_OUT = 1e3
"""Ratio by rank over the ratio itself from which on a few samples far out make a quantity seem
constant; with noise both are of one size."""

_SECOND = 100
"""Those among them that are confirmed all the same where none passes."""
_UNMOVED = 1e-8
"""Share of a gradient along columns that move, below which a formula is one of still columns."""
_EXACT = 1e-8
"""Ratio up to which a constraint holds on held-out data, whatever it was on the data."""


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
    alike: Sequence[tuple[Candidate, Fitted]] = (),
    everything: bool = False,
    confirmation: Confirmation | None = None,
    crosswise: Crosswise | None = None,
    shown: Samples | None = None,
    last: bool = True,
) -> Judgement:
    """Send what is conserved `factor` times better than chance to confirmation.

    What passes the gates of `noether_sym.verdict.gates` is a law, exactly or approximately, if
    trajectories that took no part in the search show it, and if what its gradient adds to
    those of better laws is conserved too. Where nothing is held out to select by, ratios of
    held-out data are those of `shown`, and decide nothing.

    Sums in noise are sent there at once, for their search has told change from noise; so are, where
    nothing is accepted at the `last` look, the best of the rest: noise and slow drifts make
    variances large that are no sign of change.

    `crosswise` says which candidates are confirmed by searches that left trajectories out.
    `constraints` come from the search for sums; so does what is `alike` on all trajectories but
    for noise, and is a constraint if searches that left trajectories out show it. With
    `everything` formulas of columns that never change are judged too; a search would list too
    many of them.
    """
    forms = {} if crosswise is None else crosswise.forms
    ranked_numbers = sorted(range(len(fits)), key=lambda n: (fits[n].ratio, _size(candidates, n)))
    order = [
        *forms,
        *(n for n in ranked_numbers if fits[n].status == NOT_CONSERVED and n not in forms),
    ]
    frame = Frame.of(samples, dataset)
    laws = _first_laws(candidates, fits, order, samples, dataset, None if everything else frame)
    order = list(laws)
    random = _random_ratios(candidates, fits, order, samples, seed, workers, device)
    beyond = held_out or shown
    beyond_frame = None if beyond is None else Frame.of(beyond, dataset)
    quarters = Quarters(samples)
    rates = rates_among(dataset)
    settled: set[int] = set()
    entries = []
    for number in order:
        law = laws[number]
        law = law.with_(
            random_ratio=random[number],
            heldout_ratio=None if beyond is None else conservation_ratio(law, beyond),
            alignment=_alignment(law, beyond_frame),
        )
        ranked = rank_ratio(law, samples)
        score = max(law.conservation_ratio, ranked)
        selected = None if held_out is None else law.heldout_ratio
        gates = () if number in forms else _gates(law, ranked, quarters, selected, factor)
        law, reason = through(law, gates)
        if number in forms and forms[number] in settled:
            reason = "a simpler form of it is confirmed"
        elif crosswise is not None and number in forms:
            law, reason = _confirmed(law, crosswise.fitting)
            settled |= set() if reason else {forms[number]}
        elif not reason and confirmation is not None:
            law, reason = _confirmed(law, confirmation)
        related = bool(rates.relation(law))
        entries.append(Judged(number, law, score, frame.gradients(law), reason, related))
    if confirmation is not None and last and all(entry.reason for entry in entries):
        again = [
            entry
            if entry.number in forms or entry.law.evidence is not None
            else _second(entry, confirmation)
            for entry in entries[:_SECOND]
        ]
        entries = [*again, *entries[_SECOND:]]
    same = [_constraint(*one, dataset, samples, held_out, frame) for one in constraints]
    if crosswise is not None:
        same += [_alike(*one, dataset, samples, crosswise.fitting, frame) for one in alike]
    judgement = independent_laws(
        entries,
        frame.directions(),
        [one for one in same if not one.reason],
        None if crosswise is None else crosswise.fitting.adds_again,
        None if confirmation is None else confirmation.tells_more,
    )
    if confirmation is None:
        return judgement
    return with_allowed(judgement, entries, confirmation, samples, dataset)


def _second(entry: Judged, confirmation: Confirmation) -> Judged:
    """What varies too much, unless it is all noise, or a slow drift, or that is not decided.

    What varies by rank and not otherwise is near a pole on a trajectory or two, beside which all
    others seem constant.
    """
    if entry.score > _FAR_OUT * entry.law.conservation_ratio:
        return entry
    law = with_confirmation(confirmation.confirmed(entry.law))
    drifts = law.evidence is not None and law.evidence.half_life is not None
    if drifts or law.verdict == LAW:
        return replace(entry, law=law, reason="")
    undecided = law.evidence is not None and law.verdict == UNDECIDED
    reason = f"{law.verdict}: {law.evidence.reason}" if undecided and law.evidence else entry.reason
    return replace(entry, law=law, reason=reason)


def _confirmed(law: Law, confirmation: Confirmation | CrossFitting) -> tuple[Law, str]:
    """A law with its evidence, and what speaks against it."""
    law = with_confirmation(confirmation.confirmed(law))
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
            squares = frame.scaled_gradients(law)[0] ** 2
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
    heldout = None if held_out is None else conservation_ratio(law, held_out)
    bound = max(SLACK * fit.ratio, _EXACT)
    reason = "" if heldout is None or heldout <= bound else "it does not hold on held-out data"
    law = law.with_(heldout_ratio=heldout)
    return Judged(-1, law, fit.ratio, frame.gradients(law), reason)


def _alike(
    candidate: Candidate,
    fit: Fitted,
    dataset: Dataset,
    samples: Samples,
    fitting: CrossFitting,
    frame: Frame,
) -> Judged:
    """A constraint in noise, with its evidence."""
    law = fitting.confirmed(build_law(candidate, fit, dataset, samples))
    assert law.evidence is not None
    reason = "" if law.verdict == CONSTRAINT else law.evidence.reason or "it is none"
    return Judged(-1, law, fit.ratio, frame.gradients(law), reason)


def _size(candidates: Sequence[Candidate], number: int) -> int:
    return candidates[number].expression.size


def _gates(
    law: Law, ranked: float, quarters: Quarters, selected: float | None, factor: float
) -> tuple[Gate, ...]:
    """The gates that stand before confirmation; `selected` is the ratio on the part for that."""
    bound = law.random_ratio / factor
    loose = SLACK * bound
    return (
        Gate(RATIO, lambda: law.conservation_ratio, bound, "it varies too much"),
        Gate(RANKS, lambda: ranked, loose, "by rank it varies too much"),
        Gate(
            QUARTERS, lambda: quarters.worst(law), loose, "it varies too much over part of the time"
        ),
        Gate(SELECTED, lambda: selected, loose, "held-out data do not confirm it"),
    )


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
