"""The search for sums: from a data set to candidates with their factors."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, combinations, islice

import numpy as np

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.parts import folds_of, parts
from noether_sym.datasets.points import angles, points
from noether_sym.datasets.velocities import velocities
from noether_sym.dsl.expression import Expression, call, input_, parameter
from noether_sym.noise import training_noise
from noether_sym.runtime.device import single_threaded
from noether_sym.runtime.stages import Progress
from noether_sym.search.candidate import Candidate, decompose, display_order
from noether_sym.search.fit import NOT_CONSERVED, Fitted
from noether_sym.search.sums.beside import InNoise
from noether_sym.search.sums.energies import Motion
from noether_sym.search.sums.further import further_laws
from noether_sym.search.sums.noisy import (
    Found,
    alike_in_noise,
    found_again,
    from_noise,
    has_subsets,
    slow_in_windows,
)
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.other_forms import with_other_forms
from noether_sym.search.sums.propose import differs, propose
from noether_sym.search.sums.scalars import scalars
from noether_sym.search.sums.shared import over_shared_denominators
from noether_sym.search.sums.terms import (
    Columns,
    Quantities,
    Term,
    mixed,
    polynomial,
    quadratic,
    quantities,
    shifted,
)
from noether_sym.search.sums.walk import Combination
from noether_sym.statistics.samples import Samples, make_samples, windows_to_try

_SAMPLES = 4000
"""Most samples that a search looks at."""

_GROUPS = 4
"""Groups of windows, on each of which forms fitted to the others are compared."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sum that is constant along trajectories: its terms, and their factors."""

    candidate: Candidate
    fit: Fitted


@dataclass(frozen=True, slots=True)
class Fold:
    """What the search in noise found without some trajectories.

    Attributes
    ----------
    held_out : tuple of int
        Their numbers among the training trajectories.
    ways : tuple of tuple of Proposal
        Laws, by the way in which terms were left out of them.
    """

    held_out: tuple[int, ...]
    ways: tuple[tuple[Proposal, ...], ...]


@dataclass(frozen=True, slots=True)
class SumsFound:
    """What the search for sums found.

    Attributes
    ----------
    laws : tuple of Proposal
        With different values on different trajectories; functionally independent. Columns that
        are conserved by themselves come first.
    constraints : tuple of Proposal
        With one value on all trajectories.
    complete : bool
        Whether there are as many as the system can have.
    terms : int
        Terms that were looked at.
    seconds : float
    noisy : tuple of tuple of Proposal
        What varies along trajectories as noise does: a few forms of each law, the best first.
        All training trajectories were searched for it.
    folds : tuple of Fold
        What the same search finds without each of some groups of trajectories, by which
        `noisy` and `alike` are to be judged.
    alike : tuple of Proposal
        What varies as noise does, both along trajectories and between them.
    slow : tuple of Proposal
        What hardly changes within windows, where there is no law. Only the trajectories that are
        for searching were searched for it.
    """

    laws: tuple[Proposal, ...] = ()
    constraints: tuple[Proposal, ...] = ()
    complete: bool = False
    terms: int = 0
    seconds: float = 0.0
    noisy: tuple[tuple[Proposal, ...], ...] = ()
    folds: tuple[Fold, ...] = ()
    alike: tuple[Proposal, ...] = ()
    slow: tuple[Proposal, ...] = ()


