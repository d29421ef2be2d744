"""What the data show of a quantity: a law, an approximate law, a constraint, or none of these.

One pair of limits for all data: what changes along trajectories must be bounded below a tenth
of the spread between them, or, where a drift is detected, below a thousandth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.verdict.constancy import Constancy, constancy
from noether_sym.verdict.decay import Decay, decay
from noether_sym.verdict.motion import Motion

LAW = "law"
APPROXIMATE = "approximate law"
SAME = "constraint"
UNDECIDED = "undecided"
NOT = "not a law"

WITHIN = 0.1
"""Largest bound on what changes along trajectories of a law, over the spread between them."""

DRIFT = 1e-3
"""The same where a drift is detected: integrators drift too."""

DETECTED = 0.01
"""Level of the test for a drift."""

ENOUGH = 3
"""Least number of trajectories that can show a law."""

_TURNS = 3.0


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and what it rests on.

    Attributes
    ----------
    verdict : str
        `LAW`, `APPROXIMATE`, `SAME`, `UNDECIDED` or `NOT`.
    reason : str
        In words: what was reached, and what data would decide; empty for a law.
    constancy : Constancy
    decay : Decay or None
        Of an approximate law whose drift was told from noise.
    """

    verdict: str
    reason: str
    constancy: Constancy
    decay: Decay | None = None


def decide(
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    natural: float,
    tangents: Sequence[NDArray[np.float64]] | None = None,
) -> Decision:
    """Judge a quantity by its values along trajectories.

    Parameters
    ----------
    times, values : sequences of arrays of shape (sample,)
        One pair a trajectory.
    motion : Motion
        Of the columns that the quantity reads.
    natural : float
        Standard deviation that the quantity would have if its columns varied along
        trajectories as they do, but independently of each other.
    tangents : sequence of arrays, optional
        See `noether_sym.verdict.constancy.constancy`.
    """
    found = constancy(values, tangents, motion.resolution)
    if found.trajectories < ENOUGH:
        return _of_few(found, times, values, motion, natural)
    if found.spread <= 0 and found.within(natural) <= WITHIN:
        return Decision(SAME, "it has the same value on all trajectories", found)
    spread = min(found.spread, natural)
    bound = found.within(spread)
    drifts = found.white < DETECTED
    if bound <= (DRIFT if drifts else WITHIN):
        return Decision(LAW, "", found)
    if drifts:
        return _drifting(found, times, values, motion, spread)
    return Decision(UNDECIDED, f"{_reached(bound)}; more data or less noise would decide", found)


def _of_few(
    found: Constancy,
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    natural: float,
) -> Decision:
    """One or two trajectories: what is flat while they come back to where they were."""
    more = "trajectories from other starts would decide"
    if not motion.returns:
        return Decision(UNDECIDED, f"too few trajectories, which do not return; {more}", found)
    bound = found.within(natural)
    if bound <= WITHIN:
        return Decision(APPROXIMATE, f"shown by {found.trajectories} trajectories; {more}", found)
    if found.white < DETECTED:
        return _drifting(found, times, values, motion, natural)
    return Decision(UNDECIDED, f"{_reached(bound)}; {more}", found)


def _drifting(
    found: Constancy,
    times: Sequence[NDArray[np.float64]],
    values: Sequence[NDArray[np.float64]],
    motion: Motion,
    spread: float,
) -> Decision:
    """A drift was detected: is it slow beside the motion, and all that changes?"""
    changed = f"it changes along trajectories: {_reached(found.within(spread))}"
    slow = decay(times, values)
    if slow is None or motion.turn is None or slow.half_life < _TURNS * motion.turn:
        return Decision(NOT, changed, found)
    flat = [own - curve for own, curve in zip(values, slow.curves, strict=True)]
    rest = constancy(flat, resolution=motion.resolution).within(spread)
    if rest > WITHIN:
        return Decision(NOT, changed, found)
    return Decision(APPROXIMATE, "it drifts slowly beside the motion", found, slow)


def _reached(bound: float) -> str:
    return f"constant only to within {bound:.2g} of its spread"
