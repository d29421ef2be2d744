"""The benchmark of the race: its jobs and its page."""

import json

import pytest

from benchmarks import race
from benchmarks.kept import keep
from benchmarks.race import Job
from benchmarks.race_page import page

PAIR = ["yes", "0.01", "0.1", "2.00", "0.25", "0.25", "10", "50", "5.00"]


def answer(rate, seconds, **others):
    return {
        "status": "done",
        "seconds": seconds,
        "law": "q**2",
        "selected": "q**2",
        "laws": ["q**2", "p"],
        "rate": rate,
        "validation": [[0.01, 4.0], [0.1, 2.0], [1.0, None]],
        "errors": {"vanilla": 4.0, "meta-tailored": 0.5, "extra epochs": 2.0, "hnn": None},
        "left": [[0.5, 0.33], [0.5, 0.66], [1.0, 1.0]],
        **others,
    }


def rows_of(answers):
    text = page(["paper"], list(answers), answers)
    return text, cells(text.split("## What is found")[0])


def cells(text):
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ideal")
    ]


def test_a_pair_is_judged_by_the_trials_of_the_grid():
    answers = {
        Job("paper", "ideal_spring", 0, "race"): answer(0.01, 10.0),
        Job("paper", "ideal_spring", 0, "grid"): answer(0.1, 50.0),
        Job("paper", "ideal_spring", 1, "grid"): answer(0.1, 50.0, selected=None),
        Job("paper", "ideal_spring", 1, "race"): answer(0.1, 20.0),
    }
    text, (one, two) = rows_of(answers)
    assert one[3:] == [*PAIR, "0.49, 1.94"]
    assert two[3:7] == ["no", "0.1", "0.1", "1.00"]
    assert "same decision in 1" in text
    assert "better one in 1 of 2" in text
    assert "at worst a validation error of 2.00" in text
    assert "3.8 times as long" in text


def test_the_errors_of_every_first_race_are_shown():
    answers = {
        Job("paper", "ideal_spring", 0, "race"): answer(0.01, 10.0, selected=None),
        Job("paper", "ideal_spring", 0, "grid"): answer(0.1, 50.0),
        Job("paper", "ideal_spring", 1, "race"): answer(0.1, 20.0),
        Job("paper", "ideal_pendulum", 0, "race"): {"status": "stopped", "seconds": 5},
    }
    text = page(["paper"], list(answers), answers)
    (row,) = cells(text.split("## What is found")[1])
    assert row == ["ideal_spring", "`q**2`, `p`", "none", "4", "0.50", "0.12", "", ""]


def test_what_is_missing_or_was_stopped_is_said():
    answers = {
        Job("paper", "ideal_spring", 0, "race"): answer(0.01, 10.0),
        Job("paper", "ideal_spring", 0, "grid"): {"status": "stopped", "seconds": 5},
        Job("paper", "ideal_pendulum", 0, "race"): None,
        Job("paper", "ideal_pendulum", 0, "grid"): None,
    }
    text, (one, two) = rows_of(answers)
    assert "2 of 4 tailorings are there" in text
    assert one[3] == ""
    assert "stopped" in one
    assert two[2:] == [""] * 11
    assert "No pair is complete yet." in text


def test_kept_answers_are_not_computed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(race, "_tailored", lambda *_, **__: pytest.fail("computed again"))
    (tmp_path / "race").mkdir()
    for way in race.WAYS:
        job = Job("paper", "ideal_spring", 0, way)
        keep(race._path(tmp_path / "race", job, quick=True), answer(0.1, 30.0))
    race.main(["--quick", "--only", "paper", "--output", str(tmp_path)])
    assert "1 pair: the same law" in (tmp_path / "race.md").read_text(encoding="utf-8")


def test_sections_that_were_not_chosen_stay_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(race, "_tailored", lambda *_, **__: pytest.fail("computed"))
    (tmp_path / "race").mkdir()
    for way in race.WAYS:
        keep(race._path(tmp_path / "race", Job("paper", "ideal_spring", 0, way)), answer(0.1, 30.0))
    race.main(["--page", "--only", "own", "--output", str(tmp_path)])
    shown = (tmp_path / "race.md").read_text(encoding="utf-8")
    assert "## The data sets of the paper" in shown
    assert "1 pair: the same law" in shown
    assert "## Files of one's own" in shown
    race.main(["--page", "--only", "paper", "--output", str(tmp_path)])
    assert "## Files of one's own" not in (tmp_path / "race.md").read_text(encoding="utf-8")


def test_race_and_grid_follow_each_other():
    jobs = race._jobs("paper", quick=False)
    assert len(jobs) == 3 * 5 * 2
    assert [job.way for job in jobs[:2]] == ["race", "grid"]
    for one, two in zip(jobs[::2], jobs[1::2], strict=True):
        assert one[:3] == two[:3]
        assert {one.way, two.way} == set(race.WAYS)
    assert json.dumps(jobs)


def test_files_of_ones_own_are_clean_and_noisy():
    jobs = race._jobs("own", quick=False)
    cases = [job.case for job in jobs if job.way == "race"]
    assert {f"{case}+1%" for case in ("pendulum", "coupled_oscillators", "kepler")} < {*cases}
    grid = {job.case for job in jobs if job.way == "grid"}
    assert grid == {*cases} - {*race.RACE_ALONE}
