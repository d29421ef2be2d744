"""The noise of columns, estimated from samples alone."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from noether_sym.api import discover
from noether_sym.cli import main
from noether_sym.datasets import Trajectory, load
from noether_sym.errors import DatasetError
from noether_sym.noise import dataset_noise, estimate_noise, noise_report, training_noise
from noether_sym.noise.clean import without_outliers
from noether_sym.noise.climb import climb
from noether_sym.noise.differences import Differences
from noether_sym.noise.ladder import Ladder, Span
from noether_sym.noise.resolution import precision, resolution, unwrapped
from noether_sym.noise.scale import influence_covariance, robust_scale
from noether_sym.report.command import command_line
from noether_sym.store.run import Run
from noether_sym.store.schema import RunDocument
from noether_sym.store.search import reopen
from noether_sym.verdict.confirm import Confirmation


def waves(count=120, trajectories=10, sigma=(0.0, 0.0), times=None, seed=0, step=0.2):
    """Two columns, an oscillation and its harmonic, with white noise."""
    stream = np.random.default_rng(seed)
    made = []
    for number in range(trajectories):
        clock = step * np.arange(count) if times is None else times(stream, count)
        phase = stream.uniform(0, 2 * np.pi)
        states = np.stack([np.sin(clock + phase), 2 * np.cos(2 * clock + phase)], axis=-1)
        states += np.array(sigma) * stream.standard_normal(states.shape)
        made.append(Trajectory(str(number), clock, states, np.zeros_like(states)))
    return made


def irregular(stream, count):
    return np.cumsum(stream.uniform(0.02, 0.3, count))


def one_column(values, times=None, name="0"):
    values = np.asarray(values, dtype=float)
    clock = np.arange(float(len(values))) if times is None else times
    return Trajectory(name, clock, values[:, None], np.zeros((len(values), 1)))


def same(noise, other):
    return all(
        np.array_equal(getattr(noise, name), getattr(other, name))
        for name in ("sigma", "error", "floor")
    )


@pytest.mark.parametrize("times", [None, irregular])
@pytest.mark.parametrize("sigma", [(1e-4, 3e-3), (0.02, 0.2)])
def test_noise_is_found_with_its_error(times, sigma):
    ratios = []
    for seed in range(4):
        noise = estimate_noise(waves(sigma=sigma, times=times, seed=seed))
        assert (0.015 * noise.sigma < noise.error).all()
        assert (noise.error < 0.15 * noise.sigma).all()
        assert noise.given == (False, False)
        ratios.append((noise.sigma - sigma) / noise.error)
        assert noise.sigma == pytest.approx(sigma, rel=0.12)
    assert np.sqrt(np.mean(np.square(ratios))) < 2


@pytest.mark.parametrize("times", [None, irregular])
def test_without_noise_there_is_a_bound_and_no_noise(times):
    noise = estimate_noise(waves(times=times))
    assert noise.sigma.tolist() == [0.0, 0.0]
    assert noise.error.tolist() == [0.0, 0.0]
    assert (noise.floor > 1e-16).all()
    assert (noise.floor < 1e-4).all()


def test_fast_motion_is_a_bound_and_not_called_noise():
    stream = np.random.default_rng(0)
    clock = np.arange(200.0)
    made = [
        one_column(np.sin(np.cumsum(1.8 + 0.9 * np.sin(0.05 * clock + phase))))
        for phase in stream.uniform(0, 6, 10)
    ]
    noise = estimate_noise(made)
    assert noise.sigma.tolist() == [0.0]
    assert 1e-5 < noise.floor[0] < 1.0


def test_close_encounters_do_not_count():
    """Short bursts of fast motion between long stretches of slow motion."""
    stream = np.random.default_rng(1)
    clock = np.arange(300.0)
    made = []
    for number in range(12):
        bursts = sum(np.exp(-(((clock - at) / 1.5) ** 2)) for at in stream.uniform(0, 300, 6))
        values = np.sin(clock / 15) + bursts + 0.01 * stream.standard_normal(300)
        made.append(one_column(values, name=str(number)))
    noise = estimate_noise(made)
    assert noise.sigma[0] == pytest.approx(0.01, rel=0.1)


def test_it_is_deterministic_and_scales_with_the_unit():
    made = waves(sigma=(0.01, 0.02))
    noise = estimate_noise(made)
    assert same(noise, estimate_noise(made))
    larger = estimate_noise([replace(one, states=1e6 * one.states) for one in made])
    assert larger.sigma == pytest.approx(1e6 * noise.sigma, rel=1e-6)
    slower = estimate_noise([replace(one, times=1e-5 * one.times) for one in made])
    assert slower.sigma == pytest.approx(noise.sigma, rel=1e-3)


def test_gaps_split_and_missing_times_are_steps():
    made = waves(count=240, sigma=(0.01, 0.02))
    cut = [
        Trajectory(
            one.name,
            np.delete(one.times, np.s_[100:160]),
            np.delete(one.states, np.s_[100:160], axis=0),
            np.zeros((180, 2)),
        )
        for one in made
    ]
    assert len(cut[0].segments()) == 2
    assert estimate_noise(cut).sigma == pytest.approx([0.01, 0.02], rel=0.1)
    numbered = [replace(one, times=np.arange(float(len(one)))) for one in made]
    assert estimate_noise(numbered).sigma == pytest.approx([0.01, 0.02], rel=0.1)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("trajectories", [1, 2, 60])
def test_few_samples_have_a_finite_answer(count, trajectories):
    noise = estimate_noise(waves(count=count, trajectories=trajectories, sigma=(0.01, 0.02)))
    for own in (noise.sigma, noise.error, noise.floor):
        assert np.isfinite(own).all()
    assert (noise.floor > 0).all()
    assert (np.maximum(noise.sigma, noise.floor) > 0.005).all() or count == 1


def test_many_short_trajectories_suffice():
    made = waves(count=6, trajectories=200, sigma=(0.05, 0.2), step=0.1)
    assert estimate_noise(made).sigma == pytest.approx([0.05, 0.2], rel=0.15)


def test_one_trajectory():
    noise = estimate_noise(waves(count=1000, trajectories=1, sigma=(0.01, 0.1)))
    assert noise.sigma == pytest.approx([0.01, 0.1], rel=0.15)


def test_constant_columns_and_exact_ones_have_none():
    made = waves(sigma=(0.01, 0.02))
    made = [
        Trajectory(
            one.name,
            one.times,
            np.column_stack([one.states, np.full(len(one), number), np.zeros(len(one))]),
            np.zeros((len(one), 4)),
        )
        for number, one in enumerate(made)
    ]
    noise = estimate_noise(made, exact=[1])
    assert noise.sigma[1:].tolist() == [0.0, 0.0, 0.0]
    assert noise.sigma[0] > 0
    assert (noise.floor > 0).all()


def test_a_still_column_with_noise_has_noise():
    stream = np.random.default_rng(0)
    made = [one_column(number + 0.01 * stream.standard_normal(100)) for number in range(10)]
    assert estimate_noise(made).sigma[0] == pytest.approx(0.01, rel=0.1)


def test_given_noise_stands():
    made = waves(sigma=(0.01, 0.02))
    noise = estimate_noise(made, {1: 0.5})
    assert noise.sigma[1] == 0.5
    assert noise.error[1] == 0.0
    assert noise.given == (False, True)
    assert noise.sigma[0] == estimate_noise(made).sigma[0]
    for wrong in ({2: 1.0}, {0: -1.0}, {0: np.nan}, {0: np.inf}):
        with pytest.raises(ValueError, match="give a finite number from 0 up"):
            estimate_noise(made, wrong)
    with pytest.raises(ValueError, match="at least one"):
        estimate_noise([])


def test_angles_may_be_wrapped():
    stream = np.random.default_rng(0)
    clock = np.arange(200.0)
    made, wound = [], []
    for number in range(8):
        angle = 0.45 * clock + np.sin(0.2 * clock + number) + 0.02 * stream.standard_normal(200)
        wound.append(one_column(angle))
        made.append(one_column((angle + np.pi) % (2 * np.pi) - np.pi))
    for own in (made, wound, [replace(one, states=np.degrees(one.states)) for one in made]):
        in_degrees = np.ptp(own[0].states) > 300
        expected = np.degrees(0.02) if in_degrees else 0.02
        assert estimate_noise(own).sigma[0] == pytest.approx(expected, rel=0.1)
    flat = np.linspace(-3, 3, 50)
    assert unwrapped(flat, 6.0) is flat


def test_the_resolution_of_the_recording_is_a_noise():
    made = waves(sigma=(0.0, 0.02))
    made = [replace(one, states=np.round(one.states, 2)) for one in made]
    report = noise_report(made)
    assert report.resolution == pytest.approx([0.01, 0.01])
    assert report.noise.sigma[0] == pytest.approx(0.01 / np.sqrt(12), rel=0.1)
    assert report.noise.sigma[0] > 0.9999 * 0.01 / np.sqrt(12)
    assert report.noise.sigma[1] == pytest.approx(np.hypot(0.02, 0.01 / np.sqrt(12)), rel=0.1)


@pytest.mark.parametrize("step", [1e-3, np.pi / 180, 7.0])
def test_resolution(step):
    stream = np.random.default_rng(0)
    values = step * np.round(stream.uniform(-3e4, 3e4, 300))
    assert resolution(values) == pytest.approx(step, rel=1e-6)
    assert resolution(stream.uniform(size=300)) == 0.0
    assert resolution(np.zeros(5)) == 0.0


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e6])
def test_the_resolution_is_seen_in_any_unit_though_noise_differs_between_trajectories(unit):
    made = []
    for number, one in enumerate(waves(count=200, trajectories=20)):
        noise = np.random.default_rng(number).normal(size=one.states.shape)
        rough = one.states + (0.02 if number % 2 else 0.2) * noise
        made.append(replace(one, states=unit * np.round(rough, 2)))
    report = noise_report(made)
    assert report.uneven
    assert report.resolution == pytest.approx([0.01 * unit] * 2, rel=1e-4)


def test_the_search_rests_on_the_noise_of_the_training_trajectories():
    whole = load("ideal_spring")
    draw = np.random.default_rng(0)

    def noisy(parts, sigma):
        return tuple(
            replace(own, states=own.states + sigma * draw.normal(size=own.states.shape))
            for own in parts
        )

    data = replace(whole, train=noisy(whole.train, 0.01), test=noisy(whole.test, 0.2))
    alone = estimate_noise(data.train)
    assert training_noise(data).sigma.tolist() == alone.sigma.tolist()
    assert Confirmation(data, data.train).sigma.tolist() == alone.sigma.tolist()
    assert (dataset_noise(data).noise.sigma > alone.sigma).all()


def test_a_clock_is_not_rounded():
    clock = 0.1 * np.arange(100)
    report = noise_report([one_column(clock + 3 * number) for number in range(4)])
    assert report.noise.sigma.tolist() == [0.0]
    assert report.resolution.tolist() == [0.0]


def test_single_precision():
    values = np.sin(np.arange(50.0)).astype(np.float32).astype(float)
    assert 1e-8 < precision(values) < 1e-6
    assert precision(np.sin(np.arange(50.0))) < 1e-15
    assert precision(np.zeros(3)) > 0


def test_outliers_are_named():
    made = waves(sigma=(0.01, 0.02))
    states = made[3].states.copy()
    states[50, 1] += 0.5
    states[0, 0] -= 1.0
    made[3] = replace(made[3], states=states)
    report = noise_report(made)
    found = {(one.trajectory, one.column, one.row): one for one in report.outliers}
    assert set(found) == {("3", 0, 0), ("3", 1, 50)}
    assert found["3", 1, 50].sigmas == pytest.approx(25, rel=0.2)
    assert found["3", 1, 50].time == pytest.approx(10.0)
    assert all(one.left_out for one in report.outliers)  # 25 * 25 > 120 samples


def test_an_outlier_that_weighs_less_than_the_noise_stays():
    made = waves(sigma=(0.01, 0.02))
    made[3].states[50, 0] += 0.09  # 9 standard deviations
    (one,) = noise_report(made).outliers
    assert (one.trajectory, one.row, one.left_out) == ("3", 50, False)


def test_a_sample_is_left_out_of_its_own_piece_of_a_recording(tmp_path):
    clock = 0.1 * np.arange(600)
    table = pd.DataFrame({"t [s]": clock, "x [m]": np.cos(clock), "v [m/s]": -np.sin(clock)})
    table.loc[50, "x [m]"] += 0.2
    path = tmp_path / "one.csv"
    table.to_csv(path, index=False)
    dataset = load(str(path))
    left = without_outliers(dataset)
    assert [len(own) for own in left.train] == [len(own) - 1 for own in dataset.train]
    assert [len(own) for own in left.test] == [len(own) for own in dataset.test]
    assert clock[50] not in left.train[0].times
    assert without_outliers(left) is left


def test_the_noise_is_that_without_outliers():
    made = waves(sigma=(0.01, 0.02))
    clean = estimate_noise(made)
    made[3].states[50, 1] += 0.5
    report = noise_report(made)
    assert report.noise.sigma == pytest.approx(clean.sigma, rel=0.03)


@pytest.mark.parametrize(("off", "count"), [(1e-8, 0), (1e-3, 1)])
def test_what_an_integrator_leaves_is_no_outlier(off, count):
    made = waves(step=0.1, sigma=(1e-10, 1e-10))
    made[3].states[40, 0] += off
    assert len(noise_report(made).outliers) == count


def test_large_steps_and_noise_are_no_outliers():
    for seed in range(5):
        made = waves(sigma=(0.01, 0.02), seed=seed)
        assert not noise_report(made).outliers
        states = made[3].states.copy()
        states[60:, 0] += 0.5
        made[3] = replace(made[3], states=states)
        assert not noise_report(made).outliers


@pytest.mark.parametrize("sigma", [0.0, 1e-12, 1e-6, 1e-4, 1e-2])
def test_fast_beginnings_and_ends_are_no_outliers(sigma):
    clock = 0.05 * np.arange(80)
    stream = np.random.default_rng(0)
    starts = stream.uniform(0.05, 1.0, 12)
    made = []
    for number, own in enumerate(starts):
        states = np.stack([1 / (own + clock), 1 / (own + clock[::-1])], axis=1)
        states += sigma * states.std(axis=0) * stream.normal(size=states.shape)
        made.append(Trajectory(str(number), clock, states, np.zeros_like(states)))
    assert not noise_report(made).outliers


def test_noise_that_differs_between_trajectories_is_told():
    made = waves(sigma=(0.01, 0.02))
    assert not noise_report(made).uneven
    other = waves(sigma=(0.01, 0.06), trajectories=3, seed=9)
    made += [replace(one, name=f"b{one.name}") for one in other]
    (found,) = noise_report(made).uneven
    assert found.column == 1
    assert found.p_value < 0.01
    assert found.trajectories[-3:] == ("b0", "b1", "b2")
    assert found.sigma[-3:] == pytest.approx(3 * np.mean(found.sigma[:10]), rel=0.3)
    assert (found.error > 0).all()


@pytest.mark.parametrize(("count", "level"), [(60, 0.03), (120, 0.01)])
def test_noise_in_proportion_to_each_swing_is_not_that_of_the_small_ones(count, level):
    """The calmest stretches are those of the small swings, which have the least noise."""
    stream = np.random.default_rng(3)
    clock = np.linspace(0.0, 8.0, count)
    made, sizes = [], []
    for number in range(12):
        size, phase = stream.uniform(0.5, 2.0), stream.uniform(0.0, 6.0)
        states = size * np.stack([np.cos(1.3 * clock + phase), np.sin(1.3 * clock + phase)], 1)
        sizes.append(level * states.std(axis=0))
        states = states + sizes[-1] * stream.standard_normal(states.shape)
        made.append(Trajectory(str(number), clock, 25.0 + states, np.zeros_like(states)))
    report = noise_report(made)
    whole = np.sqrt(np.mean(np.square(sizes), axis=0))
    np.testing.assert_allclose(report.noise.sigma, whole, rtol=0.15)
    assert [one.column for one in report.uneven] == [0, 1]
    for one in report.uneven:
        assert one.p_value < 1e-4
        ratio = one.sigma / np.array(sizes)[:, one.column]
        assert np.median(ratio) == pytest.approx(1.0, abs=0.12)
    assert not report.outliers


def in_proportion(share, seed, floor=0.0):
    """Noise of a share of each value, and a floor beside it."""
    stream = np.random.default_rng(seed)
    made = []
    for one in waves(count=200, trajectories=8, seed=seed):
        sigma = np.hypot(share * one.states, floor)
        noisy = one.states + sigma * stream.standard_normal(one.states.shape)
        made.append(replace(one, states=noisy))
    return made


@pytest.mark.parametrize("share", [0.001, 0.05])
def test_noise_that_grows_with_the_value_is_told_and_not_underestimated(share):
    for seed in range(3):
        made = in_proportion(share, seed)
        report = noise_report(made)
        states = np.concatenate([one.states for one in made])
        assert [own.column for own in report.growing] == [0, 1]
        expected = share * np.sqrt(np.mean(states**2, axis=0))
        np.testing.assert_allclose(report.noise.sigma, expected, rtol=0.12)
        assert not report.outliers
        for own in report.growing:
            assert 1.3 * own.small < own.sigma < own.large
    assert json.loads(json.dumps(report.to_json()))["growing"][0]["column"] == 0
    told = noise_report(made, {0: 0.1})
    assert [own.column for own in told.growing] == [1]
    assert told.noise.sigma[0] == 0.1


def test_noise_of_one_size_is_not_called_growing():
    for seed in range(6):
        for sigma in ((0.0, 0.0), (1e-4, 3e-3), (0.02, 0.2)):
            assert not noise_report(waves(count=200, sigma=sigma, seed=seed)).growing
        assert not noise_report(in_proportion(0.01, seed, floor=0.02)).growing
        rounded = [replace(one, states=np.round(one.states, 2)) for one in waves(seed=seed)]
        assert not noise_report(rounded).growing


def test_even_noise_is_rarely_called_uneven():
    told = sum(bool(noise_report(waves(sigma=(0.02, 0.02), seed=s)).uneven) for s in range(40))
    assert told <= 3


@pytest.mark.parametrize("order", [1, 3, 8])
@pytest.mark.parametrize("even", [True, False])
def test_differences(order, even):
    stream = np.random.default_rng(0)
    times = np.arange(30.0) if even else np.cumsum(stream.uniform(0.1, 1, 30))
    differences = Differences(times)
    polynomial = ((times - times[15]) / 10) ** (order - 1)
    assert np.abs(differences.of(polynomial, order)).max() < 1e-9
    whole = np.array([differences.of(unit, order) for unit in np.eye(30)])
    assert (whole**2).sum(axis=0) == pytest.approx(np.ones(30 - order))
    chosen = stream.uniform(size=30 - order) < 0.7
    correlation = whole[:, chosen].T @ whole[:, chosen]
    exact = influence_covariance(correlation).sum()
    assert differences.variance(order, chosen) == pytest.approx(exact)


def test_the_error_is_that_of_the_scale():
    stream = np.random.default_rng(0)
    differences = Differences(np.arange(200.0))
    logs = [
        np.log(robust_scale(differences.of(stream.standard_normal(200), 4))) for _ in range(600)
    ]
    variance = differences.variance(4, np.ones(196, dtype=bool)) / 196**2
    assert np.std(logs) == pytest.approx(np.sqrt(variance), rel=0.1)
    assert np.mean(logs) == pytest.approx(0, abs=0.02)


def test_the_scale_leaves_out_what_is_far():
    stream = np.random.default_rng(0)
    values = stream.standard_normal(2000)
    clean = robust_scale(values)
    assert clean == pytest.approx(1, rel=0.05)
    values[:200] = 1e6
    assert robust_scale(values) == pytest.approx(1, rel=0.08)
    assert robust_scale(np.zeros(4)) == 0.0
    assert robust_scale(np.array([0.0, 0.0, 0.0, 2.0])) == 1.0
    tiny = robust_scale(np.array([1e-200, -1e-200, 1.0]))  # squares that underflow
    assert tiny == pytest.approx(1e-200 * robust_scale(np.ones(2)), rel=1e-12)


def test_without_any_sample_to_spare_nothing_is_seen():
    times = np.arange(2.0)
    ladder = Ladder([Span(0, np.arange(2), times, np.zeros(2))])
    found = climb(ladder, [np.array([0.0, 1.0])])
    assert found.rung is None
    assert not found.seen
    assert np.isfinite(found.bound)


@pytest.mark.parametrize(
    ("name", "level"), [("kepler_2d", 0.01), ("henon_heiles", 0.1), ("lorenz", 0.05)]
)
def test_built_in_systems(name, level):
    dataset = load(name)
    made = [*dataset.train, *dataset.test]
    truth = level * np.concatenate([one.states for one in made]).std(axis=0)
    stream = np.random.default_rng(5)
    noisy = [
        replace(one, states=one.states + truth * stream.standard_normal(one.states.shape))
        for one in made
    ]
    assert estimate_noise(noisy).sigma == pytest.approx(truth, rel=0.15)
    assert not dataset_noise(dataset).noise.sigma.any()


def swings(path, sigma=0.5):
    stream = np.random.default_rng(0)
    rows = []
    for number in range(5):
        clock = 0.1 * np.arange(60)
        angle = 30 * np.sin(2 * clock + number) + sigma * stream.standard_normal(60)
        speed = np.radians(60 * np.cos(2 * clock + number)) + 0.01 * stream.standard_normal(60)
        rows.append(np.column_stack([np.full(60, number), clock, angle, speed]))
    header = "trajectory,t [s],q [deg],w [rad/s]"
    kinds = ["%d", "%.3f", "%.15g", "%.15g"]
    np.savetxt(path, np.concatenate(rows), kinds, delimiter=",", header=header, comments="")
    return path


def test_given_noise_is_in_the_unit_of_the_data(tmp_path):
    path = str(swings(tmp_path / "swings.csv"))
    dataset = load(path, sigma={"q": 0.5})
    assert dataset.noise_given == ((0, pytest.approx(np.radians(0.5))),)
    report = dataset_noise(dataset)
    assert report.noise.given == (True, False)
    assert report.noise.sigma[1] == pytest.approx(0.01, rel=0.2)
    assert dataset.digest() != load(path).digest()
    derived = load(path, derive={"E": "w**2"}, with_time=True, sigma={"w": 0.01})
    assert dataset_noise(derived).noise.sigma[2:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("sigma", "why"),
    [
        ({"x": 0.1}, "there is no column 'x'.*Columns to search: q, w"),
        ({"q": -0.1}, "noise -0.1 of column 'q'.*number from 0 up, in deg"),
        ({"q": float("inf")}, "not a standard deviation"),
        ({"q": float("nan")}, "not a standard deviation"),
        ({"E": 0.1}, "column 'E' is derived"),
    ],
)
def test_noise_that_cannot_be(tmp_path, sigma, why):
    path = str(swings(tmp_path / "swings.csv"))
    with pytest.raises(DatasetError, match=why):
        load(path, derive={"E": "w**2"}, sigma=sigma)


def call(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def test_the_command_line(tmp_path):
    path = swings(tmp_path / "swings.csv")
    results = tmp_path / "results"
    arguments = ["enumerate", "--dataset", path, "--depth", 3, "--results", results]
    call(*arguments)
    call(*arguments, "--sigma", "q=0.5", "--sigma", "w = 0.01")
    runs = sorted(results.iterdir(), key=lambda one: one.stat().st_mtime)
    assert len(runs) == 2
    data = json.loads((runs[1] / "run.json").read_text())["data"]
    assert data["sigma"] == {"q": 0.5, "w": 0.01}
    assert len(reopen(Run(runs[1]), 1, "cpu").dataset.noise_given) == 2
    assert "--sigma q=0.5 --sigma w=0.01" in command_line(Run(runs[1]).read(RunDocument))
    assert "'q' is not of the form NAME=VALUE" in call(*arguments, "--sigma", "q", code=2)
    assert "has no column 'x' to take as a state or its noise" in call(
        *arguments, "--sigma", "q=x", code=2
    ).replace("\n", " ")
    assert "gives no number" in call(*arguments, "--sigma", "q=", code=2)
    assert "names 'q' twice" in call(*arguments, "--sigma", "q=1", "--sigma", "q=2", code=2)
    assert "no column 'z'" in call(*arguments, "--sigma", "z=1", code=2)
    assert "from 0 up" in call(*arguments, "--sigma", "q=-1", code=2)


def test_the_python_interface():
    clock = 0.1 * np.arange(60)
    table = {"t": clock, "q": np.sin(clock), "w": np.cos(clock)}
    found = discover(table, unitless=True, sigma={"w": 0.1}, search="formulas", depth=3)
    assert found.dataset.noise_given == ((1, 0.1),)


def test_points_without_order(tmp_path):
    path = tmp_path / "points.csv"
    stream = np.random.default_rng(0)
    header = "x [m],v [m/s],a [m/s**2]"
    np.savetxt(path, stream.normal(size=(50, 3)), delimiter=",", header=header, comments="")
    dataset = load(str(path), rates={"x": "v", "v": "a"}, sigma={"x": 0.1})
    noise = dataset_noise(dataset).noise
    assert noise.sigma[0] == 0.1
    assert not noise.sigma[1:].any()


def test_inspect_shows_it(tmp_path):
    path = swings(tmp_path / "swings.csv")
    shown = call("inspect", path, "--sigma", "w=0.0123")
    assert max(map(len, shown.replace(str(path), "").splitlines())) <= 80
    assert "0.0123" in shown
    assert "(" in next(line for line in shown.splitlines() if line.startswith("q "))
    facts = json.loads(call("inspect", path, "--json"))
    assert facts["noise"]["sigma"][0] == pytest.approx(np.radians(0.5), rel=0.3)
    assert facts["columns"][0]["noise"] == facts["noise"]["sigma"][0]
    lines = path.read_text().splitlines()
    clean = [*lines[:30], ",".join([*lines[30].split(",")[:2], "90", "0.1"]), *lines[31:]]
    path.write_text("\n".join(clean) + "\n")
    told = " ".join(call("inspect", path).split())
    assert "outlier: q in trajectory 0, sample 30:" in told
    assert "<" in call("inspect", "ideal_spring")
    path = tmp_path / "coarse.csv"
    rows = [line.split(",") for line in lines[1:]]
    coarse = [f"{own[0]},{own[1]},{float(own[2]):.0f},{own[3]}" for own in rows]
    path.write_text("\n".join([lines[0], *coarse]) + "\n")
    assert "q was recorded in steps of 0.0175" in call("inspect", path)
    fine = [f"{own[0]},{own[1]},{float(own[2]):.5f},{own[3]}" for own in rows]
    path.write_text("\n".join([lines[0], *fine]) + "\n")
    assert "in steps of" not in call("inspect", path)  # far below the noise
