"""What the data show of a quantity: a law, an approximate law, a constraint, or none of these.

One pair of limits for all data: what changes along trajectories must be bounded below a tenth
of the spread between them, or, where a drift is detected, below a thousandth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.laws.law import (
    APPROXIMATE_LAW,
    CONSTRAINT,
    LAW,
    NOT_A_LAW,
    UNDECIDED,
    Evidence,
)
from noether_sym.verdict.constancy import Constancy, constancy, slow_share
from noether_sym.verdict.decay import Decay, decay
from noether_sym.verdict.motion import Motion

WITHIN = 0.1
"""Largest bound on what changes along trajectories of a law, over the spread between them."""

DRIFT = 1e-3
"""The same where a drift is detected: integrators drift too."""

DETECTED = 0.01
"""Level of the test for a drift."""

ENOUGH = 3
"""Least number of trajectories that can show a law."""

_TURNS = 2.0
"""Turns of the motion that the half life of a slow drift lasts at least."""

_TOLD = 3.0
"""Standard errors by which the rate of a drift must differ from 0."""

_FAR = 10.0
"""Spreads that a drift may have left to go at most: one without an end is none of each its own."""

_MOSTLY = 0.5
"""Share of what changes that must be slow."""

_SAME = 2.0
"""Spread between trajectories over what changes along them, up to which all have one value."""


def decide(
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    *,
    spread: float,
    natural: float,
    tangents: Sequence[NDArray[np.float64]] | None = None,
    noise: Sequence[NDArray[np.float64]] | None = None,
    doubt: float = np.inf,
    trials: Sequence[str] | None = None,
    choice: float = 1.0,
) -> Evidence:
    """Judge a quantity by its values along trajectories.

    Parameters
    ----------
    times, values : sequences of arrays of shape (sample,)
        One pair a trajectory.
    motion : Motion
        Of the columns that the quantity reads.
    spread : float
        Standard deviation between trajectories, of all that there are; 0 where noise alone
        would make as much.
    natural : float
        Standard deviation that the quantity would have if its columns varied along
        trajectories as they do, but independently of each other.
    tangents, noise, doubt, trials
        See `noether_sym.verdict.constancy.constancy`.
    choice : float
        See `noether_sym.verdict.constancy.Constancy`.
    """
    unit = _largest_deviation(values)
    values = [own / unit for own in values]
    tangents = None if tangents is None else [own / unit for own in tangents]
    noise = None if noise is None else [own / unit / unit for own in noise]
    spread, natural = spread / unit, natural / unit
    found = constancy(values, tangents, motion.resolution, noise, doubt, trials)
    found = replace(found, choice=choice)
    if not found.trajectories:
        reason = "no trajectory has two samples at which it is defined"
        return Evidence(UNDECIDED, reason, np.inf, 1.0, 1.0, 0)
    if not (np.isfinite(found.largest) and np.isfinite(spread) and np.isfinite(natural)):
        return _evidence(NOT_A_LAW, "its values are too large to compare", found, 0.0)
    if found.trajectories < ENOUGH:
        return _of_few(found, times, values, motion, natural, trials)
    if spread <= _SAME * found.largest and found.within(natural) <= WITHIN:
        return _evidence(CONSTRAINT, "it has the same value on all trajectories", found, natural)
    spread = min(spread, natural)
    bound = found.within(spread)
    drifts = found.white < DETECTED
    if bound <= (choice * DRIFT if drifts else WITHIN):  # integrators drift everywhere alike
        return _evidence(LAW, "", found, spread)
    if drifts:
        return _drifting(found, times, values, motion, spread, trials)
    reason = f"{_reached(bound)}; more data or less noise would decide"
    return _evidence(UNDECIDED, reason, found, spread)


def _largest_deviation(values: Sequence[NDArray[np.float64]]) -> float:
    """The largest deviation of values from the mean of their trajectory: their unit, so that
    neither their squares nor the squares of these leave the range of numbers."""
    sizes = [np.abs(own - own.mean()).max() for own in values if len(own)]
    largest = float(max(sizes, default=0.0))
    return largest if 0.0 < largest < np.inf else 1.0


def _of_few(
    found: Constancy,
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    natural: float,
    trials: Sequence[str] | None,
) -> Evidence:
    """One or two trajectories: what is flat while they come back to where they were."""
    more = "trajectories from other starts would decide"
    bound = found.within(natural)
    if bound > DRIFT and found.white < DETECTED:
        if motion.returns:
            return _drifting(found, times, values, motion, natural, trials)
        return _evidence(NOT_A_LAW, f"it changes: {_reached(bound)}", found, natural)
    if not motion.returns:
        reason = f"too few trajectories, and they do not return to where they were; {more}"
        return _evidence(UNDECIDED, reason, found, natural)
    if bound > WITHIN:
        return _evidence(UNDECIDED, f"{_reached(bound)}; {more}", found, natural)
    shown = "one trajectory shows" if found.trajectories == 1 else "two trajectories show"
    reason = f"only {shown} it; {more}"
    return _evidence(APPROXIMATE_LAW, reason, found, natural)


def _drifting(
    found: Constancy,
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    spread: float,
    trials: Sequence[str] | None,
) -> Evidence:
    """A drift was detected: is it slow beside the motion, and all that changes?"""
    changed = f"it changes along trajectories: {_reached(found.within(spread))}"
    if motion.turn is None or slow_share(values, found.variation) <= _MOSTLY:
        return _evidence(NOT_A_LAW, changed, found, spread)
    slow = decay(times, values, trials)
    if slow is None or not _is_slow(slow, motion.turn, spread):
        return _evidence(NOT_A_LAW, changed, found, spread)
    flat = [own - curve for own, curve in zip(values, slow.curves, strict=True)]
    if constancy(flat, resolution=motion.resolution, trials=trials).within(spread) > WITHIN:
        return _evidence(NOT_A_LAW, changed, found, spread)
    return _evidence(
        APPROXIMATE_LAW, "it drifts, slowly compared with the motion", found, spread, slow
    )


def _is_slow(slow: Decay, turn: float, spread: float) -> bool:
    """Whether a drift takes several turns, and is a decay: no walk, and not the same for all.

    Of a drift that is the same on all trajectories the last value would be far away.
    """
    if slow.half_life < _TURNS * turn or slow.size > _FAR * spread:
        return False
    return slow.error is None or abs(slow.rate) > _TOLD * slow.error


def _evidence(
    verdict: str, reason: str, found: Constancy, spread: float, slow: Decay | None = None
) -> Evidence:
    return Evidence(
        verdict,
        reason,
        within=found.within(spread),
        white=found.white,
        chance=found.equivalence(WITHIN * spread),
        trajectories=found.trajectories,
        half_life=None if slow is None else slow.half_life,
        half_life_error=None if slow is None else slow.half_life_error,
        grows=slow is not None and slow.rate < 0,
    )


def _reached(bound: float) -> str:
    if not np.isfinite(bound):
        return "it is not seen to differ between trajectories"
    return f"constant only to within {bound:.2g} of its spread"
