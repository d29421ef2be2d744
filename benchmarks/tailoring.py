"""Trials a second of meta-tailoring, beside a loop over examples and the product ceiling."""

from __future__ import annotations

import torch

from benchmarks._measure import Section, alternate, cores, table
from benchmarks.naive import tailor_one
from noether_sym.datasets import load
from noether_sym.laws.known import oracle_law
from noether_sym.tailor.gradients import meta_gradients
from noether_sym.tailor.inner_step import Quantities
from noether_sym.tailor.network import HIDDEN, Problem, initial_weights

_PRODUCTS = 9
"""Products with the large weight matrix in one gradient: 3 forward, 2 each backward."""


def measure(quick: bool) -> Section:
    """One epoch of one trial on the pendulum's 1,125 states; one thread."""
    torch.set_num_threads(1)
    data = load("ideal_pendulum")
    law = oracle_law(data)
    assert law is not None
    problem = Problem.of(data, "cpu")
    weights = initial_weights(2, 2, 0, "cpu")
    quantities = Quantities.of([law], problem, 0.1)
    slope = quantities.gradients(problem.states[None])
    rate = torch.tensor([0.03])
    trials = 3
    many = [tensor.repeat(trials, *[1] * (tensor.ndim - 1)) for tensor in weights.tensors()]
    together = type(weights)(*many)
    own = [tensor[0].clone().requires_grad_() for tensor in weights.tensors()]
    count = 20 if quick else 100
    matrix = torch.randn(len(problem.states), HIDDEN)
    square = torch.randn(HIDDEN, HIDDEN)

    def plain() -> None:
        for row in range(count):
            tailor_one(own, problem.states[row], problem.derivatives[row], 0.03, law)

    ways = {
        "plain": plain,
        "here": lambda: meta_gradients(
            together,
            problem.states,
            problem.derivatives,
            rate.expand(trials),
            slope.expand(trials, -1, -1),
        ),
        "products": lambda: [matrix @ square for _ in range(10)],
    }
    found = alternate(ways, 3 if quick else 9)
    plain_epoch = found["plain"] / count * len(problem.states)
    here_epoch = found["here"] / trials
    flops = _PRODUCTS * 2 * len(problem.states) * HIDDEN**2
    ceiling = 10 * 2 * len(problem.states) * HIDDEN**2 / found["products"]
    rows = [
        ["plain loop over examples", f"{1e3 * plain_epoch:.0f}", f"{0.01 / plain_epoch:.4f}", "1"],
        [
            "here",
            f"{1e3 * here_epoch:.1f}",
            f"{0.01 / here_epoch:.2f}",
            f"{plain_epoch / here_epoch:.0f}",
        ],
    ]
    share = flops / here_epoch / ceiling
    floor = 180 * 100 * flops / ceiling / cores()
    text = (
        "One thread; a trial is one candidate at one inner rate for 100 epochs on 1,125 states. "
        "Plain: the inner step and both gradients by autograd, one example at a time.\n\n"
        + table(["way", "ms an epoch", "trials/s", "ratio"], rows)
        + f"\n\nLarge matrix products alone run at {ceiling / 1e9:.0f} GFLOP/s here; an epoch "
        f"needs {flops / 1e9:.2f} GFLOP of them, so that the gradient runs at {share:.0%} of that "
        f"ceiling. All 20 x 9 trials cannot take less than {floor:.0f} s on {cores()} cores by "
        f"that measure, and take about {180 * 100 * here_epoch / cores():.0f} s at this rate."
    )
    return Section("Tailoring", text)
