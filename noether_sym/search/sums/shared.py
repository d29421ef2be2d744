"""Terms over one denominator with a constant inside are written, and fitted, with one constant."""

from __future__ import annotations

from collections.abc import Sequence

from noether_sym.dsl.expression import Expression, call, parameter, with_leaves
from noether_sym.search.sums.terms import Term

Weighted = tuple[Term, float]
"""A term and its factor."""


def over_shared_denominators(terms: Sequence[Weighted]) -> list[Weighted]:
    """Terms with the same denominator, in which there is a constant, as one quotient.

    The quotient stands where the first of them stood and has its factor; the factors of the
    others, over that one, are constants inside it.
    """
    groups: dict[object, list[Weighted]] = {}
    for place, (term, factor) in enumerate(terms):
        below = _denominator(term)
        key = place if below is None else (below, term.values)
        groups.setdefault(key, []).append((term, factor))
    return [own[0] if len(own) == 1 else _quotient(own) for own in groups.values()]


def _denominator(term: Term) -> Expression | None:
    """What a term is divided by, if that holds its only constant."""
    if term.expression.head not in ("inverse", "div") or len(term.values) != 1:
        return None
    below = term.expression.arguments[-1]
    return below if below.parameter_count else None


def _quotient(terms: Sequence[Weighted]) -> Weighted:
    (first, lead), *rest = sorted(terms, key=lambda pair: pair[0].expression.head == "inverse")
    above, below = first.expression.arguments
    inside: list[float] = []
    for term, factor in rest:
        scaled = parameter(len(inside))
        if term.expression.head == "div":
            scaled = call("mul", scaled, term.expression.arguments[0])
        above = call("add" if factor / lead > 0 else "sub", above, scaled)
        inside.append(abs(factor / lead))
    below = with_leaves(below, {}, {0: parameter(len(inside))})
    size = sum(term.size for term, _ in terms)
    return Term(call("div", above, below), size, (*inside, *first.values), first.kind), lead
