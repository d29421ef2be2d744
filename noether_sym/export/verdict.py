"""What an export says of a law that is none without reserve."""

from __future__ import annotations

from noether_sym.laws.law import LAW, Law


def reserve(law: Law) -> str:
    """The verdict where it is another than *law*, and what it rests on; empty for a law.

    A half life is in the data's unit of time.
    """
    own = law.evidence
    if own is None or own.verdict == LAW:
        return ""
    if own.half_life is None:
        return f"{own.verdict}: {own.reason}" if own.reason else own.verdict
    error = "" if own.half_life_error is None else f" +- {own.half_life_error:.2g}"
    changes = "doubles" if own.grows else "halves"
    return f"{own.verdict}: it {changes} in {own.half_life:.4g}{error} (in the data's unit of time)"
