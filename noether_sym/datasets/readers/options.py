"""How to read own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How to read own data.

    Attributes
    ----------
    units : mapping of str to str
        Unit of a column by its name; stands before the header's.
    unitless : bool
        Take every column as dimensionless, whatever the header says.
    time : str or None
        Name of the time column, when it is neither ``t`` nor ``time``.
    trajectory : str or None
        Name of the column that tells trajectories apart, when it is not ``trajectory``.
    columns : tuple of str
        The columns that are states; empty for all that are left.
    drop_missing : bool
        Leave out rows with a missing number and cut the trajectory there.
    parameters : tuple of str
        Columns that are parameters of the system: constant along each trajectory.
    rates : mapping of str to str
        From a state to the column that holds its dx/dt.
    skip_rows : int
        Lines of a text file, or rows of a sheet, to pass over before anything else.
    comment : str
        Each of these characters begins a comment in a text file; empty for ``#`` and ``%``
        at the beginning of a line.
    particle : str or None
        Name of the column that says which particle a row of a long table is of.
    derivatives : tuple of str
        States whose dx/dt becomes a state too.
    sigma : mapping of str to str
        From a state to the column that holds the standard deviation of its noise.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    unitless: bool = False
    time: str | None = None
    trajectory: str | None = None
    columns: tuple[str, ...] = ()
    drop_missing: bool = False
    parameters: tuple[str, ...] = ()
    rates: Mapping[str, str] = field(default_factory=dict)
    skip_rows: int = 0
    comment: str = ""
    particle: str | None = None
    derivatives: tuple[str, ...] = ()
    sigma: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> frozenset[str]:
        """Columns that were named as something that holds numbers."""
        pairs = (*self.rates, *self.rates.values(), *self.sigma, *self.sigma.values())
        return frozenset((*self.columns, *self.parameters, *self.units, *pairs))

    def spread(self, columns: Mapping[str, Sequence[str]]) -> TableOptions:
        """The same, with what was said of a column that became several said of each of them."""

        def each(name: str) -> Sequence[str]:
            return columns.get(name, (name,))

        def pairs(named: Mapping[str, str]) -> dict[str, str]:
            both = (zip(each(one), each(other), strict=False) for one, other in named.items())
            return dict(pair for own in both for pair in own)

        return replace(
            self,
            units={own: unit for name, unit in self.units.items() for own in each(name)},
            columns=tuple(own for name in self.columns for own in each(name)),
            parameters=tuple(own for name in self.parameters for own in each(name)),
            derivatives=tuple(own for name in self.derivatives for own in each(name)),
            rates=pairs(self.rates),
            sigma=pairs(self.sigma),
        )
