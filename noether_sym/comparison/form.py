"""The same law in another form: whether a formula can be written as another one, and how.

Two formulas say the same if one is a function of the other: if their gradients are parallel
everywhere. ``cos(q) - 0.41*p**2`` is ``p**2 - 2.44*cos(q)``, and so is its square. A law of one
run is therefore written in the form of another by the constants that make the gradient of that
form parallel to its own; a factor, an offset and any other function of the whole drop out by
themselves. Errors follow by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from noether_sym.laws.law import Law

_POINTS = 200
_LEAST = 20
"""Points at which gradients are compared, and the fewest at which they must be defined."""

_PARALLEL = 1e-6
"""Largest sine between gradients that are parallel, at nine points of ten."""

_STEP = 1e-5
"""Of the difference quotients, relative to the constant."""

_DEPENDENT = 1e-6
"""Least part of a constant's effect that the effects of others do not stand for."""


@dataclass(frozen=True, slots=True)
class Side:
    """A law of a run beside the columns of all runs.

    Attributes
    ----------
    law : Law
    columns : tuple of int
        Place of each of its inputs among the compared columns; -1 for what no other run has.
    factors, offsets : array of shape (compared column,)
        ``value in the law's unit = factor * value in the compared unit + offset``.
    """

    law: Law
    columns: tuple[int, ...]
    factors: NDArray[np.float64]
    offsets: NDArray[np.float64]

    @property
    def reads(self) -> frozenset[int]:
        """The compared columns that the law reads."""
        return frozenset(self.columns[place] for place in self.law.expression.inputs)

    def spelled_as(self, other: Side) -> bool:
        """Whether both are the same formula of the same columns, but for constants."""
        tree = self.law.expression
        return tree == other.law.expression and all(
            self.columns[place] == other.columns[place] for place in tree.inputs
        )

    @property
    def converted(self) -> bool:
        """Whether the law's units are not those of the comparison."""
        used = list(self.reads)
        return bool((self.factors[used] != 1).any() or (self.offsets[used] != 0).any())

    def gradient(
        self, values: NDArray[np.float64], points: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gradient by the compared columns, (point, column), with constants by slot."""
        own = points * self.factors + self.offsets
        inputs = [
            own[:, place] if place >= 0 else np.full(len(own), np.nan) for place in self.columns
        ]
        _, slopes = self.law.expression.gradient(np, inputs, list(values))
        found = np.zeros_like(points)
        for column, place in enumerate(self.columns):
            if column in self.law.expression.inputs and place >= 0:
                found[:, place] = slopes[column] * self.factors[place]
        return found


@dataclass(frozen=True, slots=True)
class Written:
    """The constants of a law in the form of another.

    Attributes
    ----------
    values : array of shape (parameter of the form,)
    slopes : array of shape (parameter of the form, parameter of the law)
        Derivatives of `values` by the law's own constants.
    free : tuple of int
        Slots of the form that the law determines; the others, such as a factor of everything,
        keep the value that they have in the form.
    same : bool
        Whether the law has this form already.
    """

    values: NDArray[np.float64]
    slopes: NDArray[np.float64]
    free: tuple[int, ...]
    same: bool


def points_within(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points in a box, the same ones each time: (point, column)."""
    return np.random.default_rng(0).uniform(low, high, (_POINTS, len(low)))


class Form:
    """A law as a form in which others may be written.

    Parameters
    ----------
    side : Side
    points : array of shape (point, column)
        At which gradients are compared.
    """

    def __init__(self, side: Side, points: NDArray[np.float64]) -> None:
        self.side = side
        self.points = points
        self._spans = np.ptp(points, axis=0)
        self._values = np.array(side.law.values)
        with np.errstate(all="ignore"):
            self._free = self._determined()

    @property
    def free(self) -> tuple[int, ...]:
        """Slots that a gradient determines."""
        return self._free

    def written(self, other: Side) -> Written | None:
        """The constants of another law in this form; None if it cannot be written so."""
        reads = self.side.reads
        if other.reads != reads or -1 in reads:
            return None
        with np.errstate(all="ignore"):
            return self._written(other)

    def _written(self, other: Side) -> Written | None:
        own = np.array(other.law.values)
        free = list(self._free)
        alike = other.spelled_as(self.side)
        same = alike and not (other.converted or self.side.converted)
        if same and len(free) == len(own):
            return Written(own, np.eye(len(own)), self._free, same=True)
        starts = [self._values[free]]
        if alike:
            starts.insert(0, own[free])
        linear = self._nearest(other, own)
        if linear is not None:
            starts.insert(0, linear)
        best: tuple[float, NDArray[np.float64]] | None = None
        for start in starts:
            found = self._solved(other, own, start)
            if best is None or found[0] < best[0]:
                best = found
            if best[0] <= _PARALLEL / 100:
                break
        assert best is not None
        if not best[0] <= _PARALLEL:
            return None
        values = best[1]
        slopes = np.zeros((len(self._values), len(own)))
        if free and len(own):
            by_form = self._slopes(lambda c: self._apart(c, other, own), values[free])
            by_own = self._slopes(lambda c: self._apart(values[free], other, c), own)
            slopes[free] = -np.linalg.lstsq(by_form, by_own, rcond=None)[0]
        return Written(values, slopes, self._free, same=False)

    def _whole(self, free: NDArray[np.float64]) -> NDArray[np.float64]:
        values = self._values.copy()
        values[list(self._free)] = free
        return values

    def _gradients(
        self, side: Side, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Gradients in spans of the columns, and their lengths: (point, column), (point, 1)."""
        found = side.gradient(values, self.points) * self._spans
        return found, np.linalg.norm(found, axis=1, keepdims=True)

    def _apart(
        self, free: NDArray[np.float64], other: Side, own: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """What of the form's gradient is not along the other's, over its length; flat."""
        mine, length = self._gradients(self.side, self._whole(free))
        theirs, long = self._gradients(other, own)
        unit = theirs / long
        return ((mine - (mine * unit).sum(axis=1, keepdims=True) * unit) / length).ravel()

    def _solved(
        self, other: Side, own: NDArray[np.float64], start: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]]:
        """The sine that nine gradients of ten keep within, at the best constants from a start."""
        first = self._apart(start, other, own)
        kept = np.isfinite(first)
        if kept.reshape(len(self.points), -1).all(axis=1).sum() < _LEAST:
            return np.inf, self._whole(start)

        def rest(free: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.nan_to_num(self._apart(free, other, own)[kept], nan=1.0, posinf=1.0)

        found = start
        if len(start):
            scale = np.where(start == 0, 1.0, np.abs(start))
            found = least_squares(
                rest, start, x_scale=scale, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=100
            ).x
        rows = self._apart(found, other, own).reshape(len(self.points), -1)
        sines = np.linalg.norm(rows, axis=1)
        sines = sines[np.isfinite(sines)]
        if len(sines) < _LEAST:
            return np.inf, self._whole(found)
        return float(np.quantile(sines, 0.9)), self._whole(found)

    def _nearest(self, other: Side, own: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Constants by one linear step: the solution where the form is linear in them."""
        free = list(self._free)
        theirs, long = self._gradients(other, own)
        unit = theirs / long

        def across(values: NDArray[np.float64]) -> NDArray[np.float64]:
            mine, _ = self._gradients(self.side, self._whole(values))
            return (mine - (mine * unit).sum(axis=1, keepdims=True) * unit).ravel()

        start = self._values[free]
        rest, slopes = across(start), self._slopes(across, start)
        kept = np.isfinite(rest) & np.isfinite(slopes).all(axis=1)
        scale = np.where(start == 0, 1.0, np.abs(start))
        if not len(free) or kept.sum() < _LEAST:
            return None
        step = np.linalg.lstsq(slopes[kept] * scale, -rest[kept], rcond=None)[0] * scale
        return np.asarray(start + step) if np.isfinite(step).all() else None

    @staticmethod
    def _slopes(function: object, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Central difference quotients: (value, constant)."""
        assert callable(function)
        columns = []
        for place in range(len(at)):
            step = np.zeros(len(at))
            step[place] = _STEP * (abs(at[place]) or 1.0)
            rise = function(at + step) - function(at - step)
            columns.append(rise / (2 * step[place]))
        return np.stack(columns, axis=1) if columns else np.zeros((len(function(at)), 0))

    def _determined(self) -> tuple[int, ...]:
        """Slots that turn the gradient, of several that do the same the later ones."""
        count = len(self._values)
        self._free = tuple(range(count))
        rows = self._slopes(lambda c: self._apart(c, self.side, self._values), self._values)
        rows = rows[np.isfinite(rows).all(axis=1)] * np.abs(self._values)
        basis: list[NDArray[np.float64]] = []
        free = []
        for slot in reversed(range(count)):
            rest = rows[:, slot].copy()
            length = float(np.linalg.norm(rest))
            for _ in range(2):  # once more for what rounding leaves
                for known in basis:
                    rest -= (rest @ known) * known
            left = float(np.linalg.norm(rest))
            if length > _DEPENDENT and left > _DEPENDENT * length:
                free.append(slot)
                basis.append(rest / left)
        return tuple(reversed(free))
