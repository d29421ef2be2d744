"""Own data: what is read from a file, and what is said about a file that is wrong."""

import pickle

import numpy as np
import pandas
import pytest

from noether_sym.datasets import load
from noether_sym.datasets.derivatives import INTERPOLATED, SMOOTHED, estimate_derivatives
from noether_sym.errors import DatasetError, UnitError

HEADER = "trajectory,t [s],q [rad],p [kg*m**2/s]"


def circle(label, count=12, start=0.0):
    """Rows of q' = p, p' = -q."""
    times = start + np.linspace(0, 3, count)
    prefix = f"{label}," if label else ""
    return [
        f"{prefix}{time!r},{float(np.sin(time))!r},{float(np.cos(time))!r}"
        for time in times.tolist()
    ]


def load_table(path, **options):
    return load(str(path), **options)


def write(path, *lines, header=HEADER, encoding="utf-8"):
    path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mine.csv"


def complaint(path, **options):
    with pytest.raises(DatasetError) as caught:
        load_table(path, **options)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert str(path) in str(caught.value) or "\0" in str(path)
    return str(caught.value)


def test_trajectories_with_units(file):
    lines = [row for label in "abcde" for row in circle(label, count=10 + ord(label) % 5)]
    dataset = load(str(write(file, *lines)))
    assert dataset.name == "mine"
    assert dataset.source == str(file)
    assert dataset.names == ("q", "p")
    assert [column.unit.symbol for column in dataset.columns] == ["rad", "kg*m**2/s"]
    assert dataset.time_unit.symbol == "s"
    assert [part.name for part in dataset.train] == list("abcd")
    assert [part.name for part in dataset.test] == ["e"]
    assert [len(part) for part in dataset.train] == [12, 13, 14, 10]
    assert dataset.derivative == INTERPOLATED
    assert dataset.notes == ("the last trajectory is kept to test predictions",)
    assert dataset.invariant == ""
    for part in dataset.train:
        q, p = part.states.T
        assert part.derivatives == pytest.approx(np.stack([p, -q], axis=-1), abs=0.02)


def test_ten_trajectories_give_two_for_testing(file):
    lines = [row for label in range(10) for row in circle(f"run {label}")]
    dataset = load_table(write(file, *lines))
    assert [part.name for part in dataset.test] == ["run 8", "run 9"]
    assert dataset.notes == ("the last 2 trajectories are kept to test predictions",)


def test_one_sequence_without_a_trajectory_column(file):
    path = write(file, *circle("", count=101), header="time [s],q [rad],p [rad/s]")
    dataset = load_table(path)
    (train,), (test,) = dataset.train, dataset.test
    assert (train.name, test.name) == ("mine", "mine")
    assert train.times[-1] < 2.4 <= test.times[0]
    assert len(train) + len(test) == 101
    assert "last 20% of the time" in dataset.notes[-1]


def test_three_trajectories_are_split_in_time(file):
    lines = [row for label in "abc" for row in circle(label, start=ord(label))]
    dataset = load_table(write(file, *lines))
    assert len(dataset.train) == len(dataset.test) == 3
    for train, test in zip(dataset.train, dataset.test, strict=True):
        assert train.name == test.name
        assert (len(train), len(test)) == (9, 3)


def test_the_shortest_sequence(file):
    (train,), (test,) = (lambda data: (data.train, data.test))(
        load_table(write(file, *circle("a", count=5)))
    )
    assert (len(train), len(test)) == (3, 2)


def test_interleaved_rows_and_irregular_times(file):
    rng = np.random.default_rng(0)
    rows = []
    for label in "ab":
        times = np.sort(rng.uniform(0, 6, size=40))
        rows += [(time, label, np.sin(time), np.cos(time)) for time in times.tolist()]
    lines = [f"{label},{time},{q},{p}" for time, label, q, p in sorted(rows)]
    dataset = load_table(write(file, *lines))
    assert {part.name for part in dataset.train} == {"a", "b"}
    for part in (*dataset.train, *dataset.test):
        assert part.derivatives[:, 0] == pytest.approx(part.states[:, 1], abs=0.05)


def test_names_are_the_users(file):
    names = ["E", "S", "I", "N", "lambda", "beta1", "θ", "θ'", "T"]
    header = ",".join(["t [s]", *(f"{name} [m]" for name in names)])
    rng = np.random.default_rng(1)
    lines = [",".join(map(repr, [float(row), *rng.random(9).tolist()])) for row in range(9)]
    assert load_table(write(file, *lines, header=header)).names == tuple(names)


