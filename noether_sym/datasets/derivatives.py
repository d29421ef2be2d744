"""Estimate dx/dt of sampled data with the cubic splines of SciPy.

Interpolation multiplies noise by about the sampling rate; smoothing costs accuracy at
the ends of a clean trajectory, where its second derivative is zero. So the data choose:
every fourth sample is left out in turn, and the spline that predicts those best is
taken, interpolating or smoothing, one penalty a column for all trajectories. On the
built-in systems, at any noise from 0 to 1/10 of a column's standard deviation, that is
close to the best penalty in hindsight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sampled = tuple[NDArray[np.float64], NDArray[np.float64]]

INTERPOLATED = "cubic spline through the samples"
SMOOTHED = "cubic smoothing spline, penalty by cross-validation"

_PENALTIES = (0.0, *(10.0**power for power in range(-3, 11)))
_FOLDS = 4
_SHORTEST = 12
_MOST_SAMPLES = 1000


def estimate_derivatives(
    parts: Sequence[Sampled],
) -> tuple[list[NDArray[np.float64]], tuple[float, ...]]:
    """Estimate dx/dt of trajectories.

    Parameters
    ----------
    parts : sequence of (times, states)
        Times of shape (time,), increasing, at least 5 of them; states of shape
        (time, column).

    Returns
    -------
    derivatives : list of array
        Of the shapes of the states.
    penalties : tuple of float
        For each column, the penalty of the smoothing, for times in median steps; 0 where
        the spline goes through the samples.
    """
    step, columns = _scaled(parts)
    penalties = []
    derivatives = [np.empty_like(states) for _, states in parts]
    for place, (scale, column) in enumerate(columns):
        penalty, _ = choose_penalty(column)
        penalties.append(penalty)
        for (clock, values), derivative in zip(column, derivatives, strict=True):
            derivative[:, place] = _spline(clock, values, penalty).derivative()(clock)
            derivative[:, place] *= scale / step
    return derivatives, tuple(penalties)


def estimate_errors(
    parts: Sequence[Sampled], derivatives: Sequence[NDArray[np.float64]]
) -> tuple[list[float], list[float]]:
    """Estimate the noise of sampled states, and the error of their derivatives.

    Noise is how far samples lie from where the others predict them. The error is how far
    the derivatives lie from those of splines through every second sample; two estimates
    that share half of their noise differ by as much as the better one is off.

    Parameters
    ----------
    parts : sequence of (times, states)
        As for `estimate_derivatives`, at least 12 samples each.
    derivatives : sequence of array of shape (time, column)

    Returns
    -------
    noises : list of float
        Standard deviation of each column, in its unit; an upper bound where samples are
        sparse.
    errors : list of float
        Root mean square error of each column's derivative over its root mean square.
    """
    step, columns = _scaled(parts)
    noises, errors = [], []
    for place, (scale, column) in enumerate(columns):
        penalty, noise = choose_penalty(column)
        noises.append(noise * scale)
        off = whole = 0.0
        for (clock, values), derivative in zip(column, derivatives, strict=True):
            slopes = derivative[:, place] * (step / scale)
            for first in (0, 1):
                half = _spline(clock[first::2], values[first::2], penalty / 2)
                inside = slice(2, -2)  # beyond its samples a spline knows nothing
                off += float(np.sum((half.derivative()(clock) - slopes)[inside] ** 2))
                whole += float(np.sum(slopes[inside] ** 2))
        errors.append(float(np.sqrt(off / whole)) if whole else 0.0)
    return noises, errors


def _scaled(parts: Sequence[Sampled]) -> tuple[float, list[tuple[float, list[Sampled]]]]:
    """The median step, and by column its scale and its (times in steps, values of size 1)."""
    step = float(np.median(np.concatenate([np.diff(times) for times, _ in parts])))
    clocks = [(times - times[0]) / step for times, _ in parts]
    columns = []
    for place in range(parts[0][1].shape[1]):
        values = [states[:, place] for _, states in parts]
        scale = float(max(np.max(np.abs(one)) for one in values)) or 1.0
        columns.append((scale, [(c, one / scale) for c, one in zip(clocks, values, strict=True)]))
    return step, columns


def choose_penalty(parts: Sequence[Sampled]) -> tuple[float, float]:
    """The penalty that predicts left-out samples best (0 is interpolation), and how well.

    Parameters
    ----------
    parts : sequence of (times, values)
        Both of shape (time,), times in median steps. Trajectories too short to leave
        samples out of are passed over; without any other the penalty is 0.

    Returns
    -------
    penalty : float
    error : float
        Root mean square error of the prediction; 0 if nothing was predicted.
    """
    errors = np.zeros(len(_PENALTIES))
    used = predicted = 0
    for clock, values in parts:
        if len(clock) < _SHORTEST or used >= _MOST_SAMPLES:
            continue
        clock, values = clock[:_MOST_SAMPLES], values[:_MOST_SAMPLES]
        used += len(clock)
        for fold in range(_FOLDS):
            left_out = np.zeros(len(clock), dtype=bool)
            left_out[1 + fold : -1 : _FOLDS] = True
            predicted += int(left_out.sum())
            for index, penalty in enumerate(_PENALTIES):
                # fewer samples pull the spline, so the penalty shrinks alike
                fair = penalty * (1 - 1 / _FOLDS)
                spline = _spline(clock[~left_out], values[~left_out], fair)
                errors[index] += np.sum((spline(clock[left_out]) - values[left_out]) ** 2)
    best = int(np.argmin(errors))
    return _PENALTIES[best], float(np.sqrt(errors[best] / max(predicted, 1)))


def _spline(clock: NDArray[np.float64], values: NDArray[np.float64], penalty: float) -> Any:
    from scipy.interpolate import make_interp_spline, make_smoothing_spline

    if penalty == 0.0:
        return make_interp_spline(clock, values)
    return make_smoothing_spline(clock, values, lam=penalty)
