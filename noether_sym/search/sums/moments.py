"""How terms scatter along trajectories, and how much of that is measurement noise.

Of noisy columns the second moments of a term are off in the mean. Both are put right as in
`noether_sym.noise.adjusted`, for many terms at once: by imaginary noise in one column at a time,
on three Gauss-Hermite points, which is exact for polynomials of degree five in each column; what
noise in two columns does together is left out beyond the second order. Good enough to search by;
constants are refitted for the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.observations import Observations, evaluated
from noether_sym.search.sums.parts import Values
from noether_sym.search.sums.terms import Term
from noether_sym.statistics.samples import of_samples

_NODE = np.sqrt(3.0)
_WEIGHT = 1.0 / 3.0
_MOST_NOISE = 10.0
"""Largest variance of noise in a term, over its reference: of more nothing is left."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Second moments of terms, each in units of the root of its own reference.

    Attributes
    ----------
    terms : tuple of Term
        Those that are finite on all samples and not swamped by noise.
    scale : array of shape (term,)
        The units.
    deviations : array of shape (sample, term)
        From the means of trajectories, without the bias of noise.
    within : array of shape (group, term, term)
        Sums of products of these over some trajectories, over the number of all samples.
    noise : array of shape (group, term, term)
        As much of them is noise.
    reference : array of shape (term, term)
        As in `noether_sym.search.sums.observations`.
    fields : array of shape (point * base column, term)
        Partial derivatives times the columns' spread.
    floor : float
        Share of the reference that counts as noise beside it: a slow drift is no noise.
    """

    terms: tuple[Term, ...]
    scale: NDArray[np.float64]
    deviations: NDArray[np.float64]
    within: NDArray[np.float64]
    noise: NDArray[np.float64]
    reference: NDArray[np.float64]
    fields: NDArray[np.float64]
    floor: float = 0.0

    def above(self, floor: float) -> Moments:
        """The same with another floor."""
        more = (floor - self.floor) * self.reference / len(self.noise)
        return replace(self, noise=self.noise + more, floor=floor)

    def of(self, places: NDArray[np.int64]) -> Moments:
        """Those of some terms."""
        pick = np.ix_(places, places)
        return Moments(
            tuple(self.terms[place] for place in places.tolist()),
            self.scale[places],
            self.deviations[:, places],
            self.within[:, places[:, None], places],
            self.noise[:, places[:, None], places],
            self.reference[pick],
            self.fields[:, places],
            self.floor,
        )


class NoisySamples:
    """Samples as they are, and with imaginary noise in one column after the other.

    What has no constant inside is evaluated once and kept, however often moments are asked for.

    Parameters
    ----------
    data : Observations
    sigma : array of shape (column,)
        Standard deviation of each column's noise; 0 for exact and for derived columns.
    """

    def __init__(self, data: Observations, sigma: NDArray[np.float64]) -> None:
        self.data = data
        self.parts = data.parts()
        self.plain = Values(data.states)
        self.moved = []
        sizes = of_samples(sigma, data.noise)
        for column in np.flatnonzero(sigma > 0):
            states = data.states.astype(np.complex128)
            states[column] += 1j * _NODE * sizes[column]
            self.moved.append(Values(_rederived(states, data)))


def moments(terms: Sequence[Term], samples: NoisySamples, groups: NDArray[np.int64]) -> Moments:
    """Second moments of terms.

    Parameters
    ----------
    terms : sequence of Term
    samples : NoisySamples
    groups : array of shape (trajectory,)
        Number of the group that a trajectory belongs to, from 0 without holes.
    """
    data = samples.data
    columns = evaluated(terms, data, samples.parts)
    usable = np.flatnonzero(columns.usable)
    kept = [terms[place] for place in usable.tolist()]
    scale, fields = columns.scale[usable], columns.reference[:, usable]
    plain = samples.plain.of(kept) / scale[:, None]
    middle = plain.mean(1, keepdims=True)
    plain = plain - middle
    counts = np.bincount(data.segment).astype(float)
    weights = (1.0 - 1.0 / counts)[data.segment]
    parts = [np.flatnonzero(groups[data.segment] == number) for number in range(groups.max() + 1)]

    def products(values: NDArray[np.float64]) -> NDArray[np.float64]:
        chosen = [(values[:, part], weights[part]) for part in parts]
        return np.stack([(own * weight) @ own.T for own, weight in chosen])

    right = plain.copy()
    squares = (1.0 - len(samples.moved) * _WEIGHT) * products(plain)
    for values in samples.moved:
        moved = values.of(kept) / scale[:, None] - middle
        right += _WEIGHT * (moved.real - plain)
        squares += _WEIGHT * (products(moved.real) - products(moved.imag))
    deviations = data.centred(right.T)
    noise = (products(right) - squares) / data.count
    within = np.stack([deviations[part].T @ deviations[part] for part in parts]) / data.count
    found = Moments(
        tuple(kept),
        scale,
        deviations,
        within,
        (noise + noise.transpose(0, 2, 1)) / 2.0,
        fields.T @ fields / len(data.points),
        fields,
    )
    share = np.einsum("gtt->t", found.noise)
    return found.of(np.flatnonzero(np.isfinite(share) & (share < _MOST_NOISE)))


def _rederived(states: NDArray[np.complex128], data: Observations) -> NDArray[np.complex128]:
    """States with the derived columns computed again."""
    for column, formula in data.dataset.derived:
        states[column] = Values(states).of([Term(formula.expression, 0, formula.values)])[0]
    return states
