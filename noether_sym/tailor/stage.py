"""The tailoring stage: screen, meta-tailor, select by training error, compare with controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.device import resolve_device, single_threaded
from noether_sym.errors import DatasetError
from noether_sym.laws import Law
from noether_sym.tailor import network
from noether_sym.tailor.meta import (
    Outcome,
    Setting,
    evaluate_field,
    evaluate_plain,
    evaluate_projected,
    meta_tailoring,
    plain_tailoring,
)
from noether_sym.tailor.network import Problem, Weights
from noether_sym.tailor.result import Control, SeedResult, Tailoring, summarised
from noether_sym.tailor.rollout import Targets, training_pieces

Progress = Callable[[str, int, int], None]
Method = Callable[..., list[Outcome]]

RATES = tuple(10.0 ** (exponent / 2) for exponent in range(-6, 3))
"""The paper's inner rates, 10^-3 to 10^1 by half decades."""

_EXTENSIONS = 4
_CONSERVED = ("accepted", "known")


@dataclass(frozen=True, slots=True)
class TailorOptions:
    """How to tailor.

    Attributes
    ----------
    top : int
        Candidates that are meta-tailored.
    rates : tuple of float
        Inner rates.
    epochs : int
        Epochs of meta-tailoring.
    baseline_steps : int
        Steps of training of the baseline MLP and of the Hamiltonian NN.
    seeds : int
        Number of networks; their seeds are seed, seed + 1, ...
    seed : int
    jobs : int
        Worker threads.
    device : str
        ``auto``, ``cpu`` or ``cuda``.
    loss : str
        ``drift`` or ``difference``.
    """

    top: int = 20
    rates: tuple[float, ...] = RATES
    epochs: int = 100
    baseline_steps: int = 2000
    seeds: int = 1
    seed: int = 0
    jobs: int = 1
    device: str = "auto"
    loss: str = "drift"

    def to_json(self, device: str) -> dict[str, Any]:
        """The options that decide the answer, with the device resolved."""
        document = {**asdict(self), "device": device, "rates": list(self.rates)}
        del document["jobs"]
        return document


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One network seed's share of the stage."""

    setting: Setting
    laws: Sequence[Law]
    oracle: Law | None
    options: TailorOptions
    seed: int
    pool: ThreadPoolExecutor
    report: Callable[[str, int, int], None] = field(default=lambda stage, done, total: None)


def tailor(
    dataset: Dataset,
    laws: Sequence[Law],
    *,
    oracle: Law | None = None,
    options: TailorOptions,
    progress: Progress | None = None,
) -> Tailoring:
    """Try laws as Noether losses and select the one that predicts best.

    Selection looks at training error only; test errors are reported.

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

    Returns
    -------
    Tailoring

    Raises
    ------
    DatasetError
        If there is no test part to predict.
    DeviceError
        If CUDA is asked for where there is none.
    """
    if not dataset.test:
        raise DatasetError(f"data set {dataset.name!r} has no test part to predict")
    device = resolve_device(options.device)
    problem = Problem.of(dataset, device)
    steps = np.concatenate([np.diff(one.times) for one in dataset.train])
    setting = Setting(
        problem,
        Targets.of(training_pieces(dataset.train, dataset.test), problem),
        Targets.of(dataset.test, problem),
        float(np.median(steps)),
        options.loss,
        options.epochs,
    )
    seeds = []
    with single_threaded(), ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for number in range(options.seeds):
            label = f"seed {number + 1}/{options.seeds}, " if options.seeds > 1 else ""
            work = _Work(
                setting,
                laws,
                oracle,
                options,
                options.seed + number,
                pool,
                _labelled(progress, label),
            )
            seeds.append(_one_seed(work))
    return summarised(dataset, laws, oracle, setting, seeds, options)


def _labelled(progress: Progress | None, label: str) -> Progress:
    if progress is None:
        return lambda stage, done, total: None
    return lambda stage, done, total: progress(f"{label}{stage}", done, total)


