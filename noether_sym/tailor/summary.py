"""The result of the tailoring stage: rows with a status, summary, curves for figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.tailor.document import (
    DIVERGED,
    NOT_APPLICABLE,
    CandidateRow,
    ControlRow,
    Moments,
    RollOutParts,
    RollOuts,
    SeedRow,
    SummaryRow,
    TailoringDocument,
    TrialRow,
)
from noether_sym.tailor.trials import Outcome, Setting

if TYPE_CHECKING:
    from noether_sym.tailor.options import TailorOptions
    from noether_sym.tailor.rollout import Targets

Measure = Literal["train_rmse", "test_rmse", "test_mse", "energy_mse"]


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
    document : TailoringDocument
    curves : dict of arrays
        For figures: ``times`` and ``true`` of the first test sequence, and for each method
        ``error/<method>`` (time,), ``states/<method>`` (time, column) and
        ``energy/<method>`` (time,), of the first seed.
    """

    selected: int | None
    document: TailoringDocument
    curves: dict[str, NDArray[Any]]


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
    chosen = None if selected is None else laws[selected]
    energy = oracle or chosen
    rows = tuple(_seed_row(seed, laws, setting, energy) for seed in seeds)
    document = TailoringDocument(
        options=options.deciding(setting.problem.device),
        error="mean squared error of RK4 roll-outs over columns, in network coordinates",
        state_scale=tuple(setting.problem.state_scale.tolist()),
        training_states=len(setting.problem.states),
        roll_outs=RollOutParts(_roll_outs(setting.train), _roll_outs(setting.test)),
        energy=None if energy is None else energy.text(),
        energy_is="known law" if oracle else "selected law" if chosen else None,
        selected=None if chosen is None else chosen.text(),
        selected_candidate=selected,
        candidates=tuple(
            CandidateRow(row, law.text(), law.accepted) for row, law in enumerate(laws)
        ),
        seeds=rows,
        summary=_summary(rows),
    )
    return Tailoring(selected, document, _curves(dataset, setting, seeds[0], energy))


def _roll_outs(targets: Targets) -> RollOuts:
    return RollOuts(len(targets.states), targets.states.shape[1], sum(targets.parts))


def _seed_row(
    seed: SeedResult, laws: Sequence[Law], setting: Setting, energy: Law | None
) -> SeedRow:
    return SeedRow(
        seed.seed,
        tuple(_control_row(control, setting, energy) for control in seed.controls),
        tuple(_trial_row(outcome, laws) for outcome in seed.screened),
        tuple(_trial_row(outcome, laws) for outcome in seed.trials),
    )


def _trial_row(outcome: Outcome, laws: Sequence[Law]) -> TrialRow:
    law = laws[outcome.candidate]
    return TrialRow(
        candidate=outcome.candidate,
        expression=law.text(),
        accepted=law.accepted,
        rate=outcome.rate,
        status=outcome.status,
        train_error=_finite(outcome.train_error),
        test_error=_finite(outcome.test_error),
    )


def _control_row(control: Control, setting: Setting, energy: Law | None) -> ControlRow:
    outcome = control.outcome
    if outcome is None:
        return ControlRow(control.method, DIVERGED if control.method != "hnn" else NOT_APPLICABLE)
    return ControlRow(
        control.method,
        outcome.status if math.isfinite(outcome.test_error) else DIVERGED,
        candidate=outcome.candidate if outcome.candidate >= 0 else None,
        rate=outcome.rate,
        train_rmse=_finite(math.sqrt(outcome.train_error)),
        test_rmse=_finite(math.sqrt(outcome.test_error)),
        test_mse=_finite(outcome.test_error),
        energy_mse=_finite(_energy_error(outcome, setting, energy)),
    )


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


def _summary(rows: Sequence[SeedRow]) -> tuple[SummaryRow, ...]:
    """Mean and standard deviation over seeds of each control, and the ratio to vanilla."""
    vanilla = _values(rows, "vanilla", "test_rmse")
    result = []
    for method in dict.fromkeys(row.method for seed in rows for row in seed.controls):
        own = _values(rows, method, "test_rmse")
        complete = len(own) == len(vanilla) == len(rows) and np.mean(vanilla) > 0
        result.append(
            SummaryRow(
                method,
                _moments(_values(rows, method, "train_rmse")),
                _moments(own),
                _moments(_values(rows, method, "test_mse")),
                _moments(_values(rows, method, "energy_mse")),
                float(np.mean(own) / np.mean(vanilla)) if complete else None,
            )
        )
    return tuple(result)


def _moments(values: Sequence[float]) -> Moments:
    return Moments(
        float(np.mean(values)) if values else None,
        float(np.std(values, ddof=1)) if len(values) > 1 else None,
        len(values),
    )


def _values(rows: Sequence[SeedRow], method: str, measure: Measure) -> list[float]:
    controls = (row for seed in rows for row in seed.controls if row.method == method)
    values = (getattr(row, measure) for row in controls)
    return [value for value in values if value is not None]


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


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
