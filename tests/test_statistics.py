"""The numbers that decide: ratio, surrogate, robust weights, degrees of freedom, alignment.

Each against a plain computation, or a case whose answer is known.
"""

import numpy as np
import pytest
import torch
from networks import law_of

from noether_sym.datasets import Trajectory
from noether_sym.dsl.expression import call, input_
from noether_sym.search.candidate import decompose
from noether_sym.search.fit import fit_candidates
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import make_samples
from noether_sym.statistics.variance import centred, degrees_of_freedom, robust_weights
from noether_sym.verdict.gradients import alignment

Q, P = input_(0), input_(1)


def unequal(lengths=(12, 30, 7, 1, 21), columns=2):
    """Normal numbers in trajectories of unequal lengths, each about a mean of its own."""
    generator = np.random.default_rng(4)
    parts = []
    for number, length in enumerate(lengths):
        states = generator.normal(size=(length, columns)) + 3 * generator.normal(size=columns)
        parts.append(Trajectory(str(number), np.arange(length) * 0.1, states, np.ones_like(states)))
    return parts


def test_the_ratio_is_the_variance_within_over_that_of_the_surrogate():
    parts = unequal()
    samples = make_samples(parts, window=None, seed=0)
    law = law_of(call("add", Q, P))
    own = [one.states.sum(1) for one in parts if len(one) > 1]
    squares = sum(((one - one.mean()) ** 2).sum() for one in own)
    within = squares / (sum(map(len, own)) - len(own))
    surrogate = samples.surrogate.sum(0)[samples.weights > 0]
    expected = within / surrogate.var(ddof=1)
    assert conservation_ratio(law, samples) == pytest.approx(expected, rel=1e-9)
    (fitted,) = fit_candidates([decompose(law.expression)], samples)
    assert fitted.ratio == pytest.approx(expected, rel=1e-6)


def test_the_surrogate_shuffles_each_column_by_itself_over_all_samples():
    samples = make_samples(unequal(), window=None, seed=0)
    real = samples.weights > 0
    rows = samples.states[:, real]
    mixed = samples.surrogate[:, real]
    for own, shuffled in zip(rows, mixed, strict=True):
        np.testing.assert_array_equal(np.sort(own), np.sort(shuffled))
        assert np.mean(own == shuffled) < 0.1
    together = {tuple(pair) for pair in rows.T} & {tuple(pair) for pair in mixed.T}
    assert len(together) < 0.1 * rows.shape[1]
    np.testing.assert_array_equal(samples.surrogate[:, ~real], samples.states[:, ~real])
    # means of the sequences differ in the data, and hardly in the surrogate
    means = [
        np.ptp([row[:20][mask[:20]].mean() for row, mask in zip(one[0], real, strict=True)])
        for one in (samples.states, samples.surrogate)
    ]
    assert means[1] < 0.6 * means[0]


def test_the_surrogate_follows_its_seed():
    one, same, other = (make_samples(unequal(), window=None, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.surrogate, same.surrogate)
    assert (one.surrogate != other.surrogate).any()
    assert (one.as_surrogate(0).surrogate != one.surrogate).any()


def test_robust_weights_leave_a_gaussian_alone_and_pull_in_what_is_far_out():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn((8, 30), dtype=torch.float64, generator=generator)
    mask = torch.ones_like(values)
    assert (robust_weights(values, mask) == 1.0).all()
    assert (robust_weights(1e6 * values + 5e6, mask) == 1.0).all()
    # distance is from the median, however far from 0 that lies
    aside = values + 50.0
    aside[1, 1] = 80.0
    assert (robust_weights(aside, mask) < 1).nonzero().tolist() == [[1, 1]]
    values[2, 3], values[4, 4] = 1e9, -100.0
    mask[0, :5] = 0.0
    weights = robust_weights(values, mask)
    assert (weights[mask == 0] == 0).all()
    assert ((weights < 1) & (mask > 0)).nonzero().tolist() == [[2, 3], [4, 4]]
    # they are moved to the same distance: about 3 times the ninth decile, 1.64 deviations
    moved = (weights * values.abs())[[2, 4], [3, 4]]
    assert moved[0] == pytest.approx(3 * 1.64, rel=0.2)
    assert moved[1] == pytest.approx(float(moved[0]), rel=0.05)


def test_degrees_of_freedom_are_samples_less_sequences_that_have_any():
    mask = torch.zeros((2, 3, 5), dtype=torch.float64)
    mask[0, 0, :5] = mask[0, 1, 1:4] = 1.0  # 8 samples in 2 sequences, and an empty one
    mask[1, 2, 0] = 1.0  # one sample tells no variance; no division by zero
    assert degrees_of_freedom(mask).tolist() == [6.0, 1.0]


def test_the_mean_of_a_sequence_is_over_its_own_samples():
    values = torch.tensor([[1.0, 2.0, 3.0, 100.0], [5.0, 100.0, 100.0, 100.0]])
    mask = torch.tensor([[1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    expected = [[-1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    assert centred(values, mask).tolist() == expected


def test_alignment_is_the_mean_squared_cosine():
    generator = np.random.default_rng(0)
    gradients = generator.normal(size=(20_000, 3))
    across = np.stack([-gradients[:, 1], gradients[:, 0], np.zeros(20_000)], 1)
    assert alignment(gradients, across) == pytest.approx(0.0, abs=1e-30)
    assert alignment(gradients, -2 * gradients) == pytest.approx(1.0)
    assert alignment(gradients, generator.normal(size=(20_000, 3))) == pytest.approx(
        1 / 3, abs=0.02
    )
    half = np.array([[1.0, 0.0]] * 10), np.array([[1.0, 1.0]] * 10)
    assert alignment(*half) == pytest.approx(0.5)


def test_alignment_is_weighted_by_length_and_no_pole_decides():
    gradients = np.tile([1.0, 0.0], (100, 1))
    velocities = np.tile([0.0, 1.0], (100, 1))
    velocities[:50] *= 2.0
    gradients[:50], velocities[50:] = [1.0, 0.0], [1.0, 0.0]
    # 50 at right angles of length 2, 50 along of length 1
    assert alignment(gradients, velocities) == pytest.approx(50 / (50 * 4 + 50))
    gradients[0] = [0.0, 1e9]
    assert alignment(gradients, velocities) < 0.4
    assert alignment(np.zeros((5, 2)), velocities[:5]) == 1.0
