"""The baseline MLP and the Hamiltonian NN of Greydanus et al. 2019, as batched tensors.

Weights are explicit tensors with a leading axis for trials, so that many fine-tunings of one
network run as one program. Networks compute in float32, in coordinates of order one: states
and derivatives are divided by the nearest power of ten of each column's root mean square,
which leaves the paper's data as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset, Trajectory, stack
from noether_sym.runtime.adam import Adam

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN = 200
"""Units of each of the two hidden layers, as of Greydanus et al. 2019."""

LEARNING_RATE = 1e-3
"""Of Adam, as of Greydanus et al. 2019."""

MOST_STATES = 10_000
"""Full-batch training on more states costs time and memory, and teaches the MLP no more."""

_ROUNDING = 1e-9
"""Change over size below which a column does not move: a solver's tolerance, or a file's digits."""

_ORDER_SEED = 0
"""Of the order in which steps take states: one for all, so that no worker changes an answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Training data in network coordinates.

    Attributes
    ----------
    states, derivatives : float32 tensors of shape (sample, column)
        ``x / state_scale`` and ``dx/dt / slope_scale``.
    state_scale, slope_scale : float arrays of shape (column,)
        Powers of ten; a column that is constant along every trajectory has the slope scale
        0, so that nothing predicts or corrects a rate of it.
    weight_decay : float
    pairs : tuple of (int, int)
        Canonical columns (q, p).
    most : int
        Most states in a step of training.
    """

    states: Tensor
    derivatives: Tensor
    state_scale: NDArray[np.float64]
    slope_scale: NDArray[np.float64]
    weight_decay: float
    pairs: tuple[tuple[int, int], ...]
    most: int = MOST_STATES

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        device: str,
        weight_decay: float = 1e-4,
        most: int = MOST_STATES,
    ) -> Problem:
        """Take a data set's training part into network coordinates.

        Of more than `MOST_STATES` states, so many are drawn; of these, at most `most` are taken
        in a step of training.
        """
        states, derivatives = stack(dataset.train)
        if len(states) > MOST_STATES:
            drawn = np.sort(_order(len(states), "cpu")[:MOST_STATES].numpy())
            states, derivatives = states[drawn], derivatives[drawn]
        derivatives = derivatives * moving(dataset.train)
        state_scale, slope_scale = power_of_ten(states), power_of_ten(derivatives)
        slope_scale = np.where((derivatives != 0).any(axis=0), slope_scale, 0.0)
        return cls(
            as_tensor(states / state_scale, device),
            as_tensor(derivatives / np.where(slope_scale > 0, slope_scale, 1.0), device),
            state_scale,
            slope_scale,
            weight_decay,
            dataset.canonical_pairs,
            most,
        )

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.states.shape[1]

    def part(self, step: int) -> slice | Tensor:
        """The states of a step of training: all of them, or `most` in shuffled order.

        The next step goes on where this one ends, round and round, so that all states are
        taken equally often. In the order of the file, states at equal distances may be those
        of one time in every trajectory, and teach nothing else.
        """
        count = len(self.states)
        if count <= self.most:
            return slice(None)
        first = step * self.most
        places = torch.arange(first, first + self.most, device=self.device) % count
        return _order(count, self.device)[places]

    @property
    def step_states(self) -> int:
        """How many states a step takes."""
        return min(len(self.states), self.most)

    @property
    def device(self) -> str:
        """Where the tensors are."""
        return str(self.states.device.type)

    @property
    def pace(self) -> Tensor:
        """Factor from the network's output to the time derivative of its input."""
        return as_tensor(self.slope_scale / self.state_scale, self.device)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights of an MLP with two hidden layers, tanh, no bias in the last layer.

    Shapes: `w1` (trial, hidden, in), `b1` (trial, hidden), `w2` (trial, hidden, hidden), `b2`
    (trial, hidden), `w3` (trial, out, hidden).
    """

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor
    w3: Tensor

    def tensors(self) -> list[Tensor]:
        """The five tensors."""
        return [self.w1, self.b1, self.w2, self.b2, self.w3]

    def repeated(self, trials: int) -> Weights:
        """Independent trainable copies of the first trial's weights."""
        return Weights(
            *(
                tensor[:1].detach().repeat(trials, *[1] * (tensor.ndim - 1)).requires_grad_()
                for tensor in self.tensors()
            )
        )

    def detached(self) -> Weights:
        """The same weights without their history."""
        return Weights(*(tensor.detach() for tensor in self.tensors()))


