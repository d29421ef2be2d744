"""Turn a fitted candidate into a law: one formula, units, standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import INPUT, Expression, call, parameter
from noether_sym.laws.law import Law, Parameter
from noether_sym.search.candidate import Candidate
from noether_sym.search.fit import Fitted
from noether_sym.statistics.conservation import masked
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.uncertainty import standard_errors
from noether_sym.statistics.variance import surrogate_variance

_NEGLIGIBLE = 1e-6
"""Spread of a term, over that of the largest one, below which it is dropped."""


def build_law(candidate: Candidate, fit: Fitted, dataset: Dataset, samples: Samples) -> Law:
    """Write the combination of terms as one formula with its leading factor set to 1.

    Terms that make up less than a millionth of the quantity's spread are dropped.
    """
    sizes = term_sizes(candidate, fit, samples)
    largest = max(sizes)
    kept = [row for row, size in enumerate(sizes) if size >= _NEGLIGIBLE * largest]
    slots = count()
    values: list[float] = []
    total: Expression | None = None
    lead = fit.factors[kept[0]]
    for row in kept:
        factor = fit.factors[row] / lead
        term = _with_values(candidate.terms[row], fit.nonlinear, slots, values)
        total = term if total is None else _added(total, term, factor, slots, values)
    assert total is not None
    expression = total.renumbered()
    order = total.slots
    dimension, dimensions = expression.parameter_dimensions(dataset.dimensions)
    fitted = [values[slot] for slot in order]
    errors = standard_errors(expression, fitted, samples)
    law = Law(
        expression=expression,
        inputs=dataset.inputs,
        parameters=tuple(
            Parameter(f"c{slot}", value, dimensions[slot], error)
            for slot, (value, error) in enumerate(zip(fitted, errors, strict=True))
        ),
        dimension=dimension,
        conservation_ratio=fit.ratio,
        random_ratio=float("nan"),
        status=fit.status,
        window=samples.window,
    )
    return law.tidied()


def term_sizes(candidate: Candidate, fit: Fitted, samples: Samples) -> list[float]:
    """What each term of a fitted candidate varies by, its factor included; 0 where that is none."""
    sizes = []
    with np.errstate(all="ignore"):
        for term, factor in zip(candidate.terms, fit.factors, strict=True):
            value = np.asarray(term.evaluate(np, list(samples.states), fit.nonlinear))
            spread = np.broadcast_to(value, samples.weights.shape)
            variance = surrogate_variance(*masked(spread, samples.weights))
            size = abs(factor) * float(variance.sqrt())
            sizes.append(size if np.isfinite(size) else 0.0)
    return sizes


def _with_values(
    term: Expression, nonlinear: Sequence[float], slots: count, values: list[float]
) -> Expression:
    """The term with fresh slots, its nonlinear values appended to `values`; signs made tidy."""

    def leaf(node: Expression) -> Expression:
        if node.head == INPUT:
            return node
        values.append(nonlinear[node.index])
        return parameter(next(slots))

    return term.mapped(leaf)


def _added(
    total: Expression, term: Expression, factor: float, slots: count, values: list[float]
) -> Expression:
    values.append(abs(factor))
    own = parameter(next(slots))
    if term.head == "inverse":
        scaled = call("div", own, term.arguments[0])
    else:
        scaled = call("mul", own, term)
    return call("add" if factor >= 0 else "sub", total, scaled)
