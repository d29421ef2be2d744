"""What `noether_sym.check.check` found, as JSON."""

from __future__ import annotations

import math
from typing import Any

from noether_sym.check import Checked, Drift
from noether_sym.export.json import law_to_json


def checked_to_json(checked: Checked) -> dict[str, Any]:
    """As JSON types; numbers that are not finite become null."""
    entry = law_to_json(checked.law)
    for own, fixed in zip(entry["parameters"], checked.fixed, strict=True):
        own["fixed"] = fixed
    return {
        "formula": checked.formula.text,
        "verdict": checked.verdict,
        "reason": checked.reason,
        "conserved": checked.conserved,
        "window": checked.window,
        "drift_per": "trajectory" if checked.period is None else "period",
        "period_samples": checked.period,
        "train": _drift(checked.train),
        "held_out": _drift(checked.held_out),
        "notes": list(checked.notes),
        "law": entry,
    }


def _drift(own: Drift | None) -> dict[str, float | None] | None:
    if own is None:
        return None
    rows = {"drift": own.slope, "deviation": own.deviation, "largest_deviation": own.largest}
    return {name: value if math.isfinite(value) else None for name, value in rows.items()}
