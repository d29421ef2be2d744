"""A law evaluates, differentiates and prints as its formula says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from strategies import laws, states

from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import DatasetError
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.coherent import coherent_units
from noether_sym.units.dimension import DIMENSIONLESS

Q, P = input_(0), input_(1)
C0 = parameter(0)


def make(expression, *values):
    return Law(
        expression=expression,
        inputs=(("q", "rad"), ("p", "dimensionless")),
        parameters=tuple(
            Parameter(f"c{slot}", value, DIMENSIONLESS) for slot, value in enumerate(values)
        ),
        dimension=DIMENSIONLESS,
        conservation_ratio=1e-3,
        random_ratio=0.9,
    )


def test_states_that_are_no_numbers_are_refused_in_words():
    law = make(call("add", Q, P))
    with pytest.raises(DatasetError, match="states must be numbers, or a table"):
        law("a")
    with pytest.raises(DatasetError, match="states must be numbers"):
        law({"q": ["one"], "p": [1.0]})


def test_factors_that_round_to_one_are_printed_with_a_unit_only():
    law = make(call("add", call("mul", C0, Q), call("mul", parameter(1), P)), 1.0000004, 1.00006)
    assert law.text() == "q + 1.0001*p"
    assert law.text(3) == "q + p"
    seconds = Parameter("c0", 1.0, coherent_units(["s"])[0].dimension)
    assert law.with_(parameters=(seconds, law.parameters[1])).text() == "1*q + 1.0001*p"


def test_values_and_gradients_keep_the_shape_of_the_states():
    law = make(call("sub", call("square", P), call("mul", C0, call("cos", Q))), 2.4)
    points = np.random.default_rng(0).normal(size=(3, 5, 2))
    q, p = points[..., 0], points[..., 1]
    np.testing.assert_allclose(law(points), p**2 - 2.4 * np.cos(q))
    np.testing.assert_allclose(law.gradient(points), np.stack([2.4 * np.sin(q), 2 * p], -1))
    assert law.text() == "p**2 - 2.4*cos(q)"


@pytest.mark.parametrize(
    "expression",
    [
        call("add", Q, call("cos", C0)),
        call("mul", call("exp", C0), Q),
        call("mul", C0, P),
        call("cos", C0),
        C0,
        Q,
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_takes_parts_made_of_constants_alone(expression, dtype):
    law = make(expression, 0.7)
    points = np.random.default_rng(1).normal(size=(4, 2))
    tensor = torch.tensor(points, dtype=dtype)
    for own, expected in (
        (law.torch_value(tensor), law(points)),
        (law.torch_gradient(tensor), law.gradient(points)),
    ):
        assert own.dtype == dtype
        np.testing.assert_allclose(own.numpy(), expected, rtol=1e-5)


def test_division_by_a_constant_that_is_zero_is_infinite_and_no_exception():
    law = make(call("add", Q, call("inverse", C0)), 0.0)
    with np.errstate(divide="ignore"):
        assert np.isinf(law(np.ones((2, 2)))).all()


@given(laws())
def test_a_tidied_law_is_the_same_law(law):
    points = states()
    with np.errstate(all="ignore"):
        before, after = law(points), law.tidied()(points)
    np.testing.assert_allclose(after, before, rtol=1e-9)
    assert law.tidied().tidied() == law.tidied()
    assert [own.dimension for own in law.tidied().parameters] == [
        own.dimension for own in law.parameters
    ]
