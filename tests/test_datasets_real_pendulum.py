"""The measured pendulum: where the file is sought, checked, and what is made of it."""

import functools
import hashlib
import http.server
import shutil
import threading
import zipfile

import numpy as np
import pytest

from noether_sym.datasets import load
from noether_sym.datasets.systems import real_pendulum
from noether_sym.errors import DatasetError
from noether_sym.statistics.samples import make_samples


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """A small file of the same form that passes for the right one."""
    path = tmp_path / "made_up" / real_pendulum.FILE_NAME
    path.parent.mkdir()
    path.write_text("%t o v\n" + "".join(f"0 {row} {row**2} {row / 2}\n" for row in range(20)))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(real_pendulum, "FILE_SHA256", found)
    return path


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, no named folder, and no network."""
    import pooch

    def refuse(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.delenv("NOETHER_SYM_DATA", raising=False)
    monkeypatch.setattr(real_pendulum, "_cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path / "cache"


def test_data(pendulum_file):
    dataset = load("real_pendulum")
    (train,), (test,) = dataset.train, dataset.test
    measured = pendulum_file == "measured"
    assert (len(train), len(test)) == ((444, 111) if measured else (232, 59))
    assert dataset.names == ("q", "p")
    assert [column.unit.symbol for column in dataset.columns] == ["rad", "rad/s"]
    assert dataset.derivative == "forward difference"
    assert dataset.invariant == "p**2 - 2.4*cos(q)"
    assert dataset.canonical_pairs == ((0, 1),)
    assert train.times[0] == 5.0
    assert test.times[0] > train.times[-1]
    assert (train.states[:, 0] == 0).sum() == (2 if measured else 0)
    ahead = train.states[:-1] + train.derivatives[:-1] * np.diff(train.times)[:, None]
    assert ahead == pytest.approx(train.states[1:], abs=1e-12)
    edge = train.states[-1] + train.derivatives[-1] * (test.times[0] - train.times[-1])
    assert edge == pytest.approx(test.states[0], abs=1e-12)
    assert len(train.segments()) == (11 if measured else 6)
    assert len(test.segments()) == 1
    assert ("10 gaps" if measured else "5 gaps") in dataset.notes[1]


def test_a_generated_file_is_read_as_it_was_written(generated_as_measured):
    """Comments are left out, and dx/dt is the forward difference, across gaps too."""
    dataset = load("real_pendulum")
    lines = generated_as_measured.read_text().splitlines()
    assert lines[0].startswith("%")
    rows = np.array([[float(cell) for cell in line.split()] for line in lines[1:]])
    parts = (*dataset.train, *dataset.test)
    np.testing.assert_array_equal(np.concatenate([one.times for one in parts]), rows[:-1, 1])
    np.testing.assert_array_equal(np.concatenate([one.states for one in parts]), rows[:-1, 2:])
    (train, *_) = parts
    gap = int(np.argmax(np.diff(train.times)))
    assert np.diff(train.times)[gap] == pytest.approx(3 / 6)
    jump = (rows[gap + 1, 2:] - rows[gap, 2:]) / (rows[gap + 1, 1] - rows[gap, 1])
    np.testing.assert_array_equal(train.derivatives[gap], jump)
    samples = make_samples(dataset.train, window=20, seed=0)
    for start in samples.states[0, :, 0]:
        row = int(np.flatnonzero(train.states[:, 0] == start)[0])
        assert np.ptp(np.diff(train.times[row : row + 20])) < 1e-9


@pytest.mark.measured
def test_the_rate_is_that_of_the_angle():
    """q' = p holds within the noise, so rad/s is the unit of p."""
    train = load("real_pendulum").train[0]
    middle = train.states[:-1, 1] + np.diff(train.states[:, 1]) / 2
    slope, offset = np.polyfit(middle, train.derivatives[:-1, 0], 1)
    assert slope == pytest.approx(1.05, abs=0.02)
    assert offset == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("folder", ["", "schmidt_lipson", "elsewhere"])
def test_found_in_the_named_folder(made_up, cache, monkeypatch, tmp_path, folder):
    target = tmp_path / "data" / folder / made_up.name
    target.parent.mkdir(parents=True)
    shutil.copy(made_up, target)
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path / "data"))
    assert real_pendulum.locate() == target
    monkeypatch.setenv("NOETHER_SYM_DATA", str(target))
    assert real_pendulum.locate() == target


def test_found_in_the_cache(made_up, cache, monkeypatch, tmp_path):
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path / "nothing_here"))
    cache.mkdir()
    shutil.copy(made_up, cache)
    assert real_pendulum.locate() == cache / made_up.name
    dataset = load("real_pendulum")
    assert (len(dataset.train[0]), len(dataset.test[0])) == (15, 4)


def test_downloaded_once_into_the_cache(made_up, monkeypatch, tmp_path):
    """The whole way: a server, the archive's checksum, the member, the cache."""
    served = tmp_path / "served"
    served.mkdir()
    with zipfile.ZipFile(served / "data.zip", "w") as archive:
        archive.write(made_up, real_pendulum.ARCHIVE_MEMBER)
        archive.writestr("invar_datasets/other.txt", "not wanted")
    found = hashlib.sha256((served / "data.zip").read_bytes()).hexdigest()
    cache = tmp_path / "cache"
    monkeypatch.delenv("NOETHER_SYM_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(real_pendulum, "_cache", lambda: cache)
    monkeypatch.setattr(real_pendulum, "ARCHIVE_SHA256", found)
    handler = functools.partial(Quiet, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/data.zip"
        monkeypatch.setattr(real_pendulum, "ARCHIVE_URL", url)
        try:
            assert real_pendulum.locate() == cache / made_up.name
            monkeypatch.setattr(real_pendulum, "ARCHIVE_SHA256", "0" * 64)
            assert real_pendulum.locate().read_bytes() == made_up.read_bytes()
            shutil.rmtree(cache)
            with pytest.raises(DatasetError, match="could not be downloaded"):
                real_pendulum.locate()
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


def test_wrong_checksum(cache, monkeypatch, tmp_path):
    target = tmp_path / real_pendulum.FILE_NAME
    target.write_text("0 5.0 1.0 1.0\n")
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match="delete it to have it downloaded again") as caught:
        load("real_pendulum")
    for part in (str(target), "sha256 is", f"expected {real_pendulum.FILE_SHA256}"):
        assert part in str(caught.value)


@pytest.mark.parametrize("folder", [None, "/nowhere"])
def test_neither_file_nor_network(cache, monkeypatch, folder):
    if folder:
        monkeypatch.setenv("NOETHER_SYM_DATA", folder)
    with pytest.raises(DatasetError, match="no network") as caught:
        load("real_pendulum")
    for part in (
        real_pendulum.ARCHIVE_URL,
        real_pendulum.ARCHIVE_SHA256,
        "invar_datasets/real_pend_h_1.txt",
        "environment variable NOETHER_SYM_DATA",
        f"now {folder!r}" if folder else "now unset",
        str(cache),
    ):
        assert part in str(caught.value)
