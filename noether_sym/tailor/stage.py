"""The tailoring stage: screen, meta-tailor, select by training error, compare with controls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import DatasetError
from noether_sym.laws.known import KNOWN
from noether_sym.laws.law import ACCEPTED, Law
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.tailor import network
from noether_sym.tailor.network import Problem, Weights
from noether_sym.tailor.options import RATES, TailorOptions
from noether_sym.tailor.pieces import Pieces
from noether_sym.tailor.rollout import (
    Targets,
    choose_refinement,
    prediction_pieces,
    training_pieces,
)
from noether_sym.tailor.selection import best, best_candidates, select
from noether_sym.tailor.summary import Control, SeedResult, Tailoring, summarised
from noether_sym.tailor.tasks import cut_into_tasks, workers
from noether_sym.tailor.trials import (
    Outcome,
    Setting,
    evaluate_field,
    evaluate_plain,
    evaluate_projected,
    meta_tailoring,
    plain_tailoring,
)

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Cache, Progress

__all__ = ["RATES", "TailorOptions", "tailor"]

Method = Callable[..., list[Outcome]]

_EXTENSIONS = 4
_CONSERVED = (ACCEPTED, KNOWN)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What the stage does for one network seed.

    Attributes
    ----------
    setting : Setting
    laws : tuple of Law
        The candidates, and the oracle after them if there is one.
    candidates : tuple of int
        Rows of the candidates.
    oracle : int or None
        Row of the oracle.
    options : TailorOptions
    seed : int
    pool : ThreadPoolExecutor
    pieces : Pieces
    report : callable
        Takes (stage, done, total).
    """

    setting: Setting
    laws: tuple[Law, ...]
    candidates: tuple[int, ...]
    oracle: int | None
    options: TailorOptions
    seed: int
    pool: ThreadPoolExecutor
    pieces: Pieces
    report: Progress

    def with_oracle(self, rows: Sequence[int]) -> list[int]:
        """These rows, and the oracle's after them."""
        return [*rows, *([] if self.oracle is None else [self.oracle])]


def tailor(
    dataset: Dataset,
    laws: Sequence[Law],
    *,
    oracle: Law | None = None,
    options: TailorOptions,
    progress: Progress | None = None,
    checkpoint: Cache | None = None,
) -> Tailoring:
    """Try laws as Noether losses and select the one that predicts best.

    Selection looks at training error only; test errors are reported. With several seeds,
    candidates are ranked and the law is selected by the mean over networks of the logarithm
    of the training error, so that every network reports the same law.

    Parameters
    ----------
    dataset : Dataset
        With a test part.
    laws : sequence of Law
        Accepted or not; all are screened, the best `options.top` meta-tailored.
    oracle : Law, optional
        The known law, as a control.
    options : TailorOptions
    progress : callable, optional
        Called with (stage, done, total).
    checkpoint : Cache, optional
        Where finished pieces are kept, and looked for.

    Returns
    -------
    Tailoring

    Raises
    ------
    DatasetError
        If there is no test part to predict, or no sequence to roll out.
    DeviceError
        If CUDA is asked for where there is none.
    """
    device = resolve_device(options.device)
    setting = _setting(dataset, device, options)
    every = (*laws, *([] if oracle is None else [oracle]))
    pieces = Pieces.of(checkpoint, options, device, every)
    with single_threaded(), workers(options.jobs) as pool:
        works = [
            _Work(
                setting,
                every,
                tuple(range(len(laws))),
                None if oracle is None else len(laws),
                options,
                options.seed + number,
                pool,
                pieces,
                _labelled(progress, number, options.seeds),
            )
            for number in range(options.seeds)
        ]
        selected, seeds = _all_seeds(works)
    setting = works[0].setting
    return summarised(dataset, laws, oracle, setting, selected, seeds, options)


