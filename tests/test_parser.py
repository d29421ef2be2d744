"""Formulas as people write them: what is read, what is refused, and where."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import COLUMNS, NAMES, expressions, is_tame, laws, states, values

from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.dsl.parser import LONGEST, parse
from noether_sym.errors import GrammarError, NoetherSymError, UnitError
from noether_sym.units.dimension import DIMENSIONLESS, Dimension

POINTS = states()
METRE, SECOND = Dimension.of({"m": 1}), Dimension.of({"s": 1})
NAMED = ["q", "p", "θ"]


def value(formula, points=POINTS, free=()):
    """The formula's value, free parameters by name."""
    given_values = dict(free)
    numbers = [own.value if own.value is not None else given_values[own.name]
               for own in formula.constants]  # fmt: skip
    with np.errstate(all="ignore"):
        own = formula.expression.evaluate(np, list(points.T), [np.float64(n) for n in numbers])
    return np.broadcast_to(own, len(points))


Q, P, T = POINTS.T


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q", Q),
        ("p**2 - 3*cos(q)", P**2 - 3 * np.cos(Q)),
        ("p^2-3*cos(θ)", P**2 - 3 * np.cos(T)),
        ("-p^2", -(P**2)),
        ("-2**2*q", -4 * Q),
        ("(-2)**2*q", 4 * Q),
        ("--q + +p", Q + P),
        ("-(q - p)", P - Q),
        ("q - p - θ", Q - P - T),
        ("q/p/θ", Q / P / T),
        ("q/p*θ", Q / P * T),
        ("q - (p - θ)", Q - (P - T)),
        ("2**-1*q", Q / 2),
        ("2^3^1*q", 8 * Q),
        ("q**-2", Q**-2),
        ("q**(3/2)", Q**1.5),
        ("q**0.5", Q**0.5),
        ("q**5", Q**5),
        ("q**-7", Q**-7.0),
        ("(q + 1)**6", (Q + 1) ** 6),
        ("sqrt(q)*exp(-p) + log(θ)", np.sqrt(Q) * np.exp(-P) + np.log(T)),
        ("tan(q) + abs(p - θ)", np.tan(Q) + np.abs(P - T)),
        ("square(q) + sin(pi*p)", Q**2 + np.sin(np.pi * P)),
        ("1e-3*q + 2.5E+1*p + .5*θ + 3.*q", 3.001 * Q + 25 * P + 0.5 * T),
        ("`q` + 'p' + \"θ\"", Q + P + T),
        (" q\n +\tp ", Q + P),
        ("sqrt(2)*q/(1 + 1)", np.sqrt(2) * Q / 2),
    ],
)
def test_reads(text, expected):
    np.testing.assert_allclose(value(parse(text, NAMED)), expected, rtol=1e-12)


def test_free_parameters_keep_their_names():
    formula = parse("c1*q + 2*cos(c0*p)", NAMED)
    assert [own.name for own in formula.constants] == ["c1", "", "c0"]
    assert formula.free == (0, 2)
    own = value(formula, free={"c0": 3.0, "c1": 5.0})
    np.testing.assert_allclose(own, 5 * Q + 2 * np.cos(3 * P))


@pytest.mark.parametrize(
    "names",
    [
        ["E", "S", "I"], ["lambda", "N", "O"], ["<script>", "class", "x y"], ["c0", "pi", "θ"],
        ["a-b", "2x", "q'"], ["`", "a`b", '"""'], ["cos", "sin", "log"], [".5", "e5", "1"],
        ["", " ", "="], ["x\u00a0y", "q₁", "中"], ["'a'", "a", '"'],
    ],
)  # fmt: skip
def test_any_column_name(names):
    from noether_sym.dsl.expression import call, input_

    first, second, third = (input_(column) for column in range(3))
    expression = call("add", call("mul", first, second), call("cos", third))
    formula = parse(expression.text(names, []), names)
    assert formula.expression == expression
    quoted = " * ".join("`" + name.replace("`", "``") + "`" for name in names)
    np.testing.assert_allclose(value(parse(quoted, names)), Q * P * T)


