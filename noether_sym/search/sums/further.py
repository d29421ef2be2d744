"""Laws in noise that no library holds, for a constant is inside one of their terms.

As the Hamiltonian of a double pendulum in momenta, over a denominator that they share. Every block
of terms that share a constant is looked at beside products of two quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from noether_sym.search.sums.beside import Beside
from noether_sym.search.sums.blocks import bonds, families
from noether_sym.search.sums.inside import SCANNED, Inside, with_constants
from noether_sym.search.sums.noisy import Found
from noether_sym.search.sums.observations import Observations
from noether_sym.search.sums.other_forms import ranked
from noether_sym.search.sums.terms import Quantities, by_size, monomials
from noether_sym.search.sums.walk import Combination, adds

_BASE = 32
"""Most products of two, the smallest, beside which blocks are put."""

_MOST_COLUMNS = 4
"""Of the data, for which there is time."""

_FEWEST_TRAJECTORIES = 8
"""From which on a constant can be told from what noise makes of it."""


def further_laws(
    found: Sequence[Found],
    data: Observations,
    known: Quantities,
    sigma: NDArray[np.float64],
    heads: Sequence[Combination],
    groups: NDArray[np.int64],
) -> Iterator[Found]:
    """Laws with a constant inside a term, beside those that were found.

    Parameters
    ----------
    found : sequence of Found
        From `noether_sym.search.sums.noisy.from_noise`, in their own forms.
    data, sigma, groups
        As there.
    known : Quantities
        What terms are made of.
    heads : sequence of Combination
        What is constant beside them.
    """
    if len(data.spread) > _MOST_COLUMNS or data.segments < _FEWEST_TRAJECTORIES:
        return
    others = [*heads, *(one.forms[0] for one in found)]
    base = by_size(monomials(known.plain, 2, 3))[:_BASE]
    blocks = [*families(data, known), *bonds(data, known)]
    thinned = data.thinned(SCANNED)
    while True:
        whole = Beside(data, base, sigma, others, groups)
        scan = Beside(thinned, base, sigma, others, None)
        every = with_constants(blocks, scan, whole)
        new = [one for one in every if adds(one.form, others)]
        if not new:
            return
        law = _best(new, whole)
        others.append(law.forms[0])
        yield law


def _best(every: Sequence[Inside], whole: Beside) -> Found:
    """The best form, in the library of its own block."""
    first, *rest = every
    law = ranked(Found((first.form,), first.library), [one.form for one in rest], whole)
    best = next(one for one in every if one.form is law.forms[0])
    return Found((best.form,), best.library)
