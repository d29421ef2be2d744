"""The noise of one column, from differences of rising order over ever calmer stretches.

What the motion adds to them fades with the order, and with the share of stretches, calmest first,
that is kept. Of the estimates the surest is taken from which no less sure one lies significantly
down (after Lepski 1991, doi:10.1137/1135065): first an order, then a share of stretches, then the
order for these. Where the last ones still fall, no noise was seen, and the least of them is a
bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.noise.ladder import SHARES, Ladder, Rung, Stretches, degrees, rung_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.noise.ladder import Values

_MOST_ORDER = 12
"""Highest order of differences that is tried."""

_FEWEST_DEGREES, _FEWEST_CALM = 12.0, 50.0
"""Degrees of freedom that an estimate needs: from all stretches, and from some of them."""

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


@dataclass(frozen=True, eq=False)
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
    rungs : Rungs
        All estimates.
    """

    rung: Rung | None
    error: float
    seen: bool
    rungs: Rungs

    @cached_property
    def bound(self) -> float:
        """Two standard errors above an estimate, the least such."""
        return self.rungs.bound()


class Rungs:
    """The estimates of a column, by order and share of stretches, each made when asked for.

    Parameters
    ----------
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    """

    def __init__(self, ladder: Ladder, values: Values) -> None:
        self._ladder, self._values = ladder, values
        self._every: list[Stretches] = []
        for order in range(1, _MOST_ORDER + 1):
            stretches = ladder.stretches(order)
            if not stretches:
                break
            self._every += stretches
        self._sure = {
            (own.order, own.share): own
            for own in self._every
            if degrees(own.variance)
            >= (_FEWEST_DEGREES if own.share == SHARES[0] else _FEWEST_CALM)
        }
        self.orders = sorted({order for order, _ in self._sure})
        self.shares = sorted({share for _, share in self._sure})
        self._made: dict[tuple[int, float], Rung] = {}
        self._differences: dict[int, NDArray[np.float64]] = {}

    def get(self, order: int, share: float) -> Rung | None:
        """An estimate; None where there are too few samples for it."""
        own = self._sure.get((order, share))
        return None if own is None else self._made_of(own)

    def of(self, *, order: int | None = None, share: float | None = None) -> list[Rung]:
        """Those of an order, or of a share."""
        return [
            self._made_of(own)
            for own in self._sure.values()
            if order in (None, own.order) and share in (None, own.share)
        ]

    def bound(self) -> float:
        """Two standard errors above an estimate, the least such, of however few samples."""
        every = map(self._made_of, self._every)
        return min((one.scale + _BOUND * one.error for one in every), default=float("inf"))

    def _made_of(self, own: Stretches) -> Rung:
        key = own.order, own.share
        if key not in self._made:
            if own.order not in self._differences:
                self._differences[own.order] = self._ladder.differences(self._values, own.order)
            self._made[key] = rung_of(own, self._differences[own.order])
        return self._made[key]


def climb(ladder: Ladder, values: Values) -> Climb:
    """Estimate the noise of a column.

    Parameters
    ----------
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    """
    rungs = Rungs(ladder, values)
    whole = rungs.of(share=SHARES[0])
    if not whole:
        return Climb(None, 0.0, False, rungs)
    rung = _surest(whole)
    rung = _surest(rungs.of(order=rung.order))
    rung = _surest(rungs.of(share=rung.share))
    beyond = rungs.get(rung.order + _BEYOND, rung.share), rungs.get(rung.order, rung.share / 2)
    further = [one.scale for one in beyond if one is not None]
    fall = max(0.0, *(rung.scale - other for other in (rung.scale, *further)))
    return Climb(rung, float(np.hypot(rung.error, fall)), _settled(rung, rungs), rungs)


def _settled(rung: Rung, rungs: Rungs) -> bool:
    """Whether estimates fall no more: there are higher orders and calmer stretches beyond the
    chosen ones, or what lies before is hardly higher."""
    if rung.scale == 0.0 or len(rungs.orders) <= _BEYOND:
        return False
    before = rungs.get(rung.order - _BEYOND, rung.share)
    if rung.order + _BEYOND > rungs.orders[-1] and (
        before is None or before.scale > _GENTLE * rung.scale
    ):
        return False
    whole = rungs.get(rung.order, SHARES[0])
    last = rung.share == rungs.shares[0]
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
