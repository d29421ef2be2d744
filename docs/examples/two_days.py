"""Write swings of one pendulum on two days, and of a longer one: monday, tuesday, wednesday.

    python docs/examples/two_days.py [FOLDER]

Each day is a folder of twelve CSV files, one a swing, of a bob on a rod of 0.5 m; on Wednesday the
bob sits 2 mm lower. The noise is .002 rad on the angle q and .01 rad/s on its rate w, and other
angles are chosen every day. Only NumPy is needed.
"""

import sys
from pathlib import Path

import numpy as np

GRAVITY = 9.81
LENGTHS = {"monday": 0.5, "tuesday": 0.5, "wednesday": 0.502}
STEP = 0.02
SAMPLES = 200
NOISE = (0.002, 0.01)


def swing(angle, length):
    """Times and states of a swing, by the classical Runge-Kutta method."""

    def slope(state):
        return np.array([state[1], -GRAVITY / length * np.sin(state[0])])

    states = [np.array([angle, 0.0])]
    for _ in range(SAMPLES - 1):
        x = states[-1]
        a = slope(x)
        b = slope(x + STEP / 2 * a)
        c = slope(x + STEP / 2 * b)
        d = slope(x + STEP * c)
        states.append(x + STEP / 6 * (a + 2 * b + 2 * c + d))
    return np.column_stack([STEP * np.arange(SAMPLES), states])


rng = np.random.default_rng(0)
for day, length in LENGTHS.items():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / day
    folder.mkdir(parents=True, exist_ok=True)
    for number, angle in enumerate(rng.uniform(0.4, 2.6, 12), 1):
        table = swing(angle, length)
        table[:, 1:] += NOISE * rng.standard_normal((len(table), 2))
        header = "t [s],q [rad],w [rad/s]"
        path = folder / f"swing{number}.csv"
        np.savetxt(path, table, delimiter=",", header=header, comments="", fmt="%.9g")
