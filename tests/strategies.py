"""Hypothesis strategies: random formulas, their values, and names that users give columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from noether_sym.dsl.expression import PARAMETER, Expression, call, input_, parameter
from noether_sym.dsl.operators import OPERATORS
from noether_sym.errors import UnitError
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.dimension import Dimension

# the same examples every time, however slow the machine
settings.register_profile("repeatable", settings(), deadline=None, derandomize=True)
settings.load_profile("repeatable")

COLUMNS = 3
NAMES = (
    "q", "p", "x1", "v_x", "theta", "θ", "E", "S", "I", "N", "O", "Q", "C", "pi", "lambda",
    "beta1", "c0", "states", "np", "numpy", "torch", "law_1", "self", "class", "<script>", "x y",
    "a$b%", "a-b", "2x", "q'", "ẋ", "q₁", "中", "_", "%", "\\frac{", "#&~^", '"""', "é", "print",
)  # fmt: skip
"""Column names that are awkward in one format or another."""

DIMENSIONS = (
    Dimension(),
    Dimension.of({"m": 1}),
    Dimension.of({"m": 1, "s": -1}),
    Dimension.of({"kg": 1, "m": 2, "s": -1}),
)


@st.composite
def expressions(
    draw: st.DrawFn,
    columns: int = COLUMNS,
    operations: Sequence[str] = tuple(OPERATORS),
    most: int = 6,
) -> Expression:
    """Any well-formed formula, units aside, of up to `most` operations."""
    parts = [input_(column) for column in range(columns)]
    for _ in range(draw(st.integers(0, most))):
        operator = OPERATORS[draw(st.sampled_from(operations))]
        arguments = [draw(_part(parts)) for _ in range(operator.arity)]
        parts.append(call(operator.name, *arguments))
    return parts[-1].renumbered()


def _part(parts: list[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(st.just(parameter(0)), st.sampled_from(parts[-3:]), st.sampled_from(parts))


@st.composite
def typed_expressions(
    draw: st.DrawFn, columns: int = COLUMNS, most: int = 6
) -> tuple[Expression, tuple[Dimension, ...]]:
    """A formula whose units fit, and the dimensions of its columns."""
    dimensions = tuple(draw(st.sampled_from(DIMENSIONS)) for _ in range(columns))
    parts = [input_(column) for column in range(columns)]
    for _ in range(draw(st.integers(0, most))):
        operator = OPERATORS[draw(st.sampled_from(list(OPERATORS)))]
        arguments = [draw(_part(parts)) for _ in range(operator.arity)]
        candidate = call(operator.name, *arguments).renumbered()
        try:
            candidate.parameter_dimensions(dimensions)
        except UnitError:  # a free factor makes anything fit
            arguments[0] = call("mul", parameter(0), arguments[0])
            candidate = call(operator.name, *arguments).renumbered()
        parts.append(candidate)
    return parts[-1].renumbered(), dimensions


@st.composite
def fitted(draw: st.DrawFn, **options: object) -> tuple[Expression, tuple[float, ...]]:
    """A formula with values, of either sign, for its parameters."""
    expression = draw(expressions(**options))
    return expression, draw(values(expression.parameter_count))


def values(count: int) -> st.SearchStrategy[tuple[float, ...]]:
    """Parameter values of either sign and moderate size."""
    size = st.floats(0.3, 3.0).map(lambda value: float(f"{value:.3g}"))
    signed = st.builds(lambda value, sign: value * sign, size, st.sampled_from([1.0, -1.0]))
    return st.tuples(*[signed] * count)


@st.composite
def laws(draw: st.DrawFn) -> Law:
    """A law with awkward column names and units that fit."""
    expression, dimensions = draw(typed_expressions())
    names = draw(st.lists(st.sampled_from(NAMES), min_size=3, max_size=3, unique=True))
    dimension, own = expression.parameter_dimensions(dimensions)
    numbers = draw(values(expression.parameter_count))
    return Law(
        expression=expression,
        inputs=tuple((name, str(one)) for name, one in zip(names, dimensions, strict=True)),
        parameters=tuple(
            Parameter(f"c{slot}", number, unit, draw(st.sampled_from([None, 0.01])))
            for slot, (number, unit) in enumerate(zip(numbers, own, strict=True))
        ),
        dimension=dimension,
        conservation_ratio=1e-4,
        random_ratio=0.9,
    )


def states(columns: int = COLUMNS, samples: int = 4, seed: int = 0) -> np.ndarray:
    """Positive states of moderate size, shape (sample, column)."""
    return np.random.default_rng(seed).uniform(0.4, 1.9, (samples, columns))


def is_tame(expression: Expression, points: np.ndarray, numbers: Sequence[float]) -> bool:
    """Whether every part of the formula is finite and of moderate size at the points.

    Elsewhere two correct ways to compute it may differ through rounding alone.
    """
    tame = True

    def leaf(node: Expression) -> object:
        is_number = node.head == PARAMETER
        return np.float64(numbers[node.index]) if is_number else points[:, node.index]

    def operation(operator: object, *arguments: object) -> object:
        nonlocal tame
        value = operator.apply(np, *arguments)  # type: ignore[attr-defined]
        size = np.abs(value)
        tame = tame and bool(np.all(np.isfinite(size)) and np.all(size < 1e3))
        tame = tame and bool(np.all(size > 1e-3))
        return value

    with np.errstate(all="ignore"):
        expression.fold(leaf, operation)
    return tame
