"""The report's table of predictions: every control of the tailoring stage."""

from __future__ import annotations

from types import MappingProxyType

from noether_sym.report import words
from noether_sym.tailor.document import (
    EXTRA_EPOCHS,
    HNN,
    META_TAILORED,
    NOT_A_LAW,
    NOT_APPLICABLE,
    OK,
    VANILLA,
    TailoringDocument,
)

ABOUT = MappingProxyType(
    {
        VANILLA: "the MLP by itself",
        EXTRA_EPOCHS: "the MLP, trained for as many epochs more as tailoring takes",
        HNN: "a Hamiltonian neural network",
        "projected": "the MLP's field projected onto the law's level set",
        "tailored": "the law as a loss inside the prediction, MLP unchanged",
        META_TAILORED: "the same, MLP trained through it",
        NOT_A_LAW: "a control: the same with what was not accepted as conserved",
    }
)
"""What a method of the tailoring stage does."""


def rates(tailoring: TailoringDocument, method: str) -> str:
    """Inner rates of a method over the networks."""
    own = {control.rate for control in tailoring.controls(method) if control.rate is not None}
    return ", ".join(words.number(rate, 2) for rate in sorted(own)) or "–"


def lost(tailoring: TailoringDocument, method: str) -> str:
    """For how many networks a method gave no prediction; empty for none."""
    statuses = [control.status for control in tailoring.controls(method)]
    bad = [status for status in statuses if status != OK]
    if len(bad) == len(statuses):
        return bad[0] if bad else ""
    return f"{len(bad)} of {len(statuses)} lost" if bad else ""


def why_not(tailoring: TailoringDocument, method: str) -> str:
    """Why a method does not apply to these data; empty where it does."""
    return next(
        (row.note or "" for row in tailoring.controls(method) if row.status == NOT_APPLICABLE),
        "",
    )
