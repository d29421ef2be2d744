"""The choice of a law, by networks that were trained without the validation part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from noether_sym.tailor.course import Course
from noether_sym.tailor.document import EXTRA_EPOCHS, VANILLA
from noether_sym.tailor.meter import training_cost
from noether_sym.tailor.network import Weights
from noether_sym.tailor.race import Field, finalists
from noether_sym.tailor.selection import Selection, best, score, select, to_meta_tailor
from noether_sym.tailor.trials import (
    TRAIN,
    VALIDATION,
    Outcome,
    Setting,
    evaluate_plain,
    meta_tailoring,
    plain_tailoring,
)
from noether_sym.tailor.work import Rates, Work


@dataclass(frozen=True, slots=True, eq=False)
class OfNetwork:
    """What one network has to say to the choice.

    Attributes
    ----------
    plain : dict of Outcome
        The MLP as it is and after further training, by the method's name.
    screened, heats, tried, tailored : list of Outcome
        Trials of screening; of meta-tailoring, with those of the known law, in the heats of a
        race and in its final, or at every rate; of tailoring without training, which only the
        law of the choice and the known law have.
    """

    plain: dict[str, Outcome]
    screened: list[Outcome]
    heats: list[Outcome]
    tried: list[Outcome]
    tailored: list[Outcome]

    def meta_rate(self, row: int) -> float | None:
        """The inner rate of a row's meta-tailoring; None where every trial diverged."""
        return _rate(self.tried, row)

    def tailoring_rate(self, row: int) -> float | None:
        """The inner rate of a row's tailoring without training."""
        return _rate(self.tailored, row)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The choice.

    Attributes
    ----------
    selection : Selection
    control : int or None
        Row of the best candidate that is not a law, by validation error.
    networks : tuple of OfNetwork
    setting : Setting
        With the time steps of the roll-outs.
    """

    selection: Selection
    control: int | None
    networks: tuple[OfNetwork, ...]
    setting: Setting


def choose(
    works: Sequence[Work], weights: Sequence[Weights], rows: Sequence[int], oracle: int | None
) -> Chosen:
    """Screen all candidates, meta-tailor the best, and select a law if one helps.

    Within limits, the best are raced; without, they are tried at every rate.

    Parameters
    ----------
    works : sequence of Work
        One a network; the setting has a validation part.
    weights : sequence of Weights
        The trained networks.
    rows : sequence of int
        Candidates that can be tried, laws among them by rank.
    oracle : int or None
        Row of the known law, which is no candidate.
    """
    laws, options = works[0].laws, works[0].options
    course = Course.of(works[0].refined(weights[0]), options)
    accepted = {row: laws[row].accepted for row in rows}
    known = [] if oracle is None else [oracle]
    counts = (sum(accepted.values()), len(rows) - sum(accepted.values()), len(known))
    works[0].meter.plan("choice", len(works) * course.cost(*counts))
    pairs = [(work.in_setting(course.final), own) for work, own in zip(works, weights, strict=True)]
    extras = [
        work.submitted(training_cost(course.final, options.epochs), work.more_epochs, own)
        for work, own in pairs
    ]
    screened = [_screened(work.in_setting(course.screen), own, course, rows) for work, own in pairs]
    kept = to_meta_tailor(screened, accepted, TRAIN, options.top)
    ours = [row for row in kept if accepted[row]]
    others = [row for row in kept if not accepted[row]]
    heats, final = _entered(pairs, course, Field(tuple(ours), tuple(known), tuple(others)))
    tried = [
        work.trials(own, wanted, meta_tailoring, VALIDATION)
        for (work, own), wanted in zip(pairs, final, strict=True)
    ]
    more = [works[0].meter.result(future) for future in extras]
    selection = select(tried, ours, [one.errors[VALIDATION] for one in more])
    used = [*([] if selection.candidate is None else [selection.candidate]), *known]
    tailored = [
        work.trials(own, dict.fromkeys(used, options.rates), plain_tailoring, VALIDATION)
        for work, own in pairs
    ]
    networks = tuple(
        OfNetwork(
            {VANILLA: evaluate_plain(course.final, own), EXTRA_EPOCHS: more[place]},
            screened[place],
            heats[place],
            tried[place],
            tailored[place],
        )
        for place, own in enumerate(weights)
    )
    return Chosen(selection, _best_of(tried, others), networks, course.final)


def _screened(work: Work, weights: Weights, course: Course, rows: Sequence[int]) -> list[Outcome]:
    """Tailoring without training; before a race no law is followed to lower rates."""
    wanted = dict.fromkeys(rows, course.rates(law=False))
    if course.heats is not None:
        return work.at_rates(weights, wanted, plain_tailoring)
    return work.trials(weights, wanted, plain_tailoring, TRAIN)


def _entered(
    pairs: Sequence[tuple[Work, Weights]], course: Course, field: Field
) -> tuple[list[list[Outcome]], list[dict[int, Rates]]]:
    """The heats of each network, and what it meta-tailors in full at which rates."""
    limits = course.options.limits
    entered = {row: course.rates(law=row not in field.controls) for row in field.rows}
    if limits is None or course.heats is None:
        return [[] for _ in pairs], [entered for _ in pairs]
    heats = [
        work.in_setting(course.heats).at_rates(own, entered, meta_tailoring) for work, own in pairs
    ]
    return heats, finalists(heats, field, limits)


def _best_of(networks: Sequence[Sequence[Outcome]], rows: Sequence[int]) -> int | None:
    """The row with the least validation error; None where every trial diverged."""
    scores = {row: score(networks, row, VALIDATION) for row in rows}
    finite = [row for row in rows if math.isfinite(scores[row])]
    return min(finite, key=lambda row: (scores[row], row), default=None)


def _rate(outcomes: Sequence[Outcome], row: int) -> float | None:
    own = best(outcomes, VALIDATION, row)
    return None if own is None else own.rate
