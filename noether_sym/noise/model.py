"""What is known of the noise of each column."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Independent, white measurement noise of each column, in the columns' formula units.

    Attributes
    ----------
    sigma : array of shape (column,)
        Standard deviation; 0 where none is seen above `floor`, and for derived columns,
        whose noise comes through their formulas.
    error : array of shape (column,)
        Standard error of `sigma`; 0 where it was given, and where `sigma` is 0.
    floor : array of shape (column,)
        What rounding and the recording's or the integrator's precision leave, never 0: at
        least the rounding of the largest value. Where `sigma` is 0, a bound: whatever noise
        there is lies below it.
    given : tuple of bool
        Of each column, whether `sigma` was given.
    """

    sigma: NDArray[np.float64]
    error: NDArray[np.float64]
    floor: NDArray[np.float64]
    given: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Outlier:
    """A sample that lies far from where its neighbours, without it, go smoothly.

    A motion that is over between two samples looks the same.

    Attributes
    ----------
    trajectory : str
    column : int
    row : int
        Of the sample in its trajectory, from 0.
    time : float
        In the data set's unit.
    sigmas : float
        How far it is off, with its sign, in standard deviations of the noise.
    left_out : bool
        Whether it adds more to the variance along its trajectory than the noise of all its
        samples does: the search and the verdict leave it out.
    """

    trajectory: str
    column: int
    row: int
    time: float
    sigmas: float
    left_out: bool


@dataclass(frozen=True, slots=True, eq=False)
class Uneven:
    """A column whose noise differs between trajectories.

    Attributes
    ----------
    column : int
    p_value : float
        Of one noise for all of them, multiplied for the number of columns (Holm 1979).
    trajectories : tuple of str
        Those that are long enough to tell.
    sigma, error : array of shape (trajectory,)
        Standard deviation of the noise of each, and its standard error.
    """

    column: int
    p_value: float
    trajectories: tuple[str, ...]
    sigma: NDArray[np.float64]
    error: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Growing:
    """A column whose noise grows with the size of its values.

    Attributes
    ----------
    column : int
    order : int
        Of the differences that show it.
    sigma, error : float
        Root mean square of the noise's standard deviation over the samples, and its standard
        error.
    small, large : float
        Standard deviation of the noise of the smallest and the largest third of the values.
    """

    column: int
    order: int
    sigma: float
    error: float
    small: float
    large: float


@dataclass(frozen=True, slots=True, eq=False)
class NoiseReport:
    """The noise, and what the samples show that such noise does not make.

    Attributes
    ----------
    noise : Noise
    outliers : tuple of Outlier
        By trajectory, column and row.
    uneven : tuple of Uneven
        By column.
    growing : tuple of Growing
        By column; their noise in `noise` is the root mean square.
    resolution : array of shape (column,)
        Step of which all values are multiples; 0 where there is none.
    """

    noise: Noise
    outliers: tuple[Outlier, ...]
    uneven: tuple[Uneven, ...]
    growing: tuple[Growing, ...]
    resolution: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        noise = self.noise
        return {
            "sigma": noise.sigma.tolist(),
            "error": noise.error.tolist(),
            "floor": noise.floor.tolist(),
            "given": list(noise.given),
            "resolution": self.resolution.tolist(),
            "outliers": [asdict(one) for one in self.outliers],
            "growing": [asdict(one) for one in self.growing],
            "uneven": [
                {**asdict(one), "sigma": one.sigma.tolist(), "error": one.error.tolist()}
                for one in self.uneven
            ],
        }
