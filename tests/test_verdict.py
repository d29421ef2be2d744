"""What a verdict rests on: constancy, memory, drift, few trajectories, chance."""

from __future__ import annotations

import numpy as np
import pytest
from networks import PENDULUM
from scipy.stats import binom

from noether_sym.laws.law import APPROXIMATE_LAW, CONSTRAINT, LAW, NOT_A_LAW, UNDECIDED, Evidence
from noether_sym.verdict.chance import q_values
from noether_sym.verdict.constancy import Constancy, constancy, slow_share
from noether_sym.verdict.criteria import _second
from noether_sym.verdict.decay import decay
from noether_sym.verdict.decision import WITHIN, decide
from noether_sym.verdict.independence import Judged
from noether_sym.verdict.more import tells_more
from noether_sym.verdict.motion import Motion
from noether_sym.verdict.residuals import noise_beside, weights_of
from noether_sym.verdict.spread import spread_between

_TURNING = Motion(turn=6.3, resolution=0.9, returns=True)
_SAMPLES = 150
_TIMES = np.linspace(0.0, 20.0, _SAMPLES)


def _levels(count: int) -> np.ndarray:
    return np.linspace(0.5, 1.5, count)


def _noisy(seed: int, count: int, sigma: float) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [level + sigma * draw.normal(size=_SAMPLES) for level in _levels(count)]


def _decided(values, motion=_TURNING, natural=1.0):
    spread = spread_between(values)
    return decide([_TIMES] * len(values), values, motion, spread=spread, natural=natural)


def test_white_noise_is_told_from_change_whatever_its_variance():
    draw = np.random.default_rng(0)
    uneven = [1.0 + 2.0 * np.sin(_TIMES) ** 2 for _ in range(8)]
    low = [constancy([draw.normal(size=_SAMPLES) * own for own in uneven]) for _ in range(300)]
    share = np.mean([one.white < 0.05 for one in low])
    assert binom.cdf(int(300 * share), 300, 0.05) > 1e-4
    assert binom.sf(int(300 * share) - 1, 300, 0.08) > 1e-4


def test_a_wave_below_the_noise_has_a_memory():
    values = [own + 0.15 * np.sin(3.0 * _TIMES) for own in _noisy(1, 10, 0.2)]
    assert constancy(values).white < 1e-3 * constancy(_noisy(1, 10, 0.2)).white


def test_the_variance_of_what_is_no_noise_is_found_in_noise():
    waves = [0.3 * np.sin(_TIMES + phase) for phase in range(12)]
    found = constancy([own + wave for own, wave in zip(_noisy(2, 12, 0.5), waves, strict=True)])
    truth = np.mean([wave.var() for wave in waves])
    assert abs(found.variation - truth) < 4.0 * found.error
    assert found.error < truth


def test_the_bound_holds_about_as_often_as_it_says():
    draw = np.random.default_rng(3)
    misses = 0
    for _ in range(200):
        sizes = draw.uniform(0.0, 0.3, size=6)
        values = [
            size * np.sin(_TIMES + draw.uniform(0, 6)) + 0.2 * draw.normal(size=_SAMPLES)
            for size in sizes
        ]
        # of the population, a mean square of size**2 / 2
        misses += constancy(values).largest ** 2 < 0.5 * 0.3**2 / 3.0
    assert misses <= binom.isf(1e-4, 200, 0.1)


def test_far_apart_samples_cannot_tell_noise_from_change():
    values = _noisy(4, 8, 0.3)
    assert constancy(values, resolution=0.9).largest < 0.1
    assert constancy(values, resolution=0.2).largest > 0.25


def test_far_apart_samples_are_told_from_noise_that_is_known():
    values = _noisy(4, 8, 0.3)
    noise = [np.full(_SAMPLES, 0.3**2)] * 8
    known = constancy(values, resolution=0.2, noise=noise, doubt=0.01)
    assert known.largest < 0.15
    assert abs(known.variation) < 3.0 * known.error
    assert constancy(values, resolution=0.2, noise=noise, doubt=0.5).largest > known.largest
    assert constancy(values, resolution=0.2, noise=noise).largest > 0.25


def test_known_noise_hides_no_change_of_far_apart_samples():
    draw = np.random.default_rng(23)
    turns = [0.3 * np.sqrt(2.0) * np.sin(2.3 * np.arange(_SAMPLES) + own) for own in range(8)]
    values = [turn + 0.3 * draw.normal(size=_SAMPLES) for turn in turns]
    noise = [np.full(_SAMPLES, 0.3**2)] * 8
    found = constancy(values, resolution=-0.7, noise=noise, doubt=0.05)
    assert abs(found.variation - 0.3**2) < 3.0 * found.error
    assert found.largest > 0.3
    assert found.white < 1e-6
    quiet = [draw.normal(size=_SAMPLES) for _ in range(8)]
    assert constancy(quiet, resolution=-0.7).white > 0.01


