"""Conserved outputs of a network on states: derivatives, counts, what does not count."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from networks import Pieces

from noether_sym.api.memory import dataset_of
from noether_sym.datasets import load
from noether_sym.dsl.parser import parse
from noether_sym.errors import DatasetError, OptionError, RunError
from noether_sym.neural.embed_compare import embedding_document
from noether_sym.neural.embed_verdict import NEAR_CHANCE
from noether_sym.neural.states import CHANCE, embed_states
from noether_sym.neural.states_file import read_embedding, write_embedding
from noether_sym.neural.states_inputs import Inputs
from noether_sym.neural.states_layer import Layer


class Formula:
    """A formula of columns, as a law is compared with."""

    def __init__(self, text, dataset):
        own = parse(text, dataset.names, dataset.dimensions)
        self.text, self.expression = text, own.expression
        self.numbers = [constant.value for constant in own.constants]

    def gradient(self, states):
        found = np.zeros_like(states)
        _, slopes = self.expression.gradient(np, list(states.T), self.numbers)
        for column, slope in enumerate(slopes):
            found[:, column] = slope
        return found

    def __str__(self):
        return self.text


@pytest.fixture(scope="module")
def oscillator():
    data = load("isotropic_oscillator_2d")
    return data, embed_states(data)


def documented(found, data, *texts):
    laws = [Formula(text, data) for text in texts]
    return embedding_document(found, data, laws, outputs=None, seed=0)


@pytest.mark.parametrize("name", ["three_body_planar", "spherical_pendulum"])
def test_slopes_are_those_of_finite_differences(name):
    data = load(name)
    states = np.concatenate([own.states for own in data.train])
    inputs = Inputs.of(data, states)
    layer = Layer.drawn(inputs, seed=3)
    assert inputs.count > len(data.columns)
    at = states[::400][:4]

    def units(where):
        return layer.linearised(*inputs.linearised(where))[0]

    _, slopes = layer.linearised(*inputs.linearised(at))
    for column in range(at.shape[1]):
        step = 1e-6 * np.eye(at.shape[1])[column]
        expected = (units(at + step) - units(at - step)) / 2e-6
        np.testing.assert_allclose(slopes[:, column], expected, rtol=1e-4, atol=1e-6)


def test_a_conserved_system_beside_two_without_laws(oscillator):
    _, found = oscillator
    assert (found.count, found.most) == (3, 3)
    for name in ("lorenz", "damped_oscillator"):
        none = embed_states(load(name))
        assert none.count == 0
        assert len(none.tried) == 1
        assert none.tried[0].held_out.share > none.chance.share / CHANCE
        assert documented(none, load(name)).complete is True


@pytest.mark.parametrize(("name", "noise"), [("double_pendulum", 0.0), ("ideal_pendulum", 0.08)])
def test_an_embedding_that_misses_an_energy_says_that_it_cannot_tell(name, noise):
    data = load(name, noise=noise)
    own = documented(embed_states(data), data)
    assert (own.directions, own.complete) == (0, None)
    assert own.next_over_chance > 2 * NEAR_CHANCE


def test_what_is_learned_is_constant_along_fresh_trajectories(oscillator):
    _, found = oscillator
    fresh = load("isotropic_oscillator_2d", seed=7)
    values = [found.embedding(own.states) for own in fresh.train]
    within = np.mean([one.var(0) for one in values], axis=0)
    between = np.var([one.mean(0) for one in values], axis=0)
    assert (within < 1e-4 * between).all()


def test_gradients_are_those_of_the_values(oscillator):
    data, found = oscillator
    own, at = found.embedding, data.test[0].states[::30]
    slopes = own.gradients(at)
    for place, column in enumerate(own.moving):
        step = 1e-6 * own.spread[place] * np.eye(4)[column]
        expected = (own(at + step) - own(at - step)) / 2e-6
        np.testing.assert_allclose(slopes[..., place], expected, rtol=1e-4, atol=1e-5)
    apart = own.directions(at)
    np.testing.assert_allclose(
        apart @ apart.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (len(at), 3, 3)), atol=1e-9
    )


def test_laws_that_were_found_are_subtracted(oscillator):
    data, found = oscillator
    energy, one = "x**2 + y**2 + 1*(vx**2 + vy**2)", "x**2 + 1*vx**2"
    turning = "x*vy - y*vx"
    expected = {
        (): 0,
        (energy,): 1,
        (energy, one): 2,
        (energy, one, turning): 3,
        (energy, one, "y**2 + 1*vy**2"): 2,  # the third is the first less the second
        (energy, f"{energy} + 0.02*({turning})"): 2,  # nearly parallel, and exact
        ("x",): 0,
    }
    for texts, count in expected.items():
        document = documented(found, data, *texts)
        assert document.explained == count, texts
    whole = documented(found, data, energy, one, turning)
    assert max(row.sine_to_laws for row in whole.tried) < 1e-3
    assert max(row.sine_to_laws for row in documented(found, data, energy).tried) > 0.5


def wheels(radius=1.0):
    """Points on circles that turn at rates of their own: (c, s) and the rate, and a clock."""
    generator = np.random.default_rng(0)
    frames = []
    for number in range(9):
        times, rate = np.linspace(0, 9, 60), generator.uniform(0.5, 2)
        size = radius if radius else generator.uniform(0.5, 2)
        turn = rate * times + generator.uniform(0, 6)
        frames.append(
            pd.DataFrame(
                {
                    "trajectory": number,
                    "t": times,
                    "c": size * np.cos(turn),
                    "s": size * np.sin(turn),
                    "rate": rate,
                }
            )
        )
    return dataset_of(pd.concat(frames), {"unitless": True})


def test_neither_constraints_nor_constant_columns_count():
    same = embed_states(wheels())  # c^2 + s^2 = 1 on every trajectory
    assert (same.count, same.most) == (0, 1)
    differing = embed_states(wheels(radius=None))
    assert (differing.count, differing.most) == (1, 1)


def test_noise_hides_no_law():
    found = embed_states(load("ideal_pendulum", noise=0.02))
    assert found.count == 1


def test_an_interrupted_training_goes_on_where_it_was(oscillator):
    data, whole = oscillator
    pieces = Pieces()

    def killed(stage, done, total):
        if stage == "directions" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_states(data, cache=pieces, progress=killed)
    assert set(pieces.held) == {"chance", "direction-0", "direction-1"}
    kept = dict(pieces.held)
    found = embed_states(data, cache=pieces)
    assert all(pieces.held[key] is kept[key] for key in kept)  # taken, not computed again
    assert np.array_equal(found.embedding.outputs, whole.embedding.outputs)
    assert found.tried == whole.tried


def test_what_was_written_is_read(oscillator, tmp_path):
    data, found = oscillator
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    write_embedding(one, found.embedding)
    write_embedding(two, embed_states(data).embedding)
    assert one.read_bytes() == two.read_bytes()
    at = data.test[0].states
    assert np.array_equal(read_embedding(one)(at), found.embedding(at))
    one.write_bytes(one.read_bytes()[:-9])
    with pytest.raises(RunError, match="holds no embedding"):
        read_embedding(one)
    with pytest.raises(RunError, match="is missing"):
        read_embedding(tmp_path / "none.safetensors")


def test_the_number_of_outputs_is_a_limit(oscillator):
    data, _ = oscillator
    found = embed_states(data, outputs=1)
    assert (found.count, found.most) == (1, 1)
    with pytest.raises(OptionError, match="at least 1"):
        embed_states(data, outputs=0)


def test_data_that_cannot_be_counted_are_refused(oscillator):
    data, found = oscillator
    with pytest.raises(DatasetError, match="has 2 trajectories to train on"):
        embed_states(replace(data, train=data.train[:2]))
    with pytest.raises(DatasetError, match="needs samples in order"):
        embed_states(replace(data, derivative="none"))
    with pytest.raises(OptionError, match="takes states of 4 columns"):
        found.embedding(np.zeros((3, 5)))
