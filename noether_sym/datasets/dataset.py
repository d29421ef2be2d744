"""The value that every stage takes: trajectories, columns, units, split."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from noether_sym.datasets.chain import ColumnFormula
from noether_sym.datasets.constancy import constant_columns
from noether_sym.errors import DatasetError
from noether_sym.units.coherent import Unit
from noether_sym.units.dimension import Dimension

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 1e75
"""Size up to which the fourth power of a number is still a number."""

NO_DERIVATIVE = "none"
"""What `Dataset.derivative` says where dx/dt is not known."""

SHOWN = 8
"""Of many names, those that a message lists."""


def first_few(names: Sequence[str]) -> str:
    """The first of some names, with commas between, and how many more there are."""
    shown, more = ", ".join(names[:SHOWN]), len(names) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class Column:
    """A column of states: its name, and its unit as formulas use it."""

    name: str
    unit: Unit

    @property
    def dimension(self) -> Dimension:
        """The column's dimension in the data set's coherent units."""
        return self.unit.dimension


@dataclass(frozen=True, slots=True)
class Point:
    """Columns that are Cartesian components of one vector: a position, a momentum, a field.

    Attributes
    ----------
    name : str
    columns : tuple of int
        Two or three, of one unit.
    """

    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Trajectory:
    """A sequence of states with times.

    Attributes
    ----------
    name : str
    times : array of shape (time,)
        In the data set's time unit, strictly increasing; the numbers of the samples where
        the data set is not `Dataset.timed`.
    states : array of shape (time, column)
        In the columns' formula units.
    derivatives : array of shape (time, column)
        dx/dt, exact or estimated; the data set says which. Zeros that mean nothing where it
        has none.
    noise : array of shape (time, column) or None
        Standard deviation of each number's noise over that of its column's, as the data say;
        None where it is the same for all.
    trial : str
        What it is a piece of, if it was cut; empty where it is whole.
    """

    name: str
    times: NDArray[np.float64]
    states: NDArray[np.float64]
    derivatives: NDArray[np.float64]
    noise: NDArray[np.float64] | None = None
    trial: str = ""

    def __post_init__(self) -> None:
        shape = self.states.shape
        if self.states.ndim != 2 or self.times.shape != shape[:1]:
            raise DatasetError(
                f"trajectory {self.name!r}: {self.times.shape} times for states of shape {shape}"
            )
        if self.derivatives.shape != shape:
            raise DatasetError(
                f"trajectory {self.name!r}: derivatives of shape {self.derivatives.shape} "
                f"for states of shape {shape}"
            )
        if self.noise is not None and self.noise.shape != shape:
            raise DatasetError(
                f"trajectory {self.name!r}: noise of shape {self.noise.shape} for states of shape "
                f"{shape}"
            )
        for array in (self.times, self.states, self.derivatives, self.noise):
            if array is not None and not np.isfinite(array).all():
                raise DatasetError(f"trajectory {self.name!r} holds a number that is not finite")
        if not (np.diff(self.times) > 0).all():
            raise DatasetError(f"trajectory {self.name!r}: times do not increase")

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"Trajectory({self.name!r}: {len(self):,} samples)"

    @property
    def relative_noise(self) -> NDArray[np.float64]:
        """`noise`, ones where it is the same for all: shape (time, column)."""
        return np.ones_like(self.states) if self.noise is None else self.noise

    def part(self, start: int, stop: int) -> Trajectory:
        """The samples from `start` up to `stop`."""
        return self._taken(slice(start, stop))

    def every(self, step: int) -> Trajectory:
        """Every `step`-th sample, from the first one on."""
        return self._taken(slice(None, None, step))

    def at(self, places: NDArray[np.int64]) -> Trajectory:
        """The samples at some places, in order."""
        return self._taken(places)

    def followed_by(self, later: Trajectory) -> Trajectory:
        """The same with the samples of another, later one after its own."""
        differs = self.noise is not None or later.noise is not None
        both = np.concatenate
        return replace(
            self,
            times=both([self.times, later.times]),
            states=both([self.states, later.states]),
            derivatives=both([self.derivatives, later.derivatives]),
            noise=both([self.relative_noise, later.relative_noise]) if differs else None,
        )

    def _taken(self, span: slice | NDArray[np.int64]) -> Trajectory:
        noise = None if self.noise is None else self.noise[span]
        return replace(
            self,
            times=self.times[span],
            states=self.states[span],
            derivatives=self.derivatives[span],
            noise=noise,
        )

    def with_column(
        self, values: NDArray[np.float64], derivatives: NDArray[np.float64]
    ) -> Trajectory:
        """The same with another column, of no noise of its own, after the others.

        Parameters
        ----------
        values, derivatives : arrays of shape (time,)
        """
        noise = self.noise
        return replace(
            self,
            states=np.column_stack([self.states, values]),
            derivatives=np.column_stack([self.derivatives, derivatives]),
            noise=None if noise is None else np.column_stack([noise, np.ones(len(self))]),
        )

    def first_columns(self, count: int) -> Trajectory:
        """The same with the first so many columns only."""
        noise = None if self.noise is None else self.noise[:, :count]
        return replace(
            self,
            states=self.states[:, :count],
            derivatives=self.derivatives[:, :count],
            noise=noise,
        )

    def segments(self, jump: float = 1.5) -> tuple[Trajectory, ...]:
        """Split at gaps in time; see `longest_step`."""
        steps = np.diff(self.times)
        if not len(steps):
            return (self,)
        cuts = np.flatnonzero(steps > longest_step(steps, jump)) + 1
        edges = [0, *cuts.tolist(), len(self)]
        return tuple(self.part(start, stop) for start, stop in itertools.pairwise(edges))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dataset:
    """Trajectories with names and units, split into a training and a test part.

    Attributes
    ----------
    name : str
    columns : tuple of Column
    time_unit : Unit
    train, test : tuple of Trajectory
    derivative : str
        Where dx/dt comes from, in words (``exact``, ``forward difference``); ``none`` where
        it is not known.
    source : str
        Citation or path.
    canonical_pairs : tuple of (int, int)
        Columns (q, p) that are canonical coordinates; needed by the Hamiltonian NN.
    invariant : str
        Formula of a known invariant; empty where none is known. Only the comparisons of the
        tailoring read it, never the search.
    notes : tuple of str
        What was done to the data: conversions, columns set aside, splits.
    parameters : tuple of int
        Columns that were declared to be parameters of the system: constant along each
        trajectory. Derived columns that read nothing else are parameters too.
    derived : tuple of (int, ColumnFormula)
        Columns that are formulas of those before them; they stand after all others.
    time_column : int or None
        The column that is the time, where time takes part.
    vectors : tuple of Point
        Columns that were declared to be components; see `noether_sym.datasets.points`.
    timed : bool
        Whether the times are times; otherwise they number the samples.
    time_name : str
        What the data call the time.
    ordered : bool
        Whether the samples of a trajectory follow each other. Otherwise every sample is a
        point of its own, and only states with dx/dt mean something.
    noise_given : tuple of (int, float)
        Columns whose noise is known, and its standard deviation in their formula units.
    """

    name: str
    columns: tuple[Column, ...]
    time_unit: Unit
    train: tuple[Trajectory, ...]
    test: tuple[Trajectory, ...]
    derivative: str
    source: str = ""
    canonical_pairs: tuple[tuple[int, int], ...] = ()
    invariant: str = ""
    notes: tuple[str, ...] = field(default=())
    parameters: tuple[int, ...] = ()
    derived: tuple[tuple[int, ColumnFormula], ...] = ()
    time_column: int | None = None
    vectors: tuple[Point, ...] = ()
    timed: bool = True
    time_name: str = "t"
    ordered: bool = True
    noise_given: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if not self.columns:
            raise DatasetError(f"data set {self.name!r} has no columns to search")
        if not self.train:
            raise DatasetError(f"data set {self.name!r} has no training trajectory")
        for trajectory in (*self.train, *self.test):
            if trajectory.states.shape[1] != len(self.columns):
                raise DatasetError(
                    f"trajectory {trajectory.name!r} has {trajectory.states.shape[1]} columns, "
                    f"the data set {len(self.columns)}"
                )

    def __repr__(self) -> str:
        names = first_few([f"{own.name} [{own.unit.symbol}]" for own in self.columns])
        samples = sum(map(len, (*self.train, *self.test)))
        return (
            f"Dataset({self.name!r}: {names}; {len(self.train)} + {len(self.test)} "
            f"trajectories, {samples:,} samples)"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Dimensions of the columns."""
        return tuple(column.dimension for column in self.columns)

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Name and unit of each column, as `noether_sym.laws.Law.inputs` holds them."""
        return tuple((column.name, column.unit.symbol) for column in self.columns)

    @property
    def has_derivatives(self) -> bool:
        """Whether dx/dt is known."""
        return self.derivative != NO_DERIVATIVE

    def most_constants(self, columns: int) -> int:
        """Independent functions of so many columns that can be constant at most.

        One less than there are columns for a flow; as many as there are where it is not known
        that the data are one.
        """
        return columns - 1 if self.has_derivatives else columns

    @property
    def base_columns(self) -> tuple[int, ...]:
        """Columns that are not derived."""
        return tuple(range(len(self.columns) - len(self.derived)))

    @property
    def constant_columns(self) -> tuple[int, ...]:
        """Columns that are constant along every trajectory, parameters among them.

        Computed from the data at each call. Of points without order, the parameters.
        """
        if not self.ordered:
            return self.parameters
        return constant_columns([one.states for one in (*self.train, *self.test)])

    def base_gradients(
        self, states: NDArray[np.float64], gradients: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Gradients by the base columns, those by derived columns put in by the chain rule.

        Parameters
        ----------
        states, gradients : arrays of shape (..., column)
            Of all columns: where, and the partial derivatives by each column for itself.

        Returns
        -------
        array of shape (..., base column)
        """
        whole = gradients.copy()
        with np.errstate(all="ignore"):
            for column, formula in reversed(self.derived):
                own = whole[..., column]
                for other, slope in formula.linearised(states)[1].items():
                    whole[..., other] += np.where(own != 0, own * slope, 0.0)
        return whole[..., : len(self.base_columns)]

    def digest(self) -> str:
        """SHA-256 of everything a search can see: names, units, split, roles and numbers."""
        digest = hashlib.sha256()
        for column in self.columns:
            digest.update(f"{column.name}\0{column.unit.symbol}\0{column.dimension}\0".encode())
        digest.update(f"{self.time_unit.symbol}\0{self.derivative}\0".encode())
        roles = (self.parameters, self.derived, self.time_column, self.vectors)
        if roles != ((), (), None, ()) or not (self.timed and self.ordered):
            digest.update(f"{roles!r}\0{self.timed}\0{self.ordered}\0".encode())
        if self.noise_given:
            digest.update(f"{self.noise_given!r}\0".encode())
        for label, part in (("train", self.train), ("test", self.test)):
            for trajectory in part:
                digest.update(f"{label}\0{trajectory.name}\0{len(trajectory)}\0".encode())
                arrays = (trajectory.times, trajectory.states, trajectory.derivatives)
                for array in (*arrays, *([] if trajectory.noise is None else [trajectory.noise])):
                    digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return digest.hexdigest()


def longest_step(steps: NDArray[np.float64], jump: float) -> float:
    """The step in time beyond which there is a gap.

    With regular sampling that is `jump` times the median step; where nine in ten steps
    spread, their spread above the median is added five times.

    Parameters
    ----------
    steps : array of shape (step,)
        Positive, at least one.
    jump : float
    """
    middle = float(np.median(steps))
    spread = max(0.0, float(np.quantile(steps, 0.9, method="lower")) - middle)
    return jump * middle + 5.0 * spread


def stack(trajectories: Sequence[Trajectory]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Join trajectories: states and derivatives, both of shape (sample, column)."""
    states = np.concatenate([trajectory.states for trajectory in trajectories])
    derivatives = np.concatenate([trajectory.derivatives for trajectory in trajectories])
    return states, derivatives
