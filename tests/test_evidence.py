"""What a heavy tail or a decay feigns is seen through; what is conserved stays conserved."""

import numpy as np
import pytest
from networks import law_of

from noether_sym.datasets import Trajectory, load
from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.evidence import Quarters, rank_ratio

Q, P = input_(0), input_(1)
ENERGY = call("add", call("square", Q), call("square", P))
NOISY = make_samples(load("ideal_spring", noise=0.1).train, window=None, seed=0)


def worst_part(law, samples):
    return Quarters(samples).worst(law)


def test_a_law_is_conserved_by_rank_and_chance_is_not():
    samples = make_samples(load("ideal_spring").train, window=None, seed=0)
    assert rank_ratio(law_of(ENERGY), samples) < 1e-9
    assert rank_ratio(law_of(Q), samples) > 0.5
    shuffled = samples.as_surrogate(1)
    assert rank_ratio(law_of(ENERGY), shuffled) == pytest.approx(1.0, abs=0.2)


def test_no_increasing_function_changes_it_much():
    ratios = [
        rank_ratio(law_of(formula), NOISY)
        for formula in (
            ENERGY,
            call("exp", ENERGY),
            call("log", ENERGY),
            call("square", call("square", ENERGY)),
        )
    ]
    assert max(ratios) < 1.02 * min(ratios)


def test_a_decay_does_not_feign_a_law():
    times = np.linspace(0.0, 10.0, 100)
    starts = np.random.default_rng(5).uniform(0.5, 1.0, (20, 2))
    decays = [
        Trajectory(str(number), times, states, -states)
        for number, start in enumerate(starts)
        for states in [start * np.exp(-np.outer(times, [1.0, 1.1]))]
    ]
    samples = make_samples(decays, window=None, seed=0)
    fourth = call("square", call("square", Q))
    feigned = law_of(call("div", P, fourth))
    with np.errstate(all="ignore"):
        on_data = feigned(np.moveaxis(samples.states, 0, -1))
        control = feigned(np.moveaxis(samples.surrogate, 0, -1))
    assert on_data.var() < 1e-3 * control.var()
    assert rank_ratio(feigned, samples) > 0.1


def decaying(slow, fast, count=20):
    """Trajectories that settle on q = p and shrink there."""
    times = np.linspace(0.0, 8.0, 80)
    starts = np.random.default_rng(6).uniform(0.5, 1.0, (count, 2))
    modes = np.exp(-np.outer(times, [slow, fast]))
    states = [(start * modes) @ np.array([[1.0, 1.0], [1.0, -1.0]]) for start in starts]
    return make_samples(
        [
            Trajectory(str(n), times, one, np.gradient(one, times, axis=0))
            for n, one in enumerate(states)
        ],
        window=None,
        seed=0,
    )


def test_a_quantity_that_only_decays_varies_in_the_first_part():
    settling = law_of(call("sub", call("div", parameter(0), Q), call("div", parameter(1), P)), 1, 1)
    assert conservation_ratio(settling, decaying(1.0, 3.0)) < 1e-3
    assert worst_part(settling, decaying(1.0, 3.0)) > 0.1


def test_a_law_holds_in_every_part_though_noise_is_all_that_is_left():
    times = np.linspace(0.0, 20.0, 200)
    noise = np.random.default_rng(3).normal(0.0, 0.02, (200, 2))
    decay = np.exp(-times)
    states = np.stack([decay, 1.0 - decay], axis=1) + noise
    one = Trajectory("reaction", times, states, np.gradient(states, times, axis=0))
    samples = make_samples([one], window=None, seed=0)
    total = law_of(call("add", Q, P))
    assert conservation_ratio(total, samples) < 0.02
    assert worst_part(total, samples) < 0.03
    assert worst_part(law_of(Q), samples) > 0.3
    assert worst_part(law_of(ENERGY), NOISY) < 3 * conservation_ratio(law_of(ENERGY), NOISY)


def test_short_sequences_are_cut_into_less():
    times = np.arange(3.0)
    three = [
        Trajectory(str(n), times, np.full((3, 2), float(n)), np.zeros((3, 2))) for n in range(9)
    ]
    assert worst_part(law_of(Q), make_samples(three, window=None, seed=0)) is None


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_any_size_of_values_gives_a_number(size):
    law = law_of(call("mul", parameter(0), ENERGY), size)
    ratio = rank_ratio(law, NOISY)
    assert ratio == pytest.approx(rank_ratio(law_of(ENERGY), NOISY), rel=0.05)
    pole = law_of(call("div", parameter(0), call("mul", Q, P)), size)
    assert np.isfinite(rank_ratio(pole, NOISY))


def test_what_never_varies_is_no_law():
    assert rank_ratio(law_of(call("sub", Q, Q)), NOISY) == 1.0
    assert rank_ratio(law_of(call("log", call("sub", Q, Q))), NOISY) == 1.0
