"""Estimate dx/dt of sampled data with the cubic splines of SciPy.

Interpolation multiplies noise by about the sampling rate; smoothing costs accuracy at
the ends of a clean trajectory, where its second derivative is zero. So the data choose:
every fourth sample is left out in turn, and the spline that predicts those best is
taken, interpolating or smoothing, one penalty a column for all trajectories. On the
built-in systems, at any noise from 0 to 1/10 of a column's standard deviation, that is
close to the best penalty in hindsight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Sampled = tuple[NDArray[np.float64], NDArray[np.float64]]

INTERPOLATED = "cubic spline through the samples"
SMOOTHED = "cubic smoothing spline, penalty by cross-validation"

_PENALTIES = (0.0, *(10.0**power for power in range(-3, 11)))

_FOLDS = 4
"""Every so many-th sample is left out, in as many turns, to choose the penalty."""

_SHORTEST = 12
"""Samples of a trajectory that can spare some."""

_MOST_SAMPLES = 1000
"""Samples that suffice to choose the penalty, and most that one trajectory adds."""


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
    step, scales, scaled = _scaled(parts)
    penalties = choose_penalties(scaled)
    derivatives = [np.empty_like(values) for _, values in scaled]
    for clock, places, joined in _alike(scaled):
        slopes = _slopes(clock, joined, penalties, clock)
        for place, own in zip(places, np.moveaxis(slopes, 1, 0), strict=True):
            derivatives[place][:] = own * (scales / step)
    return derivatives, tuple(penalties.tolist())


def estimate_errors(
    parts: Sequence[Sampled], derivatives: Sequence[NDArray[np.float64]]
) -> list[float]:
    """Estimate the error of derivatives of sampled states.

    It is how far the derivatives lie from those of splines through every second sample; two
    estimates that share half of their noise differ by as much as the better one is off.

    Parameters
    ----------
    parts : sequence of (times, states)
        As for `estimate_derivatives`, at least 12 samples each.
    derivatives : sequence of array of shape (time, column)

    Returns
    -------
    errors : list of float
        Root mean square error of each column's derivative over its root mean square.
    """
    step, scales, scaled = _scaled(parts)
    penalties = choose_penalties(scaled)
    off, whole = np.zeros(len(scales)), np.zeros(len(scales))
    for clock, places, joined in _alike(scaled):
        slopes = np.stack([derivatives[place] for place in places], axis=1) * (step / scales)
        for first in (0, 1):
            half = _slopes(clock[first::2], joined[first::2], penalties / 2, clock)
            inside = slice(2, -2)  # beyond its samples a spline knows nothing
            off += np.sum((half - slopes)[inside] ** 2, axis=(0, 1))
            whole += np.sum(slopes[inside] ** 2, axis=(0, 1))
    errors = np.sqrt(np.divide(off, whole, out=np.zeros_like(off), where=whole > 0))
    found: list[float] = errors.tolist()
    return found


def _scaled(parts: Sequence[Sampled]) -> tuple[float, NDArray[np.float64], list[Sampled]]:
    """The median step, the scale of each column, and (times in steps, values of size 1)."""
    step = float(np.median(np.concatenate([np.diff(times) for times, _ in parts])))
    scales = np.max([np.max(np.abs(states), axis=0) for _, states in parts], axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    return step, scales, [((times - times[0]) / step, states / scales) for times, states in parts]


def _alike(
    parts: Iterable[Sampled],
) -> Iterator[tuple[NDArray[np.float64], list[int], NDArray[np.float64]]]:
    """Each different clock, the places of its parts, and their values: (time, part, column)."""
    found: dict[bytes, list[int]] = {}
    kept = list(parts)
    for place, (clock, _) in enumerate(kept):
        found.setdefault(clock.tobytes(), []).append(place)
    for places in found.values():
        joined = np.stack([kept[place][1] for place in places], axis=1)
        yield kept[places[0]][0], places, joined


def _slopes(
    clock: NDArray[np.float64],
    values: NDArray[np.float64],
    penalties: NDArray[np.float64],
    there: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Slopes of the splines through (time, part, column), one penalty a column, at other times."""
    slopes = np.empty((len(there), *values.shape[1:]))
    for penalty in np.unique(penalties):
        own = penalties == penalty
        chosen = values[..., own]
        spline = _spline(clock, chosen.reshape(len(clock), -1), penalty)
        slopes[..., own] = spline.derivative()(there).reshape(len(there), *chosen.shape[1:])
    return slopes


