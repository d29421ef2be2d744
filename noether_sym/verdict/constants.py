"""Constants of laws without the bias that noisy columns bring."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.laws.law import Law, Parameter
from noether_sym.noise.constants import Refit, refit, refit_without
from noether_sym.statistics.samples import Samples, make_samples, of_samples

MOST_SAMPLES = 50_000
"""Most samples that a verdict looks at, or constants are fitted to."""

EXACT = 1e-8
"""Conservation ratio up to which a law itself shows that its columns have no noise to speak of:
where samples lie far apart, or the data are no flow, motion is taken for noise."""


def noise_of(law: Law, sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of the columns' noise, unless the law shows that there is none."""
    return np.zeros_like(sigma) if law.conservation_ratio <= EXACT else sigma


class Refitting:
    """Trajectories to fit constants to.

    Laws without constants keep what they have, and so do laws of derived columns, whose noise is
    not independent.

    Parameters
    ----------
    dataset : Dataset
        Which columns are derived.
    trajectories : sequence of Trajectory
    sigma : array of shape (column,)
        Standard deviation of each column's noise.
    window : int, optional
        Constants are fitted within windows of so many samples; None for whole trajectories.
    held : collection of int
        Slots whose values are given.
    """

    def __init__(
        self,
        dataset: Dataset,
        trajectories: Sequence[Trajectory],
        sigma: NDArray[np.float64],
        window: int | None = None,
        held: Collection[int] = (),
    ) -> None:
        samples = make_samples(trajectories, window=window, seed=0)
        self.samples: Samples = samples.thinned(MOST_SAMPLES)
        self._derived = {column for column, _ in dataset.derived}
        self._sigma = of_samples(sigma, self.samples.noise)
        self._held = held

    def law(self, law: Law) -> Law:
        """The law with constants, standard errors and 95 % intervals from these trajectories."""
        if not self._can(law):
            return law
        own, sigma = self.samples, noise_of(law, self._sigma)
        with np.errstate(all="ignore"):
            found = refit(
                law.expression,
                law.values,
                own.states,
                own.weights,
                sigma,
                own.trials.tolist(),
                self._held,
            )
        return _with_constants(law, found)

    def laws_without(self, law: Law, left_out: Sequence[Sequence[int]]) -> list[Law]:
        """The law with constants from the other trajectories, for each group that is left out."""
        if not self._can(law):
            return [law] * len(left_out)
        own, sigma = self.samples, noise_of(law, self._sigma)
        here = [[n // own.every for n in group if n % own.every == 0] for group in left_out]
        with np.errstate(all="ignore"):
            every = refit_without(
                law.expression, law.values, own.states, own.weights, sigma, here, self._held
            )
        return [_with_constants(law, found) for found in every]

    def _can(self, law: Law) -> bool:
        return bool(law.parameters) and not self._derived & law.expression.inputs


def _with_constants(law: Law, found: Refit) -> Law:
    if not np.isfinite(found.values).all():
        return law
    known = bool(np.isfinite(found.covariance).all())
    return law.with_(
        covariance=tuple(map(tuple, found.covariance.tolist())) if known else (),
        parameters=estimated(law.parameters, found),
    )


def estimated(parameters: Sequence[Parameter], found: Refit) -> tuple[Parameter, ...]:
    """Parameters by slot with the values that were refitted, and how sure these are."""
    numbers = zip(
        parameters, found.values, found.errors, found.intervals(), found.degrees, strict=True
    )
    return tuple(
        replace(
            parameter,
            value=float(value),
            stderr=_error(float(error), parameter, slot in found.held),
            interval=(float(low), float(high)) if np.isfinite(low) else None,
            degrees=float(degrees) if np.isfinite(low) else None,
        )
        for slot, (parameter, value, error, (low, high), degrees) in enumerate(numbers)
    )


def _error(found: float, parameter: Parameter, held: bool) -> float | None:
    """A standard error, that of the search where none is found; none of what any value serves."""
    if held:
        return None
    return found if np.isfinite(found) else parameter.stderr
