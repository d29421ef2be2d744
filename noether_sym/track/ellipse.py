"""The ellipse through positions, to tell it from a circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse and how well it fits.

    Attributes
    ----------
    major, minor : float
        Half of its axes, in pixels.
    off : float
        Root mean square distance of the positions from it, in pixels.
    """

    major: float
    minor: float
    off: float


def ellipse_of(places: NDArray[np.float64]) -> Ellipse | None:
    """Fit an ellipse directly; none where there is none.

    The least algebraic distance among ellipses (Fitzgibbon, Pilu and Fisher 1999, IEEE PAMI 21,
    476) by the stable way of Halir and Flusser (1998).

    Parameters
    ----------
    places : array of shape (frame, 2)
        Pixels.
    """
    scale = float(places.std()) or 1.0
    x, y = ((places - places.mean(axis=0)) / scale).T
    square = np.column_stack([x * x, x * y, y * y])
    plain = np.column_stack([x, y, np.ones_like(x)])
    try:
        carried = -np.linalg.solve(plain.T @ plain, plain.T @ square)
    except np.linalg.LinAlgError:
        return None
    own = square.T @ square + square.T @ plain @ carried
    # what makes it an ellipse: 4ac - b**2 = 1
    values, vectors = np.linalg.eig(np.stack([own[2] / 2, -own[1], own[0] / 2]))
    kind = 4 * vectors[0] * vectors[2] - vectors[1] ** 2
    if np.iscomplexobj(values) or not (kind > 0).any():
        return None
    a, b, c = first = vectors[:, int(np.argmax(kind))]
    d, e, f = carried @ first
    value = square @ first + plain @ (d, e, f)
    slope = np.hypot(2 * a * x + b * y + d, b * x + 2 * c * y + e)
    matrix = np.array([[a, b / 2], [b / 2, c]])
    centre = np.linalg.solve(2 * matrix, [-d, -e])
    level = -(f + centre @ (d, e) / 2)
    squares = level / np.linalg.eigvalsh(matrix)
    if not (squares > 0).all() or not (slope > 0).all():
        return None
    off = float(np.sqrt(np.mean((value / slope) ** 2)))
    minor, major = np.sort(np.sqrt(squares))
    return Ellipse(scale * float(major), scale * float(minor), scale * off)
