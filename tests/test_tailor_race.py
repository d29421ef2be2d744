"""The race over candidates and inner rates, and the limits that bound a tailoring."""

import dataclasses
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from networks import PRODUCT, P, Q, law_of

from noether_sym import discover
from noether_sym.datasets import load
from noether_sym.dsl.expression import call, parameter
from noether_sym.errors import OptionError
from noether_sym.report import words
from noether_sym.runtime.device import single_threaded
from noether_sym.store.schema import TailorStage, encode
from noether_sym.tailor import TailorOptions, tailor
from noether_sym.tailor.document import DIVERGED, OK, OUT_OF_DOMAIN
from noether_sym.tailor.limits import limits
from noether_sym.tailor.race import Field, finalists
from noether_sym.tailor.rollout import Targets
from noether_sym.tailor.trials import VALIDATION, Outcome

SPRING = law_of(call("add", call("square", Q), call("square", P)))
BROKEN = law_of(call("log", call("sub", P, parameter(0))), 1e3, status="varies")
QUICK = {"baseline_steps": 60, "epochs": 4, "rates": (1e-3, 1e-2, 1e-1, 1e3)}


@pytest.fixture(autouse=True)
def _one_thread():
    with single_threaded():
        yield


@pytest.fixture(scope="module")
def spring():
    """A part of the spring's data: 72 states to fit, so that heats of 48 take two thirds."""
    whole = load("ideal_spring")
    parts = {
        name: tuple(one.part(0, 9) for one in getattr(whole, name)[:count])
        for name, count in (("train", 10), ("test", 3))
    }
    return dataclasses.replace(whole, **parts)


@pytest.fixture(scope="module")
def raced(spring):
    options = TailorOptions(budget=1.0, **QUICK)
    return tailor(spring, [SPRING, BROKEN, PRODUCT], options=options).document


def outcome(row, rate, *errors, status=OK):
    return Outcome(row, rate, status, {VALIDATION: np.array(errors)})


def test_the_race_chooses_what_the_grid_chooses(spring, raced):
    options = TailorOptions(budget=None, **QUICK)
    grid = tailor(spring, [SPRING, BROKEN, PRODUCT], options=options).document
    assert raced.selected == grid.selected
    assert raced.choice.candidate == grid.choice.candidate == 0
    assert raced.choice.control_candidate == grid.choice.control_candidate == 2
    errors = [
        min(
            row.validation_error
            for row in document.trials
            if row.candidate == 0 and row.status == OK
        )
        for document in (raced, grid)
    ]
    assert errors[0] <= errors[1] * 1.01
    assert not grid.heats
    assert grid.limits is grid.sampled is None
    assert len(raced.trials) < len(grid.trials)


def test_what_diverges_is_labelled_and_does_not_come_back(raced):
    assert {(row.candidate, row.rate) for row in raced.heats} >= {
        (0, rate) for rate in QUICK["rates"]
    }
    for row in raced.heats:
        if row.rate == 1e3 and row.candidate == 0:
            assert row.status == DIVERGED
        if row.candidate == 1:
            assert row.status == OUT_OF_DOMAIN
        assert (row.validation_error is None) == (row.status != OK)
    lower = min(QUICK["rates"])  # below it, what leads is followed without heats
    final = {(row.candidate, row.rate) for row in raced.trials if row.rate >= lower}
    assert final <= {(row.candidate, row.rate) for row in raced.heats if row.status == OK}
    assert "NaN" not in encode(raced)


def test_what_the_limits_took_is_kept(raced, spring):
    assert raced.limits == limits(1.0)
    assert raced.sampled.step == 90
    assert raced.sampled.heats == 48
    assert (raced.sampled.sequences, raced.sampled.longest) == (3, 9)


def test_the_time_that_it_took_stands_beside_the_budget(raced):
    stage = TailorStage(15.12, raced.limits)
    *_, taken, took = words.account(raced, stage, plain=True)
    assert taken == (
        "Limits of a budget of 1 s a network (the smallest there are, of all below 30 s): 90 of 90 "
        "states a step of training, 48 in heats."
    )
    assert took == "The tailoring took 15.1 s for 1 network, with a budget of 1 s."
    assert words.account(raced, plain=True)[-1] == taken


def test_budgets_beyond_the_table_say_whose_limits_they_have():
    assert words.limits_of(30) == "30 s a network"
    assert words.limits_of(600) == "600 s a network"
    assert words.limits_of(900) == "900 s a network (the largest there are, of 600 s)"
    assert limits(900) == limits(600)


def test_the_answer_does_not_depend_on_the_number_of_jobs(spring, raced):
    options = TailorOptions(budget=1.0, jobs=2, **QUICK)
    assert encode(tailor(spring, [SPRING, BROKEN, PRODUCT], options=options).document) == encode(
        raced
    )


