"""Signs of fitted constants are tidied without a change of value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from strategies import fitted, is_tame, states

from noether_sym.dsl.expression import PARAMETER, call, input_, parameter
from noether_sym.dsl.tidy import tidied

Q, P = input_(0), input_(1)
C0, C1 = parameter(0), parameter(1)
POINTS = states()


def text(expression, numbers):
    return expression.text(["q", "p", "r"], [f"{value:g}" for value in numbers])


@given(fitted())
def test_tidying_keeps_the_value(pair):
    expression, numbers = pair
    assume(is_tame(expression, POINTS, numbers))
    node, flipped = tidied(expression, numbers)
    np.testing.assert_allclose(
        node.evaluate(np, list(POINTS.T), flipped),
        expression.evaluate(np, list(POINTS.T), numbers),
        rtol=1e-13,
    )


@given(fitted())
def test_tidying_is_idempotent_and_keeps_slots(pair):
    expression, numbers = pair
    node, flipped = tidied(expression, numbers)
    assert tidied(node, flipped) == (node, flipped)
    assert [abs(value) for value in flipped] == [abs(value) for value in numbers]
    assert node.size == expression.size
    slots = sorted(one.index for one in node.walk() if one.head == PARAMETER)
    assert slots == list(range(len(numbers)))
    assert sum(value < 0 for value in flipped) <= sum(value < 0 for value in numbers)


@pytest.mark.parametrize(
    ("expression", "numbers", "expected"),
    [
        (call("sub", call("square", P), call("mul", C0, call("cos", Q))), [-3.2],
         "p**2 + 3.2*cos(q)"),
        (call("add", P, call("mul", C0, Q)), [-3.0], "p - 3*q"),
        (call("add", call("mul", C0, Q), P), [-3.0], "p - 3*q"),
        (call("sub", call("mul", C0, Q), P), [-3.0], "-3*q - p"),
        (call("sub", P, call("div", Q, C0)), [-2.0], "p + q/2"),
        (call("mul", C0, call("mul", C1, Q)), [-2.0, -3.0], "2*3*q"),
        (call("mul", call("add", Q, C0), C1), [1.0, -3.0], "(q + 1)*(-3)"),
        (call("mul", call("sub", Q, P), C0), [-3.0], "(p - q)*3"),
        (call("cos", call("mul", C0, Q)), [-3.0], "cos(3*q)"),
        (call("sub", P, call("sin", call("mul", C0, Q))), [-3.0], "p + sin(3*q)"),
        (call("square", call("sub", C0, Q)), [-3.0], "(3 + q)**2"),
        (call("sub", P, call("exp", call("mul", C0, Q))), [-3.0], "p - exp(-3*q)"),
        (call("log", call("add", Q, C0)), [-0.1], "log(q - 0.1)"),
        (call("add", call("add", P, call("mul", C0, Q)), C1), [-3.0, -1.0], "p - 3*q - 1"),
        (C0, [-3.0], "-3"),
    ],
)  # fmt: skip
def test_signs_are_written_as_people_write_them(expression, numbers, expected):
    assert text(*tidied(expression, numbers)) == expected


def test_a_shared_slot_is_left_alone():
    shared = call("sub", call("mul", C0, Q), call("cos", C0))
    assert tidied(shared, [-3.0]) == (shared, (-3.0,))


def test_values_that_are_not_numbers_are_left_alone():
    _, flipped = tidied(call("add", P, call("mul", C0, Q)), [float("nan")])
    assert np.isnan(flipped[0])
