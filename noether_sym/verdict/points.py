"""The verdict on points without order: a law does not change along the velocity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.laws.law import Law
from noether_sym.search.build import build_law
from noether_sym.search.sums.stage import Proposal
from noether_sym.statistics.samples import Samples, make_samples
from noether_sym.verdict.gradients import Frame, alignment
from noether_sym.verdict.independence import Judged, Judgement, independent_laws


def judge_points(
    dataset: Dataset,
    laws: Sequence[Proposal],
    constraints: Sequence[Proposal],
    factor: float,
    seed: int,
) -> Judgement:
    """Accept what changes along the velocity `factor` times less than by chance.

    The ratio of a law is the mean squared cosine between its gradient and the velocity, in
    coordinates of unit spread; by chance it is one over the number of columns. It must hold at
    the held-out points too.
    """
    samples = make_samples(dataset.train, window=None, seed=seed)
    frame = Frame.of(samples, dataset)
    held_out = _held_out(dataset.test, dataset, seed)
    declared = set(dataset.parameters)
    entries = [
        _judged(number, one, dataset, samples, frame, held_out)
        for number, one in enumerate(laws)
        if not one.candidate.expression.inputs <= declared
    ]
    same = [_judged(-1, one, dataset, samples, frame, held_out) for one in constraints]
    bound = 1.0 / frame.spread.size / factor
    return independent_laws(
        [_decided(entry, bound) for entry in entries],
        frame.directions(),
        [entry for entry in same if entry.score <= bound],
    )


def _held_out(test: Sequence[Trajectory], dataset: Dataset, seed: int) -> Frame | None:
    if not any(len(part) > 1 for part in test):
        return None
    return Frame.of(make_samples(test, window=None, seed=seed), dataset)


def _judged(
    number: int,
    one: Proposal,
    dataset: Dataset,
    samples: Samples,
    frame: Frame,
    held_out: Frame | None,
) -> Judged:
    law = build_law(one.candidate, one.fit, dataset, samples)
    gradients, ratio = frame.gradients(law), _along(law, frame)
    other = None if held_out is None else _along(law, held_out)
    law = law.with_(
        conservation_ratio=ratio,
        random_ratio=1.0 / gradients.shape[1],
        heldout_ratio=other,
        alignment=other,
    )
    return Judged(number, law, max(ratio, other or 0.0), gradients, "")


def _along(law: Law, frame: Frame) -> float:
    directions = frame.directions()
    assert directions is not None  # points without order come with their velocities
    return alignment(frame.gradients(law), directions)


def _decided(entry: Judged, bound: float) -> Judged:
    if entry.score <= bound:
        return entry
    reason = f"it changes along the velocity: ratio {entry.score:.2g}, more than {bound:.2g}"
    return replace(entry, reason=reason)
