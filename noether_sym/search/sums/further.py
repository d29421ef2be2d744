"""Laws in noise that no library holds, for a constant is inside one of their terms.

As the Hamiltonian of a double pendulum in momenta, over a denominator that they share. Every block
of terms that share a constant is looked at beside products of two quantities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from noether_sym.search.sums.beside import (
    FEWEST_TRAJECTORIES,
    MOST_COLUMNS,
    Beside,
    InNoise,
)
from noether_sym.search.sums.inside import Inside, with_constants
from noether_sym.search.sums.noisy import Found
from noether_sym.search.sums.other_forms import ranked
from noether_sym.search.sums.terms import by_size, monomials
from noether_sym.search.sums.walk import adds

_BASE = 32
"""Most products of two, the smallest, beside which blocks are put."""


def further_laws(found: Sequence[Found], noise: InNoise) -> Iterator[Found]:
    """Laws with a constant inside a term, beside those that were found.

    Parameters
    ----------
    found : sequence of Found
        From `noether_sym.search.sums.noisy.from_noise`, in their own forms.
    noise : InNoise
    """
    if len(noise.data.spread) > MOST_COLUMNS or noise.data.segments < FEWEST_TRAJECTORIES:
        return
    laws = [one.forms[0] for one in found]
    base = by_size(monomials(noise.known.plain, 2, 3))[:_BASE]
    while True:
        whole, scan = noise.beside(base, laws)
        every = with_constants(noise.blocks, scan, whole)
        new = [one for one in every if adds(one.form, [*noise.heads, *laws])]
        if not new:
            return
        law = _best(new, whole)
        laws.append(law.forms[0])
        yield law


def _best(every: Sequence[Inside], whole: Beside) -> Found:
    """The best form, in the library of its own block."""
    first, *rest = every
    law = ranked(Found((first.form,), ()), [one.form for one in rest], whole)
    best = next(one for one in every if one.form is law.forms[0])
    return Found((best.form,), whole.terms(best.block).own.terms)
