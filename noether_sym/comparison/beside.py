"""Runs side by side: the same law found in each, and its constants tested for equality."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from noether_sym.comparison.columns import Shared, shared_columns
from noether_sym.comparison.document import (
    Comparison,
    Constant,
    Equality,
    Finding,
    HalfLife,
    LawBeside,
    RunFacts,
)
from noether_sym.comparison.equality import LEVEL, Estimates, agreement, holm
from noether_sym.comparison.form import Form, Written, points_within
from noether_sym.comparison.runs import Contender, FittedRun, named_apart
from noether_sym.errors import RunError
from noether_sym.laws.law import LAW, Parameter

NOT_FOUND = "not found"
NO_COLUMN = "no such column"
"""Verdicts on a law that a run does not have."""

_FLOOR = 1e-9
"""Least relative error of a constant that is told from rounding, in files and in solvers."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A law of a run, written in the shared form."""

    contender: Contender
    written: Written


def compare_runs(runs: Sequence[FittedRun]) -> Comparison:
    """Set the laws of runs side by side.

    A law of each family is shown once. In the other runs it is recognised by its gradients
    (`noether_sym.comparison.form`), among laws first and then among what was not accepted, and
    its constants are those of the shared form, in the units of the run that has that form.

    Parameters
    ----------
    runs : sequence of FittedRun
        Two or more.

    Raises
    ------
    RunError
        If there are fewer than two runs, one is given twice, or one has no column in common
        with any other.
    UnitError
        If the units of a column do not agree.
    """
    if len(runs) < 2:
        raise RunError("a comparison takes two runs or more; `noether-sym runs` lists them")
    runs = named_apart(runs)
    shared = shared_columns(runs)
    points = points_within(shared.low, shared.high)
    taken: set[tuple[int, int]] = set()
    laws = []
    for number, run in enumerate(runs):
        for place, own in enumerate(run.contenders):
            if not own.head or (number, place) in taken:
                continue
            owner, matches = _recognised(runs, shared, points, taken, number, place)
            taken |= {(other, found) for other, (found, _) in matches.items()}
            laws.append(_beside(runs, shared, owner, {n: m for n, (_, m) in matches.items()}))
    return Comparison(tuple(map(_facts, runs)), _adjusted(laws))


def _facts(run: FittedRun) -> RunFacts:
    return RunFacts(run.name, run.dataset, run.trajectories, run.laws, run.independent)


_Found = dict[int, tuple[int, _Match]]


def _recognised(
    runs: Sequence[FittedRun],
    shared: Shared,
    points: NDArray[np.float64],
    taken: set[tuple[int, int]],
    number: int,
    place: int,
) -> tuple[int, _Found]:
    """The run whose form serves most runs, and what each run has in that form.

    A form with fewer constants cannot express a law that has more, so that the forms of other
    runs are tried where this one does not serve all.
    """
    best_owner, best = number, _matches(runs, shared, points, taken, number, place)
    if len(best) == len(runs):
        return best_owner, best
    side = shared.side(runs[number].contenders[place].law, number)
    for other, run in enumerate(runs):
        for at, rival in enumerate(run.contenders):
            if other == number or other in best or not rival.head or (other, at) in taken:
                continue
            if Form(shared.side(rival.law, other), points).written(side) is None:
                continue
            found = _matches(runs, shared, points, taken, other, at)
            if len(found) > len(best):
                best_owner, best = other, found
    return best_owner, best


def _matches(
    runs: Sequence[FittedRun],
    shared: Shared,
    points: NDArray[np.float64],
    taken: set[tuple[int, int]],
    number: int,
    place: int,
) -> _Found:
    """For each run that has a law in this form: its place among the run's, and its constants."""
    head = runs[number].contenders[place]
    values = np.array(head.law.values)
    form = Form(shared.side(head.law, number), points)
    own = Written(values, np.eye(len(values)), form.free, same=True)
    found: _Found = {number: (place, _Match(head, own))}
    for other, run in enumerate(runs):
        if other == number:
            continue
        for at, rival in enumerate(run.contenders):
            if (other, at) in taken:
                continue
            written = form.written(shared.side(rival.law, other))
            if written is not None:
                found[other] = at, _Match(rival, written)
                break
    return found


def _beside(
    runs: Sequence[FittedRun], shared: Shared, owner: int, matches: dict[int, _Match]
) -> LawBeside:
    form = matches[owner].contender.law
    findings = []
    for number, run in enumerate(runs):
        if number in matches:
            findings.append(_finding(run, form.parameters, matches[number]))
        elif lacking := shared.lacking(form, number):
            findings.append(Finding(run.name, NO_COLUMN, f"it has no column {', '.join(lacking)}"))
        else:
            findings.append(Finding(run.name, NOT_FOUND, "neither found nor among the closest"))
    numbers = sorted(matches)
    names = [name for name, _ in form.inputs]
    return LawBeside(
        form.expression.text(names, [own.name for own in form.parameters]),
        runs[owner].name,
        tuple(findings),
        _equality(runs, matches, owner, numbers),
        tuple(
            _equality(runs, matches, owner, pair)
            for pair in combinations(numbers, 2)
            if len(numbers) > 2
        ),
    )


