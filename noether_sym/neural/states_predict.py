"""Algorithm 1 on the trajectories of a data set, beside the same updates without a law.

The predictor is trained alone first; from there on it goes three ways, with the same windows in
the same order: plain training, algorithm 1 with an embedding that is learned, and algorithm 1
with a frozen embedding of random weights. A gain over plain training that a frozen embedding has
too is none of what was learned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from noether_sym.datasets.derive import without_derived
from noether_sym.errors import DatasetError
from noether_sym.neural.directions import ConservedDirections, conserved_directions
from noether_sym.neural.embedding import (
    Increment,
    MetaTraining,
    meta_train,
    network,
    predict_sequence,
)
from noether_sym.neural.training import Keeper, Trained, Weights

if TYPE_CHECKING:
    from torch import Tensor

    from noether_sym.datasets.dataset import Dataset, Trajectory
    from noether_sym.runtime.stages import Cache, Progress

VANILLA = "vanilla"
PLAIN = "plain training"
LEARNED = "algorithm 1"
FROZEN = "frozen random g"
NO_RATE = "inner rate 0"
ARMS = (VANILLA, PLAIN, LEARNED, FROZEN, NO_RATE)
_LARGEST = 1e3
"""Standard deviations of a column beyond which the error of a roll-out counts as infinite."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """How the training is done.

    Attributes
    ----------
    outputs : int
        Of the embedding.
    horizon : int
        Samples that are predicted in training; roll-outs of the test go to the end.
    first : int
        Updates of the predictor by itself.
    hidden : int
        Units of each hidden layer.
    rates : tuple of float
        Inner rates that are tried; the one with the least error on the training windows, over
        the last quarter of the updates, is taken.
    meta : MetaTraining
        The rest of the training; its seed is that of the weights too.
    """

    outputs: int = 8
    horizon: int = 6
    first: int = 400
    hidden: int = 48
    rates: tuple[float, ...] = (1e-3, 1e-4)
    meta: MetaTraining = field(default_factory=lambda: MetaTraining(updates=150))


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What was trained, and how well it predicts.

    Attributes
    ----------
    errors : dict of str to float
        Root mean squared error of roll-outs from held-out starts, in standard deviations of the
        columns, by arm; infinite where a roll-out leaves what is sensible.
    diverged : tuple of str
        Arms whose training stopped at a number that is not finite.
    rates : dict of str to float
        Inner rate that an arm took.
    weights : dict of str to tensor
        Of the learned embedding.
    held : ConservedDirections or None
        What the learned embedding conserves along held-out trajectories; None for one of them.
    """

    errors: dict[str, float]
    diverged: tuple[str, ...]
    rates: dict[str, float]
    weights: dict[str, Tensor]
    held: ConservedDirections | None


