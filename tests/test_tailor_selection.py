"""Tailoring: the validation part, and the choice of a law by the errors on it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noether_sym.datasets import Trajectory
from noether_sym.tailor.document import DIVERGED, OK
from noether_sym.tailor.selection import (
    best,
    compared,
    cross_validated,
    is_less,
    score,
    select,
    to_meta_tailor,
)
from noether_sym.tailor.trials import TRAIN, VALIDATION, Outcome
from noether_sym.tailor.validation import split


def circle(count, name="circle", start=0.0):
    times = start + 0.1 * np.arange(count)
    states = np.stack([np.cos(times), -np.sin(times)], 1)
    return Trajectory(name, times, states, np.stack([-np.sin(times), -np.cos(times)], 1))


def test_of_several_trajectories_the_last_fifth_is_held_out():
    train = [circle(30, f"{number}") for number in range(11)]
    held = split(train)
    assert [one.name for one in held.fit] == [f"{number}" for number in range(9)]
    assert [one.name for one in held.validation] == ["9", "10"]
    assert all(len(one) == 30 for one in held.validation)
    assert held.note == "the last 2 trajectories for training"
    assert split(train[:4]).note == "the last trajectory for training"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_few_trajectories_the_last_fifth_of_the_time_is_held_out(count):
    train = [circle(701, f"{number}") for number in range(count)]
    held = split(train)
    assert [len(one) for one in held.fit] == [560] * count
    # a period has 63 samples: the stretch of 141 is cut into windows over which states mix
    windows = len(held.validation) // count
    assert windows >= 2
    assert len(held.validation) == windows * count
    first, second = held.validation[:2]
    assert held.fit[0].times[-1] < first.times[0]
    assert first.times[-1] < second.times[0]
    assert ("each trajectory" in held.note) == (count > 1)


def test_what_is_too_short_to_cut_is_fitted_whole():
    held = split([circle(3), circle(2)])
    assert [len(one) for one in held.fit] == [3, 2]
    assert held.validation == ()
    held = split([circle(8)])
    assert [len(one) for one in (*held.fit, *held.validation)] == [6, 2]


def outcome(candidate, rate, *errors):
    own = np.array(errors, dtype=float)
    status = OK if np.isfinite(own).all() else DIVERGED
    return Outcome(candidate, rate, status, {TRAIN: own, VALIDATION: own})


INF = math.inf
FIRST = [outcome(0, 0.1, 1e-3), outcome(0, 1.0, INF), outcome(1, 0.1, 5e-3)]
SECOND = [outcome(0, 0.1, 1.0), outcome(1, 0.1, 2e-3), outcome(1, 1.0, 4e-3)]
DEAD = [outcome(0, 0.1, INF), outcome(1, 0.1, INF)]


def test_the_best_trial_is_never_one_that_diverged():
    assert best(FIRST, TRAIN) is FIRST[0]
    assert best(FIRST, TRAIN, 1) is FIRST[2]
    assert best(DEAD, TRAIN) is None
    assert best([], TRAIN) is None
    assert score([FIRST, DEAD], 0, TRAIN) == INF


def test_laws_have_their_places_before_what_was_not_accepted():
    trials = [[outcome(row, 0.1, error) for row, error in enumerate((4.0, 3.0, 2.0, 1.0))]]
    accepted = {0: True, 1: True, 2: False, 3: False}
    assert to_meta_tailor(trials, accepted, TRAIN, 1) == [1]
    assert to_meta_tailor(trials, accepted, TRAIN, 3) == [0, 1, 3]
    assert to_meta_tailor(trials, accepted, TRAIN, 9) == [0, 1, 2, 3]
    networks = [FIRST, SECOND]
    assert to_meta_tailor(networks, {0: True, 1: True}, TRAIN, 1) == [1]


def test_a_rate_is_not_judged_by_the_sequences_that_chose_it():
    trials = [outcome(0, 0.1, 1.0, 1.0, 4.0), outcome(0, 0.2, 2.0, 2.0, 1.0)]
    # without the third sequence the first rate is the better one, and so on
    np.testing.assert_array_equal(cross_validated(trials, 0), [2.0, 2.0, 4.0])
    np.testing.assert_array_equal(cross_validated(FIRST, 0), [1e-3])
    assert cross_validated(DEAD, 0) is None
    diverged = [*trials, outcome(0, 0.3, 0.0, 0.0, INF)]
    np.testing.assert_array_equal(cross_validated(diverged, 0), [2.0, 2.0, 4.0])


ERRORS = st.lists(st.floats(1e-6, 1e3), min_size=3, max_size=3).map(np.array)


@given(st.lists(st.tuples(ERRORS, ERRORS), min_size=1, max_size=4), st.floats(1e-2, 1e2))
def test_comparisons_are_ratios(pairs, factor):
    own, other = zip(*pairs, strict=True)
    ratio, back = compared(own, other), compared(other, own)
    assert ratio.low <= ratio.value * (1 + 1e-9)
    assert ratio.value <= ratio.high * (1 + 1e-9)
    assert ratio.value * back.value == pytest.approx(1.0)
    assert ratio.low * back.high == pytest.approx(1.0)
    assert not (is_less(ratio) and is_less(back))
    scaled = compared([factor * one for one in own], [factor * one for one in other])
    assert scaled.value == pytest.approx(ratio.value)
    assert scaled.high == pytest.approx(ratio.high, rel=1e-6)
    assert not is_less(compared(own, own))


def test_one_network_is_judged_by_its_validation_sequences():
    plain = np.array([1.0, 2.0, 3.0, 4.0])
    ratio = compared([0.25 * plain], [plain])
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((0.5, 0.5, 0.5))
    assert compared([plain[:1]], [2.0 * plain[:1]]).low is None
    # one sequence that is far better does not speak for the others
    assert not is_less(compared([np.array([1.0, 2.0, 3.0, 0.1])], [plain]))


def test_several_networks_are_judged_by_their_spread():
    one = np.ones(1)
    ratio = compared([0.4 * one, 0.5 * one, 0.45 * one], [one] * 3)
    logs = np.log([0.4, 0.5, 0.45])
    half = 4.302653 * logs.std(ddof=1) / math.sqrt(3)
    assert ratio.value == pytest.approx(math.exp(0.5 * logs.mean()))
    assert ratio.high == pytest.approx(math.exp(0.5 * (logs.mean() + half)), rel=1e-6)
    assert is_less(ratio)
    assert not is_less(compared([0.4 * one, 0.9 * one], [one] * 2))


def test_what_has_diverged_is_as_wrong_as_can_be_followed():
    wild = np.array([1.0, INF, INF, INF])
    assert is_less(compared([np.ones(4)], [wild]))


PLAIN = np.array([1.0, 1.1, 0.9, 1.05, 0.95])


def trials(row, factor, wobble=0.0):
    sway = 1.0 + wobble * np.array([1.0, -1.0, 1.0, -1.0, 0.5])
    return outcome(row, 0.1, *(factor * PLAIN * sway))


def test_of_laws_that_help_the_least_error_is_selected():
    own = select([[trials(0, 0.5), trials(1, 0.2)]], [0, 1], [PLAIN])
    assert (own.candidate, own.selected, own.ties) == (1, True, ())
    assert own.error_ratio.value == pytest.approx(math.sqrt(0.2))


def test_ties_are_broken_by_the_verdict():
    own = select([[trials(0, 0.21, 0.2), trials(1, 0.2), trials(2, 0.3)]], [0, 1, 2], [PLAIN])
    assert (own.candidate, own.selected, own.ties) == (0, True, (1,))
    assert "the verdict decides" in own.reason


def test_where_no_law_helps_none_is_selected_and_the_first_is_shown():
    own = select([[trials(0, 1.2), trials(1, 0.9, 0.5)]], [0, 1], [PLAIN])
    assert (own.candidate, own.selected) == (0, False)
    assert "no law predicts better" in own.reason
    assert own.error_ratio.value == pytest.approx(math.sqrt(1.2))


def test_a_law_that_does_not_help_does_not_win_by_its_rank():
    own = select([[trials(0, 0.9, 0.9), trials(1, 0.2)]], [0, 1], [PLAIN])
    assert (own.candidate, own.selected) == (1, True)


def test_laws_that_diverged_are_not_selected():
    own = select([FIRST, DEAD], [0, 1], [np.ones(1)] * 2)
    assert (own.candidate, own.selected) == (0, False)
    assert "diverged" in own.reason
    lost = [outcome(0, 0.1, *[INF] * 5), trials(1, 0.2)]
    assert select([lost], [0, 1], [PLAIN]).candidate == 1
    assert select([FIRST], [], [np.ones(1)]).candidate is None


def test_one_sequence_and_one_network_cannot_tell():
    own = select([FIRST], [0, 1], [np.ones(1)])
    assert (own.candidate, own.selected) == (0, False)
    assert "cannot tell" in own.reason
    several = select([FIRST] * 3, [0, 1], [np.ones(1)] * 3)
    assert several.selected
