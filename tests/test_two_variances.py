"""The paper's own rule of acceptance: two variances, each minimised by itself."""

import numpy as np
import pytest
import torch
from networks import P, Q

from noether_sym.datasets import load
from noether_sym.dsl.expression import call, parameter
from noether_sym.search.program import Batch, Points
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict import two_variances
from noether_sym.verdict.two_variances import accepted_by_two_variances

C = parameter(0)
ENERGY = call("sub", call("square", P), call("mul", C, call("cos", Q)))


@pytest.fixture(scope="module")
def samples():
    return make_samples(load("ideal_pendulum").train, window=None, seed=0)


def accepted(samples, *expressions, factor=100.0):
    count = accepted_by_two_variances(expressions, samples, factor)
    assert count.formulas == len(expressions)
    return count.accepted


def test_the_energy_is_accepted_and_a_coordinate_is_not(samples):
    assert accepted(samples, ENERGY) == 1
    assert accepted(samples, P, call("mul", Q, P), call("mul", C, Q)) == 0
    assert accepted(samples, ENERGY, P) == 1


def test_what_does_not_vary_at_all_is_not_accepted(samples):
    assert accepted(samples, call("sub", Q, Q), call("log", call("sub", Q, Q))) == 0


def test_gradients_are_those_of_autograd(samples):
    points = Points(samples.thinned(60), "cpu")
    members = two_variances._alike([ENERGY])[0]
    batch = Batch(members, points)
    free = torch.tensor([[[2.0], [0.7]]], dtype=torch.float64)
    values, slopes = batch.slopes(free)
    variance, gradient = two_variances._with_gradient(values[0], slopes, batch.weights)
    columns = points.columns.reshape(2, 2, *batch.weights.shape)
    for start in (0, 1):
        c = free[0, start, 0].clone().requires_grad_()
        q, p = columns[:, start]
        value = p.square() - c * q.cos()
        mask = batch.weights
        mean = (value * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True)
        expected = (((value - mean) * mask) ** 2).sum() / (mask.sum() - len(mask))
        expected.backward()
        assert float(variance[0, start]) == pytest.approx(float(expected.detach()))
        assert float(gradient[0, start, 0]) == pytest.approx(float(c.grad))
    np.testing.assert_array_equal(gradient.shape, (1, 2, 1))
