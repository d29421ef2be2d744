"""How constant a quantity is along trajectories, noise told from change by its memory.

Measurement noise has no memory from one sample to the next; whatever changes along a trajectory
has. Products of residuals at neighbouring samples therefore estimate the variance of what is no
noise, without a model of the noise, and however the noise differs from sample to sample.
Trajectories are the independent units, pieces of one trial together: their disagreement gives the
error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.parts import trial_numbers
from noether_sym.verdict.memory import cosines, whiteness, without_constants
from noether_sym.verdict.pooling import Pool
from noether_sym.verdict.residuals import CONFIDENCE, FEWEST, RESOLVED, Residuals, weights_of

_LEAST_SAMPLES = 4
"""Samples of a trajectory from which change is told from noise by its memory."""

_LAGS = 6
"""Samples between those that are compared where neighbours are too far apart to tell."""

_LEAST_BOUND = 0.1
"""Share of the root of the standard error below which the bound never falls."""


@dataclass(frozen=True, slots=True)
class Constancy:
    """How constant a quantity is.

    Attributes
    ----------
    variation : float
        Mean square along trajectories of what is no noise; negative where noise hides it.
    error : float
        Its standard error.
    freedom : float
        Degrees of freedom of the error.
    white : float
        p-value that the residuals have no memory in time.
    trajectories : int
        Those that were compared, pieces of one trial as one; where they weigh differently, their
        effective number.
    choice : float
        By what factor the quantity may change more on other trajectories, having been chosen on
        these: the bound grows by it, and neither what is seen to change nor a p-value knows of it.
    """

    variation: float
    error: float
    freedom: float
    white: float
    trajectories: int
    choice: float = 1.0

    @property
    def largest(self) -> float:
        """Upper 95 % bound on the standard deviation along trajectories of what is no noise."""
        return _largest(self.variation, self.error, self.freedom)

    def within(self, spread: float) -> float:
        """The same over a spread, on other trajectories too."""
        return self.choice * self.largest / spread if spread > 0 else float("inf")

    def equivalence(self, most: float) -> float:
        """p-value that the standard deviation along trajectories is `most` or more.

        The one-sided test of equivalence (Schuirmann 1987, J. Pharmacokin. Biopharm. 15, 657,
        doi:10.1007/BF01068419): a small value says that less changes than that.
        """
        from scipy.stats import t

        margin = most**2 - self.variation
        if self.error <= 0:
            return 0.0 if margin > 0 else 1.0
        return float(t.sf(margin / self.error, self.freedom))


def constancy(
    values: Sequence[NDArray[np.float64]],
    tangents: Sequence[NDArray[np.float64]] | None = None,
    resolution: float = 1.0,
    noise: Sequence[NDArray[np.float64]] | None = None,
    doubt: float = np.inf,
    trials: Sequence[str] | None = None,
) -> Constancy:
    """Measure how constant a quantity is along trajectories.

    Parameters
    ----------
    values : sequence of arrays of shape (sample,)
        Of each trajectory, in order of time.
    tangents : sequence of arrays of shape (sample, constant), optional
        What one standard error of each constant of the formula changes. As much as such errors
        explain takes no part in the test for memory.
    resolution : float
        Correlation from one sample to the next of the fastest change there could be, between 0
        and 1. Below 1/2 samples are too far apart to tell change from noise by its memory: what
        the noise that is known does not explain counts as change.
    noise : sequence of arrays of shape (sample,), optional
        Variance of the noise of each value, as far as it is known: samples with far more noise
        than is usual count less.
    doubt : float
        Relative standard error of `noise`, the same for all samples; infinite if it is no more
        than a guess.
    trials : sequence of str, optional
        What each trajectory is a piece of; empty for those that are whole.
    """
    resolved = resolution >= RESOLVED
    weights = weights_of(noise) if noise else [np.ones(len(own)) for own in values]
    usable = [place for place, one in enumerate(values) if len(one) >= FEWEST]
    own = [Residuals.of(values[place], weights[place]) for place in usable]
    pieces = trial_numbers(trials, len(values))
    pool = Pool(own, [pieces[place] for place in usable])
    squares = np.array([one.mean_square for one in own])
    found, number = pool.pooled(squares), pool.number
    if resolved:
        long = [one for one in own if len(one.deviations) >= _LEAST_SAMPLES]
        some = Pool(long, [pieces[p] for p in usable if len(values[p]) >= _LEAST_SAMPLES])
        slow = np.array([one.neighbours for one in long]) / resolution
        errors = np.array([one.neighbours_error for one in long]) / resolution
        told = some.pooled(slow, errors)
        found, number = min((found, number), (told, some.number), key=lambda one: _largest(*one[0]))
    elif noise is not None and np.isfinite(doubt) and own:
        known = np.array([np.average(noise[place], weights=weights[place]) for place in usable])
        variation, error, freedom = pool.pooled(squares - known)
        counts = np.array([one.weights.sum() for one in own])
        both = float(np.hypot(error, doubt * (counts @ known) / counts.sum()))
        surer = (both / error) ** 2 if error > 0 else np.inf
        told = variation, both, freedom * surer
        found = min(found, told, key=lambda one: _largest(*one))
    left = own
    if own and tangents is not None:
        moved = [tangents[place] for place in usable]
        left = without_constants(own, moved, resolution if resolved else None)
    white = whiteness(left, 1 if resolved else _LAGS)
    return Constancy(*found, white=white, trajectories=round(number))


def slow_share(values: Sequence[NDArray[np.float64]], variation: float) -> float:
    """Mean square along trajectories of the lowest modes in time, over that of all change.

    0 where no trajectory has samples enough to have modes.
    """
    slow, count = 0.0, 0
    for own in values:
        if len(own) >= _LEAST_SAMPLES:
            slow += float(((cosines(len(own)) @ (own - own.mean())) ** 2).sum())
            count += len(own)
    return slow / count / variation if count and variation > 0 else 0.0


def _largest(variation: float, error: float, freedom: float) -> float:
    """Upper bound on the root of a variation; never 0 where there is noise."""
    from scipy.stats import t

    above = variation + float(t.ppf(CONFIDENCE, freedom)) * error
    return float(np.sqrt(max(above, _LEAST_BOUND**2 * error)))