def _one_seed(work: _Work) -> SeedResult:
    """Baselines, screening, meta-tailoring and controls of one network."""
    hamiltonian = work.pool.submit(_hamiltonian, work)
    weights = work.pool.submit(_baseline, work).result()
    work.report("baseline", 1, 1)
    extra = work.pool.submit(_more_epochs, work, weights)
    numbers = list(range(len(work.laws)))
    oracle_row = len(work.laws)
    everything = [*work.laws, *([work.oracle] if work.oracle is not None else [])]
    rows = [*numbers, *([oracle_row] if work.oracle is not None else [])]
    screened = _tries(work, weights, everything, rows, plain_tailoring, "screen")
    kept = _best_candidates(screened, numbers, work.options.top)
    chosen = [*kept, *([oracle_row] if work.oracle is not None else [])]
    tried = _tries(work, weights, everything, chosen, meta_tailoring, "meta-tailor")
    best = _best([outcome for outcome in tried if outcome.candidate != oracle_row])
    controls = [
        Control("vanilla", evaluate_plain(work.setting, weights)),
        Control("extra epochs", extra.result()),
        Control("hnn", hamiltonian.result()),
    ]
    if best is not None:
        law = everything[best.candidate]
        projected = evaluate_projected(work.setting, weights, law)
        plain = _best([one for one in screened if one.candidate == best.candidate])
        controls += [
            Control("projected", replace(projected, candidate=best.candidate)),
            Control("tailored", plain),
            Control("meta-tailored", best),
        ]
    if work.oracle is not None:
        controls += [
            Control("oracle tailored", _best([o for o in screened if o.candidate == oracle_row])),
            Control("oracle", _best([o for o in tried if o.candidate == oracle_row])),
        ]
    own = [outcome for outcome in screened if outcome.candidate != oracle_row]
    meta = [outcome for outcome in tried if outcome.candidate != oracle_row]
    return SeedResult(work.seed, tuple(controls), tuple(own), tuple(meta))


def _tries(
    work: _Work,
    weights: Weights,
    laws: Sequence[Law],
    rows: Sequence[int],
    method: Method,
    stage: str,
) -> list[Outcome]:
    """Every row at every rate, then on downwards for laws whose lowest rate is the best.

    A quantity that is not conserved does best at rate 0, where it does nothing; it is
    followed downwards only while it leads.
    """
    wanted = dict.fromkeys(rows, work.options.rates)
    outcomes = _at_rates(work, weights, laws, wanted, method, stage)
    lowest = min(work.options.rates)
    for _ in range(_EXTENSIONS):
        lead = _best(outcomes)
        edge = [
            row
            for row in rows
            if _at_edge(outcomes, row, lowest)
            and (laws[row].status in _CONSERVED or (lead is not None and lead.candidate == row))
        ]
        if not edge:
            break
        lowest /= 10**0.5
        wanted = dict.fromkeys(edge, (lowest,))
        outcomes += _at_rates(work, weights, laws, wanted, method, f"{stage}, lower rates")
    return outcomes


def _at_rates(
    work: _Work,
    weights: Weights,
    laws: Sequence[Law],
    wanted: Mapping[int, tuple[float, ...]],
    method: Method,
    stage: str,
) -> list[Outcome]:
    """Some rows at rates of their own: one program for each row, or for all on a GPU."""
    rows = list(wanted)
    if not rows:
        return []
    groups = [[row] for row in rows] if work.setting.problem.device == "cpu" else [rows]
    futures = [
        work.pool.submit(
            method,
            work.setting,
            weights,
            group,
            [laws[row] for row in group],
            [wanted[row] for row in group],
        )
        for group in groups
    ]
    outcomes: list[Outcome] = []
    for done, future in enumerate(futures, 1):
        outcomes += future.result()
        work.report(stage, done, len(futures))
    return outcomes


def _at_edge(outcomes: Sequence[Outcome], row: int, lowest: float) -> bool:
    best = _best([outcome for outcome in outcomes if outcome.candidate == row])
    return best is not None and best.rate == lowest


def _best(outcomes: Sequence[Outcome]) -> Outcome | None:
    """Least training error; None where every try diverged."""
    finite = [outcome for outcome in outcomes if np.isfinite(outcome.train_error)]
    return min(finite, key=lambda outcome: outcome.train_error, default=None)


def _best_candidates(screened: list[Outcome], numbers: list[int], top: int) -> list[int]:
    errors = dict.fromkeys(numbers, np.inf)
    for outcome in screened:
        if outcome.candidate in errors:
            errors[outcome.candidate] = min(errors[outcome.candidate], outcome.train_error)
    ranked = sorted(numbers, key=lambda number: (errors[number], number))
    return sorted(ranked[:top])


def _baseline(work: _Work) -> Weights:
    problem = work.setting.problem
    start = network.initial_weights(problem.columns, problem.columns, work.seed, problem.device)
    return network.train(problem, start, work.options.baseline_steps)[0]


def _more_epochs(work: _Work, weights: Weights) -> Outcome:
    longer = network.train(work.setting.problem, weights, work.setting.epochs)[0]
    return evaluate_plain(work.setting, longer)


def _hamiltonian(work: _Work) -> Outcome | None:
    """The Hamiltonian NN; None where the data name no canonical pairs for every column."""
    problem = work.setting.problem
    if {column for pair in problem.pairs for column in pair} != set(range(problem.columns)):
        return None
    start = network.initial_weights(problem.columns, 1, work.seed, problem.device)
    weights, _ = network.train(problem, start, work.options.baseline_steps, hamiltonian=True)
    scale = network.hamiltonian_scale(problem)
    return evaluate_field(
        work.setting,
        lambda states: network.hamiltonian_field(weights, states, problem.pairs, scale),
    )
