"""Algorithm 1 against a loop over trajectories and against finite differences."""

from dataclasses import replace

import pytest
import torch
from torch.func import functional_call

from noether_sym.errors import OptionError
from noether_sym.neural.embedding import (
    FORMS,
    Increment,
    MetaTraining,
    meta_train,
    network,
    noether_loss,
    predict_sequence,
    roll_out,
)
from noether_sym.neural.training import trainable

HORIZON = 3


def small():
    """f and g of two columns, their weights, and three starts; double precision."""
    predictor = Increment(network(2, 2, hidden=4, seed=1)).double()
    embedding = network(2, 2, hidden=3, seed=2).double()
    generator = torch.Generator().manual_seed(3)
    starts = torch.randn(3, 2, dtype=torch.float64, generator=generator)
    return predictor, embedding, (trainable(predictor), trainable(embedding)), starts


def circles(windows=12, times=6):
    """A rotation, seen from random starts."""
    generator = torch.Generator().manual_seed(0)
    starts = torch.randn(windows, 1, 2, generator=generator)
    turn = 0.4 * torch.arange(times)[:, None]
    q, p = starts[..., :1], starts[..., 1:]
    return torch.cat([q * turn.cos() + p * turn.sin(), p * turn.cos() - q * turn.sin()], -1)


def test_losses_by_hand():
    path = torch.tensor([[0.0], [1.0], [3.0]])
    assert float(noether_loss(lambda x: x, path, "start")) == 1 + 9
    assert float(noether_loss(lambda x: x, path, "steps")) == 1 + 4
    assert float(noether_loss(lambda x: x, path, "drift")) == 1 + 4
    assert float(noether_loss(torch.square, path, "start")) == 1 + 81
    assert float(noether_loss(torch.square, path, "steps")) == 1 + 64
    assert float(noether_loss(torch.square, path, "drift")) == 0 + 16
    many = noether_loss(lambda x: x, torch.stack([path, 2 * path, 0 * path]))
    assert many.tolist() == [10, 40, 0]


@pytest.mark.parametrize("form", ["start", "steps"])
def test_what_is_conserved_has_no_loss(form):
    def energy(states):
        return states.square().sum(-1, keepdim=True)

    assert float(noether_loss(energy, circles(), form).max()) < 1e-9
    assert float(noether_loss(lambda states: states, circles(), form).min()) > 1e-3


