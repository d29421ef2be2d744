"""Curves of the first network's roll-outs, for figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.tailor.compare import Control
from noether_sym.tailor.trials import TEST, Setting


def drawn(
    dataset: Dataset, setting: Setting, controls: Sequence[Control], energy: Law | None
) -> dict[str, NDArray[Any]]:
    """The arrays that `noether_sym.tailor.summary.Tailoring.curves` holds."""
    scale = setting.problem.state_scale
    true = setting.parts[TEST].states.double().cpu().numpy()
    first = dataset.test[0].part(0, true.shape[1])
    weights = setting.parts[TEST].weights.cpu().numpy() > 0
    curves: dict[str, NDArray[Any]] = {
        "times": first.times - first.times[0],
        "true": first.states,
    }
    count = len(first)
    if energy is not None:
        curves["energy/true"] = energy(first.states)
    methods = []
    for control in controls:
        if control.outcome is None or control.outcome.path is None:
            continue
        methods.append(control.method)
        path = control.outcome.path
        error = ((path - true) ** 2).mean(-1)[:, :count]
        unusable = ~(weights[:, :count] & np.isfinite(error))
        mean = np.ma.masked_where(unusable, error).mean(axis=0)
        curves[f"error/{control.method}"] = mean.filled(np.nan)
        states = path[0, :count] * scale
        curves[f"states/{control.method}"] = states
        if energy is not None:
            with np.errstate(all="ignore"):
                curves[f"energy/{control.method}"] = energy(states)
    curves["methods"] = np.array(methods)
    return curves
