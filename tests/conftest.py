"""What every test shares: one thread an operation, no network, and a pendulum's file."""

import functools
import hashlib
import os
import socket
from dataclasses import replace

import numpy as np
import pytest

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# processes that a test starts are sent to a port of this machine where nothing answers
for _variable in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ[_variable] = os.environ[_variable.upper()] = "http://127.0.0.1:9"
for _variable in ("no_proxy", "NO_PROXY"):
    os.environ[_variable] = "127.0.0.1,localhost"

_LOCAL = ("localhost", "::1", "", None)


class NetworkRefused(ConnectionError):
    """A test tried to leave the machine."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Connections to other machines are refused, and fail the test that tried one."""
    tried = []

    def checked(address, whole):
        host = address[0] if isinstance(address, tuple) else None
        host = host.decode() if isinstance(host, bytes) else host
        if host not in _LOCAL and not str(host).startswith("127."):
            tried.append(whole)
            raise NetworkRefused(f"tests open no network connection, and this one is to {whole}")

    for name in ("connect", "connect_ex"):
        own = getattr(socket.socket, name)

        def connect(self, address, own=own):
            # a datagram socket sends nothing by this; Dask asks for its own address so
            if self.family != socket.AF_UNIX and self.type != socket.SOCK_DGRAM:
                checked(address, address)
            return own(self, address)

        monkeypatch.setattr(socket.socket, name, connect)
    lookup = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        if host not in (socket.gethostname(), "0.0.0.0", "::"):
            checked((host,), host)
        return lookup(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield tried
    assert not tried, f"a test tried to reach {tried}; tests open no network connection"


@pytest.fixture(scope="session", autouse=True)
def _generated_once():
    """Each built-in system is integrated once a session; its arrays cannot be written to."""
    from noether_sym.datasets.systems import generate

    whole = generate.generate

    @functools.cache
    def once(system, *, seed=0, noise=0.0):
        dataset = whole(system, seed=seed, noise=noise)
        for part in (*dataset.train, *dataset.test):
            for array in (part.times, part.states, part.derivatives):
                array.setflags(write=False)
        return dataset

    generate.generate = once
    yield
    generate.generate = whole


def pytest_runtest_setup(item):
    """Tests of measured data are left out where these are not; nothing is downloaded."""
    if item.get_closest_marker("measured") is None:
        return
    from noether_sym.datasets.systems import schmidt_lipson as own

    missing = ", ".join(
        recording.file_name
        for recording in own.RECORDINGS.values()
        if not any(path.is_file() for path in own.places(recording))
    )
    if missing and (folder := os.environ.get(own.DATA_VARIABLE)):
        pytest.fail(f"{own.DATA_VARIABLE} is {folder!r}, which lacks {missing}")
    if missing:
        pytest.skip(f"not here: {missing}; set {own.DATA_VARIABLE} to a folder that holds them")


@pytest.fixture(scope="session")
def generated_pendulum(tmp_path_factory):
    """A damped pendulum in the format of the measured file: comments, t q p, gaps in time."""
    from scipy.integrate import solve_ivp

    times = 5.0 + np.arange(300) / 6
    times = np.delete(times, [7, 8, 40, 41, 90, 150, 151, 220])
    states = solve_ivp(
        lambda _, x: [x[1], -1.2 * np.sin(x[0]) - 0.02 * x[1]],
        (times[0], times[-1]), [1.14, 0.92], t_eval=times, rtol=1e-9, atol=1e-9,
    ).y  # fmt: skip
    states += np.random.default_rng(0).normal(scale=0.003, size=states.shape)
    path = tmp_path_factory.mktemp("data") / "real_pend_h_1.txt"
    rows = np.column_stack([np.zeros_like(times), times, *states])
    np.savetxt(path, rows, fmt="%24.16e", header="o v", comments="%")
    return path


@pytest.fixture
def passes_for(monkeypatch):
    """A call by which a file passes for that of a recording, wherever it is sought."""
    from noether_sym.datasets.systems import schmidt_lipson

    def passes(path, name):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        recording = replace(schmidt_lipson.RECORDINGS[name], sha256=found)
        records = {**schmidt_lipson.RECORDINGS, name: recording}
        monkeypatch.setattr(schmidt_lipson, "RECORDINGS", records)
        return recording

    return passes


@pytest.fixture
def generated_as_measured(generated_pendulum, passes_for, monkeypatch):
    """`real_pendulum` is the generated file; returns its path."""
    passes_for(generated_pendulum, "real_pendulum")
    monkeypatch.setenv("NOETHER_SYM_DATA", str(generated_pendulum.parent))
    return generated_pendulum


@pytest.fixture(params=["generated", pytest.param("measured", marks=pytest.mark.measured)])
def pendulum_file(request):
    """Which file `real_pendulum` reads: a generated one everywhere, the measured one if here."""
    if request.param == "generated":
        request.getfixturevalue("generated_as_measured")
    return request.param
