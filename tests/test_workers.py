"""Chunks on other processes and on a Dask cluster: the same laws, and nothing lost."""

import os
import signal

import numpy as np
import pytest

from noether_sym.datasets import load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.grammar import GRAMMARS
from noether_sym.errors import DeviceError
from noether_sym.runtime import workers
from noether_sym.runtime.workers import Workers
from noether_sym.search import fit as search
from noether_sym.search.fit import fit_candidates
from noether_sym.statistics.samples import make_samples
from noether_sym.store.checkpoint import Checkpoint
from noether_sym.store.run import Run
from noether_sym.verdict.stage import distinct_candidates


@pytest.fixture(scope="module")
def problem():
    spring = load("ideal_spring")
    laws = enumerate_laws(GRAMMARS["paper"], spring.dimensions, 6)
    return distinct_candidates(laws), make_samples(spring.train, window=None, seed=0)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(search, "_MEMBERS", 16)


def test_processes_give_the_same_fits(problem, small_chunks):
    assert fit_candidates(*problem, workers=Workers(2, "loky")) == fit_candidates(*problem)


def test_a_cluster_gives_the_same_fits_though_a_worker_is_killed(problem, small_chunks):
    distributed = pytest.importorskip("distributed")
    expected = fit_candidates(*problem)
    killed = []

    def kill_one(stage, done, total):
        if not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        dask = Workers(backend="dask", scheduler=cluster.scheduler_address)
        found = fit_candidates(*problem, workers=dask, progress=kill_one)
    assert killed
    assert found == expected


@pytest.mark.parametrize("scheduler", [None, "tcp://127.0.0.1:9", "nonsense://", "not an address"])
def test_a_scheduler_that_does_not_answer_is_refused(problem, scheduler, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "_ANSWER", 0.3)
    with pytest.raises(DeviceError, match="scheduler"):
        fit_candidates(*problem, workers=Workers(backend="dask", scheduler=scheduler))


def test_chunks_that_a_checkpoint_holds_are_not_fitted_again(problem, small_chunks, tmp_path):
    checkpoint = Checkpoint(Run(tmp_path))
    expected = fit_candidates(*problem, checkpoint=checkpoint)
    held = sorted(path.name for path in (tmp_path / "checkpoint").iterdir())
    assert len(held) == 4
    key = held[0].removesuffix(".npz")
    arrays = checkpoint.read(key)
    checkpoint.write(key, {**arrays, "ratio": np.full_like(arrays["ratio"], 7.0)})
    (tmp_path / "checkpoint" / held[1]).write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "checkpoint" / held[2]).unlink()
    again = fit_candidates(*problem, checkpoint=checkpoint)
    changed = [one.ratio for one, two in zip(again, expected, strict=True) if one != two]
    assert changed == [7.0] * len(arrays["ratio"])
