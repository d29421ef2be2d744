"""Which trials, candidates and laws are best: by training error alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from noether_sym.tailor.trials import Outcome


def best(outcomes: Sequence[Outcome], candidate: int | None = None) -> Outcome | None:
    """The trial with the least training error, of one candidate or of all.

    None where every trial diverged.
    """
    finite = [
        outcome
        for outcome in outcomes
        if math.isfinite(outcome.train_error) and candidate in (None, outcome.candidate)
    ]
    return min(finite, key=lambda outcome: outcome.train_error, default=None)


def score(outcomes: Sequence[Sequence[Outcome]], candidate: int) -> float:
    """Logarithm of a candidate's best training error, averaged over networks.

    Infinite where every trial of it diverged for one of the networks.
    """
    total = 0.0
    for network in outcomes:
        own = best(network, candidate)
        total += math.inf if own is None else math.log(max(own.train_error, 1e-300))
    return total / len(outcomes)


def best_candidates(
    outcomes: Sequence[Sequence[Outcome]], candidates: Sequence[int], top: int
) -> list[int]:
    """The `top` candidates of the best score, in their own order."""
    ranked = sorted(candidates, key=lambda number: (score(outcomes, number), number))
    return sorted(ranked[:top])


def select(outcomes: Sequence[Sequence[Outcome]], candidates: Sequence[int]) -> int | None:
    """The candidate of the best score; None where none is finite."""
    ranked = best_candidates(outcomes, candidates, 1)
    if not ranked or not math.isfinite(score(outcomes, ranked[0])):
        return None
    return ranked[0]
