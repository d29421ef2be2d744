"""Constants inside terms in noise: scanned on some of the samples, then found on all of them.

A block of terms shares a constant (`noether_sym.search.sums.blocks`). Over a grid of its values
what the best combination of the block and some products leaves beside the noise is looked at; where
it dips lowest, the constant is found on all samples, terms that nobody misses are left out, and the
constant is fitted again each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from noether_sym.search.sums.beside import Beside, forms_of
from noether_sym.search.sums.blocks import Family
from noether_sym.search.sums.terms import Term
from noether_sym.search.sums.walk import Combination

_EVERY = 2
"""Step on the grid of a constant: noise makes a dip wide."""

_TRIED = 8
"""Blocks that are looked at on all samples, those that leave least first."""

_PRECISION = 1e-3
"""Of a constant, over the bracket that it was found in; the verdict fits it once more."""

_STEPS = 24
"""Evaluations for a constant at most."""

_WORST = 1e9
"""Variation over noise that stands for that of a constant at which terms have no values."""

_FEWEST = 2
"""Terms of a form that has another left out."""


@dataclass(frozen=True, slots=True, eq=False)
class _Dip:
    """What a block leaves at the best value of its constant on a grid, and a bracket of that."""

    left: float
    block: Family
    bracket: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """A law with a constant inside a term.

    Attributes
    ----------
    form : Combination
    block : tuple of Term
        The whole block, at that constant.
    """

    form: Combination
    block: tuple[Term, ...]


def with_constants(blocks: Sequence[Family], scan: Beside, whole: Beside) -> Iterator[Inside]:
    """Laws with terms of the blocks that leave least.

    Parameters
    ----------
    blocks : sequence of Family
    scan, whole : Beside
        Products on some of the samples, and on all.
    """
    dips = sorted((dip for block in blocks for dip in _dips(block, scan)), key=lambda one: one.left)
    for dip in dips[:_TRIED]:
        yield from _inside(dip, whole)


def _dips(block: Family, scan: Beside) -> Iterator[_Dip]:
    """The best value of the constant on each grid, but for the ends."""
    for values in block.grids:
        grid = values[::_EVERY]
        left = np.array([scan.left(block.terms(constant)) for constant in grid])
        place = int(np.argmin(left))
        if 0 < place < len(grid) - 1 and np.isfinite(left[place]):
            low, high = sorted((float(grid[place - 1]), float(grid[place + 1])))
            yield _Dip(float(left[place]), block, (low, high))


def _inside(dip: _Dip, whole: Beside) -> Iterator[Inside]:
    """The best form with a block, its constant found on all samples; if there is one."""
    terms = dip.block.terms(_least(lambda value: whole.left(dip.block.terms(value)), dip.bracket))
    for one in forms_of(whole.terms(terms)):
        places = [terms.index(own) if own in terms else own for own in one.terms]
        if any(isinstance(own, int) for own in places):
            form = _Form(dip, places, whole)
            if form.complete:
                form = _pruned(form)
                own = form.library
                yield Inside(own.combination(own.whole), form.block)
            return


class _Form:
    """Terms, some of a block (`block`, whole), with the constant that is best for them alone.

    Parameters
    ----------
    dip : _Dip
    terms : sequence of Term or int
        Places in the block of those that are of it.
    whole : Beside
    """

    def __init__(self, dip: _Dip, terms: Sequence[Term | int], whole: Beside) -> None:
        self._dip, self._terms, self._whole = dip, terms, whole
        best = _least(lambda value: whole.left(self._at(value), alone=True), dip.bracket)
        self.block = tuple(dip.block.terms(best))
        self.library = whole.terms(self._at(best), alone=True)

    @property
    def complete(self) -> bool:
        """Whether all terms can be used at that constant."""
        return len(self.library.own.terms) == len(self._terms)

    def _at(self, constant: float) -> list[Term]:
        block = self._dip.block.terms(constant)
        return [block[own] if isinstance(own, int) else own for own in self._terms]

    def shorter(self) -> Iterator[_Form]:
        """The same without one of the terms, the largest first."""
        every = self.library.own.terms
        order = sorted(range(len(every)), key=lambda place: -every[place].size)
        for left_out in order if len(order) > _FEWEST else ():
            kept = [own for place, own in enumerate(self._terms) if place != left_out]
            if any(isinstance(own, int) for own in kept):
                shorter = _Form(self._dip, kept, self._whole)
                if shorter.complete:
                    yield shorter


def _pruned(form: _Form) -> _Form:
    """Without the terms that nobody misses where the constant is fitted again."""
    first = form.library.whole
    shorter: _Form | None = form
    while shorter is not None:
        form = shorter
        fits = (one for one in form.shorter() if one.library.is_noise(one.library.whole, first))
        shorter = next(fits, None)
    return form


def _least(left: Callable[[float], float], bracket: tuple[float, float]) -> float:
    """The constant in a bracket at which least is left."""
    answer = minimize_scalar(
        lambda constant: min(left(constant), _WORST),
        bounds=bracket,
        method="bounded",
        options={"xatol": _PRECISION * (bracket[1] - bracket[0]), "maxiter": _STEPS},
    )
    return float(answer.x)
