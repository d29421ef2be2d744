"""An orthonormal basis that grows term by term, orthogonalised twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Basis:
    """Columns Q and R of a QR factorisation, in the order in which terms were kept.

    Gram-Schmidt with every projection done twice, which is enough (Giraud, Langou,
    Rozloznik 2005, doi:10.1016/j.camwa.2005.08.009).

    Parameters
    ----------
    rows : int
    capacity : int
        Most columns.
    """

    def __init__(self, rows: int, capacity: int) -> None:
        self._q = np.empty((rows, capacity), order="F")
        self._r = np.zeros((capacity, capacity), order="F")
        self.count = 0

    @property
    def r(self) -> NDArray[np.float64]:
        """The triangular factor, shape (count, count)."""
        return self._r[: self.count, : self.count]

    @property
    def full(self) -> bool:
        """Whether there is no room for another column."""
        return self.count >= self._q.shape[1]

    def project(
        self, block: NDArray[np.float64], start: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates on the columns from `start` on, and what is left.

        Parameters
        ----------
        block : array of shape (row,) or (row, column)
        start : int

        Returns
        -------
        coordinates : array of shape (count - start, ...)
        rest : array of the shape of `block`
        """
        q, rows = self._q[:, start : self.count], block.T
        first = rows @ q
        rest = rows - first @ q.T
        again = rest @ q
        return (first + again).T, (rest - again @ q.T).T

    def rest(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is left of a block, to rounding of the block itself: projected once."""
        q, rows = self._q[:, : self.count], block.T
        return (rows - (rows @ q) @ q.T).T

    def continue_from(self, other: Basis) -> None:
        """Start with the columns of another one, of as many rows and no more columns."""
        self.count = other.count
        self._q[:, : self.count] = other._q[:, : self.count]
        self._r[: self.count, : self.count] = other.r

    def append(self, coordinates: NDArray[np.float64], rest: NDArray[np.float64]) -> None:
        """Add a column from what `project` returned; the rest must not be zero."""
        length = float(np.linalg.norm(rest))
        self._q[:, self.count] = rest / length
        self._r[: self.count, self.count] = coordinates
        self._r[self.count, self.count] = length
        self.count += 1
