"""Colours as people write them, and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMED = {
    "black": (15, 15, 15),
    "grey": (128, 128, 128),
    "white": (245, 245, 245),
    "red": (190, 35, 35),
    "orange": (235, 130, 30),
    "yellow": (230, 220, 50),
    "green": (45, 160, 60),
    "cyan": (60, 200, 210),
    "blue": (40, 70, 190),
    "purple": (120, 40, 150),
    "pink": (240, 150, 190),
    "brown": (120, 75, 40),
}


def colour_name(colour: NDArray[np.floating]) -> str:
    """The plain name nearest to a colour (3,) of red, green, blue from 0 to 255."""
    off = [float(np.linalg.norm(np.asarray(own) - colour)) for own in _NAMED.values()]
    return list(_NAMED)[int(np.argmin(off))]


def read_colour(text: str) -> NDArray[np.float64]:
    """Red, green and blue from 0 to 255, of a name, ``#c03020`` or ``192,48,32``.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    word = text.strip().lower()
    if word in _NAMED:
        return np.array(_NAMED[word], dtype=np.float64)
    parts = word.split(",")
    if len(parts) == 3 and all(part.strip().isdigit() for part in parts):
        numbers = [int(part) for part in parts]
        if max(numbers) <= 255:
            return np.array(numbers, dtype=np.float64)
    from matplotlib.colors import to_rgb

    try:
        return 255.0 * np.array(to_rgb(word))
    except ValueError:
        raise ValueError(
            f"{text!r} is no colour; write a name such as {', '.join(list(_NAMED)[3:6])}, a web "
            "colour such as #c03020, or red, green and blue from 0 to 255, as in 192,48,32"
        ) from None