def test_independent_residuals_of_far_apart_samples_are_white_as_often_as_they_should():
    draw = np.random.default_rng(24)
    found = [
        constancy([draw.normal(size=60) for _ in range(6)], resolution=0.0).white
        for _ in range(300)
    ]
    assert binom.cdf(int(np.sum(np.array(found) < 0.05)), 300, 0.05) > 1e-4
    assert binom.sf(int(np.sum(np.array(found) < 0.05)) - 1, 300, 0.07) > 1e-4


def test_what_errors_of_constants_explain_is_no_memory():
    wave = np.sin(_TIMES)
    pure = _noisy(5, 10, 0.05)
    values = [own + 0.02 * wave for own in pure]
    known = [0.02 * wave[:, None] for _ in values]
    assert constancy(values).white < 1e-4
    assert constancy(values, known).white > 0.1 * constancy(pure).white
    too_small = [0.05 * own for own in known]
    assert constancy(values, too_small).white < 1e-4


def test_the_noise_that_a_constant_shares_with_residuals_is_no_change():
    """A law of a noisy column, and what its constant changes there, carry the same noise: a fit of
    one to the other on the same samples would find a constant that is off, and leave a wave."""
    draw = np.random.default_rng(26)
    values, tangents = [], []
    for level in _levels(10):
        noise = draw.normal(size=_SAMPLES)
        values.append(level - 0.5 * noise)
        tangents.append((3.0 * np.sin(_TIMES) + noise)[:, None])
    assert constancy(values, tangents).white > 0.01
    assert constancy(values, tangents, resolution=0.2).white < 1e-6  # too far apart to know better
    drifting = [own + 0.3 * np.cos(0.2 * _TIMES) for own in values]
    assert constancy(drifting, tangents).white < 1e-6


def test_a_weight_is_read_beside_its_sample():
    """What a sample's own noise says of its weight is wrong together with its value."""
    told = np.ones(7)
    assert noise_beside(np.array([9.0, 0, 1, 0, 3, 0, 5]), told)[2] == 6.0
    assert noise_beside(np.array([9.0, 0, 1, 0, 3, 0, 5]), told)[0] == 1.0
    assert list(noise_beside(np.array([4.0, 1.0]), np.ones(2))) == [4.0, 1.0]  # there is none
    loud = np.array([1.0, 100.0, 1.0, 1.0, 1.0, 100.0, 1.0])  # as the data tell
    assert list(noise_beside(2.0 * loud, loud)) == list(2.0 * loud)
    draw = np.random.default_rng(27)
    own, beside = [], []
    for _ in range(400):
        noise = draw.normal(size=40)
        variance = np.exp(noise)  # the larger the value, the larger it seems
        own.append(np.average(noise, weights=weights_of([variance])[0]))
        near = noise_beside(variance, np.ones(40))
        beside.append(np.average(noise, weights=weights_of([near])[0]))
    assert np.mean(own) < -0.1
    assert abs(np.mean(beside)) < 4.0 * np.std(beside) / np.sqrt(400)


def test_a_law_in_other_words_tells_nothing_more():
    draw = np.random.default_rng(28)
    levels, others = _levels(12), draw.normal(size=12)
    one = [level + 0.01 * draw.normal(size=_SAMPLES) for level in levels]
    again = [2.0 * own + 1e-3 * np.sin(_TIMES) + 1e-4 * n for n, own in enumerate(one)]
    two = [n + 0.01 * draw.normal(size=_SAMPLES) for n in others]
    beside = [own[None] for own in one]
    assert not tells_more(again, beside, [""] * 12, 0.9)
    assert tells_more(two, beside, [""] * 12, 0.9)
    assert tells_more([a + b for a, b in zip(one, two, strict=True)], beside, [""] * 12, 0.9)
    assert tells_more(again[:2], beside[:2], [""] * 2, 0.9)  # too few to say


def test_spread_takes_off_what_noise_makes_of_means():
    assert spread_between(_noisy(6, 20, 0.1)) == pytest.approx(_levels(20).std(ddof=1), rel=0.05)
    draw = np.random.default_rng(7)
    assert spread_between([draw.normal(size=100) for _ in range(10)]) == 0.0
    assert spread_between([np.ones(10)]) == 0.0