def predict_states(
    dataset: Dataset,
    options: Prediction,
    *,
    arms: Sequence[str] = ARMS,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> Predicted:
    """Train a predictor and an embedding by algorithm 1, and its controls.

    Parameters
    ----------
    dataset : Dataset
        Sampled evenly: the predictor goes from sample to sample.
    options : Prediction
    arms : sequence of str
        Some of `ARMS`.
    progress : callable, optional
    cache : Cache, optional
        Keeps trainings, so that an interrupted call goes on.

    Raises
    ------
    DatasetError
        If no trajectory is as long as the horizon, or none is held out.
    """
    data = without_derived(dataset)
    states = np.concatenate([own.states for own in data.train])
    scale = states.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    centre = states.mean(0)

    def scaled(own: Trajectory) -> Tensor:
        return torch.tensor((own.states - centre) / scale, dtype=torch.float32)

    train = [scaled(part) for own in data.train for part in own.segments()]
    test = [scaled(part) for own in data.test for part in own.segments()]
    windows = _windows(train, options.horizon)
    if not len(windows) or not any(len(own) > options.horizon for own in test):
        raise DatasetError(
            f"{data.name}: algorithm 1 needs trajectories of more than {options.horizon} samples "
            "without a gap, to train on and held out"
        )
    columns, seed = states.shape[1], options.meta.seed
    predictor = Increment(network(columns, columns, hidden=options.hidden, seed=seed))
    embedding = network(columns, options.outputs, hidden=options.hidden, seed=seed + 1)
    plain = replace(options.meta, steps=0, rate=0.0)
    kept = {
        VANILLA: replace(plain, updates=options.first, embedding_rate=0.0),
        PLAIN: replace(plain, seed=seed + 1, embedding_rate=0.0),
        LEARNED: replace(options.meta, seed=seed + 1),
        FROZEN: replace(options.meta, seed=seed + 1, embedding_rate=0.0),
        NO_RATE: replace(options.meta, seed=seed + 1, rate=0.0),
    }
    errors, rates, diverged, learned = {}, {}, [], {}
    start: nn.Module = predictor
    for arm in (VANILLA, *(own for own in arms if own != VANILLA)):
        tried = options.rates if arm in (LEARNED, FROZEN) else (kept[arm].rate,)
        best: Trained | None = None
        for rate in tried:
            own = replace(kept[arm], rate=rate)
            name = f"{arm}, rate {rate:g}" if len(tried) > 1 else arm
            keeper = Keeper(name, progress, cache, _key(name, own, options))
            done = meta_train(start, embedding, windows, own, keeper)
            if best is None or _last(done) < _last(best):
                best, rates[arm] = done, rate
        assert best is not None  # at least one rate is tried
        taken = replace(kept[arm], rate=rates[arm])
        errors[arm] = _error(start, embedding, best.weights, test, taken, options.horizon)
        if best.diverged:
            diverged.append(arm)
        if arm == VANILLA:
            start = _with(predictor, best.weights[0])
        if arm == LEARNED:
            learned = best.weights[1]
    return Predicted(
        errors,
        tuple(diverged),
        rates,
        learned,
        _held(embedding, learned, test) if learned else None,
    )


def _held(
    embedding: nn.Module, weights: Weights, test: Sequence[Tensor]
) -> ConservedDirections | None:
    """What an embedding conserves along trajectories, cut to the shortest of them."""
    if len(test) < 2:
        return None
    length = min(map(len, test))
    paths = torch.stack([own[:length] for own in test])
    return conserved_directions(lambda x: functional_call(embedding, dict(weights), (x,)), paths)


def _key(name: str, own: MetaTraining, options: Prediction) -> str:
    """A name for a training that other options do not share."""
    sizes = (options.outputs, options.horizon, options.first, options.hidden)
    text = f"{name}\0{own}\0{sizes}\0{options.meta.seed}"
    return f"algorithm1-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _last(done: Trained) -> float:
    """Mean loss over the last quarter of the updates; infinite where the training broke off."""
    count = max(1, len(done.losses) // 4)
    return float("inf") if done.diverged else float(done.losses[-count:].mean())


def _windows(parts: Sequence[Tensor], horizon: int) -> Tensor:
    """Every stretch of horizon + 1 samples: (window, time, column)."""
    cut = [own.unfold(0, horizon + 1, 1).mT for own in parts if len(own) > horizon]
    return torch.cat(cut) if cut else torch.zeros(0, horizon + 1, 1)


def _with(module: nn.Module, weights: Weights) -> nn.Module:
    module.load_state_dict(dict(weights))
    return module


def _error(
    predictor: nn.Module,
    embedding: nn.Module,
    weights: Sequence[Weights],
    test: Sequence[Tensor],
    options: MetaTraining,
    horizon: int,
) -> float:
    """Root mean squared error of roll-outs over whole held-out trajectories.

    The inner steps are taken once, on as long a roll-out as in training.
    """
    total, count = 0.0, 0
    for own in test:
        paths = predict_sequence(
            predictor,
            embedding,
            (weights[0], weights[1]),
            own[:1],
            len(own) - 1,
            rate=options.rate,
            steps=options.steps,
            form=options.form,
            adapted_over=min(horizon, len(own) - 1),
        )[0].detach()
        missed = (paths - own)[1:].square()
        if not torch.isfinite(missed).all() or float(missed.max()) > _LARGEST**2:
            return float("inf")
        total += float(missed.sum())
        count += missed.numel()
    return float(np.sqrt(total / count))
