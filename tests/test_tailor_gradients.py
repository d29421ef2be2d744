"""The hand-written gradient of meta-tailoring against autograd and finite differences."""

import pytest
import torch
from networks import PENDULUM, PRODUCT, quantities_of, small_weights

from noether_sym.tailor.gradients import meta_gradients, tanh_in_place
from noether_sym.tailor.inner_step import Quantities, tailored_field
from noether_sym.tailor.network import Weights


def data(samples, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((2, samples, 2), dtype=torch.float64, generator=generator)


def spread(quantities: Quantities, states, trials):
    gradients = quantities.gradients(states.expand(len(quantities.laws), -1, -1))
    return gradients.repeat_interleave(trials // len(quantities.laws), 0)


@pytest.mark.parametrize("block", [2, 7, 40])
def test_gradient_is_the_one_of_autograd(block):
    weights = small_weights(trials=4, seed=1)
    states, targets = data(19, seed=2)
    rates = torch.tensor([0.0, 0.05, 0.4, 3.0], dtype=torch.float64)
    quantities = quantities_of([PENDULUM, PRODUCT])
    loss, found = meta_gradients(
        weights, states, targets, rates, spread(quantities, states, 4), block
    )
    tensors = [tensor.requires_grad_() for tensor in weights.tensors()]
    field = tailored_field(Weights(*tensors), states.expand(4, -1, -1), rates, quantities)
    expected = (field - targets).square().mean((1, 2))
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-12, atol=0)
    for one, two in zip(found, torch.autograd.grad(expected.sum(), tensors), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-10, atol=1e-12)


def test_gradient_is_the_one_of_finite_differences():
    weights = small_weights(hidden=3, seed=4)
    states, targets = data(5, seed=5)
    rates = torch.tensor([0.3], dtype=torch.float64)
    slope = spread(quantities_of([PENDULUM]), states, 1)
    _, found = meta_gradients(weights, states, targets, rates, slope)
    for tensor, gradient in zip(weights.tensors(), found, strict=True):
        for place in range(tensor.numel()):
            values = []
            for step in (1e-6, -1e-6):
                tensor.view(-1)[place] += step
                values.append(meta_gradients(weights, states, targets, rates, slope)[0])
                tensor.view(-1)[place] -= step
            expected = float(values[0] - values[1]) / 2e-6
            assert float(gradient.view(-1)[place]) == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_try_that_diverges_leaves_the_others_alone():
    weights = small_weights(trials=2, seed=6)
    states, targets = data(9, seed=7)
    rates = torch.tensor([0.1, 0.1], dtype=torch.float64)
    slope = spread(quantities_of([PENDULUM]), states, 2)
    sound = meta_gradients(weights, states, targets, rates, slope)[1]
    weights.w1[1, 0, 0] = float("nan")
    spoilt = meta_gradients(weights, states, targets, rates, slope)[1]
    for one, two in zip(sound, spoilt, strict=True):
        torch.testing.assert_close(one[0], two[0], rtol=1e-13, atol=0)
        assert torch.isnan(two[1]).any()


def test_fast_tanh_is_tanh_to_single_precision():
    values = torch.linspace(-30, 30, 100_001)
    error = tanh_in_place(values.clone()).double() - values.double().tanh()
    assert float(error.abs().max()) < 4 * torch.finfo(torch.float32).eps
