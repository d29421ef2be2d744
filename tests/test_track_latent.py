"""A coordinate learned from pixels matches the angle, and is written as a table of states."""

import numpy as np
import pytest
from click.testing import CliRunner
from films import RATE, disc, film, plain, swing

from benchmarks.neural_latent import render
from noether_sym.cli import main
from noether_sym.datasets import load
from noether_sym.errors import DatasetError
from noether_sym.track.latent import latent_of

TIMES = np.arange(60) / 20.0


def clips(noise, *amplitudes):
    angles = [size * np.cos(3.0 * TIMES + size) for size in amplitudes]
    random = np.random.default_rng(0)
    pictures = [render(own) for own in angles]
    return angles, [(TIMES, own + random.normal(0, noise, own.shape)) for own in pictures]


@pytest.mark.parametrize(
    ("noise", "match"), [pytest.param(0.0, 0.005, marks=pytest.mark.slow), (0.02, 0.008)]
)
def test_the_coordinate_is_the_angle(noise, match):
    """Up to a factor and a shift, better than a geodesic coordinate (.008 and .071 rad)."""
    angles, made = clips(noise, 0.7, 1.1, 1.4)
    found = latent_of(made)
    learned, truth = np.concatenate(found.values), np.concatenate(angles)
    slope, shift = np.polyfit(learned, truth, 1)
    assert np.std(truth - slope * learned - shift) < match
    assert abs(shift) < 0.02
    assert learned.std() == pytest.approx(1)
    again = latent_of(made)
    np.testing.assert_array_equal(np.concatenate(again.values), learned)


def test_refusals():
    _, (one,) = clips(0.0, 1.0)
    with pytest.raises(DatasetError, match="from 40 to"):
        latent_of([(one[0][:10], one[1][:10])])
    with pytest.raises(DatasetError, match="nothing changes"):
        latent_of([(TIMES, np.ones((60, 8, 8)))])
    noise = np.random.default_rng(0).normal(size=(60, 16, 16))
    with pytest.raises(DatasetError, match="noise alone"):
        latent_of([(TIMES, noise)])
    turning = render(3.3 * TIMES)
    with pytest.raises(DatasetError, match="closed curve"):
        latent_of([(TIMES, turning)])


def discs(places, noise=0.01):
    """Pictures of a disc that is small beside its path."""
    rows, columns = np.mgrid[:45, :60]
    away = [np.hypot(columns - x, rows - y) for x, y in places]
    random = np.random.default_rng(0)
    shown = 1.0 - 0.7 * np.clip(2.5 - np.array(away), 0, 1)
    return shown + random.normal(0, noise, shown.shape)


def learned(places, **others):
    count = len(places)
    return latent_of([(np.arange(count) / 30.0, discs(places, **others))]).values[0]


def off_line(values, truth):
    """Distance from the best affine function, over the spread of the truth."""
    slope, shift = np.polyfit(values, truth, 1)
    return np.std(truth - slope * values - shift) / np.std(truth)


def test_a_small_object_on_an_open_path_is_followed():
    """It passes each place once, and frames farther apart than its width are equally unlike."""
    steps = np.arange(66)
    flight = np.stack([5 + 0.75 * steps, 38 - 1.5 * steps + 0.0225 * steps**2], 1)
    length = np.cumsum([0.0, *np.linalg.norm(np.diff(flight, axis=0), axis=1)])
    assert off_line(learned(flight), length) < 0.03


def test_a_swing_that_dies_down_is_followed():
    times = np.arange(400) / 30.0
    angle = np.exp(-0.3 * times) * np.cos(4.0 * times)
    places = np.stack([30 + 22 * np.sin(angle), 8 + 22 * np.cos(angle)], 1)
    assert off_line(learned(places), angle) < 0.03


def test_an_object_that_leaves_the_picture_is_followed_until_then():
    places = np.stack([2 + 1.5 * np.arange(60), np.full(60, 22.0)], 1)
    values = learned(places)
    assert off_line(values[:36], places[:36, 0]) < 0.03
    assert np.ptp(values[44:]) < 0.05


def test_clips_that_share_no_place_are_refused_and_those_that_do_are_joined():
    """Two halves of one line: frames of the second clip stand where the first one ended."""
    line = np.stack([8 + 0.5 * np.arange(80), np.full(80, 22.0)], 1)
    parts = [slice(0, 42), slice(38, 80)]
    clips = [(np.arange(42) / 30.0, discs(line[own])) for own in parts]
    values = np.concatenate(latent_of(clips).values)
    assert off_line(values, np.concatenate([line[own, 0] for own in parts])) < 0.03
    far = [
        (clips[0][0], discs(line[:42] * [0.3, 1.0])),
        (clips[0][0], discs(line[38:] + np.array([0, 20]))),
    ]
    with pytest.raises(DatasetError, match="fall apart into 2 groups"):
        latent_of(far)


def test_the_reason_of_a_refusal_is_the_true_one():
    rest = np.full((90, 2), 20.0)
    with pytest.raises(DatasetError, match="nothing changes"):
        learned(rest, noise=0.0)
    nearly = discs(rest, noise=0.0)
    nearly[3, 10, 10] += 0.2
    nearly[50, 30, 30] += 0.1
    with pytest.raises(DatasetError, match="too many frames are alike"):
        latent_of([(np.arange(90) / 30.0, nearly)])
    times = np.arange(200) / 30.0
    two = np.stack([30 + 20 * np.cos(3.0 * times), 22 + 16 * np.sin(4.7 * times)], 1)
    with pytest.raises(DatasetError, match="or on a surface, as of two things"):
        learned(two)
    shot = np.random.default_rng(1).normal(0, 1, (90, 45, 60)).cumsum(axis=1)
    with pytest.raises(DatasetError, match="no curve"):
        latent_of([(np.arange(90) / 30.0, shot)])


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    angles, places = swing(60)
    film(
        tmp_path / "a.mp4",
        places,
        paint=lambda picture, _, place: disc(picture, *place, 9, (180, 30, 40)),
        ground=plain(),
    )
    done = CliRunner().invoke(main, ["track", "a.mp4", "--latent", "--colour", "red"])
    assert done.exit_code == 2
    assert "leave out --colour" in done.output
    done = CliRunner().invoke(main, ["track", "a.mp4", "--latent"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert ", the first 24 used," in done.output
    data = load("a.csv")
    assert data.names == ("z", "v")
    states = np.concatenate([one.states for one in (*data.train, *data.test)])
    times = np.concatenate([one.times for one in (*data.train, *data.test)])
    true = angles[np.rint(times * RATE).astype(int)]
    assert abs(np.corrcoef(states[:, 0], true)[0, 1]) > 0.999
