"""Verdicts of whole searches: damping, limit cycles, few trajectories, chance."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from networks import law_of

import noether_sym
from noether_sym.cli import main
from noether_sym.laws.law import APPROXIMATE_LAW, LAW, UNDECIDED, Evidence
from noether_sym.verdict.chance import paid_for
from noether_sym.verdict.independence import Judgement

_LONG = 120
FEW = "add,mul,square"
"""Operations that make energies: where the verdict is looked at, and not what else is found."""


def oscillators(count, *, damping=0.0, noise=0.0, one_size=False, seed=0):
    """Tables of oscillators of frequency 1, a size and a phase of their own."""
    draw = np.random.default_rng(seed)
    times = np.linspace(0.0, 20.0, _LONG)
    turns = np.sqrt(1.0 - 0.25 * damping**2)
    tables = []
    for _ in range(count):
        size, phase = 1.0 if one_size else draw.uniform(0.5, 1.5), draw.uniform(0.0, 6.3)
        shrunk = size * np.exp(-0.5 * damping * times)
        x = shrunk * np.cos(turns * times + phase)
        v = -0.5 * damping * x - turns * shrunk * np.sin(turns * times + phase)
        x, v = (own + noise * draw.normal(size=_LONG) for own in (x, v))
        tables.append(pd.DataFrame({"t": times, "x": x, "v": v}))
    return tables


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def found(tables, *, grammar=FEW, **options):
    units = {"t": "s", "x": "m", "v": "m/s"}
    options = {"search": "formulas", "depth": 7, "grammar": grammar, **options}
    return noether_sym.discover(tables, units=units, **options)


def test_a_law_is_confirmed_by_trajectories_of_their_own():
    laws = found(oscillators(20, noise=0.02))
    (law,) = laws.accepted
    assert laws.independent == 1
    assert law.verdict == LAW
    assert law.evidence.trajectories == 5  # three tenths of the 16 to train with
    assert 0.0 < law.evidence.within < 0.05
    assert law.evidence.white > 0.001
    assert law.evidence.q_value < 0.01


def test_constants_have_intervals_without_the_noise_s_bias():
    laws = found(oscillators(20, noise=0.03, seed=2))
    (constant,) = laws.best.parameters
    low, high = constant.interval
    assert low < 1.0 < high
    assert low < constant.value < high
    assert high - low == pytest.approx(2 * 2.1 * constant.stderr, rel=0.3)


@pytest.mark.parametrize(("damping", "noise"), [(0.01, 0.02), (0.05, 0.0)])
def test_damping_is_no_law_but_an_approximate_one_with_its_half_life(damping, noise):
    laws = found(oscillators(20, damping=damping, noise=noise))
    assert laws.independent == 0
    (law,) = laws.accepted
    assert law.verdict == APPROXIMATE_LAW
    own = law.evidence
    assert not own.grows
    assert abs(own.half_life - np.log(2.0) / damping) < 4.0 * own.half_life_error
    assert own.half_life_error < 0.1 * own.half_life


def test_a_limit_cycle_is_a_constraint():
    laws = found(oscillators(12, one_size=True), grammar="paper")
    assert laws.accepted == []
    assert laws.independent == 0
    closest = laws._document.candidates_not_accepted
    assert any(one.reason.startswith("constraint: ") for one in closest)


def test_two_trajectories_show_no_law():
    laws = found(oscillators(2), grammar="paper")
    assert laws.independent == 0
    assert [law.verdict for law in laws.accepted] == [APPROXIMATE_LAW]
    assert "would decide" in laws.best.evidence.reason


def test_the_verdict_is_written_and_said(tmp_path):
    tables = oscillators(20, damping=0.01)
    whole = pd.concat([own.assign(trajectory=number) for number, own in enumerate(tables)])
    path = tmp_path / "damped.csv"
    whole.rename(columns={"t": "t [s]", "x": "x [m]", "v": "v [m/s]"}).to_csv(path, index=False)
    fit = ["fit", "--dataset", path, "--search", "formulas", "--depth", 7, "--fdr", 0.05]
    fit += ["--grammar", FEW]
    fit += ["--results", tmp_path / "runs"]
    done = run(*fit)
    assert done.exit_code == 0
    assert "No law found, but 1 approximate" in done.stdout
    assert "approximate law, judged on 5 trajectories" in done.stdout
    assert "it halves in 69." in done.stdout
    (folder,) = (tmp_path / "runs").glob("damped*")
    document = json.loads((folder / "laws.json").read_text())
    (law,) = document["laws"]
    assert law["verdict"] == APPROXIMATE_LAW
    assert law["evidence"]["half_life"] == pytest.approx(69.3, abs=0.5)
    assert document["independent_laws"] == 0
    assert json.loads((folder / "run.json").read_text())["search"]["fdr"] == 0.05
    assert "1 approximate" in run(*fit, "-q").stdout
    checked = run("check", "x**2 + c0*v**2", path)
    assert "is an approximate law" in checked.stdout
    assert "it halves in 69." in checked.stdout


def test_what_noise_hides_is_said_to_be_undecided():
    options = {"unitless": True, "search": "formulas", "depth": 5, "grammar": "add,mul,square"}
    laws = noether_sym.discover(oscillators(16, noise=0.25), window="full", **options)
    assert laws.accepted == []
    closest = laws._document.candidates_not_accepted[0]
    assert closest.expression == "x**2 + v**2"
    assert closest.verdict == UNDECIDED
    assert "more data or less noise would decide" in closest.reason
    assert (closest.gates["ratio"], closest.gates["confirmed"]) == ("failed", "untested")


def test_what_chance_may_have_made_is_undecided():
    sure = Evidence(LAW, "", within=0.01, white=0.5, chance=1e-12, trajectories=5)
    laws = [law_of_family(1, sure), law_of_family(2, replace(sure, chance=0.02))]
    judgement = Judgement(tuple(laws), (), (), 2)
    kept = paid_for(judgement)
    assert [law.family for law in kept.laws] == [1]
    assert kept.independent == 1
    (lost,) = kept.closest
    assert lost.verdict == UNDECIDED
    assert lost.evidence.q_value == pytest.approx(0.03)
    assert paid_for(judgement, fdr=0.05).laws[1].evidence.q_value == pytest.approx(0.03)
    sent = [own.with_(family=0, evidence=replace(own.evidence, verdict=UNDECIDED)) for own in laws]
    more = replace(
        judgement, closest=tuple(sent * 5), reasons=("",) * 10, numbers=(7, 9), failed=10
    )
    kept = paid_for(more, fdr=0.05)  # those that were not confirmed are paid for too
    assert [law.family for law in kept.laws] == [1]
    assert kept.numbers == (7,)
    assert kept.verdicts[9].startswith("undecided: with so many formulas tried")


def law_of_family(family, evidence):
    from noether_sym.dsl.expression import input_

    law = law_of(input_(family - 1))
    return law.with_(family=family, rank=family, evidence=evidence)


def test_a_map_is_not_taken_for_noise():
    """Samples so far apart that differences see nothing but noise; the law knows better."""
    turn = np.array([[np.cos(2.4), -np.sin(2.4)], [np.sin(2.4), np.cos(2.4)]])
    tables = []
    for size in np.linspace(0.5, 2.0, 16):
        points = [np.array([size, 0.3])]
        for _ in range(60):
            points.append(turn @ points[-1])
        tables.append(pd.DataFrame(points, columns=["u", "w"]))
    laws = noether_sym.discover(tables, unitless=True, search="sums")
    assert laws.independent == 1
    assert laws.best.text() in ("u**2 + w**2", "u**2 + 1*w**2")
    assert [own.value for own in laws.best.parameters] == pytest.approx([1.0], abs=1e-9)


@pytest.mark.parametrize("off", [0.3, 1e-3])
def test_one_wrong_number_costs_no_law(off, tmp_path):
    """Else E - c*E**2 is all that is left: it is flat at the one energy."""
    tables = oscillators(12)
    tables[3].loc[40, "x"] += off
    laws = noether_sym.discover(tables, unitless=True, search="sums")
    (law,) = laws.accepted
    assert law.verdict == LAW
    assert len(law.parameters) == 1
    assert any("outlier: x in trajectory" in note and "sample 41" in note for note in laws.notes)
    path = tmp_path / "springs.csv"
    pd.concat([own.assign(trajectory=n) for n, own in enumerate(tables)]).to_csv(path, index=False)
    checked = noether_sym.check(law.text(17), str(path), unitless=True)
    assert checked.verdict == LAW


def test_a_search_names_outliers_and_noise_that_differs():
    tables = oscillators(4, noise=0.01, seed=6)
    tables[1].loc[40, "x"] += 0.5
    draw = np.random.default_rng(7)
    tables[2]["v"] += 0.05 * draw.normal(size=_LONG)
    laws = found(tables, depth=5)
    assert any("outlier: x in trajectory" in note and "sample 41" in note for note in laws.notes)
    assert any("noise: that of v differs between trajectories" in note for note in laws.notes)
    clean = found(oscillators(4, noise=0.01, seed=6), depth=5)
    assert not any("outlier" in note for note in clean.notes)
