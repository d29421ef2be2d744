"""Programs: batched and compiled evaluation against one formula at a time."""

import numpy as np
import pytest
import torch

from noether_sym.datasets import load
from noether_sym.dsl.distinct import enumerate_laws
from noether_sym.dsl.expression import PARAMETER
from noether_sym.dsl.grammar import resolve_grammar
from noether_sym.search.program import Points, Program, make_evaluator
from noether_sym.search.program.generated import load_kernels
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.stage import distinct_candidates


def evaluator(sort, program):
    if sort == "compiled":
        pytest.importorskip("numba")
    return make_evaluator(program, "cpu", compiled=sort == "compiled")


@pytest.fixture(scope="module")
def batches():
    """Candidates of every shape, from grammars that hold every operation between them."""
    pendulum = load("ideal_pendulum")
    points = Points(make_samples(pendulum.train, window=None, seed=0).thinned(60), "cpu")
    found = {}
    for grammar, depth in (("paper", 7), ("extended", 5), ("paper", 9)):
        laws = enumerate_laws(resolve_grammar(grammar), pendulum.dimensions, depth)
        for number, one in enumerate(distinct_candidates(laws)):
            if depth < 9 or number % 40 == 0:
                found.setdefault((one.nonlinear, len(one.terms)), []).append(one)
    return list(found.values()), points


@pytest.mark.parametrize("sort", ["torch", "compiled"])
def test_values_and_slopes_are_those_of_each_formula(batches, sort):
    parts, points = batches
    columns = list(points.columns.numpy())
    for part in parts:
        program = Program(part, len(columns))
        own = evaluator(sort, program)
        generator = torch.Generator().manual_seed(0)
        shape = (len(part), 2, program.nonlinear)
        inner = torch.randn(shape, dtype=torch.float64, generator=generator)
        fixed = own.fixed_values(points.columns)
        values, slopes = own.slopes(fixed, inner)
        torch.testing.assert_close(own.values(fixed, inner), values, equal_nan=True)
        for row, one in enumerate(part):
            for start in range(2):
                check(one, columns, inner[row, start], values[:, row, start], slopes[:, row, start])


def check(candidate, columns, inner, values, slopes):
    own = [np.float64(value) for value in inner.tolist()]
    total = np.zeros((len(own), len(columns[0])))
    with np.errstate(all="ignore"):
        for place, term in enumerate(candidate.terms):
            value, by = term.linearise(np, columns, own, PARAMETER)
            np.testing.assert_allclose(
                values[place], np.broadcast_to(value, values[place].shape), 1e-6, 1e-9
            )
            for slot, slope in by.items():
                total[slot] += slope
        # what is not finite need not be so in the same way: it is masked
        finite = np.isfinite(total) & np.isfinite(slopes.numpy())
        np.testing.assert_allclose(slopes.numpy()[finite], total[finite], 1e-5, 1e-7)


def test_compiled_sine_and_cosine_are_good_to_the_last_digits():
    pytest.importorskip("numba")
    kernels = load_kernels()
    generator = np.random.default_rng(0)
    edges = np.arange(-40, 40) * np.pi / 2
    values = np.concatenate(
        [generator.uniform(-8, 8, 4000), generator.uniform(-9e4, 9e4, 4000), edges]
    )
    out = np.empty_like(values)
    for odd, exact in ((0, np.sin), (1, np.cos)):
        kernels._wave(values, out, odd, 1.0)
        np.testing.assert_allclose(out, exact(values), rtol=0, atol=5e-16)
    huge = np.array([1e300, np.inf, np.nan, 1.0])
    out = np.empty_like(huge)
    with np.errstate(invalid="ignore"):
        kernels._wave(huge, out, 0, 1.0)
        np.testing.assert_allclose(out, np.sin(huge), rtol=1e-12)


def test_more_points_than_a_block():
    pytest.importorskip("numba")
    count = 2 * load_kernels().BLOCK + 17
    columns = torch.linspace(0.1, 3.0, 2 * count, dtype=torch.float64).reshape(2, count)
    laws = enumerate_laws(resolve_grammar("paper"), load("ideal_pendulum").dimensions, 7)
    part = [one for one in distinct_candidates(laws) if one.nonlinear == 1 and len(one.terms) == 1]
    program = Program(part, 2)
    inner = torch.full((len(part), 1, 1), 0.7, dtype=torch.float64)
    found = []
    for sort in ("compiled", "torch"):
        own = evaluator(sort, program)
        found.append(own.slopes(own.fixed_values(columns), inner))
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-7, atol=1e-9, equal_nan=True)
