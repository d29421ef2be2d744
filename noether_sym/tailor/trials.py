"""Screening and meta-tailoring of many candidates, rates and networks at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.statistics.variance import LEAST_DEFINED
from noether_sym.tailor.document import DIVERGED, OK, OUT_OF_DOMAIN
from noether_sym.tailor.gradients import meta_gradients
from noether_sym.tailor.inner_step import Conserved, Quantities, projected_field, tailored_field
from noether_sym.tailor.network import Problem, Weights, adam, field
from noether_sym.tailor.rollout import Targets, roll_out, squared_errors

if TYPE_CHECKING:
    from torch import Tensor

TRAIN, VALIDATION, TEST = "train", "validation", "test"
"""Parts of the data that are rolled out; test errors are reported, and choose nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What all trials of one network share.

    Attributes
    ----------
    problem : Problem
    parts : mapping of str to Targets
        Sequences to roll out: ``train``, ``validation``, ``test``, as many as are wanted.
    step : float
        Median time step, for the finite difference.
    loss : str
    epochs : int
    paths : bool
        Whether the roll-outs of the test part themselves are wanted.
    """

    problem: Problem
    parts: Mapping[str, Targets]
    step: float
    loss: str
    epochs: int
    paths: bool = False

    def quantities(self, laws: Sequence[Conserved]) -> Quantities:
        """Laws in the coordinates of the network."""
        return Quantities.of(laws, self.problem, self.step)

    def refined(self, factor: int) -> Setting:
        """The same, rolled out with steps shorter by a factor."""
        return replace(self, parts={name: own.refined(factor) for name, own in self.parts.items()})

    def only(self, *parts: str) -> Setting:
        """The same with some of the parts."""
        return replace(self, parts={name: self.parts[name] for name in parts})

    def within(self, states: int, sequences: int, steps: int) -> Setting:
        """The same with at most so many states in a step of training, and smaller roll-outs."""
        return replace(
            self,
            problem=replace(self.problem, most=states),
            parts={name: own.within(sequences, steps) for name, own in self.parts.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One trial: a candidate at an inner rate (or a control).

    Attributes
    ----------
    candidate : int
        Row in the list of laws; -1 for none.
    rate : float or None
    status : str
    errors : mapping of str to array of shape (sequence,)
        For each part, the mean squared roll-out error of each sequence in network
        coordinates; inf where it diverged.
    path : array of shape (sequence, time, column), optional
        Test roll-outs in network coordinates.
    """

    candidate: int
    rate: float | None
    status: str
    errors: Mapping[str, NDArray[np.float64]]
    path: NDArray[np.float64] | None = None

    def error(self, part: str) -> float:
        """Mean over the sequences of a part; not a number where that was not rolled out."""
        own = self.errors.get(part)
        return float("nan") if own is None else float(own.mean())


def plain_tailoring(
    setting: Setting,
    weights: Weights,
    numbers: Sequence[int],
    laws: Sequence[Conserved],
    rates: Sequence[Sequence[float]],
) -> list[Outcome]:
    """Tailor a trained network at prediction time, without training it further.

    Parameters
    ----------
    setting : Setting
    weights : Weights
        Of one network.
    numbers : sequence of int
        The laws' rows in the stage's list.
    laws : sequence of Conserved
    rates : sequence of sequences of float
        Inner rates of each law, equally many.
    """
    trials = sum(map(len, rates))
    repeated = Weights(
        *(tensor.expand(trials, *tensor.shape[1:]) for tensor in weights.detached().tensors())
    )
    return _evaluated(setting, repeated, numbers, setting.quantities(laws), rates)


