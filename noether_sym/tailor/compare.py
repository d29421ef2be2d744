"""Ways of predicting side by side, by networks that were trained on the whole training part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from noether_sym.tailor.choose import Chosen, OfNetwork
from noether_sym.tailor.document import EXTRA_EPOCHS, HNN, META_TAILORED, NOT_A_LAW, VANILLA
from noether_sym.tailor.meter import meta_cost, roll_out_cost, training_cost
from noether_sym.tailor.network import Weights
from noether_sym.tailor.trials import (
    Outcome,
    Setting,
    evaluate_plain,
    evaluate_projected,
    meta_tailoring,
    plain_tailoring,
)
from noether_sym.tailor.work import Method, Work

_TAILORED, _META_TAILORED = 2, 3
"""How many laws are compared: ours and the known one, and a control that is no law."""


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """One way of predicting, under a name.

    Attributes
    ----------
    method : str
    outcome : Outcome or None
        None where it does not apply, or where no trial of the choice was left.
    note : str
        Why it does not apply, or what it assumes.
    applies : bool
    """

    method: str
    outcome: Outcome | None
    note: str = ""
    applies: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Trainings:
    """The trainings of one network that do not wait for the choice."""

    work: Work
    baseline: Future[Weights]
    hamiltonian: Future[Weights] | None

    @classmethod
    def begun(cls, work: Work, *, hamiltonian: bool) -> Trainings:
        """Hand them to the workers."""
        return cls(
            work,
            work.submitted(_cost(work), work.baseline),
            work.submitted(_cost(work, hamiltonian=True), work.hamiltonian)
            if hamiltonian
            else None,
        )


def _cost(work: Work, *, hamiltonian: bool = False) -> float:
    return training_cost(work.setting, work.options.baseline_steps, hamiltonian=hamiltonian)


def report_cost(setting: Setting) -> float:
    """Roughly what the comparison costs one network."""
    laws = _TAILORED * roll_out_cost(setting, 1) + _META_TAILORED * meta_cost(setting, 1)
    return laws + training_cost(setting, setting.epochs)


def compare(
    trainings: Sequence[Trainings], chosen: Chosen, oracle: int | None, note: str
) -> tuple[Setting, list[list[Control]]]:
    """Roll out every way of predicting on the test part.

    Parameters
    ----------
    trainings : sequence of Trainings
        One a network.
    chosen : Chosen
        Gives the law, and the inner rates of each network.
    oracle : int or None
        Row of the known law.
    note : str
        Why there is no Hamiltonian NN, or what it assumes.

    Returns
    -------
    setting : Setting
        With the time steps of the roll-outs.
    controls : list of lists of Control
        Of each network.
    """
    weights = [own.work.meter.result(own.baseline) for own in trainings]
    setting = trainings[0].work.refined(weights[0])
    works = [own.work.in_setting(setting) for own in trainings]
    works[0].meter.plan("report", len(works) * report_cost(setting))
    extras = [
        work.submitted(training_cost(setting, setting.epochs), work.more_epochs, own)
        for work, own in zip(works, weights, strict=True)
    ]
    found = []
    for place, (work, own) in enumerate(zip(works, weights, strict=True)):
        hamiltonian = trainings[place].hamiltonian
        found.append(
            [
                Control(VANILLA, evaluate_plain(setting, own)),
                Control(EXTRA_EPOCHS, work.meter.result(extras[place])),
                _hamiltonian(work, hamiltonian, note),
                *_with_laws(work, own, chosen, chosen.networks[place], oracle),
            ]
        )
    return setting, found


def _hamiltonian(work: Work, weights: Future[Weights] | None, note: str) -> Control:
    if weights is None:
        return Control(HNN, None, note, applies=False)
    return Control(HNN, work.evaluated_hamiltonian(work.meter.result(weights)), note)


def _with_laws(
    work: Work, weights: Weights, chosen: Chosen, network: OfNetwork, oracle: int | None
) -> list[Control]:
    """The law of the choice, what is not a law, and the known law, at the rates of the choice."""
    law = chosen.selection.candidate
    plain, meta = (
        _at_rates(work, weights, method, {row: rate(row) for row in rows if row is not None})
        for method, rate, rows in (
            (plain_tailoring, network.tailoring_rate, (law, oracle)),
            (meta_tailoring, network.meta_rate, (law, chosen.control, oracle)),
        )
    )
    controls = []
    if law is not None:
        projected = evaluate_projected(work.setting, weights, work.laws[law])
        controls += [
            Control("projected", replace(projected, candidate=law)),
            Control("tailored", plain[law]),
            Control(META_TAILORED, meta[law]),
        ]
    if chosen.control is not None:
        controls.append(Control(NOT_A_LAW, meta[chosen.control]))
    if oracle is not None:
        controls += [Control("oracle tailored", plain[oracle]), Control("oracle", meta[oracle])]
    return controls


def _at_rates(
    work: Work, weights: Weights, method: Method, rates: Mapping[int, float | None]
) -> dict[int, Outcome | None]:
    """Each row at its rate; None where no rate was left."""
    wanted = {row: (rate,) for row, rate in rates.items() if rate is not None}
    outcomes = work.at_rates(weights, wanted, method)
    found = {outcome.candidate: outcome for outcome in outcomes}
    return {row: found.get(row) for row in rates}
