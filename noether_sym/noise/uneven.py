"""Noise that differs between trajectories, as of files that different instruments wrote.

Trajectories are compared by the cube roots of the variances of their differences, nearly normal
(Wilson, Hilferty 1931, doi:10.1073/pnas.17.12.684), at an order above that which the noise was
estimated from, so that a rest of motion does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from noether_sym.noise.climb import Climb, climb
from noether_sym.noise.ladder import SHARES, Ladder, degrees, estimate
from noether_sym.noise.model import Uneven

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.noise.ladder import Values

UNEVEN_LEVEL = 0.01
"""Level of the test of one noise for all trajectories, over all columns together."""

_STRICTER = 4
"""Orders above that of the estimate at which trajectories are compared."""

_FEWEST_DEGREES = 4.0
"""Degrees of freedom of a trajectory's own estimate, without which it is not compared."""

_AGREE = 0.12
"""Relative difference of estimates of different orders up to which they are of one noise."""

_MOST_ORDER = 5
"""Order from which differences may still hold motion that trajectories differ in."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The noise of one column in single trajectories.

    Attributes
    ----------
    trajectories : tuple of int
        Those that are long enough to tell.
    scales, errors : array of shape (trajectory,)
        Standard deviations, and their standard errors.
    p_value : float
        Of one noise for all of them.
    """

    trajectories: tuple[int, ...]
    scales: NDArray[np.float64]
    errors: NDArray[np.float64]
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A column in units of each trajectory's noise.

    Attributes
    ----------
    values : sequence of array of shape (time,)
        One a span.
    size : float
        Root mean square of the units, over the samples.
    found : Climb
        The noise of `values`.
    compared : Compared
    """

    values: Values
    size: float
    found: Climb
    compared: Compared


def compare(
    ladder: Ladder, values: Values, order: int, limit: float = float("inf")
) -> Compared | None:
    """Estimate the noise of each trajectory.

    Parameters
    ----------
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    order : int
        Of the differences from which all were estimated together.
    limit : float
        Roughness that differences may span.

    Returns
    -------
    Compared or None
        None where fewer than two trajectories can tell.
    """
    found = {}
    for trajectory, (alone, places) in ladder.trajectories.items():
        own = [values[place] for place in places]
        rung = estimate(alone, own, order + _STRICTER, limit)
        if rung is not None and degrees(rung.variance) >= _FEWEST_DEGREES:
            found[trajectory] = rung
    if len(found) < 2:
        return None
    freedom = np.array([degrees(one.variance) for one in found.values()])
    scales = np.array([one.scale for one in found.values()])
    whole = np.sqrt(freedom @ scales**2 / freedom.sum())
    if whole == 0.0:
        return None
    spread = 2.0 / (9.0 * freedom)
    deviates = ((scales / whole) ** (2.0 / 3.0) - (1.0 - spread)) / np.sqrt(spread)
    chance = float(chdtrc(len(found) - 1, float(deviates @ deviates)))
    errors = np.array([one.error for one in found.values()])
    return Compared(tuple(found), scales, errors, chance)


def scaled(ladder: Ladder, values: Values, found: Climb, columns: int) -> Scaled | None:
    """A column in units of each trajectory's noise, where that is why calm stretches have less.

    An estimate from the calmest stretches takes motion for what the others have more. Where noise
    differs between trajectories, and the slow ones have less, this is the noise of these alone.
    In units of each trajectory's noise calm stretches then have as much as others; a rest of
    motion would still be seen.

    Parameters
    ----------
    ladder : Ladder
    values : sequence of array of shape (time,)
        One a span.
    found : Climb
        The noise as of one for all trajectories.
    columns : int
        That are tested.

    Returns
    -------
    Scaled or None
        None where one noise serves.
    """
    rung = found.rung
    if rung is None or rung.share == SHARES[0]:
        return None
    compared = compare(ladder, values, rung.order)
    if compared is None or compared.p_value * columns > UNEVEN_LEVEL:
        return None
    if compared.scales.min() == 0.0:
        return None
    known = dict(zip(compared.trajectories, compared.scales.tolist(), strict=True))
    middle = float(np.sqrt(np.mean(compared.scales**2)))
    units = [known.get(span.trajectory, middle) for span in ladder.spans]
    own = [each / unit for each, unit in zip(values, units, strict=True)]
    again = climb(ladder, own)
    if not again.seen or not _of_noise(again, rung.order):
        return None
    assert again.rung is not None  # it is seen
    counts = [len(span) for span in ladder.spans]
    size = float(np.sqrt(np.average(np.square(units), weights=counts)))
    factor = again.rung.scale
    told = replace(compared, scales=compared.scales * factor, errors=compared.errors * factor)
    return Scaled(own, size, again, told)


def _of_noise(found: Climb, order: int) -> bool:
    """Whether estimates depend neither on how calm stretches are nor on the order.

    They do where what differs between trajectories is motion: then some orders more are needed
    than for the calmest stretches of all, and estimates go on falling.
    """
    rung = found.rung
    if rung is None or rung.share != SHARES[0] or rung.order > min(order + 1, _MOST_ORDER):
        return False
    scales = [one.scale for one in found.rungs.of(share=SHARES[0]) if one.order >= rung.order]
    return max(scales) <= (1.0 + _AGREE) * min(scales)


def uneven(compared: Mapping[int, Compared], names: Sequence[str]) -> tuple[Uneven, ...]:
    """Columns whose noise differs between trajectories.

    Chances are multiplied for the columns (Holm 1979).

    Parameters
    ----------
    compared : mapping of int to Compared
        By column.
    names : sequence of str
        Of all trajectories.
    """
    ranked = sorted(compared.items(), key=lambda one: one[1].p_value)
    found: list[Uneven] = []
    worst = 0.0
    for place, (column, own) in enumerate(ranked):
        worst = max(worst, min(1.0, own.p_value * (len(ranked) - place)))
        if worst <= UNEVEN_LEVEL:
            labels = tuple(names[each] for each in own.trajectories)
            found.append(Uneven(column, worst, labels, own.scales, own.errors))
    return tuple(sorted(found, key=lambda one: one.column))