@pytest.mark.parametrize("grammar", ["paper", "polynomial", "rational", "extended"])
def test_every_enumerated_formula_is_read_back(grammar):
    dimensions = (METRE, METRE / SECOND)
    found = enumerate_laws(resolve_grammar(grammar), dimensions, 6).expressions
    assert len(found) > 8
    points = POINTS[:, :2]
    numbers = [0.7, 1.3, 2.1, 0.4, 1.9]
    for expression in found:
        slots = [f"{number:.17g}" for number in numbers[: expression.parameter_count]]
        formula = parse(expression.text(["x", "v"], slots), ["x", "v"], dimensions)
        with np.errstate(all="ignore"):
            own = expression.evaluate(np, list(points.T), numbers)
        np.testing.assert_allclose(
            value(formula, points), np.broadcast_to(own, len(points)), rtol=1e-9, atol=1e-12
        )
        by_name = [f"c{slot}" for slot in range(expression.parameter_count)]
        free = parse(expression.text(["x", "v"], by_name), ["x", "v"], dimensions)
        assert len(free.free) == expression.parameter_count


@given(expressions(most=9), st.data())
def test_any_formula_is_read_back(expression, data):
    numbers = data.draw(values(expression.parameter_count))
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=COLUMNS, max_size=COLUMNS,
                               unique=True))  # fmt: skip
    assume(is_tame(expression, POINTS, numbers))
    text = expression.text(names, [repr(number) for number in numbers])
    expected = expression.evaluate(np, list(POINTS.T), numbers)
    expected = np.broadcast_to(expected, len(POINTS))
    np.testing.assert_allclose(value(parse(text, names)), expected, rtol=1e-7, atol=1e-9)


@given(laws())
def test_the_text_of_a_law_with_units_is_read_back(law):
    from noether_sym.export.json import law_from_entry, law_to_entry

    assert law_from_entry(law_to_entry(law)) == law
    numbers = [repr(own) for own in law.values]
    names = [name for name, _ in law.inputs]
    assume(is_tame(law.expression, POINTS, law.values))
    np.testing.assert_allclose(
        value(parse(law.expression.text(names, numbers), names)), law(POINTS), rtol=1e-7, atol=1e-9
    )


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("q +", 4, "the formula ends"),
        ("q + )", 5, "is where a number"),
        ("(q + p", 1, r"'\(' is not closed"),
        ("q + p)", 6, "not expected"),
        ("2 q", 3, "an operator is missing before 'q'"),
        ("q p", 3, "an operator is missing before 'p'"),
        ("q + zz", 5, "no column 'zz'; columns: q, p, θ"),
        ("q + `zz`", 5, "no column 'zz'"),
        ("q + `p", 5, "this ` is not closed"),
        ("sinh(q)", 1, "'sinh' is not a function; known: sin, cos"),
        ("q(p)", 2, "an operator is missing before '\\('"),
        ("q**p", 4, "an exponent must be a number"),
        ("q**c0", 4, "an exponent must be a number"),
        ("q**0", 4, "whole or half"),
        ("q**0.3", 4, "whole or half"),
        ("q**99", 4, "up to 12"),
        ("1e999*q", 1, "too large"),
        ("q + 1/0", 6, "no finite value"),
        ("q + log(-1)", 5, "no finite value"),
        ("q*(0-1)**0.5", 8, "no finite value"),
        ("c0*q + c0*p", 8, "used twice"),
        ("(c0*q)**5", 7, "is used twice"),
        ("tan(c0*q)", 1, "is used twice"),
        ("q = p", 3, "not allowed in a formula"),
        ("q; p", 2, "not allowed in a formula"),
        ("q [m]", 3, "follows a number"),
        ("3 [m]*q", 3, "units are not used here"),
        ("3 [m", 3, "'\\[' is not closed"),
        ("__import__('os')", 12, "no column 'os'"),
        ("eval(q)", 1, "'eval' is not a function"),
        ("²", 1, "is where a number"),
        ("+".join(f"c{n}*q" for n in range(9)), 1, "at most 8"),
    ],
)
def test_refuses_and_shows_where(text, place, what):
    with pytest.raises(GrammarError, match=what) as caught:
        parse(text, NAMED)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith(f"at character {place}:")
    assert rest[-1].index("^") == place + 1


