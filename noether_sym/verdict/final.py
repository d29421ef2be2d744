"""Constants of laws, and how fast they drift, from all training data once laws are known."""

from __future__ import annotations

from dataclasses import replace

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import LAW, Law
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.decay import decay
from noether_sym.verdict.independence import Judgement


def with_final_constants(
    judgement: Judgement,
    dataset: Dataset,
    whole: Refitting,
    window: int | None,
    confirmation: Confirmation,
) -> Judgement:
    """Laws with constants from all training data.

    Those of approximate laws are fitted within windows, where there are some, for over whole
    trajectories the drift would enter them; and how fast they drift is fitted to all trajectories.

    Parameters
    ----------
    judgement : Judgement
    dataset : Dataset
        Its training part.
    whole : Refitting
        To all of it, over whole trajectories.
    window : int or None
        Samples of a window; None where the data suggest none.
    confirmation : Confirmation
    """
    drifts = window and any(law.verdict != LAW for law in judgement.laws)
    within = Refitting(dataset, dataset.train, confirmation.sigma, window) if drifts else None
    laws = []
    for law in judgement.laws:
        if law.verdict == LAW:
            law = _measured(whole.law(law), whole)
        elif within is not None:
            law = _drifting(law, within, dataset, confirmation)
        laws.append(law)
    return replace(judgement, laws=tuple(laws))


def _measured(law: Law, refitting: Refitting) -> Law:
    return law.with_(conservation_ratio=conservation_ratio(law, refitting.samples))


def _drifting(law: Law, within: Refitting, dataset: Dataset, confirmation: Confirmation) -> Law:
    """An approximate law with its constants and how fast it drifts; as it was if it is none."""
    found = within.law(law)
    evidence = confirmation.evidence(found)
    if law.evidence is None or evidence.verdict != law.verdict:
        return law
    evidence = replace(evidence, q_value=law.evidence.q_value)
    if evidence.half_life is not None:
        rows = confirmation.rows(found, dataset.train)
        slow = decay(
            [row.times for row in rows], [row.values for row in rows], [row.trial for row in rows]
        )
        if slow is not None:
            evidence = replace(
                evidence,
                half_life=slow.half_life,
                half_life_error=slow.half_life_error,
                grows=slow.rate < 0,
            )
    allowed = tuple(within.law(own) for own in law.also_allowed)
    return _measured(found, within).with_(evidence=evidence, also_allowed=allowed)
