"""Propose laws that are sums of simple terms.

Walks through libraries of growing richness; stops as soon as there are as many independent laws
as the system can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from noether_sym.runtime.stages import Progress
from noether_sym.search.sums.eliminate import MOST_TERMS
from noether_sym.search.sums.nonlinear import with_constants
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.simplify import simplified
from noether_sym.search.sums.terms import (
    Columns,
    Quantities,
    Term,
    mixed,
    polynomial,
    quantities,
    reads,
    with_springs,
)
from noether_sym.search.sums.walk import CERTAIN, SAME, Combination, Walk, adds, sharpened

_MORE_EXACT = 1e4
"""Times that another combination with the same gradients is more exact."""

_ROUNDING = 1e-20
"""Variance over the reference that is nothing but rounding."""


@dataclass(slots=True)
class Proposals:
    """What the walks found.

    Attributes
    ----------
    laws : list of Combination
        Constant along every trajectory, with different values on different ones; independent.
    constraints : list of Combination
        The same value on every trajectory.
    exact : bool
        Whether nothing is left for noise to hide.
    seen : int
        Terms that were looked at.
    """

    laws: list[Combination] = field(default_factory=list)
    constraints: list[Combination] = field(default_factory=list)
    exact: bool = True
    seen: int = 0


def propose(
    data: Observations,
    columns: Columns,
    *,
    most: int,
    limit: int,
    progress: Progress | None = None,
) -> Proposals:
    """Search the libraries for sums that are constant along every trajectory.

    Parameters
    ----------
    data : Observations
    columns : Columns
    most : int
        Independent functions of the state that can be constant, constraints included.
    limit : int
        Most terms of a library.
    progress : callable, optional
        Called with (stage, done, total).
    """
    made_of = quantities(columns)
    known: list[Combination] = []
    every: list[Combination] = []
    walks: list[Walk] = []
    for one in _stream(data, columns, made_of, known, walks, limit, progress):
        every.append(one)
        if adds(one, known):
            known.append(one)
        if sum(own.ratio <= CERTAIN for own in known) >= most:
            break
    if progress is not None:
        progress("sums", 1, 1)
    every += _of_dense([one for walk in walks for one in walk.dense], every, data)
    simple = [simplified(one, every, data) for one in every]
    found = Proposals(seen=sum(walk.seen for walk in walks))
    chosen = independent(sorted(_exact([*every, *simple], data), key=lambda one: one.size))
    for one in chosen:
        (found.laws if differs(one, data) else found.constraints).append(one)
    found.exact = len(chosen) >= most or data.directions is not None or _all_exact(chosen, data)
    return found


def _stream(
    data: Observations,
    columns: Columns,
    made_of: Quantities,
    known: list[Combination],
    walks: list[Walk],
    limit: int,
    progress: Progress | None,
) -> Iterator[Combination]:
    """What the libraries hold, one after the other; those after a stop are not looked at."""
    libraries = list(_libraries(columns, made_of))
    for number, library in enumerate(libraries):
        if progress is not None:
            progress("sums", number, len(libraries) + 1)
        walks.append(Walk(data, limit, known))
        yield from walks[-1].through(library)
    if progress is not None:
        progress("sums", len(libraries), len(libraries) + 1)
    yield from with_constants(data, made_of)


def _of_dense(
    dense: Sequence[Combination], every: Sequence[Combination], data: Observations
) -> list[Combination]:
    """Laws in the span of dense exact dependences: the simplest member that each leads."""
    found = []
    for one in dense:
        simple = simplified(one, [*every, *dense], data)
        if len(simple.terms) <= MOST_TERMS:
            sharp = sharpened(simple, data)
            if sharp is not None:
                found.append(sharp)
    return found


def _all_exact(chosen: Sequence[Combination], data: Observations) -> bool:
    """Whether what was found shows that no column that moves has noise."""
    return reads([term for one in chosen for term in one.terms]) >= data.moving


def _exact(combinations: Sequence[Combination], data: Observations) -> list[Combination]:
    """Without those that are far less exact than another one with the same gradients.

    Not where the other is the same on all trajectories: with few of them, functions of the
    parameters can stand in for the values of a law.
    """
    return [
        one
        for one in combinations
        if not any(
            other.ratio * _MORE_EXACT < one.ratio
            and differs(other, data)
            and not adds(one, [other])
            for other in combinations
        )
    ]


def independent(combinations: Sequence[Combination]) -> list[Combination]:
    """Those whose gradients add a direction to those before them."""
    kept: list[Combination] = []
    for one in combinations:
        if adds(one, kept):
            kept.append(one)
    return kept


def _libraries(columns: Columns, known: Quantities) -> Iterator[Iterator[Term]]:
    yield polynomial(known)
    if any(columns.angle):
        raw = quantities(columns.with_raw_angles())
        yield polynomial(Quantities(raw.plain, ()))
        yield with_springs(known, raw)
    yield from mixed(known)


def differs(one: Combination, data: Observations) -> bool:
    """Whether a combination has values of their own on different trajectories."""
    alone = data.segments < 2 and data.directions is None
    return alone or one.between > max(SAME * one.ratio, _ROUNDING)
