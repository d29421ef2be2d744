"""The result of the tailoring stage: rows with a status, summary, curves for figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.tailor.trials import DIVERGED, Outcome, Setting

if TYPE_CHECKING:
    from noether_sym.tailor.options import TailorOptions

NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """One way of predicting, under a name; without an outcome it does not apply."""

    method: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, eq=False)
class SeedResult:
    """Everything one network gave."""

    seed: int
    controls: tuple[Control, ...]
    screened: tuple[Outcome, ...]
    trials: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tailoring:
    """Result of `noether_sym.tailor.tailor`.

    Attributes
    ----------
    selected : int or None
        Row of the selected law; None where there was none to try, or every trial diverged.
    document : dict
        Content of ``tailoring.json``.
    curves : dict of arrays
        For figures: ``times`` and ``true`` of the first test sequence, and for each method
        ``error/<method>`` (time,), ``states/<method>`` (time, column) and
        ``energy/<method>`` (time,), of the first seed.
    """

    selected: int | None
    document: dict[str, Any]
    curves: dict[str, NDArray[Any]]

    def to_json(self) -> dict[str, Any]:
        """Content of ``tailoring.json``: JSON types, null where a number is not finite."""
        return self.document


def summarised(
    dataset: Dataset,
    laws: Sequence[Law],
    oracle: Law | None,
    setting: Setting,
    selected: int | None,
    seeds: Sequence[SeedResult],
    options: TailorOptions,
) -> Tailoring:
    """Write down every trial, the controls of every seed and their summary."""
    energy = oracle if oracle is not None else (laws[selected] if selected is not None else None)
    rows = [_seed_rows(seed, laws, setting, energy) for seed in seeds]
    document = {
        "options": options.to_json(setting.problem.device),
        "error": "mean squared error of RK4 roll-outs over columns, in network coordinates",
        "state_scale": setting.problem.state_scale.tolist(),
        "training_states": len(setting.problem.states),
        "roll_outs": {
            part: {
                "sequences": len(targets.states),
                "samples": targets.states.shape[1],
                "integration_steps": sum(targets.parts),
            }
            for part, targets in (("train", setting.train), ("test", setting.test))
        },
        "energy": None if energy is None else energy.text(),
        "selected": None if selected is None else laws[selected].text(),
        "selected_candidate": selected,
        "candidates": [
            {"candidate": row, "expression": law.text(), "accepted": law.accepted}
            for row, law in enumerate(laws)
        ],
        "seeds": rows,
        "summary": _summary(rows),
    }
    return Tailoring(selected, document, _curves(dataset, setting, seeds[0], energy))


def _seed_rows(
    seed: SeedResult, laws: Sequence[Law], setting: Setting, energy: Law | None
) -> dict[str, Any]:
    return {
        "seed": seed.seed,
        "controls": [_control_row(control, setting, energy) for control in seed.controls],
        "screening": [_trial_row(outcome, laws) for outcome in seed.screened],
        "trials": [_trial_row(outcome, laws) for outcome in seed.trials],
    }


def _trial_row(outcome: Outcome, laws: Sequence[Law]) -> dict[str, Any]:
    law = laws[outcome.candidate]
    return {
        "candidate": outcome.candidate,
        "expression": law.text(),
        "accepted": law.accepted,
        "rate": outcome.rate,
        "status": outcome.status,
        "train_error": _plain(outcome.train_error),
        "test_error": _plain(outcome.test_error),
    }


def _control_row(control: Control, setting: Setting, energy: Law | None) -> dict[str, Any]:
    outcome = control.outcome
    row: dict[str, Any] = {"method": control.method}
    if outcome is None:
        status = DIVERGED if control.method != "hnn" else NOT_APPLICABLE
        empty = ("rate", "train_rmse", "test_rmse", "test_mse", "energy_mse")
        return {**row, "status": status, "candidate": None, **dict.fromkeys(empty)}
    return {
        **row,
        "status": outcome.status if math.isfinite(outcome.test_error) else DIVERGED,
        "candidate": outcome.candidate if outcome.candidate >= 0 else None,
        "rate": outcome.rate,
        "train_rmse": _plain(math.sqrt(outcome.train_error)),
        "test_rmse": _plain(math.sqrt(outcome.test_error)),
        "test_mse": _plain(outcome.test_error),
        "energy_mse": _plain(_energy_error(outcome, setting, energy)),
    }


def _energy_error(outcome: Outcome, setting: Setting, energy: Law | None) -> float:
    """Mean squared difference of the energy of predicted and true states on the test part."""
    if energy is None or outcome.path is None:
        return math.nan
    scale = setting.problem.state_scale
    true = setting.test.states.double().cpu().numpy()
    weights = setting.test.weights.cpu().numpy() > 0
    with np.errstate(all="ignore"):
        difference = energy(outcome.path * scale) - energy(true * scale)
    return float(np.mean(difference[weights] ** 2))


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and standard deviation over seeds of each control, and the ratio to vanilla."""
    methods = dict.fromkeys(row["method"] for seed in rows for row in seed["controls"])
    result = []
    vanilla = _values(rows, "vanilla", "test_rmse")
    for method in methods:
        entry: dict[str, Any] = {"method": method}
        for key in ("train_rmse", "test_rmse", "test_mse", "energy_mse"):
            values = _values(rows, method, key)
            entry[key] = {
                "mean": float(np.mean(values)) if values else None,
                "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
                "count": len(values),
            }
        own = _values(rows, method, "test_rmse")
        complete = len(own) == len(vanilla) == len(rows) and np.mean(vanilla) > 0
        entry["rmse_over_vanilla"] = float(np.mean(own) / np.mean(vanilla)) if complete else None
        result.append(entry)
    return result


def _values(rows: list[dict[str, Any]], method: str, key: str) -> list[float]:
    return [
        row[key]
        for seed in rows
        for row in seed["controls"]
        if row["method"] == method and row[key] is not None
    ]


def _curves(
    dataset: Dataset, setting: Setting, seed: SeedResult, energy: Law | None
) -> dict[str, NDArray[Any]]:
    first = dataset.test[0]
    scale = setting.problem.state_scale
    true = setting.test.states.double().cpu().numpy()
    weights = setting.test.weights.cpu().numpy() > 0
    curves: dict[str, NDArray[Any]] = {
        "times": first.times - first.times[0],
        "true": first.states,
    }
    count = len(first)
    if energy is not None:
        curves["energy/true"] = energy(first.states)
    methods = []
    for control in seed.controls:
        if control.outcome is None or control.outcome.path is None:
            continue
        methods.append(control.method)
        path = control.outcome.path
        error = ((path - true) ** 2).mean(-1)[:, :count]
        usable = weights[:, :count] & np.isfinite(error)
        total, number = np.where(usable, error, 0.0).sum(axis=0), usable.sum(axis=0)
        mean = np.where(number > 0, total / np.maximum(number, 1), np.nan)
        curves[f"error/{control.method}"] = mean
        states = path[0, :count] * scale
        curves[f"states/{control.method}"] = states
        if energy is not None:
            with np.errstate(all="ignore"):
                curves[f"energy/{control.method}"] = energy(states)
    curves["methods"] = np.array(methods)
    return curves


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