def test_drift_is_the_limit_of_steps():
    embedding = network(2, 2, seed=4).double()
    generator = torch.Generator().manual_seed(5)
    path = torch.randn(5, 4, 2, dtype=torch.float64, generator=generator)
    near = path[:, :1] + 1e-5 * (path - path[:, :1])
    exact, limit = (noether_loss(embedding, near, form) for form in ("steps", "drift"))
    torch.testing.assert_close(limit, exact, rtol=1e-3, atol=0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("steps", [1, 3])
def test_predictions_are_those_of_a_loop_over_trajectories(form, steps):
    predictor, embedding, (theta, phi), starts = small()
    found = predict_sequence(
        predictor, embedding, (theta, phi), starts, HORIZON, rate=0.3, steps=steps, form=form
    )
    for start, path in zip(starts, found, strict=True):
        own = dict(theta)
        for _ in range(steps):
            rolled = [start]
            for _ in range(HORIZON):
                rolled.append(functional_call(predictor, own, (rolled[-1],)))
            loss = noether_loss(
                lambda x: functional_call(embedding, phi, (x,)), torch.stack(rolled), form
            )
            slopes = torch.autograd.grad(loss, list(own.values()))
            own = {
                name: weight - 0.3 * slope
                for (name, weight), slope in zip(own.items(), slopes, strict=True)
            }
        expected = roll_out(predictor, own, start, HORIZON)
        torch.testing.assert_close(path, expected, rtol=1e-10, atol=1e-13)
    plain = roll_out(predictor, theta, starts, HORIZON)
    assert float((found - plain).detach().abs().max()) > 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_gradients_of_the_outer_loss_are_those_of_finite_differences(form):
    predictor, embedding, (theta, phi), starts = small()
    rate = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    targets = 0.8 * starts[:, None]

    def task():
        paths = predict_sequence(
            predictor, embedding, (theta, phi), starts, HORIZON, rate=rate, steps=2, form=form
        )
        return (paths - targets)[:, 1:].square().mean()

    inputs = [rate, *theta.values(), *phi.values()]
    slopes = torch.autograd.grad(task(), inputs, allow_unused=True)
    if slopes[-1] is not None:  # an offset of g is no loss
        assert float(slopes[-1].abs().max()) < 1e-14
    for tensor, slope in zip(inputs[:-1], slopes[:-1], strict=True):
        for place in {0, tensor.numel() - 1}:
            values = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    tensor.view(-1)[place] += step
                    values.append(float(task()))
                    tensor.view(-1)[place] -= step
            expected = (values[0] - values[1]) / 2e-6
            assert float(slope.reshape(-1)[place]) == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_without_a_rate_or_a_step_it_is_the_plain_roll_out():
    predictor, embedding, weights, starts = small()
    plain = roll_out(predictor, weights[0], starts, HORIZON)
    for options in ({"rate": 0.0}, {"rate": 0.5, "steps": 0}):
        found = predict_sequence(predictor, embedding, weights, starts, HORIZON, **options)
        torch.testing.assert_close(found, plain, rtol=1e-13, atol=1e-15)
    assert plain.shape == (3, HORIZON + 1, 2)
    assert torch.equal(plain[:, 0], starts)


def test_the_inner_step_lowers_every_trajectorys_loss():
    predictor, embedding, weights, starts = small()
    found = predict_sequence(predictor, embedding, weights, starts, HORIZON, rate=1e-2)
    before = noether_loss(embedding, roll_out(predictor, weights[0], starts, HORIZON))
    assert (noether_loss(embedding, found) < before).all()


SHORT = MetaTraining(updates=25, batch=8, learning_rate=1e-2, embedding_rate=1e-2)


def nets():
    return Increment(network(2, 2, hidden=8, seed=1)), network(2, 1, hidden=8, seed=2)


def test_training_learns_and_gives_the_same_bytes_twice():
    predictor, embedding = nets()
    given = [weight.clone() for weight in (*predictor.parameters(), *embedding.parameters())]
    one, two = (meta_train(predictor, embedding, circles(), SHORT) for _ in range(2))
    assert not one.diverged
    assert one.losses.shape == (25,)
    assert float(one.losses[-5:].mean()) < 0.5 * float(one.losses[0])
    assert torch.equal(one.losses, two.losses)
    for first, second in zip(one.weights, two.weights, strict=True):
        assert all(torch.equal(first[name], second[name]) for name in first)
    now = (*predictor.parameters(), *embedding.parameters())
    assert all(torch.equal(before, after) for before, after in zip(given, now, strict=True))
    other = meta_train(predictor, embedding, circles(), replace(SHORT, seed=1))
    assert not torch.equal(one.losses, other.losses)


@pytest.mark.parametrize("rate", [0.0, 1e-2])
def test_an_embedding_of_rate_0_is_frozen(rate):
    predictor, embedding = nets()
    options = replace(SHORT, updates=3, embedding_rate=rate)
    theta, phi = meta_train(predictor, embedding, circles(), options).weights
    moved = any(not torch.equal(phi[name], own) for name, own in embedding.named_parameters())
    assert moved is (rate > 0)
    assert any(not torch.equal(theta[name], own) for name, own in predictor.named_parameters())


def test_a_training_that_diverges_says_so():
    predictor, embedding = nets()
    predictor.change[4].weight.data.mul_(1e30)
    found = meta_train(predictor, embedding, circles(), SHORT)
    assert found.diverged
    assert len(found.losses) < 25
    assert torch.isfinite(found.losses).all()
    assert all(torch.isfinite(own).all() for one in found.weights for own in one.values())


def test_the_seed_of_a_network_is_its_own():
    state = torch.get_rng_state()
    one, two, other = (network(2, 1, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one[0].weight, two[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)


def test_what_makes_no_sense_is_refused():
    predictor, embedding = nets()
    with pytest.raises(OptionError, match="form is 'mean'; give one of start, steps, drift"):
        noether_loss(embedding, circles(), "mean")
    with pytest.raises(OptionError, match=r"windows have the shape \(12, 1, 2\); give"):
        meta_train(predictor, embedding, circles()[:, :1], SHORT)
    spoilt = circles()
    spoilt[3, 2, 0] = float("nan")
    with pytest.raises(OptionError, match="not finite; leave such windows out"):
        meta_train(predictor, embedding, spoilt, SHORT)