def test_a_killed_race_goes_on_to_the_same_answer(spring, raced, monkeypatch):
    class Killed(BaseException):
        pass

    class Memory(dict):
        def read(self, key):
            return self.get(key)

        def write(self, key, arrays):
            if len(self) == self.last:
                raise Killed
            self[key] = arrays

    laws, options = [SPRING, BROKEN, PRODUCT], TailorOptions(budget=1.0, **QUICK)
    memory = Memory()
    for memory.last in (2, 7, 9):
        with pytest.raises(Killed):
            tailor(spring, laws, options=options, checkpoint=memory)
    held, memory.last = len(memory), -1
    assert encode(tailor(spring, laws, options=options, checkpoint=memory).document) == encode(
        raced
    )
    assert len(memory) > held
    monkeypatch.setattr("noether_sym.tailor.work.train", None)
    assert encode(tailor(spring, laws, options=options, checkpoint=memory).document) == encode(
        raced
    )


def test_the_table_of_budgets_is_fixed_and_rises():
    table = [limits(seconds) for seconds in (1, 29, 30, 60, 119, 120, 300, 600, 1e6)]
    assert table[0] == table[1]
    assert table[3] == table[4] == limits(60.0)
    assert table[-1] == table[-2]
    for lower, higher in itertools.pairwise(table):
        for one, two in zip(dataclasses.astuple(lower), dataclasses.astuple(higher), strict=True):
            assert one <= two


def test_the_default_takes_all_of_the_data_of_the_paper():
    own = TailorOptions().limits
    for name in ("ideal_spring", "ideal_pendulum"):
        data = load(name)
        assert sum(map(len, data.train)) <= own.states
        assert len(data.test) <= own.sequences
        assert max(map(len, data.test)) <= min(own.steps, own.heat_steps)


@pytest.mark.parametrize("budget", [0.0, -1.0, math.inf, math.nan])
def test_budgets_that_make_no_sense_are_refused(budget):
    with pytest.raises(ValueError, match=r"budget is .*give seconds above 0"):
        TailorOptions(budget=budget)


def test_roll_outs_are_cut_to_their_steps(spring):
    from noether_sym.tailor.network import Problem

    targets = Targets.of(spring.test, Problem.of(spring, "cpu")).refined(2)
    cut = targets.within(2, 7)
    assert cut.states.shape[:2] == (2, 4)
    assert sum(cut.parts) == 6
    assert cut.steps.shape == (2, 3)
    assert len(targets.within(1, 1).parts) == 1  # never less than one time step


def test_laws_stay_in_the_race_while_nothing_tells_them_from_the_best():
    close = [outcome(0, 0.1, 1.0, 1.1, 0.9), outcome(1, 0.1, 0.9, 1.2, 0.8)]
    far = [outcome(2, 0.1, 9.0, 9.1, 8.9), outcome(3, 0.1, 0.95, 1.15, 0.85)]
    own = limits(30.0)
    field = Field((0, 1, 2, 3), (), ())
    (rates,) = finalists([[*close, *far]], field, own)
    assert set(rates) == {0, 1, 3}
    (rates,) = finalists([[*close, *far]], field, dataclasses.replace(own, laws=2))
    assert set(rates) == {0, 1}  # the best one, and the first by the verdict


def test_a_law_that_diverged_for_one_network_is_not_in_the_final():
    good, bad = outcome(0, 0.1, 1.0, 1.0), outcome(0, 0.1, np.inf, 1.0, status=DIVERGED)
    assert finalists([[good], [bad]], Field((0,), (), ()), limits(60.0)) == [{}, {}]


def test_the_best_rates_of_each_network_go_on():
    one = [outcome(0, rate, error) for rate, error in ((0.1, 3.0), (0.2, 1.0), (0.3, 2.0))]
    two = [outcome(0, rate, error) for rate, error in ((0.1, 1.0), (0.2, 2.0), (0.3, 3.0))]
    others = [outcome(row, 0.1, float(row)) for row in (4, 2, 3)]
    own = dataclasses.replace(limits(60.0), rates=2, controls=1)
    field = Field((0,), (), (2, 3, 4))
    first, second = finalists([[*one, *others], [*two, *others]], field, own)
    assert first == {0: (0.2, 0.3), 2: (0.1,)}
    assert second == {0: (0.1, 0.2), 2: (0.1,)}


def test_what_watches_the_progress_can_stop_it(spring):
    class Enough(Exception):
        pass

    def watched(stage, done, total):
        assert stage == "tailor"
        assert total > 0
        raise Enough

    with pytest.raises(Enough):
        tailor(spring, [SPRING], options=TailorOptions(budget=1.0, **QUICK), progress=watched)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tailor_budget": 0}, "tailor_budget is 0; give a number above 0"),
        ({"tailor_budget": "1min"}, "tailor_budget is '1min'; give a number of seconds"),
        ({"exhaustive": "yes"}, "exhaustive is 'yes'; give True or False"),
        ({"exhaustive": True, "tailor_budget": 9}, "no budget; leave out it or tailor_budget"),
    ],
)
def test_arguments_of_a_tailoring_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(OptionError, match=message):
        discover("ideal_spring", tailor=True, **wrong)


def test_the_documentation_has_the_table():
    text = (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")
    section = text.split("### The budget and the race")[1].split("*States.*")[0]
    rows = [
        [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ][2:]
    assert rows[0][0] == "below 30"
    for budget, *sizes in rows:
        own = limits(1.0 if budget == "below 30" else float(budget))
        order = (own.states, own.sequences, own.steps, own.heat_states, own.heat_steps)
        assert [int(size) for size in sizes] == [*order, own.laws, own.rates, own.controls]
    assert rows[-1][0] == "600"
