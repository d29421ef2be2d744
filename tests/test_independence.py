"""Which of the candidates that passed are laws, families, or near misses of one another."""

import numpy as np
import pytest
from networks import law_of

from noether_sym.dsl.expression import call, input_, parameter
from noether_sym.dsl.parser import parse
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, UNDECIDED, Evidence
from noether_sym.verdict.independence import Judged, independent_laws

Q, P, C = input_(0), input_(1), parameter(0)
TOTAL = call("add", Q, P)
SPARE = call("sub", TOTAL, call("div", C, Q))
VELOCITIES = np.tile([1.0, -1.0], (100, 1))
ALONG = np.ones((100, 2))


def entry(number, expression, score, gradients, reason="", verdict=None):
    values = [2.0] * expression.parameter_count
    evidence = verdict and Evidence(verdict, "", 0.01, 0.5, 1e-9, 5)
    law = law_of(expression, *values).with_(conservation_ratio=score, evidence=evidence)
    return Judged(number, law, score, gradients, reason)


def test_of_laws_about_as_good_the_simplest_comes_first():
    """Noise is fitted a little better by a constant to spare, best of all beside a pole."""
    pole = ALONG.copy()
    pole[0, 0] = 50.0
    found = independent_laws(
        [entry(0, SPARE, 3.8e-4, pole), entry(1, TOTAL, 3.9e-4, ALONG)], VELOCITIES
    )
    assert [law.expression for law in found.laws] == [TOTAL]
    assert found.independent == 1
    assert found.verdicts[1] == ""
    assert found.verdicts[0].startswith("a near miss of law 1")
    assert [law.expression for law in found.closest] == [SPARE]


def test_a_simpler_formula_that_is_worse_does_not_come_first():
    entries = [entry(0, SPARE, 1e-5, 2.0 * ALONG), entry(1, TOTAL, 1e-4, ALONG)]
    found = independent_laws(entries, VELOCITIES)
    assert [law.expression for law in found.laws] == [SPARE]
    assert found.verdicts == {0: "", 1: ""}


def test_a_quantity_is_listed_once_and_a_function_of_it_beside_it():
    growing = ALONG * np.linspace(0.5, 1.5, 100)[:, None]
    entries = [
        entry(0, TOTAL, 1e-20, ALONG),
        entry(1, call("mul", C, TOTAL), 1e-20, -3.0 * ALONG),
        entry(2, call("square", TOTAL), 1e-20, growing),
    ]
    found = independent_laws(entries, VELOCITIES)
    assert [law.expression for law in found.laws] == [TOTAL, call("square", TOTAL)]
    assert [law.family for law in found.laws] == [1, 1]
    assert [law.rank for law in found.laws] == [1, 2]


def test_the_same_quantity_told_far_worse_is_a_near_miss():
    entries = [entry(0, TOTAL, 1e-20, ALONG), entry(1, SPARE, 1e-3, ALONG)]
    found = independent_laws(entries, VELOCITIES)
    assert [law.expression for law in found.laws] == [TOTAL]
    assert "far better conserved" in found.verdicts[1]


def test_what_only_nearly_holds_does_not_stand_beside_a_law_that_says_the_same():
    """However well it is conserved by the measure of the search."""
    entries = [
        entry(0, SPARE, 1e-5, ALONG, verdict=APPROXIMATE_LAW),
        entry(1, TOTAL, 1e-4, ALONG, verdict=LAW),
    ]
    found = independent_laws(entries, VELOCITIES)
    assert [law.expression for law in found.laws] == [TOTAL]
    assert found.independent == 1
    assert found.verdicts[0] == "a near miss of law 1, which holds where this one only nearly does"
    alone = independent_laws(entries[:1], VELOCITIES)
    assert [law.expression for law in alone.laws] == [SPARE]
    assert alone.independent == 0


def test_what_only_nearly_holds_is_no_function_of_laws():
    first, second = np.tile([1.0, 0.0, 0.0], (50, 1)), np.tile([0.0, 1.0, 0.0], (50, 1))
    laws = [entry(0, TOTAL, 1e-4, first, verdict=LAW), entry(1, Q, 1e-4, second, verdict=LAW)]
    both = first * np.linspace(0.2, 1.0, 50)[:, None] + second
    nearly = entry(2, SPARE, 1e-4, both, verdict=APPROXIMATE_LAW)
    found = independent_laws([*laws, nearly], None)
    assert {law.expression for law in found.laws} == {TOTAL, Q}
    assert "only nearly" in found.verdicts[2]


def test_another_direction_is_another_law():
    across = np.tile([0.0, 0.0, 1.0], (100, 1))
    along, velocities = np.tile([1.0, 1.0, 0.0], (100, 1)), np.tile([1.0, -1.0, 0.0], (100, 1))
    found = independent_laws(
        [entry(0, TOTAL, 1e-20, along), entry(1, Q, 1e-20, across)], velocities
    )
    assert found.independent == 2
    assert [law.family for law in found.laws] == [1, 2]


