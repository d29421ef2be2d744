"""Features of noisy columns without the bias that the noise gives them.

Where a column is the truth plus Gaussian noise of standard deviation sigma_j, a feature phi of the
columns is off in the mean: y^2 by sigma^2, cos y by the factor exp(-sigma^2/2). The adjusted
feature phi* = exp(-1/2 sum_j sigma_j^2 d_j^2) phi is right in the mean, and for entire functions
it is the mean of phi(x + i sigma z) over standard normal z (corrected scores by complex
simulation: Stefanski 1989, Communications in Statistics - Theory and Methods 18, 4335; Novick and
Stefanski 2002, Journal of the American Statistical Association 97, 472). So one rule serves every
analytic operation: evaluate at complex states on a few nodes, and take the real part. Products
phi_i phi_j are features too, so that the covariance that the noise gives adjusted features,
phi_i* phi_j* - (phi_i phi_j)*, comes from the same nodes.

Near a pole or a branch point the series in sigma is asymptotic only. The mean over complex states
is still right but for a share of about exp(-d^2/(2 sigma^2)) of what is at stake, d the distance to
the singularity: sigma z and the noise together are isotropic in the complex plane, and analytic
functions have the mean value property. (Cut after the second derivatives, the series diverges on
samples close to the singularity, where the mean stays bounded.) Samples on which two rules differ
are told, and formulas with an operation that is not analytic are corrected by second differences.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.dsl.expression import PARAMETER, Expression
from noether_sym.dsl.operators import Operator, operator_of
from noether_sym.noise.rules import Rule, difference_rule, imaginary_rule

Features = Callable[[list[NDArray[np.complex128]]], NDArray[np.complex128]]
"""From columns to features of shape (feature, ...)."""

CONVERGED = 0.05
"""Largest difference between two rules, in standard deviations of the feature's noise, of samples
that count as exact: where all samples were as far off, to one side, an estimate from 400 of them
would be off by its standard error."""

BEYOND = 4.0
"""Standard deviations of a column's noise by which a sample may lie where a formula has no value,
and still be one that noise has put there."""

_PROBES = np.array([0.3, 0.7, 1.1])
"""Where operations are tried: every operation of the house is smooth there."""

_PROBE_STEP = 1e-7
"""Step into the complex plane of the trial."""

_PROBE_TOLERANCE = 1e-5
"""Largest relative difference between the two derivatives of an analytic operation."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Features that are right in the mean, and the covariance of their noise.

    Attributes
    ----------
    features : array of shape (feature, ...)
    covariance : array of shape (feature, feature, ...)
        Of the noise of the adjusted features: right in the mean, and negative for single samples
        at times.
    approximate : bool array of shape (...)
        Samples for which the adjustment is not exact; none where that was not looked at.
    """

    features: NDArray[np.float64]
    covariance: NDArray[np.float64]
    approximate: NDArray[np.bool_]


def adjusted(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    sigma: NDArray[np.float64],
    *,
    checked: bool = True,
    covariances: int | None = None,
) -> Adjusted:
    """A formula and its derivatives by its parameters, adjusted.

    Addends that share no noisy column are adjusted apart, on grids of fewer dimensions: their
    noise is independent.

    Parameters
    ----------
    expression : Expression
        With parameter slots 0, 1, ...
    values : sequence of float
        Of the parameters, by slot.
    states : array of shape (column, ...)
    sigma : array of shape (column,) or that of the states
        Standard deviation of each column's noise, in the column's unit, or of each number's; 0
        for exact columns.
    checked : bool
        Whether to tell samples for which the adjustment is not exact, which takes longer.
    covariances : int, optional
        Of how many of the features, from the first on, the covariance is wanted; by default of
        all. Needs `checked` to be false.

    Returns
    -------
    Adjusted
        Features in the order: the formula, then its derivatives by slot. They may be finite where
        noise has put a sample beyond a branch point, such as the logarithm's: to leave out such
        samples alone would put the mean off. Where a sample lies farther from all values that the
        formula has than noise reaches (`BEYOND`), none is a number.
    """
    count = 1 + len(values)
    features = np.zeros((count, *states.shape[1:]))
    wanted = count if covariances is None else covariances
    covariance = np.zeros((wanted, wanted, *states.shape[1:]))
    approximate = np.zeros(states.shape[1:], dtype=bool)
    noisy = frozenset(noisy_columns(sigma).tolist())
    for parts in independent_parts(expression, noisy):
        columns = sorted(frozenset().union(*(part.inputs for _, part in parts)) & noisy)
        analytic = all(is_analytic(part) for _, part in parts)
        evaluate = functools.partial(_linearised, parts, values)
        own = adjusted_features(
            evaluate,
            states,
            sigma,
            columns,
            analytic=analytic,
            checked=checked,
            covariances=covariances,
        )
        features += own.features
        covariance += own.covariance
        approximate |= own.approximate
    features[:, _undefined(expression, values, states, sigma, sorted(noisy))] = np.nan
    return Adjusted(features, covariance, approximate)


def _undefined(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    sigma: NDArray[np.float64],
    noisy: Sequence[int],
) -> NDArray[np.bool_]:
    """Samples at which a formula has no value, nor where noise may have taken them from."""

    def missing(columns: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            value = expression.evaluate(np, list(columns), list(values))
        return np.broadcast_to(~np.isfinite(value), columns.shape[1:])

    found = missing(states).copy()
    reads = expression.inputs
    for column in noisy:
        if column not in reads or not found.any():
            continue
        own = states[:, found]
        reach = BEYOND * np.broadcast_to(sigma[column], states.shape[1:])[found]
        still = np.ones(own.shape[1], dtype=bool)
        for step in (-reach, reach):
            moved = own.copy()
            moved[column] += step
            still &= missing(moved)
        found[found] = still
    return found


def adjusted_features(
    evaluate: Features,
    states: NDArray[np.float64],
    sigma: NDArray[np.float64],
    columns: Sequence[int],
    *,
    analytic: bool = True,
    checked: bool = True,
    covariances: int | None = None,
) -> Adjusted:
    """Features of any kind, adjusted for the noise of some columns.

    Parameters
    ----------
    evaluate : callable
        From a list of columns, arrays of complex numbers, to features (feature, ...); of a number
        of features that does not vary, each real where the columns are.
    states : array of shape (column, ...)
    sigma : array of shape (column,) or that of the states
    columns : sequence of int
        Noisy columns that the features read.
    analytic : bool
        Whether the features are analytic functions; else second differences adjust them.
    checked, covariances
        As in `adjusted`.
    """
    wanted = slice(covariances)
    if not len(columns):
        features = evaluate(list(states.astype(np.complex128))).real
        none = np.zeros(states.shape[1:], dtype=bool)
        return Adjusted(features, np.zeros((len(features[wanted]), *features[wanted].shape)), none)
    rule = (imaginary_rule if analytic else difference_rule)(len(columns))
    features, products = _means(evaluate, states, sigma, columns, rule, wanted)
    covariance = features[wanted][:, None] * features[wanted] - products
    if not analytic:
        return Adjusted(features, covariance, np.ones(states.shape[1:], dtype=bool))
    if not checked:
        return Adjusted(features, covariance, np.zeros(states.shape[1:], dtype=bool))
    coarse = imaginary_rule(len(columns), coarser=True)
    again, _ = _means(evaluate, states, sigma, columns, coarse, slice(0))
    return Adjusted(features, covariance, _differ(features, again, covariance))


def noisy_columns(sigma: NDArray[np.float64]) -> NDArray[np.int64]:
    """Columns any of whose numbers are noisy, for sigma of shape (column, ...)."""
    return np.flatnonzero((sigma > 0).reshape(len(sigma), -1).any(axis=1))


def independent_parts(
    expression: Expression, noisy: frozenset[int]
) -> list[list[tuple[int, Expression]]]:
    """Signed addends of a formula, in groups that share no noisy column."""
    groups: list[tuple[frozenset[int], list[tuple[int, Expression]]]] = []
    for sign, part in _addends(expression, 1):
        reads, joined = part.inputs & noisy, [(sign, part)]
        apart = []
        for columns, parts in groups:
            if columns & reads:
                reads, joined = reads | columns, parts + joined
            else:
                apart.append((columns, parts))
        groups = [*apart, (reads, joined)]
    return [parts for _, parts in groups]


def is_analytic(expression: Expression) -> bool:
    """Whether every operation of a formula is analytic as it is registered."""
    heads = {node.head for node in expression.walk() if not node.is_leaf}
    return all(_analytic(operator_of(head)) for head in heads)


@functools.lru_cache(maxsize=256)
def _analytic(operator: Operator) -> bool:
    """Whether a step into the complex plane changes an operation by its partial derivatives."""
    probes = [_PROBES, _PROBES[::-1]][: operator.arity]
    value = operator.apply(np, *probes)
    partials = operator.partials(np, value, *probes)
    for place, partial in enumerate(partials):
        moved = [
            own + 1j * _PROBE_STEP if number == place else own + 0j
            for number, own in enumerate(probes)
        ]
        try:
            turned = np.asarray(operator.apply(np, *moved)).imag / _PROBE_STEP
        except TypeError:  # NumPy's word for a function that takes no complex numbers
            return False
        if not np.allclose(turned, partial, rtol=_PROBE_TOLERANCE, atol=_PROBE_TOLERANCE):
            return False
    return True


def _addends(expression: Expression, sign: int) -> list[tuple[int, Expression]]:
    if expression.is_leaf or not operator_of(expression.head).is_sum:
        return [(sign, expression)]
    one, two = expression.arguments
    return _addends(one, sign) + _addends(two, sign * operator_of(expression.head).sign)


def _linearised(
    parts: Sequence[tuple[int, Expression]],
    values: Sequence[float],
    columns: list[NDArray[np.complex128]],
) -> NDArray[np.complex128]:
    """Sum of signed addends and its derivatives by the parameters: (1 + parameter, ...)."""
    features = np.zeros((1 + len(values), *columns[0].shape), dtype=np.complex128)
    for sign, part in parts:
        value, slopes = part.linearise(np, columns, values, PARAMETER)
        features[0] += sign * value
        for slot, slope in slopes.items():
            features[1 + slot] += sign * slope
    return features


def _means(
    evaluate: Features,
    states: NDArray[np.float64],
    sigma: NDArray[np.float64],
    columns: Sequence[int],
    rule: Rule,
    wanted: slice,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Real parts of the means of features over the nodes, and of the products of some."""
    moved = list(states.astype(np.complex128))
    mean: NDArray[np.float64] | None = None
    square = np.zeros(())
    with np.errstate(all="ignore"):  # a feature that is not finite says so by its value
        for node, weight in zip(rule.nodes, rule.weights, strict=True):
            for column, place in zip(columns, node, strict=True):
                moved[column] = states[column] + sigma[column] * place
            features = evaluate(moved)
            if mean is None:
                mean = np.zeros(features.shape)
                square = np.zeros((len(features[wanted]), *features[wanted].shape))
            mean += weight * features.real
            own = features[wanted]
            square += weight * (own.real[:, None] * own.real - own.imag[:, None] * own.imag)
    assert mean is not None
    return mean, square


def _differ(
    features: NDArray[np.float64], again: NDArray[np.float64], covariance: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Samples on which two rules give features that differ beside their noise."""
    with np.errstate(invalid="ignore"):
        size = np.sqrt(np.nan_to_num(np.einsum("ii...->i...", covariance)).clip(min=0.0))
        typical = np.array([np.median(own) for own in size]).reshape(-1, *[1] * (size.ndim - 1))
        rounding = 1e3 * np.finfo(float).eps * np.abs(features)
        far = np.abs(features - again) > CONVERGED * typical + rounding
        return np.asarray(far.any(axis=0))
