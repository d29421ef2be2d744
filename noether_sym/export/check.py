"""What `noether_sym.check` found, as documents."""

from __future__ import annotations

from typing import Literal

import msgspec

from noether_sym.check import Checked, Drift, ExactlyChecked
from noether_sym.export.json import law_to_entry
from noether_sym.store.schema import LawEntry
from noether_sym.tailor.document import finite


class DriftEntry(msgspec.Struct, frozen=True):
    """How the formula changes along trajectories, over its spread; null where not finite."""

    drift: float | None
    deviation: float | None
    largest_deviation: float | None


class CheckedDocument(msgspec.Struct, frozen=True):
    """What ``noether-sym check --json`` prints; see `noether_sym.check.checked.Checked`."""

    formula: str
    verdict: str
    reason: str
    conserved: bool
    window: int | None
    drift_per: Literal["trajectory", "period"]
    period_samples: int | None
    train: DriftEntry | None
    held_out: DriftEntry | None
    notes: tuple[str, ...]
    law: LawEntry


def checked_document(checked: Checked) -> CheckedDocument:
    """As a document; numbers that are not finite become null."""
    entry = law_to_entry(checked.law)
    parameters = tuple(
        msgspec.structs.replace(own, fixed=fixed)
        for own, fixed in zip(entry.parameters, checked.fixed, strict=True)
    )
    return CheckedDocument(
        formula=checked.formula.text,
        verdict=checked.verdict,
        reason=checked.reason,
        conserved=checked.conserved,
        window=checked.window,
        drift_per="trajectory" if checked.period is None else "period",
        period_samples=checked.period,
        train=_drift(checked.train),
        held_out=_drift(checked.held_out),
        notes=checked.notes,
        law=msgspec.structs.replace(entry, parameters=parameters),
    )


class ExactDocument(msgspec.Struct, frozen=True):
    """What ``noether-sym check --equations --json`` prints.

    See `noether_sym.check.exact.ExactlyChecked`; coordinates of the point are exact, as ``p/q``.
    """

    formula: str
    verdict: str
    reason: str
    conserved: bool
    derivative: str | None
    symbols: tuple[str, ...]
    point: dict[str, str] | None
    rate: float | None
    share: float | None
    points: int


def exact_document(checked: ExactlyChecked) -> ExactDocument:
    """As a document; what there is not becomes null."""
    return ExactDocument(
        formula=checked.formula,
        verdict=checked.verdict,
        reason=checked.reason,
        conserved=checked.conserved,
        derivative=checked.derivative or None,
        symbols=checked.symbols,
        point={name: str(value) for name, value in checked.point.items()} or None,
        rate=checked.rate,
        share=checked.share,
        points=checked.points,
    )


def _drift(own: Drift | None) -> DriftEntry | None:
    if own is None:
        return None
    return DriftEntry(*map(finite, (own.slope, own.deviation, own.largest)))
