"""How a table is understood: header, labels, particles, angles that wrap, added rates."""

import sys

import foreign_files as foreign
import numpy as np
import pandas
import pytest

from noether_sym.api import Discovery, discover
from noether_sym.datasets import load
from noether_sym.datasets.readers.header import parse_header
from noether_sym.datasets.readers.options import TableOptions
from noether_sym.datasets.velocities import advice, positions_only
from noether_sym.errors import DatasetError


def complaint(path, **options):
    with pytest.raises(DatasetError) as caught:
        load(str(path), **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


def csv(path, columns):
    pandas.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mine.csv"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Time (s)|Angular Velocity (rad/s)", {"Time": "s", "Angular Velocity": "rad/s"}),
        ("t / s|v / (m/s)|n", {"t": "s", "v": "m/s", "n": None}),
        ("t/s|T/°C|dx/dt", {"t": "s", "T": "°C", "dx/dt": None}),
        ("time in s|x in mm", {"time": "s", "x": "mm"}),
        # functions, quotients and remarks are names
        ("t|x(t)|x/m|p (after)", {"t": None, "x(t)": None, "x/m": None, "p (after)": None}),
        ("t [s]|y (m) [mm]", {"t": "s", "y (m)": "mm"}),
        ("t|x: cart (m)", {"t": None, "x: cart": "m"}),
    ],
)
def test_units_in_headers(file, header, found):
    assert parse_header(file, header.split("|"), TableOptions()).units == found


def test_what_stands_where_is_told_below_a_preamble(file):
    foreign.report_above(file)
    lines = file.read_text().split("\n")
    lines[9] = "0.25,x,1"
    file.write_text("\n".join(lines))
    assert "line 10, column 'Position': 'x' is not a number" in complaint(file)
    lines[9] = "0.25,1"
    file.write_text("\n".join(lines))
    assert "line 10: 2 cells, but the header has 3" in complaint(file)
    assert "is empty after the 3 rows that are skipped" in complaint(
        foreign.text(file, "a", "b", "c"), skip_rows=3
    )


def test_a_row_without_numbers_is_no_header(file):
    foreign.text(file, "t [s],q [m]", "x,y", *(f"{row},1.5" for row in range(9)))
    assert "line 2, column 't': 'x' is not a number" in complaint(file)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.feather", foreign.feather),
        ("a.parquet", lambda path: foreign.frame().to_parquet(path)),
        ("a.npz", foreign.npz),
        ("a.npy", foreign.npy_named),
        ("a.mat", foreign.matlab_struct),
        ("a.lvm", foreign.labview),
        ("a.xlsx", foreign.workbook),
    ],
)
def test_options_about_lines_are_refused_where_there_are_none(tmp_path, name, write):
    write(tmp_path / name)
    refused = {"comment": "!"} if name == "a.xlsx" else {"comment": "!", "skip_rows": 1}
    for option, value in refused.items():
        found = complaint(tmp_path / name, unitless=True, **{option: value})
        assert f"and {option}= does not apply to it; leave it out" in found


def test_a_missing_number_is_no_comment(file):
    rows = [f"{row},{row * row}" for row in range(12)]
    foreign.text(file, "q [m],t [s]", "#N/A,-1", *rows)
    assert "line 2, column 'q': a number is missing" in complaint(file)
    foreign.text(file, "t [s],q [m]", *rows[:6], "# and on", "% so", *rows[6:])
    dataset = load(str(file))
    assert dataset.notes[0] == "2 lines of comments passed over"
    assert len(dataset.train[0]) + len(dataset.test[0]) == 12


def test_faults_in_runs_side_by_side(file):
    foreign.vernier(file)
    lines = file.read_text().split("\n")
    cells = lines[20].split(",")
    cells[4] = "?"
    lines[20] = ",".join(cells)
    file.write_text("\n".join(lines))
    assert "line 21, column 'Position': '?' is not a number" in complaint(file)
    file.write_text(
        lines[0].replace("Run 2: Position (m)", "Run 2: Position (cm)") + "\n0,1,2,0,1,2"
    )
    assert "'Position' is in cm in 'Run 2' and in m before" in complaint(file)