def test_what_noise_of_the_velocity_makes_drift_is_a_law_if_it_was_found_again():
    velocities = np.tile([1.0, -1.0, 0.3], (100, 1))
    along, across = np.tile([1.0, 1.0, 0.0], (100, 1)), np.tile([1.0, 1.0, 1.0], (100, 1))
    entries = [entry(0, Q, 1e-4, along), entry(1, TOTAL, 1e-4, across)]
    asked = []

    def answering(answer):
        def found(law, others):
            asked.append((law.expression, [other.expression for other in others]))
            return answer

        return found

    for answer, independent in ((False, 1), (True, 2)):
        judged = independent_laws(entries, velocities, (), answering(answer))
        assert judged.independent == independent
    assert asked == 2 * [(TOTAL, [Q])]
    assert independent_laws(entries, velocities).independent == 1
    faster = velocities * np.array([1.0, 1.0, 4.0])  # as much as chance would bring
    assert independent_laws(entries, faster, (), answering(True)).independent == 1
    assert len(asked) == 2


def test_all_families_that_confirmation_refused_are_counted_however_few_are_listed():
    draw = np.random.default_rng(0)
    refused = [
        entry(n, SPARE, 1e-3 + 1e-6 * n, draw.normal(size=(100, 2)), "no", UNDECIDED)
        for n in range(1, 131)
    ]
    twice = [
        entry(200 + one.number, SPARE, 0.5, 2 * one.gradients, "no", UNDECIDED) for one in refused
    ]
    unsent = [entry(400, SPARE, 0.6, draw.normal(size=(100, 2)), "it varies too much")]
    found = independent_laws([entry(0, TOTAL, 1e-6, ALONG), *refused, *twice, *unsent], None)
    assert len(found.closest) == 100
    assert found.failed == 130
    assert independent_laws([*refused], None).failed == 0  # no law would have to pay for them


def test_what_was_refused_keeps_its_reason():
    found = independent_laws([entry(3, TOTAL, 0.5, ALONG, "varies")], VELOCITIES)
    assert found.laws == ()
    assert found.reasons == ("varies",)
    assert found.independent == 0


def test_a_function_of_two_laws_stands_under_them_and_is_not_counted():
    first, second = np.tile([1.0, 0.0, 0.0], (50, 1)), np.tile([0.0, 1.0, 0.0], (50, 1))
    both = first * np.linspace(0.2, 1.0, 50)[:, None] + second
    found = independent_laws(
        [entry(0, TOTAL, 1e-20, first), entry(1, Q, 1e-20, second), entry(2, SPARE, 1e-20, both)],
        None,
    )
    assert found.independent == 2
    assert [law.function_of for law in found.laws] == [(), (), (1, 2)]
    assert [law.family for law in found.laws] == [1, 2, 3]


def test_what_varies_beside_laws_that_hold_exactly_is_no_law():
    across = np.tile([0.0, 0.0, 1.0], (100, 1))
    along = np.tile([1.0, 1.0, 0.0], (100, 1))
    varying = [entry(0, TOTAL, 1e-22, along), entry(1, SPARE, 1e-4, across)]
    found = independent_laws(varying, None)
    assert found.independent == 1
    assert "its columns have no noise" in found.verdicts[1]
    noisy = [entry(0, TOTAL, 1e-4, along), entry(1, SPARE, 1e-4, across)]
    assert independent_laws(noisy, None).independent == 2


def test_what_follows_from_constraints_is_no_law():
    constraint = entry(-1, Q, 1e-30, ALONG)
    found = independent_laws([entry(0, TOTAL, 1e-20, 2.0 * ALONG)], None, [constraint])
    assert found.independent == 0
    assert "same on all trajectories" in found.verdicts[0]
    assert [law.status for law in found.constraints] == ["constraint"]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("w**2 - c0*cos(q)", 0),
        ("cos(q)/(c0 + w**2)", 1),
        ("cos(w) + cos(c0*q)", 1),
        ("cos(w) + sin(cos(q))", 1),
        ("q**2 + q*w**4", 0),
        ("sqrt(q*w) - q/w", 2),
    ],
)
def test_quotients_and_functions_of_terms_make_a_formula_less_plain(text, others):
    tree = parse(text, ["q", "w"]).expression
    law = law_of(tree, *[2.0] * tree.parameter_count)
    assert law.complexity == (law.size, others)


def test_of_formulas_as_simple_and_as_good_the_one_without_a_pole_comes_first():
    texts = ("cos(q)/(c0 + w**2)", "w**2 - c0*cos(q)")
    quotient, energy = (parse(text, ["q", "w"]).expression for text in texts)
    entries = [entry(0, quotient, 1e-3, ALONG), entry(1, energy, 1.4e-3, ALONG)]
    found = independent_laws(entries, VELOCITIES)
    assert found.laws[0].expression == energy
    entries = [entry(0, quotient, 1e-3, ALONG), entry(1, energy, 1.6e-3, ALONG)]
    found = independent_laws(entries, VELOCITIES)
    assert found.laws[0].expression == quotient
