"""
A real double pendulum
======================

Chaotic motion, friction in two joints, two recordings (Schmidt and Lipson, Science 324, 81, 2009).
This is where the search ends today, and the page shows what is left to do by hand.
"""

import matplotlib.pyplot as plt

import noether_sym
from noether_sym.datasets import load

data = load("real_double_pendulum")
print(data.names, *data.notes, sep="\n")

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
swing = data.train[0]
axes.plot(swing.times, swing.states[:, :2], lw=0.8, label=data.names[:2])
axes.set(xlabel="t [s]", ylabel="angle [rad]")
axes.legend()

# %%
# A search for sums of terms:

found = noether_sym.discover("real_double_pendulum", search="sums")
print(found.summary())

# %%
# No law, and none is made up: friction takes a good part of the energy within each recording, and
# two recordings are too few to tell what drifts from what differs.
#
# A formula of your own needs no search. The energy of a double pendulum is known up to four
# constants, which are fitted:

ENERGY = (
    "omega1**2 + c0*omega2**2 + c1*omega1*omega2*cos(theta1 - theta2)"
    " - c2*cos(theta1) - c3*cos(theta2)"
)
checked = noether_sym.check(ENERGY, "real_double_pendulum")
print(checked.verdict, "-", checked.reason)
checked.law

# %%
# What friction takes is seen in the values of the formula along the recordings:

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for number, swing in enumerate(data.train, start=1):
    values = checked.law(swing.states)
    axes.plot(swing.times - swing.times[0], values, lw=0.8, label=f"recording {number}")
    print(f"recording {number}: {values[:50].mean():.0f} to {values[-50:].mean():.0f} 1/s²")
axes.set(xlabel="t [s]", ylabel="energy [1/s²]")
axes.legend()
