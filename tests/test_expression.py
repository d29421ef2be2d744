"""Formulas: printing, derivatives, units, and one value in every array library."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch
from hypothesis import assume, given
from strategies import COLUMNS, DIMENSIONS, expressions, fitted, is_tame, states, typed_expressions

from noether_sym.dsl.expression import (
    INPUT,
    PARAMETER,
    call,
    input_,
    parameter,
    result_dimension,
)
from noether_sym.dsl.operators import BY_CODE, OPERATORS
from noether_sym.errors import GrammarError, UnitError
from noether_sym.units.dimension import Dimension

Q, P, R = (input_(column) for column in range(3))
C0, C1, C2 = (parameter(slot) for slot in range(3))
NAMES = ["q", "p", "r"]
FUNCTIONS = {name: getattr(np, name) for name in ("sin", "cos", "sqrt", "log", "exp")}
POINTS = states()
LENGTH, SPEED = DIMENSIONS[1], DIMENSIONS[2]


def written(expression, numbers):
    """The value of the printed formula, by Python's own reading of it."""
    text = expression.text(NAMES, [repr(value) for value in numbers])
    columns = dict(zip(NAMES, POINTS.T, strict=True))
    return eval(text, {"__builtins__": {}}, {**FUNCTIONS, **columns})


def evaluated(expression, numbers, points=POINTS):
    value = expression.evaluate(np, list(points.T), numbers)
    return np.broadcast_to(value, len(points))


@given(fitted())
def test_text_means_the_formula(pair):
    expression, numbers = pair
    assume(is_tame(expression, POINTS, numbers))
    np.testing.assert_allclose(
        np.broadcast_to(written(expression, numbers), len(POINTS)),
        evaluated(expression, numbers),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (call("sub", call("square", P), call("mul", C0, call("cos", Q))), "p**2 - 2.5*cos(q)"),
        (call("square", call("add", Q, P)), "(q + p)**2"),
        (call("square", call("square", Q)), "q**4"),
        (call("sub", Q, call("sub", P, R)), "q - (p - r)"),
        (call("sub", Q, call("add", P, R)), "q - (p + r)"),
        (call("div", Q, call("mul", P, R)), "q/(p*r)"),
        (call("mul", Q, call("div", P, R)), "q*p/r"),
        (call("div", Q, call("inverse", P)), "q/(1/p)"),
        (call("inverse", call("square", Q)), "1/q**2"),
        (call("square", call("inverse", Q)), "(1/q)**2"),
        (call("sqrt", call("add", Q, P)), "sqrt(q + p)"),
        (call("cube", call("sin", Q)), "sin(q)**3"),
    ],
)
def test_text_has_the_parentheses_it_needs(expression, text):
    assert expression.text(NAMES, ["2.5"]) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (call("sub", call("mul", C0, Q), P), "-2*q - p"),
        (call("sub", P, call("mul", C0, Q)), "p - (-2*q)"),
        (call("mul", Q, C0), "q*(-2)"),
        (call("square", C0), "(-2)**2"),
        (call("cos", C0), "cos(-2)"),
        (call("inverse", C0), "1/(-2)"),
        (call("div", C0, Q), "-2/q"),
        (C0, "-2"),
    ],
)
def test_text_of_negative_constants(expression, text):
    assert expression.text(NAMES, ["-2"]) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (call("sub", call("mul", C0, Q), P), "q - p"),
        (call("sub", Q, call("mul", C0, call("add", Q, P))), "q - (q + p)"),
        (call("square", call("mul", Q, C0)), "q**2"),
        (call("mul", C0, call("square", call("square", Q))), "q**4"),
        (call("div", call("mul", C0, Q), P), "q/p"),
        (call("mul", C0, call("cos", call("mul", C0, Q))), "cos(q)"),
        (call("div", C0, Q), "1/q"),
        (call("add", Q, C0), "q + 1"),
        (call("mul", C0, C0), "1"),
        (C0, "1"),
    ],
)
def test_text_leaves_factors_of_one_out(expression, text):
    assert expression.text(NAMES, ["1"], ones=[0]) == text


