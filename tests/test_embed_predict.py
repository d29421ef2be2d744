"""Algorithm 1 on a data set beside its controls; a training that was stopped goes on."""

from dataclasses import replace

import pytest
import torch
from networks import Pieces

from noether_sym.datasets import load
from noether_sym.errors import DatasetError
from noether_sym.neural.embedding import Increment, MetaTraining, meta_train, network
from noether_sym.neural.states_predict import (
    ARMS,
    FROZEN,
    LEARNED,
    NO_RATE,
    PLAIN,
    Prediction,
    predict_states,
)
from noether_sym.neural.training import Keeper

SHORT = Prediction(
    first=3, hidden=6, horizon=3, rates=(1e-3,), meta=MetaTraining(updates=4, batch=8)
)


@pytest.fixture(scope="module")
def spring():
    return load("ideal_spring")


@pytest.fixture(scope="module")
def predicted(spring):
    return predict_states(spring, SHORT)


def test_every_arm_is_measured(predicted):
    assert tuple(predicted.errors) == ARMS
    assert all(0 < own < 10 for own in predicted.errors.values())
    assert predicted.diverged == ()
    assert (predicted.rates[LEARNED], predicted.rates[PLAIN]) == (1e-3, 0.0)
    assert predicted.held.conserved <= SHORT.outputs


def test_an_inner_rate_of_0_is_plain_training(predicted):
    assert predicted.errors[NO_RATE] == pytest.approx(predicted.errors[PLAIN], rel=1e-4)
    assert predicted.errors[LEARNED] != predicted.errors[PLAIN]


def test_a_frozen_embedding_keeps_its_weights(spring):
    only = predict_states(spring, SHORT, arms=(FROZEN,))
    assert only.weights == {}
    learned = predict_states(spring, SHORT, arms=(LEARNED,)).weights
    start = dict(network(2, SHORT.outputs, hidden=SHORT.hidden, seed=1).named_parameters())
    assert any(not torch.equal(own, start[name]) for name, own in learned.items())


def test_a_stopped_training_ends_with_the_same_bits():
    windows = torch.randn(20, 3, 2, generator=torch.Generator().manual_seed(0))
    predictor, embedding = Increment(network(2, 2, hidden=4)), network(2, 2, hidden=4, seed=1)
    options = MetaTraining(updates=110, batch=4)
    whole = meta_train(predictor, embedding, windows, options)
    pieces = Pieces()

    def killed(stage, done, total):
        if done == 73:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meta_train(predictor, embedding, windows, options, Keeper("own", killed, pieces))
    told = []
    keeper = Keeper("own", lambda stage, done, total: told.append((done, total)), pieces)
    again = meta_train(predictor, embedding, windows, options, keeper)
    assert (told[0], told[-1]) == ((51, 110), (110, 110))
    assert torch.equal(again.losses, whole.losses)
    for one, two in zip(again.weights, whole.weights, strict=True):
        assert all(torch.equal(own, two[name]) for name, own in one.items())


def test_pieces_of_other_options_are_not_taken(spring):
    pieces = Pieces()
    longer = replace(SHORT, first=50)
    predict_states(spring, longer, arms=(), cache=pieces)
    (key,) = pieces.held
    pieces.held[key]["losses"][:] = 7.0
    other = replace(longer, hidden=7)
    predict_states(spring, other, arms=(), cache=pieces)
    assert len(pieces.held) == 2


def test_short_trajectories_are_refused(spring):
    with pytest.raises(DatasetError, match="needs trajectories of more than 40 samples"):
        predict_states(spring, replace(SHORT, horizon=40))
    with pytest.raises(DatasetError, match="to train on and held out"):
        predict_states(replace(spring, test=()), SHORT)
