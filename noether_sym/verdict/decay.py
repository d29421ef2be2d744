"""A slow drift of a quantity: an exponential towards one value, shared by all trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.parts import trial_numbers
from noether_sym.statistics.jackknife import jackknife_covariance

_SLOWEST = 1e-3
"""Slowest rate that is tried, over one by the longest trajectory."""

_RATES = 40
"""Rates that are tried before the best is refined."""

_STEPS = 5
"""Most Gauss-Newton steps to the best rate."""

_ENOUGH = 3
"""Trials from which on the rate has an error; samples that two numbers and a size need."""

_Part = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Decay:
    """How fast a quantity decays.

    Attributes
    ----------
    rate : float
        Of ``g = g_end + A exp(-rate t)``, in units of one over time; negative for growth.
    end : float
        The last value.
    size : float
        Root mean square distance of the first values from the last one.
    curves : tuple of arrays of shape (sample,)
        The exponentials, one a trajectory.
    parts : tuple of pairs of arrays of shape (sample,)
        Times since the start of each trajectory, and the values.
    trials : tuple of int
        The trial that each trajectory is a piece of.
    """

    rate: float
    end: float
    size: float
    curves: tuple[NDArray[np.float64], ...]
    parts: tuple[_Part, ...]
    trials: tuple[int, ...]

    @property
    def half_life(self) -> float:
        """Time in which the distance from the last value halves; of a growth it doubles."""
        return float(np.log(2.0) / abs(self.rate))

    @cached_property
    def error(self) -> float | None:
        """Standard error of the rate, from leaving out one trial at a time, and of its halves.

        None with fewer than three. The best rate and end value of the others lie a Gauss-Newton
        step from those of all, whose normal equations are sums over trials. Half of what the
        rates of both halves of the time differ by is added in quadrature: trials do not tell
        what all of them share, a drift that is no exponential.
        """
        count = 1 + max(self.trials)
        if count < _ENOUGH:
            return None
        normal, pulls = np.zeros((count, 2, 2)), np.zeros((count, 2))
        parts = zip(self.trials, self.parts, self.curves, strict=True)
        for trial, (since, values), curve in parts:
            slopes = _slopes(since, curve, self.rate, self.end)
            normal[trial] += slopes.T @ slopes
            pulls[trial] += slopes.T @ (values - curve)
        inverses = np.linalg.pinv(normal.sum(0) - normal, hermitian=True)
        steps = np.einsum("pij,pj->pi", inverses, pulls.sum(0) - pulls)
        scatter = float(jackknife_covariance(steps[:, :1])[0, 0])
        return float(np.hypot(np.sqrt(scatter), self._bend() / 2.0))

    def _bend(self) -> float:
        """What the rates of the first and the second half of the time differ by."""
        longest = max(float(since[-1]) for since, _ in self.parts)
        normal, pulls = np.zeros(2), np.zeros(2)
        for since, values in self.parts:
            for half, chosen in enumerate((since < longest / 2.0, since >= longest / 2.0)):
                if chosen.sum() < _ENOUGH:
                    continue
                own, distance = since[chosen], values[chosen] - self.end
                unit = np.exp(-self.rate * (own - own[0]))
                unit /= np.linalg.norm(unit)
                fitted = unit * (unit @ distance)
                slope = _slopes(own, self.end + fitted, self.rate, self.end)[:, 0]
                normal[half] += slope @ slope
                pulls[half] += slope @ (distance - fitted)
        if not (normal > 0).all():
            return 0.0
        return abs(float(pulls[1] / normal[1] - pulls[0] / normal[0]))

    @property
    def half_life_error(self) -> float | None:
        """Its standard error, to first order."""
        return None if self.error is None else self.half_life * self.error / abs(self.rate)


def decay(
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    trials: Sequence[str] | None = None,
) -> Decay | None:
    """Fit one exponential, its end value and rate shared, its size a trajectory's own.

    For a given rate sizes and end value follow from linear least squares (variable projection,
    Golub and Pereyra 1973, doi:10.1137/0710036).

    Parameters
    ----------
    times, values : sequences of arrays of shape (sample,)
        One pair a trajectory.
    trials : sequence of str, optional
        What each is a piece of; empty for those that are whole.

    Returns
    -------
    Decay or None
        None where nothing changes, or fewer than four samples are there.
    """
    spans = [float(own[-1] - own[0]) for own in times if len(own) > 1]
    longest = max(spans, default=0.0)
    still = sum(float(((own - own.mean()) ** 2).sum()) for own in values if len(own))
    if not longest > 0 or not still > 0 or sum(map(len, values)) < len(values) + _ENOUGH:
        return None
    since = [own - own[0] for own in times]
    parts = tuple(zip(since, values, strict=True))
    rate = _rate(parts, longest)
    end, curves = _curves(parts, rate)
    size = float(np.sqrt(np.mean([(curve[0] - end) ** 2 for curve in curves])))
    numbers = trial_numbers(trials, len(parts))
    return Decay(rate, end, size, tuple(curves), parts, tuple(numbers))


def _rate(parts: Sequence[_Part], longest: float) -> float:
    grid = np.geomspace(_SLOWEST, 10.0, _RATES) / longest
    grid = np.concatenate([-grid[::-1][grid[::-1] * longest <= 1.0], grid])
    best = min(grid.tolist(), key=lambda rate: _left(parts, rate))
    return _near(parts, best)


def _near(parts: Sequence[_Part], rate: float) -> float:
    """The best rate between the neighbours of one on the grid, to rounding.

    In its logarithm, for rates have the unit of the file's clock; then by Gauss-Newton steps.
    """
    from scipy.optimize import minimize_scalar

    step = np.log(10.0) * 4.0 / _RATES
    found = minimize_scalar(
        lambda own: _left(parts, rate * np.exp(own)), bounds=(-step, step), method="bounded"
    )
    rate *= float(np.exp(found.x))
    left = _left(parts, rate)
    for _ in range(_STEPS):
        end, curves = _curves(parts, rate)
        pairs = list(zip(parts, curves, strict=True))
        slopes = np.concatenate([_slopes(own, curve, rate, end) for (own, _), curve in pairs])
        rests = np.concatenate([own - curve for (_, own), curve in pairs])
        near = rate + float(np.linalg.lstsq(slopes, rests, rcond=None)[0][0])
        if not (then := _left(parts, near)) < left:
            break
        rate, left = near, then
    return rate


def _curves(parts: Sequence[_Part], rate: float) -> tuple[float, list[NDArray[np.float64]]]:
    """The end value and the exponentials at a rate, all linear factors at their best.

    Sizes are eliminated trajectory by trajectory, the shared end value last.
    """
    units = [np.exp(-rate * since) for since, _ in parts]
    units = [unit / np.linalg.norm(unit) for unit in units]
    rests = [own - unit * (unit @ own) for unit, (_, own) in zip(units, parts, strict=True)]
    ones = [1.0 - unit * unit.sum() for unit in units]
    square = sum(float(own @ own) for own in ones)
    both = sum(float(rest @ own) for rest, own in zip(rests, ones, strict=True))
    end = both / square if square > 0 else 0.0
    return end, [
        end + unit * (unit @ (own - end)) for unit, (_, own) in zip(units, parts, strict=True)
    ]


def _slopes(
    since: NDArray[np.float64], curve: NDArray[np.float64], rate: float, end: float
) -> NDArray[np.float64]:
    """Derivatives of a curve by the rate and the end value, its size at its best: (sample, 2).

    Without what the residual adds to them (Kaufman 1975, BIT 15, 49, doi:10.1007/BF01932995).
    """
    unit = np.exp(-rate * since)
    unit /= np.linalg.norm(unit)
    whole = np.stack([-since * (curve - end), np.ones(len(since))], axis=1)
    return np.asarray(whole - np.outer(unit, unit @ whole))


def _left(parts: Sequence[_Part], rate: float) -> float:
    """Sum of squared residuals about the exponentials at a rate."""
    _, curves = _curves(parts, rate)
    pairs = zip(parts, curves, strict=True)
    return sum(float(((own - curve) ** 2).sum()) for (_, own), curve in pairs)