def _uneven(seed: int):
    """Constant where there is little noise; its means differ where there is much."""
    draw = np.random.default_rng(seed)
    loud = np.arange(_SAMPLES) % 2 == 1
    values, noise = [], []
    for level in _levels(8):
        sigma = np.where(loud, 30.0, 0.01)
        values.append(np.where(loud, 20.0 * level, 0.0) + sigma * draw.normal(size=_SAMPLES))
        noise.append(sigma**2)
    return values, noise


def test_spread_and_change_are_those_of_the_same_samples():
    values, noise = _uneven(20)
    assert spread_between(values) > 1.0
    assert spread_between(values, noise) < 0.01
    spread = spread_between(values, noise)
    times = [_TIMES] * len(values)
    found = decide(times, values, _TURNING, spread=spread, natural=spread, noise=noise)
    assert found.verdict != LAW


def test_weights_leave_the_spread_of_a_law_as_it_is():
    draw = np.random.default_rng(21)
    sigma = 0.05 + 0.2 * (np.sin(_TIMES) > 0)
    values = [level + sigma * draw.normal(size=_SAMPLES) for level in _levels(12)]
    noise = [sigma**2] * 12
    assert spread_between(values, noise) == pytest.approx(_levels(12).std(ddof=1), rel=0.03)
    assert spread_between(values, [np.ones(_SAMPLES)] * 12) == spread_between(values)


def test_two_trajectories_of_unequal_noise_have_a_spread():
    draw = np.random.default_rng(25)
    sigmas = (0.05, 0.2)
    values = [2.0 * n + own * draw.normal(size=_SAMPLES) for n, own in enumerate(sigmas)]
    noise = [np.full(_SAMPLES, own**2) for own in sigmas]
    assert spread_between(values, noise) == pytest.approx(np.sqrt(2.0), rel=0.05)


def test_trajectories_that_hardly_weigh_do_not_count():
    values = _noisy(22, 8, 0.1)
    noise = [np.full(_SAMPLES, 1e-2 if place < 5 else 1e6) for place in range(8)]
    found = constancy(values, noise=noise)
    assert found.trajectories == 5
    assert constancy(values).trajectories == 8
    assert spread_between(values, noise) == pytest.approx(spread_between(values[:5]), rel=1e-3)


def test_half_life_within_its_error():
    draw = np.random.default_rng(8)
    values = [
        level * np.exp(-0.02 * _TIMES) + 0.3 + 0.02 * draw.normal(size=_SAMPLES)
        for level in _levels(12)
    ]
    found = decay([_TIMES] * 12, values)
    assert found is not None
    assert found.error is not None
    assert abs(found.rate - 0.02) < 3.0 * found.error
    assert found.error < 0.002


def test_what_is_no_exponential_has_an_error_that_says_so():
    """Trials agree, and yet the rate halves from the first half of the time to the second."""
    slower = [size / (1.0 + 0.05 * _TIMES) for size in (1.0, 1.5, 2.0, 3.0)]
    found = decay([_TIMES] * 4, [own + 1.0 for own in slower])
    first, last = 0.05, 0.05 / (1.0 + 0.05 * _TIMES[-1])
    assert 0.02 * (first - last) < found.error < first - last
    exact = decay([_TIMES] * 4, [size * np.exp(-0.05 * _TIMES) for size in (1.0, 1.5, 2.0, 3.0)])
    assert exact.error < 1e-9


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e7])
def test_a_half_life_is_exact_whatever_the_unit_of_time(unit):
    values = [2.0 + size * np.exp(-0.03 * _TIMES) for size in (1.0, -0.5, 0.7)]
    found = decay([_TIMES * unit] * 3, values)
    assert found.half_life / unit == pytest.approx(np.log(2.0) / 0.03, rel=1e-9)
    assert found.end == pytest.approx(2.0, rel=1e-9)


def test_a_law_needs_no_more_than_noise():
    found = _decided(_noisy(9, 8, 0.1))
    assert found.verdict == LAW
    assert found.reason == ""
    assert found.chance < 1e-4


def test_integrators_drift_too():
    values = [level * (1.0 + 1e-6 * _TIMES) for level in _levels(8)]
    assert _decided(values).verdict == LAW


@pytest.mark.parametrize("rate", [0.001, 0.01])
def test_damping_is_an_approximate_law_with_its_half_life(rate):
    found = _decided([level * np.exp(-rate * _TIMES) for level in _levels(8)])
    assert found.verdict == APPROXIMATE_LAW
    assert found.half_life == pytest.approx(np.log(2.0) / rate, rel=0.01)


