"""The known invariant of a data set as a law, for comparisons. No search reads it."""

from __future__ import annotations

import math

from noether_sym.datasets.dataset import Dataset
from noether_sym.dsl.parser import parse
from noether_sym.laws.law import Law, Parameter

KNOWN = "known"
"""Status of a law that was not found but is known."""


def known_law(dataset: Dataset) -> Law | None:
    """The known invariant of a data set; None where none is known.

    Numbers of its formula become parameters, with the units that their places ask for.
    """
    if not dataset.invariant:
        return None
    formula = parse(dataset.invariant, dataset.names, dataset.dimensions)
    dimension, dimensions = formula.expression.parameter_dimensions(dataset.dimensions)
    return Law(
        expression=formula.expression,
        inputs=dataset.inputs,
        parameters=tuple(
            Parameter(f"c{slot}", math.nan if own.value is None else own.value, dimensions[slot])
            for slot, own in enumerate(formula.constants)
        ),
        dimension=dimension,
        conservation_ratio=0.0,
        random_ratio=1.0,
        status=KNOWN,
    )
