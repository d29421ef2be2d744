"""Principal components of the embedding of pictures, and what moves them."""

import numpy as np
import pytest
import torch

from noether_sym.errors import OptionError
from noether_sym.neural.video.attention import attention, principal
from noether_sym.neural.video.noether import embedding, pairs_of
from noether_sym.neural.video.pendulum import episodes
from noether_sym.neural.video.svg import Sizes
from noether_sym.neural.video.windows import pendulum_windows

SIZES = Sizes(size=16)


@pytest.fixture(scope="module")
def windows():
    own = episodes(3, length=20, seed=0)
    return pendulum_windows(own, [[0, 10]] * 3, past=2, horizon=8, size=16)


def test_components_are_those_of_the_covariance(windows):
    g = embedding(SIZES, outputs=4, seed=0)
    found = principal(g, windows)
    with torch.no_grad():
        values = g(pairs_of(windows.past, windows.future).flatten(0, 1)).double().numpy()
    assert found.shares.sum() == pytest.approx(1)
    assert (np.diff(found.shares) <= 0).all()
    projected = (values - values.mean(0)) @ found.directions.T
    covariance = np.cov(projected.T)
    np.testing.assert_allclose(
        covariance, np.diag(found.shares) * np.trace(covariance), atol=1e-9 * np.trace(covariance)
    )
    with pytest.raises(OptionError, match="9 pairs of frames are too few"):
        principal(embedding(SIZES, outputs=9, seed=0), windows.at(slice(0, 1)))


def test_grad_cam_is_its_definition(windows):
    g = embedding(SIZES, outputs=2, seed=0)
    pairs = pairs_of(windows.past, windows.future)[:, 0]
    found = attention(g, np.eye(2), pairs)
    assert found.shape == (6, 2, 16, 16)
    assert (found >= 0).all()
    # by hand: the mean slope of each map weighs it
    features = g.features[:4](pairs)
    features.retain_grad()
    g.last(g.features[4:](features).flatten(1))[:, 0].sum().backward()
    weighed = (features.grad.mean((2, 3), keepdim=True) * features).sum(1, keepdim=True)
    hand = torch.nn.functional.interpolate(weighed, (16, 16), mode="bilinear").abs()
    np.testing.assert_allclose(found[:, :1], hand.detach().numpy(), rtol=1e-4, atol=1e-6)