def meta_tailoring(
    setting: Setting,
    weights: Weights,
    numbers: Sequence[int],
    laws: Sequence[Conserved],
    rates: Sequence[Sequence[float]],
) -> list[Outcome]:
    """Fine-tune the network so that it predicts well after the inner step (appendix C).

    Parameters are those of `plain_tailoring`.
    """
    problem = setting.problem
    trials = sum(map(len, rates))
    quantities = setting.quantities(laws)
    gradients = quantities.gradients(problem.states.expand(len(laws), -1, -1))
    spread = gradients.repeat_interleave(trials // len(laws), 0)
    rate = _rates(rates, problem)
    own = weights.repeated(trials)
    optimizer = adam(own, problem.weight_decay)
    found: Sequence[Tensor]
    for epoch in range(setting.epochs):
        part = problem.part(epoch)
        states, derivatives = problem.states[part], problem.derivatives[part]
        if setting.loss == "drift":
            _, found = meta_gradients(own.detached(), states, derivatives, rate, spread[:, part])
        else:
            every = states.expand(trials, -1, -1)
            predicted = tailored_field(own, every, rate, quantities, loss=setting.loss)
            loss = (predicted - derivatives).square().mean((1, 2)).sum()
            found = torch.autograd.grad(loss, own.tensors())
        optimizer.step(found)
    return _evaluated(setting, own.detached(), numbers, quantities, rates)


def evaluate_field(setting: Setting, dynamics: Callable[[Tensor], Tensor]) -> Outcome:
    """Roll out one field on every part; `dynamics` maps (1, sequence, column) to its output."""
    return _rolled_out(setting, dynamics, [-1], [None])[0]


def evaluate_plain(setting: Setting, weights: Weights) -> Outcome:
    """Roll out a network as it is."""
    return evaluate_field(setting, lambda states: field(weights, states))


def evaluate_projected(setting: Setting, weights: Weights, law: Conserved) -> Outcome:
    """Roll out a network whose field is projected onto the law's level set."""
    quantities = setting.quantities([law])
    return evaluate_field(
        setting,
        lambda states: projected_field(field(weights, states), quantities.gradients(states)),
    )


def _evaluated(
    setting: Setting,
    weights: Weights,
    numbers: Sequence[int],
    quantities: Quantities,
    rates: Sequence[Sequence[float]],
) -> list[Outcome]:
    rate = _rates(rates, setting.problem)
    each = len(rates[0])
    outcomes = _rolled_out(
        setting,
        lambda states: tailored_field(weights, states, rate, quantities, loss=setting.loss),
        [number for number in numbers for _ in range(each)],
        [rate for own in rates for rate in own],
    )
    with torch.no_grad():
        defined = quantities.defined(setting.problem.states).cpu().numpy()
    return [
        outcome if defined[row // each] >= LEAST_DEFINED else _outside(outcome)
        for row, outcome in enumerate(outcomes)
    ]


def _outside(outcome: Outcome) -> Outcome:
    """An outcome of a formula that is not defined where the states are."""
    lost = {name: np.full_like(own, np.inf) for name, own in outcome.errors.items()}
    return replace(outcome, status=OUT_OF_DOMAIN, errors=lost, path=None)


def _rolled_out(
    setting: Setting,
    dynamics: Callable[[Tensor], Tensor],
    candidates: Sequence[int],
    rates: Sequence[float | None],
) -> list[Outcome]:
    """Roll out a field on every part, a trial for each of the candidates and its rate."""
    pace = setting.problem.pace
    paths = {
        name: roll_out(lambda states: dynamics(states) * pace, len(candidates), targets)
        for name, targets in setting.parts.items()
    }
    errors = {
        name: np.nanmean(squared_errors(path, setting.parts[name]), axis=-1)
        for name, path in paths.items()
    }
    test = paths.get(TEST) if setting.paths else None
    outcomes = []
    for row, (candidate, rate) in enumerate(zip(candidates, rates, strict=True)):
        own = {name: part[row] for name, part in errors.items()}
        finite = all(np.isfinite(part).all() for name, part in own.items() if name != TEST)
        path = None if test is None else test[row].double().cpu().numpy()
        outcomes.append(Outcome(candidate, rate, OK if finite else DIVERGED, own, path))
    return outcomes


def _rates(rates: Sequence[Sequence[float]], problem: Problem) -> Tensor:
    return torch.tensor(rates, dtype=torch.float32, device=problem.device).flatten()
