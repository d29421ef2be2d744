"""Noise whose size is known for each sample: read, carried along, and used."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import noether_sym
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.errors import DatasetError, OptionError, UnitError
from noether_sym.noise import dataset_noise
from noether_sym.noise.adjusted import adjusted
from noether_sym.noise.constants import refit
from noether_sym.noise.scatter import NEXT_SAMPLE, SAME_SAMPLE, sums_of
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.decoys import decoy

ENERGY = call("add", call("mul", input_(0), input_(0)),
              call("mul", parameter(0), call("mul", input_(1), input_(1))))  # fmt: skip


def springs(seed, *, coarse=0.3, fine=0.01, count=20, rows=80):
    """Springs whose positions are now and then measured badly: a table, and sigma of each x."""
    stream = np.random.default_rng(seed)
    parts = []
    for number in range(count):
        clock = 0.1 * np.arange(rows)
        size, phase = stream.uniform(0.5, 2.0), stream.uniform(0.0, 6.0)
        sigma = np.where(stream.random(rows) < 0.3, coarse, fine)
        x = size * np.sin(2.0 * clock + phase) + sigma * stream.standard_normal(rows)
        v = 2.0 * size * np.cos(2.0 * clock + phase) + 0.02 * stream.standard_normal(rows)
        parts.append(np.column_stack([np.full(rows, number), clock, x, v, sigma]))
    whole = np.concatenate(parts)
    return pd.DataFrame(whole, columns=["trajectory", "t [s]", "x [m]", "v [m/s]", "dx"])


def test_a_column_is_the_noise_of_another(tmp_path):
    table = springs(0).rename(columns={"x [m]": "x [cm]"})
    path = tmp_path / "springs.csv"
    table.to_csv(path, index=False)
    dataset = load(str(path), sigma={"x": "dx", "v": 0.02})
    assert dataset.names == ("x", "v")
    size = np.sqrt(np.mean(table["dx"] ** 2))
    unit = dataset.columns[0].unit.factor
    assert dict(dataset.noise_given)[0] == pytest.approx(size * unit)
    relative = np.concatenate([one.noise for one in (*dataset.train, *dataset.test)])
    assert relative[:, 0] == pytest.approx(table["dx"] / size)
    assert (relative[:, 1] == 1.0).all()
    assert any("noise of 'x' is what column 'dx' says" in note for note in dataset.notes)
    assert (
        dataset.digest() != load(str(path), sigma={"x": float(size)}, columns=("x", "v")).digest()
    )


def test_it_follows_its_samples(tmp_path):
    path = tmp_path / "springs.csv"
    springs(1, count=4).to_csv(path, index=False)
    dataset = load(str(path), sigma={"x": "dx"}, derive={"E": "x**2"}, constants={"g": "9.81"})
    one = dataset.train[0]
    assert one.noise.shape == one.states.shape
    assert (one.noise[:, 2:] == 1.0).all()
    assert (one.part(3, 9).noise == one.noise[3:9]).all()
    assert (one.every(3).noise == one.noise[::3]).all()
    samples = make_samples(dataset.train, window=None, seed=0).thinned(90)
    pairs = set(zip(one.states[:, 0], one.noise[:, 0], strict=True))
    assert set(zip(samples.states[0, 0], samples.noise[0, 0], strict=True)) < pairs
    moved = decoy(dataset, 0, 0).train[0]
    assert all(pair in pairs for pair in zip(moved.states[:, 0], moved.noise[:, 0], strict=True))
    assert not (moved.noise[:, 0] == one.noise[: len(moved), 0]).all()


@pytest.mark.parametrize("lags", [SAME_SAMPLE, NEXT_SAMPLE])
def test_weighted_sums_are_those_of_the_definition(lags):
    """C takes the weighted mean off roots times values; A compares; noise adds tr(CAC N)."""
    stream = np.random.default_rng(2)
    features = stream.standard_normal((2, 1, 9))
    half = stream.standard_normal((2, 2, 9))
    covariance = np.einsum("ikt,jkt->ijt", half, half)[:, :, None]
    weights = stream.uniform(0.2, 3.0, (1, 9))
    weights[0, 7:] = 0.0
    found = sums_of(features, covariance, weights, lags)
    roots = np.sqrt(weights[0])
    centre = np.eye(9) - np.outer(roots, roots) / weights.sum()
    beside = 0.5 * (np.eye(9, k=1) + np.eye(9, k=-1))
    compare = np.eye(9) if lags is SAME_SAMPLE else beside
    form = np.diag(roots) @ centre @ compare @ centre @ np.diag(roots)
    expected = features[:, 0] @ form @ features[:, 0].T
    expected -= np.einsum("ijt,t->ij", covariance[:, :, 0], np.diag(form))
    assert found.within[0] == pytest.approx(expected)
    assert found.squares[0] == pytest.approx((features[:, 0] * weights) @ features[:, 0].T)
    assert found.count == pytest.approx(weights.sum())


def test_one_size_for_all_is_what_it_was():
    stream = np.random.default_rng(3)
    states = stream.standard_normal((2, 4, 30))
    sigma = np.array([0.1, 0.2])
    each = np.broadcast_to(sigma[:, None, None], states.shape)
    plain, spread = adjusted(ENERGY, [0.3], states, sigma), adjusted(ENERGY, [0.3], states, each)
    assert (plain.features == spread.features).all()
    assert (plain.covariance == spread.covariance).all()
    ones = np.ones((4, 30))
    one, other = (refit(ENERGY, [0.3], states, ones, own) for own in (sigma, each))
    assert other.values == pytest.approx(one.values, rel=1e-9)
    assert other.errors == pytest.approx(one.errors, rel=1e-9)


def test_each_sample_is_put_right_by_its_own_noise():
    """The mean of x^2 at a sample is off by the variance there, not by the usual one."""
    stream = np.random.default_rng(4)
    sigma = np.array([[[0.05, 0.8]], [[0.0, 0.0]]])
    noise = stream.standard_normal((20_000, 1, 2)) * sigma[0]
    states = np.stack([1.5 + noise[:, 0].T[None], np.zeros((1, 2, 20_000))])
    each = np.broadcast_to(sigma.transpose(0, 2, 1)[:, None, :, 0][..., None], states.shape)
    own = adjusted(call("mul", input_(0), input_(0)), [], states, each)
    assert own.features[0, 0].mean(axis=1) == pytest.approx([2.25, 2.25], abs=0.02)


def test_constants_are_surer_and_not_pulled_aside():
    values, errors, plain = [], [], []
    for seed in range(40):
        table = springs(seed, count=10, rows=40)
        size = np.sqrt(np.mean(table["dx"] ** 2))
        shape = (10, 40)
        states = table[["x [m]", "v [m/s]"]].to_numpy().T.reshape(2, *shape)
        sigma = np.array([size, 0.02])
        each = np.stack([table["dx"].to_numpy().reshape(shape), np.full(shape, 0.02)])
        ones = np.ones(shape)
        found = refit(ENERGY, [0.3], states, ones, each)
        values.append(found.values[0])
        errors.append(found.errors[0])
        plain.append(refit(ENERGY, [0.3], states, ones, sigma).values[0])
    pulls = (np.array(values) - 0.25) / np.array(errors)
    assert abs(pulls.mean()) < 0.5  # three standard errors of the mean of 40
    assert 0.6 < pulls.std() < 1.5
    assert np.std(values) < 0.6 * np.std(plain)


def test_the_search_uses_it():
    """With one size for all the noise of bad samples hides much of what good ones show."""
    table = springs(0, coarse=0.15)
    size = float(np.sqrt(np.mean(table["dx"] ** 2)))
    array = table["dx"].to_numpy()
    options = {"search": "sums", "jobs": 1}
    plain = table.drop(columns="dx")
    found = noether_sym.discover(table, sigma={"x": "dx", "v": 0.02}, **options)
    again = noether_sym.discover(plain, sigma={"x": array, "v": 0.02}, **options)
    even = noether_sym.discover(plain, sigma={"x": size, "v": 0.02}, **options)
    (law,), (other,), (rough,) = found.accepted, again.accepted, even.accepted
    assert law.text() == other.text()
    (constant,), (usual,) = law.parameters, rough.parameters
    assert constant.stderr < 0.7 * usual.stderr
    assert abs(constant.value - 0.25) < 4 * constant.stderr
    assert law.evidence.within < 0.5 * rough.evidence.within


def test_lists_of_arrays_and_what_does_not_fit():
    tables = [
        own.drop(columns="trajectory") for _, own in springs(5, count=4).groupby("trajectory")
    ]
    arrays = [own.pop("dx").to_numpy() for own in tables]
    own = noether_sym.inspect(tables, sigma={"x": arrays})
    size = np.sqrt(np.mean(np.concatenate(arrays) ** 2))
    assert own.columns[0].noise == pytest.approx(size)
    with pytest.raises(DatasetError, match="holds 3 numbers for 320 rows"):
        noether_sym.inspect(tables, sigma={"x": [0.1, 0.1, 0.1]})
    with pytest.raises(DatasetError, match="holds what is no number"):
        noether_sym.inspect(tables, sigma={"x": ["a"] * 320})
    with pytest.raises(OptionError, match=r"sigma is 0\.1"):
        noether_sym.inspect(tables, sigma=0.1)


@pytest.mark.parametrize(
    ("sigma", "change", "error", "why"),
    [
        ({"x": "dy"}, {}, DatasetError, "no column 'dy' to take as a state or its noise"),
        ({"y": "dx"}, {}, DatasetError, "no column 'y' to take as a state or its noise"),
        ({"x": "v"}, {"columns": ("x", "v")}, DatasetError, "'v' is a state, a rate, the time"),
        ({"x": "t"}, {}, DatasetError, "cannot be the noise of 'x' too"),
        ({"x": "dx"}, {"columns": ("v",)}, DatasetError, "given for 'x', which is not among"),
        ({"x": "dx"}, {"units": {"dx": "s"}}, UnitError, r"'dx' \[s\] cannot be the noise of 'x'"),
    ],
)
def test_columns_that_cannot_be_noise(tmp_path, sigma, change, error, why):
    path = tmp_path / "springs.csv"
    springs(6, count=2).to_csv(path, index=False)
    with pytest.raises(error, match=why):
        load(str(path), sigma=sigma, **change)


def test_noise_below_zero_is_named_with_its_row(tmp_path):
    table = springs(7, count=2)
    table.loc[5, "dx"] = -0.2
    path = tmp_path / "springs.csv"
    table.to_csv(path, index=False)
    with pytest.raises(DatasetError, match=r"springs.csv, line 7: .*holds -0.2; give standard"):
        load(str(path), sigma={"x": "dx"})


def test_nothing_else_is_looked_for_where_it_is_told(tmp_path):
    path = tmp_path / "springs.csv"
    springs(8, count=6).to_csv(path, index=False)
    told = dataset_noise(load(str(path), sigma={"x": "dx"}))
    assert told.noise.given == (True, False)
    assert all(one.column != 0 for one in (*told.outliers, *told.uneven, *told.growing))


def test_the_command_line(tmp_path):
    path = tmp_path / "springs.csv"
    springs(9, count=14).to_csv(path, index=False)
    results = tmp_path / "results"
    arguments = ["fit", str(path), "--sigma", "x=dx", "--search", "sums", "--results", str(results)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    (run,) = results.iterdir()
    assert json.loads((run / "run.json").read_text())["data"]["sigma"] == {"x": "dx"}
    report = CliRunner().invoke(main, ["report", run.name, "--results", str(results)])
    assert report.exit_code == 0, report.output
    page = (run / "report.html").read_text()
    assert '<span class="word">--sigma</span> <span class="word">x=dx</span>' in page
    assert "what column" in page