def test_rows_of_a_sheet_are_told(tmp_path):
    import openpyxl

    path = foreign.workbook(tmp_path / "mine.xlsx")
    book = openpyxl.load_workbook(path)
    book.active["B9"] = "lost"
    book.save(path)
    assert "row 9, column 'Position': 'lost' is not a number" in complaint(path)


def test_a_workbook_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    path = foreign.workbook(tmp_path / "mine.xlsx")
    assert "in a clone of noether-sym, pip install '.[files]'" in complaint(path)


def runs(labels, name="run"):
    tables = [foreign.frame(number).assign(**{name: label}) for number, label in enumerate(labels)]
    return pandas.concat(tables, ignore_index=True)


@pytest.mark.parametrize(
    "name",
    [
        "trial",
        "Run",
        "EXPERIMENT",
        "id",
        "run_no",
        "Trial ID",
        "shot",
        "Versuch",
        "Run #",
        "Experiment No.",
        "subject",
    ],
)
@pytest.mark.parametrize("labels", [[1, 2, 3], ["a", "b", "c"]])
def test_labels_told_by_their_names(file, name, labels):
    dataset = load(str(csv(file, runs(labels, name))))
    names = [part.name for part in dataset.train]
    assert names == [str(label) for label in labels]
    assert f"column {name!r} tells trajectories apart (3 trajectories)" in dataset.notes[0]


def test_labels_that_are_not_safe(file):
    table = foreign.frame()
    counted = load(str(csv(file, table.assign(id=np.arange(len(table)) ** 2))), unitless=True)
    assert counted.names == ("x", "v", "id")
    assert counted.train[0].states[3, 2] == 9
    mixed = pandas.concat([runs([1, 2]), runs([1, 2])])
    mixed["t [s]"] = np.arange(len(mixed))
    assert "run" in load(str(csv(file, mixed)), unitless=True).names
    csv(file, runs([1.5, 2.5]).rename(columns={"run": "run [m]"}))
    assert "tells them apart with trajectory=, perhaps 'run'" in complaint(file)


def test_a_label_that_is_wanted_as_a_column(file):
    table = runs([1.5, 2.5]).rename(columns={"run": "id"})
    table["t [s]"] += 10 * (table["id"] > 2)
    csv(file, table)
    assert load(str(file)).names == ("x", "v")
    assert load(str(file), units={"id": "m"}).names == ("x", "v", "id")
    assert load(str(file), columns=["x", "id"], unitless=True).names == ("x", "id")


def particles(file, labels, time=True, count=40):
    tables = []
    for number, label in enumerate(labels):
        table = foreign.frame(number).iloc[:count].assign(body=label)
        tables.append(table if time else table.drop(columns="t [s]"))
    whole = pandas.concat(tables).sort_index(kind="stable")
    return csv(file, whole)


def test_a_long_table_by_particles(file):
    dataset = load(str(particles(file, ["sun", "moon"])), particle="body")
    assert dataset.names == ("x_sun", "v_sun", "x_moon", "v_moon")
    whole = np.concatenate([dataset.train[0].states, dataset.test[0].states])
    wide = np.column_stack([foreign.motion(0)[1:][0], *foreign.motion(0)[2:]])[:40]
    assert whole[:, :2] == pytest.approx(wide, abs=1e-12)
    assert "x became x_sun, x_moon" in " ".join(dataset.notes)
    whole = runs([1, 2], "trajectory").assign(body=1)
    other = runs([1, 2], "trajectory").assign(body=2)
    both = load(str(csv(file, pandas.concat([whole, other]))), particle="body")
    assert [part.name for part in both.train] == ["1", "2"]
    assert both.names == ("x1", "v1", "x2", "v2")


