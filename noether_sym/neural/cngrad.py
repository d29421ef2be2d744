"""CNGRAD: an inner step for each sample, in the conditional normalisation layers alone.

Each sample has its own factors gamma and offsets beta; all other weights are shared. The
gradient of the *sum* of the samples' inner losses by these is then the gradient of each
sample's own loss, exactly, and one backward pass serves the whole batch. A mean in place of the
sum would divide the inner rate by the size of the batch.

Nothing of a sample may reach another one before the loss: normalise by layer, group or
instance, not by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from noether_sym.errors import OptionError

if TYPE_CHECKING:
    from torch import Tensor

Conditions = Mapping[str, "Tensor"]
"""gamma and beta of every layer, (sample, channel) each, by their name in the network: what
`torch.func.functional_call` takes."""


class ConditionalNorm(nn.Module):
    """``gamma * x + beta`` with gamma and beta of each channel, for each sample if given.

    It has no weights: gamma is 1 and beta 0 until a call gives others in their place, by
    ``torch.func.functional_call(network, conditions, inputs)``.

    Parameters
    ----------
    channels : int
        Size of axis 1 of the features.

    Notes
    -----
    It stands behind a normalisation without factors of its own, where there is one.

    References
    ----------
    F. Alet, M. Bauza, K. Kawaguchi, N. G. Kuru, T. Lozano-Pérez, L. P. Kaelbling 2021, Tailoring:
    encoding inductive biases by optimizing unsupervised objectives at prediction time, NeurIPS 34;
    F. Alet et al. 2021, Noether Networks, NeurIPS 34, section 3.
    """

    gamma: Tensor
    beta: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("gamma", torch.ones(channels), persistent=False)
        self.register_buffer("beta", torch.zeros(channels), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (sample, channel, ...), dense ones or pictures, to the same shape."""
        shape = (*self.gamma.shape, *[1] * (features.ndim - 2))
        return features * self.gamma.reshape(shape) + self.beta.reshape(shape)


def identity(network: nn.Module, samples: int) -> dict[str, Tensor]:
    """gamma = 1 and beta = 0 of every `ConditionalNorm` in a network, for each sample.

    Parameters
    ----------
    network : Module
    samples : int

    Returns
    -------
    dict of tensors of shape (sample, channel)

    Raises
    ------
    OptionError
        If the network has no such layer, or one that mixes the samples of a batch.
    """
    found = {}
    for path, layer in network.named_modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and _mixes(layer):
            raise OptionError(
                f"{path or 'the network'} normalises over the batch, and each sample would adapt "
                "to the others; use LayerNorm or GroupNorm"
            )
        if isinstance(layer, ConditionalNorm):
            begin = f"{path}." if path else ""
            found[f"{begin}gamma"] = layer.gamma.expand(samples, -1)
            found[f"{begin}beta"] = layer.beta.expand(samples, -1)
    if not found:
        raise OptionError("the network has no ConditionalNorm layer to adapt")
    return found


def adapted(
    loss: Callable[[Conditions], Tensor],
    conditions: Conditions,
    *,
    rate: float | Tensor,
    steps: int = 1,
    second_order: bool = True,
) -> dict[str, Tensor]:
    """Gradient steps on each sample's inner loss, by that sample's gamma and beta.

    Parameters
    ----------
    loss : callable
        From conditions to the inner loss of each sample, shape (sample,).
    conditions : mapping of tensors of shape (sample, channel)
        Where to start: `identity`.
    rate : float or tensor without axes
        Inner rate; a tensor may be learned.
    steps : int
    second_order : bool
        Whether the steps can be differentiated, as training needs; without, and where
        gradients are off, the result has no history.

    Returns
    -------
    dict of tensors of shape (sample, channel)

    Raises
    ------
    OptionError
        If the loss is not one number a sample, or does not depend on the conditions.
    """
    keep = second_order and torch.is_grad_enabled()
    own = dict(conditions)
    with torch.enable_grad():
        for _ in range(steps):
            own = {
                name: tensor if tensor.requires_grad else tensor.detach().requires_grad_()
                for name, tensor in own.items()
            }
            losses = loss(own)
            _check(losses, own)
            slopes = torch.autograd.grad(
                losses.sum(), list(own.values()), create_graph=keep, materialize_grads=True
            )
            pairs = zip(own.items(), slopes, strict=True)
            own = {name: tensor - rate * slope for (name, tensor), slope in pairs}
            if not keep:
                own = {name: tensor.detach() for name, tensor in own.items()}
    return own


def _mixes(layer: nn.modules.batchnorm._BatchNorm) -> bool:
    return layer.training or layer.running_mean is None


def _check(losses: Tensor, conditions: Conditions) -> None:
    samples = len(next(iter(conditions.values())))
    if losses.shape != (samples,):
        raise OptionError(
            f"the inner loss has the shape {tuple(losses.shape)}; give one number a sample, "
            f"({samples},), neither summed nor averaged"
        )
    if not losses.requires_grad:
        raise OptionError(
            "the inner loss does not depend on the conditions; pass them to the network by "
            "torch.func.functional_call"
        )
