"""Angles that start again after a full turn: at 180 degrees, at 2 pi."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.units.coherent import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = dict[str, NDArray[np.float64]]

_JUMP, _STEP = 0.75, 0.25
"""Shares of a turn: a larger step is a jump, a smaller one motion, between them no one knows."""

_ROUNDING = 1e-3
"""Share of a turn by which rounding may widen the range of an angle modulo a turn."""


def unwrapped(
    parts: Sequence[Numbers], units: Mapping[str, Unit]
) -> tuple[list[Numbers], list[str]]:
    """Columns with angles that wrap made continuous.

    An angle wraps where it never leaves one full turn and jumps by about that much between
    samples, while all other steps are small. Its sines and cosines stay the same; its rate of
    change, and whatever compares neighbouring samples, become those of the motion. Columns
    without a unit are taken for angles only if their jumps are of 2 pi or 360.

    Parameters
    ----------
    parts : sequence of dict of str to array of shape (time,)
        Columns by name, in formula units; one a segment.
    units : mapping of str to Unit

    Returns
    -------
    parts : list of dict
    notes : list of str
        One for each such column, and for each that jumps too irregularly to tell.
    """
    found, notes = [dict(own) for own in parts], []
    for name, unit in units.items():
        if not unit.dimension.is_dimensionless:
            continue
        columns = [own[name] for own in parts]
        for turn in (2 * math.pi,) if unit.is_angle else (2 * math.pi, 360.0):
            jumps, unclear = _jumps(columns, turn)
            if jumps and not unclear:
                for own in found:
                    own[name] = np.unwrap(own[name], period=turn)
                notes.append(_words(name, unit, turn, jumps))
            elif jumps and unit.is_angle:
                notes.append(
                    f"column {name!r} seems to wrap, but {unclear:,} steps are too large to tell "
                    "which way it turned: sample more densely, or unwrap it before"
                )
    return found, notes


def _jumps(columns: Sequence[NDArray[np.float64]], turn: float) -> tuple[int, int]:
    """How often columns jump by about a turn, and how many steps might be either."""
    lowest, highest = min(map(np.min, columns)), max(map(np.max, columns))
    steps = np.abs(np.concatenate([np.diff(one) for one in columns]))
    if highest - lowest > (1 + _ROUNDING) * turn:
        return 0, 0
    jumps = int(np.count_nonzero(steps >= _JUMP * turn))
    return jumps, int(np.count_nonzero(steps > _STEP * turn)) - jumps


def _words(name: str, unit: Unit, turn: float, jumps: int) -> str:
    times = "once" if jumps == 1 else f"{jumps:,} times"
    shown = f"{turn / unit.factor:.6g} {unit.given}" if unit.is_angle else f"{turn:.6g}"
    what = "angle" if unit.is_angle else "column"
    return (
        f"{what} {name!r} jumps {times} by a full turn of {shown}: unwrapped, so that it and its "
        "rate of change are continuous; sines and cosines stay the same"
    )
