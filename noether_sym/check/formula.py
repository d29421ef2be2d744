"""A formula to be checked: its columns, numbers, free parameters and units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.datasets.derive import unit_reader
from noether_sym.dsl.expression import Expression, input_, parameter, with_leaves
from noether_sym.dsl.natural import natural_dimensions
from noether_sym.dsl.parser import Formula, parse
from noether_sym.errors import GrammarError
from noether_sym.laws.law import Law, Parameter
from noether_sym.statistics.samples import Samples
from noether_sym.units.dimension import Dimension

_MOST_LEAVES = 50
"""Most columns and numbers of a formula together: a number is a column of constant value."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenFormula:
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
    def of(cls, text: str, dataset: Dataset) -> GivenFormula:
        """Read a formula for a data set; raises as `noether_sym.check.check`."""
        formula = parse(text, dataset.names, dataset.dimensions, unit_reader(dataset))
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
        dimension, dimensions = natural_dimensions(formula, dataset.dimensions)
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
        own = list(self.columns)
        read = replace(
            samples,
            states=samples.states[own],
            surrogate=samples.surrogate[own],
            velocities=samples.velocities[own],
            still=samples.still[own],
        )
        return with_constants(read, self.values)

    def law(self, free: Mapping[int, float], told: Mapping[int, Parameter] | None = None) -> Law:
        """The formula as written, with values of its free parameters by slot.

        Those that are `told`, with how sure they are, are taken from there.
        """
        names = iter(f"k{number}" for number in count())
        taken = {*self.dataset.names, *(own.name for own in self.formula.constants)}
        fresh = (name for name in names if name not in taken)
        return Law(
            expression=self.formula.expression,
            inputs=self.dataset.inputs,
            parameters=tuple(
                (told or {}).get(slot)
                or Parameter(
                    own.name or next(fresh),
                    own.value if own.value is not None else free.get(slot, math.nan),
                    self.dimensions[slot],
                )
                for slot, own in enumerate(self.formula.constants)
            ),
            dimension=self.dimension,
            conservation_ratio=math.nan,
            random_ratio=math.nan,
        )


def with_constants(samples: Samples, values: Sequence[float]) -> Samples:
    """The samples, and columns of constant value after the others."""
    shape = samples.weights.shape
    constants = np.array([np.full(shape, own) for own in values]).reshape(-1, *shape)
    return replace(
        samples,
        states=np.concatenate([samples.states, constants]),
        surrogate=np.concatenate([samples.surrogate, constants]),
        velocities=np.concatenate([samples.velocities, np.zeros_like(constants)]),
        still=np.append(samples.still, np.ones(len(constants), dtype=bool)),
    )