def test_what_is_said_of_a_long_table_s_column_is_said_of_each_particle(file):
    whole = particles(file, ["sun", "moon"])
    table = pandas.read_csv(whole)
    table = table.rename(columns={"x [m]": "x", "v [m/s]": "v"}).assign(dx=0.01, rest=table.index)
    csv(file, table)
    units = {"x": "cm", "v": "cm/s", "dx": "cm"}
    dataset = load(str(file), particle="body", units=units, columns=["x", "v"], rates={"x": "v"})
    assert dataset.names == ("x_sun", "x_moon", "v_sun", "v_moon")
    assert [column.unit.given for column in dataset.columns] == ["cm", "cm", "cm/s", "cm/s"]
    told = load(str(file), particle="body", units=units, columns=["x"], sigma={"x": "dx"})
    assert [place for place, _ in told.noise_given] == [0, 1]
    added = load(str(file), particle="body", units=units, columns=["x"], derivatives=["x"])
    assert added.names == ("x_sun", "x_moon", "x_sun_dot", "x_moon_dot")
    one = load(str(file), particle="body", units={"x_sun": "km", "x_moon": "m"}, columns=["x"])
    assert [column.unit.given for column in one.columns] == ["km", "m"]
    assert "no column 'z' to" in complaint(file, particle="body", columns=["z"])


def test_particles_that_lack_rows_or_have_two(file):
    particles(file, [1, 2])
    lines = file.read_text().split("\n")
    file.write_text("\n".join(lines[:5] + lines[6:]))
    # that particle 1 has no row at this time shows as missing numbers
    assert "column 'x1': a number is missing" in complaint(file, particle="body")
    file.write_text("\n".join([*lines[:6], lines[5], *lines[6:]]))
    assert "particle '1' has two rows at the same time (lines 6, 7)" in complaint(
        file, particle="body"
    )
    assert "has no column 'corps' to tell particles apart" in complaint(file, particle="corps")


def turning(file, low, unit, factor, count=300):
    """An angle that turns six times, between `low` and `low` and a turn."""
    t = np.arange(count) * 0.02
    angle = 6 * t + 0.4 * np.sin(5 * t)
    rate = 6 + 2.0 * np.cos(5 * t)
    wrapped = (angle - low) % (2 * np.pi) + low
    name = f"theta [{unit}]" if unit else "theta"
    return csv(file, {"t [s]": t, name: wrapped * factor, "omega [rad/s]": rate}), angle, rate


@pytest.mark.parametrize(
    ("low", "unit", "factor"),
    [(-np.pi, "deg", 180 / np.pi), (0.0, "rad", 1.0), (-np.pi, "rad", 1.0), (0.0, "", 1.0)],
)
def test_angles_that_wrap(file, low, unit, factor):
    path, angle, rate = turning(file, low, unit, factor)
    dataset = load(str(path), units={} if unit else {"theta": "dimensionless"})
    (train,) = dataset.train
    assert np.diff(train.states[:, 0]).max() < 0.3
    assert np.sin(train.states[:, 0]) == pytest.approx(np.sin(angle[: len(train)]), abs=1e-9)
    assert train.derivatives[:, 0] == pytest.approx(rate[: len(train)], abs=0.01)
    (note,) = (one for one in dataset.notes if "full turn" in one)
    assert "unwrapped" in note
    assert ("360 deg" in note) is (unit == "deg")


def test_angles_that_do_not_wrap(file):
    t = np.arange(200) * 0.05
    swing = csv(file, {"t [s]": t, "theta [rad]": 2.9 * np.cos(t), "omega [rad/s]": -np.sin(t)})
    assert not [one for one in load(str(swing)).notes if "turn" in one]
    # sampled three times a turn, no one knows which way it went
    sparse, _, _ = turning(file, -np.pi, "deg", 180 / np.pi)
    pandas.read_csv(sparse).iloc[::15].to_csv(sparse, index=False)
    dataset = load(str(sparse))
    assert "too large to tell which way it turned" in " ".join(dataset.notes)
    # a temperature may jump by 360
    jump = csv(file, {"t [s]": t, "T [K]": np.where(t < 5, 0, 360) + t, "q [m]": np.cos(t)})
    assert not [one for one in load(str(jump)).notes if "turn" in one]