@pytest.mark.parametrize(
    ("text", "place"),
    [("x + v", 3), ("2*x + cos(x)", 7), ("sin(x)", 1), ("x**2 - 3 [m]", 6), ("x**(1 [m])", 5)],
)
def test_units_that_do_not_fit_are_shown(text, place):
    def read(name):
        return {"m": (1.0, METRE)}[name]

    with pytest.raises(UnitError) as caught:
        parse(text, ["x", "v"], (METRE, METRE / SECOND), read)
    assert str(caught.value).startswith(f"at character {place}: ")


def test_units_of_numbers_are_converted():
    def read(name):
        return {"cm": (0.01, METRE)}[name]

    formula = parse("x - 3 [cm]", ["x"], (METRE,), read)
    assert formula.constants[0].value == pytest.approx(0.03)
    assert formula.constants[0].dimension == METRE
    assert parse("3*x", ["x"], (METRE,), read).constants[0].dimension is None


HOSTILE = [
    "(" * 100_000,
    "-" * 9_999 + "q",
    "(" * 4_000 + "q" + ")" * 4_000,
    "+".join(["q"] * 4_999),
    "q" + "**2" * 3_000,
    "2" + "**2" * 3_000,
    "tan(" * 35 + "q" + ")" * 35,
    "(" * 30 + "q" + ")**11" * 30,
    "abs(" * 2_000 + "q",
    "q*" * 5_000,
    "1" * 9_999,
    "`" * 9_999,
    "'" * 9_998,
    "3[" * 3_000,
    "9**9**9**9*q",
    "9e307" + "*9e307" * 1_000,
    "\x00" * 100,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_hangs_or_overflows(text):
    begin = time.perf_counter()
    with pytest.raises(GrammarError):
        parse(text, NAMED, (DIMENSIONLESS,) * 3)
    assert time.perf_counter() - begin < 5


def test_powers_of_powers_hold_their_base_once():
    begin = time.perf_counter()
    tower = parse("(" * 30 + "q" + ")**12" * 30, NAMED, (DIMENSIONLESS,) * 3)
    assert time.perf_counter() - begin < 5
    assert tower.expression.size == 61
    assert parse("(c0 + q)**12", NAMED).expression.parameter_count == 1


@settings(max_examples=500)
@given(st.one_of(
    st.text(max_size=60),
    st.text(alphabet="qpθ0123456789.eE+-*/^()[]`'\" cosintaglxprb_", max_size=60),
    st.lists(st.sampled_from(["q", "p", "c0", "c1", "(", ")", "**", "*", "+", "-", "/", "sin(",
                              "2", "0.5", "[m]", "`", "tan(", "abs(", "log("]),
             max_size=25).map("".join),
))  # fmt: skip
def test_any_text_gives_a_formula_or_a_message(text):
    def read():
        return parse(text, NAMED, (DIMENSIONLESS,) * 3, lambda name: (1.0, DIMENSIONLESS))

    try:
        formula = read()
    except NoetherSymError:
        with pytest.raises(NoetherSymError, match=r"\^"):
            read()
    else:
        formula.expression.parameter_dimensions((DIMENSIONLESS,) * 3)


def test_length_has_a_limit():
    with pytest.raises(GrammarError, match="at most 10,000 are read"):
        parse("q" + " " * LONGEST, NAMED)


def test_a_column_that_was_meant_is_named():
    with pytest.raises(GrammarError, match=r"no column 'vv'; did you mean v\? Columns: x, v\."):
        parse("x**2 + vv**2", ["x", "v"])
    with pytest.raises(GrammarError, match=r"no column 'Vy'; did you mean vy\? "):
        parse("Vy", ["y", "vy"])


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("x\u00b2 + 0.25\u00b7v\u00b2", "x**2 + 0.25*v**2"),
        ("x \u2212 v\u00b9\u00b2", "x - v**12"),
        ("x\u207b\u00b2\u00d7v", "x**-2*v"),
        ("sin(x)\u00b3 \u22c5 v", "sin(x)**3*v"),
    ],
)
def test_formulas_are_read_as_they_are_printed(printed, typed):
    names = ["x", "v"]
    assert parse(printed, names).expression == parse(typed, names).expression
    assert parse("x\u00b2 + v", ["x\u00b2", "v"]).expression == parse("x + v", names).expression
