"""The race: heats in which every trial runs at little cost, and a final for the best.

Successive halving (Jamieson, Talwalkar 2016) over pairs of a candidate and an inner rate. What
grows from the heats to the final is how many states a step of meta-tailoring takes: all epochs
are run in both, for in the first of them roll-outs go wrong at every rate, and tell nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from noether_sym.tailor.document import OK
from noether_sym.tailor.limits import Limits
from noether_sym.tailor.selection import Errors, compared, cross_validated, is_less, score
from noether_sym.tailor.trials import VALIDATION, Outcome
from noether_sym.tailor.work import Rates


@dataclass(frozen=True, slots=True)
class Field:
    """Rows that run.

    Attributes
    ----------
    laws : tuple of int
        Accepted laws, by the rank of the verdict.
    known : tuple of int
        The known law, if there is one.
    controls : tuple of int
        What was not accepted.
    """

    laws: tuple[int, ...]
    known: tuple[int, ...]
    controls: tuple[int, ...]

    @property
    def rows(self) -> list[int]:
        """All of them."""
        return [*sorted((*self.laws, *self.controls)), *self.known]


def finalists(
    heats: Sequence[Sequence[Outcome]], field: Field, limits: Limits
) -> list[dict[int, Rates]]:
    """Who runs in the final, and at which inner rates, for each network.

    The same laws and controls for all networks, and the known law for each in whose heats it
    did not diverge at every rate. For each network the rates of a row that did best in its own
    heats, in the order in which they ran. Rates that diverged in the heats do not come back.

    Parameters
    ----------
    heats : sequence of sequences of Outcome
        Of each network.
    field : Field
    limits : Limits
    """
    rows = [*_laws(heats, field.laws, limits.laws), *field.known]
    rows += _controls(heats, field.controls, limits.controls)
    return [
        {
            row: rates
            for row in field.rows
            if row in rows
            and (rates := _rates(outcomes, row, 1 if row in field.controls else limits.rates))
        }
        for outcomes in heats
    ]


def _laws(heats: Sequence[Sequence[Outcome]], laws: Sequence[int], most: int) -> list[int]:
    """Laws that are no worse than the best in the heats beyond the spread.

    Of more than `most`, the best one, and the first by the verdict, which breaks ties.
    """
    errors: dict[int, list[Errors]] = {}
    for row in laws:
        own = [cross_validated(outcomes, row) for outcomes in heats]
        if all(one is not None for one in own):
            errors[row] = [one for one in own if one is not None]
    if not errors:
        return []
    scores = {row: score(heats, row, VALIDATION) for row in errors}
    leading = min(errors, key=lambda row: scores[row])
    equal = [row for row in errors if not is_less(compared(errors[leading], errors[row]))]
    first = [row for row in equal if row != leading][: most - 1]
    return [leading, *first]


def _controls(heats: Sequence[Sequence[Outcome]], rows: Sequence[int], most: int) -> list[int]:
    scores = {row: score(heats, row, VALIDATION) for row in rows}
    finite = [row for row in rows if math.isfinite(scores[row])]
    return sorted(finite, key=lambda row: (scores[row], row))[:most]


def _rates(outcomes: Sequence[Outcome], row: int, most: int) -> Rates:
    """The rates of a row with the least validation errors, in the order in which they ran."""
    own = [one for one in outcomes if one.candidate == row and one.status == OK]
    best = sorted(own, key=lambda one: one.error(VALIDATION))[:most]
    return tuple(one.rate for one in own if one in best and one.rate is not None)
