"""Evidence for what was searched on all trajectories: by searches that left some out.

Of few or noisy trajectories none can be spared for confirmation alone. So the search is made again
without each of several groups of trajectories. What is no law of those that it has not seen is
seldom found again without them; and the values of a law on them are taken with constants that were
fitted to the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.expression import Expression
from noether_sym.laws.law import UNDECIDED, Evidence, Law
from noether_sym.search.build import build_law
from noether_sym.search.sums.stage import Fold
from noether_sym.statistics.directions import new_share, residual
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.gradients import Frame
from noether_sym.verdict.leftout import LeftOut

ALIKE = 0.05
"""Share of a law's gradients beyond those of what another search found, up to which it was found
again."""

ADDS_ALIKE = 0.1
"""The same of what a law adds to others, which is smaller and errs by more."""

FOUND_AGAIN = 0.75
"""Share of the trajectories without which a law must be found again."""

_SAMPLES = 4000
"""Most samples that gradients are compared on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Again:
    """A search without some trajectories: gradients of its laws, by the way they were found."""

    held_out: int
    ways: list[list[NDArray[np.float64]]]


class CrossFitting:
    """Searches that left out some trajectories each.

    Parameters
    ----------
    dataset : Dataset
        All training trajectories.
    folds : sequence of Fold
    confirmation : Confirmation
        Whose noise, spreads and motion are those of all trajectories.
    """

    def __init__(self, dataset: Dataset, folds: Sequence[Fold], confirmation: Confirmation) -> None:
        self._confirmation = confirmation
        samples = make_samples(dataset.train, window=None, seed=0).thinned(_SAMPLES)
        self._frame = frame = Frame.of(samples, dataset)
        self._known: dict[tuple[Expression, tuple[float, ...]], Evidence] = {}
        self._formulas: set[Expression] = set()
        self._again = []
        for fold in folds:
            ways = [
                [
                    frame.gradients(build_law(one.candidate, one.fit, dataset, samples))
                    for one in laws
                ]
                for laws in fold.ways
            ]
            self._again.append(_Again(len(fold.held_out), ways))
        self._left_out = LeftOut(dataset, dataset.train, confirmation.sigma)

    def confirmed(self, law: Law) -> Law:
        """The law with its evidence."""
        return law.with_(evidence=self.evidence(law))

    def evidence(self, law: Law) -> Evidence:
        """The verdict on a law, its constants fitted anew for each group of trajectories."""
        key = law.expression, law.values
        if key not in self._known:
            self._known[key] = self._evidence(law)
            self._formulas.add(law.expression)
        return self._known[key]

    def evidence_of_others(self, law: Law) -> Evidence:
        """The same: no trajectory is judged by constants that were fitted to it."""
        return self.evidence(law)

    def has_judged(self, law: Law) -> bool:
        """Whether the verdict on a formula, whatever its constants, rests on these searches."""
        return law.expression in self._formulas

    def adds_again(self, law: Law, others: Sequence[Law]) -> bool:
        """Whether searches that left trajectories out found what a law adds to others."""
        fields = [self._frame.gradients(other) for other in others]
        rest = residual(self._frame.gradients(law), fields)
        return self._found_again(rest, ADDS_ALIKE) >= FOUND_AGAIN * self._every

    @property
    def _every(self) -> int:
        return sum(one.held_out for one in self._again)

    def _found_again(self, own: NDArray[np.float64], alike: float) -> int:
        """Number of trajectories without which a gradient field was found again."""
        return sum(
            one.held_out
            for one in self._again
            if any(_is_among(own, laws, alike) for laws in one.ways)
        )

    def _evidence(self, law: Law) -> Evidence:
        count, every = self._found_again(self._frame.gradients(law), ALIKE), self._every
        if count < FOUND_AGAIN * every:
            return _not_found_again(count, every)
        return self._confirmation.evidence_left_out(law, self._left_out)


@dataclass(frozen=True, slots=True)
class Crosswise:
    """Candidates that are judged so.

    Attributes
    ----------
    fitting : CrossFitting
    forms : mapping of int to int
        From candidates to the number of the law that they may be forms of, the best form first.
    """

    fitting: CrossFitting
    forms: Mapping[int, int]


def _is_among(
    own: NDArray[np.float64], others: Sequence[NDArray[np.float64]], alike: float
) -> bool:
    return bool(others) and new_share(own, others) <= alike


def _not_found_again(count: int, every: int) -> Evidence:
    reason = (
        f"searches that leave trajectories out find it again for only {count} of {every}; more "
        "data or less noise would decide"
    )
    return Evidence(
        UNDECIDED, reason, within=float("inf"), white=1.0, chance=1.0, trajectories=count
    )
