"""Group judged candidates: families of laws, near misses of them, independent directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.laws.law import ACCEPTED, Law
from noether_sym.verdict.gradients import (
    PARALLEL,
    alignment,
    angle_between,
    proportional,
    residual,
)

_CLOSEST = 100
_NEW_DIRECTION = 0.1
_AS_GOOD = 3.0
_FAR_WORSE = 10.0
_EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Judgement:
    """Laws and what came close.

    Attributes
    ----------
    laws : tuple of Law
        Accepted, ranked, with families; the first of a family represents it.
    closest : tuple of Law
        The best of the rest, one of each family, with the reason in `reasons`. Those that
        are near misses of an accepted law carry its family.
    reasons : tuple of str
        Why each of `closest` is no law.
    independent : int
        Number of functionally independent laws.
    verdicts : dict
        From candidate number to its reason, for all judged candidates; empty if accepted.
    """

    laws: tuple[Law, ...]
    closest: tuple[Law, ...]
    reasons: tuple[str, ...]
    independent: int
    verdicts: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A judged candidate.

    Attributes
    ----------
    number : int
        Of the candidate.
    law : Law
    score : float
        The largest of its ratios, 0 for the best.
    gradients : array of shape (sample, column)
        From `noether_sym.verdict.gradients.Frame.gradients`.
    reason : str
        Why it is no law; empty if it is one.
    """

    number: int
    law: Law
    score: float
    gradients: NDArray[np.float64]
    reason: str


def independent_laws(entries: list[Judged], velocities: NDArray[np.float64] | None) -> Judgement:
    """Group parallel gradients, best first; count the directions that are new.

    Parameters
    ----------
    entries : list of Judged
    velocities : array of shape (sample, column) or None
        From `noether_sym.verdict.gradients.Frame.directions`; without them, what a law adds to
        the others is not tested.
    """
    heads: list[Judged] = []
    independent: list[Judged] = []
    members: list[tuple[int, Judged]] = []
    closest = [entry for entry in entries if entry.reason]
    verdicts = {entry.number: entry.reason for entry in entries}

    def missed(entry: Judged, family: int, why: str) -> None:
        reason = f"a near miss of law {family}, {why}"
        verdicts[entry.number] = reason
        closest.append(replace(entry, law=entry.law.with_(family=family), reason=reason))

    for entry in _in_order([entry for entry in entries if not entry.reason]):
        angles = [angle_between(entry.gradients, head.gradients) for head in heads]
        family = int(np.argmin(angles)) + 1 if angles else 0
        if angles and min(angles) < PARALLEL:
            if entry.score <= max(_FAR_WORSE * heads[family - 1].score, _EXACT):
                members.append((family, entry))
            else:
                missed(entry, family, "which is far better conserved")
            continue
        rest = residual(entry.gradients, [known.gradients for known in independent])
        share = float((rest**2).sum() / max((entry.gradients**2).sum(), 1e-300))
        new = bool(independent) and share > PARALLEL
        chance = _NEW_DIRECTION / rest.shape[1]
        if new and velocities is not None and alignment(rest, velocities) > chance:
            missed(entry, family, "and what it adds to it is not conserved")
            continue
        heads.append(entry)
        members.append((len(heads), entry))
        if not independent or share > PARALLEL:
            independent.append(entry)
    laws = tuple(
        entry.law.with_(status=ACCEPTED, rank=rank + 1, family=family)
        for rank, (family, entry) in enumerate(_once(members))
    )
    closest.sort(key=lambda entry: (entry.score, entry.law.size, entry.number))
    nearest = _distinct(closest, heads)[:_CLOSEST]
    return Judgement(
        laws,
        tuple(entry.law for entry in nearest),
        tuple(entry.reason for entry in nearest),
        len(independent),
        verdicts,
    )


def _in_order(laws: Sequence[Judged]) -> Iterator[Judged]:
    """Best first; of those about as well conserved, the simplest first.

    With noise, a formula with a constant to spare is always conserved a little better.
    """
    left = list(laws)
    while left:
        bound = max(_AS_GOOD * min(entry.score for entry in left), _EXACT)
        chosen = min(
            (entry for entry in left if entry.score <= bound),
            key=lambda entry: (entry.law.size, entry.score, entry.number),
        )
        left.remove(chosen)
        yield chosen


def _once(members: list[tuple[int, Judged]]) -> Iterator[tuple[int, Judged]]:
    """By family; what only differs by a factor and a constant is the same, and listed once."""
    for family in sorted({number for number, _ in members}):
        kept: list[Judged] = []
        for entry in [entry for number, entry in members if number == family]:
            if not any(proportional(entry.gradients, other.gradients) for other in kept):
                kept.append(entry)
                yield family, entry


def _distinct(closest: list[Judged], heads: list[Judged]) -> list[Judged]:
    """One candidate of each family among those not accepted."""
    kept: list[Judged] = []
    for entry in closest:
        others = [*heads, *kept]
        if all(angle_between(entry.gradients, other.gradients) > PARALLEL for other in others):
            kept.append(entry)
        if len(kept) >= _CLOSEST:
            break
    return kept
