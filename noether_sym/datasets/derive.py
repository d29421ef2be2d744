"""Add columns to a data set: formulas of its columns, and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.chain import ColumnFormula
from noether_sym.datasets.dataset import LARGEST, Column, Dataset, Trajectory
from noether_sym.dsl.expression import INPUT, Expression
from noether_sym.dsl.natural import natural_dimensions
from noether_sym.dsl.operators import Operator
from noether_sym.dsl.parser import parse
from noether_sym.errors import DatasetError, GrammarError, UnitError
from noether_sym.spelling import spelt
from noether_sym.units.coherent import Unit, coherent_units, written
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray


def with_time(dataset: Dataset) -> Dataset:
    """The same data with the time as a column, after the others; its derivative is 1.

    Raises
    ------
    DatasetError
        If the data have no time, or a column has its name.
    """
    name = dataset.time_name
    if not dataset.timed:
        raise DatasetError(
            f"{dataset.source or dataset.name} has no time to take as a column; leave out "
            f"{spelt('--with-time')}, or name the time column with "
            f"{spelt('--time')}"
        )
    if name in dataset.names:
        raise DatasetError(
            f"the time and a column are both called {name!r}; rename the column to use "
            f"{spelt('--with-time')}"
        )

    def add(one: Trajectory) -> Trajectory:
        return one.with_column(one.times, np.ones(len(one)))

    return replace(
        dataset,
        columns=(*dataset.columns, Column(name, dataset.time_unit)),
        train=tuple(map(add, dataset.train)),
        test=tuple(map(add, dataset.test)),
        time_column=len(dataset.columns),
        notes=(*dataset.notes, f"the time {name} is a column too"),
    )


def with_derived(dataset: Dataset, formulas: Mapping[str, str]) -> Dataset:
    """The same data with columns that are formulas of others, in order, after all others.

    Parameters
    ----------
    dataset : Dataset
    formulas : mapping of str to str
        Name and formula of each; one may use those before it. Plain numbers have the unit
        that a sum asks for, otherwise none; ``3 [m/s]`` gives one.

    Raises
    ------
    DatasetError
        If a name is taken, or a value is not finite.
    GrammarError
        If it is not a formula of the columns.
    UnitError
        If units do not fit.
    """
    for name, text in formulas.items():
        dataset = _with_one(dataset, name, text)
    return dataset


def without_derived(dataset: Dataset) -> Dataset:
    """The same data without the columns that are formulas of others."""
    base = len(dataset.base_columns)

    if not dataset.derived:
        return dataset
    return replace(
        dataset,
        columns=dataset.columns[:base],
        train=tuple(one.first_columns(base) for one in dataset.train),
        test=tuple(one.first_columns(base) for one in dataset.test),
        derived=(),
        parameters=tuple(place for place in dataset.parameters if place < base),
        vectors=tuple(own for own in dataset.vectors if max(own.columns) < base),
    )


def unit_reader(dataset: Dataset) -> Callable[[str], tuple[float, Dimension]]:
    """Reads the name of a unit as its factor and dimension in a data set's units."""
    own = [*(column.unit.given for column in dataset.columns), dataset.time_unit.given]

    def read(name: str) -> tuple[float, Dimension]:
        unit = coherent_units(own, [name])[-1]
        if unit.offset:
            raise UnitError(f"{name!r} does not start at zero; give the number in K")
        return unit.factor, unit.dimension

    return read


def _with_one(dataset: Dataset, name: str, text: str) -> Dataset:
    if not name.strip():
        raise DatasetError(f"a derived column has no name; write NAME = {text.strip()}")
    if name in dataset.names:
        raise DatasetError(
            f"derived column {name!r}: there is already a column of that name; columns: "
            f"{', '.join(dataset.names)}"
        )
    try:
        own, unit = _read(dataset, text)
    except (GrammarError, UnitError) as error:
        raise type(error)(f"derived column {name!r}: {error}") from error

    def add(one: Trajectory) -> Trajectory:
        values, rates = own(one.states), own.rate(one.states, one.derivatives)
        _check_finite(dataset, name, own, one, values, rates)
        return one.with_column(values, rates)

    place = len(dataset.columns)
    is_parameter = own.expression.inputs <= set(dataset.parameters)
    return replace(
        dataset,
        columns=(*dataset.columns, Column(name, unit)),
        train=tuple(map(add, dataset.train)),
        test=tuple(map(add, dataset.test)),
        derived=(*dataset.derived, (place, own)),
        parameters=(*dataset.parameters, *([place] if is_parameter else [])),
        notes=(*dataset.notes, f"derived column {name} = {own.text} [{unit.symbol}]"),
    )


def _read(dataset: Dataset, text: str) -> tuple[ColumnFormula, Unit]:
    formula = parse(text, dataset.names, dataset.dimensions, unit_reader(dataset))
    columns = formula.expression.inputs
    if not columns:
        raise GrammarError(f"{text.strip()!r} reads no column; columns: {', '.join(dataset.names)}")
    if formula.free:
        free = formula.constants[formula.free[0]].name
        raise GrammarError(f"{free} has no value; a derived column has numbers only, no parameters")
    dimension, dimensions = natural_dimensions(formula, dataset.dimensions)
    values = tuple(own.value for own in formula.constants if own.value is not None)
    own = ColumnFormula(text.strip(), formula.expression, values, dimensions)
    units = [*(column.unit for column in dataset.columns), dataset.time_unit]
    is_angle = _is_angle(dataset, own.expression)
    symbol = "rad" if is_angle else str(written(dimension, units))
    return own, Unit(symbol, symbol, dimension)


def _is_angle(dataset: Dataset, expression: Expression) -> bool:
    """Whether a formula adds angles and scales them by numbers, and does nothing else."""

    def leaf(node: Expression) -> bool | None:
        return dataset.columns[node.index].unit.is_angle if node.head == INPUT else None

    def operation(operator: Operator, first: bool | None, last: bool | None = None) -> bool | None:
        if operator.is_sum:
            return first is not False and last is not False
        scales = operator.is_product and (last is None or (first is None and operator.commutative))
        return bool(first or last) if scales else False

    return expression.fold(leaf, operation) is True


def _check_finite(
    dataset: Dataset,
    name: str,
    own: ColumnFormula,
    one: Trajectory,
    values: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> None:
    for what, array in (("value", values), ("rate of change", rates)):
        with np.errstate(invalid="ignore"):
            bad = np.flatnonzero(~(np.abs(array) <= LARGEST))
        if not len(bad):
            continue
        row = int(bad[0])
        there = ", ".join(
            f"{dataset.names[column]} = {one.states[row, column]:g}"
            for column in sorted(own.expression.inputs)
        )
        when = f" ({dataset.time_name} = {one.times[row]:g})" if dataset.timed else ""
        raise DatasetError(
            f"derived column {name!r} = {own.text} has no finite {what} in trajectory "
            f"{one.name!r}, sample {row + 1}{when}, where {there}; {len(bad):,} such "
            f"sample{'s' * (len(bad) > 1)} in it. Leave them out of the data, or change the formula"
        )
