"""The columns that runs share, in one unit each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noether_sym.comparison.form import Side
from noether_sym.comparison.runs import FittedRun
from noether_sym.errors import RunError, UnitError
from noether_sym.laws.law import Law
from noether_sym.units.coherent import unit_conversion


@dataclass(frozen=True, slots=True)
class Shared:
    """Columns of the runs that are compared.

    Attributes
    ----------
    names : tuple of str
        Every column that at least two runs have, in the order of the first run that has it.
    units : tuple of str
        Of the first run that has it, as its laws take it.
    low, high : array of shape (column,)
        Least and largest value in any run.
    factors, offsets : array of shape (run, column)
        From the unit here to the run's; not a number where a run lacks the column.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    factors: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def side(self, law: Law, run: int) -> Side:
        """A law of a run as one side of a comparison."""
        places = {name: place for place, name in enumerate(self.names)}
        columns = tuple(places.get(name, -1) for name, _ in law.inputs)
        return Side(law, columns, self.factors[run], self.offsets[run])

    def lacking(self, law: Law, run: int) -> tuple[str, ...]:
        """Columns that a law reads and a run does not have."""
        places = {name: place for place, name in enumerate(self.names)}
        names = [law.inputs[column][0] for column in sorted(law.expression.inputs)]
        return tuple(
            name
            for name in names
            if name not in places or not np.isfinite(self.factors[run, places[name]])
        )


def shared_columns(runs: Sequence[FittedRun]) -> Shared:
    """The columns that at least two runs have, matched by name, their units converted.

    Raises
    ------
    RunError
        If a run has no column in common with any other.
    UnitError
        If a column's units in two runs measure different things.
    """
    owners: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        for column in run.columns:
            owners.setdefault(column.name, []).append(number)
    names = [name for name, own in owners.items() if len(own) > 1]
    for number, run in enumerate(runs):
        if not any(number in owners[name] for name in names):
            others = "; ".join(
                f"{other.name}: {_listed(other)}" for other in runs if other is not run
            )
            raise RunError(
                f"{run.name} has the columns {_listed(run)}, and no other run has one of them "
                f"({others}); columns are matched by name, so name them alike in the files"
            )
    units = []
    factors = np.full((len(runs), len(names)), np.nan)
    offsets = np.zeros_like(factors)
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for place, name in enumerate(names):
        own = [next(c for c in runs[number].columns if c.name == name) for number in owners[name]]
        units.append(own[0].unit)
        for number, column in zip(owners[name], own, strict=True):
            try:
                factor, offset = unit_conversion(own[0].unit, column.unit)
            except UnitError as error:
                raise UnitError(
                    f"column {name} is in {own[0].unit} in {runs[owners[name][0]].name} and in "
                    f"{column.unit} in {runs[number].name}, which cannot be converted into each "
                    "other; compare runs whose columns of one name measure the same"
                ) from error
            factors[number, place], offsets[number, place] = factor, offset
            ends = (-1.0, 1.0) if column.range is None else column.range
            low[place] = min(low[place], *((end - offset) / factor for end in ends))
            high[place] = max(high[place], *((end - offset) / factor for end in ends))
    return Shared(tuple(names), tuple(units), low, high, factors, offsets)


def _listed(run: FittedRun) -> str:
    return ", ".join(column.name for column in run.columns)
