"""The hidden layer of an embedding of states: products of inputs, and waves of random direction.

Its weights are drawn once and stay; what is trained is the layer behind it, which a generalised
eigenproblem then gives at once. The waves approximate any smooth function (Rahimi and Recht 2007,
Random features for large-scale kernel machines, NeurIPS 20); the products make low polynomials
exact, so that few trajectories are enough for laws that are sums of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noether_sym.neural.states_inputs import Inputs

_WAVES = (80, 240)
"""Waves of the two widest networks; the narrower ones have none."""
_WAVELENGTH = 6.0
"""Standard deviations of the inputs over which a wave turns by about a radian."""
_MOST_PRODUCTS = 250
"""Products of a group beyond which it is left out: pairs of 21 inputs fit, and triples of 10."""
_FACTORS = 3
"""Inputs in a product; where there are fewer, 1 takes their place."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Hidden units.

    Attributes
    ----------
    products : array of shape (product, 3), of int
        Inputs that are multiplied; one past the last input stands for 1. The inputs by
        themselves come first.
    directions : array of shape (input, wave)
    phases : array of shape (wave,)
    widths : array of shape (width,), of int
        Numbers of units, the first ones, that make a network of their own, in rising order.
    """

    products: NDArray[np.int64]
    directions: NDArray[np.float64]
    phases: NDArray[np.float64]
    widths: NDArray[np.int64]

    @classmethod
    def drawn(cls, inputs: Inputs, seed: int) -> Layer:
        """The units for some inputs; groups of very many products are left out."""
        count, plain = inputs.count, inputs.plain
        one = count
        groups = [[(place, one, one) for place in range(count)]]
        pairs = [(*pair, one) for pair in combinations_with_replacement(range(plain), 2)]
        triples = [
            *combinations_with_replacement(range(plain), 3),
            *((near, far, one) for near in range(plain) for far in range(plain, count)),
        ]
        groups += [group for group in (pairs, triples) if 0 < len(group) <= _MOST_PRODUCTS]
        products = np.array([own for group in groups for own in group], dtype=np.int64)
        generator = np.random.default_rng(seed)
        waves = max(_WAVES)
        directions = generator.standard_normal((count, waves)) / _WAVELENGTH
        phases = generator.uniform(-np.pi, np.pi, waves)
        widths = [
            *np.cumsum([len(group) for group in groups]),
            *(len(products) + n for n in _WAVES),
        ]
        return cls(products, directions, phases, np.array(widths, dtype=np.int64))

    @property
    def units(self) -> int:
        """Number of units."""
        return int(self.widths[-1])

    @property
    def polynomial(self) -> int:
        """Number of units that are inputs or products of them: the first ones."""
        return len(self.products)

    def of_inputs(self, inputs: Sequence[int]) -> NDArray[np.float64]:
        """The products that read no other inputs than these: unit vectors (unit, product)."""
        one = self.directions.shape[0]
        reads = np.isin(self.products, [*inputs, one]).all(1)
        return np.eye(self.units)[:, np.flatnonzero(reads)]

    def linearised(
        self, inputs: NDArray[np.float64], slopes: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Units (sample, unit) and their slopes (sample, column, unit).

        Parameters
        ----------
        inputs : array of shape (sample, input)
        slopes : array of shape (sample, input, column)
        """
        samples = len(inputs)
        padded = np.column_stack([inputs, np.ones(samples)])
        steep = np.concatenate([slopes, np.zeros((samples, 1, slopes.shape[2]))], 1)
        steep = steep.transpose(0, 2, 1)
        taken = [padded[:, self.products[:, place]] for place in range(_FACTORS)]
        polynomial = taken[0] * taken[1] * taken[2]
        rising = sum(
            steep[:, :, self.products[:, place]]
            * (taken[(place + 1) % _FACTORS] * taken[(place + 2) % _FACTORS])[:, None]
            for place in range(_FACTORS)
        )
        turned = inputs @ self.directions + self.phases
        waves = -np.sin(turned)[:, None] * np.matmul(steep[:, :, :-1], self.directions)
        return (
            np.concatenate([polynomial, np.cos(turned)], 1),
            np.concatenate([rising, waves], 2),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fields by name."""
        return {
            "products": self.products,
            "directions": self.directions,
            "phases": self.phases,
            "widths": self.widths,
        }

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray]) -> Layer:
        """What `arrays` gave."""
        return cls(*(arrays[name] for name in ("products", "directions", "phases", "widths")))
