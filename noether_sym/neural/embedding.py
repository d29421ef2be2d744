"""Algorithm 1 on states: an embedding g whose conservation a predictor f is tailored to.

Before each prediction gradient steps on the Noether loss of that very roll-out move the weights
of f, for each trajectory on its own; f and g are trained together through those steps. Weights
are mappings from names to tensors, as `torch.func.functional_call` takes them, and the modules
that a caller gives stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, vmap

from noether_sym.errors import OptionError
from noether_sym.neural.training import Keeper, Trained, Weights, minimise, trainable

if TYPE_CHECKING:
    from torch import Tensor

FORMS = ("start", "steps", "drift")
"""The Noether loss: from the start (eq. 2a), from step to step (2b), 2b for small steps."""


@dataclass(frozen=True, slots=True)
class MetaTraining:
    """How f and g are trained together.

    Attributes
    ----------
    rate : float
        Inner rate, in units that the scale of g shares: twice the embedding is four times
        the rate.
    steps : int
        Inner steps.
    form : str
        One of `FORMS`.
    updates : int
        Outer steps of Adam.
    batch : int
        Windows in an update, drawn with replacement.
    learning_rate, embedding_rate : float
        Of f and of g; an embedding of rate 0 is a frozen one.
    seed : int
        Of the batches.
    """

    rate: float = 1e-2
    steps: int = 1
    form: str = "start"
    updates: int = 500
    batch: int = 32
    learning_rate: float = 1e-3
    embedding_rate: float = 1e-3
    seed: int = 0


def network(columns: int, outputs: int, *, hidden: int = 64, seed: int = 0) -> nn.Sequential:
    """An MLP with two hidden layers of tanh, for an embedding or the step of a predictor.

    Parameters
    ----------
    columns, outputs, hidden : int
    seed : int
        Of the weights; the global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(columns, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, outputs),
        )


class Increment(nn.Module):
    """A predictor of the next state: ``x + change(x)``.

    Parameters
    ----------
    change : Module
        From states (..., column) to the same shape.
    """

    def __init__(self, change: nn.Module) -> None:
        super().__init__()
        self.change = change

    def forward(self, states: Tensor) -> Tensor:
        """States (..., column) a step later."""
        following: Tensor = states + self.change(states)
        return following


def noether_loss(
    embedding: Callable[[Tensor], Tensor], paths: Tensor, form: str = "start"
) -> Tensor:
    """How far an embedding is from conserved along predicted paths (paper, eq. 2).

    Parameters
    ----------
    embedding : callable
        From states (..., column) to (..., output).
    paths : tensor of shape (..., time, column)
        The first state is the one given.
    form : str
        ``start``: sum of ``|g(x_0) - g(x_t)|^2`` (2a); ``steps``: of
        ``|g(x_t-1) - g(x_t)|^2`` (2b); ``drift``: of ``|Dg(x_t-1) (x_t - x_t-1)|^2``, the
        limit of 2b for small steps.

    Returns
    -------
    tensor of shape (...)

    Raises
    ------
    OptionError
        If the form is not known.
    """
    if form not in FORMS:
        raise OptionError(f"form is {form!r}; give one of {', '.join(FORMS)}")
    if form == "drift":
        before, columns = paths[..., :-1, :], paths.shape[-1]
        slopes = vmap(jacrev(embedding))(before.reshape(-1, columns))
        moves = (paths[..., 1:, :] - before).reshape(-1, columns, 1)
        change: Tensor = (slopes @ moves).reshape(*before.shape[:-1], -1)
    else:
        values = embedding(paths)
        first = values[..., :1, :] if form == "start" else values[..., :-1, :]
        change = values[..., 1:, :] - first
    return change.square().sum((-2, -1))


def roll_out(predictor: nn.Module, weights: Weights, starts: Tensor, horizon: int) -> Tensor:
    """Starts (..., column) and the states predicted after them: (..., horizon + 1, column)."""
    path = [starts]
    for _ in range(horizon):
        path.append(functional_call(predictor, dict(weights), (path[-1],)))
    return torch.stack(path, -2)


