"""The picture of Theorem 1: how the bound falls as conserved directions are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from noether_sym.report.style import GREY, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from noether_sym.neural.bound import GeneralisationBound

_MARKED = 40
"""Points of the curve up to which each is marked."""


def bounds(found: Sequence[GeneralisationBound], *, largest_loss: float) -> Figure:
    """The bound and its first term against the number of conserved directions.

    Parameters
    ----------
    found : sequence of GeneralisationBound
        With 0, 1, ... directions conserved.
    largest_loss : float
        Drawn as the line above which a bound says nothing.
    """
    conserved = range(len(found))
    marker = "o" if len(found) <= _MARKED else ""
    totals = [own.total for own in found]
    first = [own.estimation for own in found]
    with style():
        figure, (axes,) = new_figure(3.4)
        axes.plot(conserved, totals, marker=marker, ms=5, color="#0072B2", label="bound")
        axes.plot(conserved, first, ls="--", color="#E69F00", label="its first term")
        if max(totals) > 0.5 * largest_loss:
            axes.axhline(largest_loss, color=GREY, lw=1.0, label="largest loss C")
        axes.set_xlabel("independent directions conserved")
        axes.set_ylabel("generalisation gap, at most")
        axes.set_ylim(bottom=0.0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="best")
    return figure
