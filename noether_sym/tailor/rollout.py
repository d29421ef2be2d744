"""Long-term prediction: RK4 roll-outs from the first state of each sequence, batched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.windows import choose_window
from noether_sym.tailor.network import Problem, as_tensor

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 1e3
"""A state further out than this many scales has diverged."""

_MOST_PIECES = 64


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
    """

    states: Tensor
    steps: Tensor
    weights: Tensor

    @classmethod
    def of(cls, sequences: Sequence[Trajectory], problem: Problem) -> Targets:
        """Take sequences into network coordinates."""
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
        return cls(as_tensor(states, device), as_tensor(steps, device), as_tensor(weights, device))


def training_pieces(train: Sequence[Trajectory], test: Sequence[Trajectory]) -> list[Trajectory]:
    """Training sequences to roll out, from which laws and rates are chosen.

    Like the test sequences, no longer and, where one recording was split in time, as near in
    time: the last stretch of each training sequence, as long as the longest test sequence.
    Where that holds several windows over which the states mix (about a period each), it is
    cut into windows half a window apart, so that no single measured start decides.
    """
    window = choose_window(train)
    longest = max((len(sequence) for sequence in test), default=None)
    pieces = []
    for sequence in train:
        start = 0 if longest is None else max(0, len(sequence) - longest)
        recent = sequence.part(start, len(sequence))
        if window is None or len(recent) < 2 * window:
            pieces.append(recent)
            continue
        starts = range(0, len(recent) - window + 1, max(1, window // 2))
        pieces += [recent.part(first, first + window) for first in starts]
    step = -(-len(pieces) // _MOST_PIECES)
    return [piece for piece in pieces[::step] if len(piece) > 1]


def roll_out(field: Callable[[Tensor], Tensor], tries: int, targets: Targets) -> Tensor:
    """Integrate a field with RK4 from the first true state of each sequence.

    Parameters
    ----------
    field : callable
        From states (try, sequence, column) to their time derivatives, in network
        coordinates and true time.
    tries : int
    targets : Targets

    Returns
    -------
    tensor of shape (try, sequence, time, column)
        In network coordinates; not finite from where a roll-out has diverged.
    """
    state = targets.states[:, 0].expand(tries, -1, -1)
    path = [state]
    with torch.no_grad():
        for step in targets.steps.T:
            width = step[None, :, None]
            one = field(state)
            two = field(state + 0.5 * width * one)
            three = field(state + 0.5 * width * two)
            four = field(state + width * three)
            state = state + width / 6.0 * (one + 2.0 * two + 2.0 * three + four)
            state = torch.where(state.abs() < LIMIT, state, torch.nan)
            path.append(state)
    return torch.stack(path, dim=2)


def squared_errors(path: Tensor, targets: Targets) -> NDArray[np.float64]:
    """Mean over columns of the squared error: (try, sequence, time), nan in the padding."""
    error = (path - targets.states).square().mean(-1).double().cpu().numpy()
    weights = targets.weights.cpu().numpy()
    error = np.where(np.isfinite(error), error, np.inf)
    return np.where(weights > 0, error, np.nan)
