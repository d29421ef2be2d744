"""What the stage computes for one network: trainings, and trials in tasks for the workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from noether_sym.laws.known import KNOWN
from noether_sym.laws.law import ACCEPTED, Law
from noether_sym.tailor import network
from noether_sym.tailor.meter import Meter, meta_cost, roll_out_cost
from noether_sym.tailor.network import Weights
from noether_sym.tailor.options import TailorOptions
from noether_sym.tailor.pieces import Pieces
from noether_sym.tailor.rollout import choose_refinement
from noether_sym.tailor.selection import best
from noether_sym.tailor.tasks import cut_into_tasks
from noether_sym.tailor.training import train
from noether_sym.tailor.trials import (
    Outcome,
    Setting,
    evaluate_field,
    evaluate_plain,
    meta_tailoring,
)

Method = Callable[..., list[Outcome]]
_Result = TypeVar("_Result")

Rates = tuple[float, ...]

_EXTENSIONS = 4
"""Half decades by which a law that does best at the lowest rate is followed down.

From a tenth of the paper's lowest rate on, the law of a pendulum changed no third digit of the
RMSE any more (0.0250 at 1e-3, 0.0272 at 1e-4, 0.0273 at 1e-5 and at 1e-9).
"""

_CONSERVED = (ACCEPTED, KNOWN)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What the stage does for one network seed on one part of the data.

    Attributes
    ----------
    purpose : str
        ``choice``: without the validation part; ``report``: on the whole training part.
    setting : Setting
    laws : tuple of Law
        The candidates, and the oracle after them if there is one.
    options : TailorOptions
    seed : int
    pool : ThreadPoolExecutor
    pieces : Pieces
    meter : Meter
    """

    purpose: str
    setting: Setting
    laws: tuple[Law, ...]
    options: TailorOptions
    seed: int
    pool: ThreadPoolExecutor
    pieces: Pieces
    meter: Meter

    def submitted(
        self, cost: float, call: Callable[..., _Result], *arguments: object
    ) -> Future[_Result]:
        """Hand something to the workers."""
        future = self.pool.submit(call, *arguments)
        self.meter.follow(future, cost)
        return future

    def baseline(self) -> Weights:
        """The trained MLP."""
        start = self._initial(self.setting.problem.columns)
        return self._trained("baseline", start, self.options.baseline_steps)

    def more_epochs(self, weights: Weights) -> Outcome:
        """The MLP after as many epochs as meta-tailoring takes, without any law."""
        longer = self._trained("longer", weights, self.setting.epochs)
        return evaluate_plain(self.setting, longer)

    def hamiltonian(self) -> Weights:
        """The trained Hamiltonian NN; the problem has canonical pairs."""
        steps = self.options.baseline_steps
        return self._trained("hamiltonian", self._initial(1), steps, hamiltonian=True)

    def evaluated_hamiltonian(self, weights: Weights) -> Outcome:
        """Roll-outs of the Hamiltonian NN."""
        problem = self.setting.problem
        scale = network.hamiltonian_scale(problem)
        return evaluate_field(
            self.setting,
            lambda states: network.hamiltonian_field(weights, states, problem.pairs, scale),
        )

    def refined(self, weights: Weights) -> Setting:
        """Roll-outs with time steps that are short enough for what the network learned."""
        steps = choose_refinement(weights, self.setting.problem, self.setting.step)
        refined, own = self.setting.refined(steps), self.options.limits
        return refined if own is None else refined.within(own.states, own.sequences, own.steps)

    def trials(
        self, weights: Weights, wanted: Mapping[int, Rates], method: Method, part: str
    ) -> list[Outcome]:
        """Rows at their rates, then on downwards for laws whose lowest rate is the best.

        A quantity that is not conserved does best at rate 0, where it does nothing; it is
        followed downwards only while it leads by the error on `part`.
        """
        outcomes, rows = self.at_rates(weights, wanted, method), list(wanted)
        lowest = min(self.options.rates)
        for _ in range(_EXTENSIONS):
            lead = best(outcomes, part)
            edge = [
                row
                for row in rows
                if _at_edge(outcomes, part, row, lowest)
                and (
                    self.laws[row].status in _CONSERVED
                    or (lead is not None and lead.candidate == row)
                )
            ]
            if not edge:
                break
            lowest /= 10**0.5
            outcomes += self.at_rates(weights, dict.fromkeys(edge, (lowest,)), method)
        return outcomes

    def at_rates(
        self, weights: Weights, wanted: Mapping[int, Rates], method: Method
    ) -> list[Outcome]:
        """Some rows at rates of their own, in tasks for the workers."""
        setting, meta = self.setting, method is meta_tailoring
        sequences = max(len(own.states) for own in setting.parts.values())
        samples = setting.problem.step_states if meta else sequences
        cost = meta_cost if meta else roll_out_cost
        futures = [
            self.submitted(
                cost(setting, sum(map(len, task.rates))),
                self.pieces.outcomes,
                self._key(method.__name__, task.rows, task.rates),
                partial(
                    method,
                    setting,
                    weights,
                    task.rows,
                    [self.laws[row] for row in task.rows],
                    task.rates,
                ),
            )
            for task in cut_into_tasks(wanted, samples, setting.problem.device)
        ]
        return [outcome for future in futures for outcome in self.meter.result(future)]

    def in_setting(self, setting: Setting) -> Work:
        """The same with another setting."""
        return replace(self, setting=setting)

    def _initial(self, outputs: int) -> Weights:
        problem = self.setting.problem
        return network.initial_weights(problem.columns, outputs, self.seed, problem.device)

    def _trained(
        self, name: str, start: Weights, steps: int, *, hamiltonian: bool = False
    ) -> Weights:
        problem = self.setting.problem
        return self.pieces.weights(
            self._key(name),
            problem.device,
            lambda: train(problem, start, steps, hamiltonian=hamiltonian),
        )

    def _key(
        self, name: str, rows: Sequence[int] = (), rates: Sequence[Sequence[float]] = ()
    ) -> str:
        """Name of a piece: the network, what it is, and for trials which, on which parts."""
        own = f"{self.purpose}-{self.seed}-{name}"
        if not rows:
            return own
        parts = sorted((part, len(one.parts)) for part, one in self.setting.parts.items())
        states = self.setting.problem.step_states
        trials = json.dumps([states, parts, list(rows), [list(one) for one in rates]])
        return f"{own}-{hashlib.sha256(trials.encode()).hexdigest()[:12]}"


def _at_edge(outcomes: Sequence[Outcome], part: str, row: int, lowest: float) -> bool:
    leading = best(outcomes, part, row)
    return leading is not None and leading.rate == lowest
