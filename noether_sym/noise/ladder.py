"""Differences of rising order, over ever calmer stretches of a motion.

Differences of low order hold what the motion does between samples, and so do differences over
stretches where it is fast. How calm a stretch is comes from samples that were smoothed before:
noise in them is nearly independent of that in the differences, so that the choice does not bias
what is estimated from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from noether_sym.noise.differences import Differences
from noether_sym.noise.scale import robust_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = Sequence[NDArray[np.float64]]

SHARES = (1.0, 0.5, 0.25, 0.125)
"""Of stretches that are kept, the calmest."""

_COVERED = 0.5
"""Share of the samples that must lie in spans long enough for differences of an order."""

_KERNEL = np.array([1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0]) / 64.0
"""Weights of seven neighbours, binomial, that smooth a motion before its roughness is taken."""


@dataclass(frozen=True, eq=False)
class Span:
    """Samples along a trajectory without gaps.

    Attributes
    ----------
    trajectory : int
    rows : array of int, of shape (time,)
        Of the samples in their trajectory.
    times : array of shape (time,)
        At least two.
    roughness : array of shape (time,)
        How fast the motion turns about each sample; see `roughness`.
    """

    trajectory: int
    rows: NDArray[np.int64]
    times: NDArray[np.float64]
    roughness: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def differences(self) -> Differences:
        """Differences of values at the times."""
        return Differences(self.times)

    def kept(self, chosen: NDArray[np.bool_]) -> Span:
        """The same with chosen samples only, at least two."""
        arrays = (self.rows[chosen], self.times[chosen], self.roughness[chosen])
        return Span(self.trajectory, *arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Differences of one order that span little roughness.

    Attributes
    ----------
    order : int
    share : float
        Of all differences.
    chosen : array of bool, of shape (difference,)
    variance : float
        Of the logarithm of their scale.
    limit : float
        Roughness up to which they were chosen.
    """

    order: int
    share: float
    chosen: NDArray[np.bool_]
    variance: float
    limit: float


@dataclass(frozen=True, slots=True)
class Rung:
    """An estimate.

    Attributes
    ----------
    order : int
        Of the differences.
    share : float
        Of stretches that were kept.
    limit : float
        Roughness up to which they were kept.
    scale : float
    variance : float
        Of the logarithm of `scale`.
    """

    order: int
    share: float
    limit: float
    scale: float
    variance: float

    @property
    def error(self) -> float:
        """Standard error of `scale`."""
        return self.scale * float(np.sqrt(self.variance))


