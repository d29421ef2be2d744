"""What the tailoring reports: the content of ``tailoring.json`` as typed values.

Numbers that are not finite are None. ``train_error`` and ``test_error`` are mean squared
errors; the RMSE of a control is the root of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from noether_sym.tailor.options import DecidingOptions

OK = "ok"
DIVERGED = "diverged"
OUT_OF_DOMAIN = "out of domain"
NOT_APPLICABLE = "not applicable"

EnergyIs = Literal["known law", "selected law"]


@dataclass(frozen=True, slots=True)
class RollOuts:
    """Size of a set of roll-outs."""

    sequences: int
    samples: int
    integration_steps: int


@dataclass(frozen=True, slots=True)
class RollOutParts:
    """Roll-outs of the training and of the test part."""

    train: RollOuts
    test: RollOuts


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A law that was tried."""

    candidate: int
    expression: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A way of predicting, for one network.

    Attributes
    ----------
    candidate : int or None
        Row of the law that it uses.
    rate : float or None
        Inner rate.
    energy_mse : float or None
        Mean squared difference of the energy of predicted and true test states, in the
        unit of the energy squared.
    """

    method: str
    status: str
    candidate: int | None = None
    rate: float | None = None
    train_rmse: float | None = None
    test_rmse: float | None = None
    test_mse: float | None = None
    energy_mse: float | None = None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A law at an inner rate, for one network."""

    candidate: int
    expression: str
    accepted: bool
    rate: float | None
    status: str
    train_error: float | None
    test_error: float | None


@dataclass(frozen=True, slots=True)
class SeedRow:
    """Everything one network gave."""

    seed: int
    controls: tuple[ControlRow, ...]
    screening: tuple[TrialRow, ...]
    trials: tuple[TrialRow, ...]


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
        The law whose value is compared along predictions.
    energy_is : str or None
        ``known law``: the energy, or what is known to be conserved. ``selected law``: no
        law is known, so that the selected one measures its own drift.
    selected : str or None
        Formula of the selected law; None where there was none to try, or every trial diverged.
    selected_candidate : int or None
        Its row.
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
    candidates: tuple[CandidateRow, ...]
    seeds: tuple[SeedRow, ...]
    summary: tuple[SummaryRow, ...]

    @property
    def trials(self) -> tuple[TrialRow, ...]:
        """Trials of meta-tailoring of every network."""
        return tuple(trial for seed in self.seeds for trial in seed.trials)

    @property
    def lost(self) -> int:
        """How many trials diverged or left the formula's domain."""
        return sum(trial.status != OK for trial in self.trials)

    @property
    def selected_accepted(self) -> bool:
        """Whether the selected law is accepted as conserved."""
        return any(
            row.accepted for row in self.candidates if row.candidate == self.selected_candidate
        )

    def controls(self, method: str) -> tuple[ControlRow, ...]:
        """The rows of a method, a network each."""
        rows = (control for seed in self.seeds for control in seed.controls)
        return tuple(row for row in rows if row.method == method)
