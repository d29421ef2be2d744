"""Measures of predicted frames, against their definitions."""

import numpy as np
import pytest
import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video import extra
from noether_sym.neural.video.metrics import LARGEST_PSNR, MEASURES, by_horizon, difference, mean_of


def similarity(one, other, span, weights):
    """SSIM as Wang et al. define it, over a window about each pixel of the reflected frame."""
    size = len(weights)
    one, other = (np.pad(frame, size // 2, mode="reflect") for frame in (one, other))
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    found = []
    for row in range(len(one) - size + 1):
        for column in range(len(one) - size + 1):
            window = np.s_[row : row + size, column : column + size]
            x, y = one[window], other[window]
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            covariance = (weights * (x - mx) * (y - my)).sum()
            found.append(
                (2 * mx * my + c1) * (2 * covariance + c2)
                / ((mx**2 + my**2 + c1) * (vx + vy + c2))
            )  # fmt: skip
    return np.mean(found)


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    true = rng.random((2, 3, 1, 16, 16))
    predicted = np.clip(true + 0.2 * rng.normal(size=true.shape), 0, 1)
    return predicted, true


def test_each_measure_is_its_definition(frames):
    predicted, true = frames
    found = by_horizon(torch.tensor(predicted), torch.tensor(true))
    assert tuple(found) == MEASURES
    mse = ((predicted - true) ** 2).mean((2, 3, 4))
    np.testing.assert_allclose(found["mse"], mse, rtol=1e-12)
    np.testing.assert_allclose(found["psnr"], -10 * np.log10(mse), rtol=1e-6)
    row = np.exp(-(((np.arange(11) - 5) / 1.5) ** 2) / 2)
    gauss = np.outer(row, row) / row.sum() ** 2
    flat = np.full((7, 7), 1 / 49)
    for name, span, weights in (("ssim", 1, gauss), ("ssim_range2", 2, flat)):
        hand = [
            [similarity(p[0], t[0], span, weights) for p, t in zip(ps, ts, strict=True)]
            for ps, ts in zip(predicted, true, strict=True)
        ]
        np.testing.assert_allclose(found[name], hand, rtol=1e-6)
    assert (found["ssim_range2"] > found["ssim"]).all()


def test_a_perfect_prediction(frames):
    true = torch.tensor(frames[1])
    found = by_horizon(true, true)
    assert (found["mse"] == 0).all()
    np.testing.assert_allclose(found["ssim"], 1)
    assert (found["psnr"] == LARGEST_PSNR).all()


def test_shapes_that_differ_are_refused(frames):
    true = torch.tensor(frames[1])
    with pytest.raises(OptionError, match=r"\(2, 2, 1, 16, 16\) and \(2, 3, 1, 16, 16\)"):
        by_horizon(true[:, :2], true)


def test_paired_differences_take_away_what_seeds_share():
    luck = {0: 5.0, 1: 9.0, 2: 1.0}
    one = {seed: np.array([own, own + 1]) for seed, own in luck.items()}
    other = {seed: np.array([own - 0.1, own]) for seed, own in luck.items() if seed}
    found = difference(one, other)
    assert found.count == 2
    np.testing.assert_allclose(found.mean, [0.1, 1.0])
    np.testing.assert_allclose(found.stderr, [0, 0], atol=1e-12)
    with pytest.raises(OptionError, match="no seed in common"):
        difference({0: np.zeros(1)}, {1: np.zeros(1)})


def test_the_error_of_a_mean():
    found = mean_of(np.array([[1.0], [2.0], [6.0]]))
    np.testing.assert_allclose(found.mean, [3])
    np.testing.assert_allclose(found.stderr, [np.sqrt(7 / 3)])
    assert np.isnan(mean_of(np.ones((1, 2))).stderr).all()


def test_a_missing_package_is_named_with_the_way_to_install_it():
    with pytest.raises(OptionError, match=r"no_such_thing is missing.*\[video\]"):
        extra.need("no_such_thing")