def test_text_keeps_other_numbers():
    product = call("add", call("mul", C0, Q), call("mul", C1, P))
    assert product.text(NAMES, ["1", "1"], ones=[1]) == "1*q + p"
    assert product.text(NAMES, ["1", "1"]) == "1*q + 1*p"
    assert call("mul", Q, P).text(["1", "p"], []) == "`1`*p"


def test_names_that_would_read_as_formulas_are_quoted():
    product = call("mul", call("square", Q), P)
    assert product.text(["x y", "a-b"], []) == "`x y`**2*`a-b`"
    assert product.text(["θ", "<script>"], []) == "θ**2*<script>"
    assert product.text(["2x", "lambda"], []) == "`2x`**2*lambda"


@given(fitted())
def test_torch_and_sympy_agree_with_numpy(pair):
    expression, numbers = pair
    assume(is_tame(expression, POINTS, numbers))
    expected = evaluated(expression, numbers)
    tensors = [torch.tensor(column) for column in POINTS.T]
    constants = [torch.tensor(value, dtype=torch.float64) for value in numbers]
    by_torch = expression.evaluate(torch, tensors, constants)
    np.testing.assert_allclose(
        torch.broadcast_to(by_torch, (len(POINTS),)).numpy(), expected, rtol=1e-9, atol=1e-9
    )
    symbols = [sympy.Symbol(name, real=True) for name in NAMES]
    formula = expression.sympy(symbols, [sympy.Float(value) for value in numbers])
    by_sympy = sympy.lambdify(symbols, formula, "numpy")(*POINTS.T)
    np.testing.assert_allclose(
        np.broadcast_to(by_sympy, len(POINTS)), expected, rtol=1e-8, atol=1e-8
    )


@given(fitted())
def test_gradient_is_that_of_autograd_and_of_finite_differences(pair):
    expression, numbers = pair
    assume(is_tame(expression, POINTS, numbers))
    value, slopes = expression.gradient(np, list(POINTS.T), numbers)
    np.testing.assert_array_equal(
        np.broadcast_to(value, len(POINTS)), evaluated(expression, numbers)
    )
    columns = [torch.tensor(column, requires_grad=True) for column in POINTS.T]
    constants = [torch.tensor(number, dtype=torch.float64) for number in numbers]
    total = expression.evaluate(torch, columns, constants)
    if not expression.inputs:
        assert slopes == [0.0] * COLUMNS
        return
    derived = torch.autograd.grad(total.sum(), columns, allow_unused=True)
    for column, slope in enumerate(slopes):
        slope = np.broadcast_to(slope, len(POINTS))
        exact = derived[column]
        expected = np.zeros(len(POINTS)) if exact is None else exact.numpy()
        np.testing.assert_allclose(slope, expected, rtol=1e-8, atol=1e-8)
        _assert_near_differences(expression, numbers, column, slope)


def _assert_near_differences(expression, numbers, column, slope):
    """Central differences at two steps; where they disagree the formula is too steep."""
    estimates = []
    for step in (1e-4, 2e-4):
        shift = step * np.eye(COLUMNS)[column]
        with np.errstate(all="ignore"):
            above = evaluated(expression, numbers, POINTS + shift)
            below = evaluated(expression, numbers, POINTS - shift)
        estimates.append((above - below) / (2 * step))
    near, far = estimates
    doubt = np.abs(near - far)
    sure = np.isfinite(doubt) & (doubt < 1e-3 * (1 + np.abs(near)))
    assert np.all(np.abs(slope - near)[sure] <= 1e-6 * (1 + np.abs(near[sure])) + doubt[sure])


