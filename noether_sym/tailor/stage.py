"""The tailoring stage: screen, meta-tailor, select on held-out trajectories, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.errors import DatasetError
from noether_sym.laws.coordinates import Canonical, canonical_coordinates
from noether_sym.laws.law import Law
from noether_sym.runtime.device import resolve_device, single_threaded
from noether_sym.spelling import spelt
from noether_sym.tailor.candidates import Candidates
from noether_sym.tailor.choose import choose
from noether_sym.tailor.compare import Trainings, compare, report_cost
from noether_sym.tailor.course import Course
from noether_sym.tailor.meter import Meter, training_cost
from noether_sym.tailor.network import MOST_STATES, Problem, moving
from noether_sym.tailor.options import RATES, TailorOptions
from noether_sym.tailor.pieces import Pieces
from noether_sym.tailor.rollout import Targets, prediction_pieces, training_pieces
from noether_sym.tailor.summary import Tailoring, summarised
from noether_sym.tailor.tasks import workers
from noether_sym.tailor.trials import TEST, TRAIN, VALIDATION, Setting
from noether_sym.tailor.validation import split
from noether_sym.tailor.work import Work

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Cache, Progress

__all__ = ["RATES", "TailorOptions", "tailor"]

_PARTS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
_STILL = "reads only columns that are constant along every trajectory: nothing to tailor with"


def tailor(
    dataset: Dataset,
    laws: Sequence[Law],
    *,
    oracle: Law | None = None,
    options: TailorOptions,
    progress: Progress | None = None,
    checkpoint: Cache | None = None,
) -> Tailoring:
    """Try laws as Noether losses, and select one if any helps the prediction.

    Part of the training trajectories is held out (see `noether_sym.tailor.validation.split`).
    Networks trained on the rest screen every candidate by training error; the best are
    meta-tailored, laws first, and the errors on what was held out select a law
    (`noether_sym.tailor.selection.select`). The errors that are reported are those of networks
    trained on the whole training part, at the inner rates that were chosen so. With several
    seeds all networks report the same law. No test error decides anything. A budget bounds
    what that costs, whatever the number of samples (`noether_sym.tailor.limits`).

    Parameters
    ----------
    dataset : Dataset
        With a test part.
    laws : sequence of Law
        Accepted ones by rank, and controls that were not accepted. All are screened, the best
        `options.top` meta-tailored; only accepted ones can be selected.
    oracle : Law, optional
        The known law, as a control.
    options : TailorOptions
    progress : callable, optional
        Called with (``tailor``, done, total).
    checkpoint : Cache, optional
        Where finished pieces are kept, and looked for.

    Returns
    -------
    Tailoring

    Raises
    ------
    DatasetError
        If the data have no time, there is no test part to predict, or sequences are too short
        to roll out.
    DeviceError
        If CUDA is asked for where there is none.
    """
    device = resolve_device(options.device)
    _check(dataset)
    canonical = canonical_coordinates(dataset)
    none = _no_hamiltonian(dataset, canonical)
    dataset = replace(dataset, canonical_pairs=() if none else canonical.pairs)
    held_out = split(dataset.train)
    fitted = replace(dataset, train=held_out.fit)
    choice = _setting(fitted, {VALIDATION: held_out.validation}, device, options)
    report = replace(_setting(dataset, {}, device, options), paths=True)
    candidates = Candidates(tuple(laws), oracle, dict.fromkeys(_still(dataset, laws), _STILL))
    pieces = Pieces.of(checkpoint, options, device, candidates.every)
    meter = Meter(progress)
    with single_threaded(), workers(options.jobs) as pool:

        def works(purpose: str, setting: Setting) -> list[Work]:
            return [
                Work(
                    purpose,
                    setting,
                    candidates.every,
                    options,
                    options.seed + number,
                    pool,
                    pieces,
                    meter,
                )
                for number in range(options.seeds)
            ]

        _plan(meter, choice, report, candidates, options, hamiltonian=not none)
        choosing = works("choice", choice)
        cost = training_cost(choice, options.baseline_steps)
        first = [work.submitted(cost, work.baseline) for work in choosing]
        later = [Trainings.begun(one, hamiltonian=not none) for one in works("report", report)]
        weights = [meter.result(future) for future in first]
        chosen = choose(choosing, weights, candidates.tried, candidates.oracle_row)
        setting, controls = compare(later, chosen, candidates.oracle_row, none or canonical.note)
    return summarised(dataset, candidates, held_out.note, chosen, setting, controls, options)


def _check(dataset: Dataset) -> None:
    if not (dataset.timed and dataset.has_derivatives):
        raise DatasetError(
            f"data set {dataset.name!r} has no time, and tailoring trains a network on rates of "
            "change and predicts over time; give a time column t, or name it with "
            f"{spelt('--time')}"
        )
    if not dataset.test:
        raise DatasetError(
            f"data set {dataset.name!r} has no test part to predict; give more trajectories or "
            "longer ones"
        )


def _setting(
    dataset: Dataset,
    more: Mapping[str, Sequence[Trajectory]],
    device: str,
    options: TailorOptions,
) -> Setting:
    """What the networks are trained on, and what they are to predict.

    Raises
    ------
    DatasetError
        If a part has no sequence to roll out.
    """
    parts = {
        TEST: prediction_pieces(dataset.test),
        TRAIN: training_pieces(dataset.train, dataset.test),
        **more,
    }
    for name, sequences in parts.items():
        if not sequences:
            raise DatasetError(
                f"data set {dataset.name!r} has no sequence of two or more samples to predict in "
                f"its {_PARTS[name]} part; give more trajectories or longer ones"
            )
    most = MOST_STATES if options.limits is None else options.limits.states
    problem = Problem.of(dataset, device, options.weight_decay, most)
    steps = np.concatenate([np.diff(one.times) for one in dataset.train])
    return Setting(
        problem,
        {name: Targets.of(sequences, problem) for name, sequences in parts.items()},
        float(np.median(steps)),
        options.loss,
        options.epochs,
    )


def _no_hamiltonian(dataset: Dataset, canonical: Canonical) -> str:
    """Why there is no Hamiltonian NN; empty if every column that moves has its partner."""
    if not canonical.pairs:
        return canonical.note
    paired = {column for pair in canonical.pairs for column in pair}
    moves = np.flatnonzero(moving(dataset.train)).tolist()
    left = [dataset.names[column] for column in moves if column not in paired]
    if not left:
        return ""
    return f"{', '.join(left)} {'has' if len(left) == 1 else 'have'} no canonical partner"


def _still(dataset: Dataset, laws: Sequence[Law]) -> list[int]:
    """Rows of laws that read only columns which are constant along every trajectory."""
    moves = set(np.flatnonzero(moving(dataset.train)).tolist())
    return [row for row, law in enumerate(laws) if not moves & set(law.expression.inputs)]


def _plan(
    meter: Meter,
    choice: Setting,
    report: Setting,
    candidates: Candidates,
    options: TailorOptions,
    *,
    hamiltonian: bool,
) -> None:
    """Tell the meter what will be done, before the time steps of the roll-outs are known."""
    steps, seeds = options.baseline_steps, options.seeds
    training = training_cost(choice, steps) + training_cost(report, steps)
    if hamiltonian:
        training += training_cost(report, steps, hamiltonian=True)
    training += training_cost(choice, options.epochs)
    laws = sum(candidates.laws[row].accepted for row in candidates.tried)
    others, known = len(candidates.tried) - laws, int(candidates.oracle is not None)
    meter.plan("training", seeds * training)
    meter.plan("choice", seeds * Course.of(choice, options).cost(laws, others, known))
    meter.plan("report", seeds * report_cost(report))