def test_units_by_mapping_stand_before_the_header(file):
    path = write(file, *circle("", count=9), header="t,q [deg],p")
    dataset = load_table(path, units={"t": "s", "q": "rad", "p": "rad/s"})
    assert [column.unit.symbol for column in dataset.columns] == ["rad", "rad/s"]
    assert load(str(path), units={"t": "s", "p": "rad/s"}).columns[0].unit.given == "deg"


def test_columns_without_units(file):
    path = write(file, *circle("", count=9), header="t,q [rad],p")
    message = complaint(path)
    assert "no unit for p, t" in message
    assert "as in 'p [m]'" in message
    times = write(file, *circle("", count=9), header="t,q [rad],p [m]")
    assert "no unit for t; write it into the header, as in 't [s]'" in complaint(times)
    path = write(file, *circle("", count=9), header="t,q [rad],p")
    assert "units={'p': UNIT, 't': UNIT}" in message
    assert "unitless=True" in message
    dataset = load_table(path, unitless=True)
    assert all(column.dimension.is_dimensionless for column in dataset.columns)
    assert "all columns taken as dimensionless" in dataset.notes
    assert "no column 'w' to give a unit to" in complaint(path, units={"w": "m"})
    assert "did you mean 'q'" in complaint(path, units={"qq": "m"})
    with pytest.raises(DatasetError, match="one of the two"):
        load_table(path, units={"q": "m"}, unitless=True)


def test_an_unknown_unit_names_its_column(file):
    path = write(file, *circle("", count=9), header="t [s],q [furlonk],p [m]")
    with pytest.raises(UnitError, match=r"mine\.csv, column 'q': 'furlonk' is not a unit"):
        load_table(path)


def test_conversion_of_states_times_and_derivatives(file):
    plain = load_table(
        write(file, *circle("", count=30), header="t [s],q [m],p [m/s]"),
    )
    lines = []
    for row in circle("", count=30):
        time, q, p = map(float, row.split(","))
        lines.append(f"{1000 * time!r},{q!r},{100 * p!r}")
    path = write(file.with_name("other.csv"), *lines, header="t [ms],q [m],p [cm/s]")
    converted = load_table(path)
    assert converted.columns[1].unit.symbol == "m/s"
    assert converted.columns[0].dimension == plain.columns[0].dimension
    for a, b in zip(plain.train, converted.train, strict=True):
        assert a.times == pytest.approx(b.times)
        assert a.states == pytest.approx(b.states)
        assert a.derivatives == pytest.approx(b.derivatives)
    assert converted.notes[:2] == (
        "column 'p' converted from cm/s to m/s (times 0.01)",
        "column 't' converted from ms to s (times 0.001)",
    )


def test_a_column_of_one_value_is_set_aside(file):
    lines = [row.replace(",", ",7,", 1) for label in "abcd" for row in circle(label)]
    path = write(file, *lines, header="trajectory,mass,t [s],q [m],p [m/s]")
    dataset = load_table(path)
    assert dataset.names == ("q", "p")
    assert dataset.notes[0].startswith("column 'mass' has the same value everywhere: set aside")


def test_nothing_to_search(file):
    lines = [f"{time},1,2" for time in range(9)]
    message = complaint(write(file, *lines, header="t [s],a [m],b [m]"))
    assert "all of a, b are constant" in message
    lines = [f"a,{time}" for time in range(9)]
    assert "only the time" in complaint(write(file, *lines, header="trajectory,t [s]"))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            "",
            "a number is missing (blank, NaN or NA); 1 row lacks one: line 5. Fill them in, or "
            "use drop_missing=True",
        ),
        (" ", "a number is missing"),
        ("nan", "a number is missing"),
        ("NA", "a number is missing"),
        ("1_000", "thousands separator"),
        ("1 000.5", "thousands separator"),
        ('"1,234,567.8"', "thousands separator"),
        ("x" * 900, "xxx... is not a number"),
        ("inf", "'inf' is not finite"),
        ("-Infinity", "not finite"),
        ("1e999", "not finite"),
        ("fast", "'fast' is not a number"),
        ('"1,5"', "decimal comma"),
    ],
)
def test_bad_cells_name_line_and_column(file, cell, message):
    lines = circle("a")
    lines[3] = f"a,0.81,{cell},1.0"
    found = complaint(write(file, *lines))
    assert "line 5, column 'q'" in found
    assert message in found


