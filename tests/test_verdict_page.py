"""The benchmark of verdicts: what it hands over, how it judges, what its page says."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import chaotic, damped, verdict
from benchmarks._measure import run_many
from benchmarks.cases import law_of
from benchmarks.scoring import Truth
from benchmarks.shares import FALSE, constants, half_life, reached, same, share
from benchmarks.trials import Job, noisy, trial
from benchmarks.verdict_plan import SECTIONS, groups, interleaved
from benchmarks.verdict_run import answer
from benchmarks.verdict_sums import asked, by_q_value, errors, kept_share, listed, outcome
from noether_sym.datasets import load
from noether_sym.datasets.systems.generate import generate
from noether_sym.datasets.systems.records import SYSTEMS


def states(data):
    return [one.states for one in (*data.train, *data.test)]


def few(system):
    return generate(replace(system, trajectories=3, training=2))


def row(**changes):
    return {
        "law": "x + v",
        "verdict": "law",
        "true": True,
        "share": 0.001,
        "loss": 0.001,
        "same": False,
        "within": 0.01,
        "q_value": 1e-7,
        "half_life": None,
        "half_life_error": None,
        **changes,
    }


def approximate(half_life=None, **changes):
    """An approximate law whose half life is known to be 69.3."""
    told = {"half_life": half_life, "half_life_error": 0.3, "true_half_life": (69.3, 68.0, 71.0)}
    return row(verdict="approximate law", **(told if half_life else {}), **changes)


def answered(*rows, **changes):
    return {
        "status": "done",
        "seconds": 1.5,
        "known": 1,
        "found": 1,
        "found_approximate": 0,
        "found_undecided": 0,
        "missing": [],
        "laws": list(rows),
        "constraints": [],
        "undecided": [],
        "constants": [{"value": 1.01, "truth": 1.0, "error": 0.01}],
        "polynomial": {"listed": 3, "found": 1, "false": 2},
        "decoys": None,
        **changes,
    }


def test_what_decoys_brought_is_counted_together():
    said = {"count": 3, "families": 0, "approximate": 1, "formulas": []}
    found = {
        Job("noise", "planted 2 0", 0.01): answered(decoys={"asked": 3, "said": said}),
        Job("noise", "planted 3 0", 0.01): answered(
            decoys={"asked": 3, "said": {**said, "families": 1, "formulas": ["x*y"]}}
        ),
        Job("noise", "planted 4 0", 0.01): answered(),
    }
    text = asked(found)
    assert "1 families of laws in 6 (a search finds at most 0.79 by chance" in text
    assert "| planted 3 0 | 1% | 3 | 1 | 1 | `x*y` |" in text
    assert "planted 4 0" not in text
    assert asked({Job("noise", "planted 4 0", 0.01): answered()}) == ""


def test_noise_is_a_share_of_each_columns_spread_and_no_more():
    clean = load("ideal_spring")
    whole, rough = np.concatenate(states(clean)), np.concatenate(states(noisy(clean, 0.05, 3)))
    assert (rough - whole).std(0) == pytest.approx(0.05 * whole.std(0), rel=0.05)
    assert noisy(clean, 0.0, 3) is clean
    again = noisy(clean, 0.05, 3)
    np.testing.assert_array_equal(np.concatenate(states(again)), rough)
    own = trial(Job("noise", "builtin ideal_spring", 0.05, 3))
    assert set(own.data[0]) == {"t", *clean.names}
    assert own.options["units"]["q"] == clean.columns[0].unit.symbol
    np.testing.assert_array_equal(own.data[0]["q"], again.train[0].states[:, 0])


def test_parameters_are_not_measured():
    parts = [
        replace(one, states=np.column_stack([one.states, np.full(len(one), float(number))]),
                derivatives=np.column_stack([one.derivatives, np.zeros(len(one))]))
        for number, one in enumerate(load("ideal_spring").train)
    ]  # fmt: skip
    spring = load("ideal_spring")
    mass = replace(spring.columns[0], name="m")
    data = replace(
        spring, columns=(*spring.columns, mass), train=tuple(parts), test=(), canonical_pairs=()
    )
    rough = noisy(data, 0.1, 0)
    for before, after in zip(data.train, rough.train, strict=True):
        np.testing.assert_array_equal(before.states[:, 2], after.states[:, 2])
        assert (before.states[:, :2] != after.states[:, :2]).all()


def test_a_law_is_judged_by_how_much_it_changes_on_fresh_trajectories():
    fresh = load("ideal_pendulum", seed=7)
    right, near, wrong = (
        law_of(fresh, text) for text in ("p**2 - 3*cos(q)", "p**2 - 2.9*cos(q)", "p**2 - 1*cos(q)")
    )
    parts = states(fresh)
    assert share(right, parts) < 1e-9
    assert 1e-3 < share(near, parts) < FALSE < share(wrong, parts)
    assert not same(right, parts)
    with np.errstate(all="ignore"):
        assert share(law_of(fresh, "log(q)"), parts) == np.inf


def test_found_are_the_directions_that_both_spans_share():
    kepler = load("kepler_2d", seed=7)
    energy, momentum, first, second = (
        law_of(kepler, own) for own in SYSTEMS["kepler_2d"].invariants
    )
    truth = Truth([energy, momentum, first], states(kepler))
    assert reached([], truth) == (3, 0, [own.text() for own in truth.known])
    assert reached([momentum], truth)[:2] == (3, 1)
    assert reached([energy, momentum, second], truth)[:2] == (3, 3)  # they tell of the first
    near = law_of(kepler, "vx**2 + 0.99*vy**2 - 2.01/sqrt(x**2 + y**2)")
    assert reached([near, energy], truth)[:2] == (3, 1)
    assert reached([law_of(kepler, "x**2 + y**2")], truth)[1] == 0


def test_constants_are_compared_term_by_term():
    data = load("duffing")
    known = law_of(data, "(x**2 - 1)**2 + 2*v**2")
    found = constants(law_of(data, "x**2 - 0.51*x**4 - 1.02*v**2"), known)
    values = sorted((own.value, own.truth) for own in found)
    assert np.array(values) == pytest.approx(np.array([[-1.02, -1.0], [-0.51, -0.5]]), rel=1e-12)
    assert constants(law_of(data, "x**2 - 0.5*x**4 - 1*v**2 + 0.1*x*v"), known) is None
    given = law_of(data, "x**2")
    assert constants(given, given) == []  # nothing was estimated


def test_few_degrees_of_freedom_widen_the_intervals_that_are_counted():
    row = {"value": 1.21, "truth": 1.0, "error": 0.1}
    rows = [row, {**row, "degrees": 10.0}, {**row, "degrees": 1e9}, {**row, "error": None}]
    relative, held = errors([{"constants": rows}])
    assert relative == pytest.approx([0.21] * 4)
    assert held == [False, True, False]


@pytest.mark.parametrize("name", ["oscillator", "pendulum", "coupled"])
def test_without_damping_energy_is_kept_and_with_it_the_half_life_is_known(name):
    model = damped.MODELS[name]
    rest = np.zeros(len(model.columns))
    still, slow = (few(damped.damped(name, own)) for own in (0.0, 0.02))
    for text in model.invariants:
        energy = law_of(still, text)
        assert share(energy, states(still)) < 1e-6
        assert share(energy, states(slow)) > 0.1
        found = half_life(energy, slow.train[0].times, states(slow), rest)
        assert found == pytest.approx((np.log(2) / 0.02,) * 3, rel=0.2)
        assert found[1] <= found[0] <= found[2]


def test_the_angular_momentum_of_a_damped_orbit_has_its_half_life():
    slow = few(damped.damped("kepler", 0.02))
    momentum = law_of(slow, damped.MODELS["kepler"].invariants[1])
    found = half_life(momentum, slow.train[0].times, states(slow), None)
    assert found == pytest.approx((np.log(2) / 0.02,) * 3, rel=1e-4)


def test_hard_cases_are_what_they_say():
    alike = few(damped.HARD["alike"].system)
    energy, momentum = (law_of(alike, own) for own in damped.MODELS["kepler"].invariants[:2])
    assert same(energy, states(alike))
    assert share(momentum, states(alike)) < 1e-6
    cycle = few(damped.HARD["cycle"].system)
    assert same(law_of(cycle, "x**2 + y**2"), states(cycle))
    assert [len(states(damped.HARD[own].made(0))) for own in ("one", "two")] == [1, 2]
    settled = np.concatenate(states(few(damped.HARD["van_der_pol"].system)))
    assert settled[:, 0].max() == pytest.approx(2.0086, abs=5e-3)


def test_shuffled_columns_keep_their_values_and_no_law():
    own = trial(Job("nothing", "shuffled ideal_spring", 0.0, 2))
    before, after = load("ideal_spring", seed=2), own.case.dataset
    for column in range(2):
        kept = {tuple(part[:, column]) for part in states(before)}
        assert kept == {tuple(part[:, column]) for part in states(after)}
    energy = law_of(before, "q**2 + 1*p**2")
    assert share(energy, states(before)) < 1e-6 < FALSE < share(energy, own.case.truth.fresh)
    assert own.case.truth.known == []


def test_autoregressions_differ_by_their_seed_and_stay():
    values = [trial(Job("nothing", "autoregression 2 3", 0.0, seed)) for seed in (0, 0, 1)]
    first, again, other = (np.concatenate(states(own.case.dataset)) for own in values)
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    fresh = np.concatenate(values[0].case.truth.fresh)
    assert fresh.std(0) == pytest.approx(first.std(0), rel=0.5)


@pytest.mark.skipif(not chaotic.names(), reason="dysts is not installed")
def test_flows_of_dysts_follow_its_equations():
    assert len(chaotic.names()) > 90
    assert not {"HenonHeiles", "DoublePendulum"} & set(chaotic.names())
    data = chaotic.trajectories("Lorenz", 0)
    one = data.train[0]
    assert (len(states(data)), one.states.shape) == (16, (160, 3))
    x, y, z = one.states.T
    flow = np.stack([10 * (y - x), x * (28 - z) - y, x * y - 2.667 * z], -1)
    assert one.derivatives == pytest.approx(flow, rel=1e-9, abs=1e-9)
    assert chaotic.trajectories("Lorenz", 1).digest() != data.digest()


def test_a_job_is_read_back_from_its_name():
    jobs = [job for own in SECTIONS.values() for job in own.jobs]
    assert len(set(jobs)) == len(jobs) == len({job.name for job in jobs})
    assert [Job.read(job.name) for job in jobs] == jobs


def test_what_comes_first_is_a_fair_part_of_everything():
    assert interleaved("ab", "123456") == ["1", "a", "2", "3", "4", "b", "5", "6"]
    every = groups(list(SECTIONS))
    assert sorted(job.name for own in every for job in own) == sorted(
        job.name for own in SECTIONS.values() for job in own.jobs
    )
    first = [job for own in every[: len(every) // 10] for job in own]
    assert {job.section for job in first} >= {"noise", "drift"}
    assert {job.case.split()[0] for job in first} >= {"builtin", "planted", "file", "drift"}
    assert {job.seed for job in first} == {0}


def test_false_laws_are_counted_with_their_bound():
    wrong = row(true=False, share=0.4)
    found = listed([answered(wrong, row(share=0.05)), answered(row()), *[answered()] * 97])
    assert (found.runs, found.false, found.with_false, found.mistaken, found.laws) == (
        99,
        1,
        1,
        1,
        3,
    )
    assert found.upper == pytest.approx(0.0470, abs=1e-4)  # 1 - .05 = P(more than 1 of 99)
    assert listed([answered(row(verdict="approximate law", true=False))]).false == 0
    bins = by_q_value([answered(row(), wrong, row(q_value=0.005), row(q_value=None))])
    assert [own[:3] for own in bins if own[1]] == [
        ("1e-08 to 1e-06", 2, 1), ("0.001 to 0.01", 1, 0), ("none", 1, 0)
    ]  # fmt: skip


def test_the_bar_compares_the_same_cases_and_counts_what_failed():
    cases = [Job("noise", f"planted 2 {number}", level) for number in (1, 2, 3) for level in (0, 1)]
    entries = dict(zip(cases, [
        answered(known=2, found=2), answered(known=2, found=1),
        answered(), {"status": "stopped", "reason": "stopped after 1 s"},
        None, answered(),
    ], strict=True))  # fmt: skip
    assert kept_share(entries, 1) == (1, 3)


@pytest.mark.parametrize(
    ("case", "level", "own", "expected"),
    [
        ("drift pendulum 0", 0.0, answered(row(loss=1e-9)), "right"),
        ("drift pendulum 0", 0.0, answered(approximate()), "conserved, and called approximate"),
        ("drift pendulum 0.01", 0.0, answered(row(loss=0.02)), "a law that changes by 0.02"),
        ("drift pendulum 0.01", 0.02, answered(row(loss=0.02)), "right"),
        ("drift pendulum 0.01", 0.02, answered(row(loss=0.2)), "a law that changes by 0.2"),
        ("drift pendulum 0.01", 0.0, answered(approximate(69.0)), "right"),
        ("drift pendulum 0.01", 0.0, answered(approximate(60.0)), "wrong: the half life"),
        ("drift pendulum 0.01", 0.0, answered(undecided=["p**2"]), "undecided"),
        ("drift pendulum 0.01", 0.0, answered(), "nothing"),
        ("hard cycle", 0.0, answered(constraints=[{"law": "x", "same": True}]), "right"),
        ("hard cycle", 0.0, answered(row(same=True)), "wrong: a law"),
        ("hard cycle", 0.0, answered(constraints=[{"law": "x", "same": False}]), "that differs"),
        ("hard one", 0.0, answered(approximate()), "right"),
        ("hard one", 0.0, answered(row()), "wrong: a law"),
        ("hard two", 0.0, answered(approximate(true=False)), "does not hold on other"),
        ("hard alike", 0.0, answered(row(same=True)), "wrong: a constraint called a law"),
        ("hard van_der_pol", 0.0, answered(), "right"),
    ],
)
def test_outcomes_of_slow_losses(case, level, own, expected):
    found = outcome(Job("drift", case, level), own)
    assert found == expected or (found.startswith("wrong") and expected in found)


def test_answers_are_kept_and_the_page_begins_with_what_went_wrong(tmp_path, monkeypatch):
    asked = []

    def run(module, names, timeout):
        asked.extend(names)
        for name in names:
            wrong = row(law="cos(u)", true=False, share=0.4)
            lost = Job.read(name).level == 0.01
            yield name, answered(wrong, found=0) if lost else answered(row())

    monkeypatch.setattr(verdict, "run_many", run)
    (tmp_path / "intervals.md").write_text("## Intervals of constants\n\nOf all 8 intervals\n\n| |")
    arguments = ["--quick", "--output", str(tmp_path)]
    verdict.main(arguments)
    page = (tmp_path / "verdict.md").read_text(encoding="utf-8")
    head, _, rest = page.partition("## Recovery with noise")
    for said in (
        "Noise 1%: of the laws found without noise 0 of 1 (0.0%) are found",
        "the bar is 95% — does not hold",
        "Noise 5%: of the laws found without noise 1 of 1 (100.0%)",
        "1 of 4 runs with a false law (1 laws; upper 95 % bound on the rate 75.1%)",
    ):
        assert said in head
    for said in ("false `cos(u)`, changes by 0.4", "Of all 8 intervals", "| 1e-08 to 1e-06 | "):
        assert said in rest
    assert (tmp_path / "figures" / "verdict_noise.png").is_file()
    count = len(asked)
    verdict.main(arguments)
    assert len(asked) == count
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "verdict.jsonl").write_bytes((tmp_path / "verdict.jsonl").read_bytes())
    verdict.main(["--quick", "--output", str(elsewhere), "--only", "noise"])
    assert len(asked) == count
    assert len((elsewhere / "verdict.jsonl").read_text().splitlines()) == count
    verdict.main([*arguments, "--part", "1/2", "--fresh"])
    assert count < len(asked) < 2 * count


def test_half_lives_stand_beside_the_true_ones(tmp_path, monkeypatch):
    own = answered(approximate(60.0))
    monkeypatch.setattr(verdict, "run_many", lambda *run, timeout: ((job, own) for job in run[1]))
    verdict.main(["--only", "drift", "--output", str(tmp_path)])
    page = (tmp_path / "verdict.md").read_text(encoding="utf-8")
    assert "| 0.001 | 60 ± 0.3 | 69.3 (68 to 71) | wrong: the half life |" in page


def test_a_page_of_nothing_says_so(tmp_path):
    verdict.main(["--page", "--output", str(tmp_path)])
    page = (tmp_path / "verdict.md").read_text(encoding="utf-8")
    assert page.count("Not run.") == len(SECTIONS)
    assert "not measured" in page
    assert "Not measured; run `python -m benchmarks.intervals`" in page
    with pytest.raises(SystemExit):
        verdict.main(["--only", "nonsense", "--output", str(tmp_path)])


def test_what_ends_its_process_is_an_answer_and_the_rest_goes_on(tmp_path, monkeypatch):
    (tmp_path / "own_answers.py").write_text(
        "import json, sys, time\n"
        "for name in sys.argv[1:]:\n"
        "    if name == 'bad': raise SystemExit('no such thing')\n"
        "    if name == 'slow': time.sleep(60)\n"
        "    print(json.dumps({'status': 'done', 'name': name}), flush=True)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = dict(run_many("own_answers", ["a", "bad", "b", "slow", "c"], timeout=2))
    assert [found[name]["status"] for name in found] == [
        "done",
        "failed",
        "done",
        "stopped",
        "done",
    ]
    assert found["bad"]["reason"] == "it ended: no such thing"
    assert found["slow"]["reason"] == "stopped after 2 s"


@pytest.mark.slow
def test_one_search_is_judged():
    own = answer(Job("noise", "builtin ideal_spring", 0.01))
    json.dumps(own, allow_nan=False)
    assert (own["status"], own["known"], own["found"]) == ("done", 1, 1)
    (law,) = own["laws"]
    assert law["verdict"] == "law"
    assert law["share"] < 0.02
    (constant,) = own["constants"]
    assert abs(constant["value"] - 1.0) < 5 * constant["error"]


def test_data_that_are_not_here_are_named(monkeypatch):
    monkeypatch.delenv("NOETHER_SYM_DATA", raising=False)
    own = answer(Job("noise", "file Harmonic_T3_N50"))
    assert own == {"status": "missing", "reason": "NOETHER_SYM_DATA is not set"}


def test_what_was_measured_is_shown_whatever_is_chosen(tmp_path):
    """Answers of earlier sources too, as such."""
    drift = next(job for job in SECTIONS["drift"].jobs if job.case == "drift pendulum 0")
    answers = {
        f"{drift.name.replace(' ', '_')}-0123456789ab.json": answered(row(law="v**2 - cos(q)")),
    }
    packed = "".join(f"{json.dumps(item)}\n" for item in answers.items())
    (tmp_path / "verdict.jsonl").write_text(packed, encoding="utf-8")
    verdict.main(["--page", "--only", "paper", "--output", str(tmp_path)])
    page = (tmp_path / "verdict.md").read_text(encoding="utf-8")
    assert f"## {SECTIONS['drift'].title}" in page
    assert "1 of 1 answers was measured with earlier sources." in page
    assert f"## {SECTIONS['noise'].title}" not in page
    assert (tmp_path / "verdict.jsonl").read_text(encoding="utf-8") == packed
