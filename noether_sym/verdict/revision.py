"""A judgement after a second look: verdicts that change, and the laws that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count

from noether_sym.laws.law import UNDECIDED, Law
from noether_sym.verdict.gates import with_confirmation
from noether_sym.verdict.independence import Judgement

_RESTED = "it was taken back, or what it follows from"
_ECHO = "a formula says the same"


def taken_back(law: Law, verdict: str, reason: str) -> Law:
    """A law with another verdict and the reason for it, and without rank and family."""
    evidence = law.evidence
    if evidence is not None:
        evidence = replace(evidence, verdict=verdict, reason=reason)
    return with_confirmation(law.with_(status=verdict, rank=0, family=0, evidence=evidence))


def revised(
    judgement: Judgement,
    laws: Sequence[Law],
    undecided: Sequence[tuple[Law, str]] = (),
    rested: str = _RESTED,
) -> Judgement:
    """A judgement with fewer laws, numbered anew; those now undecided come first of the closest.

    Parameters
    ----------
    judgement : Judgement
    laws : sequence of Law
        Those that are left.
    undecided : sequence of (Law, str)
        Those that are undecided now, and why.
    rested : str
        What is said of the others that are not left.
    """
    aside = [taken_back(law, UNDECIDED, reason) for law, reason in undecided]
    families = dict(zip(dict.fromkeys(own.family for own in laws), count(1)))
    closest = [
        _beside(law, reason, families)
        for law, reason in zip(judgement.closest, judgement.reasons, strict=True)
    ]
    reasons = {law.rank: f"{UNDECIDED}: {reason}" for law, reason in undecided}
    left = {law.rank for law in laws}
    lost = {
        number: reasons.get(rank, rested)
        for rank, number in enumerate(judgement.numbers, 1)
        if rank not in left
    }
    return replace(
        judgement,
        laws=tuple(
            law.with_(
                rank=place,
                family=families[law.family],
                function_of=tuple(families[own] for own in law.function_of),
            )
            for place, law in enumerate(laws, 1)
        ),
        closest=(*aside, *(law for law, _ in closest)),
        reasons=(
            *(f"{UNDECIDED}: {reason}" for _, reason in undecided),
            *(reason for _, reason in closest),
        ),
        verdicts={**judgement.verdicts, **lost},
        numbers=tuple(judgement.numbers[law.rank - 1] for law in laws) if judgement.numbers else (),
    )


def without_echoes(judgement: Judgement, first: int) -> Judgement:
    """A judgement without candidates, from a number on, that say what others say.

    Parameters
    ----------
    judgement : Judgement
    first : int
        Candidates from here on only head families.
    """
    heads: dict[int, int] = {}
    for law, number in zip(judgement.laws, judgement.numbers, strict=True):
        heads.setdefault(law.family, number)
    kept = [
        law
        for law, number in zip(judgement.laws, judgement.numbers, strict=True)
        if number < first or (heads[law.family] == number and not law.function_of)
    ]
    return revised(judgement, kept, rested=_ECHO) if len(kept) < len(judgement.laws) else judgement


def _beside(law: Law, reason: str, families: Mapping[int, int]) -> tuple[Law, str]:
    """What came close, by the number that the law has now that it is a near miss of."""
    if not law.family:
        return law, reason
    family = families.get(law.family)
    if family is None:
        return law.with_(family=0), "a near miss of what was taken back"
    return law.with_(family=family), reason.replace(f"law {law.family}", f"law {family}", 1)
