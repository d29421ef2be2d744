"""
No law here
===========

Among many thousand formulas one is always the most constant, in any data. What does noether-sym
say where nothing is conserved?
"""

import matplotlib.pyplot as plt

import noether_sym
from noether_sym.datasets import load

data = load("lorenz")
figure, axes = plt.subplots(figsize=(4, 4), layout="constrained")
for trajectory in data.train[:3]:
    axes.plot(trajectory.states[:, 0], trajectory.states[:, 2], lw=0.5)
axes.set(xlabel="x", ylabel="z")

# %%
# The Lorenz system has no conserved quantity.

found = noether_sym.discover("lorenz", depth=5)
print(found.summary())
assert found.best is None

# %%
# The closest formulas, and why they are no laws:

for _, row in found.closest.head(3).iterrows():
    print(f"{row.law}: ratio {row.ratio:.2g}; {row.reason}")

# %%
# A damped oscillator loses its energy steadily. Its energy is no law either, and of a formula of
# your own this is said with a number:

checked = noether_sym.check("x**2 + c0*v**2", "damped_oscillator")
print(checked.verdict, "-", checked.reason)

# %%
# How easily would such a search find a law by chance? Decoys are the same data with each column
# moved in time by an amount of its own, so that nothing is conserved; the same search runs on each.

found = noether_sym.discover("ideal_pendulum", search="sums", decoys=5)
print(found.summary())
decoys = found.decoys
print(f"families of laws in {decoys.count} decoys: {decoys.families}")
print(f"found by chance in such a search: {decoys.bound:.2f} on average at most (95 %)")
