"""The known law of a data set, for the controls of the tailoring only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noether_sym.laws.law import Law, Parameter

if TYPE_CHECKING:
    from noether_sym.datasets.dataset import Dataset


def oracle_law(dataset: Dataset) -> Law | None:
    """The known law of a data set, for the tailoring's controls only."""
    if not dataset.oracle:
        return None
    from noether_sym.datasets.systems.known_invariants import oracle

    expression, values = oracle(dataset.oracle)
    dimension, dimensions = expression.parameter_dimensions(dataset.dimensions)
    return Law(
        expression=expression,
        inputs=tuple((column.name, column.unit.symbol) for column in dataset.columns),
        parameters=tuple(
            Parameter(f"c{slot}", value, dimensions[slot]) for slot, value in enumerate(values)
        ),
        dimension=dimension,
        conservation_ratio=0.0,
        random_ratio=1.0,
        status="known",
    )
