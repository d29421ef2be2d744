"""A budget of time becomes limits of size before tailoring begins: no clock changes an answer."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_BUDGET = 60.0
"""Seconds for one network, of the order of what two cores take."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes that bound what one network costs, whatever the size of the file.

    Attributes
    ----------
    states : int
        Most states in a step of training. Where there are more, steps take them in turn, in
        shuffled order.
    sequences : int
        Most sequences that are rolled out, evenly chosen.
    steps : int
        Most Runge-Kutta steps along a sequence; a longer one is predicted up to there.
    heat_states, heat_steps : int
        The same in the heats of the race.
    rates : int
        Most inner rates of a law in the final.
    laws : int
        Most laws in the final.
    controls : int
        Trials in the final of what is not a law.
    """

    states: int
    sequences: int
    steps: int
    heat_states: int
    heat_steps: int
    rates: int
    laws: int
    controls: int


_LIMITS = {
    0: Limits(400, 12, 100, 48, 50, 2, 2, 1),
    30: Limits(800, 16, 200, 80, 75, 2, 3, 1),
    60: Limits(1200, 32, 400, 100, 100, 3, 3, 2),
    120: Limits(2000, 48, 600, 200, 200, 4, 5, 3),
    300: Limits(4000, 64, 1000, 400, 400, 5, 10, 5),
    600: Limits(10_000, 64, 1000, 800, 800, 6, 20, 10),
}
"""By the least budget, in seconds, that pays for them.

One network on a pendulum (30 trajectories of 150 samples, 30 candidates, one of them a law) took
25, 41, 63, 107 and 187 s of one core at the first five entries, on a machine with other work;
Kepler's orbits take half as much again (``results/race.md``). Two cores take up to half of that.
The first entry is no cheaper, for 2,000 steps of training remain whatever the budget. From the
default on, the data of Greydanus et al. are taken whole.
"""


SMALLEST = float(min(seconds for seconds in _LIMITS if seconds))
LARGEST = float(max(_LIMITS))
"""Below the one, and above the other, all budgets have the same limits."""


def limits(budget: float) -> Limits:
    """Limits of the largest entry of the table that the budget, in seconds, pays for."""
    return _LIMITS[max(seconds for seconds in _LIMITS if seconds <= budget)]
