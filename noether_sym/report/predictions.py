"""The report's table of predictions: every control of the tailoring stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from noether_sym.report import words
from noether_sym.report.lookup import Entry, at, objects

_MEASURES = ("train_rmse", "test_rmse", "test_mse", "energy_mse")
_ABOUT = {
    "vanilla": "the MLP by itself",
    "extra epochs": "the MLP, trained for as many epochs more as tailoring takes",
    "hnn": "a Hamiltonian neural network",
    "projected": "the MLP's field projected onto the law's level set",
    "tailored": "the law as a loss inside the prediction, MLP unchanged",
    "meta-tailored": "the same, MLP trained through it",
}


def tailoring_view(tailoring: Entry, laws: Entry) -> dict[str, Any]:
    """Rows of the table, what was selected, and how many trials were lost.

    Parameters
    ----------
    tailoring : mapping
        Content of ``tailoring.json``.
    laws : mapping
        Content of ``laws.json``.
    """
    seeds = objects(tailoring, "seeds")
    trials = [one for seed in seeds for one in objects(seed, "trials")]
    selected = tailoring.get("selected")
    accepted = {str(one.get("expression")) for one in objects(laws, "laws")}
    return {
        "rows": [_row(one) for one in _summary(tailoring, seeds)],
        "selected": words.formula(str(selected)) if selected else "",
        "selected_accepted": str(selected) in accepted,
        "networks": len(seeds),
        "trials": len(trials),
        "lost": sum(one.get("status", "ok") != "ok" for one in trials),
        "energy": words.formula(str(tailoring.get("energy") or "")),
        "error": str(tailoring.get("error") or ""),
        "epochs": at(tailoring, "options", "epochs"),
    }


def _summary(tailoring: Entry, seeds: Sequence[Entry]) -> list[Entry]:
    """A row a method: the file's own summary, with rates and statuses of the controls."""
    controls: dict[str, list[Entry]] = {}
    for seed in seeds:
        for control in objects(seed, "controls"):
            controls.setdefault(str(control.get("method", "")), []).append(control)
    held = {str(one.get("method", "")): one for one in objects(tailoring, "summary")}
    return [
        {
            "method": method,
            **{key: _moments(controls.get(method, []), key) for key in _MEASURES},
            **held.get(method, {}),
            "rates": [one.get("rate") for one in controls.get(method, [])],
            "statuses": [str(one.get("status", "ok")) for one in controls.get(method, [])],
        }
        for method in dict.fromkeys([*held, *controls])
    ]


def _moments(controls: Sequence[Entry], key: str) -> dict[str, float | None]:
    values = [
        float(one[key])
        for one in controls
        if isinstance(one.get(key), int | float) and math.isfinite(one[key])
    ]
    return {
        "mean": fmean(values) if values else None,
        "std": stdev(values) if len(values) > 1 else None,
    }


def _row(entry: Entry) -> dict[str, str]:
    method = str(entry["method"])
    rates = sorted({rate for rate in entry["rates"] if isinstance(rate, int | float)})
    lost = [status for status in entry["statuses"] if status != "ok"]
    every = len(lost) == len(entry["statuses"])
    note = "" if not lost else lost[0] if every else f"{len(lost)} of {len(entry['statuses'])} lost"
    ratio = entry.get("rmse_over_vanilla")
    return {
        "method": words.METHODS.get(method, method),
        "about": _ABOUT.get(method, ""),
        **{key: words.spread(entry.get(key)) for key in _MEASURES},
        "ratio": words.number(ratio, 2),
        "rate": ", ".join(words.number(rate, 2) for rate in rates) or "–",
        "note": note,
    }
