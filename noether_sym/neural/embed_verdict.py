"""Whether anything is left to find: what the count of an embedding is worth beside the laws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noether_sym.neural.embed_document import DirectionRow, EmbeddingDocument

NEAR_CHANCE = 2.0
"""How many times better than by chance an output may be conserved that shows no law.

The worst of its scores counts. Measured where nothing is conserved it is at most 1.15: on `lorenz`,
`van_der_pol`, `damped_oscillator` and `driven_pendulum` (4 seeds each, noise of 0, 2 and 10 %), and
at most 1.07 on 144 files of random walks, smooth noise and white noise (2 to 6 columns, 6 to 30
trajectories of 100 samples).
"""
_LEAST = 1e-300
"""Stands for a score of 0, by which nothing can be divided."""


def judged(document: EmbeddingDocument) -> EmbeddingDocument:
    """The document with its verdict, which follows from all else that it holds."""
    return replace(
        document, next_over_chance=next_over_chance(document), complete=_complete(document)
    )


def looked_for_all(document: EmbeddingDocument) -> bool:
    """Whether as many directions were looked for as there can be."""
    if document.possible is not None:
        return document.most == document.possible
    return document.outputs is None or document.most < document.outputs


def next_over_chance(document: EmbeddingDocument) -> float | None:
    """How many times better than by chance the first output that does not count is conserved.

    None if every output that was trained counts.
    """
    rows = document.tried
    if not rows or rows[-1].conserved:
        return None
    return min(_times(rows[-1], document))


def _times(row: DirectionRow, document: EmbeddingDocument) -> list[float]:
    drifts, shares = [row.crosswise_drift], [row.crosswise_share]
    if row.heldout_drift is not None or row.heldout_share is not None:
        drifts.append(row.heldout_drift)
        shares.append(row.heldout_share)
    # a score that is not finite is none; one of 0 is as far below chance as can be
    return [
        0.0 if score is None else chance / max(score, _LEAST)
        for scores, chance in ((drifts, document.chance_drift), (shares, document.chance_share))
        for score in scores
    ]


def _complete(document: EmbeddingDocument) -> bool | None:
    count, laws = document.directions, len(document.laws)
    if document.explained < count:
        return False
    if laws > count:
        return None
    if count == document.most:
        return True if looked_for_all(document) else None
    times = next_over_chance(document)
    return True if times is not None and times <= NEAR_CHANCE else None
