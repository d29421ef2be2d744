"""What path an object takes: a circle, a line, or neither; and where it is along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from noether_sym.track.ellipse import ellipse_of
from noether_sym.track.lost import OF_MEDIAN, noise_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]
    """Positions of shape (frame, 2): pixels to the right, and downwards."""

Kind = Literal["circle", "line", "plane"]
KINDS: tuple[Kind, ...] = ("circle", "line", "plane")

_THIN = 0.02
"""Width over length up to which a path may be a line, if noise does not tell it from one."""

_BENT = 6.0
"""Standard errors from which on a path is bent."""

_ROUND = 0.06
"""Distance from a circle, over how far the path is bent, up to which it is one."""

_OWN_NOISE = 3.0
"""Noises up to which what lies off a curve is noise."""

_FLIGHT = 2.5
"""Noises up to which a free flight fits."""

_NEARER = 0.8
"""Share of what lies off a free flight, up to which a circle is taken in its place."""

_HALF_TURN = np.pi
"""Of a turn, what a circle must cover to be taken where a free flight fits as well: what flies
turns by less."""

_ROUNDS = 1.5 * np.pi
"""Of a turn, what an object covers that goes round, so that an ellipse is told from a circle."""

_SQUASHED = 0.97
"""Axis over axis below which an ellipse is no circle filmed a little askew (14 degrees)."""

_DRIFTS = (0, 1, 2, 3)
"""Degrees in time of the drift of a circle's centre."""

_GAIN = 0.8
"""Share to which a degree more must bring what lies off the circle."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The path of an object, and how well it fits.

    Attributes
    ----------
    kind : str
        ``circle``, ``line`` or ``plane``, which is neither.
    origin : array of shape (degree + 1, 2)
        Centre of the circle, or middle of the line, in pixels to the right and downwards:
        factors of Legendre polynomials of the time, from -1 at the first to 1 at the last
        frame. More than one where the camera or the support drifts.
    radius, radius_error : float
        Pixels; 0 for what is no circle. The standard error takes distances as independent.
    direction : array of shape (2,)
        Along the line, to the right, or upwards where it is nearly upright; 0 for what is none.
    off : float
        Root mean square distance from the curve, in pixels.
    noise : float
        Standard deviation of the noise of a coordinate, in pixels.
    reason : str
        What decided, in words.
    """

    kind: Kind
    origin: NDArray[np.float64]
    radius: float
    radius_error: float
    direction: NDArray[np.float64]
    off: float
    noise: float
    reason: str

    def centres(self, times: NDArray[np.float64]) -> Points:
        """The origin at each time of the whole video: (frame, 2)."""
        return _basis(times, len(self.origin) - 1) @ self.origin

    @property
    def drift(self) -> float:
        """How far the origin moves, in pixels."""
        ends = np.polynomial.legendre.legval([-1.0, 1.0], self.origin)
        return float(np.linalg.norm(ends[:, 1] - ends[:, 0]))

    def along(self, times: NDArray[np.float64], places: Points, height: float) -> Points:
        """Coordinates along the path: (frame, 1), or (frame, 2) where it is neither.

        Angles are counted from downwards in the picture, positive to the right, and unwrapped;
        distances in pixels along the line; x and y in pixels from the lower left corner.
        """
        apart = places - self.centres(times)
        if self.kind == "circle":
            return np.unwrap(np.arctan2(apart[:, 0], apart[:, 1]))[:, None]
        if self.kind == "line":
            return (apart @ self.direction)[:, None]
        return np.stack([places[:, 0], height - places[:, 1]], axis=-1)


def path_of(times: NDArray[np.float64], places: Points, kind: Kind | None = None) -> Path:
    """Fit a path to positions, robustly, and tell what it is.

    It is a line where it is not bent beyond its noise; a circle where what lies off the circle
    is noise or little beside the bend, and neither a free flight nor, where the object goes
    round, an ellipse fits instead; neither else.

    Parameters
    ----------
    times : array of shape (frame,)
    places : array of shape (frame, 2)
        Pixels.
    kind : str, optional
        Take this one, whatever fits.
    """
    noise = max(_FINEST, *(noise_of(times, values) for values in places.T))
    line = _line(places, noise)
    circle = _circle(times, places, noise, line)
    chosen, reason = (kind, "as asked") if kind else _told(times, places, line, circle, noise)
    if chosen == "line":
        origin, direction, off = line
        return Path("line", origin[None], 0.0, 0.0, direction, off, noise, reason)
    if chosen == "circle" and circle is not None:
        origins, radius, error, off = circle
        return Path("circle", origins, radius, error, np.zeros(2), off, noise, reason)
    return Path("plane", np.zeros((1, 2)), 0.0, 0.0, np.zeros(2), 0.0, noise, reason)


