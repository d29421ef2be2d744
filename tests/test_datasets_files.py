"""Own data as npz files and folders, and what is too much of it."""

import io
import pickle
import zipfile

import numpy as np
import pandas
import pytest

from noether_sym.datasets import load
from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.readers import raw_table, thinning
from noether_sym.datasets.readers.segments import Segment
from noether_sym.errors import DatasetError

COLUMNS = {"t [s]": 0, "q [m]": 1, "p [m/s]": 2}


def circle(count=20, start=0.0, step=0.1):
    """Columns of q' = p, p' = -q."""
    times = start + step * np.arange(count)
    return dict(zip(COLUMNS, (times, np.sin(times), np.cos(times)), strict=True))


def csv(path, columns):
    pandas.DataFrame(columns).to_csv(path, index=False)
    return path


def complaint(path, **options):
    with pytest.raises(DatasetError) as caught:
        load(str(path), **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_npz_holds_the_same_as_csv(tmp_path):
    columns = {"trajectory": np.repeat(["a", "b"], 20)}
    a, b = circle(), circle(start=1.0)
    columns |= {name: np.concatenate([a[name], b[name]]) for name in a}
    np.savez(tmp_path / "mine.npz", **columns)
    np.savez_compressed(tmp_path / "small.npz", **columns)
    plain = load(str(csv(tmp_path / "mine.csv", columns)))
    for name in ("mine.npz", "small.npz"):
        assert load(str(tmp_path / name)).digest() == plain.digest()
    renamed = (tmp_path / "mine.npz").rename(tmp_path / "mine.dat.csv")
    assert load(str(renamed)).digest() == plain.digest()


def test_npz_of_other_numbers(tmp_path):
    path = tmp_path / "mine.npz"
    columns = circle()
    np.savez(path, t=np.arange(20), q=columns["q [m]"].astype("float32"), p=columns["p [m/s]"])
    assert load(str(path), units={"t": "s", "q": "m", "p": "m"}).names == ("q", "p")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"t": np.arange(5.0), "q": np.arange(6.0)}, "the arrays differ in length (t 5, q 6)"),
        ({"t": np.arange(5.0), "q": np.ones((5, 2))}, "array 'q': has the shape (5, 2)"),
        ({"t": np.arange(5.0), "q": np.float64(1)}, "array 'q': has the shape ()"),
        ({"t": np.arange(5.0), "q": np.array(["a"] * 5)}, "array 'q': text where numbers"),
        ({"t": np.arange(5.0), "q": np.ones(5, complex)}, "array 'q': complex128 where numbers"),
        ({"t": np.arange(5.0), "q": np.ones(5, "M8[s]")}, "array 'q': datetime64[s] where"),
        ({"t": np.arange(5.0), "q": np.ones(5, [("a", "f8")])}, "array 'q': "),
        ({"t": np.arange(0.0), "q": np.arange(0.0)}, "a header but no rows"),
        ({"t": np.arange(5.0)}, "one column only, 't'"),
        ({}, "it is empty"),
    ],
)
def test_npz_that_is_no_table(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    assert message in complaint(tmp_path / "mine.npz")


def test_npz_with_objects_is_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    trap = np.empty(5, dtype=object)
    trap[:] = [Trap()] * 5
    np.savez(tmp_path / "mine.npz", t=np.arange(5.0), q=trap)
    found = complaint(tmp_path / "mine.npz")
    assert "array 'q': holds pickled objects, which are never opened" in found
    (tmp_path / "bare.npz").write_bytes(pickle.dumps(1))
    assert "not a readable .npz file" in complaint(tmp_path / "bare.npz")


def archive(path, members):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../q.npy", "/q.npy", "a/../../q.npy", "..\\q.npy", "C:q.npy"])
def test_npz_with_a_path_that_climbs_out(tmp_path, name):
    members = {"t.npy": npy(np.arange(5.0)), name: npy(np.arange(5.0))}
    found = complaint(archive(tmp_path / "mine.npz", members))
    assert "leads out of the file" in found
    assert [path.name for path in tmp_path.iterdir()] == ["mine.npz"]


def test_archives_that_are_no_npz(tmp_path):
    path = archive(tmp_path / "mine.xlsx", {"xl/workbook.xml": b"<x/>"})
    path = path.rename(tmp_path / "mine.csv")
    assert "is not a readable workbook" in complaint(path)
    good = npy(np.arange(5.0))
    path = archive(tmp_path / "mine.npz", {"t.npy": good, "q.npy": good[:-8]})
    assert "array 'q': truncated" in complaint(path)
    huge = good.replace(b"(5,)", b"(5000000000,)").replace(b" " * 9, b"", 1)
    path = archive(tmp_path / "mine.npz", {"t.npy": good, "q.npy": huge})
    assert "array 'q': truncated" in complaint(path)
    path = archive(tmp_path / "mine.npz", {"t.npy": good, "q.npy": b"\x93NUMPY\x01\x00xx"})
    assert "array 'q': damaged" in complaint(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_truncated_files(tmp_path, kind, share):
    path = tmp_path / f"mine.{kind}"
    if kind == "npz":
        np.savez(path, **circle(200))
    else:
        pandas.DataFrame(circle(200)).to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert "not a readable" in complaint(path)


@pytest.fixture
def folder(tmp_path):
    """Twelve trajectories in three kinds of files."""
    place = tmp_path / "swings"
    place.mkdir()
    for number in range(1, 13):
        columns = circle(20 + number, start=number)
        if number % 3 == 0:
            csv(place / f"run{number}.csv", columns)
        elif number % 3 == 1:
            pandas.DataFrame(columns).to_parquet(place / f"run{number}.parquet")
        else:
            np.savez(place / f"run{number}.npz", **columns)
    return place


def test_a_folder_is_one_trajectory_a_file(folder):
    (folder / ".hidden.csv").write_text("nothing")
    (folder / "notes.md").write_text("# notes")
    (folder / "more").mkdir()
    dataset = load(str(folder))
    assert dataset.name == "swings"
    assert [part.name for part in dataset.train] == [f"run{number}" for number in range(1, 11)]
    assert [part.name for part in dataset.test] == ["run11", "run12"]
    assert [len(part) for part in dataset.test] == [31, 32]
    assert dataset.notes[0] == "passed over in the folder: more, notes.md"


def test_files_of_a_folder_with_trajectories_of_their_own(tmp_path):
    for name in "ab":
        columns = {"trajectory": [1] * 20 + [2] * 20}
        columns |= {key: np.concatenate([one, one]) for key, one in circle().items()}
        csv(tmp_path / f"{name}.csv", columns)
    dataset = load(str(tmp_path))
    names = [part.name for part in (*dataset.train, *dataset.test)]
    assert names == ["a/1", "a/2", "b/1", "b/2"]


def test_files_of_the_same_name(tmp_path):
    csv(tmp_path / "a.csv", circle())
    csv(tmp_path / "a.txt", circle())
    assert {part.name for part in load(str(tmp_path)).train} == {"a.csv", "a.txt"}


def test_a_file_with_other_columns_is_named(folder):
    csv(folder / "run5.csv", {**circle(), "w [m]": range(20)})
    assert "run5.csv has different columns from run1.parquet: it has 'w' too" in complaint(folder)
    columns = circle()
    columns["q [cm]"] = columns.pop("q [m]")
    csv(folder / "run5.csv", columns)
    assert "run5.csv has different columns from run1.parquet: 'q' is in cm instead" in complaint(
        folder
    )
    columns = circle()
    del columns["p [m/s]"]
    csv(folder / "run5.csv", columns)
    assert "run5.csv has different columns from run1.parquet: it lacks 'p'" in complaint(folder)
    (folder / "run5.csv").write_text("t [s],q [m],p [m/s]\n0,1,x\n")
    assert "run5.csv, line 2, column 'p': 'x' is not a number" in complaint(folder)
    csv(folder / "run5.csv", circle(4))
    assert "run5.csv has 4 rows, at least 5 are needed" in complaint(folder)


def test_links_out_of_a_folder_are_refused(folder, tmp_path):
    secret = csv(tmp_path / "secret.csv", circle())
    (folder / "link.csv").symlink_to(folder / "run3.csv")
    assert len(load(str(folder)).train) == 11
    (folder / "other.csv").symlink_to(secret)
    assert "other.csv is a link that leads out of the folder" in complaint(folder)


def test_a_folder_without_files(tmp_path):
    assert "without a CSV, Excel, Parquet, NumPy or MATLAB file" in complaint(tmp_path)


def test_a_folder_read_from_inside(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert load(".").name == "swings"


def test_too_many_numbers(folder, monkeypatch):
    monkeypatch.setattr(raw_table, "MOST_CELLS", 60)
    assert "has over 21 rows of 3 columns; at most 60" in complaint(folder / "run2.npz")
    assert "at most 60 numbers are read" in complaint(folder / "run3.csv")
    assert "at most 60 numbers are read" in complaint(folder / "run4.parquet")


def test_thinning_keeps_the_motion(tmp_path):
    columns = circle(40_000, step=0.001)
    path = csv(tmp_path / "mine.csv", columns)
    whole = load(str(path))
    assert len(whole.train[0]) + len(whole.test[0]) == 40_000
    segments = [segment_of(columns)]
    thinned, notes = thinning.thin(segments, ["q", "p"], limit=1000)
    assert notes == ["40,000 samples thinned to 1,000: every 40th sample"]
    assert len(thinned[0]) == 1000
    # 6,283 samples a period, and 20 of them stay
    (thinned,), notes = thinning.thin(segments, ["q", "p"], limit=100)
    assert notes[0].endswith("th sample, and the first 100 at most of 1 segment")
    assert 100 <= np.diff(thinned.frame.index)[0] <= 314
    many = [segment_of(circle(50, start=start)) for start in range(100)]
    thinned, notes = thinning.thin(many, ["q", "p"], limit=1000)
    assert sum(map(len, thinned)) <= 1000
    assert len(thinned) == 40


def segment_of(columns):
    names = [name.partition(" ")[0] for name in columns]
    return Segment("mine", pandas.DataFrame(dict(zip(names, columns.values(), strict=True))))


def test_segments_of_irregular_sampling():
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.exponential(size=2000))
    states = np.zeros((2000, 1))
    assert len(Trajectory("a", times, states, states).segments()) < 5
    regular = np.delete(np.arange(2000.0), [500, 1000])
    states = np.zeros((1998, 1))
    assert len(Trajectory("a", regular, states, states).segments()) == 3