def test_what_goes_up_and_down_is_not_a_law():
    values = [level + 0.3 * np.sin(_TIMES) for level in _levels(8)]
    found = _decided(values)
    assert found.verdict == NOT_A_LAW
    assert "changes along trajectories" in found.reason


def test_one_value_on_all_trajectories_is_a_constraint():
    values = [1.0 + 1e-9 * np.sin(_TIMES + phase) for phase in range(8)]
    assert _decided(values).verdict == CONSTRAINT
    assert _decided([own + 0.05 * n for own, n in zip(values, np.eye(8, _SAMPLES), strict=True)])


def test_noise_that_hides_a_change_is_undecided():
    found = _decided(_noisy(10, 4, 3.0), natural=0.5)
    assert found.verdict == UNDECIDED
    assert "would decide" in found.reason


def test_two_trajectories_show_an_approximate_law_at_most():
    values = [np.full(_SAMPLES, 1.0), np.full(_SAMPLES, 2.0)]
    assert _decided(values).verdict == APPROXIMATE_LAW
    settles = Motion(turn=6.3, resolution=0.9, returns=False)
    assert _decided(values, settles).verdict == UNDECIDED


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_seen_to_go_up_and_down_on_few_trajectories_is_no_law(count):
    flat = _noisy(11, count, 0.02)
    waves = [own + 0.05 * np.sin(_TIMES) for own in flat]
    assert _decided(flat).verdict == APPROXIMATE_LAW
    found = _decided(waves)
    assert found.within < WITHIN
    assert found.verdict == NOT_A_LAW


def test_error_free_data_have_no_error():
    found = Constancy(variation=0.0, error=0.0, freedom=np.inf, white=1.0, trajectories=5)
    assert found.equivalence(0.1) == 0.0
    assert found.equivalence(0.0) == 1.0
    assert found.within(0.0) == np.inf


def test_q_values_grow_with_the_number_of_tests_and_looks():
    one, two = q_values([1e-4]), q_values([1e-4, 0.5])
    assert one == [1e-4]
    assert two[0] == pytest.approx(1e-4 * 2 * 1.5)
    assert q_values([1e-4], looks=2) == [2e-4]
    assert q_values([]) == []


def test_trajectories_without_a_finite_value_have_no_spread():
    none = [np.zeros(0), np.zeros(0)]
    assert spread_between(none, none) == 0.0
    found = constancy(none, [np.zeros((0, 1))] * 2, noise=none)
    assert found.variation == np.inf
    assert found.trajectories == 0


def short(count, samples, change=lambda time: 1.0 + 0.0 * time):
    """Values of a quantity on many short trajectories, each with one of its own."""
    draw = np.random.default_rng(3)
    time = np.linspace(0.0, 1.0, samples)
    return [size * change(time) for size in draw.uniform(0.5, 2.0, count)]


@pytest.mark.parametrize("samples", [2, 3, 4, 5, 6])
def test_few_samples_a_trajectory_show_a_law_and_a_drift(samples):
    draw = np.random.default_rng(4)
    motion = Motion(None, 0.0, False)
    for change, verdict in ((0.0, LAW), (-0.06, NOT_A_LAW)):
        values = [
            own + 1e-13 * draw.normal(size=samples)
            for own in short(40, samples, lambda time, change=change: 1.0 + change * time)
        ]
        times = [np.linspace(0.0, 1.0, samples)] * len(values)
        found = decide(times, values, motion, spread=spread_between(values), natural=1.0)
        assert found.verdict == verdict, (change, found)


def test_without_two_samples_nothing_is_decided():
    values = [np.array([1.0]), np.array([2.0]), np.array([3.0])]
    times = [np.zeros(1)] * 3
    found = decide(times, values, Motion(None, 0.0, False), spread=1.0, natural=1.0)
    assert found.verdict == UNDECIDED
    assert "two samples" in found.reason


@pytest.mark.parametrize("unit", [1e-85, 1e-30, 1e30, 1e85])
def test_the_verdict_does_not_depend_on_the_unit(unit):
    draw = np.random.default_rng(5)
    values = [draw.normal() + 0.01 * draw.normal(size=50) for _ in range(20)]
    times = [np.arange(50.0)] * 20
    motion = Motion(10.0, 0.9, True)
    plain = decide(times, values, motion, spread=1.0, natural=1.0)
    own = decide(times, [unit * one for one in values], motion, spread=unit, natural=unit)
    assert own.verdict == plain.verdict
    assert own.within == pytest.approx(plain.within, rel=1e-6)
    assert own.white == pytest.approx(plain.white, rel=1e-6)


