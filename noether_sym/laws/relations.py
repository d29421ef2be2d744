"""Columns that are the rates of change of other columns, and formulas that only relate them.

Where a table has x, its velocity v and its acceleration a, the equation of motion is a relation
between columns: ``x + 0.25*a`` does not change because a is the second derivative of x, whatever
else the motion conserves. Which column is the rate of which the numbers say, never the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from noether_sym.datasets.dataset import Dataset, stack
from noether_sym.laws.law import Law

_SAME = 0.01
"""Mean square of a column less another's dx/dt, over that of dx/dt: a tenth in size."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Which columns are the rate of change of which.

    Attributes
    ----------
    of : dict
        From a column to the column that is its rate.
    names : tuple of str
    """

    of: dict[int, int]
    names: tuple[str, ...]

    def relation(self, law: Law) -> str:
        """Why a law is only a relation of columns, in words; empty where it is none.

        It is one if it reads a column together with its second derivative, or with a higher one.
        """
        read = law.expression.inputs
        for column in sorted(read & self.of.keys()):
            chain = [column]
            while chain[-1] in self.of and self.of[chain[-1]] not in chain:
                chain.append(self.of[chain[-1]])
            last = [place for place, own in enumerate(chain) if place > 1 and own in read]
            if last:
                return self._in_words(chain[: last[-1] + 1])
        return ""

    def _in_words(self, chain: list[int]) -> str:
        names = [self.names[column] for column in chain]
        pairs = [f"{rate} = d({own})/dt" for own, rate in pairwise(names)]
        return (
            f"in the data {' and '.join(pairs)}, so it says how {names[-1]} follows from the other "
            "columns (an equation of motion) and is not a conservation law"
        )


def rates_among(dataset: Dataset) -> Rates:
    """Find the columns that are the rate of change of others.

    A column is the rate of another if their dimensions differ by one time, and it agrees with
    the other's dx/dt to within a tenth (root mean square), that of noise included.
    """
    found: dict[int, int] = {}
    if not (dataset.has_derivatives and dataset.timed and dataset.ordered):
        return Rates(found, dataset.names)
    states, slopes = stack(dataset.train)
    moving = [c for c in dataset.base_columns if c not in dataset.constant_columns]
    for own in moving:
        size = float(np.sum(slopes[:, own] ** 2))
        wanted = dataset.dimensions[own] / dataset.time_unit.dimension
        off = {
            rate: float(np.sum((slopes[:, own] - states[:, rate]) ** 2))
            for rate in moving
            if rate != own and dataset.dimensions[rate] == wanted
        }
        closest = min(off, key=off.__getitem__, default=own)
        if size > 0 and off.get(closest, np.inf) <= _SAME * size:
            found[own] = closest
    return Rates(found, dataset.names)
