"""Theorem 1: values by hand, limits, what it falls with, and the verb."""

import json
import math
from itertools import pairwise

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from noether_sym.cli import main
from noether_sym.errors import OptionError
from noether_sym.neural.bound import bounds_by_directions, generalisation_bound

SENSIBLE = {
    "n": st.integers(1, 10**9),
    "delta": st.floats(1e-12, 0.999),
    "rho": st.integers(1, 50),
    "zeta": st.one_of(st.just(0.0), st.floats(1e-9, 1e9)),
    "C": st.floats(0.0, 1e6),
    "R": st.one_of(st.just(0.0), st.floats(1e-9, 1e9)),
}


def call(*arguments, code=0):
    result = CliRunner().invoke(main, ["bound", *map(str, arguments)])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def test_a_value_by_hand():
    # 2 ln(2 sqrt(200)) = 6.684612, ln 20 = 2.995732; sqrt(9.680344 / 200) = .220004; 1/10
    found = generalisation_bound(n=100, delta=0.05, xi=2)
    assert found.log_covering == pytest.approx(6.684612, abs=1e-6)
    assert found.estimation == pytest.approx(0.220004, abs=1e-6)
    assert found.covering == 0.1
    assert found.total == pytest.approx(0.320004, abs=1e-6)
    # xi = 3, rho = 2, zeta = 4: 3 ln(2 * 5 * 2 * sqrt(192)) = 16.873440; 2 / 8
    found = generalisation_bound(n=64, delta=0.1, xi=3, rho=2, zeta=4.0, C=3.0, R=5.0)
    assert found.log_covering == pytest.approx(3 * math.log(277.1281292), abs=1e-8)
    assert found.covering == 0.25
    assert found.estimation == pytest.approx(3 * math.sqrt((16.873440 + 2.302585) / 128), abs=1e-6)


@given(**SENSIBLE, columns=st.integers(1, 40))
def test_it_never_rises_as_directions_are_conserved(columns, **values):
    found = bounds_by_directions(columns=columns, **values)
    assert [own.xi for own in found] == list(range(columns, -1, -1))
    for one, two in pairwise(found):
        assert 0 <= two.total <= one.total
        assert 0 <= two.log_covering <= one.log_covering
        assert math.isfinite(one.total)


@given(**SENSIBLE, xi=st.integers(0, 40), factor=st.integers(2, 100))
def test_it_falls_with_samples(factor, xi, **values):
    few = generalisation_bound(xi=xi, **values)
    many = generalisation_bound(xi=xi, **{**values, "n": values["n"] * factor})
    assert many.covering <= few.covering
    if few.log_covering - math.log(values["delta"]) >= xi / 2:
        assert many.estimation <= few.estimation * (1 + 1e-12)
        assert many.total < few.total or few.total == 0


def test_where_one_ball_is_enough_more_samples_may_raise_it():
    """The condition of the test above is needed: the covering number grows from 1 on."""
    values = {"delta": 0.5, "xi": 10, "zeta": 0.0, "R": 0.001}
    first = generalisation_bound(n=25_000, **values)
    assert first.log_covering == 0.0
    assert generalisation_bound(n=40_000, **values).total > first.total


def test_it_goes_to_zero_with_samples():
    values = {"delta": 1e-6, "xi": 5, "zeta": 3.0, "C": 2.0, "R": 10.0}
    assert generalisation_bound(n=10**14, **values).total < 1e-4


@given(**SENSIBLE)
def test_with_nothing_left_to_move_it_is_hoeffding(**values):
    found = generalisation_bound(xi=0, **values)
    expected = values["C"] * math.sqrt(math.log(1 / values["delta"]) / (2 * values["n"]))
    assert found.total == pytest.approx(expected, rel=1e-9)
    assert found.covering == found.log_covering == 0.0


def test_a_gap_that_does_not_depend_on_the_shift():
    hoeffding = math.sqrt(math.log(20) / 200)
    many = generalisation_bound(n=100, delta=0.05, xi=2, rho=2, zeta=0.0)
    assert many.total == pytest.approx(hoeffding)
    one = generalisation_bound(n=100, delta=0.05, xi=2, rho=1, zeta=0.0)
    near = generalisation_bound(n=100, delta=0.05, xi=2, rho=1, zeta=1e-12)
    assert one.log_covering == near.log_covering == pytest.approx(6.684612, abs=1e-6)
    assert one.total == pytest.approx(near.total)
    assert one.covering == 0.0


