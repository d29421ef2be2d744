"""Whatever a file holds, it loads or is refused in words: never anything else.

The short version runs every time; the long one with ``pytest -m slow``, which trials
``NOETHER_SYM_FUZZ`` inputs of each kind (5,000 unless told).
"""

import io
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from strategies import NAMES

from noether_sym.api.verbs import inspected as inspect
from noether_sym.datasets import load
from noether_sym.errors import DatasetError, NoetherSymError, UnitError

LONG = int(os.environ.get("NOETHER_SYM_FUZZ", "5000"))
UNITS = (
    "", "m", "s", "rad", "deg", "kg*m**2/s", "m/s", "1", "%", "degC", "dB", "furlonk", "m**", "m²",
    "9**9**9**9", "m**1e9", "m**0.5", "m/0", "µm", "AU", "[", "dimensionless", "1/s", "Ym", "ym**8",
    "K", "pixel", "m" * 300, "\x00", "\\", "{m}", "m;s", "m,s", '"', "-m", "∞", "m**(1/3)", "()",
)  # fmt: skip
CELLS = (
    "0", "1", "-1", "0.5", "1e300", "1e-300", "-1e300", "5e-324", "1e308", "1e999", "inf", "nan",
    "NaN", "", " ", "NA", "-", "1,5", "1.234,5", "1,234.5", "1 234", "1_000", "0x10", "1e", "1.5.2",
    "True", "None", "٣", "１", "1\x00", "é", "a", '"', "'1'", "=1+1", "#REF!", "2020-01-01", "1d3",
)  # fmt: skip
SEPARATORS = (",", ";", "\t", "|", " ", ",\t")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1253")
SUFFIXES = (".csv", ".txt", ".tsv", ".parquet", ".npz", ".dat", "")
ENDINGS = ("\n", "\r\n", "\r", "\n\n")

names = st.one_of(st.sampled_from([*NAMES, "t", "time", "trajectory"]), st.text(max_size=8))
units = st.one_of(st.sampled_from(UNITS), st.text(max_size=6))
numbers = st.one_of(
    st.floats(width=64),
    st.floats(-10, 10),
    st.integers(-(10**20), 10**20),
    st.sampled_from([0.0, 1e300, 1e-300, -1e75, 1e-75, 1.0 + 1e-15]),
)


FAULTS = ("header", "units", "columns", "cells", "separator", "encoding", "options", "damage")
GOOD_UNITS = ("m", "m/s", "kg*m**2/s", "rad", "deg", "1", "cm", "K")


@st.composite
def plans(draw):
    """What goes wrong: mostly one or two things, sometimes nothing, sometimes everything."""
    if draw(st.integers(0, 9)) == 0:
        return frozenset(FAULTS)
    return frozenset(draw(st.lists(st.sampled_from(FAULTS), max_size=2)))


@st.composite
def headers(draw, plan):
    """A time and one to three columns, sometimes with trajectories."""
    cells = ["t", *draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))]
    if "header" in plan:
        cells = draw(st.lists(names, min_size=1, max_size=4))
        cells.insert(draw(st.integers(0, len(cells))), draw(st.sampled_from(["t", "Time", ""])))
    texts = []
    for cell in cells:
        unit = "s" if cell == "t" else draw(st.sampled_from(GOOD_UNITS))
        if "units" in plan and draw(st.booleans()):
            unit = draw(units)
        bare = "units" in plan and draw(st.integers(0, 4)) == 0
        texts.append(cell if bare else f"{cell} [{unit}]")
    return ["trajectory", *texts] if draw(st.integers(0, 3)) == 0 else texts


