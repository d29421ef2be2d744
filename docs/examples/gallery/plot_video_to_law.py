"""
From video to law
=================

A film of 22 seconds shows an apple that swings on a string (christianausb/controlAlgorithms, MIT
licence). Nothing was measured but pictures.
"""

import matplotlib.pyplot as plt

import noether_sym
from noether_sym.datasets import load

data = load("real_apple_pendulum")
print(*data.notes, sep="\n")

# %%
# The apple is found by what moves, its path is fitted by a circle, and the angle *q* around the
# centre and its rate *w* are the states. ``noether-sym track VIDEO`` does the same for a video of
# yours, and writes a table and a picture of the track.

swing = data.train[0]
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, values in zip(data.names, swing.states.T, strict=True):
    axes.plot(swing.times, values, ".", ms=2, label=name)
axes.set(xlabel="t [s]")
axes.legend()

# %%
# Nobody tells the search that this is a pendulum.

found = noether_sym.discover("real_apple_pendulum", search="formulas", depth=7)
found

# %%
# The swings reach .4 rad and air takes some of their energy: what is found is approximate, and
# several formulas describe such small swings alike. The pendulum's own is tested by name; its
# constant is *g/l* times two.

checked = noether_sym.check("w**2 - c0*cos(q)", "real_apple_pendulum")
checked

# %%
# See :doc:`/track` for what the tracker does, and how sure its angles are.
