"""Adam for tensors whose gradients are at hand.

`torch.optim.Adam` imports torch's compiler when it is made, which takes longer than most
trainings here and serves none of them. The update is torch's own all the same
(`torch.optim.adam.adam`), so that the answer has the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch.optim.adam import adam

if TYPE_CHECKING:
    from torch import Tensor

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8
"""Of Kingma and Ba 2015, Adam: a method for stochastic optimization, section 2."""


class Adam:
    """Averages of the gradients of some tensors, and the steps that they make.

    Parameters
    ----------
    tensors : sequence of tensors
        Changed in place by each step.
    rate : float
        Learning rate.
    weight_decay : float
        Of an L2 penalty, added to the gradients.
    """

    def __init__(
        self, tensors: Sequence[Tensor], *, rate: float, weight_decay: float = 0.0
    ) -> None:
        self._tensors = [tensor.detach() for tensor in tensors]
        self._averages = [torch.zeros_like(tensor) for tensor in self._tensors]
        self._squares = [torch.zeros_like(tensor) for tensor in self._tensors]
        self._steps = [torch.tensor(0.0) for _ in self._tensors]
        self._rate, self._weight_decay = rate, weight_decay

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Go a step down.

        Parameters
        ----------
        gradients : sequence of tensors
            One for each of the tensors, of its shape.
        """
        adam(
            self._tensors,
            list(gradients),
            self._averages,
            self._squares,
            [],
            self._steps,
            amsgrad=False,
            beta1=_BETA1,
            beta2=_BETA2,
            lr=self._rate,
            weight_decay=self._weight_decay,
            eps=_EPSILON,
            maximize=False,
        )
