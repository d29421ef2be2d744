"""Standard errors of the parameters of a fitted formula."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.dsl.expression import PARAMETER, Expression
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import centred


def standard_errors(
    expression: Expression, values: Sequence[float], samples: Samples
) -> list[float | None]:
    """Standard errors of the parameters, from how much segments disagree.

    The sandwich estimator with segments as clusters (Liang and Zeger 1986, Biometrika 73, 13,
    doi:10.1093/biomet/73.1.13): the curvature of the conservation ratio on both sides, the
    spread of the segments' scores in between. None where there is one segment only, or where
    the ratio does not depend on the parameter.

    Parameters
    ----------
    expression : Expression
    values : sequence of float
        Fitted parameters by slot.
    samples : Samples

    Returns
    -------
    list of (float or None)
        By slot, in the units of the parameters.
    """
    if not len(values):
        return []
    segments = samples.weights.shape[0]
    if segments < 2:
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
    if not (np.isfinite(curvature).all() and np.isfinite(scores).all()):
        return [None] * len(values)
    told = np.flatnonzero(scale > 0)
    scale, scores = scale[told], scores[told]
    inverse = np.linalg.pinv(curvature[np.ix_(told, told)] / np.outer(scale, scale), rcond=1e-12)
    inverse = inverse / np.outer(scale, scale)
    covariance = inverse @ (scores @ scores.T) @ inverse * segments / (segments - 1)
    errors: list[float | None] = [None] * len(values)
    for place, value in zip(told.tolist(), np.diag(covariance).tolist(), strict=True):
        errors[place] = math.sqrt(max(value, 0.0))
    return errors


def _deviations(
    expression: Expression,
    values: Sequence[float],
    states: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Value and slopes by parameter, less their segment means: (1 + parameter, ...)."""
    value, slopes = expression.linearise(np, list(states), list(values), PARAMETER)
    rows = [value, *(slopes.get(slot, 0.0) for slot in range(len(values)))]
    table = np.stack([np.broadcast_to(row, weights.shape) for row in rows]).astype(np.float64)
    mask = np.isfinite(table).all(0) * weights
    table = np.where(mask > 0, table, 0.0)
    return centred(torch.from_numpy(table), torch.from_numpy(mask)).numpy()
