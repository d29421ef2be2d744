"""The verdict on a given formula."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from noether_sym.check.drift import Drift, drift_along, drift_to_json, spread_on_control
from noether_sym.check.judging import Outcome, judged
from noether_sym.check.task import Task
from noether_sym.check.written import as_written
from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.windows import choose_window
from noether_sym.device import single_threaded
from noether_sym.dsl.parser import Formula
from noether_sym.laws import Law
from noether_sym.symmetry import with_symmetries


@dataclass(frozen=True, slots=True)
class Checked:
    """What the data say of a formula.

    Attributes
    ----------
    formula : Formula
        As it was read.
    law : Law
        With its free parameters fitted. If the fit could not be written in the form given,
        the same quantity in the form that the search writes, up to a factor and a constant.
    fixed : tuple of bool
        Of each parameter of `law`: whether its value was given.
    verdict, reason : str
        ``conserved``, ``approximately conserved``, ``not conserved``, ``constant
        everywhere`` or ``not defined``; and why, in words.
    window : int or None
        Samples of the windows that the ratios refer to; None for whole trajectories.
    period : int or None
        Samples of about a period, which drifts refer to; None for whole trajectories.
    train, held_out : Drift or None
    notes : tuple of str
    """

    formula: Formula
    law: Law
    fixed: tuple[bool, ...]
    verdict: str
    reason: str
    window: int | None
    period: int | None
    train: Drift | None
    held_out: Drift | None
    notes: tuple[str, ...] = ()

    @property
    def conserved(self) -> bool:
        """Whether the formula counts as conserved, exactly or approximately."""
        return self.law.accepted

    def to_json(self) -> dict[str, Any]:
        """As JSON types; numbers that are not finite become null."""
        from noether_sym.export import law_to_json

        entry = law_to_json(self.law)
        for own, fixed in zip(entry["parameters"], self.fixed, strict=True):
            own["fixed"] = fixed
        return {
            "formula": self.formula.text,
            "verdict": self.verdict,
            "reason": self.reason,
            "conserved": self.conserved,
            "window": self.window,
            "drift_per": "trajectory" if self.period is None else "period",
            "period_samples": self.period,
            "train": drift_to_json(self.train),
            "held_out": drift_to_json(self.held_out),
            "notes": list(self.notes),
            "law": entry,
        }


def check(
    text: str,
    dataset: Dataset,
    *,
    factor: float = 100.0,
    window: str | int = "auto",
    seed: int = 0,
) -> Checked:
    """Evaluate a formula on a data set; fit its free parameters c0, c1, ... first.

    Parameters
    ----------
    text : str
        See `noether_sym.dsl.parser`. It is read, never run.
    dataset : Dataset
    factor : float
        How many times better than on the random control it must be conserved.
    window : str or int
        ``full``, a number of samples, or ``auto``: whole trajectories, then windows.
    seed : int
        Of the random control.

    Raises
    ------
    GrammarError
        If the text is no formula of the columns.
    UnitError
        If its units do not fit.
    DatasetError
        If no sequence is long enough.
    """
    task = Task.of(text, dataset)
    with single_threaded(), np.errstate(all="ignore"):
        first: Outcome | None = None
        for size in _windows(dataset, window):
            outcome = judged(task, size, factor, seed)
            first = first or outcome
            if outcome.law.accepted:
                first = outcome
                break
        assert first is not None
        return _checked(task, first)


def _windows(dataset: Dataset, window: str | int) -> list[int | None]:
    if window == "full":
        return [None]
    if window == "auto":
        chosen = choose_window(dataset.train)
        return [None] if chosen is None else [None, chosen]
    return [int(window)]


def _checked(task: Task, outcome: Outcome) -> Checked:
    formula, quantity = task.formula, outcome.law
    fixed = tuple(own.value is not None for own in formula.constants)
    notes = list(task.dataset.notes)
    law = quantity
    if outcome.fitted:
        written = as_written(task, outcome)
        if written is None:
            fixed = (False,) * len(quantity.parameters)
            notes.append(
                "the fitted quantity is written as the search writes it, up to a factor and an "
                "added constant"
            )
            if task.numbers:  # errors of the fitted constants alone are not known in this form
                law = law.with_(
                    parameters=tuple(replace(own, stderr=None) for own in law.parameters)
                )
        else:
            law, reference = written
            if reference is not None:
                name = formula.constants[reference].name
                notes.append(f"{name} is set to 1: conservation does not tell a factor")
                fixed = tuple(own or slot == reference for slot, own in enumerate(fixed))
        law = law.with_(
            conservation_ratio=quantity.conservation_ratio,
            random_ratio=quantity.random_ratio,
            heldout_ratio=quantity.heldout_ratio,
            alignment=quantity.alignment,
            status=quantity.status,
            window=quantity.window,
        )
        if law.accepted:
            (law,) = with_symmetries((law,), task.dataset)
    period = choose_window(task.dataset.train)
    spread = spread_on_control(law, outcome.samples) if outcome.fitted else 0.0
    window = outcome.samples.window
    return Checked(
        formula=formula,
        law=law,
        fixed=fixed,
        verdict=outcome.verdict,
        reason=outcome.reason,
        window=window,
        period=period,
        train=drift_along(law, task.dataset.train, window, period, spread),
        held_out=drift_along(law, task.dataset.test, window, period, spread),
        notes=tuple(notes),
    )