def search_sums(
    dataset: Dataset,
    *,
    limit: int,
    seed: int,
    window: str | int = "auto",
    progress: Progress | None = None,
) -> SumsFound:
    """Search for sums of terms that are constant along every training trajectory.

    Parameters
    ----------
    dataset : Dataset
    limit : int
        Most terms of a library.
    seed : int
    window : str or int
        Windows in which to look where there is no law; see
        `noether_sym.statistics.samples.windows_to_try`.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    SumsFound
    """
    begin = time.perf_counter()
    whole = dataset
    if dataset.ordered:
        dataset = replace(dataset, train=parts(dataset.train).fitted)
    samples, data = _observed(dataset, seed)
    most = dataset.most_constants(int((~samples.still[list(dataset.base_columns)]).sum()))
    noisy: list[Found] = []
    alike: list[Found] = []
    folds: tuple[Fold, ...] = ()
    with single_threaded():
        found = propose(data, columns_of(dataset, data), most=most, limit=limit, progress=progress)
        if not found.exact:
            known = [*found.laws, *found.constraints]
            noisy, alike, folds = _in_noise(whole, known, most, seed, progress)
        more, same = _told_apart(found.constraints, whole, seed)
        slow = [] if found.laws or more or noisy else _slow(whole, most, seed, window)
    return SumsFound(
        (
            *_still(dataset, samples, data),
            *(_proposal(one) for one in (*found.laws, *more)),
        ),
        tuple(_proposal(one) for one in same),
        len(found.laws) + len(found.constraints) >= most,
        found.seen,
        time.perf_counter() - begin,
        tuple(tuple(_proposal(one) for one in law.forms) for law in noisy),
        folds,
        tuple(_proposal(own.forms[0]) for own in alike),
        tuple(_proposal(own.forms[0]) for own in slow),
    )


def _observed(
    dataset: Dataset, seed: int, window: int | None = None
) -> tuple[Samples, Observations]:
    samples = make_samples(dataset.train, window=window, seed=seed).thinned(_SAMPLES)
    return samples, Observations.of(samples, dataset)


def _told_apart(
    constraints: Sequence[Combination], dataset: Dataset, seed: int
) -> tuple[list[Combination], list[Combination]]:
    """What has other values on training trajectories that were not searched, and what has not."""
    if not constraints or not dataset.ordered:
        return [], list(constraints)
    data = _observed(dataset, seed)[1]
    told = [differs(one.on(data), data) for one in constraints]
    pairs = list(zip(constraints, told, strict=True))
    return [one for one, apart in pairs if apart], [one for one, apart in pairs if not apart]


def _in_noise(
    dataset: Dataset,
    known: Sequence[Combination],
    most: int,
    seed: int,
    progress: Progress | None,
) -> tuple[list[Found], list[Found], tuple[Fold, ...]]:
    """Search all trajectories for laws and constraints that noise hides, and again without each
    fold of them."""
    sigma = training_noise(dataset).sigma
    dataset = replace(dataset, train=tuple(own for own in dataset.train if len(own) > 1), test=())
    if not sigma.any():  # nothing is hidden
        return [], [], ()
    samples, every = _observed(dataset, seed)
    columns = columns_of(dataset, every)
    made_of = quantities(columns)

    def constrained(
        train: tuple[Trajectory, ...],
    ) -> tuple[Observations, list[Found], list[Combination]]:
        data = _observed(replace(dataset, train=train), seed)[1]
        exact = [one.on(data) for one in known]
        alike = alike_in_noise(quadratic(made_of), data, sigma, exact, most)
        return data, alike, [*exact, *(own.forms[0] for own in alike)]

    held_out = folds_of(dataset.train)
    groups = np.zeros(len(dataset.train), dtype=np.int64)
    for number, held in enumerate(held_out):
        groups[list(held)] = number
    data, alike, heads = constrained(dataset.train)
    motion = Motion(made_of, velocities(dataset))
    # products of many columns, all at once, are more than noise allows
    few = has_subsets(len(every.spread))
    first = _small(columns, made_of, motion, points_last=few)
    libraries = chain(first, motion.of_higher_order(), mixed(made_of))
    groups = groups[:: samples.every]
    found = from_noise(libraries, data, sigma, heads, most, groups)
    noise = InNoise(data, made_of, sigma, heads, groups)
    found = with_other_forms(found, noise)
    room = max(0, most - len(heads) - len(found))
    found += islice(further_laws(found, noise), room)
    folds = []
    for number, held in enumerate(held_out if found or alike else ()):
        if progress is not None:
            progress("sums, crosswise", number, len(held_out))
        rest = tuple(own for n, own in enumerate(dataset.train) if n not in held)
        own, same, heads = constrained(rest)
        every_way = found_again(found, own, heads, sigma, most)
        ways = (tuple(_proposal(one.forms[0]) for one in (*same, *laws)) for laws in every_way)
        folds.append(Fold(held, tuple(ways)))
    if progress is not None and folds:
        progress("sums, crosswise", 1, 1)
    return found, alike, tuple(folds)


