"""Decoys: they keep columns and lose laws; what is found in them bounds chance."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from networks import law_of
from scipy.stats import poisson

import noether_sym
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.datasets.dataset import Trajectory
from noether_sym.datasets.derive import with_derived
from noether_sym.dsl.expression import call, input_
from noether_sym.errors import DatasetError
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, Evidence
from noether_sym.statistics.conservation import masked
from noether_sym.statistics.samples import make_samples
from noether_sym.statistics.variance import within_variance
from noether_sym.verdict import decoys
from noether_sym.verdict.decoys import Decoys, decoy, found_in, rate_bound
from noether_sym.verdict.independence import Judgement
from tests.test_verdict_runs import oscillators

_ENERGY = call("add", call("square", input_(0)), call("square", input_(1)))


def ratio(trajectories, value):
    """Variance of a quantity within trajectories over that of all samples."""
    values = [value(own.states) for own in trajectories]
    whole = np.concatenate(values)
    return np.mean([own.var() for own in values]) / whole.var()


def test_the_bound_is_poisson_s():
    assert rate_bound(0, 20) == pytest.approx(0.15, abs=5e-4)
    mean = 20 * rate_bound(3, 20)
    assert poisson.cdf(3, mean) == pytest.approx(0.05)


def test_columns_keep_their_values_and_lose_their_law():
    dataset = load("ideal_pendulum", noise=0.02)
    own = decoy(dataset, 0, 0)
    for one, other in zip(dataset.train, own.train, strict=True):
        assert 0.75 * len(one) - 1 <= len(other) <= len(one)
        for column in range(2):
            rows = np.column_stack([one.states[:, column], one.derivatives[:, column]])
            moved = np.column_stack([other.states[:, column], other.derivatives[:, column]])
            assert {tuple(row) for row in moved} <= {tuple(row) for row in rows}
            lag = int(np.flatnonzero(one.states[:, column] == moved[0, 0])[0])
            assert moved[1, 0] == one.states[(lag + 1) % len(one), column] or lag > 0.7 * len(one)
    energy = lambda x: x[:, 1] ** 2 - 3.0 * np.cos(x[:, 0])  # noqa: E731
    assert ratio(dataset.train, energy) < 0.02
    assert ratio(own.train, energy) > 0.3


def test_each_trajectory_is_moved_by_its_own_amount():
    """One shift for all would leave x**2 + v**2 + c*x*v, exactly, in oscillators of one period."""
    times = np.linspace(0.0, 30.0, 300)
    dataset = load("ideal_spring")
    sizes = np.linspace(0.5, 1.5, 12)
    train = tuple(
        Trajectory(str(size), times, size * wave, size * wave[:, ::-1] * [-1.0, 1.0])
        for size in sizes
        for wave in [np.column_stack([np.cos(times), np.sin(times)])]
    )
    own = decoy(replace(dataset, train=train, test=()), 0, 0)
    samples = make_samples(own.train, window=None, seed=0)
    q, p = samples.states
    weights = samples.weights
    least = min(
        float(within_variance(*masked(q**2 + p**2 + c * q * p, weights))) / (q**2 + p**2).var()
        for c in np.linspace(-2.0, 2.0, 41)
    )
    assert least > 0.05


def test_ends_are_joined_where_they_meet():
    dataset = load("ideal_spring")
    times = np.linspace(0.0, 15.0, 200)
    wave = np.column_stack([np.cos(times), np.sin(times)])
    one = Trajectory("1", times, wave, wave)
    for number in range(5):
        (own,) = decoy(replace(dataset, train=(one,), test=()), number, 0).train
        assert np.abs(np.diff(own.states, axis=0)).max() < 2.0 * np.abs(np.diff(wave, axis=0)).max()


def test_decoys_are_the_same_by_seed_and_differ_by_number():
    dataset = load("ideal_spring")
    assert decoy(dataset, 1, 0).digest() == decoy(dataset, 1, 0).digest()
    others = {decoy(dataset, n, seed).digest() for n in range(3) for seed in range(2)}
    assert len(others) == 6


def test_derived_columns_follow_and_the_time_stays():
    dataset = load("ideal_spring", derive={"E": "q**2"}, with_time=True)
    own = decoy(dataset, 0, 0)
    place, time = dataset.names.index("E"), dataset.names.index("t")
    for one in own.train:
        assert one.states[:, place] == pytest.approx(one.states[:, 0] ** 2)
        assert (one.states[:, time] == one.times).all()
    with pytest.raises(DatasetError, match="no decoy can be made: derived column 'r' = sqrt"):
        decoy(_root(), 0, 0)


def _root():
    """A root that is real along the trajectory and not beside it."""
    times = np.linspace(0.0, 20.0, 100)
    wave = np.column_stack([np.cos(times), np.sin(times)])
    rates = wave[:, ::-1] * [-1.0, 1.0]
    dataset = load("ideal_spring", unitless=True)
    dataset = replace(dataset, train=(Trajectory("1", times, wave, rates),), test=())
    return with_derived(dataset, {"r": "sqrt(1.01 - q**2 - p**2)"})


def test_points_without_order_are_exchanged():
    dataset = replace(load("ideal_spring"), ordered=False)
    own = decoy(dataset, 0, 0)
    states = np.concatenate([one.states for one in own.train])
    before = np.concatenate([one.states for one in dataset.train])
    assert np.array_equal(np.sort(states, 0), np.sort(before, 0))
    rates = np.concatenate([(one.states * one.derivatives).sum(1) for one in own.train])
    assert np.abs(rates).max() > 0.1


def test_what_reads_one_column_is_told_apart():
    dataset = load("ideal_spring")
    sure = Evidence(LAW, "", within=0.01, white=0.5, chance=1e-12, trajectories=5)
    slow = replace(sure, verdict=APPROXIMATE_LAW)
    laws = [
        law_of(input_(0)).with_(family=1, evidence=sure),
        law_of(_ENERGY).with_(family=2, evidence=sure),
        law_of(call("add", input_(0), input_(1))).with_(family=3, evidence=slow),
        law_of(call("mul", input_(0), input_(1))).with_(family=4, function_of=(1, 2)),
    ]
    found = found_in(Judgement(tuple(laws), (), (), 2), dataset)
    assert (found.count, found.families, found.approximate, found.single) == (1, 1, 1, 1)
    assert len(found.formulas) == 2
    both = Decoys.together([found, found])
    assert (both.count, both.families, len(both.formulas)) == (2, 2, 4)


def test_a_search_tells_what_it_finds_by_chance(tmp_path):
    tables = oscillators(14, noise=0.01)
    options = {"unitless": True, "depth": 5, "grammar": "add,mul,square", "search": "formulas"}
    options["results"] = tmp_path / "runs"
    found = noether_sym.discover(tables, **options, decoys=1)
    assert found.independent == 1
    assert (found.decoys.count, found.decoys.families) == (1, 0)
    assert found.decoys.bound == pytest.approx(rate_bound(0, 1))
    (folder,) = (tmp_path / "runs").iterdir()
    written = json.loads((folder / "laws.json").read_text())["decoys"]
    assert written["bound"] == found.decoys.bound
    assert not (folder / "checkpoint").exists()
    # asked for again, more of them: the laws stay, the decoys are searched
    again = noether_sym.discover(tables, **options, decoys=2)
    assert again.decoys.count == 2
    assert again.laws.equals(found.laws)


def test_decoys_are_of_the_data_that_are_searched(monkeypatch):
    """One wrong number would make every quantity of every decoy vary."""
    tables = oscillators(14, noise=0.01)
    tables[3].loc[50, "x"] = 1e4
    seen = []
    whole = decoys.decoy

    def watched(dataset, number, seed):
        seen.append(max(float(np.abs(own.states).max()) for own in dataset.train))
        return whole(dataset, number, seed)

    monkeypatch.setattr(decoys, "decoy", watched)
    noether_sym.discover(tables, unitless=True, search="sums", budget=1, decoys=1)
    assert seen[0] < 10.0


def test_decoys_go_on_where_they_were(tmp_path, monkeypatch):
    arguments = ["fit", "--dataset", "ideal_spring", "--search", "sums", "--decoys", "3"]
    arguments += ["--results", str(tmp_path)]
    searched = []
    whole = decoys.decoy

    def interrupted(dataset, number, seed):
        searched.append(number)
        if number == 2 and searched.count(2) == 1:
            raise KeyboardInterrupt
        return whole(dataset, number, seed)

    monkeypatch.setattr(decoys, "decoy", interrupted)
    CliRunner().invoke(main, arguments)
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert searched == [0, 1, 2, 2]
    assert "in 3 decoys" in result.output
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "laws.json").read_text())["decoys"]["count"] == 3