@lru_cache(maxsize=8)
def _order(count: int, device: str) -> Tensor:
    """Numbers from 0 to `count`, shuffled, always in the same way."""
    generator = torch.Generator().manual_seed(_ORDER_SEED)
    return torch.randperm(count, generator=generator).to(device)


def moving(trajectories: Sequence[Trajectory]) -> NDArray[np.bool_]:
    """Whether each column changes along any trajectory, beyond rounding: shape (column,)."""
    span = np.max([np.ptp(one.states, axis=0) for one in trajectories], axis=0)
    size = np.max([np.abs(one.states).max(axis=0) for one in trajectories], axis=0)
    return np.asarray(span > _ROUNDING * size)


def as_tensor(array: NDArray[np.floating], device: str) -> Tensor:
    """A float32 tensor on a device."""
    return torch.as_tensor(np.asarray(array), dtype=torch.float32, device=device)


def power_of_ten(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nearest power of ten of the root mean square of each column (sample, column)."""
    size = np.sqrt((values**2).mean(axis=0))
    return np.where(size > 0, 10.0 ** np.rint(np.log10(np.where(size > 0, size, 1.0))), 1.0)


def initial_weights(columns: int, outputs: int, seed: int, device: str) -> Weights:
    """Orthogonal weights, biases uniform as torch initialises them; made on the CPU."""
    generator = torch.Generator().manual_seed(seed)

    def orthogonal(rows: int, inputs: int) -> Tensor:
        weight = torch.empty(rows, inputs)
        return torch.nn.init.orthogonal_(weight, generator=generator)

    def uniform(count: int, inputs: int) -> Tensor:
        return (2.0 * torch.rand(count, generator=generator) - 1.0) / math.sqrt(inputs)

    tensors = (
        orthogonal(HIDDEN, columns),
        uniform(HIDDEN, columns),
        orthogonal(HIDDEN, HIDDEN),
        uniform(HIDDEN, HIDDEN),
        orthogonal(outputs, HIDDEN),
    )
    return Weights(*(tensor[None].to(device) for tensor in tensors))


def layers(weights: Weights, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both hidden layers and the output for states of shape (trial, sample, column)."""
    one = torch.tanh(torch.baddbmm(weights.b1[:, None], states, weights.w1.mT))
    two = torch.tanh(torch.baddbmm(weights.b2[:, None], one, weights.w2.mT))
    return one, two, torch.bmm(two, weights.w3.mT)


def field(weights: Weights, states: Tensor) -> Tensor:
    """The MLP's dx/dt in network coordinates, shape of `states`."""
    return layers(weights, states)[2]


def hamiltonian_field(
    weights: Weights, states: Tensor, pairs: tuple[tuple[int, int], ...], scale: Tensor
) -> Tensor:
    """Hamilton's equations of a scalar network H (Greydanus et al. 2019, eq. 2).

    Columns that are in no pair stay as they are: parameters of H.

    Parameters
    ----------
    weights : Weights
        With one output, H.
    states : tensor of shape (trial, sample, column)
    pairs : tuple of (int, int)
    scale : tensor of shape (column,)
        What the components of the field are divided by, relative to their partner's scale.
    """
    one, two, _ = layers(weights, states)
    back = weights.w3 * (1.0 - two.square())
    back = torch.bmm(back, weights.w2) * (1.0 - one.square())
    slope = torch.bmm(back, weights.w1)
    parts = [torch.zeros_like(slope[..., 0])] * states.shape[-1]
    for q, p in pairs:
        parts[q], parts[p] = slope[..., p] * scale[q], -slope[..., q] * scale[p]
    return torch.stack(parts, dim=-1)


def adam(weights: Weights, weight_decay: float) -> Adam:
    """The optimiser of every training here."""
    return Adam(weights.tensors(), rate=LEARNING_RATE, weight_decay=weight_decay)


def hamiltonian_scale(problem: Problem) -> Tensor:
    """Factors that make J grad H a field in network coordinates for one scalar H."""
    own = np.ones(problem.columns)
    for q, p in problem.pairs:
        own[q] = problem.slope_scale[q] * problem.state_scale[p]
        own[p] = problem.slope_scale[p] * problem.state_scale[q]
    own[own == 0] = own.max() or 1.0
    return as_tensor(own.max() / own, problem.device)