def test_blank_lines_count_and_further_cells_are_counted(file):
    lines = circle("a")
    lines[5] = "a,x,y,z"
    lines[7] = "a,x,1,1"
    lines.insert(2, "")
    found = complaint(write(file, *lines))
    assert "line 8, column 't': 'x' is not a number (1 more such cell" in found


@pytest.mark.parametrize(
    ("label", "hint"), [("a", "sort the rows by time; if a new sequence begins here"), ("", "sort")]
)
def test_times_that_do_not_increase(file, label, hint):
    lines = circle(label) + circle(label)
    header = HEADER if label else HEADER.removeprefix("trajectory,")
    found = complaint(write(file, *lines, header=header))
    assert "line 14, column 't': time 0 does not come after 3 in line 13" in found
    assert hint in found


def test_repeated_rows_are_dropped_and_said(file):
    lines = circle("a") + circle("b")
    lines.insert(15, lines[14])
    lines.insert(15, lines[14])
    dataset = load_table(write(file, *lines))
    assert "2 rows left out as repeats of the row before" in dataset.notes
    lines = circle("a") + circle("b")
    assert load_table(write(file, *lines)).digest() == dataset.digest()


def test_a_time_with_two_states_is_refused(file):
    lines = circle("a") + circle("b")
    label, time, *_ = lines[14].split(",")
    lines[15] = f"{label},{time},7,7"
    found = complaint(write(file, *lines))
    assert "line 17, column 't': time 0.545455 is already in line 16 of trajectory 'b'" in found
    assert "leave one of the two out" in found


def test_time_that_runs_backwards_is_turned_round(file):
    forward, backward = circle("a"), circle("b")
    straight = load_table(write(file, *forward, *backward))
    turned = load_table(write(file, *forward, *backward[::-1]))
    assert turned.digest() == straight.digest()
    assert turned.notes[0] == "time runs backwards in 1 trajectory (b): reversed"


def test_gaps_cut_a_trajectory(file):
    lines = (
        circle("", count=40)
        + circle("", count=40, start=9.0)
        + circle("", count=40, start=50.0)[:3]
    )
    dataset = load_table(write(file, *lines, header="t [s],q [m],p [m/s]"))
    assert dataset.notes[:2] == (
        "1 trajectory cut at 2 gaps in time, steps over 5 times the usual one",
        "1 segment of fewer than 5 samples left out (3 rows)",
    )
    assert [part.name for part in dataset.train] == ["mine", "mine/2"]
    assert [len(a) + len(b) for a, b in zip(dataset.train, dataset.test, strict=True)] == [40, 40]


def test_pieces_of_a_trajectory_are_all_kept_for_testing_or_none(file):
    lines = [line for name in "abcdefgh" for line in circle(name, count=60)]
    whole = load_table(write(file, *lines))
    first = next(n for n, line in enumerate(lines) if line.startswith(f"{whole.test[0].name},"))
    del lines[first + 20 : first + 40]
    cut = load_table(write(file, *lines))
    assert {one.trial or one.name for one in cut.train} == {one.name for one in whole.train}
    assert {one.trial or one.name for one in cut.test} == {one.name for one in whole.test}
    assert len(cut.test) == len(whole.test) + 1
    assert any(f"kept to test predictions, in {len(cut.test)} pieces" in note for note in cut.notes)


def test_missing_rows_are_dropped_and_cut(file):
    lines = circle("", count=60)
    for row in (20, 21, 40):
        time, q, _ = lines[row].split(",")
        lines[row] = f"{time},{q},"
    path = write(file, *lines, header="t [s],q [m],p [m/s]")
    found = complaint(path)
    assert "line 22, column 'p': a number is missing" in found
    assert "3 rows lack one: lines 22, 23, 42." in found
    dataset = load_table(path, drop_missing=True)
    assert "3 rows with missing numbers left out, and 1 trajectory cut there" in dataset.notes
    assert [part.name for part in dataset.train] == ["mine", "mine/2", "mine/3"]
    assert sum(map(len, (*dataset.train, *dataset.test))) == 57


def test_nothing_but_missing(file):
    lines = [f"{row}," for row in range(9)]
    path = write(file, *lines, header="t [s],q [m]")
    assert "column 'q' holds no numbers at all" in complaint(path, drop_missing=True)
    lines = [f"{row},{row if row % 3 else ''}" for row in range(9)]
    path = write(file, *lines, header="t [s],q [m]")
    assert "no segment of 5 samples is left (3 rows" in complaint(path, drop_missing=True)


