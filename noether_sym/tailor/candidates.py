"""What the tailoring is given to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from noether_sym.laws.law import Law


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What is tried.

    Attributes
    ----------
    laws : tuple of Law
        Accepted or not.
    oracle : Law or None
        The known law.
    left_out : mapping of int to str
        Rows that are not tried, and why.
    """

    laws: tuple[Law, ...]
    oracle: Law | None
    left_out: Mapping[int, str]

    @property
    def every(self) -> tuple[Law, ...]:
        """All laws by row, the known one last."""
        return (*self.laws, *([] if self.oracle is None else [self.oracle]))

    @property
    def tried(self) -> list[int]:
        """Rows of what is tried."""
        return [row for row in range(len(self.laws)) if row not in self.left_out]

    @property
    def oracle_row(self) -> int | None:
        """Row of the known law."""
        return None if self.oracle is None else len(self.laws)