@st.composite
def grids(draw, plan, header):
    """Columns that look like trajectories, unless the plan is to have others."""
    count = draw(st.integers(9, 60))
    wild = "columns" in plan
    if wild and draw(st.booleans()):
        count = draw(st.integers(0, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = ["wave", "noise"]
    kinds += ["wave", "times", "same", "steps", "any", "sparse", "far"] if wild else []
    columns = []
    for cell in header:
        kind = draw(st.sampled_from(kinds))
        if cell == "trajectory":
            kind = "labels"
        elif cell.startswith("t [") and not (wild and draw(st.booleans())):
            kind = draw(st.sampled_from(["times", "clock", "gaps"]))
        values = {
            "clock": 0.1 * np.arange(count),
            "times": np.cumsum(rng.exponential(size=count) ** (9 if wild else 1)),
            "gaps": np.cumsum(np.where(rng.random(count) < 0.1, 20.0, 1.0)),
            "labels": np.arange(count) * (1 + int(rng.integers(3))) // max(count, 1) * 1.0,
            "wave": np.sin(0.3 * np.arange(count)),
            "noise": rng.standard_normal(count),
            "far": rng.standard_normal(count) * 10.0 ** draw(st.integers(-90, 90)),
            "same": np.full(count, 3.0),
            "steps": np.arange(count) // 3 * 1.0,
            "sparse": np.where(rng.random(count) < 0.2, np.nan, np.arange(count) ** 2),
            "any": np.zeros(count),
        }[kind]
        if kind == "any":
            size = {"min_size": count, "max_size": count}
            values = np.array(draw(st.lists(numbers, **size)), dtype=float)
        columns.append(values[::-1] if wild and draw(st.integers(0, 4)) == 0 else values)
    return columns


@st.composite
def options(draw, plan, header):
    """Options as people give them, of names that are there unless the plan says otherwise."""
    bare = [cell.rpartition(" [")[0] or cell for cell in header]
    wild = "options" in plan
    known = st.one_of(st.sampled_from(bare), names) if wild else st.sampled_from(bare)
    good = st.one_of(st.sampled_from(GOOD_UNITS), units) if wild else st.sampled_from(GOOD_UNITS)
    chosen = {"drop_missing": draw(st.booleans())}
    if draw(st.integers(0, 2)) == 0:
        chosen["unitless"] = True
    if draw(st.integers(0, 2)) == 0 and ("unitless" not in chosen or wild):
        chosen["units"] = draw(st.dictionaries(known, good, max_size=3))
        if not wild:
            chosen["units"] = {key: one for key, one in chosen["units"].items() if key in bare[-1:]}
    if wild:
        for name in ("time", "trajectory"):
            if draw(st.booleans()):
                chosen[name] = draw(known)
        chosen["columns"] = draw(st.lists(known, max_size=3))
    return chosen


@st.composite
def texts(draw):
    """The bytes of a text file, a suffix, and options."""
    plan = draw(plans())
    header = draw(headers(plan))
    columns = draw(grids(plan, header))
    rows = [[repr(float(value)) for value in row] for row in zip(*columns, strict=True)]
    for _ in range(draw(st.integers(1, 3)) if rows and "cells" in plan else 0):
        row = rows[draw(st.integers(0, len(rows) - 1))]
        row[draw(st.integers(0, len(header) - 1))] = draw(
            st.one_of(st.sampled_from(CELLS), st.text(max_size=5))
        )
        if draw(st.integers(0, 9)) == 0:
            row.append("1")
    separator, ending = draw(st.sampled_from(",;\t")), draw(st.sampled_from(ENDINGS))
    if "separator" in plan:
        separator = draw(st.sampled_from(SEPARATORS))
    top = header
    if draw(st.booleans()):
        top = [f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in header]
    lines = [separator.join(row) for row in rows]
    if separator != "," and draw(st.booleans()):
        lines = [line.replace(".", ",") for line in lines]
    text = ending.join([separator.join(top), *lines])
    encoding = draw(st.sampled_from(ENCODINGS if "encoding" in plan else ENCODINGS[:3]))
    whole = text.encode(encoding, errors="ignore")
    if "damage" in plan:
        whole = damaged(draw, whole)
    return whole, draw(st.sampled_from(SUFFIXES)), draw(options(plan, header))


def damaged(draw, whole):
    """The same bytes, cut short or with some of them changed."""
    if draw(st.booleans()):
        return whole[: draw(st.integers(0, len(whole)))]
    changed = bytearray(whole)
    for _ in range(draw(st.integers(1, 4)) if whole else 0):
        changed[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


def check(path, chosen):
    """Load or be refused; anything else is a failure of the test."""
    refusal = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            dataset = load(str(path), **chosen)
        except NoetherSymError as error:
            refusal = error
        else:
            facts = inspect(dataset).to_json()
    if refusal is not None:
        event(type(refusal).__name__)
        assert isinstance(refusal, DatasetError | UnitError)
        assert len(str(refusal)) < 3000
        return
    event("loaded")
    assert facts["train"]
    assert all(np.isfinite(one.derivatives).all() for one in (*dataset.train, *dataset.test))
    assert dataset.digest()


def check_text(case):
    whole, suffix, chosen = case
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, f"mine{suffix}")
        path.write_bytes(whole)
        check(path, chosen)


def check_binary(data):
    """Parquet, npz and folders of them."""
    plan = data.draw(plans())
    header = data.draw(headers(plan))
    chosen = data.draw(options(plan, header))
    with tempfile.TemporaryDirectory() as place:
        for number in range(data.draw(st.sampled_from([1, 1, 2, 5]))):
            columns = dict(zip(header, data.draw(grids(plan, header)), strict=True))
            path = Path(
                place, f"run{number}.{data.draw(st.sampled_from(['csv', 'npz', 'parquet']))}"
            )
            write(path, columns)
            if "damage" in plan:
                path.write_bytes(damaged(data.draw, path.read_bytes()))
        check(path, chosen)
        check(place, chosen)


def write(path, columns):
    if path.suffix == ".npz":
        with zipfile.ZipFile(path, "w") as archive:
            for number, (name, column) in enumerate(columns.items()):
                stream = io.BytesIO()
                np.save(stream, column)
                safe = name.replace("\0", "") or f"x{number}"
                archive.writestr(f"{safe}.npy", stream.getvalue())
    elif path.suffix == ".parquet":
        pandas.DataFrame(columns).to_parquet(path)
    else:
        pandas.DataFrame(columns).to_csv(path, index=False)


SHORT_RUN = settings(max_examples=60, suppress_health_check=list(HealthCheck))
LONG_RUN = settings(max_examples=LONG, suppress_health_check=list(HealthCheck), derandomize=False)


@SHORT_RUN
@given(case=texts())
def test_texts_load_or_are_refused(case):
    check_text(case)


@SHORT_RUN
@given(data=st.data())
def test_binary_files_and_folders_load_or_are_refused(data):
    check_binary(data)


@pytest.mark.slow
@LONG_RUN
@given(case=texts())
def test_many_texts_load_or_are_refused(case):
    check_text(case)


@pytest.mark.slow
@LONG_RUN
@given(data=st.data())
def test_many_binary_files_and_folders_load_or_are_refused(data):
    check_binary(data)


@SHORT_RUN
@given(name=st.text(max_size=20), chosen=options(frozenset(FAULTS), ["t", "q"]))
def test_names_of_data_sets_are_found_or_refused(name, chosen):
    check(f"nowhere/{name}", chosen)