def _setting(dataset: Dataset, device: str, options: TailorOptions) -> Setting:
    if not dataset.test:
        raise DatasetError(f"data set {dataset.name!r} has no test part to predict")
    if not (dataset.timed and dataset.has_derivatives):
        raise DatasetError(
            f"data set {dataset.name!r} has no time, and predictions need one; add a time column "
            "(--time NAME), or use the laws without tailoring"
        )
    train, test = training_pieces(dataset.train, dataset.test), prediction_pieces(dataset.test)
    if not train or not test:
        raise DatasetError(
            f"data set {dataset.name!r} has no sequence of two or more samples to predict in its "
            f"{'training' if test else 'test'} part"
        )
    problem = Problem.of(dataset, device, options.weight_decay)
    steps = np.concatenate([np.diff(one.times) for one in dataset.train])
    return Setting(
        problem,
        Targets.of(train, problem),
        Targets.of(test, problem),
        float(np.median(steps)),
        options.loss,
        options.epochs,
    )


def _labelled(progress: Progress | None, number: int, seeds: int) -> Progress:
    if progress is None:
        return lambda stage, done, total: None
    label = f"seed {number + 1}/{seeds}, " if seeds > 1 else ""
    return lambda stage, done, total: progress(f"{label}{stage}", done, total)


def _all_seeds(works: list[_Work]) -> tuple[int | None, list[SeedResult]]:
    """Select a law over all networks; `works` end up with the refined setting."""
    pool, candidates, options = works[0].pool, works[0].candidates, works[0].options
    training = [pool.submit(_baseline, work) for work in works]
    hamiltonian_training = [pool.submit(_hamiltonian, work) for work in works]
    networks = []
    for work, future in zip(works, training, strict=True):
        networks.append(future.result())
        work.report("baseline", 1, 1)
    setting = _refined(works[0].setting, networks[0])
    works[:] = [replace(work, setting=setting) for work in works]
    pairs = list(zip(works, networks, strict=True))
    extras = [pool.submit(_more_epochs, work, weights) for work, weights in pairs]
    screened = [
        _trials(work, weights, work.with_oracle(candidates), plain_tailoring, "screen")
        for work, weights in pairs
    ]
    kept = best_candidates(screened, candidates, options.top)
    tried = [
        _trials(work, weights, work.with_oracle(kept), meta_tailoring, "meta-tailor")
        for work, weights in pairs
    ]
    selected = select(tried, kept)
    results = []
    for row, (work, weights) in enumerate(pairs):
        controls = [
            Control("vanilla", evaluate_plain(setting, weights)),
            Control("extra epochs", extras[row].result()),
            Control("hnn", _evaluated_hamiltonian(work, hamiltonian_training[row].result())),
            *_law_controls(work, weights, selected, screened[row], tried[row]),
        ]
        own = tuple(one for one in screened[row] if one.candidate != work.oracle)
        meta = tuple(one for one in tried[row] if one.candidate != work.oracle)
        results.append(SeedResult(work.seed, tuple(controls), own, meta))
    return selected, results


def _law_controls(
    work: _Work,
    weights: Weights,
    selected: int | None,
    screened: Sequence[Outcome],
    tried: Sequence[Outcome],
) -> list[Control]:
    """Ways of using the selected law and the oracle, each at its best inner rate."""
    controls = []
    if selected is not None:
        projected = evaluate_projected(work.setting, weights, work.laws[selected])
        controls += [
            Control("projected", replace(projected, candidate=selected)),
            Control("tailored", best(screened, selected)),
            Control("meta-tailored", best(tried, selected)),
        ]
    if work.oracle is not None:
        controls += [
            Control("oracle tailored", best(screened, work.oracle)),
            Control("oracle", best(tried, work.oracle)),
        ]
    return controls


