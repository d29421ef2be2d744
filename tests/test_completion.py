"""Laws about the origin at which they have fewer terms: the same law, with its errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import noether_sym
from noether_sym.dsl.parser import parse
from noether_sym.laws.completion import completed
from noether_sym.laws.law import Law, Parameter
from noether_sym.units.dimension import Dimension

METRE, SPEED = Dimension.of({"m": 1}), Dimension.of({"m": 1, "s": -1})
COLUMNS = {"x": METRE, "y": METRE, "vx": SPEED, "vy": SPEED}


def law_of(text, relative=0.01):
    """A law with independent constants of that relative error, of 9 degrees of freedom."""
    parsed = parse(text, list(COLUMNS))
    values = [one.value for one in parsed.constants]
    dimension, dimensions = parsed.expression.parameter_dimensions(list(COLUMNS.values()))
    errors = relative * np.abs(values)
    return Law(
        expression=parsed.expression,
        inputs=tuple((name, str(unit)) for name, unit in COLUMNS.items()),
        parameters=tuple(
            Parameter(f"c{n}", value, unit, error, (value - 2 * error, value + 2 * error), 9.0)
            for n, (value, unit, error) in enumerate(zip(values, dimensions, errors, strict=True))
        ),
        dimension=dimension,
        conservation_ratio=1e-6,
        random_ratio=1.0,
        covariance=tuple(map(tuple, np.diag(errors**2).tolist())),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - 0.05*x**2 - 0.2*vx**2", "(x - 10)**2 + 4*vx**2"),
        ("x**2 + 20*x - 3*vx**2", "(x + 10)**2 - 3*vx**2"),
        ("vx**2 + 3*x**2 + 6*x + 2*y**2 - 8*y", "vx**2 + 3*(x + 1)**2 + 2*(y - 2)**2"),
        ("vx - 1.5*vy + 0.5*x*vy - 0.5*y*vx", "(x - 3)*vy - (y - 2)*vx"),
        ("x*vx + 2*x + 3*vx", "(x + 3)*(vx + 2)"),
        ("x**2 + 0.1*x*y + 0.3*x", "x**2 + 0.1*x*(y + 3)"),
    ],
)
def test_a_law_is_written_about_the_origin_that_saves_terms(text, expected):
    own = completed(law_of(text))
    assert own.text() == expected


@pytest.mark.parametrize(
    "text",
    [
        "y + 0.05*vy**2",  # a lone column has no square
        "x**2 + 4*vx**2",
        "x + 0.3*x**2 + 0.1*x**3",
        "x + 0.3*x**2 + 0.1*x**2*y",
        "x + 0.3*x**2 + 0.1*cos(2*x)",
        "(x + 0.4)**2 - 3*vx**2",
    ],
)
def test_other_laws_stay_as_they_are(text):
    law = law_of(text)
    assert completed(law) == law


def test_without_known_errors_nothing_is_rewritten():
    law = law_of("x - 0.05*x**2 - 0.2*vx**2").with_(covariance=())
    assert completed(law) == law


factor = st.floats(0.1, 10.0).flatmap(lambda size: st.sampled_from([size, -size]))


@given(factor, factor, factor)
def test_it_is_the_same_law(one, two, three):
    law = law_of(f"vx**2 + ({one!r})*x**2 + ({two!r})*x + ({three!r})*y")
    own = completed(law)
    states = np.random.default_rng(0).normal(size=(50, 4))
    mine, theirs = own(states), law(states)
    line = np.polyfit(theirs, mine, 1)
    assert np.polyval(line, theirs) == pytest.approx(mine, abs=1e-6 * np.ptp(mine))
    assert own.size <= law.size


def test_errors_are_those_of_ratios():
    law = law_of("x - 0.05*x**2 - 0.2*vx**2")
    own = completed(law)
    origin, factor = own.parameters
    assert origin.stderr == pytest.approx(10 * 0.01)
    assert factor.stderr == pytest.approx(4 * 0.01 * np.sqrt(2))
    assert (origin.dimension, factor.dimension) == (METRE, Dimension.of({"s": 2}))
    assert origin.interval[0] == pytest.approx(10 - 2.262157 * 0.1)
    assert np.array(own.covariance)[0, 1] == pytest.approx(10 * 4 * 0.01**2)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_an_oscillator_about_another_point_is_found_about_it(tmp_path, noise):
    rng = np.random.default_rng(2)
    tables, time = [], np.linspace(0.0, 8.0, 100)
    for trajectory in range(15):
        size, phase = rng.uniform(0.5, 2.0), rng.uniform(0.0, 6.0)
        x, v = size * np.cos(1.3 * time + phase), -1.3 * size * np.sin(1.3 * time + phase)
        moved = {"x [m]": x + 25.0, "v [m/s]": v}
        moved = {key: own + noise * rng.normal(size=100) for key, own in moved.items()}
        tables.append(pd.DataFrame({"trajectory": trajectory, "t [s]": time, **moved}))
    found = noether_sym.discover(pd.concat(tables), results=tmp_path, jobs=1)
    (law,) = found.accepted
    assert law.expression == parse("(x - 1.5)**2 + 2*v**2", ["x", "v"]).expression
    origin, inertia = law.parameters
    assert abs(origin.value - 25.0) < 5 * origin.stderr
    assert inertia.value == pytest.approx(1 / 1.69, rel=0.01)
    assert noether_sym.check(law.text(12), found.dataset).verdict == "law"
