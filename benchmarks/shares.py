"""What a listed law is worth, by values on noiseless trajectories: for data with noise.

`benchmarks.scoring` asks whether a law holds down to rounding, which no law found in noisy data
does. Here a law is *false* if on fresh noiseless trajectories it changes by more than the table
of verdicts lets a law change, and *mistaken* if by less than that but more than its constants'
errors explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.scoring import SINE as EXACT
from benchmarks.scoring import Quantity, Truth, directions, independent, sine
from noether_sym.laws.law import Law

Array = NDArray[np.float64]

FALSE = 0.1
"""Largest standard deviation along fresh trajectories of a law, over that between them."""

MISTAKEN = 0.02
"""The same of a law whose formula is right, up to the errors of its constants."""

SINE = 1e-2
"""As `benchmarks.scoring.SINE`, for laws whose constants carry noise: an angle of .1.

An error of 5 % in a constant turns a gradient by up to about .05.
"""

_SAME = 1e-3
"""Standard deviations of a law along and between trajectories, over that on shuffled columns,
up to which it has one value on all."""

_ALIKE = 1e-2
"""Singular value of unit gradients below which they span no more: two of them .014 rad apart."""

_SEED = 1_000
"""Of the shuffled columns that the spread of a law is taken from."""


def share(law: Quantity, parts: Sequence[Array]) -> float:
    """Standard deviation along trajectories over that between their means; inf if undefined."""
    along, between, _ = _spreads(law, parts)
    if not (np.isfinite(along) and np.isfinite(between)):
        return float("inf")
    return along / between if between > 0 else (float("inf") if along > 0 else 0.0)


def same(law: Quantity, parts: Sequence[Array]) -> bool:
    """Whether a quantity has one value on all trajectories: a constraint."""
    along, between, natural = _spreads(law, parts)
    return bool(max(along, between) <= _SAME * natural)


def _spreads(law: Quantity, parts: Sequence[Array]) -> tuple[float, float, float]:
    """Along trajectories, between them, and of shuffled columns (the middle half)."""
    states = np.concatenate(list(parts))
    generator = np.random.default_rng(_SEED)
    shuffled = np.stack([generator.permutation(column) for column in states.T], -1)
    with np.errstate(all="ignore"):
        values = [law(part) for part in parts]
        along = float(np.sqrt(np.mean([own.var() for own in values])))
        between = float(np.std([own.mean() for own in values]))
        low, high = np.quantile(law(shuffled), (0.25, 0.75))
    return along, between, float(high - low) / 1.349


def half_life(
    law: Quantity, times: Array, parts: Sequence[Array], rest: Array | None
) -> tuple[float, float, float] | None:
    """Half life of a quantity along noiseless trajectories; of a growth, the doubling time.

    Parameters
    ----------
    law : Quantity
    times : array of shape (time,)
    parts : sequence of arrays of shape (time, column)
    rest : array of shape (column,), optional
        Where the system comes to rest; without it the quantity decays to, or grows from, 0.

    Returns
    -------
    tuple of float, or None
        That of all trajectories together, each weighted by the mean square of its distance from
        the value at rest, as least squares weight them; the smallest and the largest of single
        trajectories. From slopes of the logarithm; None where they are not defined.
    """
    end = 0.0 if rest is None else float(law(rest[None])[0])
    distances = [np.abs(law(part) - end) for part in parts]
    distances = [own for own in distances if np.isfinite(own).all() and (own > 0).all()]
    if not distances:
        return None
    slopes = np.array([np.polyfit(times, np.log(own), 1)[0] for own in distances])
    rate = abs(np.average(slopes, weights=[np.mean(own**2) for own in distances]))
    if not rate > 0:
        return None
    own = np.log(2.0) / np.maximum(np.abs(slopes), 1e-300)
    return float(np.log(2.0) / rate), float(own.min()), float(own.max())


def reached(laws: Sequence[Quantity], truth: Truth) -> tuple[int, int, list[str]]:
    """How many independent laws are known, how many were found, and which were not.

    Found are the directions that the spans of the gradients of both have in common: the
    principal angles between them (Bjoerck and Golub 1973, doi:10.1090/S0025-5718-1973-0348991-3)
    whose squared sine is below `SINE`, in the median over points.
    """
    known, slopes = (directions(own, truth) for own in (truth.known, laws))
    size = independent(known, EXACT)
    missing = [
        law.text() for law, own in zip(truth.known, known, strict=True) if sine(own, slopes) >= SINE
    ]
    if not size or not slopes:
        return size, 0, missing
    cosines = np.linalg.svd(np.swapaxes(_basis(known), 1, 2) @ _basis(slopes), compute_uv=False)
    common = (cosines**2 > 1 - SINE).sum(-1)
    return size, min(size, int(np.median(common))), missing


def _basis(slopes: Sequence[Array]) -> Array:
    """Orthonormal directions of a span at each point: (sample, direction, number), some 0."""
    left, values, _ = np.linalg.svd(np.stack(slopes, -1), full_matrices=False)
    return np.asarray(left * (values > _ALIKE)[:, None, :])


@dataclass(frozen=True)
class Constant:
    """A constant that was found, beside the true one.

    Attributes
    ----------
    value, truth : float
    error : float or None
        Its standard error, where the coefficient is a constant of the formula by itself.
    degrees : float or None
        Degrees of freedom of the error.
    """

    value: float
    truth: float
    error: float | None
    degrees: float | None = None


def constants(found: Law, known: Law) -> list[Constant] | None:
    """Coefficients of a found law beside those of a known one.

    Both are written as sums, over the coefficient of one term, and an added constant is left
    out.

    Returns
    -------
    list of Constant, or None
        None where they are not sums of the same terms.
    """
    import sympy

    own, true = (
        {
            term: number
            for term, number in sympy.expand(law.sympy()).as_coefficients_dict().items()
            if term.free_symbols
        }
        for law in (found, known)
    )
    if set(own) != set(true) or not own:
        return None
    terms = sorted(own, key=sympy.default_sort_key)
    exact = [term for term in terms if own[term].is_Rational]
    first = max(exact or terms, key=lambda term: abs(float(true[term])))
    errors = {abs(one.value): (one.stderr, one.degrees) for one in found.parameters}
    rows = []
    for term in terms:
        if term == first or (own[term] / own[first]).is_Rational:
            continue  # it was not estimated
        value = float(own[term] / own[first])
        near = [error for size, error in errors.items() if np.isclose(size, abs(value), rtol=1e-9)]
        rows.append(Constant(value, float(true[term] / true[first]), *(near or [(None, None)])[0]))
    return rows
