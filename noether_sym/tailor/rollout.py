"""Long-term prediction: RK4 roll-outs from the first state of each sequence, batched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.windows import choose_window
from noether_sym.tailor.network import Problem, Weights, as_tensor
from noether_sym.tailor.network import field as network_field

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 1e3
"""A state further out than this many scales has diverged."""

MOST_SEQUENCES = 64
"""Of more sequences, evenly spaced ones are rolled out."""

MOST_SAMPLES = 1000
"""Roll-outs are no longer; a longer sequence is predicted up to here."""

STEP_ERROR = 3e-4
"""Largest error that RK4 may make over one sampling interval, in state scales."""

_MOST_PARTS = 8
"""Runge-Kutta steps in a sampling interval at most."""

_JUMP = 1.5
"""Median steps up to which a time step is taken whole; a longer one spans a gap, and is cut."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Sequences to predict, padded to one length.

    Attributes
    ----------
    states : tensor of shape (sequence, time, column)
        True states in network coordinates.
    steps : tensor of shape (sequence, time - 1)
        Time steps; 0 in the padding.
    weights : tensor of shape (sequence, time)
        1 for a sample, 0 for padding.
    parts : tuple of int
        Into how many equal steps RK4 cuts each time step.
    """

    states: Tensor
    steps: Tensor
    weights: Tensor
    parts: tuple[int, ...]

    @classmethod
    def of(cls, sequences: Sequence[Trajectory], problem: Problem) -> Targets:
        """Take sequences into network coordinates.

        Time steps across a gap are cut into parts of at most 1.5 median steps.
        """
        length = max(len(sequence) for sequence in sequences)
        shape = (len(sequences), length)
        states = np.zeros((*shape, problem.columns))
        steps = np.zeros((shape[0], length - 1))
        weights = np.zeros(shape)
        for row, sequence in enumerate(sequences):
            count = len(sequence)
            states[row, :count] = sequence.states / problem.state_scale
            states[row, count:] = states[row, count - 1]
            steps[row, : count - 1] = np.diff(sequence.times)
            weights[row, :count] = 1.0
        device = problem.device
        parts = np.ceil(steps.max(axis=0) / (_JUMP * np.median(steps[steps > 0])) - 1e-6)
        return cls(
            as_tensor(states, device),
            as_tensor(steps, device),
            as_tensor(weights, device),
            tuple(max(1, int(part)) for part in parts),
        )

    def refined(self, factor: int) -> Targets:
        """The same sequences, integrated with steps shorter by a factor."""
        return replace(self, parts=tuple(factor * part for part in self.parts))

    def within(self, sequences: int, steps: int) -> Targets:
        """At most so many of the sequences, evenly chosen, up to so many Runge-Kutta steps."""
        taken = np.searchsorted(np.cumsum(self.parts), steps, side="right")
        return self.smaller(sequences, max(2, int(taken) + 1))

    def smaller(self, sequences: int, samples: int) -> Targets:
        """The beginnings of some of the sequences, evenly chosen; at most so many of both."""
        rows = evenly(len(self.states), sequences)
        return Targets(
            self.states[rows, :samples],
            self.steps[rows, : samples - 1],
            self.weights[rows, :samples],
            self.parts[: samples - 1],
        )


def evenly(count: int, most: int) -> list[int]:
    """Places of so many, or of `most` of them, at distances that differ by no more than one."""
    taken = min(count, most)
    return [place * count // taken for place in range(taken)]


def training_pieces(train: Sequence[Trajectory], test: Sequence[Trajectory]) -> list[Trajectory]:
    """Training sequences to roll out.

    Like the test sequences, no longer and, where one recording was split in time, as near in
    time: the last stretch of each training sequence, as long as the longest test sequence.
    Where that holds several windows over which the states mix (about a period each), it is
    cut into windows half a window apart, so that no single measured start decides.
    """
    window = choose_window(train)
    longest = min(MOST_SAMPLES, max((len(sequence) for sequence in test), default=MOST_SAMPLES))
    recent = [one.part(max(0, len(one) - longest), len(one)) for one in train]
    return _worth_predicting(
        [piece for one in recent for piece in windows(one, window, overlapping=True)]
    )


def windows(
    sequence: Trajectory, window: int | None, *, overlapping: bool = False
) -> list[Trajectory]:
    """A sequence in windows of so many samples; whole where it holds fewer than two of them."""
    if window is None or len(sequence) < 2 * window:
        return [sequence]
    step = max(1, window // 2) if overlapping else window
    starts = range(0, len(sequence) - window + 1, step)
    return [sequence.part(first, first + window) for first in starts]


def prediction_pieces(test: Sequence[Trajectory]) -> list[Trajectory]:
    """Test sequences to roll out: whole, unless they are very long or very many."""
    return _worth_predicting([sequence.part(0, MOST_SAMPLES) for sequence in test])


def _worth_predicting(pieces: Sequence[Trajectory]) -> list[Trajectory]:
    useful = [piece for piece in pieces if len(piece) > 1]
    return [useful[place] for place in evenly(len(useful), MOST_SEQUENCES)]


def roll_out(field: Callable[[Tensor], Tensor], trials: int, targets: Targets) -> Tensor:
    """Integrate a field with RK4 from the first true state of each sequence.

    Parameters
    ----------
    field : callable
        From states (trial, sequence, column) to their time derivatives, in network
        coordinates and true time.
    trials : int
    targets : Targets

    Returns
    -------
    tensor of shape (trial, sequence, time, column)
        In network coordinates; not finite from where a roll-out has diverged.
    """
    state = targets.states[:, 0].expand(trials, -1, -1)
    path = [state]
    with torch.no_grad():
        for step, parts in zip(targets.steps.T, targets.parts, strict=True):
            width = step[None, :, None] / parts
            for _ in range(parts):
                state = runge_kutta(field, state, width)
            state = torch.where(state.abs() < LIMIT, state, torch.nan)
            path.append(state)
    return torch.stack(path, dim=2)


def runge_kutta(field: Callable[[Tensor], Tensor], state: Tensor, width: Tensor | float) -> Tensor:
    """One classical RK4 step."""
    one = field(state)
    two = field(state + 0.5 * width * one)
    three = field(state + 0.5 * width * two)
    four = field(state + width * three)
    return state + width / 6.0 * (one + 2.0 * two + 2.0 * three + four)


def choose_refinement(weights: Weights, problem: Problem, step: float) -> int:
    """How many RK4 steps a sampling interval needs for a trained network.

    From every training state, a step is compared with two halves of it; it is halved until
    they agree to `STEP_ERROR` over a sampling interval, at most to an eighth. One step is
    enough for the paper's data, not for close encounters sampled coarsely.

    Parameters
    ----------
    weights : Weights
        Of one network.
    problem : Problem
    step : float
        Sampling interval.
    """
    states = problem.states[None]

    def dynamics(states: Tensor) -> Tensor:
        return network_field(weights, states) * problem.pace

    parts = 1
    with torch.no_grad():
        while parts < _MOST_PARTS:
            width = step / parts
            whole = runge_kutta(dynamics, states, width)
            half = runge_kutta(dynamics, states, 0.5 * width)
            halves = runge_kutta(dynamics, half, 0.5 * width)
            if float((whole - halves).abs().max()) * parts < STEP_ERROR:
                break
            parts *= 2
    return parts


def squared_errors(path: Tensor, targets: Targets) -> NDArray[np.float64]:
    """Mean over columns of the squared error: (trial, sequence, time), nan in the padding.

    Infinite where the roll-out has diverged.
    """
    error = (path - targets.states).square().mean(-1).double().cpu().numpy()
    weights = targets.weights.cpu().numpy()
    error = np.where(np.isfinite(error), error, np.inf)
    return np.where(weights > 0, error, np.nan)
