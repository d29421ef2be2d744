"""Fit and judge one formula as the search does with its candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from noether_sym.check.task import Task
from noether_sym.datasets.dataset import Trajectory
from noether_sym.dsl.expression import INPUT, Expression, call, input_, parameter
from noether_sym.errors import DatasetError, GrammarError
from noether_sym.fit.accept import judge
from noether_sym.fit.samples import Samples, make_samples
from noether_sym.fit.search import CONSTANT, NOT_CONSERVED, OUT_OF_DOMAIN, fit_candidates
from noether_sym.fit.terms import decompose
from noether_sym.laws import Law

CONSERVED = "conserved"
APPROXIMATELY = "approximately conserved"
VARIES = "not conserved"
TRIVIAL = "constant everywhere"
UNDEFINED = "not defined"
_FAILURES = {
    CONSTANT: (TRIVIAL, "it has the same value for all states, so that it says nothing"),
    OUT_OF_DOMAIN: (UNDEFINED, "it has no finite value at most of the samples"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A judged fit: the quantity as the search writes it, and what was fitted."""

    law: Law
    verdict: str
    reason: str
    samples: Samples
    inner: tuple[float, ...] = ()
    fitted: bool = True


def judged(task: Task, window: int | None, factor: float, seed: int) -> Outcome:
    """Fit the free parameters of a formula, and judge it; see `noether_sym.check.check`."""
    samples = make_samples(task.dataset.train, window=window, seed=seed)
    _refuse_additive(task, samples)
    candidate = decompose(task.leaves)
    own = task.samples(samples)
    (fit,) = fit_candidates([candidate], own)
    if fit.status != NOT_CONSERVED:
        verdict, reason = _FAILURES.get(
            fit.status, (UNDEFINED, "no values of c0, ... could be fitted")
        )
        return Outcome(_unfitted(task, window, fit.status), verdict, reason, samples, fitted=False)
    # numbers become parameters again, beside the fitted ones
    slots, values = count(), []

    def leaf(node: Expression) -> Expression:
        if node.head == INPUT and node.index < len(task.columns):
            return input_(task.columns[node.index])
        is_number = node.head == INPUT
        given = task.values[node.index - len(task.columns)] if is_number else fit.inner[node.index]
        values.append(given)
        return parameter(next(slots))

    terms = tuple(
        term.fold(leaf, lambda operator, *parts: call(operator.name, *parts))
        for term in candidate.terms
    )
    whole = replace(candidate, expression=task.formula.expression, terms=terms, inner=len(values))
    judgement = judge(
        [whole],
        [replace(fit, inner=tuple(values))],
        samples,
        _held_out(task.dataset.test, window, seed),
        task.dataset,
        factor=factor,
        seed=seed,
    )
    if judgement.laws:
        verdict = CONSERVED if window is None else APPROXIMATELY
        return Outcome(judgement.laws[0], verdict, "", samples, fit.inner)
    return Outcome(judgement.closest[0], VARIES, judgement.reasons[0], samples, fit.inner)


def _held_out(trajectories: Sequence[Trajectory], window: int | None, seed: int) -> Samples | None:
    try:
        return make_samples(trajectories, window=window, seed=seed)
    except DatasetError:  # none, or too short for one window: nothing to confirm on
        return None


def _refuse_additive(task: Task, samples: Samples) -> None:
    """Refuse free parameters that only add a constant: nothing could tell their values."""
    points = np.moveaxis(samples.control, 0, -1)[samples.weights > 0]
    draw = np.random.default_rng(0)
    values = {slot: draw.uniform(0.5, 1.5) for slot in task.formula.free}
    for slot in task.formula.free:
        before = task.law(values)(points)
        change = task.law({**values, slot: 2.0})(points) - before
        middle = float(np.nanmedian(change)) if np.isfinite(change).any() else math.nan
        rounding = 1e-9 * abs(middle) + 1e-14 * np.abs(before)
        finite = np.isfinite(change)
        if finite.any() and (np.abs(change - middle) <= rounding)[finite].all():
            raise GrammarError(
                f"{task.formula.constants[slot].name} only adds a constant, which conservation "
                "does not tell; leave it out"
            )


def _unfitted(task: Task, window: int | None, status: str) -> Law:
    return task.law({}).with_(
        conservation_ratio=math.nan, random_ratio=math.nan, status=status, window=window
    )
