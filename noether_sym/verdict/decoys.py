"""Decoys: data as the user's own in which nothing is conserved, to see what a search finds.

Every column of every trajectory is moved round in time by an amount of its own. So each column
keeps its dynamics and its values, trajectories keep how large their columns are beside each
other, and only what columns say of each other at one time is lost. That is harder than columns
exchanged between trajectories, which lose their sizes too, and whose common phases, where all
trajectories start alike, leave exact laws; so does one shift for all trajectories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.constancy import still_columns
from noether_sym.datasets.dataset import LARGEST, Dataset, Trajectory
from noether_sym.errors import DatasetError
from noether_sym.laws.law import LAW, Law
from noether_sym.spelling import spelt
from noether_sym.verdict.independence import Judgement
from noether_sym.verdict.residuals import CONFIDENCE

_SHARE_KEPT = 0.75
"""Share of a trajectory that is kept at least when its end is joined to its beginning."""

_SHORTEST = 8
"""Samples of a trajectory below which it is moved round as it is."""

_SEED = 0xDEC0
"""What sets the draws of decoys apart from all others of the same seed."""


@dataclass(frozen=True, slots=True)
class Decoys:
    """What searches of decoys found.

    Attributes
    ----------
    count : int
        Decoys searched.
    families : int
        Families of laws that were found in them, all by chance.
    approximate : int
        Of approximate laws.
    single : int
        Families that read a single column besides those that are constant along trajectories:
        these survive any decoy, and are left out.
    formulas : tuple of str
        The first of each family that was found by chance.
    """

    count: int
    families: int
    approximate: int
    single: int
    formulas: tuple[str, ...]

    @property
    def bound(self) -> float:
        """Families of laws that a search finds by chance: their mean is no more, with 95 %."""
        return rate_bound(self.families, self.count)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fields by name, as a checkpoint keeps them."""
        counts = [self.count, self.families, self.approximate, self.single]
        return {"counts": np.array(counts), "formulas": np.array(self.formulas, dtype=np.str_)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Decoys:
        """What a checkpoint kept."""
        count, families, approximate, single = arrays["counts"].tolist()
        return cls(count, families, approximate, single, tuple(arrays["formulas"].tolist()))

    @classmethod
    def together(cls, parts: Iterable[Decoys]) -> Decoys:
        """Several as one."""
        own = list(parts)
        return cls(
            sum(one.count for one in own),
            sum(one.families for one in own),
            sum(one.approximate for one in own),
            sum(one.single for one in own),
            tuple(formula for one in own for formula in one.formulas),
        )


def rate_bound(events: int, trials: int) -> float:
    """Upper 95 % bound on the mean number of events a trial, counts being Poisson's.

    Exact (Garwood 1936, Biometrika 28, 437, doi:10.1093/biomet/28.3-4.437): 3.0 over the trials
    where there was no event.
    """
    from scipy.stats import chi2

    return 0.5 * float(chi2.ppf(CONFIDENCE, 2 * (events + 1))) / trials


def decoy(dataset: Dataset, number: int, seed: int) -> Dataset:
    """A decoy of a data set: each column of each trajectory moved round by its own amount.

    The end of a column is joined to its beginning where it comes closest to it, in value and
    slope, in its last quarter; a trajectory is cut to the shortest of its columns. Time as a
    column stays where it is, derived columns are computed anew. Points without order have
    their columns, with their rates, exchanged between points.

    Parameters
    ----------
    dataset : Dataset
    number : int
        Which decoy, from 0.
    seed : int

    Raises
    ------
    DatasetError
        If a derived column has no finite value there.
    """
    generator = np.random.default_rng([seed, _SEED, number])
    moved = [place for place in dataset.base_columns if place != dataset.time_column]

    def part(trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
        if not dataset.ordered:
            return tuple(_with_derived(own, dataset) for own in _exchanged(trajectories, generator))
        return tuple(
            _with_derived(_moved_round(own, moved, generator), dataset) for own in trajectories
        )

    return replace(dataset, train=part(dataset.train), test=part(dataset.test))


def found_in(judgement: Judgement, dataset: Dataset) -> Decoys:
    """Count what one decoy was judged to have; of each family the first, functions left out."""
    heads = {law.family: law for law in reversed(judgement.laws) if not law.function_of}
    still = still_columns([own.states for own in dataset.train])
    counted = [law for law in heads.values() if len(_moving(law, dataset, still)) > 1]
    exact = sum(law.verdict == LAW for law in counted)
    texts = tuple(law.text() for law in counted)
    return Decoys(1, exact, len(counted) - exact, len(heads) - len(counted), texts)


def _moving(law: Law, dataset: Dataset, still: NDArray[np.bool_]) -> set[int]:
    """Columns that a law reads, derived ones traced back, without those that are still."""
    columns = set(law.expression.inputs)
    for place, formula in reversed(dataset.derived):
        if place in columns:
            columns = columns - {place} | formula.expression.inputs
    return {place for place in columns if not still[place]}


def _moved_round(
    own: Trajectory, columns: Sequence[int], generator: np.random.Generator
) -> Trajectory:
    rounds = {place: _round(own.states[:, place]) for place in columns}
    length = min(rounds.values(), default=len(own))
    whole = own.part(0, length)
    states, rates = whole.states.copy(), whole.derivatives.copy()
    noise = None if whole.noise is None else whole.noise.copy()
    for place, count in rounds.items():
        taken = (np.arange(length) + generator.integers(count)) % count
        states[:, place] = own.states[taken, place]
        rates[:, place] = own.derivatives[taken, place]
        if noise is not None and own.noise is not None:
            noise[:, place] = own.noise[taken, place]
    return replace(whole, states=states, derivatives=rates, noise=noise)


def _round(values: NDArray[np.float64]) -> int:
    """Samples after which a column is most like its beginning, two samples compared."""
    first = int(_SHARE_KEPT * len(values))
    if len(values) < _SHORTEST:
        return len(values)
    apart = (values[first:-1] - values[0]) ** 2 + (values[first + 1 :] - values[1]) ** 2
    return first + int(np.argmin(apart))


def _exchanged(
    trajectories: Sequence[Trajectory], generator: np.random.Generator
) -> list[Trajectory]:
    """Points with each column, and its rate, from another point of any trajectory."""
    if not trajectories:
        return []
    edges = np.cumsum([len(own) for own in trajectories])[:-1]
    states = np.concatenate([own.states for own in trajectories])
    rates = np.concatenate([own.derivatives for own in trajectories])
    for place in range(states.shape[1]):
        order = generator.permutation(len(states))
        states[:, place], rates[:, place] = states[order, place], rates[order, place]
    parts = zip(trajectories, np.split(states, edges), np.split(rates, edges), strict=True)
    return [replace(own, states=one, derivatives=other) for own, one, other in parts]


def _with_derived(own: Trajectory, dataset: Dataset) -> Trajectory:
    states, rates = own.states.copy(), own.derivatives.copy()
    for place, formula in dataset.derived:
        states[:, place], rates[:, place] = formula(states), formula.rate(states, rates)
        largest = np.abs([states[:, place], rates[:, place]])
        if not (largest <= LARGEST).all():
            raise DatasetError(
                f"no decoy can be made: derived column {dataset.names[place]!r} = {formula.text} "
                f"has no finite value in trajectory {own.name!r} once columns are moved in time; "
                f"leave out {spelt('--decoys')}, or the derived column"
            )
    return replace(own, states=states, derivatives=rates)