def test_a_covering_number_below_one_counts_as_one():
    tight = generalisation_bound(n=100, delta=0.05, xi=4, R=1e-3)  # 2 R sqrt(n xi) = .04
    assert tight.log_covering == 0.0
    assert tight.estimation == generalisation_bound(n=100, delta=0.05, xi=0).estimation


def test_a_predictor_that_cannot_move_is_one_ball():
    assert generalisation_bound(n=10, delta=0.1, xi=3, R=0.0).log_covering == 0.0


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("n", 0, "at least 1"),
        ("n", 12.5, "whole number"),
        ("n", True, "whole number"),
        ("xi", -1, "at least 0"),
        ("rho", 0, "at least 1"),
        ("delta", 0.0, "between 0 and 1"),
        ("delta", 1.5, "between 0 and 1"),
        ("delta", math.nan, "between 0 and 1"),
        ("delta", "half", "between 0 and 1"),
        ("zeta", -1.0, "finite number"),
        ("C", math.nan, "finite number"),
        ("R", math.inf, "finite number"),
    ],
)
def test_values_without_sense_are_named(name, value, remedy):
    with pytest.raises(OptionError, match=remedy) as caught:
        generalisation_bound(**{"n": 10, "delta": 0.1, "xi": 2, name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}; ")


def test_no_columns_are_no_states():
    with pytest.raises(OptionError, match="columns is 0; give a whole number of at least 1"):
        bounds_by_directions(n=10, delta=0.1, columns=0)


def test_the_verb_lists_every_direction():
    shown = call("--samples", 100, "--columns", 2).output
    lines = shown.splitlines()
    titles = ["conserved", "xi", "ln N", "first term", "second term", "bound"]
    assert lines[0].split() == " ".join(titles).split()
    assert lines[1].split() == ["0", "2", "6.68", "0.22", "0.1", "0.32"]
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert "says nothing" in call("--samples", 3, "--columns", 4).output


def test_the_verb_lists_some_of_many_directions():
    lines = call("--samples", 100, "--columns", 4096).output.splitlines()
    assert [line.split()[0] for line in (lines[1], lines[-2])] == ["0", "4096"]
    assert len(lines) == 18
    assert max(map(len, lines)) <= 80


def test_the_verb_writes_json_and_nothing_else():
    options = ("--delta", 0.1, "--rho", 2, "--zeta", 4, "--largest-loss", 3, "--radius", 5)
    document = json.loads(call("--samples", 64, "--columns", 3, *options, "--json").stdout)
    assert len(document["bounds"]) == 4
    own = generalisation_bound(n=64, delta=0.1, xi=3, rho=2, zeta=4.0, C=3.0, R=5.0)
    assert document["bounds"][0]["bound"] == own.total
    assert document["bounds"][0]["first_term"] + document["bounds"][0]["second_term"] == own.total
    assert [one["xi"] for one in document["bounds"]] == [3, 2, 1, 0]
    assert (document["n"], document["d"], document["C"]) == (64, 3, 3.0)


@pytest.mark.parametrize(("name", "begin"), [("b.png", b"\x89PNG"), ("b.SVG", b"<?xml")])
def test_the_verb_draws_the_same_bytes_twice(tmp_path, name, begin):
    path = tmp_path / name
    assert f"Drawn: {path}" in call("--samples", 50, "--columns", 4, "--figure", path).output
    drawn = path.read_bytes()
    assert drawn.startswith(begin)
    call("--samples", 50, "--columns", 4, "--figure", path)
    assert path.read_bytes() == drawn


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--columns", 2), "Missing option '--samples'"),
        (("--samples", 10), "Missing option '--columns'"),
        (("--samples", 0, "--columns", 2), "--samples"),
        (("--samples", 9, "--columns", 2, "--delta", 1), "--delta"),
        (("--samples", 9, "--columns", 2, "--delta", "nan"), "--delta"),
        (("--samples", 9, "--columns", 2, "--zeta", -1), "-1 is not at least 0"),
        (("--samples", 9, "--columns", 2, "--radius", "inf"), "inf is not at least 0"),
        (("--samples", 9, "--columns", 2, "--figure", "b.pdf"), "neither .png nor .svg"),
    ],
)
def test_the_verb_says_what_was_wrong(arguments, said):
    assert said in call(*arguments, code=2).output


def test_a_folder_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "no" / "b.png"
    said = call("--samples", 9, "--columns", 2, "--figure", path, code=1).output
    assert f"cannot read or write {path}" in said
