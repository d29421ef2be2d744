"""Which candidates are worth meta-tailoring, and which law is selected.

Places go by the training error of the screening. What decides between laws, and whether any
helps at all, are errors on the validation part, which the networks were not trained on, and
the spread of those errors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from noether_sym.tailor.document import OK, ErrorRatio
from noether_sym.tailor.rollout import LIMIT
from noether_sym.tailor.trials import VALIDATION, Outcome

_CONFIDENCE = 0.95
"""Of the intervals within which errors are not different."""

Errors = NDArray[np.float64]


def best(outcomes: Sequence[Outcome], part: str, candidate: int | None = None) -> Outcome | None:
    """The trial with the least mean error on a part, of one candidate or of all.

    None where every trial diverged.
    """
    finite = [
        outcome
        for outcome in outcomes
        if outcome.status == OK and candidate in (None, outcome.candidate)
    ]
    return min(finite, key=lambda outcome: outcome.error(part), default=None)


def score(networks: Sequence[Sequence[Outcome]], candidate: int, part: str) -> float:
    """Logarithm of a candidate's least error on a part, averaged over networks.

    Infinite where every trial of it diverged for one of the networks.
    """
    total = 0.0
    for outcomes in networks:
        own = best(outcomes, part, candidate)
        total += math.inf if own is None else math.log(max(own.error(part), 1e-300))
    return total / len(networks)


def to_meta_tailor(
    networks: Sequence[Sequence[Outcome]], accepted: Mapping[int, bool], part: str, top: int
) -> list[int]:
    """The `top` candidates that are worth more than screening, in their own order.

    Laws come first, each kind by its score on a part: a law competes with laws, and what was
    not accepted takes the places that are left.
    """
    ranked = sorted(accepted, key=lambda row: (not accepted[row], score(networks, row, part), row))
    return sorted(ranked[:top])


def cross_validated(outcomes: Sequence[Outcome], candidate: int) -> Errors | None:
    """Errors of a candidate by validation sequence, its inner rate chosen by all the others.

    The least of many rates is less than each of them by chance alone; a sequence that had no
    say in the choice knows nothing of that. Of a single sequence, the least error. None where
    no rate is left that diverges nowhere.
    """
    rows = [one for one in outcomes if one.candidate == candidate and one.status == OK]
    if not rows:
        return None
    errors = np.array([one.errors[VALIDATION] for one in rows])
    count = errors.shape[1]
    if count == 1:
        return np.asarray(errors.min(axis=0))
    others = errors.sum(axis=1, keepdims=True) - errors
    chosen = others.argmin(axis=0)
    return np.asarray(errors[chosen, np.arange(count)])


def compared(own: Sequence[Errors], other: Sequence[Errors]) -> ErrorRatio:
    """Root mean squared errors over those of something else, and what is no difference.

    With several networks, each is compared with itself: what is within the standard
    deviation between networks, or within the 95 % interval of their mean where that is wider,
    is no difference. With one network its validation sequences take their place: the 95 %
    interval of the ratio by the delete-one jackknife.

    Parameters
    ----------
    own, other : sequences of arrays of shape (sequence,)
        Mean squared errors by validation sequence, an array a network.
    """
    logs = np.array([_log_ratio(a, b) for a, b in zip(own, other, strict=True)])
    middle, count = float(logs.mean()), len(logs)
    if count > 1:
        deviation = float(logs.std(ddof=1))
        spread = max(deviation, _quantile(count) * deviation / math.sqrt(count))
    else:
        spread = _jackknifed(own[0], other[0])
    if not math.isfinite(spread):
        return ErrorRatio(math.exp(0.5 * middle), None, None)
    low, high = (math.exp(0.5 * (middle + sign * spread)) for sign in (-1.0, 1.0))
    return ErrorRatio(math.exp(0.5 * middle), low, high)


def is_less(ratio: ErrorRatio) -> bool:
    """Whether an error is less than the other beyond the spread."""
    return ratio.high is not None and ratio.high < 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Which law stands in the table, and whether it is selected; see `document.Choice`."""

    candidate: int | None
    selected: bool
    reason: str
    error_ratio: ErrorRatio | None = None
    ties: tuple[int, ...] = ()


def select(
    networks: Sequence[Sequence[Outcome]], laws: Sequence[int], plain: Sequence[Errors]
) -> Selection:
    """Select a law that predicts better than plain further training, or none.

    Of the laws that do so beyond the spread, the one with the least validation error is
    taken; laws that are no worse than it beyond the spread are as good, and of these the
    verdict's first is taken.

    Parameters
    ----------
    networks : sequence of sequences of Outcome
        Trials of meta-tailoring of each network.
    laws : sequence of int
        Rows of the accepted laws among them, by the rank of the verdict.
    plain : sequence of arrays of shape (sequence,)
        Validation errors of plain further training, an array a network.
    """
    found = {row: [cross_validated(outcomes, row) for outcomes in networks] for row in laws}
    errors = {
        row: [one for one in own if one is not None]
        for row, own in found.items()
        if all(one is not None for one in own)
    }
    if not errors:
        first = laws[0] if laws else None
        return Selection(first, False, "every trial of a law diverged or left its domain")
    ratios = {row: compared(own, plain) for row, own in errors.items()}
    helping = [row for row in errors if is_less(ratios[row])]
    if not helping:
        first = next(iter(errors))
        return Selection(first, False, _why_none(ratios[first]), ratios[first])
    leading = min(helping, key=lambda row: ratios[row].value)
    ties = [row for row in helping if not is_less(compared(errors[leading], errors[row]))]
    chosen = ties[0]
    reason = "it predicts better than plain further training"
    if len(ties) > 1:
        others = "other does" if len(ties) == 2 else "others do"
        reason += (
            f"; {len(ties) - 1} {others} equally well within the spread, so the verdict decides"
        )
    return Selection(chosen, True, reason, ratios[chosen], tuple(ties[1:]))


def _why_none(ratio: ErrorRatio) -> str:
    if ratio.low is None:
        return (
            "one network and one validation sequence cannot tell whether a law helps; "
            "more networks (`noether-sym tailor --seeds 5`) or more trajectories can"
        )
    return "no law predicts better than plain further training beyond the spread"


def _log_ratio(own: Errors, other: Errors) -> float:
    """Logarithm of the ratio of two means; what has diverged is as wrong as can be followed."""
    means = [np.clip(one, 1e-300, LIMIT**2).mean() for one in (own, other)]
    return float(np.log(means[0]) - np.log(means[1]))


def _jackknifed(own: Errors, other: Errors) -> float:
    """Half width of the interval of the logarithm of a ratio of means; inf for one sequence."""
    count = len(own)
    if count < 2:
        return math.inf
    kept = ~np.eye(count, dtype=bool)
    left = np.array([_log_ratio(own[row], other[row]) for row in kept])
    variance = (count - 1) / count * float(((left - left.mean()) ** 2).sum())
    return _quantile(count) * math.sqrt(variance)


def _quantile(count: int) -> float:
    return float(stdtrit(count - 1, 0.5 * (1.0 + _CONFIDENCE)))