def predict_sequence(
    predictor: nn.Module,
    embedding: nn.Module,
    weights: tuple[Weights, Weights],
    starts: Tensor,
    horizon: int,
    *,
    rate: float | Tensor,
    steps: int = 1,
    form: str = "start",
    adapted_over: int | None = None,
) -> Tensor:
    """Roll-outs after inner steps on each trajectory's own Noether loss (algorithm 1, 1 to 6).

    Parameters
    ----------
    predictor, embedding : Module
        f, from states to the next states, and g.
    weights : pair of mappings
        Of f and of g. The result can be differentiated by both.
    starts : tensor of shape (trajectory, column)
    horizon : int
        States to predict.
    rate : float or tensor without axes
        Inner rate.
    steps : int
        Inner steps.
    form : str
        One of `FORMS`.
    adapted_over : int, optional
        States of the roll-outs whose Noether loss the inner steps lower; by default the
        horizon. Over more of them than in training the same rate is a larger step.

    Returns
    -------
    tensor of shape (trajectory, horizon + 1, column), the starts first

    References
    ----------
    F. Alet, D. Doblar, A. Zhou, J. Tenenbaum, K. Kawaguchi, C. Finn 2021, Noether Networks:
    meta-learning useful conserved quantities, NeurIPS 34, algorithm 1.
    """
    own_weights, fixed = weights
    seen = horizon if adapted_over is None else adapted_over

    def embedded(states: Tensor) -> Tensor:
        values: Tensor = functional_call(embedding, dict(fixed), (states,))
        return values

    def loss(own: Weights, start: Tensor) -> Tensor:
        return noether_loss(embedded, roll_out(predictor, own, start, seen), form)

    def one(start: Tensor) -> Tensor:
        own = dict(own_weights)
        for _ in range(steps):
            slopes = grad(loss)(own, start)
            own = {name: weight - rate * slopes[name] for name, weight in own.items()}
        return roll_out(predictor, own, start, horizon)

    paths: Tensor = vmap(one)(starts)
    return paths


def meta_train(
    predictor: nn.Module,
    embedding: nn.Module,
    windows: Tensor,
    options: MetaTraining,
    keeper: Keeper | None = None,
) -> Trained:
    """Train f and g together on the error after the inner steps (algorithm 1, 7 to 16).

    Parameters
    ----------
    predictor, embedding : Module
        Their weights are where the training starts.
    windows : tensor of shape (window, time, column)
        Of order one in each column; the first state of each is the start.
    options : MetaTraining
    keeper : Keeper, optional

    Returns
    -------
    Trained
        With the weights of f and of g, as `predict_sequence` takes them.

    Raises
    ------
    OptionError
        If the windows have another shape or are not finite, or the form is not known.
    """
    if windows.ndim != 3 or windows.shape[1] < 2 or not len(windows):
        raise OptionError(
            f"windows have the shape {tuple(windows.shape)}; give (window, time, column) with "
            "two times or more"
        )
    if not torch.isfinite(windows).all():
        raise OptionError("some states of the windows are not finite; leave such windows out")
    theta, phi = trainable(predictor), trainable(embedding)
    generator = torch.Generator().manual_seed(options.seed)

    def loss() -> Tensor:
        drawn = torch.randint(len(windows), (options.batch,), generator=generator)
        batch = windows[drawn.to(windows.device)]
        paths = predict_sequence(
            predictor,
            embedding,
            (theta, phi),
            batch[:, 0],
            batch.shape[1] - 1,
            rate=options.rate,
            steps=options.steps,
            form=options.form,
        )
        return (paths - batch)[:, 1:].square().mean()

    rates = [options.learning_rate, options.embedding_rate]
    return minimise(loss, [theta, phi], rates, options.updates, generator=generator, keeper=keeper)