def choose_penalties(
    parts: Sequence[Sampled],
) -> NDArray[np.float64]:
    """The penalty that predicts left-out samples best; 0 is interpolation.

    Parameters
    ----------
    parts : sequence of (times, values)
        Of shapes (time,) and (time, column), times in median steps. Trajectories too short
        to leave samples out of are passed over; without any other the penalties are 0.

    Returns
    -------
    penalties : array of shape (column,)
    """
    errors = np.zeros((len(_PENALTIES), parts[0][1].shape[1]))
    for clock, places, joined in _alike(_first(parts)):
        values = joined.reshape(len(clock), -1)
        for fold in range(_FOLDS):
            left_out = np.zeros(len(clock), dtype=bool)
            left_out[1 + fold : -1 : _FOLDS] = True
            # fewer samples pull the spline, so the penalty shrinks alike
            fair = [penalty * (1 - 1 / _FOLDS) for penalty in _PENALTIES]
            kept, there = (clock[~left_out], values[~left_out]), clock[left_out]
            for index, predicted in enumerate(_predictions(*kept, there, fair)):
                off = np.sum((predicted - values[left_out]) ** 2, axis=0)
                errors[index] += off.reshape(len(places), -1).sum(axis=0)
    return np.array(_PENALTIES)[np.argmin(errors, axis=0)]


def _first(parts: Sequence[Sampled]) -> Iterator[Sampled]:
    """Trajectories that are long enough, until there are samples enough."""
    used = 0
    for clock, values in parts:
        if len(clock) >= _SHORTEST and used < _MOST_SAMPLES:
            yield clock[:_MOST_SAMPLES], values[:_MOST_SAMPLES]
            used += min(len(clock), _MOST_SAMPLES)


def _predictions(
    clock: NDArray[np.float64],
    values: NDArray[np.float64],
    there: NDArray[np.float64],
    penalties: Sequence[float],
) -> Iterator[NDArray[np.float64]]:
    """Values of the splines of `_spline` between the samples, for several penalties.

    The same splines by their second derivatives (Reinsch 1967, Numerische Mathematik 10, 177,
    doi:10.1007/BF02162161; Green and Silverman 1994, sections 2.1 and 2.3), whose matrices serve
    all penalties: SciPy builds its own anew for each, in Python.
    """
    from scipy.linalg import solveh_banded

    steps = np.diff(clock)[:, None]
    left, right = 1.0 / steps[:-1, 0], 1.0 / steps[1:, 0]
    middle = -(left + right)
    bending, rough = np.zeros((2, 3, len(middle)))
    bending[0] = (steps[:-1, 0] + steps[1:, 0]) / 3.0
    bending[1, :-1] = steps[1:-1, 0] / 6.0
    rough[0] = left**2 + middle**2 + right**2
    rough[1, :-1] = middle[:-1] * left[1:] + right[:-1] * middle[1:]
    rough[2, :-2] = right[:-2] * left[2:]
    turns = np.diff(np.diff(values, axis=0) / steps, axis=0)
    place = np.searchsorted(clock, there) - 1
    step = steps[place]
    since, until = there[:, None] - clock[place, None], clock[place + 1, None] - there[:, None]
    for penalty in penalties:
        if penalty == 0.0:
            yield _spline(clock, values, penalty)(there)
            continue
        second = solveh_banded(bending + penalty * rough, turns, lower=True)
        second = np.pad(second, ((1, 1), (0, 0)))
        slopes = np.pad(np.diff(second, axis=0) / steps, ((1, 1), (0, 0)))
        smooth = values - penalty * np.diff(slopes, axis=0)
        bent = (1 + since / step) * second[place + 1] + (1 + until / step) * second[place]
        straight = (since * smooth[place + 1] + until * smooth[place]) / step
        yield straight - since * until / 6.0 * bent


def _spline(clock: NDArray[np.float64], values: NDArray[np.float64], penalty: float) -> Any:
    from scipy.interpolate import make_interp_spline, make_smoothing_spline

    if penalty == 0.0:
        return make_interp_spline(clock, values)
    return make_smoothing_spline(clock, values, lam=penalty)
