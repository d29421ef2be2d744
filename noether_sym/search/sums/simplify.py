"""The simplest member of a span of laws: energy, not energy plus half the momentum squared.

What is constant along trajectories is a linear space. Of all its members that lead with a given
term the simplest is the one with the least weighted sum of absolute factors, a linear programme
(basis pursuit; Chen, Donoho, Saunders 1998, doi:10.1137/S1064827596304010); terms count by their
size, factors in units of the terms' own variation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.walk import Combination, measured, size_of

_NONE = 1e-7
"""Share of the largest factor that counts as none."""

_AS_EXACT = 1e4
"""Times that a simpler member may be less exact."""

_FLOOR = 1e-24
"""Ratio that counts as exact however exact the other is."""

_ITERATIONS = 3000
"""Of the linear programme."""


def simplified(one: Combination, others: Sequence[Combination], data: Observations) -> Combination:
    """The simplest combination of a law and others, if it is simpler than the law.

    Parameters
    ----------
    one : Combination
    others : sequence of Combination
        What else is constant along trajectories; those far less exact are left aside.
    data : Observations

    Returns
    -------
    Combination
        Its cliff is that of `one`.
    """
    from scipy.optimize import linprog

    bound = _AS_EXACT * max(one.ratio, _FLOOR)
    space = [one, *(other for other in others if other is not one and other.ratio <= bound)]
    if len(space) < 2:
        return one
    scales = {t: s for member in space for t, s in zip(member.terms, member.scales, strict=True)}
    terms = list(scales)
    places = {term: place for place, term in enumerate(terms)}
    rows = np.zeros((len(space), len(terms)))
    for row, member in zip(rows, space, strict=True):
        for term, factor in zip(member.terms, member.factors, strict=True):
            row[places[term]] = factor * scales[term]
        row /= np.abs(row).max()
    weights = np.array([term.size + 2.0 for term in terms])
    count, free = len(terms), len(space) - 1
    lead = places[one.terms[-1]]
    # variables: factors of the others, then bounds u >= |v| of the members of the sum
    matrix = rows[1:].T
    identity = np.eye(count)
    answer = linprog(
        np.concatenate([np.zeros(free), weights]),
        A_ub=np.block([[matrix, -identity], [-matrix, -identity]]),
        b_ub=np.concatenate([-rows[0], rows[0]]),
        A_eq=np.concatenate([matrix[lead], np.zeros(count)])[None],
        b_eq=[0.0],
        bounds=[(None, None)] * free + [(0, None)] * count,
        method="highs-ds",
        options={"maxiter": _ITERATIONS},
    )
    if not answer.success:
        return one
    vector = rows[0] + matrix @ answer.x[:free]
    vector = _cleaned(vector, rows)
    kept = np.flatnonzero(vector)
    if not kept.size or size_of([terms[place] for place in kept]) >= one.size:
        return one
    factors = np.array([vector[place] / scales[terms[place]] for place in kept])
    found = measured([terms[place] for place in kept], factors, data, one.cliff)
    return found if found.ratio <= bound else one


def _cleaned(vector: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The member of the span that is exactly zero where the vector nearly is."""
    small = np.abs(vector) <= _NONE * np.abs(vector).max()
    if not small.any():
        return vector
    matrix = rows[1:].T
    again = np.linalg.lstsq(matrix[small], -rows[0][small], rcond=1e-12)[0]
    cleaned = rows[0] + matrix @ again
    if np.abs(cleaned - vector).max() > 1e-5 * np.abs(vector).max():
        cleaned = vector.copy()
    cleaned[small] = 0.0
    return cleaned