def _trials(
    work: _Work, weights: Weights, rows: Sequence[int], method: Method, stage: str
) -> list[Outcome]:
    """Every row at every rate, then on downwards for laws whose lowest rate is the best.

    A quantity that is not conserved does best at rate 0, where it does nothing; it is
    followed downwards only while it leads.
    """
    outcomes = _at_rates(work, weights, dict.fromkeys(rows, work.options.rates), method, stage)
    lowest = min(work.options.rates)
    for _ in range(_EXTENSIONS):
        lead = best(outcomes)
        edge = [
            row
            for row in rows
            if _at_edge(outcomes, row, lowest)
            and (
                work.laws[row].status in _CONSERVED or (lead is not None and lead.candidate == row)
            )
        ]
        if not edge:
            break
        lowest /= 10**0.5
        wanted = dict.fromkeys(edge, (lowest,))
        outcomes += _at_rates(work, weights, wanted, method, f"{stage}, lower rates")
    return outcomes


def _at_edge(outcomes: Sequence[Outcome], row: int, lowest: float) -> bool:
    leading = best(outcomes, row)
    return leading is not None and leading.rate == lowest


def _at_rates(
    work: _Work,
    weights: Weights,
    wanted: Mapping[int, tuple[float, ...]],
    method: Method,
    stage: str,
) -> list[Outcome]:
    """Some rows at rates of their own, in tasks for the workers."""
    setting = work.setting
    sequences = max(len(setting.train.states), len(setting.test.states))
    samples = len(setting.problem.states) if method is meta_tailoring else sequences
    futures = [
        work.pool.submit(
            work.pieces.outcomes,
            _key(work, method.__name__, task.rows, task.rates),
            partial(
                method,
                setting,
                weights,
                task.rows,
                [work.laws[row] for row in task.rows],
                task.rates,
            ),
        )
        for task in cut_into_tasks(wanted, samples, setting.problem.device)
    ]
    outcomes: list[Outcome] = []
    for done, future in enumerate(futures, 1):
        outcomes += future.result()
        work.report(stage, done, len(futures))
    return outcomes


def _refined(setting: Setting, weights: Weights) -> Setting:
    """Roll-outs with time steps that are short enough for what the network learned."""
    steps = choose_refinement(weights, setting.problem, setting.step)
    return replace(setting, train=setting.train.refined(steps), test=setting.test.refined(steps))


def _baseline(work: _Work) -> Weights:
    problem = work.setting.problem
    start = network.initial_weights(problem.columns, problem.columns, work.seed, problem.device)
    return work.pieces.weights(
        _key(work, "baseline"),
        problem.device,
        lambda: network.train(problem, start, work.options.baseline_steps)[0],
    )


def _more_epochs(work: _Work, weights: Weights) -> Outcome:
    longer = work.pieces.weights(
        _key(work, "longer"),
        work.setting.problem.device,
        lambda: network.train(work.setting.problem, weights, work.setting.epochs)[0],
    )
    return evaluate_plain(work.setting, longer)


def _key(
    work: _Work,
    name: str,
    rows: Sequence[int] = (),
    rates: Sequence[Sequence[float]] = (),
) -> str:
    """Name of a piece: the network, what it is, and for trials which."""
    if not rows:
        return f"{work.seed}-{name}"
    trials = json.dumps([list(rows), [list(own) for own in rates]])
    return f"{work.seed}-{name}-{hashlib.sha256(trials.encode()).hexdigest()[:12]}"


def _hamiltonian(work: _Work) -> Weights | None:
    """The Hamiltonian NN; None where the data name no canonical pairs for every column."""
    problem = work.setting.problem
    if {column for pair in problem.pairs for column in pair} != set(range(problem.columns)):
        return None
    start = network.initial_weights(problem.columns, 1, work.seed, problem.device)
    return work.pieces.weights(
        _key(work, "hamiltonian"),
        problem.device,
        lambda: network.train(problem, start, work.options.baseline_steps, hamiltonian=True)[0],
    )


def _evaluated_hamiltonian(work: _Work, weights: Weights | None) -> Outcome | None:
    if weights is None:
        return None
    problem = work.setting.problem
    scale = network.hamiltonian_scale(problem)
    return evaluate_field(
        work.setting,
        lambda states: network.hamiltonian_field(weights, states, problem.pairs, scale),
    )
