"""A formula of one's own by given equations: proven, refuted with a point, or left open."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import expressions

from noether_sym.check import check_equations, read_equations
from noether_sym.cli import main
from noether_sym.dsl.parser import parse
from noether_sym.errors import GrammarError

PENDULUM = "theta' = omega\nomega' = -g/l*sin(theta)"
SPRING = "x' = v\nv' = -x"
KEPLER = "r = sqrt(x**2 + y**2)\nx' = vx\ny' = vy\nvx' = -x/r**3\nvy' = -y/r**3"
DOUBLE = """
c = cos(th1 - th2)
D = 2 - c**2
K = (p1**2 + 2*p2**2 - 2*p1*p2*c)/(2*D)
T = (p1*p2 - 2*K*c)*sin(th1 - th2)/D
th1' = (p1 - p2*c)/D
th2' = (2*p2 - p1*c)/D
p1' = -T - 2*9.8*sin(th1)
p2' = T - 9.8*sin(th2)
"""
TODA = """
q1' = p1
q2' = p2
q3' = p3
p1' = exp(q3 - q1) - exp(q1 - q2)
p2' = exp(q1 - q2) - exp(q2 - q3)
p3' = exp(q2 - q3) - exp(q3 - q1)
"""


@pytest.mark.parametrize(
    ("law", "equations"),
    [
        ("omega**2/2 - g/l*cos(theta)", PENDULUM),
        ("x**2 + v**2", SPRING),
        ("x**2/3 + v**2/3", SPRING),
        ("log(x**2 + v**2)*sqrt(x**2 + v**2)", SPRING),
        ("vx**2 + vy**2 - 2/r", KEPLER),
        ("vy*(x*vy - y*vx) - x/sqrt(x**2 + y**2)", KEPLER),
        ("K - 19.6*cos(th1) - 9.8*cos(th2)", DOUBLE),
        ("p1*p2*p3 - p1*exp(q2 - q3) - p2*exp(q3 - q1) - p3*exp(q1 - q2)", TODA),
        ("p**2/2 - 2*cos(q)", "q' = p\np' = -4*sin(q/2)*cos(q/2)"),
        ("v**2/2 + abs(x)", "x' = v\nv' = -x/abs(x)"),
        ("0.1*p + 0.2*p - 0.3*p + q", "q' = 0\np' = 1"),
        ("p - F*t", "x' = p/m\np' = F"),
        ("m*x - p*t + F*t**2/2", "x' = p/m\np' = F"),
        ("v*exp(-0.2*t)", "dv/dt = 0.2*v"),
        ("t + q", "t' = 1\nq' = -1"),
        ("m", "x' = 1/m\nm' = 0"),
        ("x - pi*y", "x' = pi\ny' = 1"),
    ],
)
def test_laws_are_proven(law, equations):
    checked = check_equations(law, equations)
    assert (checked.verdict, checked.reason, checked.point) == ("conserved", "", {})
    assert checked.conserved


def test_a_wrong_digit_is_refuted_by_a_point():
    checked = check_equations("p**2/2 - 9.8000001*cos(q)", "q' = p\np' = -9.8*sin(q)")
    assert checked.verdict == "not conserved"
    q, p = (float(checked.point[name]) for name in ("q", "p"))
    # d/dt = p*(-9.8 sin q) + 9.8000001 sin(q) p
    assert checked.rate == pytest.approx(1e-7 * math.sin(q) * p, rel=1e-9)
    assert checked.share == pytest.approx(1e-7 / 19.6, rel=1e-3)
    assert "5.1e-09 of its terms" in checked.reason


def test_a_law_that_lacks_its_damping_is_refuted():
    checked = check_equations("x**2 + v**2", "x' = v\nv' = -x - 0.001*v")
    assert checked.verdict == "not conserved"
    assert checked.rate == pytest.approx(-0.002 * float(checked.point["v"]) ** 2)


def test_symbols_are_named_and_undefined_ones_refute():
    checked = check_equations("omega**2/2 - g/l*cos(theta)", PENDULUM)
    assert set(checked.symbols) == {"g", "l"}
    other = check_equations("omega**2/2 - k*cos(theta)", PENDULUM)
    assert other.verdict == "not conserved"
    assert "k" in other.point


def test_what_says_nothing_and_what_is_left_open():
    assert check_equations("cos(2*x) - cos(x)**2 + sin(x)**2", SPRING).verdict == (
        "constant everywhere"
    )
    nowhere = check_equations("log(-x**2 - 1)", SPRING)
    assert nowhere.verdict == "cannot tell"
    assert "not defined" in nowhere.reason
    large = check_equations("((x**2 + v**2)**12 + (x**2 + v**2)**11 + 3)**12", SPRING)
    assert (large.verdict, large.decided) == ("cannot tell", False)
    assert "at all 24 points" in large.reason


def test_definitions_that_double_are_not_written_out():
    chain = "\n".join(f"a{row + 1} = a{row}*a{row}" for row in range(40))
    checked = check_equations("x**2 + v**2", f"a0 = x\n{chain}\nx' = v*a40/a40\nv' = -x")
    assert checked.verdict == "cannot tell"


def test_numbers_are_exact():
    formula = parse("0.1*x + 1/3 - sqrt(2)*x**-2 + 1.5**2", ["x"], exact=True)
    assert [own.exact for own in formula.constants] == [
        *(Fraction(1, 10), Fraction(1, 3), Fraction(2), Fraction(9, 4)),
    ]
    assert all(own.exact is None for own in parse("0.1*x", ["x"]).constants)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1e-400*x", "too small for a number"),
        ("0e99999999*x + 1e-9999999*x", "too small"),
        ("(((0.3**12)**12)**12)**12*x", "too many digits"),
        ("2 [m]*x", "units are not used here"),
    ],
)
def test_numbers_stay_small(text, what):
    with pytest.raises(GrammarError, match=what):
        parse(text, ["x"], exact=True)


@pytest.mark.parametrize(
    ("equations", "what"),
    [
        ("", "there is no equation"),
        ("g = 9.81", "there is no equation"),
        ("x' = v\nv' = -x +", "line 2: at character 6"),
        ("x'' = -x", "line 1.*second derivative"),
        ("x' = v\n\nx' = w", "line 3: x' is already given in line 1"),
        ("x' = g\ng = 2\ng = 3", "line 2: g is used or defined in a line above"),
        ("x' = 1\nx = 2", "line 2: x has an equation"),
        ("x' = 1\nt = 2", "line 2: t is time"),
        ("x' = 1\npi = 3", "cannot be defined"),
        ("x' = v\nv' = -x'", "a derivative can only be on the left"),
        ("x' = `y y`", "no column 'y y'"),
        ("x' = v\nwhat is this", "line 2: 'what is this' is not an equation"),
        ("x' = __import__('os')", "line 1"),
        ("\n" * 600 + "x' = 1", "at most 500"),
    ],
)
def test_equations_that_are_none(equations, what):
    with pytest.raises(GrammarError, match=what):
        read_equations(equations)


def test_columns_between_backquotes_and_formulas_without_columns():
    assert check_equations("`x 1` - v", "`x 1`' = 2 # a comment = here\nv' = 2").conserved
    with pytest.raises(GrammarError, match="reads no column"):
        check_equations("g + 1", "g = 2\nx' = g")


@settings(max_examples=40, deadline=None)
@given(expressions(columns=2, most=5))
def test_a_function_of_conserved_quantities_is_never_refuted(expression):
    """Every formula of x**2 + v**2 and x*w - v*u holds for two equal springs."""
    numbers = ["1.5"] * expression.parameter_count
    text = expression.text(["E", "L"], numbers)
    springs = "E = x**2 + v**2\nL = x*w - v*u\nx' = v\nv' = -x\nu' = w\nw' = -u"
    try:
        checked = check_equations(text, springs)
    except GrammarError:
        return
    assert checked.verdict != "not conserved"


@settings(max_examples=40, deadline=None)
@given(expressions(columns=2, most=5), st.integers(1, 9))
def test_what_is_proven_has_no_rate(expression, numerator):
    numbers = [f"{numerator}.5"] * expression.parameter_count
    try:
        checked = check_equations(expression.text(["x", "v"], numbers), SPRING)
    except GrammarError:
        return
    assert (checked.verdict == "not conserved") == bool(checked.point)
    if checked.conserved:
        assert checked.share == 0


def run(*arguments):
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def spring(tmp_path):
    path = tmp_path / "spring.txt"
    path.write_text("# a spring\nx' = v\ndv/dt = -w2*x\n", encoding="utf-8")
    return str(path)


def test_the_command(spring):
    done = run("v**2 + w2*x**2", "--equations", spring)
    assert done.exit_code == 0, done.output
    assert "is conserved by these equations, exactly." in done.stdout
    assert "for all values of w2" in done.stdout
    done = run("v**2 + 2*x**2", "--equations", spring)
    assert "dL/dt = " in done.stdout
    assert "for all values" not in done.stdout
    done = run("v**2 + 2*x**2", "--equations", spring, "-q")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    assert "is not conserved: at " in done.stdout


def test_the_command_writes_json(spring):
    document = json.loads(run("x*v", "--equations", spring, "--json").stdout)
    assert document["verdict"] == "not conserved"
    point = {name: float(Fraction(value)) for name, value in document["point"].items()}
    rate = point["v"] ** 2 - point["w2"] * point["x"] ** 2
    assert document["rate"] == pytest.approx(rate)
    document = json.loads(run("w2*x**2 + v**2", "--equations", spring, "--json").stdout)
    assert (document["conserved"], document["point"], document["rate"]) == (True, None, None)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["x"], "leave out NAME|FILE"),
        (["x", "--noise", "0.1"], "leave out --noise"),
        (["x +"], "at character 4"),
        (["3"], "reads no column"),
    ],
)
def test_bad_input_has_exit_code_2(arguments, what, spring):
    if what == "leave out NAME|FILE":
        arguments = [*arguments, "ideal_spring"]
    done = run(*arguments, "--equations", spring)
    assert done.exit_code == 2
    assert what in done.output
    assert "Traceback" not in done.output


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "bytes.txt"
    path.write_bytes(b"x' = \xff\xfe")
    done = run("x", "--equations", str(path))
    assert (done.exit_code, "not UTF-8 text" in done.output) == (2, True)
    assert run("x", "--equations", str(tmp_path / "none.txt")).exit_code == 2