class Ladder:
    """Which differences of which order are looked at; columns share it.

    Parameters
    ----------
    spans : sequence of Span
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = tuple(spans)
        self._kept: dict[int, list[Stretches]] = {}
        self._calm: dict[tuple[int, float], Stretches | None] = {}
        self._inside: dict[int, NDArray[np.bool_]] = {}

    @cached_property
    def trajectories(self) -> dict[int, tuple[Ladder, tuple[int, ...]]]:
        """Of each trajectory, in order, a ladder of its own, and the places of its spans here."""
        places: dict[int, list[int]] = {}
        for place, span in enumerate(self.spans):
            places.setdefault(span.trajectory, []).append(place)
        return {
            trajectory: (Ladder([self.spans[place] for place in own]), tuple(own))
            for trajectory, own in sorted(places.items())
        }

    def differences(self, values: Values, order: int) -> NDArray[np.float64]:
        """Differences of a column, one array a span: (difference,), of the long spans joined."""
        pairs = zip(self.spans, values, strict=True)
        long = [(span.differences, own) for span, own in pairs if len(span) > order]
        if len(long) > 1 and all(differences.even for differences, _ in long):
            # of even steps all weights are alike: one call, but for what reads two spans
            joined = np.concatenate([own for _, own in long])
            return long[0][0].of_even(joined, order)[self._within_spans(order)]
        return np.concatenate([differences.of(own, order) for differences, own in long])

    def _within_spans(self, order: int) -> NDArray[np.bool_]:
        """Which differences of joined long spans read one of them only."""
        if order not in self._inside:
            lengths = [len(span) for span in self.spans if len(span) > order]
            inside = np.concatenate([np.arange(own) < own - order for own in lengths])
            self._inside[order] = inside[: len(inside) - order]
        return self._inside[order]

    def stretches(self, order: int) -> list[Stretches]:
        """All differences of an order, then ever calmer ones; none if most spans are short."""
        if order not in self._kept:
            self._kept[order] = self._choose(order)
        return self._kept[order]

    def within(self, order: int, limit: float) -> Stretches | None:
        """Differences that span no more roughness than a limit; None if there are none."""
        if (order, limit) not in self._calm:
            spans = [one for one in self.spans if len(one) > order]
            calm = [_spanned(one, order) <= limit for one in spans]
            self._calm[order, limit] = _chosen(spans, calm, order, limit)
        return self._calm[order, limit]

    def _choose(self, order: int) -> list[Stretches]:
        spans = [one for one in self.spans if len(one) > order]
        if not spans or sum(map(len, spans)) < _COVERED * sum(map(len, self.spans)):
            return []
        rough = [_spanned(one, order) for one in spans]
        ranked = np.sort(np.concatenate(rough))
        found = []
        for share in SHARES:
            limit = float(ranked[max(0, int(share * len(ranked)) - 1)])
            own = _chosen(spans, [each <= limit for each in rough], order, limit, share)
            if own is not None:
                found.append(own)
        return found


def estimate(ladder: Ladder, values: Values, order: int, limit: float) -> Rung | None:
    """The estimate from differences that span no more roughness than a limit.

    Returns
    -------
    Rung or None
        None where no difference is.
    """
    own = ladder.within(order, limit)
    return None if own is None else rung_of(own, ladder.differences(values, order))


def degrees(variance: float) -> float:
    """Independent samples that give the log of a standard deviation that variance."""
    return 0.5 / variance


def roughness(clock: NDArray[np.float64], states: NDArray[np.float64]) -> NDArray[np.float64]:
    """How fast a motion turns about each sample, after smoothing over seven of them.

    Parameters
    ----------
    clock : array of shape (time,)
    states : array of shape (time, column)
        Of like spread.

    Returns
    -------
    array of shape (time,)
        Largest second derivative of any column, nearby.
    """
    if len(clock) <= len(_KERNEL):
        return np.zeros(len(clock))
    reach = len(_KERNEL) // 2
    times = sliding_window_view(clock, len(_KERNEL)) @ _KERNEL
    smooth = sliding_window_view(states, len(_KERNEL), axis=0) @ _KERNEL
    slopes = np.diff(smooth, axis=0) / np.diff(times)[:, None]
    if len(slopes) < 2:
        return np.zeros(len(clock))
    turns = np.abs(np.diff(slopes, axis=0)).max(axis=1) / (times[2:] - times[:-2])
    turns = np.pad(turns, 2 * reach + 1, mode="edge")
    return np.asarray(sliding_window_view(turns, 2 * reach + 1).max(axis=1))


def _chosen(
    spans: Sequence[Span],
    masks: Sequence[NDArray[np.bool_]],
    order: int,
    limit: float,
    share: float = 1.0,
) -> Stretches | None:
    count = sum(int(own.sum()) for own in masks)
    if not count:
        return None
    if all(one.differences.even for one in spans):
        # of even steps the variance goes by pairs alone, here of all spans with gaps between
        apart = np.concatenate([np.pad(own, (0, order)) for own in masks])
        total = spans[0].differences.variance(order, apart)
    else:
        pairs = zip(spans, masks, strict=True)
        total = sum(one.differences.variance(order, own) for one, own in pairs)
    return Stretches(order, share, np.concatenate(masks), total / count**2, limit)


def rung_of(own: Stretches, differences: NDArray[np.float64]) -> Rung:
    """The estimate from stretches, given all differences of their order."""
    scale = robust_scale(differences[own.chosen])
    return Rung(own.order, own.share, own.limit, scale, own.variance)


def _spanned(span: Span, order: int) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(span.roughness, order + 1)
    return np.asarray(windows.max(axis=1))
