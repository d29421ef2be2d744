"""Adam without the compiler: the same bits as the library's own class, and fewer imports."""

import subprocess
import sys

import pytest
import torch

from noether_sym.runtime.adam import Adam


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_steps_are_those_of_the_library(dtype, weight_decay):
    generator = torch.Generator().manual_seed(5)
    starts = [torch.randn(shape, dtype=dtype, generator=generator) for shape in ((3, 4), (2,))]
    own = [start.clone() for start in starts]
    theirs = [start.clone().requires_grad_() for start in starts]
    optimizer = Adam(own, rate=0.02, weight_decay=weight_decay)
    library = torch.optim.Adam(theirs, lr=0.02, weight_decay=weight_decay)
    for _ in range(20):
        gradients = [torch.randn(one.shape, dtype=dtype, generator=generator) for one in starts]
        optimizer.step(gradients)
        for tensor, gradient in zip(theirs, gradients, strict=True):
            tensor.grad = gradient
        library.step()
    for one, other, start in zip(own, theirs, starts, strict=True):
        assert torch.equal(one, other)
        assert not torch.equal(one, start)


def test_training_imports_no_compiler():
    code = (
        "import sys, torch\n"
        "from noether_sym.runtime.adam import Adam\n"
        "Adam([torch.ones(2)], rate=.1).step([torch.ones(2)])\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
