"""Turn a fitted candidate into a law: one formula, units, standard errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, parameter
from noether_sym.laws.law import Law, Parameter
from noether_sym.search.candidate import Candidate
from noether_sym.search.fit import Fitted
from noether_sym.statistics.samples import Samples

_NEGLIGIBLE = 1e-6


def build_law(candidate: Candidate, fit: Fitted, dataset: Dataset, samples: Samples) -> Law:
    """Write the combination of terms as one formula with its leading factor set to 1.

    Terms that make up less than a millionth of the quantity's spread are dropped.
    """
    sizes = _term_sizes(candidate, fit, samples)
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
    order = [node.index for node in total.walk() if node.head == PARAMETER]
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


def standard_errors(
    expression: Expression, values: Sequence[float], samples: Samples
) -> list[float | None]:
    """Standard errors of the parameters, from how much sequences disagree.

    The sandwich estimator with sequences as clusters: the curvature of the conservation
    ratio on both sides, the spread of the sequences' scores in between. None where there
    is one sequence only, or where the ratio does not depend on the parameter.

    Parameters
    ----------
    expression : Expression
    values : sequence of float
        Fitted parameters by slot.
    samples : Samples
    """
    if not len(values):
        return []
    sequences = samples.weights.shape[0]
    if sequences < 2:
        return [None] * len(values)
    with np.errstate(all="ignore"):
        data = _deviations(expression, values, samples.states, samples.weights)
        surrogate = _deviations(expression, values, samples.surrogate, samples.weights)
        variance = float((surrogate[0] ** 2).sum())
        lean = (surrogate[1:] * surrogate[0]).sum((1, 2)) / variance
        residual = data[0] / np.sqrt(variance)
        slopes = (data[1:] - data[0] * lean[:, None, None]) / np.sqrt(variance)
        scores = (slopes * residual).sum(2)
        curvature = np.einsum("pst,qst->pq", slopes, slopes)
        scale = np.sqrt(np.diag(curvature))
    if not (np.isfinite(scale).all() and (scale > 0).all() and np.isfinite(scores).all()):
        return [None] * len(values)
    inverse = np.linalg.pinv(curvature / np.outer(scale, scale), rcond=1e-12)
    inverse = inverse / np.outer(scale, scale)
    covariance = inverse @ (scores @ scores.T) @ inverse * sequences / (sequences - 1)
    return [float(np.sqrt(max(value, 0.0))) for value in np.diag(covariance)]


def _deviations(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Value and slopes by parameter, less their sequence means: (1 + parameter, ...)."""
    value, slopes = expression.linearise(np, list(states), list(values), PARAMETER)
    rows = [value, *(slopes.get(slot, 0.0) for slot in range(len(values)))]
    table = np.stack([np.broadcast_to(row, weights.shape) for row in rows]).astype(np.float64)
    mask = np.isfinite(table).all(0) * weights
    table = np.where(mask > 0, table, 0.0)
    mean = table.sum(2, keepdims=True) / np.maximum(mask.sum(1), 1.0)[None, :, None]
    return (table - mean) * mask


def _term_sizes(candidate: Candidate, fit: Fitted, samples: Samples) -> list[float]:
    sizes = []
    with np.errstate(all="ignore"):
        for term, factor in zip(candidate.terms, fit.factors, strict=True):
            value = np.asarray(term.evaluate(np, list(samples.states), fit.nonlinear))
            spread = np.broadcast_to(value, samples.weights.shape)[samples.weights > 0]
            spread = spread[np.isfinite(spread)]
            distance = np.abs(spread - np.median(spread)) if len(spread) else np.zeros(1)
            size = abs(factor) * float(np.quantile(distance, 0.9))
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

    return term.fold(leaf, lambda operator, *parts: call(operator.name, *parts))


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
