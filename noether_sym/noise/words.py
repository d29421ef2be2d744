"""What the samples show that even, white noise does not make, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noether_sym.noise.model import NoiseReport

_SHOWN = 5
"""Outliers that are named one by one."""

_FINE = 0.01
"""Share of the noise below which the steps of a record say nothing."""

_FAR = 1e4
"""Standard deviations beyond which their number says nothing: there is hardly any noise."""


def remarks(report: NoiseReport, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A heading and a line for each of them.

    Parameters
    ----------
    report : NoiseReport
    names : sequence of str
        Of the columns.
    """
    steps = zip(names, report.resolution.tolist(), report.noise.sigma.tolist(), strict=True)
    for name, step, sigma in steps:
        if step > _FINE * sigma:
            yield "resolution", f"{name} was recorded in steps of {step:.3g}"
    for one in report.outliers[:_SHOWN]:
        yield (
            "outlier",
            f"{names[one.column]} in trajectory {one.trajectory}, sample {one.row + 1}: "
            f"{_how_far(abs(one.sigmas))}{', left out of the search' if one.left_out else ''}",
        )
    if len(report.outliers) > _SHOWN:
        yield "outlier", f"and {len(report.outliers) - _SHOWN} more (inspect --json lists them)"
    for grows in report.growing:
        yield (
            "noise",
            f"that of {names[grows.column]} grows with its size, from {grows.small:.2g} in the "
            f"third of the smallest values to {grows.large:.2g} in that of the largest; its root "
            f"mean square, {grows.sigma:.2g}, is taken for all",
        )
    for own in report.uneven:
        yield (
            "noise",
            f"that of {names[own.column]} differs between trajectories: {own.sigma.min():.2g} to "
            f"{own.sigma.max():.2g} (p = {own.p_value:.1g})",
        )


def _how_far(sigmas: float) -> str:
    return f"{sigmas:.0f} standard deviations off" if sigmas < _FAR else "far off its neighbours"
