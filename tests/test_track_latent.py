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
    with pytest.raises(DatasetError, match=r"by noise alone|closed curve"):
        latent_of([(TIMES, noise)])
    turning = render(3.3 * TIMES)
    with pytest.raises(DatasetError, match="closed curve"):
        latent_of([(TIMES, turning)])


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
    data = load("a.csv")
    assert data.names == ("z", "v")
    states = np.concatenate([one.states for one in (*data.train, *data.test)])
    times = np.concatenate([one.times for one in (*data.train, *data.test)])
    true = angles[np.rint(times * RATE).astype(int)]
    assert abs(np.corrcoef(states[:, 0], true)[0, 1]) > 0.999
