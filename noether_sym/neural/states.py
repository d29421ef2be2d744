"""An embedding of states whose outputs are conserved, and how many independent ones there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.derive import without_derived
from noether_sym.errors import DatasetError, OptionError
from noether_sym.neural.states_inputs import Inputs
from noether_sym.neural.states_layer import Layer
from noether_sym.neural.states_train import (
    RIDGES,
    Choice,
    Score,
    Sums,
    better,
    crosswise,
    directions_of,
    good,
    is_constraint,
    score,
    trained,
)
from noether_sym.spelling import spelt
from noether_sym.verdict.decoys import decoy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.datasets.dataset import Dataset, Trajectory
    from noether_sym.neural.states_train import Parts
    from noether_sym.runtime.stages import Cache, Progress

CHANCE = 100.0
"""How many times less than by chance a conserved output varies within trajectories, and drifts."""
_FOLDS = 3
"""Parts of the trajectories, each left out in turn: fewer trajectories are refused."""
_SAMPLES = 3000
"""Samples that are trained on at most; of those held out, half as many."""
_NUMBERS = 3e7
"""Slopes of the units by all columns at all samples, at most: 240 MB."""
_CONSTRAINTS = 4
"""Constraints that are set aside at most."""


@dataclass(frozen=True, slots=True, eq=False)
class StatesEmbedding:
    """A network from states to quantities that are conserved along trajectories.

    Attributes
    ----------
    inputs : Inputs
    layer : Layer
    outputs : array of shape (unit, output)
    offset : array of shape (output,)
        Mean of each output on the training trajectories; their standard deviation is 1.
    moving : array of int
        Columns by which gradients are taken: those that are not constant along trajectories.
    spread : array of shape (moving column,)
        Standard deviation of each, the unit of its gradients.
    """

    inputs: Inputs
    layer: Layer
    outputs: NDArray[np.float64]
    offset: NDArray[np.float64]
    moving: NDArray[np.int64]
    spread: NDArray[np.float64]

    def __call__(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values (..., output) at states (..., column), columns as the data have them."""
        flat, shape = self._flat(states)
        values = self.layer.linearised(*self.inputs.linearised(flat))[0]
        return np.asarray((values @ self.outputs - self.offset).reshape(*shape, -1))

    def gradients(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradients (..., output, moving column) by columns of unit spread."""
        flat, shape = self._flat(states)
        slopes = self.layer.linearised(*self.inputs.linearised(flat))[1]
        scaled = slopes[:, self.moving] * self.spread[:, None]
        found = (scaled @ self.outputs).transpose(0, 2, 1)
        return np.asarray(found.reshape(*shape, *found.shape[1:]))

    def directions(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same, made orthonormal one after the other at each state (sample, column)."""
        return directions_of(self.gradients(states).transpose(0, 2, 1)).transpose(0, 2, 1)

    def _flat(self, states: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[int, ...]]:
        array = np.asarray(states, dtype=np.float64)
        if array.shape[-1:] != (self.inputs.columns,):
            raise OptionError(
                f"states have the shape {array.shape}; the embedding takes states of "
                f"{self.inputs.columns} columns, (..., {self.inputs.columns})"
            )
        return array.reshape(-1, self.inputs.columns), array.shape[:-1]


@dataclass(frozen=True, slots=True)
class Tried:
    """An output that was trained, and whether it counts.

    Attributes
    ----------
    width : int
        Hidden units that it reads.
    crosswise : Score
        On training trajectories, each fold scored by an output that was trained on the others.
    held_out : Score or None
        On held-out trajectories; None where there are none.
    conserved : bool
    """

    width: int
    crosswise: Score
    held_out: Score | None
    conserved: bool


@dataclass(frozen=True, slots=True, eq=False)
class StatesFound:
    """What the training gave.

    Attributes
    ----------
    embedding : StatesEmbedding
        Its outputs are the conserved ones.
    tried : tuple of Tried
        In order; the last is the first that is not conserved, if there is one.
    chance : Score
        What the same training reaches where nothing is conserved.
    most : int
        Directions that were looked for at most.
    points : array of shape (sample, column)
        States that were held out, or else trained on, to compare gradients at.
    """

    embedding: StatesEmbedding
    tried: tuple[Tried, ...]
    chance: Score
    most: int
    points: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of independent conserved directions."""
        return sum(one.conserved for one in self.tried)


def embed_states(
    dataset: Dataset,
    *,
    outputs: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> StatesFound:
    """Train conserved outputs, each in a new direction, until one is not conserved.

    Parameters
    ----------
    dataset : Dataset
        Columns that are derived from others are left out.
    outputs : int, optional
        Directions to look for at most; by default one less than there are columns that move,
        which is all that a flow can have.
    seed : int
        Of the hidden layer and of the decoy.
    progress : callable, optional
    cache : Cache, optional
        Takes finished directions, and gives them back to a run that goes on.

    Raises
    ------
    DatasetError
        If the data are too few, or without order or dx/dt.
    OptionError
        If `outputs` is not a number from 1 up.

    Notes
    -----
    A direction counts if, on trajectories left out of its training and on those held out, it
    varies within trajectories and drifts `CHANCE` times less than the first output that the same
    training gives on a decoy: columns moved in time against each other, in which nothing is
    conserved.
    """
    if outputs is not None and (isinstance(outputs, bool) or outputs < 1):
        raise OptionError(f"outputs is {outputs}; give a number of directions, at least 1")
    data = without_derived(dataset)
    check_embeddable(data)
    still = still_columns([own.states for own in data.train])
    moving = np.flatnonzero(~still)
    most = len(moving) - 1
    most = most if outputs is None else min(outputs, most)
    training = _Training.of(data, moving, seed)
    chance = _chance(data, moving, seed, progress, cache)
    tried: list[Tried] = []
    kept: list[NDArray[np.float64]] = []
    while len(kept) < most:
        if progress is not None:
            progress("directions", len(kept), most)
        held = None if cache is None else cache.read(f"direction-{len(tried)}")
        found = _direction(training, chance) if held is None else _read(held)
        if found is None:
            break
        output, own = found
        if cache is not None and held is None:
            cache.write(f"direction-{len(tried)}", _arrays(output, own))
        tried.append(own)
        if not own.conserved:
            break
        kept.append(output)
        training.without(output)
    if progress is not None:
        progress("directions", most, most)
    return StatesFound(training.embedding(kept), tuple(tried), chance, most, training.points)


class _Training:
    """The data in the form that the training takes, and what is known of them so far."""

    def __init__(
        self,
        inputs: Inputs,
        layer: Layer,
        moving: NDArray[np.int64],
        parts: tuple[Parts, Parts],
    ) -> None:
        train, test = parts
        still = sorted({*range(inputs.columns)} - {*moving.tolist()})
        self.inputs, self.layer, self.moving = inputs, layer, moving
        self.spread = np.concatenate([states for states, _ in train]).std(0)[moving]
        folds = [train[place::_FOLDS] for place in range(_FOLDS)]
        self.folds = [Sums(inputs, layer, fold, moving, self.spread) for fold in folds]
        self.test = [Sums(inputs, layer, test, moving, self.spread)] if test else []
        self.points = np.concatenate([states for states, _ in test or train])
        self.earlier = layer.of_inputs(inputs.places(still))
        self.given = self.earlier.shape[1]
        self._pass_constraints()

    @classmethod
    def of(cls, data: Dataset, moving: NDArray[np.int64], seed: int) -> _Training:
        states = np.concatenate([own.states for own in data.train])
        inputs = Inputs.of(data, states)
        layer = Layer.drawn(inputs, seed)
        room = min(_SAMPLES, _NUMBERS / layer.units / len(moving))
        return cls(
            inputs, layer, moving, (_thinned(data.train, room), _thinned(data.test, room / 2))
        )

    def _pass_constraints(self) -> None:
        """Set aside what has one value everywhere, so that it counts for no direction."""
        for _ in range(_CONSTRAINTS):
            width = self.layer.polynomial
            output = trained(self.folds, self.earlier, min(RIDGES), width)
            if output is None or not is_constraint(self.folds, output):
                return
            self.without(output)

    def without(self, output: NDArray[np.float64]) -> None:
        """Let what comes be apart from an output too."""
        self.earlier = np.column_stack([self.earlier, output])
        for one in (*self.folds, *self.test):
            one.without(self.earlier[:, self.given :])

    def best(self) -> Choice | None:
        """The width and ridge that serve trajectories left out best."""
        chosen: Choice | None = None
        for one in crosswise(self.folds, self.earlier, self.layer.widths.tolist()):
            if np.isfinite(one.score.total) and better(one, chosen):
                chosen = one
            if good(chosen):
                break
        return chosen

    def embedding(self, kept: Sequence[NDArray[np.float64]]) -> StatesEmbedding:
        outputs = np.column_stack([np.zeros((self.layer.units, 0)), *kept])
        count = sum(one.count for one in self.folds)
        offset = sum(one.total for one in self.folds) / count @ outputs
        return StatesEmbedding(self.inputs, self.layer, outputs, offset, self.moving, self.spread)


def _direction(training: _Training, chance: Score) -> tuple[NDArray[np.float64], Tried] | None:
    choice = training.best()
    if choice is None:
        return None
    output = trained(training.folds, training.earlier, choice.ridge, choice.width)
    if output is None:
        return None
    tested = score(training.test, training.folds, output) if training.test else None
    scores = [choice.score, *([tested] if tested is not None else [])]
    conserved = all(
        one.share <= chance.share / CHANCE and one.drift <= chance.drift / CHANCE for one in scores
    )
    return output, Tried(choice.width, choice.score, tested, conserved)


def _chance(
    data: Dataset,
    moving: NDArray[np.int64],
    seed: int,
    progress: Progress | None,
    cache: Cache | None,
) -> Score:
    """What the training reaches on a decoy; no more than what no training at all does."""
    held = None if cache is None else cache.read("chance")
    if held is None:
        if progress is not None:
            progress("chance", 0, 1)
        training = _Training.of(decoy(data, 0, seed), moving, seed)
        choice = training.best()
        own = Score(1.0, 1.0) if choice is None else choice.score
        held = {"score": np.array([min(1.0, own.drift), min(1.0, own.share)])}
        if cache is not None:
            cache.write("chance", held)
        if progress is not None:
            progress("chance", 1, 1)
    drift, share = held["score"].tolist()
    return Score(drift, share)


def _arrays(output: NDArray[np.float64], own: Tried) -> dict[str, NDArray[np.generic]]:
    tested = own.held_out or Score(np.nan, np.nan)
    numbers = [own.width, own.crosswise.drift, own.crosswise.share, tested.drift, tested.share]
    return {"output": output, "numbers": np.array([*numbers, own.conserved])}


def _read(arrays: dict[str, NDArray[np.generic]]) -> tuple[NDArray[np.float64], Tried]:
    width, drift, share, other, another, conserved = arrays["numbers"].tolist()
    tested = None if np.isnan(other) else Score(other, another)
    own = Tried(int(width), Score(drift, share), tested, bool(conserved))
    return np.asarray(arrays["output"], dtype=np.float64), own


def _thinned(trajectories: Sequence[Trajectory], room: float) -> Parts:
    """States and rates, evenly thinned to about as many samples as there is room for."""
    step = max(1, int(np.ceil(sum(map(len, trajectories)) / max(room, 1.0))))
    return [(own.states[::step], own.derivatives[::step]) for own in trajectories]


def check_embeddable(data: Dataset) -> None:
    """Refuse data that no embedding can be trained on, before anything is computed.

    Raises
    ------
    DatasetError
        If they are without order or dx/dt, too few trajectories, or fewer than two columns move.
    """
    if not data.ordered or not data.has_derivatives:
        raise DatasetError(
            f"{data.name}: an embedding needs samples in order and dx/dt; give the data their "
            f"times ({spelt('--time')})"
        )
    count = len(data.train)
    if count < _FOLDS:
        raise DatasetError(
            f"{data.name} has {count} trajector{'y' if count == 1 else 'ies'} to train on; an "
            "embedding is told from chance by trajectories that it has not seen, and needs "
            f"{_FOLDS} or more"
        )
    base = list(data.base_columns)
    still = still_columns([own.states[:, base] for own in data.train])
    if (~still).sum() < 2:
        raise DatasetError(
            f"{data.name}: fewer than two columns change along the trajectories; nothing can be "
            "conserved beside them"
        )
