"""How long a pixel is, as people write it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WRITTEN = re.compile(
    r"\s*([0-9.]+(?:[eE][+-]?\d+)?)\s*([^\W\d_]+)\s*(?:/|per|=|in)\s*"
    r"([0-9.]+(?:[eE][+-]?\d+)?)?\s*(?:px|pixels?)\s*"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """The length of a pixel.

    Attributes
    ----------
    of_a_pixel : float
    unit : str
        Of lengths: m, cm, mm, in, ft.
    """

    of_a_pixel: float
    unit: str


def read_scale(text: str) -> Scale:
    """A scale as in ``0.5 m/120 px`` or ``4.2 mm/px``.

    Raises
    ------
    ValueError
        If it is no scale, or not of lengths above zero.
    """
    from noether_sym.errors import UnitError
    from noether_sym.units.coherent import coherent_units

    found = _WRITTEN.fullmatch(text)
    try:
        length, pixels = (float(found[1]), float(found[3] or 1)) if found else (0.0, 0.0)
    except ValueError:
        length = pixels = 0.0
    if found is None or length <= 0 or pixels <= 0:
        raise ValueError(f"{text!r} is no scale; write a length over pixels, as in '0.5 m/120 px'")
    try:
        metre, unit = coherent_units(["m", found[2]])
    except UnitError as error:
        raise ValueError(f"{text!r} is no scale: {error}") from None
    if unit.dimension != metre.dimension:
        raise ValueError(f"{text!r} is no scale: {found[2]} measures no length")
    return Scale(length / pixels, found[2])
