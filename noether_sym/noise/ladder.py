"""The noise of one column: differences of rising order, over ever calmer stretches.

Differences of low order hold what the motion does between samples, and so do differences over
stretches where it is fast. Both fade: with the order, and with the share of stretches, calmest
first, that is kept. How calm a stretch is comes from samples that were smoothed before: noise
in them is nearly independent of that in the differences, so that the choice does not bias the
estimate. Of the estimates the surest is taken from which no less sure one lies significantly
down (after Lepski 1991, doi:10.1137/1135065): first an order, then a share of stretches, then
the order for these. Where the last ones still fall, no noise was seen, and the least of them is
a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

_MOST_ORDER = 12
_SHARES = (1.0, 0.5, 0.25, 0.125)
_FEWEST_DEGREES, _FEWEST_CALM = 12.0, 50.0
"""Degrees of freedom that an estimate needs: from all stretches, and from some of them."""

_COVERED = 0.5
_BEYOND = 2
"""Orders above the chosen one that must agree with it."""

_FALL = 2.5
"""Standard errors by which an estimate must lie below another to be called lower."""

_BOUND = 2.0
"""Standard errors above an estimate up to which noise may hide."""

_GENTLE = 1.2
"""Ratio of estimates of orders two apart up to which the higher is called settled."""

_MUCH = 1.5
"""Ratio of the estimate from all stretches to that from the calmest few, up to which these are
calm enough."""

_SHARED = 0.2
"""Least variance of the difference of two estimates, over that of the less sure one."""

_KERNEL = np.array([1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0]) / 64.0


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


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """What the estimates of a column say together.

    Attributes
    ----------
    rung : Rung or None
        The one that was chosen; None where there are too few samples for any.
    error : float
        Standard error of its scale, with how much lower the estimates a step further are.
    seen : bool
        Whether estimates stopped falling, so that it is noise.
    bound : float
        Two standard errors above an estimate, the least such.
    """

    rung: Rung | None
    error: float
    seen: bool
    bound: float


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
        for share in _SHARES:
            limit = float(ranked[max(0, int(share * len(ranked)) - 1)])
            own = _chosen(spans, [each <= limit for each in rough], order, limit, share)
            if own is not None:
                found.append(own)
        return found


def climb(ladder: Ladder, values: Values) -> Climb:
    """Estimate the noise of a column.

    Parameters
    ----------
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    """
    rungs: dict[tuple[int, float], Rung] = {}
    bound = float("inf")
    for order in range(1, _MOST_ORDER + 1):
        stretches = ladder.stretches(order)
        if not stretches:
            break
        differences = ladder.differences(values, order)
        for own in stretches:
            rung = _rung(own, differences)
            bound = min(bound, rung.scale + _BOUND * rung.error)
            least = _FEWEST_DEGREES if own.share == _SHARES[0] else _FEWEST_CALM
            if degrees(rung.variance) >= least:
                rungs[order, own.share] = rung
    whole = [one for one in rungs.values() if one.share == _SHARES[0]]
    if not whole:
        return Climb(None, 0.0, False, bound)
    rung = _surest(whole)
    rung = _surest(one for one in rungs.values() if one.order == rung.order)
    rung = _surest(one for one in rungs.values() if one.share == rung.share)
    further = [
        one.scale
        for key in ((rung.order + _BEYOND, rung.share), (rung.order, rung.share / 2))
        if (one := rungs.get(key)) is not None
    ]
    fall = max(0.0, *(rung.scale - other for other in (rung.scale, *further)))
    return Climb(rung, float(np.hypot(rung.error, fall)), _settled(rung, rungs), bound)


def estimate(ladder: Ladder, values: Values, order: int, limit: float) -> Rung | None:
    """The estimate from differences that span no more roughness than a limit.

    Returns
    -------
    Rung or None
        None where no difference is.
    """
    own = ladder.within(order, limit)
    return None if own is None else _rung(own, ladder.differences(values, order))


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


def _rung(own: Stretches, differences: NDArray[np.float64]) -> Rung:
    scale = robust_scale(differences[own.chosen])
    return Rung(own.order, own.share, own.limit, scale, own.variance)


def _spanned(span: Span, order: int) -> NDArray[np.float64]:
    windows = np.lib.stride_tricks.sliding_window_view(span.roughness, order + 1)
    return np.asarray(windows.max(axis=1))


def _settled(rung: Rung, rungs: dict[tuple[int, float], Rung]) -> bool:
    """Whether estimates fall no more: there are higher orders and calmer stretches beyond the
    chosen ones, or what lies before is hardly higher."""
    if rung.scale == 0.0 or len({order for order, _ in rungs}) <= _BEYOND:
        return False
    before = rungs.get((rung.order - _BEYOND, rung.share))
    if rung.order + _BEYOND > max(order for order, _ in rungs) and (
        before is None or before.scale > _GENTLE * rung.scale
    ):
        return False
    whole = rungs.get((rung.order, _SHARES[0]))
    last = rung.share == min(share for _, share in rungs)
    return whole is None or not last or whole.scale <= _MUCH * rung.scale


def _surest(rungs: Iterable[Rung]) -> Rung:
    """The surest estimate from which no less sure one lies significantly down."""
    ranked = sorted(rungs, key=lambda one: one.variance)
    return next(
        one
        for place, one in enumerate(ranked)
        if not any(_lower(other, one) for other in ranked[place + 1 :])
    )


def _lower(other: Rung, rung: Rung) -> bool:
    """Whether an estimate lies significantly below a surer one."""
    apart = max(other.variance - rung.variance, _SHARED * other.variance)
    return rung.scale - other.scale > _FALL * rung.scale * float(np.sqrt(apart))
