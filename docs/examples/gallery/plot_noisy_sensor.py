"""
A noisy sensor
==============

Forty swings of a pendulum, angle *q* and rate *w*, with 2 % of noise on both. What does noise leave
of a law, and how well are its constants known?
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

import noether_sym

G_OVER_L = 9.81 / 0.5  # 1/s**2

rng = np.random.default_rng(0)
times = np.arange(0, 3, 0.02)
swings = []
for _ in range(40):
    start = [rng.uniform(-2.5, 2.5), rng.uniform(-2, 2)]
    q, w = solve_ivp(
        lambda t, s: [s[1], -G_OVER_L * np.sin(s[0])], (0, 3), start, t_eval=times, rtol=1e-9
    ).y
    q = q + 0.02 * rng.standard_normal(len(q))
    w = w + 0.08 * rng.standard_normal(len(w))
    swings.append(pd.DataFrame({"t [s]": times, "q [rad]": q, "w [rad/s]": w}))

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for swing in swings[:4]:
    axes.plot(swing["q [rad]"], swing["w [rad/s]"], ".", ms=2)
axes.set(xlabel="q [rad]", ylabel="w [rad/s]")

# %%
# Before any search: how large is the noise? It is estimated from the data; give ``sigma`` where you
# know it.

for column in noether_sym.inspect(swings).columns:
    print(column.name, column.unit, column.noise)

# %%
# The search takes that noise into account.

found = noether_sym.discover(swings, search="sums")
found

# %%
# The constant is 2 *g/l*, with a 95 % interval. The truth is

print(2 * G_OVER_L)

# %%
# Noise may leave several formulas that the data cannot tell from the law:

law = found.best
print([str(other) for other in law.also_allowed] or "none here")

# %%
# The law along trajectories that the search has not seen, beside shuffled data:

plotted = found.plot()