def _basis(times: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    clock = 2.0 * (times - times[0]) / (float(np.ptp(times)) or 1.0) - 1.0
    return np.polynomial.legendre.legvander(clock, degree)


_FINEST = 0.01
"""Pixels below which no noise is taken to be."""

_Line = tuple[Any, Any, float]
_Circle = tuple[Any, float, float, float]


def _line(places: Points, noise: float) -> _Line:
    """Middle, direction, and root mean square distance; far points count less."""
    weights = np.ones(len(places))
    for _ in range(_REWEIGHTED):
        middle = np.average(places, axis=0, weights=weights)
        apart = places - middle
        _, _, axes = np.linalg.svd(apart * np.sqrt(weights)[:, None], full_matrices=False)
        off = apart @ axes[1]
        scale = max(noise, OF_MEDIAN * float(np.median(np.abs(off))))
        weights = 1.0 / np.maximum(1.0, np.abs(off) / (_HUBER * scale))
    direction = axes[0]
    upright = abs(direction[1]) > _UPRIGHT * abs(direction[0])
    sign = np.sign(-direction[1] if upright else direction[0]) or 1.0
    return middle, direction * sign, float(np.sqrt(np.mean(off**2)))


_HUBER = 2.0
"""Standard deviations off a curve from which on a point counts less."""

_UPRIGHT = 2.0
"""Steepness from which on a line is counted upwards, and not to the right."""

_REWEIGHTED = 20
"""Fits of a line, each with the weights that the one before gives."""


def _circle(
    times: NDArray[np.float64], places: Points, noise: float, line: _Line
) -> _Circle | None:
    """Centre, radius, its error, and root mean square distance; none where none is found.

    The centre drifts only if it must, and the object passes often enough to tell.
    """
    best = _still_circle(times, places, noise, 0, None)
    along = (places - line[0]) @ line[1]
    if best is None or len(turns(along)) < _TURNS:
        return best
    for degree in _DRIFTS[1:]:
        if best[3] <= _OWN_NOISE * noise:
            break
        more = _still_circle(times, places, noise, degree, best)
        if more is None or more[3] > _GAIN * best[3]:
            break
        best = more
    return best


_TURNS = 5
"""Turns to and fro from which on a drift of the centre can be told."""


def _still_circle(
    times: NDArray[np.float64], places: Points, noise: float, degree: int, known: _Circle | None
) -> _Circle | None:
    """A circle whose centre drifts by a degree: least squares of distances with a soft loss."""
    from scipy.optimize import least_squares

    middle, scale = places.mean(axis=0), float(places.std()) or 1.0
    scaled = (places - middle) / scale
    start = np.zeros(2 * degree + 3)
    if known is None:
        # the algebraic fit
        model = np.column_stack([scaled, np.ones(len(scaled))])
        factors, *_ = np.linalg.lstsq(model, np.sum(scaled**2, axis=1), rcond=None)
        start[1:3] = factors[:2] / 2
        start[0] = np.sqrt(max(1e-12, factors[2] + start[1:3] @ start[1:3]))
    else:
        held = known[0].copy()
        held[0] -= middle
        start[0] = known[1] / scale
        start[1 : 1 + held.size] = held.ravel() / scale
    if start[0] > _FLAT:
        return None
    basis = _basis(times, degree)

    def off(values: NDArray[np.float64]) -> NDArray[np.float64]:
        apart = scaled - basis @ values[1:].reshape(-1, 2)
        return np.hypot(apart[:, 0], apart[:, 1]) - values[0]

    soft = max(noise / scale, OF_MEDIAN * float(np.median(np.abs(off(start)))))
    found = least_squares(off, start, loss="soft_l1", f_scale=_HUBER * soft, x_scale="jac")
    if not found.success or not 0 < found.x[0] < _FLAT:
        return None
    size = float(np.sqrt(np.mean(off(found.x) ** 2)))
    inverse = np.linalg.pinv(found.jac.T @ found.jac)
    origins = scale * found.x[1:].reshape(-1, 2)
    origins[0] += middle
    error = float(np.sqrt(inverse[0, 0])) * size
    return origins, scale * float(found.x[0]), scale * error, scale * size


_FLAT = 300.0
"""Radius, over the spread of the positions, beyond which a path is straight."""


def _told(
    times: NDArray[np.float64],
    places: Points,
    line: _Line,
    circle: _Circle | None,
    noise: float,
) -> tuple[Kind, str]:
    origin, direction, width = line
    length = float(np.ptp((places - origin) @ direction))
    sagitta, straight = _bend(places, line, noise)
    if _is_thin(line, places, noise) and straight:
        return "line", f"the path is not bent: {width:.2g} px off a line {length:.0f} px long"
    if circle is None:
        return "plane", "the path is bent, and no circle fits it"
    centres, radius, _, off = circle
    turned = np.arctan2(*(places - _basis(times, len(centres) - 1) @ centres).T)
    depth = min(max(sagitta, width), radius)
    if off > max(_OWN_NOISE * noise, _ROUND * depth):
        return "plane", f"the path is {off:.2g} px off the best circle, and bent by {depth:.2g} px"
    flight, covered, own = _flight(times, places), _covered(turned), off <= _OWN_NOISE * noise
    if flight <= _FLIGHT * noise and off > _NEARER * flight and (not own or covered < _HALF_TURN):
        return "plane", "it flies freely: both coordinates are quadratic in time, to their noise"
    if not own and covered > _ROUNDS:
        oval = ellipse_of(places)
        if oval and oval.off <= _OWN_NOISE * noise and oval.minor < _SQUASHED * oval.major:
            return "plane", (
                f"the path is an ellipse, {oval.major:.4g} px by {oval.minor:.4g} px from its "
                f"centre: {oval.off:.2g} px off it, and {off:.2g} px off the best circle; of a "
                "circle filmed askew, --path circle takes the angle"
            )
    reason = f"the path is {off:.2g} px off a circle of radius {radius:.5g} px"
    if not own:
        reason += (
            f", {off / noise:.0f} times the noise: perspective, the lens, or another curve such as "
            "an ellipse; --path plane keeps both coordinates"
        )
    return "circle", reason


def is_straight(places: Points, noise: float) -> bool:
    """Whether positions, (frame, 2), are bent by no more than their noise, or by what a lens does.

    Parameters
    ----------
    places : array of shape (frame, 2)
    noise : float
        Standard deviation of the noise of a coordinate, in pixels.
    """
    line = _line(places, noise)
    return _is_thin(line, places, noise) and _bend(places, line, noise)[1]


def _is_thin(line: _Line, places: Points, noise: float) -> bool:
    """Whether a path is so narrow that it may be a line."""
    origin, direction, width = line
    length = float(np.ptp((places - origin) @ direction))
    return width <= max(_OWN_NOISE * noise, _THIN * length)


def _bend(places: Points, line: _Line, noise: float) -> tuple[float, bool]:
    """How far a path is bent, in pixels, and whether it is straight to its noise."""
    origin, direction, _ = line
    run = (places - origin) @ direction
    across = (places - origin) @ np.array([-direction[1], direction[0]])
    scaled = (run - run.mean()) / (float(np.ptp(run)) or 1.0)
    bend = np.polynomial.polynomial.polyfit(scaled, across, 2)
    rest = across - np.polynomial.polynomial.polyval(scaled, bend)
    sagitta = abs(float(bend[2])) / 4
    curve = np.stack([scaled**power for power in range(3)], axis=-1)
    error = float(np.sqrt(np.linalg.pinv(curve.T @ curve)[2, 2])) * max(noise, float(rest.std()))
    straight = abs(float(bend[2])) < _BENT * error or sagitta < max(noise, _LEAST_BEND)
    return sagitta, straight


_LEAST_BEND = 0.3
"""Pixels of bend below which a lens may have made it."""


def _flight(times: NDArray[np.float64], places: Points) -> float:
    """How far coordinates are off quadratics in time: root mean square, in pixels."""
    model = _basis(times, 2)
    factors, *_ = np.linalg.lstsq(model, places, rcond=None)
    return float(np.sqrt(np.mean((places - model @ factors) ** 2)))


def _covered(angles: NDArray[np.float64]) -> float:
    """Of a full turn, all but the largest gap."""
    ordered = np.sort(angles)
    gaps = np.diff(ordered, append=ordered[0] + 2 * np.pi)
    return float(2 * np.pi - gaps.max())


def middle_of_swings(times: NDArray[np.float64], values: NDArray[np.float64]) -> float | None:
    """Where a swing to and fro is at rest: the mean of the middles of neighbouring turns.

    Turns are taken three at a time with weights 1, 2, 1, so that a loss of amplitude shifts
    nothing.

    Parameters
    ----------
    times, values : arrays of shape (frame,)

    Returns
    -------
    float or None
        None where there are fewer than three turns.
    """
    own = [_peak(times, values, place) for place in turns(values)]
    if len(own) < 3:
        return None
    return float(
        np.mean([(a + 2 * b + c) / 4 for a, b, c in zip(own, own[1:], own[2:], strict=False)])
    )


def turns(values: NDArray[np.float64]) -> list[int]:
    """Where values are extreme, alternating, a tenth of the range from both neighbours."""
    least = 0.1 * float(np.ptp(values))
    found: list[int] = []
    high = low = 0
    sign = 0
    for place, value in enumerate(values):
        high = place if value > values[high] else high
        low = place if value < values[low] else low
        if sign >= 0 and value < values[high] - least:
            if sign > 0:
                found.append(high)
            sign, low = -1, place
        elif sign <= 0 and value > values[low] + least:
            if sign < 0:
                found.append(low)
            sign, high = 1, place
    return found


def _peak(times: NDArray[np.float64], values: NDArray[np.float64], place: int) -> float:
    """The extreme value of the parabola through the samples around one."""
    around = slice(max(0, place - _PEAK), place + _PEAK + 1)
    clock = times[around] - times[place]
    if len(clock) < _FEWEST:
        return float(values[place])
    c, b, a = np.polynomial.polynomial.polyfit(clock, values[around], 2)
    return float(c - b * b / (4 * a)) if a else float(values[place])


_PEAK = 2
"""Samples on each side of an extreme one that its parabola is fitted to."""

_FEWEST = 4
"""Samples that a parabola is fitted to at least: one more than it goes through."""
