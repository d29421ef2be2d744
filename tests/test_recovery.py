"""Planted laws, the judge of what was found, the null-space baseline, and the page of both."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import recovery, recovery_page
from benchmarks.cases import case
from benchmarks.null_space import polynomial_null_space
from benchmarks.planted import BLOCKS, planted
from benchmarks.published import PUBLISHED
from benchmarks.scoring import FLOOR, Truth, score
from noether_sym.datasets import load
from noether_sym.datasets.dataset import stack
from noether_sym.laws.known import known_law
from noether_sym.laws.law import Law, Parameter


@pytest.fixture(scope="module", params=[(2, 1), (3, 2), (5, 1), (4, 2)])
def conservative(request):
    columns, laws = request.param
    return planted(1, columns, laws=laws)


@pytest.fixture(scope="module")
def dissipative():
    return planted(0, 2, dissipative=True)


def whole(system):
    return [*system.dataset.train, *system.dataset.test]


def test_planted_laws_hold_exactly(conservative):
    assert conservative.laws == conservative.planted
    for law in conservative.laws:
        values = [law(one.states) for one in [*whole(conservative), *conservative.fresh(2)]]
        spread = np.std([own[0] for own in values])
        assert spread > 0.01
        assert max(np.ptp(own) for own in values) < 1e-9 * spread
        # and by the equations themselves, wherever the state is
        states = np.random.default_rng(0).uniform(-1, 1, (50, len(conservative.names)))
        terms = law.gradient(states) * conservative.rates(0.0, states)
        assert (np.abs(terms.sum(-1)) < 1e-13 * np.abs(terms).sum(-1).max()).all()


def test_planted_motion_is_as_promised(conservative):
    data = conservative.dataset
    assert (len(data.train), len(data.test)) == (12, 4)
    for one in whole(conservative):
        assert one.states.shape == (160, len(conservative.names))
        assert np.abs(one.states).max() < 12
        slope = np.gradient(one.states, one.times, axis=0)
        assert np.corrcoef(slope.ravel(), one.derivatives.ravel())[0, 1] > 0.85
    for law in conservative.laws:
        assert 3 <= len(law.parameters) <= 30


def test_the_same_seed_plants_the_same_system(dissipative):
    again = planted(0, 2, dissipative=True)
    assert again.dataset.digest() == dissipative.dataset.digest()
    assert planted(1, 2, dissipative=True).dataset.digest() != dissipative.dataset.digest()


def test_with_dissipation_every_law_is_lost(dissipative):
    assert dissipative.laws == ()
    truth = Truth((), [one.states for one in whole(dissipative)])
    judged = score(dissipative.planted, truth)
    assert judged.false == len(dissipative.planted) > 0
    assert (judged.known, judged.found) == (0, 0)
    for one in whole(dissipative):
        for law in dissipative.planted:
            assert law(one.states[-1]) < law(one.states[0])


def test_systems_that_cannot_be_planted_are_refused():
    with pytest.raises(
        ValueError, match=r"no system of 3 columns and 1 laws; there are .*3: \[2\]"
    ):
        planted(0, 3, laws=1)
    assert set(BLOCKS) == {2, 3, 4, 5, 6}


def pendulum_law(coefficient):
    known = known_law(load("ideal_pendulum"))
    return known.with_(parameters=(Parameter("c0", coefficient, known.parameters[0].dimension),))


@pytest.fixture(scope="module")
def pendulum():
    fresh = load("ideal_pendulum", seed=7).train
    return Truth([pendulum_law(3.0)], [one.states for one in fresh])


class Changed:
    """A law under a function and its slope: another quantity, called as laws are."""

    def __init__(self, law, function, slope):
        self.law, self.function, self.slope = law, function, slope

    def __call__(self, states):
        return self.function(self.law(states))

    def gradient(self, states):
        return self.slope(self.law(states))[..., None] * self.law.gradient(states)

    def text(self):
        return "a function of a law"


def test_a_wrong_law_is_false_and_a_function_of_a_law_is_not(pendulum):
    right, wrong, near = (pendulum_law(value) for value in (3.0, 2.9, 3.00001))
    squared = Changed(right, np.square, lambda own: 2 * own)
    judged = score([right, squared], pendulum)
    assert (judged.known, judged.found, judged.false, judged.more) == (1, 1, 0, 0)
    judged = score([squared], pendulum)
    assert (judged.found, judged.false, judged.missing) == (1, 0, ())
    judged = score([wrong, near], pendulum)
    assert (judged.found, judged.true, judged.missing) == (0, (False, False), (0,))
    assert judged.ratios[1] > FLOOR
    assert score([], pendulum).found == 0


def test_a_true_law_that_is_not_known_is_counted_as_more(pendulum):
    judged = score([pendulum_law(3.0)], replace(pendulum, known=()))
    assert (judged.known, judged.found, judged.false, judged.more) == (0, 0, 0, 1)


def test_a_quantity_that_is_constant_everywhere_is_no_law(pendulum):
    law = pendulum_law(3.0)

    class Constant(Law):
        def __call__(self, states):
            return np.full(np.shape(states)[:-1], 2.0) + 1e-16 * np.sum(states, -1)

    constant = Constant(law.expression, law.inputs, law.parameters, law.dimension, 0.0, 1.0)
    assert score([constant], pendulum).ratios == (np.inf,)


def test_laws_that_depend_on_each_other_count_once():
    own = case("builtin kepler_2d")
    assert len(own.truth.known) == 4
    judged = score(own.truth.known, own.truth)
    assert (judged.known, judged.found, judged.false) == (3, 3, 0)
    judged = score(own.truth.known[2:], own.truth)  # the vector alone: two of three
    assert (judged.found, judged.missing) == (2, (0, 1))


def test_the_polynomial_null_space_finds_polynomials_and_no_cosine():
    spring = case("builtin ideal_spring")
    found = polynomial_null_space(*spring.arrays())
    assert score(found, spring.truth).found == 1
    assert score(found, spring.truth).false == 0
    assert not polynomial_null_space(*case("builtin ideal_pendulum").arrays())
    with pytest.raises(ValueError, match="any samples have a null space"):
        polynomial_null_space(*(own[:10] for own in stack(load("henon_heiles").train)))


def test_gradients_of_combinations_are_slopes():
    found = polynomial_null_space(*stack(load("duffing").train))[0]
    state, step = np.array([[0.4, -0.7]]), 1e-6
    slopes = [
        (found(state + step * one) - found(state - step * one))[0] / (2 * step) for one in np.eye(2)
    ]
    assert found.gradient(state)[0] == pytest.approx(slopes, rel=1e-6)


def harmonic(folder):
    """A file like the published one: x3 is a parameter of each trajectory."""
    rows = ["x1,x2,x3,trajectory"]
    for number, stiffness in enumerate((0.3, 0.5, 0.9, 1.7), 1):
        phase = np.linspace(0, 9, 40)
        rows += [
            f"{np.sin(p) / stiffness**0.5 * number:.17g},{np.cos(p) * number:.17g},"
            f"{stiffness},{number}"
            for p in phase
        ]
    path = folder / "kr_regression" / "Harmonic_T3_N50.csv"
    path.parent.mkdir()
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_a_published_file_is_judged_along_the_directions_in_which_it_moves(tmp_path, monkeypatch):
    harmonic(tmp_path)
    monkeypatch.setenv("NOETHER_SYM_DATA", str(tmp_path))
    own = case("file Harmonic_T3_N50")
    assert score(own.truth.known, own.truth).found == 1
    data = load("rigid_body", unitless=True)
    data = replace(data, invariant="x1**2 + 2*x2**2")
    data = replace(
        data,
        columns=tuple(replace(c, name=f"x{n + 1}") for n, c in enumerate(data.columns)),
    )
    judged = score([known_law(data)], own.truth)
    assert (judged.found, judged.false) == (0, 1)
    assert known_law(replace(data, invariant="x3")) is not None
    parameter = score([known_law(replace(data, invariant="x3**2"))], own.truth)
    assert (parameter.found, parameter.false) == (0, 0)
    assert len(PUBLISHED) == 9


def answered(**changes):
    return {
        "status": "done",
        "columns": 2,
        "seconds": 1.5,
        "peak_mib": 300.0,
        "counts": {"distinct": 10},
        "known": 1,
        "found": 0,
        "more": 0,
        "listed": 1,
        "false": 1,
        "laws": [{"law": "x + v", "ratio": 0.1, "true": False}],
        "missing": ["x**2 + v**2"],
        **changes,
    }


def test_answers_are_kept_and_the_page_begins_with_what_went_wrong(tmp_path, monkeypatch):
    asked = []

    def searched(name, way):
        asked.append((name, way))
        return answered()

    monkeypatch.setattr(recovery, "_searched", searched)
    arguments = ["--quick", "--only", "builtin,planted,growth", "--output", str(tmp_path)]
    recovery.main(arguments)
    assert ("builtin ideal_spring", "default") in asked
    page = (tmp_path / "recovery.md").read_text(encoding="utf-8")
    assert "**default call**: 1 of 1 laws missed; 1 false ones, in 1 of 1 searches" in page
    assert "- ideal_spring: missed `x**2 + v**2`" in page
    assert "- ideal_spring: false `x + v`, ratio 0.1" in page
    assert "| 2 | default call | 1 of 40 | 1 | 1 | 1 |" in page
    assert (tmp_path / "figures" / "recovery_columns.png").is_file()
    count = len(asked)
    recovery.main(arguments)
    assert len(asked) == count
    recovery.main([*arguments, "--fresh"])
    assert len(asked) == 2 * count


def test_parts_share_the_work(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(recovery, "_searched", lambda *job: asked.append(job) or answered())
    arguments = ["--only", "growth", "--output", str(tmp_path), "--table", str(tmp_path / "no.md")]
    recovery.main([*arguments, "--part", "1/2"])
    half = set(asked)
    recovery.main([*arguments, "--part", "2/2"])
    assert half < set(asked)
    assert len(asked) == len(set(asked)) == 16
    with pytest.raises(SystemExit):
        recovery.main([*arguments, "--part", "3/2"])


def test_data_that_are_not_here_are_named_and_asked_for_again(tmp_path, monkeypatch):
    answer = {"status": "missing", "reason": "NOETHER_SYM_DATA is not set"}
    monkeypatch.setattr(recovery, "_searched", lambda *_: answer)
    recovery.main(["--quick", "--only", "files", "--output", str(tmp_path)])
    assert "Harmonic_T3_N50: missing: NOETHER_SYM_DATA is not set" in (
        tmp_path / "recovery.md"
    ).read_text(encoding="utf-8")
    assert not list((tmp_path / "recovery").iterdir())


def test_the_table_of_found_laws_is_written_when_all_is_there(tmp_path):
    shown = tmp_path / "limits.md"
    text = "a\n<!-- found: begin -->\nbefore\n<!-- found: end -->\nb\n"
    shown.write_text(text, encoding="utf-8")
    cases = recovery_page.SECTIONS["builtin"].cases
    entries = {(name, "default"): answered() for name in cases}
    assert recovery_page.found_table(entries, shown)
    written = shown.read_text(encoding="utf-8")
    assert "| ideal_spring | 1 | 0 | 1 | `x + v` (false) |" in written
    assert "before" not in written
    assert written.startswith("a\n")
    assert written.endswith("\nb\n")
    assert not recovery_page.found_table(dict(list(entries.items())[1:]), shown)


@pytest.mark.slow
def test_one_search_in_a_process_of_its_own():
    answer = recovery._searched("builtin ideal_spring", "polynomial")
    assert (answer["status"], answer["found"], answer["false"]) == ("done", 1, 0)
    assert answer["peak_mib"] > 10
    json.dumps(answer)
    assert recovery._searched("builtin nothing", "polynomial")["status"] == "failed"
