"""
A real pendulum
===============

Swings of a pendulum as they were measured by Schmidt and Lipson (Science 324, 81, 2009): the angle
*q* and its rate *p*, with some friction and ten gaps in time.
"""

import matplotlib.pyplot as plt

import noether_sym
from noether_sym.datasets import load

data = load("real_pendulum")
print(*data.notes, sep="\n")

swing = data.train[0]
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, values in zip(data.names, swing.states.T, strict=True):
    axes.plot(swing.times, values, ".", ms=2, label=name)
axes.set(xlabel="t [s]")
axes.legend()

# %%
# Nobody tells the search that this is a pendulum.

found = noether_sym.discover("real_pendulum")
found

# %%
# *Approximate*: friction takes energy, and the verdict says how fast. Over a window of about a
# period the formula is constant, over the whole recording it is not. The constant is 2 *g/l* of
# this pendulum, with its standard error:

constant = found.best.parameters[0]
print(f"{constant.value:.3f} ± {constant.stderr:.3f} {constant.dimension}")

# %%
# Its value along the recording, beside shuffled data:

plotted = found.plot()

# %%
# Does the law help to predict? ``noether-sym run real_pendulum`` goes on to train networks with and
# without it, which takes some minutes more. The front page shows what comes out.
