"""
A reaction network
==================

An enzyme E binds a substrate S, and the complex ES either falls apart again or gives the product P:
E + S ⇌ ES → E + P. Eight experiments start from different amounts.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

import noether_sym


def rates(t, amounts, bind=2.0, release=0.5, turn=0.8):
    enzyme, substrate, bound, _ = amounts
    to, back, on = bind * enzyme * substrate, release * bound, turn * bound
    return [-to + back + on, -to + back, to - back - on, on]


rng = np.random.default_rng(0)
times = np.linspace(0, 6, 60)
experiments = {}
for number in range(1, 9):
    start = rng.uniform([0.3, 0.5, 0.0, 0.0], [1.2, 3.0, 0.3, 0.5])
    amounts = solve_ivp(rates, (0, 6), start, t_eval=times, rtol=1e-10, atol=1e-12).y
    table = dict(zip(["E", "S", "ES", "P"], amounts, strict=True))
    experiments[f"run {number}"] = pd.DataFrame({"t": times, **table})

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
experiments["run 1"].plot(x="t", ax=axes, xlabel="t [min]", ylabel="mmol/L")

# %%
# A mapping of tables holds one trajectory each; ``units`` names the unit of every column. Laws of
# reaction networks are sums of amounts, so the search for sums is enough.

amount = "mmol/L"
units = {"t": "min", "E": amount, "S": amount, "ES": amount, "P": amount}
found = noether_sym.discover(experiments, units=units, search="sums")
found

# %%
# The enzyme is free or bound; the substrate is free, bound or turned over. Neither needed the
# rates. It matters that the amounts at the start differ: from one experiment, repeated, no program
# could tell what is conserved from what happened to be the same.

for law in found.accepted:
    totals = [float(law(one.states).mean()) for one in found.dataset.train]
    print(f"{law.text():12}", " ".join(f"{total:6.3f}" for total in totals))

# %%
# A formula of your own is judged in the same way:

print(noether_sym.check("E + S", experiments, units=units).verdict)
