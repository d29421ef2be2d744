"""Tables as programs hold them: one way in for all, the same trajectories out."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xarray as xr

import noether_sym
import noether_sym.datasets
from noether_sym.datasets.readers.frame import as_table
from noether_sym.errors import DatasetError, NoetherSymError, OptionError

T = np.linspace(0.0, 3.0, 12)
X, V = np.cos(T), -np.sin(T)
FRAME = pd.DataFrame({"x": X, "v": V})
TIMED = FRAME.assign(t=T)
LONG = pd.concat({"a": FRAME.set_index(T), "b": 2 * FRAME.set_index(T)})
ARRAYS = np.stack([FRAME.to_numpy(), 2 * FRAME.to_numpy()])


def named(frame, *names):
    return frame.rename_axis(index=list(names))


def xarray_of(dims=("run", "time")):
    data = xr.Dataset(
        {"x": (("run", "time"), np.stack([X, 2 * X])), "v": (("run", "time"), np.stack([V, 2 * V]))}
    )
    data = data.assign_coords(run=["a", "b"], time=T, station=4)
    return data.transpose(*dims)


ONE = {
    "index": (FRAME.set_index(T), {}),
    "named index": (named(FRAME.set_index(T), "t"), {}),
    "another name": (named(FRAME.set_index(T), "clock"), {}),
    "dates": (FRAME.set_index(pd.Timestamp("2024-03-01") + pd.to_timedelta(T, unit="s")), {}),
    "durations": (FRAME.assign(t=pd.to_timedelta(T, unit="s")), {}),
    "array": (FRAME.to_numpy(), {"names": ["x", "v"], "time": T}),
    "dt": (FRAME, {"dt": T[1]}),
    "mapping": ({"x": X, "v": V}, {"time": list(T)}),
    "polars": (pl.DataFrame({"t": T, "x": X, "v": V}), {}),
    "lazy": (pl.LazyFrame({"t": T, "x": X, "v": V}), {}),
    "arrow": (pa.table({"t": T, "x": X, "v": V}), {}),
    "xarray": (xarray_of().sel(run="a", drop=True), {}),
    "xarray columns": (
        xr.DataArray(FRAME, dims=("t", "of"), coords={"t": T, "of": ["x", "v"]}),
        {},
    ),
}
TWO = {
    "levels": (LONG, {}),
    "named levels": (named(LONG, "run", "time"), {}),
    "levels swapped": (named(LONG, "run", "t").swaplevel(), {}),
    "trajectory by name": (named(LONG, "run", "s"), {"trajectory": "run"}),
    "groups": (
        pd.concat([TIMED.assign(run="a"), (2 * FRAME).assign(t=T, run="b")]).groupby("run"),
        {},
    ),
    "frames by name": ({"a": TIMED, "b": (2 * FRAME).assign(t=T)}, {}),
    "list with times": ([FRAME, 2 * FRAME], {"time": [T, T]}),
    "three dimensions": (ARRAYS, {"names": ["x", "v"], "time": T}),
    "three dimensions, dt": (ARRAYS, {"names": ["x", "v"], "dt": T[1]}),
    "polars by name": (
        {name: pl.DataFrame({"t": T, "x": k * X, "v": k * V}) for name, k in (("a", 1), ("b", 2))},
        {},
    ),
    "xarray": (xarray_of(), {}),
    "xarray, time first": (xarray_of(("time", "run")), {}),
}


@pytest.mark.parametrize("kind", ONE)
def test_one_trajectory_of_any_kind(kind):
    data, options = ONE[kind]
    table = as_table(data, **options)
    time = table.time or next(name for name in table.frame if name[0] == "t")
    names = [name.partition(" ")[0] for name in table.frame]
    assert sorted(set(names) - {"x", "v"}) == [time.partition(" ")[0]]
    frame = table.frame.set_axis(names, axis=1)
    np.testing.assert_allclose(frame["x"], X)
    np.testing.assert_allclose(frame["v"], V)
    np.testing.assert_allclose(frame[time.partition(" ")[0]], T, atol=1e-9)


@pytest.mark.parametrize("kind", TWO)
def test_several_trajectories_of_any_kind(kind):
    data, options = TWO[kind]
    read = noether_sym.inspect(data, unitless=True, **options)
    assert read.train == (12,) * 2 or sum(read.train) + sum(read.test) == 24
    assert [column.name for column in read.columns] == ["x", "v"]
    assert read.steps[1] == pytest.approx(T[1])
    assert read.columns[0].largest == pytest.approx(2.0)


def test_times_as_dates_are_seconds_and_say_so():
    table = as_table(ONE["dates"][0])
    assert list(table.frame) == ["x", "v", "t [s]"]
    gap = FRAME.set_index(pd.to_datetime([*["2024-03-01"] * 11, None]))
    with pytest.raises(DatasetError, match="no date in row 12"):
        as_table(gap)


def test_numbers_of_rows_are_no_times():
    table = as_table(pd.concat({"a": FRAME, "b": FRAME}))
    assert list(table.frame) == ["x", "v", "trajectory"]
    assert list(as_table(FRAME.iloc[3:]).frame) == ["x", "v"]
    counted = as_table(pd.concat({"a": FRAME, "b": FRAME}), dt=0.5).frame
    assert counted.groupby("trajectory")["t"].max().tolist() == [5.5, 5.5]


def test_units_stand_in_the_order_of_the_columns():
    table = as_table(ARRAYS, names=["x", "v"], time=T, units=["m", "m/s", "s"])
    assert table.units == {"x": "m", "v": "m/s", "t": "s"}
    data = xarray_of()
    data["x"].attrs["units"], data["time"].attrs["units"] = "m", "s"
    assert list(as_table(data).frame) == ["x [m]", "v", "time [s]", "trajectory"]
    read = noether_sym.inspect(data, units={"v": "m/s"})
    assert [column.unit for column in read.columns] == ["m", "m/s"]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (None, {}, "NoneType are not understood"),
        (3.5, {}, "float are not understood"),
        ({}, {}, "empty mapping"),
        (np.array([["a", "b"]]), {"names": ["q", "p"]}, "holds no numbers"),
        ({"t": T, "x": FRAME}, {}, "columns only, or tables only"),
        ({"t": T, "x": np.zeros((12, 2, 2))}, {}, r"'x' has the shape \(12, 2, 2\)"),
        (FRAME, {"time": T[:5]}, "one time a sample"),
        (TIMED, {"time": T}, "have a time column 't'"),
        ([FRAME, FRAME], {"time": [T, T, T]}, "3 arrays for 2 trajectories"),
        (FRAME, {"time": T, "dt": 0.1}, "both time and dt"),
        (FRAME, {"units": ["m"], "dt": 1.0}, "1 units for the 3 columns x, v, t"),
        (named(FRAME.set_index(T), "x"), {}, "index is called 'x' as a column is"),
        (xr.DataArray(FRAME.to_numpy()), {}, "does not name its columns"),
        (TIMED, {"trajectory": "run", "unitless": True}, "the table has no column 'run'"),
    ],
)
def test_what_is_no_table_is_refused_in_words(data, options, message):
    with pytest.raises(DatasetError, match=message) as caught:
        noether_sym.discover(data, **options)
    assert ".parquet" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 1.5}, "seed is 1.5; expected a whole number, got a number"),
        ({"budget": "20s"}, "budget is '20s'; expected a number, got a text"),
        ({"budget": -1}, "above 0"),
        ({"depth": 0}, "depth is 0"),
        ({"search": "sum"}, "did you mean 'sums'"),
        ({"window": "foo"}, "'auto', 'full' or a number"),
        ({"acceptance": 1.0}, "above 1"),
        ({"fdr": 2}, "between 0 and 1"),
        ({"jobs": 0}, "jobs is 0"),
        ({"device": "tpu"}, "known: auto, cpu, cuda"),
        ({"columns": 3}, "expected a sequence"),
        ({"skip_rows": -1}, "skip_rows is -1; expected a whole number from 0 up"),
        ({"rates": ["x"]}, "expected a mapping"),
        ({"sigma": {"q": np.ones(4)}}, "4 numbers, and the data are named"),
        ({"units": "m"}, "give a mapping"),
        ({"dt": 0.1}, "dt describes arrays"),
        ({"time": T}, "give a column's name"),
        ({"noise": float("nan")}, "from 0 up"),
        ({"results": 5}, "give a path"),
        ({"progress": 3}, "give a function"),
    ],
)
def test_wrong_arguments_are_refused_in_words(options, message):
    with pytest.raises(OptionError, match=message) as caught:
        noether_sym.discover("ideal_spring", **options)
    assert isinstance(caught.value, NoetherSymError | TypeError)


def test_a_data_set_that_is_read_is_taken_where_nothing_is_kept():
    data = noether_sym.datasets.load("ideal_spring")
    assert noether_sym.inspect(data) == noether_sym.inspect("ideal_spring")
    with pytest.raises(OptionError, match="with the arguments that load was given"):
        noether_sym.discover(data)


def test_one_name_is_a_sequence_of_one_and_numpy_scalars_are_numbers():
    read = noether_sym.inspect(
        TIMED.assign(w=X), unitless=np.bool_(True), columns="x", seed=np.int64(3)
    )
    assert [column.name for column in read.columns] == ["x"]
    with pytest.raises(OptionError, match="no argument 'colums'; did you mean 'columns'"):
        noether_sym.inspect(TIMED, colums=["x"])


def test_layouts_and_added_rates_are_those_of_files():
    particles = [FRAME.assign(body=name) for name in ("sun", "1")]
    for data in (pd.concat(particles), [pd.concat(particles)] * 4):
        read = noether_sym.inspect(data, dt=0.25, particle="body", unitless=True)
        assert [column.name for column in read.columns] == ["x_sun", "v_sun", "x1", "v1"]
        assert read.steps == pytest.approx((0.25, 0.25, 0.25))
    read = noether_sym.inspect(TIMED, columns="x", derivatives="x", unitless=True)
    assert [column.name for column in read.columns] == ["x", "x_dot"]
    with pytest.raises(DatasetError, match=r"^the table has 3 rows, at least 5 are needed"):
        noether_sym.inspect(TIMED[:3], unitless=True)
    with pytest.raises(OptionError, match="comment is for files of text"):
        noether_sym.check("x", TIMED, comment="!")
