"""The page of the benchmark of the race: results/race.md."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks._measure import table
from benchmarks.kept import of_earlier_sources

_TITLES = {"paper": "The data sets of the paper", "own": "Files of one's own, and Kepler"}

_METHODS = ("extra epochs", "meta-tailored", "hnn", "projected")


class Job(NamedTuple):
    """A tailoring: of which data, with which first seed, and how."""

    section: str
    case: str
    seed: int
    way: str


Answers = Mapping[Job, dict[str, Any] | None]


def page(sections: Sequence[str], jobs: Sequence[Job], answers: Answers, older: int = 0) -> str:
    """All sections; some answers may be of earlier sources."""
    there = sum(answers[job] is not None for job in jobs)
    said = f"{told} " if (told := of_earlier_sources(older, there)) else ""
    text = (
        "# The race of the tailoring beside the paper's grid\n\n"
        "Written by `python -m benchmarks.race`, which can be cut short and goes on where it "
        f"stopped: {there} of {len(jobs)} tailorings are there. {said}A race and the grid "
        "(`--exhaustive`) tailor one network of the same seed on the same laws; seconds are "
        "those of a processor on one thread, without the search.\n\n"
        "- *rate*: the inner rate that was chosen for the law. *In the grid*: what the grid's "
        "own trials say of the race's rate, its validation error over that of the grid's rate; "
        "1.00 is the same rate, nothing stands where the grid did not try it.\n"
        "- *test*: RMSE on the test part of the network that is meta-tailored with the law, over "
        "that of plain further training.\n"
        "- *time left*: time left as shown over what was left, at a third and at two thirds of "
        "the time.\n"
    )
    text += "".join(_section(name, jobs, answers) for name in sections)
    return text + _predictions(jobs, answers)


def _predictions(jobs: Sequence[Job], answers: Answers) -> str:
    """What every race found and selected, with the error of each method."""
    rows = []
    for job in jobs:
        own = _done(answers[job])
        if own and job.way == "race" and job.seed == 0:
            plain = own["errors"].get("vanilla")
            rows.append(
                [
                    job.case,
                    ", ".join(f"`{law}`" for law in own["laws"]) or "none",
                    f"`{own['selected']}`" if own["selected"] else "none",
                    "" if plain is None else f"{plain:.3g}",
                    *(_number(_ratio(own, method, "vanilla")) for method in _METHODS),
                ]
            )
    header = ["data", "laws found", "selected", "vanilla: RMSE", *_METHODS]
    return (
        "\n## What is found and selected, and the errors\n\n"
        "The first seed of each, by the race. RMSE of the predicted states on the test part; "
        "the other methods over vanilla's. 30 trajectories of 150 samples each "
        "make a file of one's own; `+1%` is noise of that share of each column's standard "
        "deviation, in all parts of the data, so that no method comes below it.\n\n"
        f"{table(header, rows)}\n"
    )


def _section(name: str, jobs: Sequence[Job], answers: Answers) -> str:
    pairs: dict[tuple[str, int], dict[str, dict[str, Any] | None]] = {}
    for job in jobs:
        if job.section == name:
            pairs.setdefault((job.case, job.seed), {})[job.way] = answers[job]
    pairs = {key: own for key, own in pairs.items() if "grid" in own}
    rows = [_row(case, seed, **own) for (case, seed), own in pairs.items()]
    header = ["data", "seed", "law", "same law", "rate: race", "grid", "in the grid"]
    header += ["test: race", "grid", "s: race", "grid", "grid / race", "time left"]
    return f"\n## {_TITLES[name]}\n\n{table(header, rows)}\n\n{_account(pairs)}\n"


def _row(
    case: str, seed: int, race: dict[str, Any] | None, grid: dict[str, Any] | None
) -> list[str]:
    one, two = _done(race), _done(grid)
    law = f"`{(one or two or {}).get('law')}`" if one or two else ""
    same = "" if not one or not two else "yes" if _same(one, two) else "no"
    return [
        case,
        str(seed),
        law,
        same,
        *(f"{own['rate']:.2g}" if own and own["rate"] else "" for own in (one, two)),
        _number(_worse(one, two)),
        *(_number(_ratio(own, "meta-tailored", "extra epochs")) for own in (one, two)),
        *(_seconds(own) for own in (race, grid)),
        _number(two["seconds"] / one["seconds"] if one and two else None),
        _left(one) if one else "",
    ]


def _account(pairs: Mapping[tuple[str, int], Mapping[str, dict[str, Any] | None]]) -> str:
    both = [
        (one, two)
        for own in pairs.values()
        if (one := _done(own["race"])) and (two := _done(own["grid"]))
    ]
    if not both:
        return "No pair is complete yet."
    same = sum(_same(one, two) for one, two in both)
    worse = [own for one, two in both if (own := _worse(one, two)) is not None]
    ratios = [two["seconds"] / one["seconds"] for one, two in both]
    pairs_there = "1 pair" if len(both) == 1 else f"{len(both)} pairs"
    text = f"{pairs_there}: the same law and the same decision in {same}"
    if worse:
        equal = sum(own <= 1.0 for own in worse)
        text += (
            f"; the grid's rate or a better one in {equal} of {len(worse)}, and at worst a "
            f"validation error of {max(worse):.2f} of the least"
        )
    return f"{text}. The grid takes {statistics.median(ratios):.1f} times as long (median)."


def _done(own: dict[str, Any] | None) -> dict[str, Any] | None:
    return own if own and own["status"] == "done" else None


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    return (one["law"], one["selected"]) == (two["law"], two["selected"])


def _worse(race: dict[str, Any] | None, grid: dict[str, Any] | None) -> float | None:
    """The grid's validation error at the race's rate over that at its own."""
    if not race or not grid or race["rate"] is None or grid["rate"] is None:
        return None
    own, best = (_at(grid, rate) for rate in (race["rate"], grid["rate"]))
    return own / best if own is not None and best else None


def _at(grid: dict[str, Any], rate: float) -> float | None:
    for tried, error in grid["validation"]:
        if math.isclose(tried, rate, rel_tol=1e-6) and error is not None:
            return float(error)
    return None


def _ratio(own: dict[str, Any] | None, method: str, other: str) -> float | None:
    """The error of a method over that of another one."""
    errors = (own or {}).get("errors", {})
    one, two = errors.get(method), errors.get(other)
    return one / two if one is not None and two else None


def _left(own: dict[str, Any]) -> str:
    """The time left that the share done makes, over what was left, at two moments."""
    shown = []
    for moment in (1 / 3, 2 / 3):
        done, at = min(own["left"], key=lambda step: abs(step[1] - moment))
        if 0 < done < 1 and at < 1:
            shown.append(f"{at * (1 - done) / done / (1 - at):.2f}")
    return ", ".join(shown)


def _seconds(own: dict[str, Any] | None) -> str:
    if own is None:
        return ""
    return f"{own['seconds']:.0f}" if own["status"] == "done" else own["status"]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
