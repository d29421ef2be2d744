"""A judgement after a second look: verdicts that change, and the laws that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from noether_sym.laws.law import UNDECIDED, Law
from noether_sym.verdict.gates import with_confirmation
from noether_sym.verdict.independence import Judgement


def taken_back(law: Law, verdict: str, reason: str) -> Law:
    """A law with another verdict and the reason for it, and without rank and family."""
    evidence = law.evidence
    if evidence is not None:
        evidence = replace(evidence, verdict=verdict, reason=reason)
    return with_confirmation(law.with_(status=verdict, rank=0, family=0, evidence=evidence))


def revised(
    judgement: Judgement, laws: Sequence[Law], undecided: Sequence[tuple[Law, str]]
) -> Judgement:
    """A judgement with fewer laws, numbered anew; those now undecided come first of the closest.

    Parameters
    ----------
    judgement : Judgement
    laws : sequence of Law
        Those that are left.
    undecided : sequence of (Law, str)
        Those that are undecided now, and why.
    """
    aside = [taken_back(law, UNDECIDED, reason) for law, reason in undecided]
    return replace(
        judgement,
        laws=_numbered(laws),
        closest=(*aside, *judgement.closest),
        reasons=(*(f"{UNDECIDED}: {reason}" for _, reason in undecided), *judgement.reasons),
    )


def _numbered(laws: Sequence[Law]) -> tuple[Law, ...]:
    """Laws with ranks and families counted anew."""
    families = {
        old: place + 1 for place, old in enumerate(dict.fromkeys(own.family for own in laws))
    }
    return tuple(
        law.with_(
            rank=place + 1,
            family=families[law.family],
            function_of=tuple(families[own] for own in law.function_of),
        )
        for place, law in enumerate(laws)
    )
