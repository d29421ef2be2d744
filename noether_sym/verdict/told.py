"""What is taken back of a judgement: relations of columns, terms not told from zero."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import PARAMETER, Expression, call
from noether_sym.dsl.operators import Operator, UnitRule
from noether_sym.laws.completion import without_lead
from noether_sym.laws.law import CONSTRAINT, LAW, Evidence, Law, Parameter
from noether_sym.laws.relations import rates_among
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.verdict.allowed import ENOUGH, told_apart
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.constants import Refitting
from noether_sym.verdict.crossfit import CrossFitting
from noether_sym.verdict.independence import Judgement
from noether_sym.verdict.revision import revised, taken_back

_CONFIDENT = 1.96
"""Standard errors of a 95 % interval, where their degrees of freedom are not known."""


def with_told_terms(
    judgement: Judgement,
    dataset: Dataset,
    confirmation: Confirmation,
    refitting: Refitting,
    fitting: CrossFitting | None = None,
) -> Judgement:
    """Take back what is not a conservation law, or has a term that the data do not show.

    A law that only relates columns, one of which is another's second derivative, joins the
    constraints. A law with a term whose factor is not told from zero loses that term, if it is a
    law without it, by what the law itself was judged by; otherwise it is undecided, unless it
    varies more without the term on all training trajectories, compared in pairs: then they show
    what the interval, of a constant that few of them tell, does not.
    """
    rates = rates_among(dataset)
    kept: list[Law] = []
    related: list[Law] = []
    undecided: list[tuple[Law, str]] = []
    for law in judgement.laws:
        if reason := rates.relation(law):
            if not law.function_of:  # of laws and constraints that are listed
                related.append(taken_back(law, CONSTRAINT, reason))
            continue
        judge = fitting if fitting is not None and fitting.has_judged(law) else confirmation
        shorter, reason = law, ""
        if not law.function_of:
            shorter, reason = _shortened(law, judge, confirmation, refitting)
        if reason:
            undecided.append((shorter, reason))
        else:
            kept.append(shorter)
    constraints = tuple(_explained(law, rates.relation(law)) for law in judgement.constraints)
    kept = _once(kept)
    lost = {law.family for law in judgement.laws} - {law.family for law in kept}
    independent = {
        law.family for law in judgement.laws if law.verdict == LAW and not law.function_of
    }
    kept = [law for law in kept if not lost & set(law.function_of)]
    return replace(
        revised(judgement, kept, undecided),
        independent=judgement.independent - len(lost & independent),
        constraints=(*constraints, *related),
    )


def untold(parameter: Parameter) -> bool:
    """Whether a constant is not told from zero, with 95 % confidence."""
    if parameter.stderr is None or not parameter.stderr > 0:
        return False
    if parameter.interval is not None:
        return parameter.interval[0] <= 0.0 <= parameter.interval[1]
    return abs(parameter.value) <= _CONFIDENT * parameter.stderr


def without_term(expression: Expression, slot: int) -> Expression | None:
    """A formula without the term that has a parameter as its factor; None if there is no such."""

    def leaf(node: Expression) -> list[Expression]:
        return [] if node.head == PARAMETER and node.index == slot else [node]

    def operation(operator: Operator, *parts: list[Expression] | None) -> list[Expression] | None:
        if any(part is None for part in parts):
            return None
        own = [part for part in parts if part]
        if len(own) == len(parts):
            return [call(operator.name, *(part[0] for part in own))]
        if operator.unit_rule in (UnitRule.PRODUCT, UnitRule.QUOTIENT):
            return [] if parts[-1] or operator.unit_rule is UnitRule.PRODUCT else None
        if operator.is_sum and parts[0]:
            return parts[0]
        return own[0] if own and operator.name == "add" else None

    found: list[Expression] | None = expression.fold(leaf, operation)
    return found[0] if found and found[0].inputs else None


def _shortened(
    law: Law,
    judge: Confirmation | CrossFitting,
    confirmation: Confirmation,
    refitting: Refitting,
) -> tuple[Law, str]:
    """The law without terms that are not told from zero; why it is undecided if it needs one."""
    while law.verdict == LAW:
        unsure = {
            slot: rest
            for slot, own in enumerate(law.parameters)
            if untold(own) and (rest := without_term(law.expression, slot)) is not None
        }
        if not unsure:
            break
        shorter = [refitting.law(own) for own in _shorter(law, unsure.values())]
        found = next(_still_laws(shorter, judge), None)
        if found is None:
            if all(_varies_more(own, law, confirmation) for own in shorter):
                break
            own = law.parameters[next(iter(unsure))]
            return law, (
                f"its constant {own.name} cannot be told from zero ({own.value:.3g} ± "
                f"{own.stderr:.2g}), and without that term it is not a law; more data would decide"
            )
        other, evidence = found
        paid = None if law.evidence is None else law.evidence.q_value
        law = other.with_(
            evidence=replace(evidence, q_value=paid),
            conservation_ratio=conservation_ratio(other, refitting.samples),
            also_allowed=tuple(own for own in law.also_allowed if own.text() != other.text()),
        )
    return law, ""


def _shorter(law: Law, formulas: Iterable[Expression]) -> Iterator[Law]:
    """A law by each of some formulas that lack a term; and without its first term.

    Beside a first term that is not told from zero, whose factor is 1, no other is told.
    """
    for formula in formulas:
        parameters = tuple(law.parameters[own] for own in formula.slots)
        yield law.with_(expression=formula.renumbered(), parameters=parameters, covariance=())
    headless = without_lead(law)
    if headless is not None:
        yield headless


def _still_laws(
    shorter: Iterable[Law], judge: Confirmation | CrossFitting
) -> Iterator[tuple[Law, Evidence]]:
    """Those that are laws, with their evidence."""
    for own in shorter:
        evidence = judge.evidence_of_others(own)
        if evidence.verdict == LAW:
            yield own, evidence


def _varies_more(law: Law, other: Law, confirmation: Confirmation) -> bool:
    """Whether a law varies more than another along all training trajectories, in pairs."""
    own, best = (confirmation.variations(one, every=True) for one in (law, other))
    return len(best) >= ENOUGH and told_apart(own, best)


def _explained(law: Law, reason: str) -> Law:
    if not reason:
        return law
    evidence = law.evidence or Evidence(CONSTRAINT, "", 0.0, 1.0, 0.0, 0)
    return law.with_(evidence=replace(evidence, reason=reason))


def _once(laws: Sequence[Law]) -> list[Law]:
    """Each formula once; the first of them stays."""
    found: dict[str, Law] = {}
    for law in laws:
        found.setdefault(law.text(), law)
    return list(found.values())
