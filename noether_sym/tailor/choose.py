"""The choice of a law, by networks that were trained without the validation part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from noether_sym.tailor.document import EXTRA_EPOCHS, VANILLA
from noether_sym.tailor.network import Weights
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
from noether_sym.tailor.work import Work

SCREENED_SEQUENCES, SCREENED_SAMPLES = 8, 30
"""How many training sequences the screening rolls out, and how far: it only gives places."""


@dataclass(frozen=True, slots=True, eq=False)
class OfNetwork:
    """What one network has to say to the choice.

    Attributes
    ----------
    plain : dict of Outcome
        The MLP as it is and after further training, by the method's name.
    screened, tried, tailored : list of Outcome
        Trials of screening; of meta-tailoring, with those of the known law; of tailoring
        without training, which only the law of the choice and the known law have.
    """

    plain: dict[str, Outcome]
    screened: list[Outcome]
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
    setting = works[0].refined(weights[0])
    pairs = [(work.in_setting(setting), own) for work, own in zip(works, weights, strict=True)]
    pool, laws, top = works[0].pool, works[0].laws, works[0].options.top
    extras = [pool.submit(work.more_epochs, own) for work, own in pairs]
    small = _for_screening(setting)
    screened = [
        work.in_setting(small).trials(own, rows, plain_tailoring, TRAIN, "screen")
        for work, own in pairs
    ]
    kept = to_meta_tailor(screened, {row: laws[row].accepted for row in rows}, TRAIN, top)
    known = [] if oracle is None else [oracle]
    tried = [
        work.trials(own, [*kept, *known], meta_tailoring, VALIDATION, "meta-tailor")
        for work, own in pairs
    ]
    more = [future.result() for future in extras]
    accepted = [row for row in kept if laws[row].accepted]
    selection = select(tried, accepted, [one.errors[VALIDATION] for one in more])
    used = [*([] if selection.candidate is None else [selection.candidate]), *known]
    tailored = [
        work.trials(own, used, plain_tailoring, VALIDATION, "tailor") for work, own in pairs
    ]
    others = [row for row in kept if not laws[row].accepted]
    networks = tuple(
        OfNetwork(
            {VANILLA: evaluate_plain(setting, own), EXTRA_EPOCHS: more[place]},
            screened[place],
            tried[place],
            tailored[place],
        )
        for place, own in enumerate(weights)
    )
    return Chosen(selection, _best_of(tried, others), networks, setting)


def _for_screening(setting: Setting) -> Setting:
    """The beginnings of some training sequences, and nothing else."""
    part = setting.parts[TRAIN].smaller(SCREENED_SEQUENCES, SCREENED_SAMPLES)
    return replace(setting, parts={TRAIN: part})


def _best_of(networks: Sequence[Sequence[Outcome]], rows: Sequence[int]) -> int | None:
    """The row with the least validation error; None where every trial diverged."""
    scores = {row: score(networks, row, VALIDATION) for row in rows}
    finite = [row for row in rows if math.isfinite(scores[row])]
    return min(finite, key=lambda row: (scores[row], row), default=None)


def _rate(outcomes: Sequence[Outcome], row: int) -> float | None:
    own = best(outcomes, VALIDATION, row)
    return None if own is None else own.rate
