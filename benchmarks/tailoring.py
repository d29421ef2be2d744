"""Trials a second of meta-tailoring, beside two plain ways and the product ceiling."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from benchmarks._measure import Section, alternate, cores, table, timed
from benchmarks.naive import tailor_one, tailor_vmap
from noether_sym.datasets import load
from noether_sym.laws.known import known_law
from noether_sym.tailor.gradients import meta_gradients
from noether_sym.tailor.inner_step import Quantities
from noether_sym.tailor.network import HIDDEN, Problem, Weights, initial_weights

_PRODUCTS = 9
"""Products with the large weight matrix in one gradient: 3 forward, 2 each backward."""

_AGREE = 1e-4
"""Largest error of a gradient, relative to its largest entry, that float32 rounding explains."""

_RATE = 0.03
"""Inner rate of every trial, one within the range that tailoring tries."""

_CHUNKS = (16, 32, 125)
"""Examples at a time under vmap: the quickest of these is taken."""


def measure(quick: bool) -> Section:
    """One epoch of one trial on the pendulum's 1,125 states; one thread."""
    torch.set_num_threads(1)
    data = load("ideal_pendulum")
    law = known_law(data)
    assert law is not None
    problem = Problem.of(data, "cpu")
    weights = initial_weights(2, 2, 0, "cpu")
    slopes = Quantities.of([law], problem, 0.1).gradients(problem.states[None])
    trials = 3
    rates = torch.full((trials,), _RATE)
    many = [tensor.repeat(trials, *[1] * (tensor.ndim - 1)) for tensor in weights.tensors()]
    together = Weights(*many)
    own = [tensor[0].clone().requires_grad_() for tensor in weights.tensors()]
    count = 20 if quick else 100
    batch = 32 if quick else len(problem.states)
    chunks = _CHUNKS[:1] if quick else _CHUNKS
    matrix = torch.randn(len(problem.states), HIDDEN)
    square = torch.randn(HIDDEN, HIDDEN)

    def plain() -> list[list[torch.Tensor]]:
        return [
            tailor_one(own, problem.states[row], problem.derivatives[row], _RATE, slopes[0, row])
            for row in range(count)
        ]

    def batched(size: int, chunk: int) -> list[torch.Tensor]:
        return tailor_vmap(
            own, problem.states[:size], problem.derivatives[:size], _RATE, slopes[0, :size], chunk
        )

    def here(size: int) -> list[torch.Tensor]:
        return meta_gradients(
            together,
            problem.states[:size],
            problem.derivatives[:size],
            rates,
            slopes[:, :size].expand(trials, -1, -1),
        )[1]

    loop = [torch.stack(parts).mean(0) for parts in zip(*plain(), strict=True)]
    apart = {
        "the plain loop": _apart(loop, here(count)),
        "vmap": _apart(batched(batch, _CHUNKS[0]), here(batch)),
    }
    for way, error in apart.items():
        if not error < _AGREE:
            raise RuntimeError(f"the gradient of {way} is another one than ours: {error:.2g}")
    chunk = min(chunks, key=lambda size: min(timed(lambda: batched(batch, size))[0] for _ in "12"))
    found = alternate(
        {
            "plain": plain,
            "vmap": lambda: batched(batch, chunk),
            "here": lambda: here(len(problem.states)),
            "products": lambda: [matrix @ square for _ in range(10)],
        },
        2 if quick else 9,
    )
    states = len(problem.states)
    epochs = {
        "plain loop over examples": found["plain"] / count * states,
        "torch.func.vmap over examples": found["vmap"] / batch * states,
        "here": found["here"] / trials,
    }
    own_epoch = epochs["here"]
    rows = [
        [name, f"{1e3 * epoch:.3g}", f"{0.01 / epoch:.3g}", f"{epoch / own_epoch:.3g}"]
        for name, epoch in epochs.items()
    ]
    flops = _PRODUCTS * 2 * states * HIDDEN**2
    ceiling = 10 * 2 * states * HIDDEN**2 / found["products"]
    floor = 180 * 100 * flops / ceiling / cores()
    agreement = " and ".join(f"{error:.1g} ({way})" for way, error in apart.items())
    text = (
        "One thread; a trial is one candidate at one inner rate for 100 epochs on "
        f"{states:,} states. Plain: the inner step and both gradients by autograd, one example "
        "at a time. vmap: the inner step by `vmap(grad(...))` over the examples, and one "
        f"gradient back through all of it, {chunk} examples at a time (the quickest of "
        f"{', '.join(map(str, chunks))}). All three give the same gradient: before anything was "
        f"timed, ours was apart from theirs by {agreement} of the largest entry (float32).\n\n"
        + table(["way", "ms an epoch", "trials/s", "time over ours"], rows)
        + f"\n\nLarge matrix products alone run at {ceiling / 1e9:.0f} GFLOP/s here; an epoch "
        f"needs {flops / 1e9:.2f} GFLOP of them, so that the gradient runs at "
        f"{flops / own_epoch / ceiling:.0%} of that ceiling. All 20 x 9 trials cannot take less "
        f"than {floor:.0f} s on {cores()} cores by that measure, and take about "
        f"{180 * 100 * own_epoch / cores():.0f} s at this rate."
    )
    return Section("Tailoring", text)


def _apart(theirs: Sequence[torch.Tensor], ours: Sequence[torch.Tensor]) -> float:
    """Largest difference from our first trial's gradient, over the largest entry of each."""
    return max(
        float((one - other[0]).abs().max() / one.abs().max())
        for one, other in zip(theirs, ours, strict=True)
    )