def _slow(dataset: Dataset, most: int, seed: int, window: str | int) -> list[Found]:
    """Search windows of the trajectories that are for searching for what a slow drift hides."""
    if not dataset.ordered:
        return []
    train = parts(dataset.train).search
    *_, chosen = windows_to_try(train, window)
    if chosen is None:
        return []
    sigma = training_noise(dataset).sigma
    dataset = replace(dataset, train=train, test=())
    data = _observed(dataset, seed, chosen)[1]
    columns = columns_of(dataset, data)
    made_of = quantities(columns)
    libraries = _small(columns, made_of, Motion(made_of, velocities(dataset)), points_last=True)
    groups = np.arange(data.segments) * _GROUPS // data.segments  # neighbours in time together
    return slow_in_windows(libraries, data, sigma, most, groups)


def _small(
    columns: Columns, known: Quantities, motion: Motion, *, points_last: bool
) -> Iterator[Iterable[Term]]:
    """Libraries that noise allows: of the motion, of products, of points."""
    plain = chain(motion.energies(), (polynomial(known),))
    return chain(plain, scalars(columns)) if points_last else chain(scalars(columns), plain)


def _still(dataset: Dataset, samples: Samples, data: Observations) -> Iterator[Proposal]:
    """Columns that are conserved by themselves, unless they were declared to be parameters."""
    for column in dataset.base_columns:
        if samples.still[column] and column not in dataset.parameters:
            values = data.states[column]
            if not values.var() > 0:  # one value everywhere
                continue
            ratio = float(data.centred(values[:, None]).var() / values.var())
            fit = Fitted(NOT_CONSERVED, ratio, (), (1.0,), 1.0, given=True)
            yield Proposal(decompose(input_(column)), fit)


def columns_of(dataset: Dataset, data: Observations) -> Columns:
    """What the libraries are made from: signs, angles, points, units."""
    least, largest = data.states.min(1), data.states.max(1)
    vectors = points(dataset)
    turning = angles(dataset)
    return Columns(
        pure=tuple(dimension.is_dimensionless for dimension in dataset.dimensions),
        angle=tuple(place in turning for place in range(len(dataset.columns))),
        signs=tuple(np.where(least > 0, 1, np.where(largest < 0, -1, 0)).tolist()),
        points=tuple(own.columns for own in vectors),
        point_units=tuple(str(dataset.dimensions[own.columns[0]]) for own in vectors),
        gaps=tuple(_gaps(dataset, data, turning)),
    )


def _gaps(
    dataset: Dataset, data: Observations, turning: Collection[int]
) -> Iterator[tuple[int, int]]:
    """Pairs of columns of one unit that move, of which one is always the larger."""
    own = [
        column
        for column, spread in zip(dataset.base_columns, data.spread, strict=True)
        if spread > 0 and column not in turning
    ]
    for one, two in combinations(own, 2):
        if dataset.dimensions[one] == dataset.dimensions[two]:
            apart = data.states[one] - data.states[two]
            if apart.min() > 0:
                yield one, two
            elif apart.max() < 0:
                yield two, one


def _proposal(found: Combination) -> Proposal:
    """Terms in the order in which people write them, parameters numbered over all."""
    pairs = zip(found.terms, found.factors, strict=True)
    ordered = sorted(pairs, key=lambda pair: display_order(pair[0].expression))
    terms: list[Expression] = []
    factors: list[float] = []
    values: list[float] = []
    for term, factor in over_shared_denominators(ordered):
        terms.append(shifted(term, len(values)))
        factors.append(factor)
        values += term.values
    total = reduce(lambda one, two: call("add", one, call("mul", parameter(0), two)), terms)
    candidate = Candidate(total, tuple(terms), len(values))
    fit = Fitted(NOT_CONSERVED, found.ratio, tuple(values), tuple(factors), 1.0, given=True)
    return Proposal(candidate, fit)
