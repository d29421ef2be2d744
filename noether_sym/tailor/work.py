"""What the stage computes for one network: trainings, and trials in tasks for the workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from noether_sym.laws.known import KNOWN
from noether_sym.laws.law import ACCEPTED, Law
from noether_sym.tailor import network
from noether_sym.tailor.network import Weights
from noether_sym.tailor.options import TailorOptions
from noether_sym.tailor.pieces import Pieces
from noether_sym.tailor.rollout import choose_refinement
from noether_sym.tailor.selection import best
from noether_sym.tailor.tasks import cut_into_tasks
from noether_sym.tailor.trials import (
    Outcome,
    Setting,
    evaluate_field,
    evaluate_plain,
    meta_tailoring,
)

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Progress

Method = Callable[..., list[Outcome]]

_EXTENSIONS = 4
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
    report : callable
        Takes (stage, done, total).
    """

    purpose: str
    setting: Setting
    laws: tuple[Law, ...]
    options: TailorOptions
    seed: int
    pool: ThreadPoolExecutor
    pieces: Pieces
    report: Progress

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
        return self.setting.refined(steps)

    def trials(
        self, weights: Weights, rows: Sequence[int], method: Method, part: str, stage: str
    ) -> list[Outcome]:
        """Every row at every rate, then on downwards for laws whose lowest rate is the best.

        A quantity that is not conserved does best at rate 0, where it does nothing; it is
        followed downwards only while it leads by the error on `part`.
        """
        outcomes = self.at_rates(weights, dict.fromkeys(rows, self.options.rates), method, stage)
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
            wanted = dict.fromkeys(edge, (lowest,))
            outcomes += self.at_rates(weights, wanted, method, f"{stage}, lower rates")
        return outcomes

    def at_rates(
        self,
        weights: Weights,
        wanted: Mapping[int, tuple[float, ...]],
        method: Method,
        stage: str,
    ) -> list[Outcome]:
        """Some rows at rates of their own, in tasks for the workers."""
        setting = self.setting
        sequences = max(len(own.states) for own in setting.parts.values())
        samples = len(setting.problem.states) if method is meta_tailoring else sequences
        futures = [
            self.pool.submit(
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
        outcomes: list[Outcome] = []
        for done, future in enumerate(futures, 1):
            outcomes += future.result()
            self.report(stage, done, len(futures))
        return outcomes

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
            lambda: network.train(problem, start, steps, hamiltonian=hamiltonian)[0],
        )

    def _key(
        self, name: str, rows: Sequence[int] = (), rates: Sequence[Sequence[float]] = ()
    ) -> str:
        """Name of a piece: the network, what it is, and for trials which, on which parts."""
        own = f"{self.purpose}-{self.seed}-{name}"
        if not rows:
            return own
        parts = sorted(self.setting.parts)
        trials = json.dumps([parts, list(rows), [list(one) for one in rates]])
        return f"{own}-{hashlib.sha256(trials.encode()).hexdigest()[:12]}"


def _at_edge(outcomes: Sequence[Outcome], part: str, row: int, lowest: float) -> bool:
    leading = best(outcomes, part, row)
    return leading is not None and leading.rate == lowest
