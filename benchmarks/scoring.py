"""Judge what was found by gradients and by values on fresh trajectories, never by its text.

A known law is *found* if its gradient lies in the span of the gradients of what was found and is
true. What was found is *true* if it is constant along trajectories that the search has not seen,
down to the numerical floor, and *false* otherwise. A function of laws is true and adds nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FLOOR = 1e-15
"""Largest variance ratio of a law on fresh trajectories without noise.

Laws of textbooks come to 1e-19 and below, and what rich libraries feign to 1e-14 and above.
"""

SINE = 1e-6
"""Largest mean squared sine between the gradient of a known law and the span of the found."""

_POINTS = 400
"""States at which gradients are compared, or more, up to twice as many."""

_SEED = 1_000
"""Of the shuffled columns that the spread of a law is taken from."""


class Quantity(Protocol):
    """What can be judged: a law, or a sum of terms."""

    def __call__(self, states: Array) -> Array: ...

    def gradient(self, states: Array) -> Array: ...

    def text(self) -> str: ...


@dataclass(frozen=True)
class Truth:
    """What is known of a system.

    Attributes
    ----------
    known : sequence of Quantity
        They may depend on each other.
    fresh : sequence of array (time, column)
        States along trajectories that no search has seen.
    floor, sine : float
        As `FLOOR` and `SINE`.
    window : int, optional
        Samples within which laws are conserved, of measured data; None for trajectories.
    tangent : callable, optional
        ``tangent(states)``: at states (sample, column) the directions (sample, direction,
        column) in which the data can move, where columns follow from others or are parameters.
    complete : bool
        Whether `known` is all there is, so that what is not in its span is false. For data
        whose equations are not at hand: there are no fresh trajectories to decide it.
    """

    known: Sequence[Quantity]
    fresh: Sequence[Array]
    floor: float = FLOOR
    sine: float = SINE
    window: int | None = None
    tangent: Callable[[Array], Array] | None = None
    complete: bool = False


@dataclass(frozen=True)
class Score:
    """How a search did.

    Attributes
    ----------
    known, found : int
        Functionally independent laws that are known, and how many of them are in the span of
        what was found.
    more : int
        Independent true laws beyond those that are known.
    true : tuple of bool
        Of each quantity that was found.
    ratios : tuple of float
        Of each, on fresh trajectories; inf where it does not vary at all.
    missing : tuple of int
        Known laws that are not in the span of the found ones.
    """

    known: int
    found: int
    more: int
    true: tuple[bool, ...]
    ratios: tuple[float, ...]
    missing: tuple[int, ...]

    @property
    def false(self) -> int:
        """Number of quantities that are no laws."""
        return len(self.true) - sum(self.true)


def score(found: Sequence[Quantity], truth: Truth) -> Score:
    """Judge what was found.

    Parameters
    ----------
    found : sequence of Quantity
    truth : Truth
    """
    known, slopes = (directions(own, truth) for own in (truth.known, found))
    ratios = [fresh_ratio(own, truth.fresh, truth.window) for own in found]
    if truth.complete:
        true = [sine(own, known) < truth.sine for own in slopes]
    else:
        true = [ratio < truth.floor for ratio in ratios]
    laws = [own for own, is_true in zip(slopes, true, strict=True) if is_true]
    size, reached, together = (
        independent(own, truth.sine) for own in (known, laws, [*known, *laws])
    )
    missing = [number for number, own in enumerate(known) if sine(own, laws) >= truth.sine]
    return Score(
        known=size,
        found=size + reached - together,
        more=together - size,
        true=tuple(true),
        ratios=tuple(ratios),
        missing=tuple(missing),
    )


def fresh_ratio(law: Quantity, fresh: Sequence[Array], window: int | None = None) -> float:
    """Variance of a quantity along trajectories over its spread on shuffled columns.

    The spread is that of the middle half of the values, as a variance of a Gaussian: a pole
    on one shuffled sample does not make it large. inf where the quantity does not vary at all.
    """
    states = np.concatenate(list(fresh))
    generator = np.random.default_rng(_SEED)
    shuffled = np.stack([generator.permutation(column) for column in states.T], -1)
    with np.errstate(all="ignore"):
        low, high = np.quantile(law(shuffled), (0.25, 0.75))
        spread = float((high - low) / 1.349) ** 2
        parts = [part for one in fresh for part in _parts(law(one), window)]
        within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
        size = float(np.max(np.abs(law(states))))
    freedom = sum(len(part) - 1 for part in parts)
    if not spread > (1e-12 * size) ** 2:
        return float("inf")
    ratio = within / freedom / spread
    return ratio if np.isfinite(ratio) else float("inf")


def _parts(values: Array, window: int | None) -> list[Array]:
    """Windows of a trajectory; the rest joins the last."""
    count = 1 if window is None else max(1, len(values) // window)
    edges = [part * (window or 0) for part in range(count)] + [len(values)]
    return [values[begin:end] for begin, end in itertools.pairwise(edges)]


def directions(laws: Sequence[Quantity], truth: Truth) -> list[Array]:
    """Unit gradients, in columns of unit spread and along the tangent, at points of fresh data.

    Returns
    -------
    list of arrays of shape (sample, direction)
    """
    states = np.concatenate(list(truth.fresh))
    points = states[:: max(1, len(states) // _POINTS)]
    spread = states.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    tangent = None if truth.tangent is None else truth.tangent(points)
    if tangent is not None:
        spread = np.sqrt(np.mean((tangent * spread) ** 2, axis=(0, 2)))
    result = []
    for law in laws:
        with np.errstate(all="ignore"):
            slopes = law.gradient(points)
            if tangent is not None:
                slopes = np.einsum("sdc,sc->sd", tangent, slopes)
            slopes = slopes * spread
            length = np.linalg.norm(slopes, axis=-1, keepdims=True)
            result.append(np.where((length > 0) & np.isfinite(length), slopes / length, 0.0))
    return result


def sine(own: Array, others: Sequence[Array]) -> float:
    """Mean squared sine between gradients and the span of others, at the same points."""
    if not others:
        return 1.0
    basis = np.stack(others, axis=-1)
    left, values, _ = np.linalg.svd(basis, full_matrices=False)
    left = left * (values > 1e-4)[:, None, :]
    rest = own - np.einsum("sdk,sek,se->sd", left, left, own)
    return float(np.mean((rest**2).sum(-1)))


def independent(slopes: Sequence[Array], sine: float) -> int:
    """Number of functionally independent quantities: the rank of their gradients, its median."""
    if not slopes:
        return 0
    return int(np.median(np.linalg.matrix_rank(np.stack(slopes, 1), tol=np.sqrt(sine))))
