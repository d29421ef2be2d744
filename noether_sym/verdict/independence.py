"""Group judged candidates: families of laws, near misses of them, independent directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from noether_sym.laws.law import ACCEPTED, CONSTRAINT, LAW, Law
from noether_sym.statistics.directions import PARALLEL, new_share, residual
from noether_sym.verdict.gradients import alignment, angle_between, proportional

_CLOSEST = 100
"""Candidates that are listed as the closest."""
_NEW_DIRECTION = 0.1
"""Alignment, over that by chance, up to which what a law adds to others is conserved. In noise a
formula with a pole or a constant to spare is nearly parallel to a law, and would be another."""
_DIRECTION_AGAIN = 0.5
"""The same of what searches that left trajectories out found again: noise of the velocity alone may
bring as much, and chance would seldom find the same direction twice."""
AS_GOOD = 3.0
"""Scores that differ by less are alike: noise is fitted a little better by any spare constant."""
_NEARLY = 1.5
"""Of formulas as short, scores that differ by less are the same: those of a hundred samples differ
by as much by chance, three standard errors. The less plain of them then come last."""
FAR_WORSE = 10.0
"""A member of a family that is worse by this is a near miss: within the limits, but not the law."""
_EXACT = 1e-9
"""Scores below are exact: their sizes tell of rounding only."""
_FUNCTIONS = 8
"""Functions of several laws that are listed: there is no end of them."""
_INEXACT_FROM = 1e-6
"""What varies by more is no law beside exact ones: the verdict lets integrators drift by .1 %, and
approximations of exact laws would pass."""
_INEXACT = "it varies, and other laws show that its columns have no noise"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Laws and what came close.

    Attributes
    ----------
    laws : tuple of Law
        Accepted, ranked, with families; the first of a family represents it. Functions of
        several laws stand last.
    closest : tuple of Law
        The best of the rest, one of each family, with the reason in `reasons`. Those that
        are near misses of an accepted law carry its family.
    reasons : tuple of str
        Why each of `closest` is no law.
    independent : int
        Number of functionally independent laws.
    verdicts : dict
        From candidate number to its reason, for all judged candidates; empty if accepted.
    gates : dict
        From candidate number to what each gate answered; see `noether_sym.verdict.gates`.
    constraints : tuple of Law
        What has one value on all trajectories.
    numbers : tuple of int
        Of the candidates that `laws` are, in their order.
    failed : int
        Families that were sent to confirmation and are no laws, however many of them are listed;
        not counted where there is no law that would have to pay for them.
    """

    laws: tuple[Law, ...]
    closest: tuple[Law, ...]
    reasons: tuple[str, ...]
    independent: int
    verdicts: dict[int, str] = field(default_factory=dict)
    constraints: tuple[Law, ...] = ()
    gates: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    numbers: tuple[int, ...] = ()
    failed: int = 0


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
    relation : bool
        Whether it reads a column with its second derivative, or a higher one.
    """

    number: int
    law: Law
    score: float
    gradients: NDArray[np.float64]
    reason: str
    relation: bool = False


def independent_laws(
    entries: list[Judged],
    velocities: NDArray[np.float64] | None,
    constraints: Sequence[Judged] = (),
    adds_again: Callable[[Law, Sequence[Law]], bool] | None = None,
    tells_more: Callable[[Law, Sequence[Law]], bool] | None = None,
) -> Judgement:
    """Group parallel gradients, best first; count the directions that are new.

    What is a function of several laws comes after them, with their families, and is not
    counted; what follows from constraints alone is no law.

    Parameters
    ----------
    entries : list of Judged
    velocities : array of shape (sample, column) or None
        From `noether_sym.verdict.gradients.Frame.directions`; without them, what a law adds to
        the others is not tested; nor is it of what is conserved exactly.
    constraints : sequence of Judged
        What has one value on all trajectories.
    adds_again : callable, optional
        Whether other searches found what a law adds to those given.
    tells_more : callable, optional
        Whether trajectories differ in a law by what those given do not tell.
    """
    known = [one.gradients for one in constraints]
    heads: list[Judged] = []
    functions: list[Judged] = []
    members: list[tuple[int, Judged]] = []
    closest = [entry for entry in entries if entry.reason]
    verdicts = {entry.number: entry.reason for entry in entries}

    def missed(entry: Judged, family: int, why: str) -> None:
        reason = f"a near miss of law {family}, {why}" if family else _INEXACT
        verdicts[entry.number] = reason
        closest.append(replace(entry, law=entry.law.with_(family=family), reason=reason))

    def drifts(entry: Judged, rest: NDArray[np.float64]) -> bool:
        if velocities is None or entry.law.conservation_ratio <= _EXACT:
            return False
        drift = alignment(rest, velocities) * rest.shape[1]
        if drift <= _NEW_DIRECTION:
            return False
        if adds_again is None or drift > _DIRECTION_AGAIN:
            return True
        return not adds_again(entry.law, [head.law for head in heads])

    for entry in _laws_first([entry for entry in entries if not entry.reason]):
        angles = [angle_between(entry.gradients, head.gradients) for head in heads]
        family = int(np.argmin(angles)) + 1 if angles else 0
        if not _is_law(entry) and _follows(entry, [head for head in heads if _is_law(head)]):
            missed(entry, family, "which holds where this one only nearly does")
            continue
        if angles and min(angles) < PARALLEL:
            if entry.score <= max(FAR_WORSE * heads[family - 1].score, _EXACT):
                members.append((family, entry))
            else:
                missed(entry, family, "which is far better conserved")
            continue
        if _follows(entry, constraints):
            verdicts[entry.number] = "it follows from what is the same on all trajectories"
            continue
        if _is_inexact(entry, heads):
            missed(entry, 0, "")
            continue
        fields = [*known, *(head.gradients for head in heads)]
        rest = residual(entry.gradients, fields)
        share = float((rest**2).sum() / max((entry.gradients**2).sum(), 1e-300))
        if heads and share <= PARALLEL:
            functions.append(entry)
            continue
        if heads and drifts(entry, rest):
            missed(entry, family, "and what it adds to it is not conserved")
            continue
        if heads and tells_more and not tells_more(entry.law, [head.law for head in heads]):
            missed(entry, family, "beside which it tells nothing of the trajectories")
            continue
        heads.append(entry)
        members.append((len(heads), entry))
    more = _functions(functions, heads, known)
    ordered = [*((family, entry, ()) for family, entry in _once(members)), *more]
    laws = tuple(
        entry.law.with_(status=ACCEPTED, rank=rank + 1, family=family, function_of=of)
        for rank, (family, entry, of) in enumerate(ordered)
    )
    closest.sort(key=lambda entry: (entry.score, entry.law.size, entry.number))
    nearest = list(islice(_distinct(closest, heads), _CLOSEST))
    sent = [entry for entry in closest if entry.law.evidence is not None and not entry.law.family]
    return Judgement(
        laws,
        tuple(entry.law for entry in nearest),
        tuple(entry.reason for entry in nearest),
        sum(_is_law(head) for head in heads),
        verdicts,
        tuple(one.law.with_(status=CONSTRAINT) for one in constraints),
        {entry.number: entry.law.gates for entry in entries},
        tuple(entry.number for _, entry, _ in ordered),
        sum(1 for _ in _distinct(sent, heads)) if laws else 0,
    )


def _is_law(entry: Judged) -> bool:
    """Whether an entry is a law, not an approximate one; without evidence it counts as one."""
    return entry.law.evidence is None or entry.law.evidence.verdict == LAW


def _is_inexact(entry: Judged, heads: Sequence[Judged]) -> bool:
    """Whether laws that hold exactly show that its columns have no noise, and it varies."""
    exact = [head.law.expression.inputs for head in heads if head.law.conservation_ratio <= _EXACT]
    varies = entry.law.conservation_ratio > _INEXACT_FROM
    return varies and entry.law.expression.inputs <= frozenset().union(*exact)


def _functions(
    entries: Sequence[Judged], heads: Sequence[Judged], known: Sequence[NDArray[np.float64]]
) -> Iterator[tuple[int, Judged, tuple[int, ...]]]:
    """The simplest functions of several laws: a family each, and the families they are of."""
    kept: list[Judged] = []
    for entry in sorted(
        entries, key=lambda entry: (entry.law.complexity, entry.score, entry.number)
    ):
        others = [angle_between(entry.gradients, other.gradients) for other in kept]
        if len(kept) == _FUNCTIONS or (others and min(others) < PARALLEL):
            continue
        kept.append(entry)
        needed = list(range(len(heads)))
        for place in reversed(range(len(heads))):
            left = [heads[other].gradients for other in needed if other != place]
            if left and new_share(entry.gradients, [*known, *left]) < PARALLEL:
                needed.remove(place)
        yield len(heads) + len(kept), entry, tuple(place + 1 for place in needed)


def _follows(entry: Judged, others: Sequence[Judged]) -> bool:
    """Whether an entry is a function of others."""
    return bool(others) and new_share(entry.gradients, [one.gradients for one in others]) < PARALLEL


def _laws_first(entries: Sequence[Judged]) -> Iterator[Judged]:
    """Laws, then what only nearly is one: a law heads its family whatever is conserved better.

    Of laws those first that do not rest on how columns follow from each other.
    """
    for relation in (False, True):
        own = [entry for entry in entries if entry.relation is relation]
        yield from _in_order([entry for entry in own if _is_law(entry)])
    yield from _in_order([entry for entry in entries if not _is_law(entry)])


def _in_order(laws: Sequence[Judged]) -> Iterator[Judged]:
    """Best first; of those about as well conserved, the simplest first.

    With noise, a formula with a constant to spare is always conserved a little better.
    """
    left = list(laws)
    while left:
        bound = max(AS_GOOD * min(entry.score for entry in left), _EXACT)
        alike = [entry for entry in left if entry.score <= bound]
        shortest = min(entry.law.size for entry in alike)
        short = [entry for entry in alike if entry.law.size == shortest]
        near = max(_NEARLY * min(entry.score for entry in short), _EXACT)
        chosen = min(
            (entry for entry in short if entry.score <= near),
            key=lambda entry: (entry.law.complexity, entry.score, entry.number),
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


def _distinct(closest: Sequence[Judged], heads: Sequence[Judged]) -> Iterator[Judged]:
    """One candidate of each family among those not accepted."""
    known = list(heads)
    for entry in closest:
        if all(angle_between(entry.gradients, other.gradients) > PARALLEL for other in known):
            known.append(entry)
            yield entry
