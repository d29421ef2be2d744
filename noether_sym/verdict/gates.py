"""What a candidate must pass before trajectories that took no part in the search confirm it.

A gate answers passed, failed or untested. What is not finite has failed; what there was nothing
to test by is untested, and so is what comes after the first failure. Few gates are left: what a
verdict finds out by itself needs none.

- *ratio*: conserved so many times better than by chance; `--acceptance` is about it.
- *ranks*: the same by ranks. Else v/x^4 would be 'the same on all trajectories' where x and v
  decay: huge on shuffled data, and small beside that wherever it is followed.
- *quarters*: the same in every part of time. Else so would 1/x - 1/v, all of whose change is over
  before most samples are taken.
- *selected*: the same on the part that selects, so that what was fitted too closely to the part
  that is searched does not take part in the tests that q-values are paid for.
- *confirmed*: the verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from noether_sym.laws.law import (
    APPROXIMATE_LAW,
    FAILED,
    LAW,
    PASSED,
    UNDECIDED,
    UNTESTED,
    Law,
)

RATIO, RANKS, QUARTERS, SELECTED, CONFIRMED = "ratio", "ranks", "quarters", "selected", "confirmed"

SLACK = 3.0
"""A second look at a ratio, by fewer data or by ranks, may be so much above the bound of the
first."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A ratio with the largest that passes.

    Attributes
    ----------
    name : str
    ratio : callable
        Computes it; None where there is nothing to test by.
    bound : float
    words : str
        Of a failure.
    """

    name: str
    ratio: Callable[[], float | None]
    bound: float
    words: str


def through(law: Law, gates: tuple[Gate, ...]) -> tuple[Law, str]:
    """The law with what each gate answers, and why it failed; empty if it did not.

    Parameters
    ----------
    law : Law
    gates : tuple of Gate
        In order. After the first failure nothing is computed.
    """
    answers: list[tuple[str, str]] = []
    reason = ""
    for gate in gates:
        ratio = None if reason else gate.ratio()
        if ratio is None:
            answers.append((gate.name, UNTESTED))
        elif isfinite(ratio) and ratio <= gate.bound:
            answers.append((gate.name, PASSED))
        else:
            answers.append((gate.name, FAILED))
            reason = f"{gate.words}: ratio {ratio:.2g}, above the limit of {gate.bound:.2g}"
    return law.with_(gates=(*answers, (CONFIRMED, UNTESTED))), reason


def with_confirmation(law: Law) -> Law:
    """The law with its verdict as what the last gate answers; undecided is untested."""
    if not law.gates:
        return law
    answer = {LAW: PASSED, APPROXIMATE_LAW: PASSED, UNDECIDED: UNTESTED}.get(law.verdict, FAILED)
    return law.with_(gates=(*law.gates[:-1], (CONFIRMED, answer)))
