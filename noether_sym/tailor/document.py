"""What the tailoring reports: the content of ``tailoring.json`` as typed values.

Numbers that are not finite are None. Errors of trials are mean squared errors; the RMSE of a
control is the root of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from noether_sym.tailor.limits import Limits
from noether_sym.tailor.options import DecidingOptions

OK = "ok"
DIVERGED = "diverged"
OUT_OF_DOMAIN = "out of domain"
NOT_APPLICABLE = "not applicable"

VANILLA = "vanilla"
EXTRA_EPOCHS = "extra epochs"
HNN = "hnn"
META_TAILORED = "meta-tailored"
NOT_A_LAW = "not a law"
"""Method: meta-tailored with the best candidate that was not accepted."""

EnergyIs = Literal["known law", "found law"]


def finite(value: float | None) -> float | None:
    """A number as documents hold it: None where it is not finite."""
    return float(value) if value is not None and math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the limits took of the data.

    Attributes
    ----------
    step, heats : int
        States in a step of training, and in one of meta-tailoring in the heats.
    sequences, longest : int
        Test sequences there are, and the samples of the longest: `RollOutParts.test` says how
        many are predicted.
    """

    step: int
    heats: int
    sequences: int
    longest: int


@dataclass(frozen=True, slots=True)
class RollOuts:
    """Size of a set of roll-outs."""

    sequences: int
    samples: int
    integration_steps: int


@dataclass(frozen=True, slots=True)
class RollOutParts:
    """Roll-outs of the part that is fitted, of the validation part, and of the test part.

    Attributes
    ----------
    validation_is : str
        Which trajectories, or which part of them, are the validation part.
    """

    train: RollOuts
    validation: RollOuts
    test: RollOuts
    validation_is: str


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate that was given: a law, or a control that was not accepted.

    Attributes
    ----------
    reason : str or None
        Why it was not tried.
    """

    candidate: int
    expression: str
    accepted: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorRatio:
    """Root mean squared error on the validation part over that of plain further training.

    Attributes
    ----------
    value : float
        Geometric mean over networks.
    low, high : float or None
        What lies between them is no difference; None where nothing tells the spread.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which law was selected, and why, or why none.

    Attributes
    ----------
    law, candidate : str and int, or None
        The accepted law that the rows of `TailoringDocument.summary` use, and its row: the
        selected one, else the best by the verdict; None where no law could be tried.
    selected : bool
        Whether it was selected: whether it helps the prediction.
    reason : str
        In words.
    error_ratio : ErrorRatio or None
        Of that law.
    ties : tuple of int
        Rows of laws that predict as well within the spread; the verdict decided between them.
    control, control_candidate : str and int, or None
        The best candidate that was not accepted, by validation error. It is never selected.
    """

    law: str | None
    candidate: int | None
    selected: bool
    reason: str
    error_ratio: ErrorRatio | None
    ties: tuple[int, ...]
    control: str | None
    control_candidate: int | None


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A way of predicting, for one network trained on the whole training part.

    Attributes
    ----------
    candidate : int or None
        Row of the candidate that it uses.
    rate : float or None
        Inner rate.
    energy_mse : float or None
        Mean squared difference of the energy of predicted and true test states, in the
        unit of the energy squared.
    note : str or None
        Why it does not apply, or what it assumes.
    """

    method: str
    status: str
    candidate: int | None = None
    rate: float | None = None
    train_rmse: float | None = None
    test_rmse: float | None = None
    test_mse: float | None = None
    energy_mse: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A candidate at an inner rate, for one network trained without the validation part.

    A trial of the screening has a training error only, one of a race a validation error only.
    """

    candidate: int
    expression: str
    accepted: bool
    rate: float | None
    status: str
    train_error: float | None
    validation_error: float | None
    test_error: float | None


@dataclass(frozen=True, slots=True)
class PlainRow:
    """What no law was used for, of one network trained without the validation part."""

    method: str
    train_error: float | None
    validation_error: float | None
    test_error: float | None


@dataclass(frozen=True, slots=True)
class SeedRow:
    """Everything one network gave; `heats` are those of a race, `trials` then its final."""

    seed: int
    controls: tuple[ControlRow, ...]
    plain: tuple[PlainRow, ...]
    screening: tuple[TrialRow, ...]
    trials: tuple[TrialRow, ...]
    heats: tuple[TrialRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation over the `count` networks that gave a finite number."""

    mean: float | None
    std: float | None
    count: int


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A way of predicting, over all networks."""

    method: str
    train_rmse: Moments
    test_rmse: Moments
    test_mse: Moments
    energy_mse: Moments
    rmse_over_vanilla: float | None


@dataclass(frozen=True, slots=True)
class TailoringDocument:
    """Content of ``tailoring.json``.

    Attributes
    ----------
    options : DecidingOptions
    error : str
        What the errors of trials are, in words.
    state_scale : tuple of float
        Size of a column in network coordinates, a column each.
    energy : str or None
        The law whose value is compared along predictions: never one that was not accepted.
    energy_is : str or None
        ``known law``: the energy, or what is known to be conserved. ``found law``: no law is
        known, so that the law of `choice` measures its own drift.
    selected : str or None
        Formula of the selected law; None where no law helps the prediction.
    selected_candidate : int or None
        Its row.
    choice : Choice
    limits, sampled : Limits and Sampled, or None
        What the budget became, and what of the data that took; None without a budget.
    """

    options: DecidingOptions
    error: str
    state_scale: tuple[float, ...]
    training_states: int
    roll_outs: RollOutParts
    energy: str | None
    energy_is: EnergyIs | None
    selected: str | None
    selected_candidate: int | None
    choice: Choice
    candidates: tuple[CandidateRow, ...]
    seeds: tuple[SeedRow, ...]
    summary: tuple[SummaryRow, ...]
    limits: Limits | None = None
    sampled: Sampled | None = None

    @property
    def heats(self) -> tuple[TrialRow, ...]:
        """Trials in the heats of the race of every network."""
        return tuple(trial for seed in self.seeds for trial in seed.heats)

    @property
    def trials(self) -> tuple[TrialRow, ...]:
        """Trials of meta-tailoring of every network; of a race, those of its final."""
        return tuple(trial for seed in self.seeds for trial in seed.trials)

    @property
    def lost(self) -> int:
        """How many trials diverged or left the formula's domain."""
        return sum(trial.status != OK for trial in self.trials)

    @property
    def accepted(self) -> int:
        """How many of the candidates are laws."""
        return sum(row.accepted for row in self.candidates)

    def controls(self, method: str) -> tuple[ControlRow, ...]:
        """The rows of a method, a network each."""
        rows = (control for seed in self.seeds for control in seed.controls)
        return tuple(row for row in rows if row.method == method)
