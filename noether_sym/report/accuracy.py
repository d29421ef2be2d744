"""The picture of accuracy against size: how formulas of one search compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from noether_sym.laws.law import LAW
from noether_sym.report.style import GREY, new_figure, style
from noether_sym.store.schema import LawEntry, LawsDocument

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEAST = 1e-33
"""Ratios below are drawn here; rounding leaves some 5e-32, the square of a float's."""

_MOST = 100
"""Formulas that were not accepted, the closest, that are drawn."""


def accuracy(laws: LawsDocument) -> Figure | None:
    """Conservation ratio against the number of nodes, of laws and of what came closest.

    None without two formulas to compare. Ratios below what floating point tells from zero are
    drawn at 1e-33.
    """
    groups: tuple[tuple[str, str, bool, Sequence[LawEntry]], ...] = (
        ("law", "#0072B2", True, [own for own in laws.laws if own.verdict == LAW]),
        ("approximate law", "#E69F00", True, [own for own in laws.laws if own.verdict != LAW]),
        ("not accepted", GREY, False, laws.candidates_not_accepted[:_MOST]),
    )
    points = [
        (label, color, filled, [(own.size, own.conservation_ratio) for own in entries])
        for label, color, filled, entries in groups
    ]
    if sum(ratio is not None for *_, some in points for _, ratio in some) < 2:
        return None
    with style():
        figure, (axes,) = new_figure(3.4)
        axes.set_yscale("log")
        for label, color, filled, some in points:
            known = [(size, max(ratio, _LEAST)) for size, ratio in some if ratio is not None]
            if known:
                axes.plot(
                    *zip(*known, strict=True),
                    "o",
                    ms=6,
                    color=color,
                    mfc=color if filled else "none",
                    label=label,
                    zorder=3 if filled else 2,
                )
        axes.set_xlabel("size of the formula (nodes)")
        axes.set_ylabel("conservation ratio")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="best")
    return figure
