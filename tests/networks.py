"""Small networks and quantities for the tests of tailoring."""

import math

import numpy as np
import torch

from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.laws.law import Law, Parameter
from noether_sym.tailor.inner_step import Quantities
from noether_sym.tailor.network import Weights
from noether_sym.units.dimension import DIMENSIONLESS

Q, P = input_(0), input_(1)


def law_of(expression, *values, status="accepted"):
    return Law(
        expression=expression,
        inputs=(("q", "rad"), ("p", "kg*m**2/s")),
        parameters=tuple(
            Parameter(f"c{slot}", value, DIMENSIONLESS) for slot, value in enumerate(values)
        ),
        dimension=DIMENSIONLESS,
        conservation_ratio=0.0,
        random_ratio=1.0,
        status=status,
    )


ENERGY = call("sub", call("square", P), call("mul", parameter(0), call("cos", Q)))
PENDULUM = law_of(ENERGY, 3.0)
PRODUCT = law_of(call("mul", Q, P), status="not conserved")


def small_weights(trials=1, columns=2, outputs=2, hidden=7, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64) / math.sqrt(shape[-1])

    return Weights(
        normal(trials, hidden, columns),
        normal(trials, hidden),
        normal(trials, hidden, hidden),
        normal(trials, hidden),
        normal(trials, outputs, hidden),
    )


def quantities_of(laws, norms=None, step=0.1):
    ones = torch.ones(2, dtype=torch.float64)
    norms = torch.ones(len(laws), dtype=torch.float64) if norms is None else norms
    return Quantities(tuple(laws), norms, ones, ones, step)


class Pieces:
    """A cache of finished pieces that a test can look into."""

    def __init__(self):
        self.held = {}

    def read(self, key):
        return self.held.get(key)

    def write(self, key, arrays):
        self.held[key] = {name: np.array(own) for name, own in arrays.items()}
