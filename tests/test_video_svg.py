"""The predictor of frames: shapes, what it may know, and per-sample factors."""

import pytest
import torch
from torch.func import functional_call

from noether_sym.errors import OptionError
from noether_sym.neural.cngrad import identity
from noether_sym.neural.video.svg import Decoder, Encoder, Sizes, svg

SMALL = Sizes(size=8, width=4, code=6, hidden=5, layers=2)


def batch(sizes, samples=3, past=2, horizon=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (samples, past + horizon, sizes.channels, sizes.size, sizes.size)
    frames = torch.rand(shape, generator=generator)
    actions = torch.rand((samples, horizon, sizes.actions), generator=generator)
    return frames[:, :past], actions, frames[:, past:]


@pytest.mark.parametrize("size", [8, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_decoded_frames_have_the_shape_of_encoded_ones(size, channels):
    sizes = Sizes(size=size, channels=channels, width=4, code=6)
    frames = torch.rand(2, channels, size, size)
    codes, skips = Encoder(sizes)(frames)
    assert codes.shape == (2, 6)
    assert Decoder(sizes)(codes, skips).shape == frames.shape


@pytest.mark.parametrize("size", [4, 24, 33])
def test_other_sizes_are_refused(size):
    with pytest.raises(OptionError, match="power of two"):
        Sizes(size=size)


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator():
    before = torch.random.get_rng_state()
    one, same, other = (svg(SMALL, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["decoder.last.weight"], other["decoder.last.weight"])
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_prediction_depends_on_actions_up_to_its_time_alone():
    network = svg(SMALL, seed=0)
    past, actions, _ = batch(SMALL)
    changed = actions.clone()
    changed[:, 2] += 1.0
    one, other = network(past, actions), network(past, changed)
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.equal(one[:, 2], other[:, 2])


def test_with_teacher_forcing_a_prediction_is_a_step_from_the_truth():
    network = svg(SMALL, seed=0)
    past, actions, truth = batch(SMALL)
    forced = network(past, actions, truth)
    changed = truth.clone()
    changed[:, 1] = 0.5
    other = network(past, actions, changed)
    assert torch.equal(forced[:, 0], network(past, actions)[:, 0])
    assert torch.equal(forced[:, :2], other[:, :2])
    assert not torch.equal(forced[:, 2], other[:, 2])


def test_samples_do_not_reach_each_other_and_factors_are_their_own():
    network = svg(SMALL, seed=0)
    past, actions, _ = batch(SMALL)
    conditions = identity(network, 3)
    assert {name.split(".")[0] for name in conditions} == {"encoder", "predictor", "decoder"}
    plain = network(past, actions)
    torch.testing.assert_close(plain[:1], network(past[:1], actions[:1]))
    torch.testing.assert_close(functional_call(network, conditions, (past, actions)), plain)
    for name, values in conditions.items():
        shifted = values.clone()
        shifted[1] += 0.3
        moved = functional_call(network, {**conditions, name: shifted}, (past, actions))
        same = (moved - plain).abs().amax((1, 2, 3, 4))
        assert same[1] > 1e-6, name
        assert same[[0, 2]].max() < 1e-6, name
