"""Columns with a role: derived ones, parameters, the time, rates; vectors; data without time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from noether_sym.check import check
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Point
from noether_sym.datasets.derive import with_derived, with_time
from noether_sym.datasets.points import angles, points
from noether_sym.errors import DatasetError, GrammarError, UnitError
from noether_sym.laws.law import Law
from noether_sym.units.dimension import Dimension
from tests.strategies import expressions

R12 = {"r12": "sqrt((x1-x2)**2 + (y1-y2)**2)"}


def write(path, header, rows):
    lines = [header, *(",".join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def collisions(count=8, samples=11, masses=(1.0, 2.0, 3.5)):
    """Two masses on springs between them; the masses differ between trajectories."""
    rows = []
    for label in range(count):
        m1, m2 = masses[label % len(masses)], 1.0 + 0.5 * label
        reduced = m1 * m2 / (m1 + m2)
        omega, drift = np.sqrt(1 / reduced), 0.1 * label - 0.3
        for t in np.linspace(0, 6, samples).tolist():
            u, w = np.cos(omega * t + label), -omega * np.sin(omega * t + label)
            rows.append((label, t, m1, m2, drift + reduced / m1 * w, drift - reduced / m2 * w, u))
    return rows


@pytest.fixture
def masses(tmp_path):
    return write(
        tmp_path / "masses.csv",
        "trajectory,t [s],m1 [kg],m2 [kg],v1 [m/s],v2 [m/s],x [m]",
        collisions(),
    )


def test_derivatives_of_derived_columns_follow_by_the_chain_rule():
    derive = {**R12, "U": "-1 [m**3/s**2]/r12", "L": "x1*vy1 - y1*vx1", "a": "sin(U*r12/U/r12)*L"}
    dataset = load("three_body_planar", derive=derive)
    whole = dataset.train[0]
    step = whole.times[1] - whole.times[0]
    for place, _ in dataset.derived:
        # the error of a central difference falls with the square of the step, so extrapolate
        narrow = (whole.states[3:-1, place] - whole.states[1:-3, place]) / (2 * step)
        wide = (whole.states[4:, place] - whole.states[:-4, place]) / (4 * step)
        found = (4 * narrow - wide) / 3
        size = np.abs(found).max()
        assert np.abs(found - whole.derivatives[2:-2, place]).max() < 0.01 * size
    assert [column.unit.symbol for column in dataset.columns[-4:]] == [
        "m", "m**2/s**2", "m**2/s", "m**2/s",
    ]  # fmt: skip
    assert dataset.base_columns == tuple(range(12))


@settings(max_examples=60)
@given(expressions(columns=2, operations=("add", "sub", "mul", "square", "sin", "exp")))
def test_the_chain_rule_on_any_formula(expression):
    """Gradients through a derived column are those of the formula written out."""
    dataset = load("ideal_spring", unitless=True, derive={"d": "q*p - sin(q)"})
    values = np.linspace(0.5, 1.0, expression.parameter_count)
    states = dataset.train[0].states[:7]
    columns = list(states[:, [0, 2]].T)  # the formula reads q and d

    with np.errstate(all="ignore"):
        _, slopes = expression.gradient(np, columns, list(values))
    partial = np.zeros_like(states)
    partial[:, 0], partial[:, 2] = slopes
    q, p = states[:, 0], states[:, 1]
    through = np.stack([partial[:, 0] + partial[:, 2] * (p - np.cos(q)), partial[:, 2] * q], -1)
    found = dataset.base_gradients(states, partial)
    usable = np.isfinite(through).all(1)
    assert found.shape == (7, 2)
    assert found[usable] == pytest.approx(through[usable], rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "unit"),
    [
        ("0.5*m1*v1**2", "kg*m**2/s**2"),
        ("m1*v1 + 2*m2*v2", "kg*m/s"),
        ("v1**2 + 3*x**2", "m**2/s**2"),  # 3 takes 1/s**2
        ("v1**2 + 3 [1/s**2]*x**2", "m**2/s**2"),
        ("x + 10 [cm]", "m"),
        ("sqrt(m1/m2)", "dimensionless"),
        ("1/v1", "s/m"),
        ("2*x*(x + 3)", "m**2"),
        ("exp(v1/v2)", "dimensionless"),
    ],
)
def test_units_of_derived_columns(masses, formula, unit):
    dataset = load(masses, derive={"own": formula})
    assert dataset.columns[-1].unit.symbol == unit
    assert str(dataset.columns[-1].dimension) == unit


def test_numbers_are_in_the_units_of_the_data(masses):
    dataset = load(masses, derive={"own": "x + 10 [cm]"})
    states = dataset.train[0].states
    assert states[:, -1] == pytest.approx(states[:, -2] + 0.1)


def test_sums_of_angles_are_angles(tmp_path):
    rows = [(t, 3 * t, t**2, t + 1) for t in range(9)]
    path = write(tmp_path / "a.csv", "t [s],th1 [rad],th2 [deg],n [1]", rows)
    derive = {"d": "th1 - th2", "half": "-d/2 + 1", "s": "sin(d)", "f": "d*s", "g": "d + n"}
    dataset = load(path, derive=derive)
    assert [dataset.names[place] for place in angles(dataset)] == ["th1", "th2", "d", "half"]
    assert [column.unit.symbol for column in dataset.columns[3:]] == [
        "rad", "rad", "dimensionless", "dimensionless", "dimensionless",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("derive", "kind", "message"),
    [
        ({"x": "2*v1"}, DatasetError, "derived column 'x': there is already a column of that name"),
        ({"a": "x", "b": "c + a"}, GrammarError, "derived column 'b'.*there is no column 'c'"),
        ({"a": "b", "b": "x"}, GrammarError, "there is no column 'b'"),
        ({"a": "x + v1"}, UnitError, "(?s)derived column 'a'.*units do not fit"),
        ({"a": "2*x + 3*v1"}, UnitError, "derived column 'a': add of m and m/s; a number without"),
        ({"a": "sin(x)"}, UnitError, "derived column 'a'"),
        ({"a": "c0*x"}, GrammarError, "c0 has no value"),
        ({"a": "3"}, GrammarError, "reads no column"),
        ({"a": "x +"}, GrammarError, "the formula ends where"),
        ({" ": "x"}, DatasetError, "has no name"),
        ({"a": "log(v1/v1 - v1/v1)"}, DatasetError, "no finite value in trajectory '0', sample 1"),
        ({"a": "exp(1000*v1/v1)*x"}, DatasetError, r"where v1 = .*, x = .*11 such samples"),
    ],
)
def test_derived_columns_that_do_not_work(masses, derive, kind, message):
    with pytest.raises(kind, match=message):
        load(masses, derive=derive)


def test_a_rate_that_is_not_finite_is_named(tmp_path):
    rows = [(t, abs(t - 3.0), t - 3.0) for t in range(7)]
    path = write(tmp_path / "a.csv", "t [s],x [m],y [m]", rows)
    with pytest.raises(DatasetError, match=r"no finite rate of change in .* sample 4 \(t = 3\)"):
        load(path, derive={"r": "sqrt(y**2)"})


def test_what_a_search_sees_is_in_the_digest(masses):
    found = [
        load(masses, **options).digest()
        for options in (
            {},
            {"derive": {"p": "m1*v1"}},
            {"derive": {"p": "v1*m1"}},
            {"derive": {"p": "m1*v1"}, "parameters": ["m1"]},
            {"parameters": ["m1"]},
            {"with_time": True},
            {"vectors": {"v": ["v1", "v2"]}},
        )
    ]
    assert len(set(found)) == len(found)
    assert load(masses, derive={"p": "m1*v1"}).digest() == found[1]


def test_columns_that_differ_between_trajectories_stay(masses):
    dataset = load(masses)
    assert dataset.names == ("m1", "m2", "v1", "v2", "x")
    assert dataset.constant_columns == (0, 1)
    assert dataset.parameters == ()
    for one in (*dataset.train, *dataset.test):
        assert not one.derivatives[:, :2].any()
        assert one.derivatives[:, 2:].any()


def test_parameters_are_columns_too(masses):
    derive = {"mu": "m1*m2/(m1 + m2)", "p": "m1*v1 + m2*v2"}
    dataset = load(masses, parameters=["m1", "m2"], derive=derive)
    assert dataset.parameters == (0, 1, 5)
    assert dataset.constant_columns == (0, 1, 5, 6)  # p is conserved and no parameter
    with pytest.raises(DatasetError, match="no column 'm3' to take"):
        load(masses, parameters=["m3"])
    assert load(masses, parameters=["m1"], columns=["v1", "x"]).names == ("v1", "x", "m1")


def test_a_parameter_that_changes_is_refused(tmp_path):
    rows = collisions()
    rows[20] = (*rows[20][:2], 7.0, *rows[20][3:])
    path = write(tmp_path / "a.csv", "trajectory,t,m1,m2,v1,v2,x", rows)
    message = r"in trajectory '1' it changes from 2 in line 13 to 7 in line 22"
    with pytest.raises(DatasetError, match=message):
        load(path, unitless=True, parameters=["m2", "m1"])


def test_rounding_is_no_change(tmp_path):
    rows = [(*row[:2], row[2] * (1 + 1e-11 * (row[1] % 1)), *row[3:]) for row in collisions()]
    path = write(tmp_path / "a.csv", "trajectory,t,m1,m2,v1,v2,x", rows)
    dataset = load(path, unitless=True, parameters=["m1"])
    assert dataset.constant_columns == (0, 1)
    assert not dataset.train[0].derivatives[:, :2].any()
    noise = np.random.default_rng(0)
    rows = [(*row[:2], row[2] + 0.01 * noise.standard_normal(), *row[3:]) for row in rows]
    noisy = load(write(tmp_path / "b.csv", "trajectory,t,m1,m2,v1,v2,x", rows), unitless=True)
    assert "m1" in noisy.names
    assert noisy.constant_columns == (1,)


def test_the_time_as_a_column(masses):
    dataset = load(masses, with_time=True, derive={"boost": "x - v1*t"})
    assert dataset.names[-2:] == ("t", "boost")
    assert dataset.time_column == 5
    assert dataset.columns[5].unit.symbol == "s"
    for one in dataset.train:
        assert (one.states[:, 5] == one.times).all()
        assert (one.derivatives[:, 5] == 1).all()
    assert load("ideal_spring", with_time=True).names == ("q", "p", "t")
    with pytest.raises(DatasetError, match="the time and a column are both called 'x'"):
        with_time(replace(load(masses), time_name="x"))


def test_the_time_has_its_own_name(tmp_path):
    path = write(tmp_path / "a.csv", "clock [ms],x [m]", [(10 * t, t**2) for t in range(9)])
    dataset = load(path, time="clock", with_time=True)
    assert dataset.names == ("x", "clock")
    assert dataset.columns[1].unit.given == "ms"


@pytest.mark.parametrize("header", ["unix time [s]", "Zeit [ms]", "day"])
def test_a_column_of_times_by_another_name(tmp_path, header):
    rows = [(label, 100 + step, (step - 4) ** 2) for label in "abcd" for step in range(9)]
    path = write(tmp_path / "a.csv", f"trial,{header},x", rows)
    name = header.split(" [")[0]
    dataset = load(path, trajectory="trial", unitless=True)
    assert (dataset.names, dataset.time_name, dataset.timed) == (("x",), name, True)
    assert f"column '{name}', which only grows, is taken as the time" in " ".join(dataset.notes)
    searched = load(path, trajectory="trial", unitless=True, columns=[name, "x"])
    assert (searched.names, searched.timed) == ((name, "x"), False)


def test_what_only_may_be_a_time_is_none(tmp_path):
    rows = [(label, abs(step - 4), step, step**2) for label in "abcd" for step in range(9)]
    path = write(tmp_path / "a.csv", "trajectory,delay [s],n,x", rows)  # it falls, and has no unit
    assert load(path, unitless=True).names == ("delay", "n", "x")
    both = [(label, step, 2 * step, step**2) for label in "abcd" for step in range(9)]
    path = write(tmp_path / "b.csv", "trajectory,one [s],two [s],x", both)
    assert load(path, unitless=True).names == ("one", "two", "x")


def without_time(path, trajectory=True, samples=30):
    rows = [(*([row[0]] if trajectory else []), *row[2:]) for row in collisions(samples=samples)]
    header = "m1 [kg],m2 [kg],v1 [m/s],v2 [m/s],x [m]"
    return write(path, f"trajectory,{header}" if trajectory else header, rows)


def test_a_file_without_time(tmp_path):
    dataset = load(without_time(tmp_path / "a.csv"), derive={"p": "m1*v1 + m2*v2"})
    assert (dataset.timed, dataset.ordered, dataset.has_derivatives) == (False, True, False)
    assert dataset.derivative == "none"
    assert [len(one) for one in (*dataset.train, *dataset.test)] == [30] * 8
    assert dataset.constant_columns == (0, 1, 5)
    for one in dataset.train:
        assert one.times.tolist() == list(range(30))
        assert not one.derivatives.any()
        assert len(one.segments()) == 1
    with pytest.raises(DatasetError, match="has no time to take as a column"):
        load(without_time(tmp_path / "a.csv"), with_time=True)


def test_before_and_after_are_enough(tmp_path):
    dataset = load(without_time(tmp_path / "a.csv", samples=2))
    assert [len(one) for one in (*dataset.train, *dataset.test)] == [2] * 8
    rows = [(label, start + step) for start, label in enumerate("ab") for step in range(2)]
    few = load(write(tmp_path / "b.csv", "trajectory,x [m]", rows))
    assert (len(few.train), len(few.test)) == (2, 0)
    with pytest.raises(DatasetError, match="trajectory 'a' has 1 row, at least 2"):
        load(write(tmp_path / "c.csv", "trajectory,x [m]", rows[1:]))


def test_missing_rows_without_time(tmp_path):
    rows = [(label, step % 5 if step != 4 else "") for label in "abcd" for step in range(9)]
    path = write(tmp_path / "a.csv", "trajectory,x [m]", rows)
    dataset = load(path, drop_missing=True)
    assert [one.name for one in dataset.train][:3] == ["a", "a/2", "b"]
    assert "4 rows with missing numbers left out, and 4 trajectories cut there" in dataset.notes


def test_neither_time_nor_trajectory(tmp_path):
    path = without_time(tmp_path / "a.csv", trajectory=False)
    with pytest.raises(DatasetError, match=r"no time column.*a column 'trajectory'.*rates={"):
        load(path)


def test_rates_are_exact_derivatives(tmp_path):
    rows = [
        (label, t, np.sin(t + label), np.cos(t + label), -np.sin(t + label))
        for label in range(5) for t in np.linspace(0, 5, 40).tolist()
    ]  # fmt: skip
    path = write(tmp_path / "a.csv", "trajectory,t [s],x [m],vx [m/s],ax [m/s**2]", rows)
    dataset = load(path, rates={"x": "vx"})
    assert dataset.names == ("x", "ax")
    one = dataset.train[0]
    assert one.derivatives[:, 0] == pytest.approx(np.cos(one.times), abs=1e-15)
    assert dataset.derivative.endswith("given: vx of x")
    whole = load(path, rates={"x": "vx", "vx": "ax"})
    assert whole.names == ("x", "vx")
    assert whole.derivative == "exact, given by vx, ax"
    assert whole.train[0].derivatives[:, 1] == pytest.approx(-whole.train[0].states[:, 0])
    listed = load(path, rates={"x": "vx"}, columns=["x", "vx"])
    assert listed.names == ("x", "vx")
    converted = write(tmp_path / "b.csv", "trajectory,t [ms],x [m],vx [m/s],ax [m/s**2]", rows)
    slow = load(converted, rates={"x": "vx"}).train[0]
    assert slow.derivatives[:, 0] == pytest.approx(np.cos(1e3 * slow.times), abs=1e-12)


def points_file(path, header="x [m],v [m/s],a [m/s**2],m [kg]"):
    rng = np.random.default_rng(0)
    rows = [(x, v, -x / m, m) for x, v, m in rng.uniform(0.5, 2, (60, 3)).tolist()]
    return write(path, header, rows)


def test_points_without_order(tmp_path):
    path = points_file(tmp_path / "a.csv")
    options = {"rates": {"x": "v", "v": "a"}, "parameters": ["m"]}
    dataset = load(path, **options, derive={"E": "m*v**2 + 1 [kg/s**2]*x**2"})
    assert (dataset.timed, dataset.ordered, dataset.has_derivatives) == (False, False, True)
    assert dataset.names == ("x", "v", "m", "E")
    assert dataset.time_unit.symbol == "s"
    assert dataset.constant_columns == dataset.parameters == (2,)
    for one in (*dataset.train, *dataset.test):
        assert one.derivatives[:, 3] == pytest.approx(0, abs=1e-12)
        assert one.derivatives[:, 0] == pytest.approx(one.states[:, 1])
    assert sum(map(len, (*dataset.train, *dataset.test))) == 60
    with pytest.raises(DatasetError, match=r"no rate of change of m is given.*rates={'m': COLUMN}"):
        load(path, rates=options["rates"])


@pytest.mark.parametrize(
    ("rates", "kind", "message"),
    [
        (
            {"x": "a"},
            UnitError,
            "'a' .* cannot be the rate of change of 'v'.*the time would be in s, and it is",
        ),
        ({"x": "u"}, DatasetError, "no column 'u'"),
        ({"y": "v"}, DatasetError, "no column 'y'"),
        ({"x": "x"}, DatasetError, "cannot be the rate of change"),
    ],
)
def test_rates_that_do_not_work(tmp_path, rates, kind, message):
    path = points_file(tmp_path / "a.csv")
    with pytest.raises(kind, match=message):
        load(path, rates={**rates, "v": "a"}, parameters=["m"])


NAMES = {
    "x,y": ["r: x y"],
    "x1,y1,z1,x2,y2,z2": ["r1: x1 y1 z1", "r2: x2 y2 z2"],
    "q1x,q1y,q2x,q2y": ["q1: q1x q1y", "q2: q2x q2y"],
    "x_1,y_1": ["r_1: x_1 y_1"],
    "px,py,pz,vx1,vy1": ["p: px py pz", "v1: vx1 vy1"],
    "p1_x,p1_y,v_x,v_y": ["p1: p1_x p1_y", "v: v_x v_y"],
    "X,Y,x,y": ["r: X Y", "(xyz): x y"],
    "xdot,ydot": ["rdot: xdot ydot"],
    "q,p": [],
    "q1,q2,p1,p2": [],
    "theta,phi": [],
    "S,I,R": [],
    "x1,x2,x3": [],
    "v1,v2": [],
    "xx,xy,yy": ["x: xx xy"],
}


def named(names, units=None):
    dataset = load("ideal_spring", unitless=True)
    count = len(names)

    def widened(one):
        states = np.resize(one.states, (len(one), count))
        return replace(one, states=states, derivatives=np.zeros_like(states))

    column = dataset.columns[0]
    own = [replace(column, name=name) for name in names]
    if units:
        own = [
            replace(one, unit=replace(one.unit, dimension=Dimension.of({unit: 1})))
            for one, unit in zip(own, units, strict=True)
        ]
    return replace(
        dataset,
        columns=tuple(own),
        train=tuple(map(widened, dataset.train)),
        test=tuple(map(widened, dataset.test)),
        canonical_pairs=(),
    )


@pytest.mark.parametrize("names", NAMES)
def test_points_by_their_names(names):
    dataset = named(names.split(","))
    found = points(dataset)
    told = [f"{own.name}: {' '.join(dataset.names[c] for c in own.columns)}" for own in found]
    assert told == NAMES[names]


def test_points_have_one_unit():
    assert points(named(["x", "y"], ["m", "s"])) == ()
    assert points(named(["x", "y", "z"], ["m", "s", "m"])) == (Point("r", (0, 2)),)


def test_declared_vectors():
    dataset = load("three_body_planar", vectors={"a": ["x1", "y2"], "b": ["x3", "y3", "x2"]})
    assert dataset.vectors == (Point("a", (0, 3)), Point("b", (4, 5, 2)))
    assert points(dataset)[:2] == dataset.vectors
    assert [own.name for own in points(dataset)[2:]] == ["v1", "v2", "v3"]
    for columns, message in (
        (["x1", "vx1"], "components have one unit, and these are in m, m/s"),
        (["x1"], "two or three different"),
        (["x1", "x1"], "two or three different"),
        (["x1", "y"], "no column 'y'; did you mean"),
    ):
        with pytest.raises(DatasetError, match=message):
            load("three_body_planar", vectors={"a": columns})


def test_derived_columns_of_built_in_data():
    dataset = load("kepler_2d", derive={"r": "sqrt(x**2 + y**2)"})
    assert with_derived(load("kepler_2d"), {"r": "sqrt(x**2 + y**2)"}).digest() == dataset.digest()
    assert "derived column r = sqrt(x**2 + y**2) [m]" in dataset.notes
    with pytest.raises(DatasetError, match="built in"):
        load("kepler_2d", parameters=["x"])


def test_a_law_reads_derived_columns():
    dataset = load("kepler_2d", derive={"r": "sqrt(x**2 + y**2)"})
    found = check("vx**2 + vy**2 - c0/r", dataset)
    assert isinstance(found.law, Law)
    assert found.conserved
    assert found.law.parameters[0].value == pytest.approx(2)
