"""Check a given formula on a data set: is it conserved? No search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.datasets.dataset import Dataset, Trajectory
from noether_sym.datasets.windows import choose_window
from noether_sym.device import single_threaded
from noether_sym.dsl.dimension import Dimension
from noether_sym.dsl.expression import INPUT, PARAMETER, Expression, call, input_, parameter
from noether_sym.dsl.operators import Operator
from noether_sym.dsl.parser import Formula, parse
from noether_sym.errors import DatasetError, GrammarError, UnitError
from noether_sym.fit.accept import judge
from noether_sym.fit.build import standard_errors
from noether_sym.fit.samples import Samples, make_samples
from noether_sym.fit.search import CONSTANT, NOT_CONSERVED, OUT_OF_DOMAIN, fit_candidates
from noether_sym.fit.terms import decompose
from noether_sym.laws import Law, Parameter
from noether_sym.symmetry import with_symmetries
from noether_sym.units import coherent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_LEAVES = 50
_SAME_FUNCTION = 1e-6
_MOST_INNER = 4
_SPREAD = (0.01, 0.99)

CONSERVED = "conserved"
APPROXIMATELY = "approximately conserved"
VARIES = "not conserved"
TRIVIAL = "constant everywhere"
UNDEFINED = "not defined"
_FAILURES = {
    CONSTANT: (TRIVIAL, "it has the same value for all states, so that it says nothing"),
    OUT_OF_DOMAIN: (UNDEFINED, "it has no finite value at most of the samples"),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """How a quantity changes along trajectories, over its spread on the random control.

    Attributes
    ----------
    slope : float
        Root mean square over trajectories of the change per period (or per trajectory) that
        a straight line through the values shows.
    deviation : float
        Root mean square of what the values differ from their mean along each sequence.
    largest : float
        Largest such difference.
    """

    slope: float
    deviation: float
    largest: float


@dataclass(frozen=True, slots=True)
class Checked:
    """What the data say of a formula.

    Attributes
    ----------
    formula : Formula
        As it was read.
    law : Law
        With its free parameters fitted. If the fit could not be written in the form given,
        the same quantity in the form that the search writes, up to a factor and a constant.
    fixed : tuple of bool
        Of each parameter of `law`: whether its value was given.
    verdict, reason : str
        ``conserved``, ``approximately conserved``, ``not conserved``, ``constant
        everywhere`` or ``not defined``; and why, in words.
    window : int or None
        Samples of the windows that the ratios refer to; None for whole trajectories.
    period : int or None
        Samples of about a period, which drifts refer to; None for whole trajectories.
    train, held_out : Drift or None
    notes : tuple of str
    """

    formula: Formula
    law: Law
    fixed: tuple[bool, ...]
    verdict: str
    reason: str
    window: int | None
    period: int | None
    train: Drift | None
    held_out: Drift | None
    notes: tuple[str, ...] = ()

    @property
    def conserved(self) -> bool:
        """Whether the formula counts as conserved, exactly or approximately."""
        return self.law.accepted

    def to_json(self) -> dict[str, Any]:
        """As JSON types; numbers that are not finite become null."""
        from noether_sym.export import law_to_json

        entry = law_to_json(self.law)
        for own, fixed in zip(entry["parameters"], self.fixed, strict=True):
            own["fixed"] = fixed
        return {
            "formula": self.formula.text,
            "verdict": self.verdict,
            "reason": self.reason,
            "conserved": self.conserved,
            "window": self.window,
            "drift_per": "trajectory" if self.period is None else "period",
            "period_samples": self.period,
            "train": _drift_to_json(self.train),
            "held_out": _drift_to_json(self.held_out),
            "notes": list(self.notes),
            "law": entry,
        }


def check(
    text: str,
    dataset: Dataset,
    *,
    factor: float = 100.0,
    window: str | int = "auto",
    seed: int = 0,
) -> Checked:
    """Evaluate a formula on a data set; fit its free parameters c0, c1, ... first.

    Parameters
    ----------
    text : str
        See `noether_sym.dsl.parser`. It is read, never run.
    dataset : Dataset
    factor : float
        How many times better than on the random control it must be conserved.
    window : str or int
        ``full``, a number of samples, or ``auto``: whole trajectories, then windows.
    seed : int
        Of the random control.

    Raises
    ------
    GrammarError
        If the text is no formula of the columns.
    UnitError
        If its units do not fit.
    DatasetError
        If no sequence is long enough.
    """
    task = _Task.of(text, dataset)
    with single_threaded(), np.errstate(all="ignore"):
        first: _Outcome | None = None
        for size in _windows(dataset, window):
            outcome = _judged(task, size, factor, seed)
            first = first or outcome
            if outcome.law.accepted:
                first = outcome
                break
        assert first is not None
        return _checked(task, first)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A formula whose numbers are columns of constant value beside those that it reads.

    Attributes
    ----------
    leaves : Expression
        Inputs are `columns`, then `numbers`; parameters are the free ones, slots in order.
    columns : tuple of int
        Columns of the data that the formula reads.
    numbers : tuple of int
        Slots of the formula that hold numbers.
    """

    formula: Formula
    dataset: Dataset
    leaves: Expression
    columns: tuple[int, ...]
    numbers: tuple[int, ...]
    dimension: Dimension
    dimensions: tuple[Dimension, ...]

    @classmethod
    def of(cls, text: str, dataset: Dataset) -> _Task:
        formula = parse(text, dataset.names, dataset.dimensions, _unit_reader(dataset))
        columns = tuple(sorted(formula.expression.inputs))
        if not columns:
            raise GrammarError(
                f"{text.strip()!r} reads no column, so nothing can vary; columns: "
                + ", ".join(dataset.names)
            )
        free = formula.free
        numbers = tuple(slot for slot in range(len(formula.constants)) if slot not in free)
        if len(columns) + len(numbers) > _MOST_LEAVES:
            raise GrammarError(
                f"the formula has {len(columns)} columns and {len(numbers)} numbers; at most "
                f"{_MOST_LEAVES} together"
            )
        dimension, dimensions = _dimensions(formula, dataset)
        leaves = with_leaves(
            formula.expression,
            {column: input_(place) for place, column in enumerate(columns)},
            {slot: input_(len(columns) + place) for place, slot in enumerate(numbers)}
            | {slot: parameter(place) for place, slot in enumerate(free)},
        )
        return cls(formula, dataset, leaves, columns, numbers, dimension, dimensions)

    @property
    def values(self) -> list[float]:
        """Values of the numbers."""
        given = (self.formula.constants[slot].value for slot in self.numbers)
        return [value for value in given if value is not None]

    def samples(self, samples: Samples) -> Samples:
        """The columns that the formula reads, and its numbers as columns beside them."""
        shape = samples.weights.shape
        constants = np.stack([np.full(shape, own) for own in self.values] or [np.empty(shape)])
        constants = constants[: len(self.numbers)]
        own = list(self.columns)
        return replace(
            samples,
            states=np.concatenate([samples.states[own], constants]),
            control=np.concatenate([samples.control[own], constants]),
            velocities=np.concatenate([samples.velocities[own], np.zeros_like(constants)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome:
    """A judged fit: the quantity as the search writes it, and what was fitted."""

    law: Law
    verdict: str
    reason: str
    samples: Samples
    inner: tuple[float, ...] = ()
    fitted: bool = True


def with_leaves(
    expression: Expression,
    inputs: Mapping[int, Expression],
    parameters: Mapping[int, Expression],
) -> Expression:
    """The formula with other leaves, by column and by slot; missing ones stay."""
    replaced: Expression = expression.fold(
        lambda node: (inputs if node.head == INPUT else parameters).get(node.index, node),
        lambda operator, *parts: call(operator.name, *parts),
    )
    return replaced


def _unit_reader(dataset: Dataset) -> Any:
    own = [*(column.unit.given for column in dataset.columns), dataset.time_unit.given]

    def read(name: str) -> tuple[float, Dimension]:
        unit = coherent_units([*own, name])[-1]
        if unit.offset:
            raise UnitError(f"{name!r} does not start at zero; give the number in K")
        return unit.factor, unit.dimension

    return read


def _dimensions(formula: Formula, dataset: Dataset) -> tuple[Dimension, tuple[Dimension, ...]]:
    """Dimension of the formula and of each constant: as stated, else from its place."""
    known = {
        slot: own.dimension
        for slot, own in enumerate(formula.constants)
        if own.dimension is not None
    }
    stated = {slot: len(dataset.columns) + place for place, slot in enumerate(known)}
    open_slots = [slot for slot in range(len(formula.constants)) if slot not in known]
    leaves = {slot: input_(column) for slot, column in stated.items()}
    leaves |= {slot: parameter(place) for place, slot in enumerate(open_slots)}
    typed = with_leaves(formula.expression, {}, leaves)
    dimension, found = typed.parameter_dimensions([*dataset.dimensions, *known.values()])
    every = {**known, **dict(zip(open_slots, found, strict=True))}
    return dimension, tuple(every[slot] for slot in range(len(formula.constants)))


def _windows(dataset: Dataset, window: str | int) -> list[int | None]:
    if window == "full":
        return [None]
    if window == "auto":
        chosen = choose_window(dataset.train)
        return [None] if chosen is None else [None, chosen]
    return [int(window)]


def _held_out(trajectories: Sequence[Trajectory], window: int | None, seed: int) -> Samples | None:
    try:
        return make_samples(trajectories, window=window, seed=seed)
    except DatasetError:  # none, or too short for one window: nothing to confirm on
        return None


def _judged(task: _Task, window: int | None, factor: float, seed: int) -> _Outcome:
    samples = make_samples(task.dataset.train, window=window, seed=seed)
    _refuse_additive(task, samples)
    candidate = decompose(task.leaves)
    own = task.samples(samples)
    (fit,) = fit_candidates([candidate], own)
    if fit.status != NOT_CONSERVED:
        verdict, reason = _FAILURES.get(
            fit.status, (UNDEFINED, "no values of c0, ... could be fitted")
        )
        return _Outcome(_unfitted(task, window, fit.status), verdict, reason, samples, fitted=False)
    # numbers become parameters again, beside the fitted ones
    slots, values = count(), []

    def leaf(node: Expression) -> Expression:
        if node.head == INPUT and node.index < len(task.columns):
            return input_(task.columns[node.index])
        is_number = node.head == INPUT
        given = task.values[node.index - len(task.columns)] if is_number else fit.inner[node.index]
        values.append(given)
        return parameter(next(slots))

    terms = tuple(
        term.fold(leaf, lambda operator, *parts: call(operator.name, *parts))
        for term in candidate.terms
    )
    whole = replace(candidate, expression=task.formula.expression, terms=terms, inner=len(values))
    judgement = judge(
        [whole],
        [replace(fit, inner=tuple(values))],
        samples,
        _held_out(task.dataset.test, window, seed),
        task.dataset,
        factor=factor,
        seed=seed,
    )
    if judgement.laws:
        verdict = CONSERVED if window is None else APPROXIMATELY
        return _Outcome(judgement.laws[0], verdict, "", samples, fit.inner)
    return _Outcome(judgement.closest[0], VARIES, judgement.reasons[0], samples, fit.inner)


def _refuse_additive(task: _Task, samples: Samples) -> None:
    """Refuse free parameters that only add a constant: nothing could tell their values."""
    points = np.moveaxis(samples.control, 0, -1)[samples.weights > 0]
    draw = np.random.default_rng(0)
    values = {slot: draw.uniform(0.5, 1.5) for slot in task.formula.free}
    for slot in task.formula.free:
        before = _law(task, values, {})(points)
        change = _law(task, {**values, slot: 2.0}, {})(points) - before
        middle = float(np.nanmedian(change)) if np.isfinite(change).any() else math.nan
        rounding = 1e-9 * abs(middle) + 1e-14 * np.abs(before)
        finite = np.isfinite(change)
        if finite.any() and (np.abs(change - middle) <= rounding)[finite].all():
            raise GrammarError(
                f"{task.formula.constants[slot].name} only adds a constant, which conservation "
                "does not tell; leave it out"
            )


def _unfitted(task: _Task, window: int | None, status: str) -> Law:
    return _law(task, {}, {}).with_(
        conservation_ratio=math.nan, random_ratio=math.nan, status=status, window=window
    )


def _law(task: _Task, free: Mapping[int, float], errors: Mapping[int, float | None]) -> Law:
    """The formula as written, with values of its free parameters by slot."""
    names = iter(f"k{number}" for number in count())
    taken = {*task.dataset.names, *(own.name for own in task.formula.constants)}
    fresh = (name for name in names if name not in taken)
    return Law(
        expression=task.formula.expression,
        inputs=tuple((column.name, column.unit.symbol) for column in task.dataset.columns),
        parameters=tuple(
            Parameter(
                own.name or next(fresh),
                own.value if own.value is not None else free.get(slot, math.nan),
                task.dimensions[slot],
                errors.get(slot),
            )
            for slot, own in enumerate(task.formula.constants)
        ),
        dimension=task.dimension,
        conservation_ratio=math.nan,
        random_ratio=math.nan,
    )


def _checked(task: _Task, outcome: _Outcome) -> Checked:
    formula, judged = task.formula, outcome.law
    fixed = tuple(own.value is not None for own in formula.constants)
    notes = list(task.dataset.notes)
    law = judged
    if outcome.fitted:
        written = _as_written(task, outcome)
        if written is None:
            fixed = (False,) * len(judged.parameters)
            notes.append(
                "the fitted quantity is written as the search writes it, up to a factor and an "
                "added constant"
            )
            if task.numbers:  # errors of the fitted constants alone are not known in this form
                law = law.with_(
                    parameters=tuple(replace(own, stderr=None) for own in law.parameters)
                )
        else:
            law, reference = written
            if reference is not None:
                name = formula.constants[reference].name
                notes.append(f"{name} is set to 1: conservation does not tell a factor")
                fixed = tuple(own or slot == reference for slot, own in enumerate(fixed))
        law = law.with_(
            conservation_ratio=judged.conservation_ratio,
            random_ratio=judged.random_ratio,
            heldout_ratio=judged.heldout_ratio,
            alignment=judged.alignment,
            status=judged.status,
            window=judged.window,
        )
        if law.accepted:
            (law,) = with_symmetries((law,), task.dataset)
    period = choose_window(task.dataset.train)
    spread = _spread(law, outcome.samples) if outcome.fitted else 0.0
    window = outcome.samples.window
    return Checked(
        formula=formula,
        law=law,
        fixed=fixed,
        verdict=outcome.verdict,
        reason=outcome.reason,
        window=window,
        period=period,
        train=_drift(law, task.dataset.train, window, period, spread),
        held_out=_drift(law, task.dataset.test, window, period, spread),
        notes=tuple(notes),
    )


def _as_written(task: _Task, outcome: _Outcome) -> tuple[Law, int | None] | None:
    """The fitted quantity in the form that was given, and the slot that sets its scale.

    None where the form cannot be brought to the fitted quantity by a factor and a constant
    with the values that the fit found for what is inside functions.
    """
    free = task.formula.free
    if not free:
        return _law(task, {}, {}), None
    linear = sorted(_linear_slots(task.formula))
    inside = [slot for slot in free if slot not in linear]
    if len(inside) > _MOST_INNER:
        return None
    states = np.concatenate([outcome.samples.states, outcome.samples.control], axis=1)
    points = states.reshape(len(states), -1).T
    points = points[:: max(1, len(points) // 2000)]
    target = outcome.law(points)
    for values in permutations(outcome.inner, len(inside)):
        found = _solved(task, points, target, linear, dict(zip(inside, values, strict=True)))
        if found is not None:
            solved, reference = found
            errors = _errors(task, solved, reference, outcome.samples)
            return _law(task, solved, errors), reference
    return None


def _linear_slots(formula: Formula) -> frozenset[int]:
    """Free parameters in which the formula is linear, all together, the others given."""
    free = frozenset(formula.free)

    def leaf(node: Expression) -> frozenset[int]:
        return free & {node.index} if node.head == PARAMETER else frozenset()

    def operation(operator: Operator, *parts: frozenset[int]) -> frozenset[int]:
        if operator.name in ("add", "sub"):
            return parts[0] | parts[1]
        if operator.name == "mul":
            return parts[0] or parts[1]
        return parts[0] if operator.name == "div" else frozenset()

    slots: frozenset[int] = formula.expression.fold(leaf, operation)
    return slots


def _solved(
    task: _Task,
    points: NDArray[np.float64],
    target: NDArray[np.float64],
    linear: Sequence[int],
    inside: Mapping[int, float],
) -> tuple[dict[int, float], int | None] | None:
    """Values of the linear parameters that make the formula ``a*target + b``."""

    def value(free: Mapping[int, float]) -> NDArray[np.float64]:
        return _law(task, {**dict.fromkeys(linear, 0.0), **inside, **free}, {})(points)

    rest = value({})
    parts = [value({slot: 1.0}) - rest for slot in linear]
    finite = np.isfinite(np.stack([rest, target, *parts])).all(0)
    if finite.sum() <= len(linear) + 2:
        return None
    rest, target, *parts = (_centred(row[finite]) for row in (rest, target, *parts))
    references: list[int | None] = [None] if np.abs(rest).max() > 0 else list(range(len(linear)))
    for reference in references:
        left = rest if reference is None else parts[reference]
        columns = [target, *(-part for n, part in enumerate(parts) if n != reference)]
        basis = np.stack(columns, axis=1)
        scale = np.abs(basis).max(0)
        if not (scale > 0).all():
            continue
        solved, *_ = np.linalg.lstsq(basis / scale, left, rcond=1e-12)
        if np.abs(left - basis / scale @ solved).max() > _SAME_FUNCTION * np.abs(left).max():
            continue
        solved = solved / scale
        if not abs(solved[0]) * scale[0] > _SAME_FUNCTION * np.abs(left).max():
            continue
        others = [slot for n, slot in enumerate(linear) if n != reference]
        found = {**inside, **dict(zip(others, map(float, solved[1:]), strict=True))}
        if reference is not None:
            found[linear[reference]] = 1.0
        return found, None if reference is None else linear[reference]
    return None


def _centred(row: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = row - row.mean()
    return centred if np.abs(centred).max() > 1e-12 * np.abs(row).max() else np.zeros_like(row)


def _errors(
    task: _Task, values: Mapping[int, float], reference: int | None, samples: Samples
) -> dict[int, float | None]:
    """Standard errors of the free parameters; numbers and the reference are given."""
    own = task.samples(samples)
    free = [slot for slot in task.formula.free if slot != reference]
    constants = own
    leaves = task.leaves
    if reference is not None:
        shape = own.weights.shape
        one = np.full((1, *shape), values[reference])
        constants = replace(
            own,
            states=np.concatenate([own.states, one]),
            control=np.concatenate([own.control, one]),
        )
        place = {slot: number for number, slot in enumerate(task.formula.free)}
        numbering = {place[slot]: parameter(number) for number, slot in enumerate(free)}
        leaves = with_leaves(leaves, {}, {**numbering, place[reference]: input_(len(own.states))})
    found = standard_errors(leaves, [values[slot] for slot in free], constants)
    return dict(zip(free, found, strict=True))


def _spread(law: Law, samples: Samples) -> float:
    """Standard deviation on the random control, its outermost values left out."""
    value = law(np.moveaxis(samples.control, 0, -1))[samples.weights > 0]
    value = value[np.isfinite(value)]
    if len(value) < 2:
        return 0.0
    low, high = np.quantile(value, _SPREAD)
    return float(np.clip(value, low, high).std())


def _drift(
    law: Law,
    trajectories: Sequence[Trajectory],
    window: int | None,
    period: int | None,
    spread: float,
) -> Drift | None:
    slopes, squares, largest, freedom = [], 0.0, 0.0, 0
    for trajectory in trajectories:
        for piece in trajectory.segments():
            value = law(piece.states)
            if len(piece) < 3 or not np.isfinite(value).all():
                continue
            times = piece.times - piece.times.mean()
            length = piece.times[-1] - piece.times[0]
            if period is not None:
                length = min(length, period * float(np.median(np.diff(piece.times))))
            slopes.append(float(times @ value) / float(times @ times) * length)
            size = len(piece) if window is None else window
            for begin in range(0, max(1, len(piece) - size + 1), size):
                part = value[begin : begin + size]
                squares += float(((part - part.mean()) ** 2).sum())
                largest = max(largest, float(np.abs(part - part.mean()).max()))
                freedom += len(part) - 1
    if not slopes or not spread > 0:
        return None
    slope = math.sqrt(sum(own**2 for own in slopes) / len(slopes))
    return Drift(slope / spread, math.sqrt(squares / max(freedom, 1)) / spread, largest / spread)


def _drift_to_json(own: Drift | None) -> dict[str, float | None] | None:
    if own is None:
        return None
    rows = {"drift": own.slope, "deviation": own.deviation, "largest_deviation": own.largest}
    return {name: value if math.isfinite(value) else None for name, value in rows.items()}
