"""
Kepler from positions
=====================

A telescope sees where a planet is, not how fast it moves. Here are five orbits around one star, as
positions alone, in astronomical units and years.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

import noether_sym

GM = 4 * np.pi**2  # au**3/yr**2, that of the sun


def pull(t, state):
    x, y, vx, vy = state
    r = np.hypot(x, y)
    return [vx, vy, -GM * x / r**3, -GM * y / r**3]


rng = np.random.default_rng(0)
times = np.linspace(0, 2, 250)
orbits = []
for _ in range(5):
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2)
    speed = np.sqrt(GM / distance) * rng.uniform(0.8, 1.1)
    start = [
        distance * np.cos(angle),
        distance * np.sin(angle),
        -speed * np.sin(angle),
        speed * np.cos(angle),
    ]
    x, y, *_ = solve_ivp(pull, (0, 2), start, t_eval=times, rtol=1e-10, atol=1e-10).y
    orbits.append(pd.DataFrame({"t [yr]": times, "x [au]": x, "y [au]": y}))

figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
for orbit in orbits:
    axes.plot(orbit["x [au]"], orbit["y [au]"], lw=0.8)
axes.plot(0, 0, "k*")
axes.set(xlabel="x [au]", ylabel="y [au]", aspect="equal")

# %%
# Energy and angular momentum need velocities. ``derivatives`` adds them, by smoothing splines, each
# with its error as known noise. (``search="sums"`` leaves the search for formulas of any shape
# out, which takes longer and adds nothing here.)

found = noether_sym.discover(orbits, derivatives=["x", "y"], search="sums")
found

# %%
# The angular momentum, twice the energy per mass, and a component of the Laplace-Runge-Lenz vector,
# which is why the orbits are closed: three laws, and in four columns with a time no more than three
# are possible. The constant of the energy is 2 *GM*. The data were made with

print(2 * GM)

# %%
# Laws are functions. This is the energy of each orbit:

energy = next(law for law in found.accepted if "sqrt" in law.text())
for trajectory in found.dataset.train:
    values = energy(trajectory.states)
    print(f"{values.mean():9.4f} ± {values.std():.1e} au²/yr²")

# %%
# The page of the same from the command line: ``noether-sym run orbits --derivatives x,y``, with
# ``orbits`` a folder of one file a trajectory.
