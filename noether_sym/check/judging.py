"""Fit and judge one formula as the search does with its candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from noether_sym.check.formula import GivenFormula
from noether_sym.dsl.expression import INPUT, Expression, input_, parameter
from noether_sym.errors import GrammarError
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, NOT_A_LAW, Law
from noether_sym.search.build import term_sizes
from noether_sym.search.candidate import Candidate, decompose
from noether_sym.search.fit import CONSTANT, NOT_CONSERVED, OUT_OF_DOMAIN, Fitted, fit_candidates
from noether_sym.statistics.samples import Samples, held_out_samples, make_samples
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.criteria import judge

TRIVIAL = "constant everywhere"
UNDEFINED = "not defined"
_FAILURES = {
    CONSTANT: (TRIVIAL, "it has the same value for all states, so that it says nothing"),
    OUT_OF_DOMAIN: (UNDEFINED, "it has no finite value at most of the samples"),
}


@dataclass(frozen=True, slots=True, eq=False)
class JudgedFit:
    """A judged fit: the quantity as the search writes it, and what was fitted.

    `refused` says that the comparison with chance has, whatever the trajectories show.
    """

    law: Law
    verdict: str
    reason: str
    samples: Samples
    nonlinear: tuple[float, ...] = ()
    fitted: bool = True
    refused: bool = False


def judged(
    given: GivenFormula,
    window: int | None,
    factor: float,
    seed: int,
    confirmation: Confirmation,
) -> JudgedFit:
    """Fit the free parameters of a formula, and judge it; see `noether_sym.check.check`."""
    samples = make_samples(given.dataset.train, window=window, seed=seed)
    _refuse_additive(given, samples)
    candidate = decompose(given.leaves)
    own = given.samples(samples)
    (fit,) = fit_candidates([candidate], own)
    if fit.status != NOT_CONSERVED:
        verdict, reason = _FAILURES.get(
            fit.status, (UNDEFINED, "no values of c0, ... could be fitted")
        )
        unfitted = given.law({}).with_(status=fit.status, window=window)
        return JudgedFit(unfitted, verdict, reason, samples, fitted=False)
    # numbers become parameters again, beside the fitted ones
    slots, values = count(), []

    def leaf(node: Expression) -> Expression:
        if node.head == INPUT and node.index < len(given.columns):
            return input_(given.columns[node.index])
        is_number = node.head == INPUT
        slot = node.index - len(given.columns)
        values.append(given.values[slot] if is_number else fit.nonlinear[node.index])
        return parameter(next(slots))

    terms = tuple(term.mapped(leaf) for term in candidate.terms)
    whole = replace(
        candidate, expression=given.formula.expression, terms=terms, nonlinear=len(values)
    )
    judgement = judge(
        *_large_first(whole, replace(fit, nonlinear=tuple(values)), samples),
        samples,
        None,
        given.dataset,
        factor=factor,
        seed=seed,
        everything=True,
        confirmation=confirmation,
        shown=held_out_samples(given.dataset.test, samples, seed=seed),
    )
    law = (judgement.laws or judgement.closest)[0]
    evidence = law.evidence or confirmation.evidence(law)
    refused = law.evidence is None and evidence.verdict in (LAW, APPROXIMATE_LAW)
    if refused:
        evidence = replace(evidence, verdict=NOT_A_LAW, reason=judgement.reasons[0])
    law = law.with_(evidence=evidence)
    return JudgedFit(
        law, evidence.verdict, evidence.reason, samples, fit.nonlinear, refused=refused
    )


def _large_first(
    candidate: Candidate, fit: Fitted, samples: Samples
) -> tuple[list[Candidate], list[Fitted]]:
    """The first term that is not small stands before the others: it has the factor 1.

    Beside a term that may as well not be there no other factor would be told.
    """
    sizes = term_sizes(candidate, fit, samples)
    lead = next(place for place, size in enumerate(sizes) if size >= max(sizes) / 2.0)
    order = [lead, *(place for place in range(len(sizes)) if place != lead)]
    terms = tuple(candidate.terms[place] for place in order)
    factors = tuple(fit.factors[place] for place in order)
    return [replace(candidate, terms=terms)], [replace(fit, factors=factors)]


def _refuse_additive(given: GivenFormula, samples: Samples) -> None:
    """Refuse free parameters that only add a constant: nothing could tell their values."""
    points = np.moveaxis(samples.surrogate, 0, -1)[samples.weights > 0]
    draw = np.random.default_rng(0)
    values = {slot: draw.uniform(0.5, 1.5) for slot in given.formula.free}
    for slot in given.formula.free:
        before = given.law(values)(points)
        change = given.law({**values, slot: 2.0})(points) - before
        middle = float(np.nanmedian(change)) if np.isfinite(change).any() else math.nan
        rounding = 1e-9 * abs(middle) + 1e-14 * np.abs(before)
        finite = np.isfinite(change)
        if finite.any() and (np.abs(change - middle) <= rounding)[finite].all():
            raise GrammarError(
                f"{given.formula.constants[slot].name} only adds a constant, which "
                "conservation does not determine; leave it out"
            )
