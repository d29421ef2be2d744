"""Write twelve swings of a pendulum as a folder of CSV files, one a swing, and inspect it.

    python docs/examples/swings.py [FOLDER]

A bob on a rod of 0.5 m, from different angles, each recorded for a different time with noise
of .002 rad on the angle q and of .01 rad/s on its rate w. Only NumPy is needed to write the files.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

GRAVITY_OVER_LENGTH = 9.81 / 0.5
STEP = 0.02
NOISE = (0.002, 0.01)


def slope(state):
    """dq/dt = w, dw/dt = -(g/l) sin q."""
    q, w = state
    return np.array([w, -GRAVITY_OVER_LENGTH * np.sin(q)])


def swing(angle, samples):
    """Times and states of a swing, by the classical Runge-Kutta method."""
    states = [np.array([angle, 0.0])]
    for _ in range(samples - 1):
        x = states[-1]
        a = slope(x)
        b = slope(x + STEP / 2 * a)
        c = slope(x + STEP / 2 * b)
        d = slope(x + STEP * c)
        states.append(x + STEP / 6 * (a + 2 * b + 2 * c + d))
    return np.column_stack([STEP * np.arange(samples), states])


folder = Path(sys.argv[1] if len(sys.argv) > 1 else "swings")
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
for number in range(1, 13):
    table = swing(angle=0.3 + 0.2 * number, samples=150 + 10 * number)
    table[:, 1:] += NOISE * rng.standard_normal((len(table), 2))
    np.savetxt(
        folder / f"swing{number}.csv",
        table,
        delimiter=",",
        header="t [s],q [rad],w [rad/s]",
        comments="",
        fmt="%.9g",
    )
subprocess.run(
    [sys.executable, "-c", "from noether_sym.cli import main; main()", "inspect", str(folder)],
    check=True,
)