def test_columns_and_trajectory_by_name(file):
    lines = [f"{row},{row.split(',')[0]},remark" for row in circle("a") + circle("b")]
    header = "run,t [s],q [m],p [m/s],run again,remark"
    path = write(file, *lines, header=header)
    found = complaint(path, trajectory="run")
    assert "line 2, column 'run again': 'a' is not a number (23 more such cells" in found
    assert "leave the column out with columns=['q', 'p']" in found
    assert load_table(path, trajectory="run", columns=["q", "p"]).names == ("q", "p")
    words = write(file, *(f"{row},a" for row in range(9)), header="t [s],q [m]")
    assert "give at least one column of numbers beside the time" in complaint(words)
    days = write(
        file, *(f"0{row}.11.2026 10:00,{row}" for row in range(1, 9)), header="t [s],q [m]"
    )
    assert "write the times as numbers, such as the seconds since the first" in complaint(days)
    path = write(file, *lines, header=header)
    dataset = load_table(path, trajectory="run", columns=["p", "q"])
    assert dataset.names == ("p", "q")
    assert dataset.notes[0] == "columns not asked for: run again, remark"
    assert {part.name for part in dataset.train} == {"a", "b"}
    assert "no column 'ran' to tell traj" in complaint(path, trajectory="ran")
    assert "did you mean 'q'" in complaint(path, trajectory="run", columns=["qq"])
    options = {"trajectory": "run", "columns": ["t"], "time": "t"}
    assert "'t' is the time and cannot" in complaint(path, **options)
    assert "'run' is the name of the" in complaint(path, trajectory="run", columns=["run"])


@pytest.mark.parametrize("size", ["1e300", "1e-300", "-1e80"])
def test_sizes_that_formulas_cannot_take(file, size):
    lines = [f"{row},{row % 3},{float(size) * (row % 4)}" for row in range(9)]
    found = complaint(write(file, *lines, header="t [s],q [m],p [m]"))
    assert "column 'p' reaches" in found
    assert "nearer to 1" in found


def test_too_few_rows(file):
    lines = circle("a") + circle("b", count=4) + circle("c", count=1)
    found = complaint(write(file, *lines))
    assert "trajectory 'b' has 4 rows, at least 5 are needed (and 1 more" in found


def test_blank_trajectory(file):
    lines = circle("a")
    lines[2] = lines[2].replace("a,", ",", 1)
    assert "line 4, column 'trajectory': blank" in complaint(write(file, *lines))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("q [m],p [m],r [m]", "no time column; its columns: q, p, r. Call the time 't'"),
        ("T [K],p [m],r [m]", "time='NAME'"),
        ("t [s],time [s],q [m]", "more than one time column"),
        ("t [s],q [m],q [rad]", "more than one column is called 'q'"),
        ("t [s],,q [m]", "column 2 has no name"),
        ("t [s],[m],q [m]", "column 2 has no name"),
        ("0.0,1.0,2.0", "has no header"),
    ],
)
def test_headers_that_do_not_work(file, header, message):
    assert message in complaint(write(file, *circle("", count=9), header=header))


def test_time_by_any_name(file):
    path = write(file, *circle("", count=9), header="clock [s],q [m],t [m]")
    dataset = load(str(path), time="clock")
    assert dataset.names == ("q", "t")
    assert "no column 'clok' to take as time" in complaint(path, time="clok")
    path = write(file, *circle("", count=9), header="Time [s],q [m],p [m]")
    assert load_table(path).names == ("q", "p")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("t [s],q [m]\n", "a header but no rows"),
        ("t q p\n0 1 2\n", "mine.csv has 1 row, at least 5"),
        ("t\n0\n1\n", "one column only, 't'"),
        ("t [s];q [m]\n0,5;1,5\n1.5;2,5\n", "line 3, column 't': '1.5' has a decimal point"),
        ("t [s];q [m]\n0.5;1.5\n1,5;2.5\n", "line 3, column 't': '1,5' has a decimal comma"),
        ('t [s],q [m]\n0,"1\n', "line 2: not CSV (unexpected end of data); look for a quote"),
        ('t [s],q [m]\n0,"' + "1" * 140_000, "not CSV (field larger than field limit"),
        ("t [s],q [m]\n" + "1" * 1_000_001, "line 2: longer than 1,000,000 characters"),
        ("t [s],q [m]\n0,\x001\n", "holds bytes of zero"),
        ("t [s],q [m]\n0,1\n1,2,3\n", "line 3: 3 cells, but the header has 2"),
        ("t [s],q [m]\n0,1\n1\n", "line 3: 1 cells, but the header has 2"),
    ],
)
def test_texts_that_are_no_table(file, text, message):
    file.write_text(text)
    assert message in complaint(file)


