"""How much of a tailoring is done, as one figure: what is left of the time follows from it."""

from __future__ import annotations

from concurrent.futures import Future, wait
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from noether_sym.tailor.rollout import Targets
from noether_sym.tailor.trials import Setting

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Progress

_FIELD, _HAMILTONIAN, _META, _TAILORED = 4, 8, 11, 9
"""Products of a state with the large matrix: a gradient of each network, a gradient of
meta-tailoring, a tailored prediction; with what else they do, as measured."""

_STEP, _CALL = 500, 350
"""What a step of the optimiser and a prediction cost however small, in products of one state."""

_PATIENCE = 0.5
"""Seconds between two looks at what has been done."""

_Result = TypeVar("_Result")


class Meter:
    """Adds up the cost of finished work, in products of a state with the large matrix.

    Parameters
    ----------
    progress : callable, optional
        Called with (``tailor``, done, total) by whoever waits for a result.
    """

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = Lock()
        self._plan: dict[str, float] = {}
        self._done = self._told = 0.0

    def plan(self, part: str, cost: float) -> None:
        """Say what a part of the work will cost; what was said of it before is replaced."""
        with self._lock:
            self._plan[part] = cost

    def follow(self, future: Future[Any], cost: float) -> None:
        """Count a cost as soon as a future is done."""
        future.add_done_callback(lambda _: self._add(cost))

    def result(self, future: Future[_Result]) -> _Result:
        """Wait for a result, and tell meanwhile what else is done."""
        while True:
            done, _ = wait([future], timeout=_PATIENCE)
            self._tell()
            if done:
                return future.result()

    def _add(self, cost: float) -> None:
        with self._lock:
            self._done += cost

    def _tell(self) -> None:
        with self._lock:
            done, total = self._done, max(sum(self._plan.values()), self._done)
        if self._progress is not None and done > self._told:
            self._told = done
            self._progress("tailor", round(1e-6 * done), max(1, round(1e-6 * total)))


def training_cost(setting: Setting, steps: int, *, hamiltonian: bool = False) -> float:
    """Cost of training a network."""
    return steps * setting.problem.step_states * (_HAMILTONIAN if hamiltonian else _FIELD)


def meta_cost(setting: Setting, trials: int) -> float:
    """Cost of meta-tailoring, roll-outs included."""
    step = setting.problem.step_states * _META + _STEP
    return trials * setting.epochs * step + roll_out_cost(setting, trials)


def roll_out_cost(setting: Setting, trials: int) -> float:
    """Cost of roll-outs of all parts."""
    return sum(_one_cost(own, trials) for own in setting.parts.values())


def _one_cost(targets: Targets, trials: int) -> float:
    states = trials * len(targets.states)
    return 4.0 * sum(targets.parts) * (states * _TAILORED + _CALL)
