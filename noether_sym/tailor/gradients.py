"""The gradient of meta-tailoring by hand: what autograd gives, in fewer passes over memory.

The loss is the mean squared error of the field after the inner step on the drift loss (see
`noether_sym.tailor.inner_step`). Its second-order gradient by the weights is written out
below, layer by layer in reverse, a block of states at a time, so that the activations of a
block stay in a core's cache. ``tests/test_tailor_gradients.py`` holds it against autograd
and against finite differences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from noether_sym.tailor.network import Weights

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK_ACTIVATIONS = 80_000
"""Numbers in one hidden layer of a block on a CPU: what a core's second cache holds."""

tanh_backward = torch.ops.aten.tanh_backward


def meta_gradients(
    weights: Weights,
    states: Tensor,
    targets: Tensor,
    rates: Tensor,
    gradients: Tensor,
    block: int | None = None,
) -> tuple[Tensor, list[Tensor]]:
    """Loss after the inner step, and its gradient by the weights.

    Parameters
    ----------
    weights : Weights
        Of T trials.
    states, targets : tensors of shape (sample, column)
        In network coordinates.
    rates : tensor of shape (trial,)
        Inner rates.
    gradients : tensor of shape (trial, sample, column)
        Of each trial's quantity, by the network's output.
    block : int, optional
        States in a block; by default what suits the device.

    Returns
    -------
    loss : tensor of shape (trial,)
        Mean squared error over samples and columns.
    gradients : list of tensors
        By `weights.tensors()`, for each trial by its own loss.
    """
    if block is None:
        layer = len(rates) * weights.w1.shape[1]
        block = len(states) if states.is_cuda else max(1, _BLOCK_ACTIVATIONS // layer)
    totals = [torch.zeros_like(tensor) for tensor in weights.tensors()]
    loss = torch.zeros_like(rates)
    for begin in range(0, len(states), block):
        part = slice(begin, begin + block)
        x = states[part].expand(len(rates), -1, -1)
        loss += _accumulate(totals, weights, x, targets[part], rates, gradients[:, part])
    count = targets.numel()
    for total in totals:
        total *= 2.0 / count
    return loss / count, totals


def _accumulate(
    totals: list[Tensor], weights: Weights, x: Tensor, target: Tensor, rates: Tensor, slope: Tensor
) -> Tensor:
    """Add a block's share, up to a common factor; returns its sum of squared errors."""
    w1, b1, w2, b2, w3 = weights.tensors()
    rate = rates[:, None, None]
    # the network, the drift's error at its output, and that error taken back to the layers
    before_one = torch.baddbmm(b1[:, None], x, w1.mT)
    one = tanh_in_place(before_one.clone())
    two = tanh_in_place(torch.baddbmm(b2[:, None], one, w2.mT))
    error = 2.0 * (slope * torch.bmm(two, w3.mT)).sum(-1, keepdim=True) * slope
    back_two = tanh_backward(torch.bmm(error, w3), two)
    back_one = tanh_backward(torch.bmm(back_two, w2), one)
    # the network after the inner step
    near = -rate * (x.square().sum(-1, keepdim=True) + 1.0)
    new_one = tanh_in_place(before_one.addcmul_(near, back_one))
    reach_one = -rate * ((one * new_one).sum(-1, keepdim=True) + 1.0)
    new_two = torch.baddbmm(b2[:, None], new_one, w2.mT)
    new_two = tanh_in_place(new_two.addcmul_(reach_one, back_two))
    reach_two = -rate * (two * new_two).sum(-1, keepdim=True)
    miss = torch.bmm(new_two, w3.mT).addcmul_(reach_two, error).sub_(target)
    # back through the output
    by_error = reach_two * miss
    by_reach = -rate * (miss * error).sum(-1, keepdim=True)
    totals[4].baddbmm_(miss.mT, new_two)
    by_new_two = tanh_backward(torch.bmm(miss, w3).addcmul_(by_reach, two), new_two)
    by_two = by_reach * new_two
    # back through the second layer after the step
    totals[2].baddbmm_(by_new_two.mT, new_one)
    by_reach = -rate * (by_new_two * back_two).sum(-1, keepdim=True)
    by_back_two = reach_one * by_new_two
    by_new_one = tanh_backward(torch.bmm(by_new_two, w2).addcmul_(by_reach, one), new_one)
    by_one = by_reach * new_one
    # back through the errors at the first and the second layer
    by_back_one = near * by_new_one
    bend_one = by_back_one * back_one
    by_back_one = tanh_backward(by_back_one, one)
    totals[2].baddbmm_(back_two.mT, by_back_one)
    by_back_two.baddbmm_(by_back_one, w2.mT)
    bend_two = by_back_two * back_two
    by_back_two = tanh_backward(by_back_two, two)
    totals[4].baddbmm_(error.mT, by_back_two)
    by_error.baddbmm_(by_back_two, w3.mT)
    # back through the drift and the network before the step
    by_output = 2.0 * (by_error * slope).sum(-1, keepdim=True) * slope
    totals[4].baddbmm_(by_output.mT, two)
    by_two.baddbmm_(by_output, w3)
    by_two = tanh_backward(by_two, two).addcmul_(two, bend_two, value=-2.0)
    totals[2].baddbmm_(by_two.mT, one)
    totals[3] += by_two.sum(1) + by_new_two.sum(1)
    by_one.baddbmm_(by_two, w2)
    by_one = tanh_backward(by_one, one).addcmul_(one, bend_one, value=-2.0).add_(by_new_one)
    totals[0].baddbmm_(by_one.mT, x)
    totals[1] += by_one.sum(1)
    return miss.square().sum((1, 2))


def tanh_in_place(values: Tensor) -> Tensor:
    """tanh in place; on a CPU torch's sigmoid is five times faster, and as good here.

    The absolute error is two units in the last place of 1.
    """
    if values.is_cuda or values.dtype == torch.float64:
        return values.tanh_()
    return values.mul_(2.0).sigmoid_().mul_(2.0).sub_(1.0)