@given(fitted())
def test_linearise_by_parameter_is_that_of_autograd(pair):
    expression, numbers = pair
    assume(is_tame(expression, POINTS, numbers) and numbers)
    _, slopes = expression.linearise(np, list(POINTS.T), numbers, PARAMETER)
    constants = [
        torch.tensor(number, dtype=torch.float64).expand(len(POINTS)).clone().requires_grad_()
        for number in numbers
    ]
    total = expression.evaluate(torch, [torch.tensor(column) for column in POINTS.T], constants)
    derived = torch.autograd.grad(total.sum(), constants)
    for slot, exact in enumerate(derived):
        slope = np.broadcast_to(slopes[slot], len(POINTS))
        np.testing.assert_allclose(slope, exact.numpy(), rtol=1e-8, atol=1e-8)


@given(typed_expressions())
def test_inferred_units_are_sound(pair):
    expression, dimensions = pair
    whole, own = expression.parameter_dimensions(dimensions)
    assert len(own) == expression.parameter_count
    derived = expression.fold(
        lambda node: (dimensions if node.head == INPUT else own)[node.index], result_dimension
    )
    assert derived == whole


@pytest.mark.parametrize(
    "expression",
    [
        call("mul", call("mul", C0, C1), Q),
        call("div", call("div", C0, C1), call("mul", C2, Q)),
        call("add", call("mul", C0, Q), call("div", P, C1)),
        call("sqrt", call("mul", call("square", C0), call("add", Q, C1))),
        call("cos", call("mul", call("mul", C0, C1), call("sqrt", Q))),
    ],
)
def test_degrees_of_freedom_of_units_are_settled(expression):
    dimensions = (LENGTH, SPEED)
    whole, own = expression.parameter_dimensions(dimensions)
    derived = expression.fold(
        lambda node: (dimensions if node.head == INPUT else own)[node.index], result_dimension
    )
    assert derived == whole


def test_units_of_the_pendulum():
    momentum = Dimension.of({"kg": 1, "m": 2, "s": -1})
    energy = call("sub", call("square", P), call("mul", C0, call("cos", Q)))
    whole, own = energy.parameter_dimensions([Dimension(), momentum])
    assert whole == momentum**2
    assert own == (momentum**2,)


def test_a_root_asks_for_a_square():
    root = call("add", call("sqrt", C0), Q)
    assert root.parameter_dimensions([LENGTH]) == (LENGTH, (LENGTH**2,))
    square = call("add", call("square", C0), Q)
    assert square.parameter_dimensions([LENGTH])[1] == (LENGTH ** Fraction(1, 2),)


@pytest.mark.parametrize(
    "expression",
    [
        call("add", Q, P),
        call("sub", call("square", Q), Q),
        call("sin", Q),
        call("log", call("div", Q, P)),
        call("exp", call("add", call("mul", C0, Q), P)),
    ],
)
def test_units_that_do_not_fit_are_refused(expression):
    with pytest.raises(UnitError, match=r"of m|of m\*\*2|dimensionless"):
        expression.parameter_dimensions([LENGTH, SPEED])


def test_units_need_one_place_a_slot():
    with pytest.raises(GrammarError, match=r"slots \[0, 0\] .*renumbered"):
        call("add", call("mul", C0, Q), call("mul", C0, P)).parameter_dimensions([LENGTH, SPEED])
    with pytest.raises(GrammarError, match="renumbered"):
        call("mul", C1, Q).parameter_dimensions([LENGTH])


@given(expressions())
def test_renumbered_slots_are_in_reading_order(expression):
    slots = [node.index for node in expression.walk() if node.head == PARAMETER]
    assert slots == list(range(expression.parameter_count))
    assert expression.renumbered() == expression


def test_unknown_operations_and_wrong_arity_are_refused():
    with pytest.raises(GrammarError, match="unknown operation 'tan'; known: add"):
        call("tan", Q)
    with pytest.raises(GrammarError, match="sub takes 2 arguments, not 1"):
        call("sub", Q)


def test_codes_number_the_operations():
    assert [record.code for record in BY_CODE] == list(range(len(BY_CODE)))
    assert {record.name for record in BY_CODE} == set(OPERATORS)
