"""Embeddings, counted by what they conserve, and compared with laws that are known."""

import numpy as np
import pytest
import torch
from networks import P, Q, law_of

from noether_sym.dsl.expression import call
from noether_sym.errors import OptionError
from noether_sym.neural.directions import (
    conserved_directions,
    covariances,
    explained_directions,
    independent_directions,
    law_gradients,
)
from noether_sym.neural.embedding import network

FREQUENCIES = torch.tensor([1.0, 2**0.5])


def oscillators(seed, trajectories=48, times=24):
    """Two of them, of frequencies without a common period: columns q1, q2, p1, p2; two laws."""
    generator = torch.Generator().manual_seed(seed)
    size, phase = torch.rand(2, trajectories, 1, 2, generator=generator)
    turn = FREQUENCIES * torch.linspace(0, 12, times)[:, None] + 2 * torch.pi * phase
    size = 0.4 + 1.2 * size
    return torch.cat([size * turn.cos(), -size * turn.sin()], -1)


class Energy:
    """Of one oscillator."""

    def __init__(self, column):
        self.column = column

    def torch_value(self, states):
        return states[..., [self.column, self.column + 2]].square().sum(-1)

    def torch_gradient(self, states):
        keep = torch.zeros(4)
        keep[[self.column, self.column + 2]] = 2.0
        return states * keep.to(states)


class Position:
    """The first column: conserved by nothing."""

    def torch_value(self, states):
        return states[..., 0]

    def torch_gradient(self, states):
        return torch.eye(4)[0].expand_as(states).to(states)


ONE, TWO = Energy(0), Energy(1)


def test_an_embedding_holds_as_many_directions_as_there_are_laws():
    def embedding(states):
        one, two = ONE.torch_value(states), TWO.torch_value(states)
        return torch.stack([one * two, two - one, states[..., 0]], -1)

    states = oscillators(seed=1)
    found = conserved_directions(embedding, states)
    assert found.conserved == found.independent == 2
    assert found.shares[1] < 0.01 < 0.9 < found.shares[2]
    flat = states.flatten(0, 1)
    explained = [
        explained_directions(found.gradients, law_gradients(laws, flat))
        for laws in ([], [ONE], [TWO], [ONE, TWO], [ONE, ONE], [Position()], [TWO, Position()])
    ]
    assert explained == [0, 1, 1, 2, 1, 0, 1]


def test_an_untrained_embedding_holds_none():
    found = conserved_directions(network(4, 3, hidden=24), oscillators(seed=1))
    assert found.conserved == found.independent == 0
    assert found.shares.min() > 0.5
    assert found.gradients.shape == (48 * 24, 0, 4)


def test_functions_of_one_law_are_one_direction():
    def embedding(states):
        energy = ONE.torch_value(states)
        return torch.stack([energy, energy.square(), energy.sin(), 7 * energy], -1)

    found = conserved_directions(embedding, oscillators(seed=1))
    assert (found.conserved, found.independent) == (3, 1)  # 7 E is E, mixed linearly
    laws = law_gradients([ONE], oscillators(seed=1).flatten(0, 1))
    assert explained_directions(found.gradients, laws) == 1


def test_an_output_that_mixes_two_laws_shows_both_only_together():
    def embedding(states):
        one, two = ONE.torch_value(states), TWO.torch_value(states)
        return torch.stack([one * two, one + two, torch.ones_like(one)], -1)

    states = oscillators(seed=1)
    found = conserved_directions(embedding, states)
    assert (found.conserved, found.independent, len(found.shares)) == (2, 2, 2)
    laws = law_gradients([ONE, TWO], states.flatten(0, 1))
    assert explained_directions(found.gradients, laws) == 2
    assert explained_directions(found.gradients[:, :1], laws[:, :1]) == 0
    assert explained_directions(found.gradients[:, :1], laws) == 1


def test_a_constant_embedding_holds_nothing():
    found = conserved_directions(lambda x: torch.ones_like(x[..., :2]), oscillators(seed=1))
    assert (found.conserved, found.independent, len(found.shares)) == (0, 0, 0)


def test_directions_do_not_depend_on_the_scale_of_an_output():
    def embedding(states):
        one, two = ONE.torch_value(states), TWO.torch_value(states)
        return torch.stack([1e-6 * one, 1e6 * two], -1)

    found = conserved_directions(embedding, oscillators(seed=1))
    assert (found.conserved, found.independent) == (2, 2)


@pytest.mark.parametrize(("angle", "rank"), [(0.3, 2), (0.02, 1)])
def test_the_tolerance_is_an_angle(angle, rank):
    """Least singular value of two unit rows: sqrt(1 - cos), .7 of the angle."""
    pair = np.array([[1.0, 0.0, 0.0], [np.cos(angle), np.sin(angle), 0.0]])
    assert independent_directions(np.repeat(pair[None], 5, 0)) == rank
    least = np.sqrt(1 - np.cos(angle))
    assert independent_directions(pair[None], tolerance=least * 1.01) == 1
    assert independent_directions(pair[None], tolerance=least * 0.99) == 2


def test_states_without_a_direction_are_left_out():
    gradients = np.repeat(np.eye(3)[None, :2], 9, 0)
    gradients[:3] = 0.0
    gradients[3, 0, 0] = np.nan
    gradients[4, 1, 2] = np.inf
    assert independent_directions(gradients) == 2
    assert explained_directions(gradients, gradients[:, :1]) == 1
    assert independent_directions(np.zeros((4, 2, 3))) == 0
    assert independent_directions(np.zeros((0, 2, 3))) == 0
    assert explained_directions(np.zeros((4, 2, 3)), gradients[:4]) == 0


def test_laws_of_the_search_are_taken_in_scaled_coordinates():
    law = law_of(call("mul", Q, call("square", P)))  # q p^2: (p^2, 2 q p)
    scale = torch.tensor([10.0, 0.1], dtype=torch.float64)
    states = torch.tensor([[0.3, 2.0], [1.0, -4.0]], dtype=torch.float64)
    q, p = (states * scale).numpy().T
    expected = np.stack([10 * p**2, 0.1 * 2 * q * p], -1)
    np.testing.assert_allclose(law_gradients([law], states, scale)[:, 0], expected, rtol=1e-12)


def test_the_covariances_by_hand():
    """Within 1, between 4."""
    values = torch.tensor([[1.0, 3.0], [-1.0, -3.0]], dtype=torch.float64)[..., None]
    within, total = covariances(values)
    assert (float(within), float(total)) == (1.0, 5.0)


def test_what_cannot_be_counted_is_refused():
    states = oscillators(seed=0)
    embedding = network(4, 2, hidden=5)
    with pytest.raises(OptionError, match=r"shape \(1, 24, 4\); give \(trajectory, time"):
        conserved_directions(embedding, states[:1])
    states[2, 3, 1] = float("nan")
    with pytest.raises(OptionError, match="not finite at some states"):
        conserved_directions(embedding, states)
