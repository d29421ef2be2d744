"""Bring a fitted quantity back to the form in which its formula was given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.check.formula import GivenFormula, with_constants
from noether_sym.check.judging import JudgedFit
from noether_sym.dsl.expression import PARAMETER, Expression, input_, parameter, with_leaves
from noether_sym.dsl.operators import UnitRule, operator_of
from noether_sym.dsl.parser import Formula
from noether_sym.laws.law import Law, Parameter
from noether_sym.noise.constants import refit
from noether_sym.statistics.samples import of_samples
from noether_sym.statistics.uncertainty import standard_errors
from noether_sym.verdict.constants import MOST_SAMPLES, estimated, noise_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAME_FUNCTION = 1e-6
"""Relative size up to which a difference of functions, or a part of one, is nothing."""

_MOST_NONLINEAR = 4
"""Most constants inside functions: the fitted values are tried in every order, 24 of four."""


def as_written(
    given: GivenFormula, outcome: JudgedFit, sigma: NDArray[np.float64], *, freed: bool
) -> tuple[Law, int | None] | None:
    """The fitted quantity in the form that was given, and the slot that sets its scale.

    None where the form cannot be brought to the fitted quantity by a factor and a constant
    with the values that the fit found for what is inside functions. `sigma` is the standard
    deviation of each column's noise, of which constants are `freed` where they can be.
    """
    free = given.formula.free
    if not free:
        return given.law({}), None
    factors, divisors = _linear_slots(given.formula)
    linear = sorted(factors | divisors)
    inside = [slot for slot in free if slot not in linear]
    if len(inside) > _MOST_NONLINEAR:
        return None
    states = np.concatenate([outcome.samples.states, outcome.samples.surrogate], axis=1)
    points = states.reshape(len(states), -1).T
    points = points[:: max(1, len(points) // 2000)]
    target = outcome.law(points)
    for values in permutations(outcome.nonlinear, len(inside)):
        held = dict(zip(inside, values, strict=True))
        found = _solved(given, points, target, linear, divisors, held)
        if found is not None:
            solved, reference = found
            told = _estimates(given, solved, reference, outcome, sigma, freed=freed)
            return given.law(solved, told), reference
    return None


_Slots = tuple[frozenset[int], frozenset[int]]
"""Of parameters that are factors, and of those that are divisors."""

_NONE: _Slots = (frozenset(), frozenset())


def _linear_slots(formula: Formula) -> _Slots:
    """Free parameters in which the formula is linear, all together, the others given.

    Of divisors, which come second, it is in their reciprocals.
    """
    free = frozenset(formula.free)

    def slots(node: Expression) -> _Slots:
        if node.is_leaf:
            return (free & {node.index}, _NONE[1]) if node.head == PARAMETER else _NONE
        operator = operator_of(node.head)
        parts = [slots(own) for own in node.arguments]
        if operator.is_sum:
            return parts[0][0] | parts[1][0], parts[0][1] | parts[1][1]
        if operator.unit_rule is UnitRule.PRODUCT:
            return parts[0] if any(parts[0]) else parts[1]
        if operator.unit_rule is UnitRule.QUOTIENT:
            return parts[0] if any(parts[0]) else (_NONE[0], divisors(node.arguments[1]))
        return (_NONE[0], divisors(node.arguments[0])) if node.head == "inverse" else _NONE

    def divisors(node: Expression) -> frozenset[int]:
        if node.head == PARAMETER:
            return free & {node.index}
        if node.is_leaf or operator_of(node.head).unit_rule is not UnitRule.PRODUCT:
            return frozenset()
        one, two = map(divisors, node.arguments)
        return one or two

    return slots(formula.expression)


def _solved(
    given: GivenFormula,
    points: NDArray[np.float64],
    target: NDArray[np.float64],
    linear: Sequence[int],
    divisors: Collection[int],
    inside: Mapping[int, float],
) -> tuple[dict[int, float], int | None] | None:
    """Values of the linear parameters that make the formula ``a*target + b``."""

    def turned(values: Mapping[int, float]) -> dict[int, float]:
        """Reciprocals of divisors: of 0 infinity, by which a term vanishes."""
        return {
            slot: own if slot not in divisors else 1.0 / own if own else np.inf
            for slot, own in values.items()
        }

    def value(free: Mapping[int, float]) -> NDArray[np.float64]:
        return given.law({**turned({**dict.fromkeys(linear, 0.0), **free}), **inside})(points)

    rest = value({})
    parts = [value({slot: 1.0}) - rest for slot in linear]
    finite = np.isfinite(np.stack([rest, target, *parts])).all(0)
    if finite.sum() <= len(linear) + 2:
        return None
    rest, target, *parts = (_centred(row[finite]) for row in (rest, target, *parts))
    references: list[int | None] = [None] if np.abs(rest).max() > 0 else list(range(len(linear)))
    for reference in references:
        left = rest if reference is None else parts[reference]
        columns = [target, *(-part for n, part in enumerate(parts) if n != reference)]
        basis = np.stack(columns, axis=1)
        scale = np.abs(basis).max(0)
        if not (scale > 0).all():
            continue
        solved, *_ = np.linalg.lstsq(basis / scale, left, rcond=1e-12)
        if np.abs(left - basis / scale @ solved).max() > _SAME_FUNCTION * np.abs(left).max():
            continue
        solved = solved / scale
        if not abs(solved[0]) * scale[0] > _SAME_FUNCTION * np.abs(left).max():
            continue
        others = [slot for n, slot in enumerate(linear) if n != reference]
        found = {**inside, **turned(dict(zip(others, map(float, solved[1:]), strict=True)))}
        if reference is not None:
            found[linear[reference]] = 1.0
        if not np.isfinite(list(found.values())).all():
            continue
        return found, None if reference is None else linear[reference]
    return None


def _centred(row: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = row - row.mean()
    return centred if np.abs(centred).max() > 1e-12 * np.abs(row).max() else np.zeros_like(row)


def _estimates(
    given: GivenFormula,
    values: Mapping[int, float],
    reference: int | None,
    outcome: JudgedFit,
    sigma: NDArray[np.float64],
    *,
    freed: bool,
) -> dict[int, Parameter]:
    """The free parameters and how sure they are; numbers and the reference are given."""
    samples = outcome.samples.thinned(MOST_SAMPLES)
    law = given.law(values)
    free = [slot for slot in given.formula.free if slot != reference]
    noise = of_samples(noise_of(outcome.law, sigma), samples.noise)
    derived = {column for column, _ in given.dataset.derived} & set(given.columns)
    if freed and free and not derived:
        found = refit(
            law.expression,
            law.values,
            samples.states,
            samples.weights,
            noise,
            samples.trials.tolist(),
            held_slots(given, reference),
        )
        if np.isfinite(found.values[free]).all() and np.isfinite(found.errors[free]).all():
            told = estimated(law.parameters, found)
            return {slot: told[slot] for slot in free}
    own = given.samples(samples)
    leaves = given.leaves
    if reference is not None:
        place = {slot: number for number, slot in enumerate(given.formula.free)}
        numbering = {place[slot]: parameter(number) for number, slot in enumerate(free)}
        leaves = with_leaves(leaves, {}, {**numbering, place[reference]: input_(len(own.states))})
        own = with_constants(own, [values[reference]])
    errors = standard_errors(leaves, [values[slot] for slot in free], own)
    return {
        slot: replace(law.parameters[slot], stderr=error)
        for slot, error in zip(free, errors, strict=True)
    }


def held_slots(given: GivenFormula, reference: int | None) -> tuple[int, ...]:
    """Slots of numbers, and the one that sets the scale."""
    free = given.formula.free
    every = range(len(given.formula.constants))
    return tuple(slot for slot in every if slot not in free or slot == reference)
