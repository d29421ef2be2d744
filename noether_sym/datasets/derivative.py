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
    step = float(np.median(np.concatenate([np.diff(times) for times, _ in parts])))
    clocks = [(times - times[0]) / step for times, _ in parts]
    penalties = []
    derivatives = [np.empty_like(states) for _, states in parts]
    for column in range(parts[0][1].shape[1]):
        values = [states[:, column] for _, states in parts]
        scale = float(max(np.max(np.abs(one)) for one in values)) or 1.0
        scaled = [(clock, one / scale) for clock, one in zip(clocks, values, strict=True)]
        penalties.append(choose_penalty(scaled))
        for (clock, one), derivative in zip(scaled, derivatives, strict=True):
            slope = _spline(clock, one, penalties[-1]).derivative()(clock)
            derivative[:, column] = slope * (scale / step)
    return derivatives, tuple(penalties)


def choose_penalty(parts: Sequence[Sampled]) -> float:
    """The penalty that predicts left-out samples best; 0 is interpolation.

    Parameters
    ----------
    parts : sequence of (times, values)
        Both of shape (time,), times in median steps. Trajectories too short to leave
        samples out of are passed over; without any other the answer is 0.
    """
    errors = np.zeros(len(_PENALTIES))
    used = 0
    for clock, values in parts:
        if len(clock) < _SHORTEST or used >= _MOST_SAMPLES:
            continue
        clock, values = clock[:_MOST_SAMPLES], values[:_MOST_SAMPLES]
        used += len(clock)
        for fold in range(_FOLDS):
            left_out = np.zeros(len(clock), dtype=bool)
            left_out[1 + fold : -1 : _FOLDS] = True
            for index, penalty in enumerate(_PENALTIES):
                # fewer samples pull the spline, so the penalty shrinks alike
                fair = penalty * (1 - 1 / _FOLDS)
                spline = _spline(clock[~left_out], values[~left_out], fair)
                errors[index] += np.sum((spline(clock[left_out]) - values[left_out]) ** 2)
    return _PENALTIES[int(np.argmin(errors))]


def _spline(clock: NDArray[np.float64], values: NDArray[np.float64], penalty: float) -> Any:
    from scipy.interpolate import make_interp_spline, make_smoothing_spline

    if penalty == 0.0:
        return make_interp_spline(clock, values)
    return make_smoothing_spline(clock, values, lam=penalty)
