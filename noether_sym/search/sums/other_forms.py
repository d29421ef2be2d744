"""Other forms of laws in noise: with functions of another kind, or with a constant inside a term.

Rich libraries follow a logarithm by powers, an exponential by a polynomial, as closely as noise
lets one see at first. For each law that holds more than products of two quantities, the same law is
looked for beside such products in functions of one kind after the other, and in blocks of terms
that share a constant: over a grid of it on some of the samples, then on all of them where least is
left beside the noise. All forms are compared on trajectories that their factors are not fitted to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from noether_sym.search.sums.beside import (
    FEWEST_TRAJECTORIES,
    MOST_COLUMNS,
    Beside,
    InNoise,
    forms_of,
)
from noether_sym.search.sums.blocks import Family
from noether_sym.search.sums.forms import SIGNIFICANT
from noether_sym.search.sums.inside import with_constants
from noether_sym.search.sums.noisy import Found
from noether_sym.search.sums.terms import (
    Quantities,
    Term,
    by_kind,
    by_size,
    each_times,
    monomials,
    reads,
)
from noether_sym.search.sums.walk import Combination

_BASE = 24
"""Most products of two beside which other terms are put."""

_TERMS = 60
"""Most of a kind of functions, with their products."""


def with_other_forms(found: Sequence[Found], noise: InNoise) -> list[Found]:
    """Laws in noise, with forms that are better or simpler than those they were found in.

    Parameters
    ----------
    found : sequence of Found
        From `noether_sym.search.sums.noisy.from_noise`.
    noise : InNoise
    """
    if noise.data.segments < FEWEST_TRAJECTORIES:
        return list(found)
    products = monomials(noise.known.plain, 2, 3)
    laws: list[Found] = []
    for number, law in enumerate(found):
        terms = law.forms[0].terms
        read, bent = reads(terms), reads([one for one in terms if one not in products])
        if not bent or len(read) > MOST_COLUMNS:
            laws.append(law)
            continue
        # of laws before it their own form, lest both come to the same
        beside = [*laws, *found[number + 1 :]]
        base = _within(products, read)[:_BASE]
        whole, scan = noise.beside(base, [one.forms[0] for one in beside])
        plain = [
            form
            for library in _libraries(noise.known, read, bent)
            for form in forms_of(whole.terms(library[:_TERMS]))
        ]
        blocks = [one for one in noise.blocks if reads(one.formulas[:1]) <= bent]
        inside = with_constants([_of(one, read) for one in blocks], scan, whole)
        laws.append(ranked(law, [*plain, *(one.form for one in inside)], whole))
    return laws


def ranked(law: Found, others: Sequence[Combination], whole: Beside) -> Found:
    """A law, its best form first; among those that are as good, one of fewest fitted numbers.

    Parameters
    ----------
    law : Found
    others : sequence of Combination
        Other forms of it.
    whole : Beside
        By which they are compared.
    """
    forms = [*law.forms, *others]
    left = [whole.unseen(one) for one in forms]
    best = min(left, key=_mean)
    if not np.isfinite(_mean(best)):
        return law
    equals = [one for one, own in zip(forms, left, strict=True) if not _is_better(best, own)]
    # a form that it was found in before its equals
    first = min(equals, key=lambda one: (_numbers(one), 0 if one in law.forms else one.size))
    return replace(law, forms=(first, *(one for one in law.forms if one is not first)))


def _numbers(form: Combination) -> int:
    """Factors and constants inside terms; what several terms share counts once, units do not."""
    inside = {value for term in form.terms for value in term.values if abs(value) != 1.0}
    return len(form.terms) - 1 + len(inside)


def _mean(left: NDArray[np.float64]) -> float:
    """What is left in the mean over the trajectories on which something can be told."""
    told = left[np.isfinite(left)]
    return float(told.mean()) if len(told) >= FEWEST_TRAJECTORIES else float("inf")


def _is_better(left: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether less is left on the trajectories, in pairs: each has the same noise in both."""
    more = other - left
    more = more[np.isfinite(more)]
    if len(more) < FEWEST_TRAJECTORIES:
        return False
    error = float(more.std(ddof=1)) / np.sqrt(len(more))
    return bool(more.mean() > stdtrit(len(more) - 1, 1.0 - SIGNIFICANT) * error > 0.0)


def _libraries(
    known: Quantities, read: frozenset[int], bent: frozenset[int]
) -> Iterator[tuple[Term, ...]]:
    """What stands beside products of two: functions of one kind, by themselves and times another
    quantity; steep ones; products of up to four."""
    plain = _within(known.plain, read)
    functions, steep = _within(known.functions, bent), _within(known.steep, bent)
    for kind in by_kind(functions):
        yield by_size([*kind, *each_times(plain, kind)])
    if steep:
        yield by_size([*(one for one in functions if one.kind != "log"), *steep])
    yield by_size(monomials(_within(known.plain, bent), 4, 5))


def _within(terms: Sequence[Term], columns: frozenset[int]) -> list[Term]:
    """Those that read some columns only."""
    return [one for one in terms if one.expression.inputs <= columns]


def _of(family: Family, columns: frozenset[int]) -> Family:
    """The terms of a block that read some columns only."""
    return replace(family, formulas=tuple(_within(family.formulas, columns)))
