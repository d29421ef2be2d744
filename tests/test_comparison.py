"""Runs side by side: the same law in another form, equal and different constants."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.stats import chi2, ttest_ind_from_stats
from scipy.stats import t as student

import noether_sym
from noether_sym.cli import main
from noether_sym.comparison.beside import compare_runs
from noether_sym.comparison.document import HalfLife
from noether_sym.comparison.equality import Estimates, agreement, holm
from noether_sym.comparison.runs import Contender, FittedRun
from noether_sym.dsl.parser import parse
from noether_sym.errors import OptionError, RunError, UnitError
from noether_sym.laws.law import APPROXIMATE_LAW, Evidence, Law, Parameter
from noether_sym.store.schema import ColumnEntry, LawsDocument
from noether_sym.units.coherent import unit_conversion
from noether_sym.units.dimension import Dimension

PENDULUM = {"q": "rad", "w": "rad/s"}


def law(text, values, errors, columns=PENDULUM, degrees=40.0, covariance=None):
    """A law with constants c0, c1, ...; the numbers in its text are constants without errors."""
    formula = parse(text, list(columns))
    given = dict(zip((f"c{slot}" for slot in range(len(values))), values, strict=True))
    parameters = []
    matrix = np.zeros((len(formula.constants), len(formula.constants)))
    for slot, own in enumerate(formula.constants):
        known = own.name in given
        error = errors[list(given).index(own.name)] if known else None
        parameters.append(
            Parameter(
                f"c{slot}",
                given[own.name] if known else own.value,
                Dimension(),
                error,
                degrees=degrees if known else None,
            )
        )
        matrix[slot, slot] = (error or 0.0) ** 2
    if covariance is not None:
        matrix = np.array(covariance)
    return Law(
        expression=formula.expression,
        inputs=tuple(columns.items()),
        parameters=tuple(parameters),
        dimension=Dimension(),
        conservation_ratio=1e-4,
        random_ratio=0.9,
        covariance=tuple(map(tuple, matrix.tolist())),
    )


def run(name, *laws, columns=PENDULUM, ranges=(-2.0, 2.0), digest=None, others=(), folder=None):
    return FittedRun(
        name,
        name,
        digest or name,
        tuple(ColumnEntry(own, unit, unit, ranges) for own, unit in columns.items()),
        20,
        len(laws),
        len(laws),
        tuple(
            [Contender(own, True) for own in laws]
            + [Contender(own, False, "drifts") for own in others]
        ),
        "s",
        Path(folder or name),
    )


def compared(*runs):
    return compare_runs(runs).laws


@pytest.mark.parametrize(("constants", "runs"), [(1, 2), (2, 2), (2, 4)])
def test_equal_constants_are_called_different_as_often_as_promised(constants, runs):
    rng = np.random.default_rng(7)
    degrees, tries = 16, 600
    root = np.tril(rng.normal(size=(constants, constants))) + 2 * np.eye(constants)
    low = moved = 0
    for _ in range(tries):
        every = []
        for number in range(runs):
            own = root * (1 + number)  # runs of unequal precision
            rows = rng.normal(size=(degrees, constants)) @ own.T
            values = 5 + own @ rng.normal(size=constants)
            every.append(Estimates(values, rows.T @ rows / degrees, degrees))
        low += agreement(every).p < 0.05
        shift = 8 * np.sqrt(np.diag(every[0].covariance))
        every[0] = Estimates(every[0].values + shift, every[0].covariance, degrees)
        moved += agreement(every).p < 0.05
    assert 0.025 < low / tries < 0.08
    assert moved / tries > 0.8


def test_one_constant_of_two_runs_is_welchs_test():
    one = Estimates(np.array([3.0]), np.array([[0.04]]), 9.0)
    other = Estimates(np.array([3.9]), np.array([[0.09]]), 5.0)
    found = agreement([one, other])
    welch = ttest_ind_from_stats(3.0, 0.2 * 10**0.5, 10, 3.9, 0.3 * 6**0.5, 6, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue, rel=0.01)
    assert found.chi_square == pytest.approx(welch.statistic**2)


def test_many_degrees_of_freedom_give_chi_square_with_the_covariance():
    covariance = np.array([[1.0, 0.9], [0.9, 1.0]]) * 1e-6
    step = np.array([1e-3, -1e-3])
    runs = [Estimates(np.zeros(2), covariance, np.inf), Estimates(step, covariance, np.inf)]
    found = agreement(runs)
    expected = step @ np.linalg.inv(2 * covariance) @ step
    assert found.joint
    assert found.chi_square == pytest.approx(expected)
    assert found.p == pytest.approx(chi2.sf(expected, 2))
    # errors alone do not see it: each constant is one deviation apart
    apart = np.where(np.eye(2) > 0, covariance, np.nan)
    alone = agreement([Estimates(own.values, apart, np.inf) for own in runs])
    assert not alone.joint
    assert alone.p == pytest.approx(min(1.0, 2 * chi2.sf(0.5, 1)))


def test_too_few_trajectories_for_a_covariance_are_tested_constant_by_constant():
    runs = [Estimates(np.zeros(2), np.eye(2), 3.0), Estimates(np.ones(2), np.eye(2), 3.0)]
    assert not agreement(runs).joint


def test_holm():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_law_is_recognised_in_another_form_and_scale():
    first = run("first", law("w**2 - c0*cos(q)", [20.0], [0.1]))
    other = run("other", law("cos(q) - c0*w**2", [0.05], [0.001]))
    (found,) = compared(first, other)
    assert found.form == "w**2 - c0*cos(q)"
    assert found.form_of == "first"
    own = found.findings[1].constants[0]
    assert own.value == pytest.approx(20.0, rel=1e-9)
    assert own.stderr == pytest.approx(0.001 / 0.05**2, rel=1e-6)  # the delta method
    assert found.findings[1].expression == "cos(q) - 0.05*w**2"
    assert found.equality.differ is False
    squared = run("squared", law("(w**2 - c0*cos(q))**2", [20.4], [0.1]))
    (found,) = compared(first, squared)
    assert found.findings[1].constants[0].value == pytest.approx(20.4, rel=1e-8)
    assert found.equality.chi_square == pytest.approx(0.4**2 / 0.02, rel=1e-6)


def test_covariance_goes_through_the_change_of_form():
    covariance = np.array([[4.0, 1.9], [1.9, 1.0]]) * 1e-4
    text = "c0*w**2 + c1*q**2 + q**4"
    other = run("other", law(text, [0.5, 2.0], [0.02, 0.01], covariance=_whole(text, covariance)))
    form = law("w**2 + c0*q**2 + c1*q**4", [4.0, 2.0], [0.1, 0.1])
    (found,) = compared(run("first", form), other)
    values = [own.value for own in found.findings[1].constants]
    errors = [own.stderr for own in found.findings[1].constants]
    assert values == pytest.approx([4.0, 2.0], rel=1e-8)
    slopes = np.array([[-2.0 / 0.5**2, 1 / 0.5], [-1 / 0.5**2, 0.0]])
    expected = np.sqrt(np.diag(slopes @ covariance @ slopes.T))
    assert errors == pytest.approx(expected, rel=1e-5)


def _whole(text, covariance):
    """With zeros for the numbers that a formula has beside c0 and c1."""
    names = [own.name for own in parse(text, list(PENDULUM)).constants]
    places = [names.index(f"c{slot}") for slot in range(len(covariance))]
    matrix = np.zeros((len(names), len(names)))
    matrix[np.ix_(places, places)] = covariance
    return matrix


def test_the_richer_form_is_taken_where_it_serves_more_runs():
    plain = run("plain", law("q**2 + w**2", [], []))
    rich = run("rich", law("q**2 + c0*w**2", [1.3], [0.1]))
    (found,) = compared(plain, rich)
    assert found.form_of == "rich"
    assert found.findings[0].constants[0].value == pytest.approx(1.0)
    assert found.findings[0].constants[0].fixed
    assert found.equality.p == pytest.approx(2 * student.sf(3.0, 40), rel=1e-3)


def test_a_term_that_a_run_lacks_differs_from_one_that_is_there():
    plain = run("plain", law("q**2 + c0*w**2", [0.25], [1e-3]))
    cubic = run("cubic", law("q**2 + c0*q**4 + c1*w**2", [0.184, 0.25], [2e-3, 1e-3]))
    (found,) = compared(plain, cubic)
    assert found.form_of == "cubic"
    lacking, own = (beside.constants[0] for beside in found.findings)
    assert (lacking.value, lacking.fixed, lacking.stderr) == (0.0, True, None)
    assert not own.fixed
    assert found.equality.constants == ("c0", "c1")
    assert found.equality.differ is True
    unlike = run("unlike", law("q**2 + c0*q**4 + c1*w**2", [0.004, 0.25], [2e-3, 1e-3]))
    (found,) = compared(plain, unlike)
    assert found.equality.differ is False


def test_constants_without_errors_are_named_and_not_tested():
    known = law("q**2 + c0*q**4 + c1*w**2", [0.2, 0.25], [2e-3, 1e-3])
    blind = known.with_(
        covariance=(), parameters=(replace(known.parameters[0], stderr=None), *known.parameters[1:])
    )
    (found,) = compared(run("known", known), run("blind", blind))
    assert found.equality.constants == ("c1",)
    assert found.equality.untested == ("c0",)
    assert str(found.equality).endswith("c0 not tested: no error")


def test_errors_of_a_search_are_none_of_an_approximate_law():
    drifts = Evidence(APPROXIMATE_LAW, "it drifts", 0.02, 1e-9, 1.0, 12, 59.0, 2.0)
    jackknife = law("w**2 - c0*cos(q)", [20.0], [0.1]).with_(evidence=drifts)
    searched = jackknife.with_(
        covariance=(), parameters=tuple(replace(own, degrees=None) for own in jackknife.parameters)
    )
    one, other = run("one", jackknife), run("other", searched)
    (found,) = compared(one, other)
    assert found.equality.p is None
    assert found.findings[0].half_life == HalfLife(59.0, 2.0, "s", grows=False)
    assert list(compare_runs([one, other]).table["constant"]) == ["c0", "half life"] * 2
    (found,) = compared(one, run("again", jackknife))
    assert found.equality.differ is False


def test_runs_of_one_name_are_told_apart_by_their_folders():
    own = law("w**2 - c0*cos(q)", [20.0], [0.1])
    (found,) = compared(
        run("day", own, digest="1", folder="/a/x/day"),
        run("day", own, digest="2", folder="/b/x/day"),
    )
    assert [beside.run for beside in found.findings] == ["a/x/day", "b/x/day"]


def test_another_law_is_no_other_form():
    first = run("first", law("w**2 - c0*cos(q)", [20.0], [0.1]))
    other = run("other", law("w**2 - c0*sin(q)", [20.0], [0.1]))
    one, two = compared(first, other)
    assert [own.verdict for own in one.findings] == ["law", "not found"]
    assert [own.verdict for own in two.findings] == ["not found", "law"]
    assert one.equality.reason == "only one run has it"


def test_what_a_run_rejected_is_shown_with_its_reason():
    first = run("first", law("w**2 - c0*cos(q)", [20.0], [0.1]))
    rejected = law("w**2 - c0*cos(q)", [19.0], [0.1]).with_(status="drifts")
    (found,) = compared(first, run("other", others=[rejected]))
    assert found.findings[1].verdict == "not a law"
    assert found.findings[1].reason == "drifts"


def test_constants_are_in_the_units_of_the_form():
    slow = {"y": "m", "v": "m/s"}
    short = {"y": "cm", "v": "cm/s"}
    first = run("first", law("v**2 + c0*y", [19.6], [0.1], slow), columns=slow)
    second = law("v**2 + c0*y", [1962.0], [10.0], short)
    other = run("other", second, columns=short, ranges=(-200.0, 200.0))
    (found,) = compared(first, other)
    own = found.findings[1].constants[0]
    assert own.value == pytest.approx(19.62, rel=1e-8)
    assert own.stderr == pytest.approx(0.1, rel=1e-6)
    assert unit_conversion("degC", "K") == pytest.approx((1.0, 273.15))


def test_scales_far_apart_are_no_obstacle():
    text, values = "w**2 - c0*cos(q)", [2e-18]
    first = run("first", law(text, values, [1e-20]), ranges=(-1e-9, 1e-9))
    other = run("other", law("cos(q) - c0*w**2", [5e17], [1e15]), ranges=(-1e-9, 1e-9))
    (found,) = compared(first, other)
    assert found.findings[1].constants[0].value == pytest.approx(2e-18, rel=1e-6)


def test_a_factor_of_everything_is_no_constant_to_compare():
    text = "c0*w**2 - c1*cos(q)"
    first = run("first", law(text, [1.0, 20.0], [0.1, 0.1]))
    other = run("other", law(text, [3.0, 60.0], [0.1, 0.3]))
    (found,) = compared(first, other)
    assert len(found.equality.constants) == 1
    assert found.equality.p == pytest.approx(1.0)


def test_runs_that_cannot_be_compared_say_why():
    one = run("one", law("w**2 - c0*cos(q)", [20.0], [0.1]))
    with pytest.raises(RunError, match="two runs or more"):
        compare_runs([one])
    with pytest.raises(RunError, match="one is given twice"):
        compare_runs([one, one])
    other = run("other", columns={"x": "m", "v": "m/s"})
    with pytest.raises(RunError, match=r"one has the columns q, w, and no other .*other: x, v"):
        compare_runs([one, other])
    heavy = run("heavy", columns={"q": "kg", "w": "rad/s"})
    with pytest.raises(UnitError, match="column q is in rad in one and in kg in heavy"):
        compare_runs([one, heavy])
    again = run("again", law("w**2 - c0*cos(q)", [20.0], [0.1]), digest="one")
    (found,) = compared(one, again)
    assert "not independent" in found.equality.reason
    blind = run("blind", columns={"q": "rad"})
    (found,) = compared(one, blind)
    assert found.findings[1].verdict == "no such column"
    assert found.findings[1].reason == "it has no column w"
    with pytest.raises(OptionError, match="42 is a int"):
        noether_sym.compare(42, "one")


def test_pairs_and_their_number():
    runs = [
        run(name, law("w**2 - c0*cos(q)", [value], [0.1]))
        for name, value in (("a", 20.0), ("b", 20.1), ("c", 22.0))
    ]
    (found,) = compared(*runs)
    assert [pair.runs for pair in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [pair.differ for pair in found.pairs] == [False, True, True]
    first, second, _ = found.pairs
    assert first.p_adjusted == first.p
    assert second.p_adjusted == pytest.approx(3 * second.p)


def test_signs_and_scales_of_constants_keep_errors_intervals_and_covariance():
    own = law("w**2 - c0*cos(q)", [-3.0], [0.1])
    (first,) = own.parameters
    interval = msgspec.convert([-3.2, -2.8], tuple[float, float])
    own = own.with_(
        parameters=(Parameter("c0", -3.0, first.dimension, 0.1, interval, 40.0),)
    ).tidied()
    assert own.text() == "w**2 + 3*cos(q)"
    assert own.parameters[0].interval == (2.8, 3.2)
    half = own.scaled([0.5])
    assert half.parameters[0].stderr == 0.05
    assert half.covariance == ((pytest.approx(0.0025),),)


def throws(gravity, seed, unit="m", length=1.0):
    """Stones thrown up, measured with noise: v**2/2 + g*y is constant along each."""
    rng = np.random.default_rng(seed)
    tables = []
    for height, speed in zip(rng.uniform(0, 3, 13), rng.uniform(2, 9, 13), strict=True):
        t = np.linspace(0.0, 1.5, 40)
        y, v = height + speed * t - gravity / 2 * t**2, speed - gravity * t
        y, v = (column + rng.normal(0, 0.02, len(t)) for column in (y, v))
        tables.append(
            pd.DataFrame({"t [s]": t, f"y [{unit}]": length * y, f"v [{unit}/s]": length * v})
        )
    return tables


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    settings = {"monday": (9.81, 1), "tuesday": (9.81, 2, "cm", 100.0), "moon": (9.5, 3)}
    return folder, {
        name: noether_sym.discover(throws(*own), search="sums", budget=1, results=folder)
        for name, own in settings.items()
    }


def test_two_days_agree_and_another_place_does_not(days):
    _, found = days
    (equal,) = noether_sym.compare(found["monday"], found["tuesday"]).laws
    assert equal.equality.differ is False
    first, second = (own.constants[0] for own in equal.findings)
    assert first.unit == second.unit
    assert first.value == pytest.approx(second.value, rel=0.02)
    beside = noether_sym.compare(found["monday"], found["moon"])
    assert [own.equality.differ for own in beside.laws] == [True]
    assert "differ (p = " in str(beside)
    table = beside.table
    assert list(table["verdict"]) == ["law", "law"]
    assert (table["low"] < table["value"]).all()
    kept = found["monday"].run.read(LawsDocument).laws[0]
    error = kept.parameters[0].stderr
    assert kept.covariance[0][0] == pytest.approx(error**2)


def test_the_command_line_shows_them_side_by_side(days):
    folder, found = days
    names = [own.run.name for own in found.values()]
    done = CliRunner().invoke(main, ["compare", *names, "--results", str(folder)])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.output.splitlines())) <= 80
    assert "differ (p = " in done.output
    assert "no difference seen" in done.output
    done = CliRunner().invoke(main, ["compare", *names, "--results", str(folder), "--json"])
    held = json.loads(done.stdout)
    assert [own["name"] for own in held["runs"]] == names
    assert held["laws"][0]["equality"]["differ"] is True
    assert len(held["laws"][0]["pairs"]) == 3


def test_runs_that_are_none_are_refused_in_words(days):
    folder, found = days
    name = found["monday"].run.name
    done = CliRunner().invoke(main, ["compare", name, "nothing", "--results", str(folder)])
    assert done.exit_code == 2
    assert "nothing is not the folder of a run" in done.stderr
    done = CliRunner().invoke(main, ["compare", name, "--results", str(folder)])
    assert done.exit_code == 2
    assert "two runs or more" in done.stderr