def test_encodings(file):
    lines = circle("", count=9)
    assert "not text in UTF-8" in complaint(
        write(file, *lines, header="t [s],θ [rad],p [m]", encoding="iso-8859-7")
    )
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        path = write(file, *lines, header="t [s],θ [°],p [m]", encoding=encoding)
        assert load_table(path).names == ("θ", "p")
    path = write(file, *lines, header="t [s],q [m],p [m]", encoding="utf-16-le")
    assert "holds bytes of zero" in complaint(path)
    whole = write(file, *lines, header="t [s],q [m],p [m]", encoding="utf-16").read_bytes()
    file.write_bytes(whole[:-1])
    assert "not text in UTF-16 (truncated data)" in complaint(file)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("mark", ["", "sep"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_write(file, separator, mark, ending):
    plain = load_table(write(file, *circle("a"))).digest()
    lines = [row.replace(",", separator).replace(".", ",") for row in circle("a")]
    header = [f"{HEADER.replace(',', separator)}"]
    text = ending.join(header + lines + [separator * 3]) + ending
    file.write_text((f"sep={separator}{ending}" if mark else "") + text, newline="")
    dataset = load_table(file)
    assert "numbers read with decimal commas" in dataset.notes
    assert dataset.digest() == plain


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_closer_look_reads_the_same_numbers(file, separator, ending):
    """A quote anywhere sends the whole file through another reader."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((40, 2)) * 10.0 ** rng.integers(-9, 9, (40, 2))
    lines = [f"a,{row},{x:.{row}g},{p!r}" for row, (x, p) in enumerate(values.tolist(), start=1)]
    lines.insert(7, "")
    lines[20] = "a,20,,1"
    whole = ending.join(["", HEADER, *lines, ",,,", ""]).replace(",", separator)
    if separator == ";":
        whole = whole.replace(".", ",")
    digests = []
    for text in (
        whole,
        whole.replace(f"a{separator}30{separator}", f'"a"{separator}30{separator}'),
    ):
        file.write_text(text, newline="")
        assert "line 23, column 'q': a number is missing" in complaint(file)
        digests.append(load_table(file, drop_missing=True).digest())
    assert '"' in text
    assert digests[0] == digests[1]


@pytest.mark.parametrize("label", ["a", '"a"'])
def test_lines_are_counted_where_quotes_hold_several(file, label):
    lines = [f"{label},{row},{row % 3},1" for row in range(9)]
    lines[7] = f"{label},3,1,2"
    assert "line 9, column 't': time 3 does not come" in complaint(write(file, *lines))
    lines[2] = '"a",2,2,"1\n"'
    assert "line 10, column 't': time 3 does not come" in complaint(write(file, *lines))


def test_quoted_headers_and_columns_without_a_name_at_the_end(file):
    header = '"trajectory","t [s]","q, the angle [rad]","p"" [rad/s]",,'
    dataset = load_table(write(file, *(f"{row},," for row in circle("a")), header=header))
    assert dataset.names == ("q, the angle", 'p"')


def test_files_that_are_not_there(tmp_path):
    assert "there is no file" in complaint(tmp_path / "gone.csv")
    assert "there is no file" in complaint(tmp_path / "gone.parquet")
    assert "is neither a file nor a folder" in complaint("/dev/zero")
    assert "neither a built-in data set nor a file" in complaint("nul\0")
    assert "is not the path of a file" in complaint("nul\0.csv")


def test_files_of_nearly_the_name_are_offered(tmp_path):
    (tmp_path / "swings.csv").write_text("t,x\n")
    (tmp_path / "other.csv").write_text("t,x\n")
    (tmp_path / "swings.png").write_text("")
    (tmp_path / "runs_of_may").mkdir()
    for name in ("swing.csv", "Swings.CSV", "swings.xlsx", "swings"):
        if not (tmp_path / name).exists():  # some file systems do not tell cases apart
            said = complaint(tmp_path / name)
            assert f"did you mean {tmp_path / 'swings.csv'}" in said
            assert "other" not in said
            assert "png" not in said
    assert "runs_of_may" in complaint(tmp_path / "runs_of_mai")
    assert "did you mean" not in complaint(tmp_path / "gone.csv")
    assert f"and no folder {tmp_path / 'x'}" in complaint(tmp_path / "x" / "swings.csv")


def frame():
    rows = [row.split(",") for label in "abcd" for row in circle(label)]
    table = pandas.DataFrame(rows, columns=HEADER.split(","))
    return table.astype(dict.fromkeys(table.columns[1:], float))


def test_parquet_holds_the_same_as_csv(tmp_path):
    table = frame()
    table.to_csv(tmp_path / "mine.csv", index=False)
    table.to_parquet(tmp_path / "mine.parquet")
    a, b = load_table(tmp_path / "mine.csv"), load_table(tmp_path / "mine.parquet")
    assert a.digest() == b.digest()


def test_parquet_with_an_index_and_whole_numbers(tmp_path):
    table = frame().iloc[::-1].iloc[::-1]
    table.index = table.index + 5
    table["trajectory"] = table["trajectory"].map(ord)
    table["n [1]"] = np.arange(len(table)) ** 2
    path = tmp_path / "mine.pq"
    table.to_parquet(path)
    dataset = load_table(path)
    assert dataset.names == ("q", "p", "n")
    assert [part.name for part in dataset.test] == ["100"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (None, "a number is missing"),
        (float("nan"), "a number is missing"),
        (float("inf"), "inf is not finite"),
        ("fast", "'fast' is not a number"),
    ],
)
def test_parquet_cells(tmp_path, cell, message):
    table = frame().astype({"q [rad]": object})
    if isinstance(cell, str):
        table["q [rad]"] = table["q [rad]"].map(repr)
    table.loc[3, "q [rad]"] = cell
    path = tmp_path / "mine.parquet"
    if not isinstance(cell, str):
        import pyarrow
        import pyarrow.parquet

        columns = {name: table[name].tolist() for name in table.columns}
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    else:
        table.to_parquet(path)
    found = complaint(path)
    assert "row 4, column 'q'" in found
    assert message in found


def test_parquet_that_is_none(tmp_path):
    path = tmp_path / "mine.parquet"
    path.write_text("t,q\n0,1\n")
    assert "is not a Parquet file" in complaint(path)
    path.write_bytes(b"PAR1 and no more")
    assert "not a readable Parquet file" in complaint(path)
    pandas.DataFrame({"t [s]": [], "q [m]": []}).to_parquet(path)
    assert "a header but no rows" in complaint(path)
    stamps = pandas.date_range("2020-01-01", periods=6)
    pandas.DataFrame({"t": stamps, "q [m]": range(6)}).to_parquet(path)
    (train,) = load_table(path).train
    assert np.diff(train.times) == pytest.approx(86400.0)
    pandas.DataFrame({"t": [[1.0]] * 6, "q [m]": range(6)}).to_parquet(path)
    assert "is not a number; give numbers" in complaint(path, units={"t": "s"})


@pytest.mark.parametrize(
    ("noise", "limit", "smoothed"), [(0.0, 1e-3, False), (1e-6, 5e-3, None), (0.03, 0.06, True)]
)
@pytest.mark.parametrize("regular", [True, False])
def test_derivatives(noise, limit, smoothed, regular):
    rng = np.random.default_rng(2)
    times = np.linspace(0, 20, 400) if regular else np.sort(rng.uniform(0, 20, size=400))
    exact = np.stack([np.sin(times), 5e6 * np.cos(times)], axis=-1)
    states = exact + noise * rng.standard_normal(exact.shape) * [1, 5e6]
    (found,), penalties = estimate_derivatives([(times, states)])
    slopes = np.stack([np.cos(times), -5e6 * np.sin(times)], axis=-1)
    errors = np.sqrt(np.mean((found - slopes) ** 2, axis=0)) / [1, 5e6]
    assert errors.max() < limit
    if smoothed is not None:
        assert [penalty > 0 for penalty in penalties] == [smoothed, smoothed]


def test_noise_is_smoothed_and_said(file):
    rng = np.random.default_rng(3)
    lines = []
    for row in circle("", count=200):
        time, q, p = map(float, row.split(","))
        lines.append(f"{time},{q + 0.05 * rng.standard_normal()},{p}")
    dataset = load_table(write(file, *lines, header="t [s],q [m],p [m/s]"))
    assert dataset.derivative == f"{SMOOTHED}, of q; {INTERPOLATED} of the others"