def _finding(run: FittedRun, parameters: Sequence[Parameter], match: _Match) -> Finding:
    own, law = _estimates(match), match.contender.law
    degrees = _degrees(match)
    constants = []
    for slot, form in enumerate(parameters):
        value, variance = float(own.values[slot]), float(own.covariance[slot, slot])
        stderr = math.sqrt(variance) if variance > 0 else None
        interval = None
        if stderr is not None and math.isfinite(degrees[slot]):
            reach = float(student.ppf(0.975, degrees[slot])) * stderr
            interval = (value - reach, value + reach)
        fixed = variance == 0
        if fixed and abs(value) <= _FLOOR * abs(form.value):
            value = 0.0
        constants.append(Constant(form.name, str(form.dimension), value, stderr, interval, fixed))
    evidence = law.evidence
    half_life = None
    if evidence is not None and evidence.half_life is not None:
        half_life = HalfLife(
            evidence.half_life, evidence.half_life_error, run.time_unit, evidence.grows
        )
    reason = match.contender.reason
    if not reason and evidence is not None:
        reason = evidence.reason
    return Finding(
        run.name,
        law.verdict,
        reason,
        law.text(),
        tuple(constants),
        bool(law.covariance),
        half_life,
    )


def _estimates(match: _Match) -> Estimates:
    """The constants of the form with their covariance, by the delta method.

    Where only the errors of the law's own constants are known, those of the form's are the
    largest that any correlation allows.
    """
    law, slopes = match.contender.law, match.written.slopes
    if law.covariance:
        covariance = slopes @ np.array(law.covariance) @ slopes.T
    else:
        errors = np.array(
            [math.nan if own.stderr is None else own.stderr for own in law.parameters], dtype=float
        )
        reach = np.where(slopes == 0, 0.0, np.abs(slopes) * errors).sum(axis=1)
        covariance = np.full((len(reach), len(reach)), np.nan)
        np.fill_diagonal(covariance, reach**2)
    degrees = _degrees(match)
    if law.verdict != LAW:  # errors of a search know nothing of a drift
        unknown = np.isinf(degrees)
        known = np.diag(covariance) == 0
        covariance[np.diag_indices_from(covariance)] = np.where(
            unknown & ~known, np.nan, np.diag(covariance)
        )
    least = min((own for own in degrees if own > 0), default=math.inf)
    return Estimates(match.written.values, covariance, least)


def _degrees(match: _Match) -> list[float]:
    """Degrees of freedom by constant of the form: the least of those that it is made of."""
    own = [
        math.inf if one.degrees is None else one.degrees for one in match.contender.law.parameters
    ]
    return [
        min((own[place] for place in np.flatnonzero(row)), default=math.inf)
        for row in match.written.slopes
    ]


def _equality(
    runs: Sequence[FittedRun], matches: dict[int, _Match], owner: int, numbers: Sequence[int]
) -> Equality:
    names = tuple(runs[number].name for number in numbers)
    if len(numbers) < 2:
        return Equality(names, (), reason="only one run has it")
    digests = [runs[number].digest for number in numbers]
    if len(set(digests)) < len(digests):
        return Equality(
            names, (), reason="runs of the same data are not independent, as the test needs"
        )
    free = matches[owner].written.free
    if not free:
        return Equality(names, (), reason="the form has no constants")
    every = [_estimates(matches[number]) for number in numbers]
    known = [slot for slot in free if _testable(every, slot)]
    parameters = matches[owner].contender.law.parameters
    untested = tuple(parameters[slot].name for slot in free if slot not in known)
    if not known:
        return Equality(names, (), reason="the errors of its constants are not known")
    found = agreement(_of(every, known))
    return Equality(
        names,
        tuple(parameters[slot].name for slot in known),
        found.chi_square,
        found.degrees,
        found.p,
        joint=found.joint,
        untested=untested,
    )


def _testable(every: Sequence[Estimates], slot: int) -> bool:
    """Whether a constant has an error in one run at least, and where it has none is a number of
    the formula itself: 0 where it lacks the term."""
    variances = [float(own.covariance[slot, slot]) for own in every]
    known = [own.degrees > 0 for own, size in zip(every, variances, strict=True) if size > 0]
    return bool(known) and all(known) and all(size >= 0 for size in variances)


def _of(every: Sequence[Estimates], slots: Sequence[int]) -> list[Estimates]:
    """Some of the constants, none surer than `_FLOOR`."""
    largest = np.max([np.abs(own.values[slots]) for own in every], axis=0)
    found = []
    for own in every:
        covariance = own.covariance[np.ix_(slots, slots)].copy()
        covariance[np.diag_indices(len(slots))] += (_FLOOR * largest) ** 2
        found.append(Estimates(own.values[slots], covariance, own.degrees))
    return found


def _adjusted(laws: Sequence[LawBeside]) -> tuple[LawBeside, ...]:
    """The same with p-values for all tests of a kind that are looked at."""
    joint = _for_all([law.equality for law in laws])
    pairs = _for_all([pair for law in laws for pair in law.pairs])
    return tuple(
        replace(law, equality=next(joint), pairs=tuple(next(pairs) for _ in law.pairs))
        for law in laws
    )


def _for_all(tests: Sequence[Equality]) -> Iterator[Equality]:
    tested = [own.p for own in tests if own.p is not None]
    adjusted = iter(holm(tested))
    for own in tests:
        if own.p is None:
            yield own
        else:
            p = next(adjusted)
            yield replace(own, p_adjusted=p, differ=p < LEVEL)
