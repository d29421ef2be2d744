"""Propose laws that are sums of simple terms.

Walks through libraries of growing richness; stops as soon as there are as many independent laws
as the system can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from noether_sym.runtime.stages import Progress
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.simplify import simplified
from noether_sym.search.sums.terms import Columns, Quantities, Term, mixed, polynomial, quantities
from noether_sym.search.sums.walk import Combination, Walk
from noether_sym.statistics.directions import PARALLEL, new_share

SAME = 3.0
"""Variance over all data over that within trajectories, up to which all share one value."""

_FAR_BETTER = 1e4
_ROUNDING = 1e-20


@dataclass(slots=True)
class Proposals:
    """What the walks found.

    Attributes
    ----------
    laws : list of Combination
        Constant along every trajectory, with different values on different ones; independent.
    constraints : list of Combination
        The same value on every trajectory.
    seen : int
        Terms that were looked at.
    """

    laws: list[Combination] = field(default_factory=list)
    constraints: list[Combination] = field(default_factory=list)
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
    found = Proposals()
    every: list[Combination] = []
    libraries = list(_libraries(columns))
    for number, library in enumerate(libraries):
        if progress is not None:
            progress("sums", number, len(libraries))
        walk = Walk(data, limit)
        walk.known = independent(every)
        for one in walk.through(library):
            every.append(one)
            if _adds(one, walk.known):
                walk.known.append(one)
            if len(walk.known) >= most:
                break
        found.seen += walk.seen
        if len(walk.known) >= most:
            break
    simple = [simplified(one, every, data) for one in every]
    exact = _exact([*every, *simple])
    for one in independent(sorted(exact, key=lambda one: one.size)):
        (found.laws if _differs(one, data) else found.constraints).append(one)
    if progress is not None:
        progress("sums", len(libraries), len(libraries))
    return found


def _exact(combinations: Sequence[Combination]) -> list[Combination]:
    """Without those that are far less exact than another one with the same gradients."""
    return [
        one
        for one in combinations
        if not any(
            other.ratio * _FAR_BETTER < one.ratio and not _adds(one, [other])
            for other in combinations
        )
    ]


def independent(combinations: Sequence[Combination]) -> list[Combination]:
    """Those whose gradients add a direction to those before them."""
    kept: list[Combination] = []
    for one in combinations:
        if _adds(one, kept):
            kept.append(one)
    return kept


def _libraries(columns: Columns) -> Iterator[Iterator[Term]]:
    known = quantities(columns)
    yield polynomial(known)
    if any(columns.angle):
        raw = quantities(columns.with_raw_angles())
        yield polynomial(Quantities(raw.plain, ()))
    yield from mixed(known)


def _adds(one: Combination, known: Sequence[Combination]) -> bool:
    return new_share(one.gradients, [other.gradients for other in known]) >= PARALLEL


def _differs(one: Combination, data: Observations) -> bool:
    """Whether a combination has values of their own on different trajectories."""
    return data.segments < 2 or one.between > max(SAME * one.ratio, _ROUNDING)
