"""Recordings of Schmidt and Lipson: where files are sought, checked, what is made of them."""

import functools
import hashlib
import http.server
import shutil
import threading
import zipfile

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import eigh

from noether_sym.datasets import load
from noether_sym.datasets.systems import schmidt_lipson
from noether_sym.datasets.systems.schmidt_lipson import RECORDINGS
from noether_sym.errors import DatasetError
from noether_sym.laws.known import known_law
from noether_sym.runtime import folders
from noether_sym.statistics.samples import make_samples

MEASURED, SIMULATED = "real_double_pendulum", "schmidt_lipson_double_pendulum"
FACTORS = {MEASURED: (0.32, 0.77, 124.7, 46.5), SIMULATED: (0.5, 1.0, 19.6, 9.8)}
"""Of w2^2, w1 w2 cos(th1 - th2), -cos(th1) and -cos(th2), beside w1^2."""


@pytest.fixture(params=["real_pendulum", MEASURED])
def made_up(request, passes_for, tmp_path):
    """The recording of a small file of the same form that passes for the right one."""
    record = RECORDINGS[request.param]
    path = tmp_path / "made_up" / record.file_name
    path.parent.mkdir()
    rest = " 0" * (8 if record.derivative != schmidt_lipson.DIFFERENCE else 2)
    lines = [f"{trial} {row}{rest}\n" for trial in range(len(record.trials)) for row in range(20)]
    path.write_text("%t o v\n" + "".join(lines))
    return passes_for(path, request.param), path


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, no named folder, and no network."""
    import pooch

    def refuse(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.delenv("NOETHER_SYM_DATA", raising=False)
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path / "cache"


def test_the_pendulum(pendulum_file):
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


@pytest.fixture(params=[MEASURED, SIMULATED])
def double(request, passes_for, monkeypatch, tmp_path):
    """A generated file that passes for that of a double pendulum: its name and its rows."""
    name = request.param
    rows = np.concatenate([_double(0, (-1.1, -1.3, -0.5, -6.0)), _double(1, (-12, -46, 9, -20))])
    if name == SIMULATED:
        rows = np.concatenate([_double(0, (0.4, 0.4, 0, 0), name), _double(1, (2, 3, 0, 1), name)])
    path = tmp_path / RECORDINGS[name].file_name
    np.savetxt(path, rows, fmt="%.17g", header=" o1 o2 w1 w2", comments="%")
    passes_for(path, name)
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path))
    return name, rows


def _double(trial, start, name=MEASURED):
    """Rows of a trial: its number, time, angles, rates, the rates again, and accelerations.

    The equations of motion of an energy with the factors of the record; frames are missing
    from what passes for measured.
    """
    square, mixed, first, second = FACTORS[name]

    def slope(_, state):
        angles, rates = state[:2], state[2:]
        apart = angles[0] - angles[1]
        pull = mixed * np.sin(apart) * np.array([-(rates[1] ** 2), rates[0] ** 2])
        pull -= np.array([first, second]) * np.sin(angles)
        inertia = [[2, mixed * np.cos(apart)], [mixed * np.cos(apart), 2 * square]]
        return np.concatenate([rates, np.linalg.solve(inertia, pull)])

    times = np.arange(200) / 100
    if name == MEASURED:
        times = np.delete(times, [20, 21, 60, 61, 62, 130])
    states = solve_ivp(slope, (0, 2), start, t_eval=times, rtol=1e-11, atol=1e-11).y.T
    slopes = np.array([slope(0, state) for state in states])
    return np.column_stack([np.full(len(times), trial), times + 23 * trial, states, slopes])


def test_a_generated_double_pendulum_is_read_as_it_was_written(double):
    name, rows = double
    dataset = load(name)
    check_double(dataset)
    share = "the last 20% of each trial is kept to test predictions"
    assert dataset.notes == ((share, "6 gaps in time") if name == MEASURED else (share,))
    for trial, parts in enumerate(zip(dataset.train, dataset.test, strict=True)):
        own = rows[rows[:, 0] == trial]
        assert len(parts[0]) == int(0.8 * len(own))
        for values, column in (
            ([one.times for one in parts], 1),
            ([one.states for one in parts], slice(2, 6)),
            ([one.derivatives for one in parts], slice(6, 10)),
        ):
            np.testing.assert_array_equal(np.concatenate(values), own[:, column])


def test_the_known_law_of_a_double_pendulum_follows_from_its_equations(double):
    dataset = load(double[0])
    law = known_law(dataset)
    for one in (*dataset.train, *dataset.test):
        values = law(one.states)
        assert np.ptp(values) < 1e-7 * np.abs(values).max()


def check_double(dataset):
    record = RECORDINGS[dataset.name]
    assert dataset.names == ("theta1", "theta2", "omega1", "omega2")
    assert [column.unit.symbol for column in dataset.columns] == ["rad", "rad", "rad/s", "rad/s"]
    assert dataset.time_unit.symbol == "s"
    assert dataset.derivative == record.derivative
    assert record.file_name in dataset.source
    assert dataset.canonical_pairs == ()
    assert record.invariants == (dataset.invariant,)
    assert [one.name for one in dataset.train] == ["0", "1"]
    assert [one.name for one in dataset.test] == ["0", "1"]
    for train, test in zip(dataset.train, dataset.test, strict=True):
        assert test.times[0] > train.times[-1]
        for one in (train, test):
            np.testing.assert_array_equal(one.derivatives[:, :2], one.states[:, 2:])


@pytest.mark.measured
@pytest.mark.parametrize(
    ("name", "train", "test", "gaps", "start"),
    [
        (MEASURED, (655, 560), (164, 141), 85, (0.0, 23.194)),
        (SIMULATED, (1040, 972), (261, 243), 0, (0.0, 0.0)),
    ],
)
def test_double_pendulums(name, train, test, gaps, start):
    dataset = load(name)
    check_double(dataset)
    assert tuple(map(len, dataset.train)) == train
    assert tuple(map(len, dataset.test)) == test
    assert sum(len(one.segments()) - 1 for one in (*dataset.train, *dataset.test)) == gaps
    assert [one.times[0] for one in dataset.train] == pytest.approx(start, abs=1e-3)


@pytest.mark.measured
@pytest.mark.parametrize(
    ("name", "slack", "error"), [(MEASURED, 0.02, 0.06), (SIMULATED, 1e-4, 1e-3)]
)
def test_rates_are_those_of_the_angles(name, slack, error):
    """Angles go on through whole turns; they change by omega times the step."""
    for one in load(name).train:
        steps = np.diff(one.times)
        turned = np.diff(one.states[:, :2], axis=0)
        expected = (one.states[:-1, 2:] + one.states[1:, 2:]) / 2 * steps[:, None]
        assert np.abs(turned - expected).max() < 1
        near = steps < 1.5 * np.median(steps)
        for own, rate in zip(turned[near].T, expected[near].T, strict=True):
            assert np.polyfit(rate, own, 1)[0] == pytest.approx(1, abs=slack)
            assert np.std(own - rate) < error * np.std(own)


@pytest.mark.measured
@pytest.mark.parametrize(("name", "rate"), [(MEASURED, 0.1), (SIMULATED, 2e-3)])
def test_accelerations_are_the_slopes_of_the_rates(name, rate):
    for one in load(name).train:
        steps = np.diff(one.times)
        near = steps < 1.5 * np.median(steps)
        change = (np.diff(one.states[:, 2:], axis=0) / steps[:, None])[near]
        middle = ((one.derivatives[:-1, 2:] + one.derivatives[1:, 2:]) / 2)[near]
        for own, given in zip(change.T, middle.T, strict=True):
            assert np.polyfit(given, own, 1)[0] == pytest.approx(1, abs=rate)


@pytest.mark.measured
def test_the_law_of_the_measured_double_pendulum():
    """Five terms, over windows of 60 samples: each trial by itself gives nearly the same law."""
    trials = whole_trials(MEASURED)
    for trial, ratio, expected in (
        (trials[0], 0.0117, (1, 0.316, 0.813, -123.0, -45.8)),
        (trials[1], 0.0600, (1, 0.322, 0.764, -124.6, -46.7)),
    ):
        ratios, factors = five_terms(windows(trial, 60))
        assert ratios[0] == pytest.approx(ratio, rel=0.01)
        assert ratios[1] > 0.8
        assert factors == pytest.approx(expected, rel=2e-3)
    _, factors = five_terms([own for trial in trials for own in windows(trial, 60)])
    square, mixed, first, second = FACTORS[MEASURED]
    assert factors == pytest.approx((1, square, mixed, -first, -second), rel=5e-3)


@pytest.mark.measured
def test_the_law_of_the_simulated_double_pendulum():
    ratios, factors = five_terms(whole_trials(SIMULATED))
    assert ratios[0] < 1e-13
    assert ratios[1] > 0.9
    assert factors == pytest.approx((1, 0.5, 1, -19.6, -9.8), rel=1e-6)


@pytest.mark.measured
@pytest.mark.parametrize("name", [MEASURED, SIMULATED])
def test_the_known_law_of_measured_data(name):
    law = known_law(load(name))
    values = [law(trial) for trial in whole_trials(name)]
    spread = np.concatenate(values).var()
    within = [own.var() for one in values for own in np.array_split(one, len(one) // 60)]
    assert np.mean(within) < (2e-3 if name == MEASURED else 1e-13) * spread


def whole_trials(name):
    dataset = load(name)
    parts = zip(dataset.train, dataset.test, strict=True)
    return [np.concatenate([train.states, test.states]) for train, test in parts]


def windows(states, length):
    """What is left over joins the last window."""
    return np.split(states, [length * k for k in range(1, len(states) // length)])


def five_terms(parts):
    """Variance within parts over that of all, least first, and factors of the least."""
    terms = []
    for th1, th2, w1, w2 in (own.T for own in parts):
        mixed = w1 * w2 * np.cos(th1 - th2)
        terms.append(np.column_stack([w1**2, w2**2, mixed, np.cos(th1), np.cos(th2)]))
    scale = np.concatenate(terms).std(axis=0)
    inside = np.concatenate([own - own.mean(axis=0) for own in terms]) / scale
    total = np.cov(np.concatenate(terms) / scale, rowvar=False, bias=True)
    ratios, vectors = eigh(inside.T @ inside / len(inside), total)
    factors = vectors[:, 0] / scale
    return ratios, factors / factors[0]


@pytest.mark.parametrize("folder", ["", "schmidt_lipson", "elsewhere"])
def test_found_in_the_named_folder(made_up, cache, monkeypatch, tmp_path, folder):
    recording, path = made_up
    target = tmp_path / "data" / folder / path.name
    target.parent.mkdir(parents=True)
    shutil.copy(path, target)
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path / "data"))
    assert schmidt_lipson.locate(recording) == target
    monkeypatch.setenv("NOETHER_SYM_DATA", str(target))
    assert schmidt_lipson.locate(recording) == target


def test_found_in_the_cache(made_up, cache, monkeypatch, tmp_path):
    recording, path = made_up
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path / "nothing_here"))
    cache.mkdir()
    shutil.copy(path, cache)
    assert schmidt_lipson.locate(recording) == cache / path.name
    dataset = load(recording.name)
    lengths = (15, 4) if recording.name == "real_pendulum" else (16, 4)
    assert (len(dataset.train[0]), len(dataset.test[0])) == lengths


def test_downloaded_once_into_the_cache(passes_for, monkeypatch, tmp_path):
    """The whole way: a server, the archive's checksum, two members one after the other."""
    served = tmp_path / "served"
    served.mkdir()
    files = {}
    with zipfile.ZipFile(served / "data.zip", "w") as archive:
        for name in ("real_pendulum", MEASURED):
            path = tmp_path / RECORDINGS[name].file_name
            path.write_text(f"0 0 0 0\n% {name}\n")
            archive.write(path, RECORDINGS[name].member)
            files[path] = passes_for(path, name)
        archive.writestr("invar_datasets/other.txt", "not wanted")
    found = hashlib.sha256((served / "data.zip").read_bytes()).hexdigest()
    cache = tmp_path / "cache"
    monkeypatch.delenv("NOETHER_SYM_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(folders, "cache_folder", lambda: cache)
    monkeypatch.setattr(schmidt_lipson, "ARCHIVE_SHA256", found)
    handler = functools.partial(Quiet, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/data.zip"
        monkeypatch.setattr(schmidt_lipson, "ARCHIVE_URL", url)
        try:
            for path, recording in files.items():
                assert schmidt_lipson.locate(recording) == cache / path.name
                (served / "data.zip").unlink(missing_ok=True)  # it is asked for once
            monkeypatch.setattr(schmidt_lipson, "ARCHIVE_SHA256", "0" * 64)
            for path, recording in files.items():
                assert schmidt_lipson.locate(recording).read_bytes() == path.read_bytes()
            shutil.rmtree(cache)
            for recording in files.values():
                with pytest.raises(DatasetError, match=f"{recording.name} .* could not be down"):
                    schmidt_lipson.locate(recording)
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("name", list(RECORDINGS))
def test_wrong_checksum(cache, monkeypatch, tmp_path, name):
    target = tmp_path / RECORDINGS[name].file_name
    target.write_text("0 5.0 1.0 1.0\n")
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match="delete it to have it downloaded again") as caught:
        load(name)
    for part in (str(target), "sha256 is", f"expected {RECORDINGS[name].sha256}"):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", list(RECORDINGS))
@pytest.mark.parametrize("folder", [None, "/nowhere"])
def test_neither_file_nor_network(cache, monkeypatch, folder, name):
    if folder:
        monkeypatch.setenv("NOETHER_SYM_DATA", folder)
    with pytest.raises(DatasetError, match="no network") as caught:
        load(name)
    for part in (
        f"the data of {name} ",
        schmidt_lipson.ARCHIVE_URL,
        schmidt_lipson.ARCHIVE_SHA256,
        f"invar_datasets/{RECORDINGS[name].file_name}",
        "environment variable NOETHER_SYM_DATA",
        f"now {folder!r}" if folder else "now unset",
        str(cache),
    ):
        assert part in str(caught.value)