def positions(file, noise=0.0, count=8, samples=120):
    rng = np.random.default_rng(0)
    tables = []
    for number in range(count):
        t, x, _ = foreign.motion(number, samples)
        tables.append(
            pandas.DataFrame(
                {"run": number, "t [s]": t, "x [m]": x + noise * rng.standard_normal(len(t))}
            )
        )
    return csv(file, pandas.concat(tables))


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_rates_as_columns(file, noise):
    dataset = load(str(positions(file, noise)), derivatives=["x"])
    assert dataset.names == ("x", "x_dot")
    assert dataset.columns[1].unit.symbol == "m/s"
    ((place, given),) = dataset.noise_given
    errors = []
    for number, part in enumerate((*dataset.train, *dataset.test)):
        t, _, v = foreign.motion(number, 120)
        errors.append(part.states[:, 1] - np.interp(part.times, t, v))
    true = np.sqrt(np.mean(np.concatenate(errors) ** 2))
    assert place == 1
    # without noise what is left is the interpolation, of which the estimate is a bound
    assert 0.5 * true < given < (2 * true if noise else 100 * true)
    said = " ".join(dataset.notes)
    assert "column 'x_dot' [m/s] is dx/dt" in said
    assert ("sample kept" in said) is bool(noise)


def test_rates_of_angles_and_known_noise(file):
    t = np.arange(200) * 0.05
    path = csv(file, {"time [s]": t, "theta [deg]": 30 * np.cos(t), "L [m]": 1.0 + 0.1 * t})
    dataset = load(str(path), derivatives=["theta"], sigma={"L": 0.01})
    assert dataset.columns[2].unit.symbol == "rad/s"
    assert dict(dataset.noise_given)[1] == 0.01
    assert len(dataset.noise_given) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"derivatives": ["X"]}, "the derivative of 'X' was asked for, but that is not a state"),
        ({"derivatives": ["x"], "columns": ["v"]}, "not a state that changes"),
        ({"derivatives": ["k"], "parameters": ["k"]}, "is a parameter and does not change"),
    ],
)
def test_rates_that_cannot_be_had(file, options, message):
    csv(file, runs([1, 2]).assign(**{"k [N/m]": np.repeat([1.0, 2.0], foreign.COUNT)}))
    assert message in complaint(file, **options)


def test_rates_without_time_or_of_a_taken_name(file):
    table = runs([1, 2], "trajectory")
    csv(file, table.drop(columns="t [s]"))
    assert "needs a time column" in complaint(file, derivatives=["x"])
    csv(file, table.rename(columns={"v [m/s]": "x_dot [m/s]"}))
    assert "would be called 'x_dot', as a column is" in complaint(file, derivatives=["x"])


def test_positions_only_are_told(file):
    dataset = load(str(positions(file, count=2, samples=40)))
    assert positions_only(dataset) == ("x",)
    assert "derivatives=['x'] makes them" in advice(dataset)
    assert positions_only(load(str(file), derivatives=["x"])) == ()
    assert positions_only(load(str(file), unitless=True)) == ("x",)
    assert positions_only(load("ideal_spring")) == ()
    assert positions_only(load("kepler_2d")) == ()
    table = pandas.read_csv(file).assign(**{"z [1]": lambda own: own.iloc[:, -1] ** 2})
    table.to_csv(file, index=False)
    assert positions_only(load(str(file))) == ()  # z may be the momentum of x


def test_how_data_were_read_stays_with_the_run(tmp_path):
    path = positions(tmp_path / "mine.csv", count=3)
    found = discover(path, derivatives=["x"], search="sums", results=tmp_path / "results")
    assert found.laws["law"].iloc[0].startswith("x**2 + 0.25")
    again = Discovery.load(found.run.path)
    assert again.dataset.digest() == found.dataset.digest()
    assert again.dataset.names == ("x", "x_dot")
    held = discover(
        pandas.read_csv(path), derivatives=["x"], search="sums", results=tmp_path / "results"
    )
    assert Discovery.load(held.run.path).dataset.digest() == held.dataset.digest()
