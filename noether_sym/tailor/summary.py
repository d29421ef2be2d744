"""The result of the tailoring stage: rows with a status, summary, curves for figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import Law
from noether_sym.tailor.candidates import Candidates
from noether_sym.tailor.choose import Chosen, OfNetwork
from noether_sym.tailor.compare import Control
from noether_sym.tailor.curves import drawn
from noether_sym.tailor.document import (
    DIVERGED,
    NOT_APPLICABLE,
    CandidateRow,
    Choice,
    ControlRow,
    Moments,
    PlainRow,
    RollOutParts,
    RollOuts,
    Sampled,
    SeedRow,
    SummaryRow,
    TailoringDocument,
    TrialRow,
    finite,
)
from noether_sym.tailor.trials import TEST, TRAIN, VALIDATION, Outcome, Setting

if TYPE_CHECKING:
    from noether_sym.tailor.limits import Limits
    from noether_sym.tailor.options import TailorOptions
    from noether_sym.tailor.rollout import Targets

_MEASURES = ("train_rmse", "test_rmse", "test_mse", "energy_mse")
_NOTHING_ACCEPTED = "nothing was accepted as conserved"


@dataclass(frozen=True, slots=True, eq=False)
class Tailoring:
    """Result of `noether_sym.tailor.tailor`.

    Attributes
    ----------
    selected : int or None
        Row of the selected law; None where no law helps the prediction.
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
    candidates: Candidates,
    validation_is: str,
    chosen: Chosen,
    setting: Setting,
    controls: Sequence[Sequence[Control]],
    options: TailorOptions,
) -> Tailoring:
    """Put together what the networks gave; `setting` is that of the report."""
    laws, choice = candidates.laws, _choice(candidates, chosen)
    shown = None if choice.candidate is None else laws[choice.candidate]
    energy = candidates.oracle or shown
    rows = tuple(
        _seed_row(options.seed + number, network, own, laws, setting, energy)
        for number, (network, own) in enumerate(zip(chosen.networks, controls, strict=True))
    )
    document = TailoringDocument(
        options=options.deciding(setting.problem.device),
        error="mean squared error of RK4 roll-outs over columns, in network coordinates",
        state_scale=tuple(setting.problem.state_scale.tolist()),
        training_states=len(setting.problem.states),
        roll_outs=RollOutParts(
            _roll_outs(setting.parts[TRAIN]),
            _roll_outs(chosen.setting.parts[VALIDATION]),
            _roll_outs(setting.parts[TEST]),
            validation_is,
        ),
        energy=None if energy is None else energy.text(),
        energy_is="known law" if candidates.oracle else "found law" if shown else None,
        selected=choice.law if choice.selected else None,
        selected_candidate=choice.candidate if choice.selected else None,
        choice=choice,
        candidates=tuple(
            CandidateRow(row, law.text(), law.accepted, candidates.left_out.get(row))
            for row, law in enumerate(laws)
        ),
        seeds=rows,
        summary=_summary(rows),
        limits=options.limits,
        sampled=_sampled(dataset, setting, chosen.setting, options.limits),
    )
    curves = drawn(dataset, setting, controls[0], energy)
    return Tailoring(document.selected_candidate, document, curves)


def _choice(candidates: Candidates, chosen: Chosen) -> Choice:
    laws, own = candidates.laws, chosen.selection
    accepted = [row for row, law in enumerate(laws) if law.accepted]
    reason = own.reason
    if not accepted:
        reason = _NOTHING_ACCEPTED
    elif not set(accepted) & set(candidates.tried):
        reason = f"every law {candidates.left_out[accepted[0]]}"
    return Choice(
        law=None if own.candidate is None else laws[own.candidate].text(),
        candidate=own.candidate,
        selected=own.selected,
        reason=reason,
        error_ratio=own.error_ratio,
        ties=own.ties,
        control=None if chosen.control is None else laws[chosen.control].text(),
        control_candidate=chosen.control,
    )


def _sampled(
    dataset: Dataset, setting: Setting, choice: Setting, limits: Limits | None
) -> Sampled | None:
    if limits is None:
        return None
    heats = replace(choice.problem, most=limits.heat_states)
    longest = max(map(len, dataset.test))
    return Sampled(setting.problem.step_states, heats.step_states, len(dataset.test), longest)


def _roll_outs(targets: Targets) -> RollOuts:
    return RollOuts(len(targets.states), targets.states.shape[1], sum(targets.parts))


def _seed_row(
    seed: int,
    network: OfNetwork,
    controls: Sequence[Control],
    laws: Sequence[Law],
    setting: Setting,
    energy: Law | None,
) -> SeedRow:
    def trials(outcomes: Sequence[Outcome]) -> tuple[TrialRow, ...]:
        return tuple(_trial_row(one, laws) for one in outcomes if one.candidate < len(laws))

    return SeedRow(
        seed,
        tuple(_control_row(control, setting, energy) for control in controls),
        tuple(PlainRow(method, **_errors(outcome)) for method, outcome in network.plain.items()),
        trials(network.screened),
        trials(network.tried),
        trials(network.heats),
    )


def _trial_row(outcome: Outcome, laws: Sequence[Law]) -> TrialRow:
    law = laws[outcome.candidate]
    return TrialRow(
        candidate=outcome.candidate,
        expression=law.text(),
        accepted=law.accepted,
        rate=outcome.rate,
        status=outcome.status,
        **_errors(outcome),
    )


def _errors(outcome: Outcome) -> dict[str, float | None]:
    return {f"{part}_error": finite(outcome.error(part)) for part in (TRAIN, VALIDATION, TEST)}


def _control_row(control: Control, setting: Setting, energy: Law | None) -> ControlRow:
    outcome, note = control.outcome, control.note or None
    if outcome is None:
        return ControlRow(
            control.method, DIVERGED if control.applies else NOT_APPLICABLE, note=note
        )
    train, test = outcome.error(TRAIN), outcome.error(TEST)
    return ControlRow(
        control.method,
        outcome.status if math.isfinite(test) else DIVERGED,
        candidate=outcome.candidate if outcome.candidate >= 0 else None,
        rate=outcome.rate,
        train_rmse=finite(math.sqrt(train)),
        test_rmse=finite(math.sqrt(test)),
        test_mse=finite(test),
        energy_mse=finite(_energy_error(outcome, setting, energy)),
        note=note,
    )


def _energy_error(outcome: Outcome, setting: Setting, energy: Law | None) -> float:
    """Mean squared difference of the energy of predicted and true states on the test part."""
    if energy is None or outcome.path is None:
        return math.nan
    scale = setting.problem.state_scale
    true = setting.parts[TEST].states.double().cpu().numpy()
    weights = setting.parts[TEST].weights.cpu().numpy() > 0
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
        ratio = float(np.mean(own) / np.mean(vanilla)) if complete else None
        moments = {measure: _moments(_values(rows, method, measure)) for measure in _MEASURES}
        result.append(SummaryRow(method, **moments, rmse_over_vanilla=ratio))
    return tuple(result)


def _moments(values: Sequence[float]) -> Moments:
    return Moments(
        float(np.mean(values)) if values else None,
        float(np.std(values, ddof=1)) if len(values) > 1 else None,
        len(values),
    )


def _values(rows: Sequence[SeedRow], method: str, measure: str) -> list[float]:
    controls = (row for seed in rows for row in seed.controls if row.method == method)
    values = (getattr(row, measure) for row in controls)
    return [value for value in values if value is not None]
