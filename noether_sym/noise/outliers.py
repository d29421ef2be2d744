"""Samples far from where their neighbours, without them, go smoothly."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.noise.differences import Differences
from noether_sym.noise.ladder import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 1e-3
"""Probability that noise alone makes an outlier anywhere in the data."""

MOST = 0.1
"""Share of the samples of a piece up to which outliers are few."""

_QUIET = 3.5
"""Score up to which the samples around a removed outlier are noise, a hundred of them."""

_SMOOTHER = 1e-3
"""Share of an outlier that what is left without it may have of noise, where this is less."""

_STEPS = 3.0
"""The largest step between the samples near an end, so many times: an end that is off by less may
be a motion that bends there."""

_REACH = 3
"""Times the order: samples to each side of a removed outlier that must be noise."""

_CALM = 1.5
"""Root mean square of the differences around a removed outlier, over that of noise."""


def find_outliers(
    span: Span,
    values: NDArray[np.float64],
    order: int,
    scale: float,
    threshold: float,
    *,
    least: float = 0.0,
    ends: int = 0,
) -> list[tuple[int, float]]:
    """Find samples without which a column is smooth, largest first.

    A sample counts where it alone is off: what is left without it must be noise. Steps, and
    motions faster than the samples over several of them, do not; nor does an end that is off by
    no more than a few of the steps near it.

    Parameters
    ----------
    span : Span
    values : array of shape (time,)
    order : int
        Of differences that hold noise only.
    scale : float
        Standard deviation of the noise, not 0.
    threshold : float
        Standard deviations beyond which noise is not expected.
    least : float
        Samples that are off by less are not looked at.
    ends : int
        Samples at both ends that are not looked at: there a motion can bend as well.

    Returns
    -------
    list of (int, float)
        Place of the sample in the span, and how many standard deviations it is off.
    """
    found: list[tuple[int, float]] = []
    passed = np.zeros(len(values), dtype=bool)
    most = 1 + int(MOST * len(values))
    while len(found) + int(passed.sum()) < 2 * most and len(found) < most:
        kept = np.ones(len(values), dtype=bool)
        kept[[place for place, _ in found]] = False
        if kept.sum() <= order + 1:
            break
        places = np.flatnonzero(kept)
        left = span.kept(kept) if found else span
        score, offset = _scores(left.differences, values[kept], order, scale)
        skipped = passed[places] | (places < ends) | (places >= len(values) - ends)
        score[skipped | (np.abs(offset) < least)] = 0.0
        best = int(np.argmax(np.abs(score)))
        if abs(score[best]) <= threshold:
            break
        around = slice(max(0, best - _REACH * order), best + _REACH * order + 1)
        near = places[around]
        near = near[near != places[best]]
        quiet = max(scale, _SMOOTHER * abs(float(offset[best])))
        bends = min(places[best], len(values) - 1 - places[best]) < order and (
            abs(offset[best]) <= _STEPS * np.abs(np.diff(values[near])).max(initial=0.0)
        )
        if not bends and _smooth(span, values, near, order, quiet):
            found.append((int(places[best]), float(offset[best] / scale)))
        else:
            passed[places[best]] = True
    return found


def _smooth(
    span: Span,
    values: NDArray[np.float64],
    places: NDArray[np.int64],
    order: int,
    scale: float,
) -> bool:
    """Whether samples show noise only."""
    if len(places) <= order + 1:
        return False
    inside = values[places]
    differences = (
        _at_even_steps(tuple((places - places[0]).tolist()))
        if span.differences.even
        else Differences(span.times[places])
    )
    left = differences.of(inside, order)
    if float(np.sqrt(np.mean(left**2))) > _CALM * scale:
        return False
    score, _ = _scores(differences, inside, order, scale)
    return bool((np.abs(score) <= _QUIET).all())


@lru_cache(maxsize=256)
def _at_even_steps(places: tuple[int, ...]) -> Differences:
    """Differences of some of the samples that have even steps: many windows are alike."""
    return Differences(np.array(places, dtype=np.float64))


def _scores(
    differences: Differences, values: NDArray[np.float64], order: int, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How unlikely each sample is, in standard deviations, and how far it is off by itself.

    With D the differences as a matrix and G = D'D, an offset of sample k alone makes G's
    column k of the differences; the score is (G y)_k over the noise's share in it.
    """
    pulled = differences.adjoint(differences.of(values, order), order)
    own, noise = differences.single(order)
    return pulled / (scale * noise), pulled / own