def test_values_too_few_for_modes_have_no_slow_share():
    """A formula that is defined at two samples of each trajectory."""
    assert slow_share([np.arange(2.0), np.arange(1.0), np.zeros(0)], 1.0) == 0.0
    assert slow_share([np.arange(40.0)], np.arange(40.0).var()) > 0.9


def test_pieces_of_one_trial_are_no_trajectories_of_their_own():
    draw = np.random.default_rng(8)
    pieces = [1.0 + 1e-3 * draw.normal(size=40) for _ in range(6)]
    motion, times = Motion(2.0, 0.9, True), [np.arange(40.0)] * 6
    apart = decide(times, pieces, motion, spread=0.0, natural=1.0)
    assert apart.verdict == CONSTRAINT
    one = decide(times, pieces, motion, spread=0.0, natural=1.0, trials=["a"] * 6)
    assert one.verdict == APPROXIMATE_LAW
    assert (one.trajectories, one.reason[:27]) == (1, "only one trajectory shows i")
    trials = ["a", "a", "b", "b", "", ""]
    assert constancy(pieces, trials=trials).trajectories == 4
    offset = [own + level for own, level in zip(pieces, (0, 0, 1, 1, 2, 3), strict=True)]
    merged = [np.concatenate(offset[:2]), np.concatenate(offset[2:4]), *offset[4:]]
    assert spread_between(offset, trials=trials) == pytest.approx(spread_between(merged), rel=1e-3)
    # weights are those of the samples: six times the same number is no better known than once
    noise = [np.full(40, 1e-6)] * 6
    both = constancy([*pieces[:1] * 3, *pieces[1:]], trials=["a"] * 3 + ["b", "c", "d", "e", "f"])
    assert both.trajectories == 6
    assert constancy(pieces, noise=noise, trials=trials).variation == pytest.approx(
        constancy(pieces, noise=noise).variation, abs=1e-7
    )


def test_the_error_of_a_half_life_is_by_trials():
    draw = np.random.default_rng(9)
    times = [np.linspace(0.0, 5.0, 50)] * 6
    values = [
        draw.uniform(1, 2) * np.exp(-0.3 * own) + 0.01 * draw.normal(size=50) for own in times
    ]
    assert decay(times, values).error > 0
    assert decay(times, values, ["a", "a", "a", "b", "b", "b"]).error is None
    assert decay(times, values, ["", "", "", "b", "b", "c"]).error > 0


@pytest.mark.parametrize("count", [20, 200])
def test_the_bound_of_a_single_trajectory_holds_about_as_often_as_it_says(count):
    """Samples so far apart that change looks like noise, and noise that is known."""
    draw = np.random.default_rng(count)
    misses = 0
    for _ in range(400):
        values = [draw.normal(size=count) + np.sqrt(0.3) * draw.normal(size=count)]
        found = constancy(values, resolution=-0.5, noise=[np.ones(count)], doubt=0.0)
        assert found.largest > 0.0
        misses += found.largest**2 < 0.3
    assert misses < 0.12 * 400


def test_neighbours_of_pure_noise_average_to_nothing():
    draw = np.random.default_rng(6)
    for count in (4, 6, 10):
        values = [draw.normal(size=count) for _ in range(8000)]
        found = constancy(values)
        assert abs(found.variation) < 5.0 * found.error
        assert found.error < 0.015


def test_an_outlying_mean_is_pulled_in_from_ten_trajectories_on():
    for count in (10, 30, 70):
        draw = np.random.default_rng(7)
        values = [np.full(5, own) for own in (*draw.normal(size=count - 1), 1000.0)]
        assert spread_between(values) < 20.0


class Convinced:
    """Confirms everything as a law."""

    def confirmed(self, law):
        evidence = Evidence(LAW, "", within=1e-9, white=1.0, chance=1e-60, trajectories=4)
        return law.with_(evidence=evidence)


@pytest.mark.parametrize(("ranked", "accepted"), [(0.03, True), (0.1, False)])
def test_what_varies_by_rank_alone_is_given_no_second_chance(ranked, accepted):
    """Near a pole on one trajectory, beside which all others seem constant."""
    law = PENDULUM.with_(conservation_ratio=0.02 if accepted else 1e-20)
    entry = Judged(0, law, ranked, np.ones((3, 2)), "by rank it varies too much")
    found = _second(entry, Convinced())
    assert (found.reason == "") is accepted
    assert (found.law.evidence is not None) is accepted
