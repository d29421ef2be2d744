"""Judge fitted candidates: which are laws, which belong together, how many independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.fit.build import build_law
from noether_sym.fit.evidence import law_ratio, rank_ratio, worst_part
from noether_sym.fit.geometry import (
    PARALLEL,
    Frame,
    alignment,
    angle_between,
    local_ratio,
    proportional,
    residual,
)
from noether_sym.fit.nearmiss import CAPTURED, Corrections
from noether_sym.fit.samples import Samples
from noether_sym.fit.search import ACCEPTED, NOT_CONSERVED, Fitted, fit_candidates
from noether_sym.fit.terms import Candidate
from noether_sym.fit.workers import Workers
from noether_sym.laws import Law

_JUDGED = 300
_CLOSEST = 60
_SLACK = 3.0
_NEW_DIRECTION = 0.1
_AS_GOOD = 3.0
_FAR_WORSE = 10.0
_EXACT = 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Judgement:
    """Laws and what came close.

    Attributes
    ----------
    laws : tuple of Law
        Accepted, ranked, with families; the first of a family represents it.
    closest : tuple of Law
        The best of the rest, one of each family, with the reason in `reasons`. Those that
        are near misses of an accepted law carry its family.
    reasons : tuple of str
        Why each of `closest` is no law.
    independent : int
        Number of functionally independent laws.
    accepted : dict
        From candidate number to its reason, for all judged candidates; empty if accepted.
    """

    laws: tuple[Law, ...]
    closest: tuple[Law, ...]
    reasons: tuple[str, ...]
    independent: int
    verdicts: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    number: int
    law: Law
    score: float
    gradients: NDArray[np.float64]
    reason: str


def judge(
    candidates: Sequence[Candidate],
    fits: Sequence[Fitted],
    samples: Samples,
    held_out: Samples | None,
    dataset: Dataset,
    *,
    factor: float,
    seed: int,
    workers: Workers | None = None,
    device: str = "cpu",
) -> Judgement:
    """Accept what is conserved `factor` times better than chance, everywhere it is tested.

    A candidate is accepted when all of these hold: its conservation ratio is `factor` times
    below that of the same formula fitted to the random control (paper, appendix C); so is
    its ratio on held-out data, that of its ranks, and that in each part of the sequences,
    within a small slack; its variance is as far below what its gradients at the data allow;
    no smooth correction is far better conserved; and what its gradient adds to those of
    better laws is conserved too.
    """
    order = [
        number
        for number in sorted(range(len(fits)), key=lambda n: (fits[n].ratio, _size(candidates, n)))
        if fits[number].status == NOT_CONSERVED
    ][:_JUDGED]
    random = _random_ratios(candidates, order, samples, seed, workers, device)
    frame = Frame.of(samples)
    corrections = Corrections(samples)
    entries = []
    for number in order:
        law = build_law(candidates[number], fits[number], dataset, samples)
        law = law.with_(
            random_ratio=random[number],
            heldout_ratio=None if held_out is None else law_ratio(law, held_out),
            alignment=_held_out_alignment(law, held_out),
        )
        local, ranked = local_ratio(law, samples, frame), rank_ratio(law, samples)
        reason = _reason(law, local, ranked, samples, corrections, factor)
        score = max(law.conservation_ratio, local, ranked)
        entries.append(_Entry(number, law, score, frame.gradients(law), reason))
    entries.sort(key=lambda entry: (max(entry.score, _ROUNDING), entry.law.size, entry.number))
    return _families(entries, frame.directions())


def _size(candidates: Sequence[Candidate], number: int) -> int:
    return candidates[number].expression.size


def _reason(
    law: Law,
    local: float,
    ranked: float,
    samples: Samples,
    corrections: Corrections,
    factor: float,
) -> str:
    """Why a candidate is not accepted; empty if nothing speaks against it."""
    bound = law.random_ratio / factor
    if law.conservation_ratio > bound:
        return f"varies: ratio {law.conservation_ratio:.2g}, more than {bound:.2g}"
    if local > 1.0 / factor:
        return f"varies as much as its gradients allow: local ratio {local:.2g}"
    if ranked > _SLACK * bound:
        return f"varies by rank: ratio {ranked:.2g}, more than {_SLACK * bound:.2g}"
    if law.heldout_ratio is not None and not law.heldout_ratio <= _SLACK * bound:
        return f"not confirmed on held-out data: ratio {law.heldout_ratio:.2g}"
    worst = worst_part(law, samples)
    if worst > _SLACK * bound:
        return f"varies in a part of the time: ratio {worst:.2g}, more than {_SLACK * bound:.2g}"
    captured = corrections.captured(law)
    if captured > CAPTURED:
        return "a near miss: a smooth correction is conserved ten times better"
    return ""


def _families(entries: list[_Entry], velocities: NDArray[np.float64]) -> Judgement:
    """Group parallel gradients, best first; count the directions that are new."""
    chance = _NEW_DIRECTION / velocities.shape[1]
    heads: list[_Entry] = []
    independent: list[_Entry] = []
    members: list[tuple[int, _Entry]] = []
    closest: list[_Entry] = []
    verdicts = {entry.number: entry.reason for entry in entries}

    def missed(entry: _Entry, family: int, why: str) -> None:
        reason = f"a near miss of law {family}, {why}"
        verdicts[entry.number] = reason
        closest.append(replace(entry, law=entry.law.with_(family=family), reason=reason))

    for entry in entries:
        if entry.reason:
            closest.append(entry)
            continue
        angles = [angle_between(entry.gradients, head.gradients) for head in heads]
        family = int(np.argmin(angles)) + 1 if angles else 0
        if angles and min(angles) < PARALLEL:
            if entry.score <= max(_FAR_WORSE * heads[family - 1].score, _EXACT):
                members.append((family, entry))
            else:
                missed(entry, family, "which is far better conserved")
            continue
        rest = residual(entry.gradients, [known.gradients for known in independent])
        share = float((rest**2).sum() / max((entry.gradients**2).sum(), 1e-300))
        if independent and share > PARALLEL and alignment(rest, velocities) > chance:
            missed(entry, family, "and what it adds to it is not conserved")
            continue
        heads.append(entry)
        members.append((len(heads), entry))
        if not independent or share > PARALLEL:
            independent.append(entry)
    members.sort(key=lambda pair: pair[0])
    laws = tuple(
        entry.law.with_(status=ACCEPTED, rank=rank + 1, family=family)
        for rank, (family, entry) in enumerate(_simplest_first(members))
    )
    nearest = _distinct(closest, heads)[:_CLOSEST]
    return Judgement(
        laws,
        tuple(entry.law for entry in nearest),
        tuple(entry.reason for entry in nearest),
        len(independent),
        verdicts,
    )


def _simplest_first(members: list[tuple[int, _Entry]]) -> list[tuple[int, _Entry]]:
    """Within a family, the shortest formula first, of those about as well conserved.

    What only differs by a factor and a constant is the same quantity, and listed once.
    """
    ordered: list[tuple[int, _Entry]] = []
    for family in dict.fromkeys(number for number, _ in members):
        own = [entry for number, entry in members if number == family]
        bound = max(_AS_GOOD * min(entry.score for entry in own), _EXACT)
        own.sort(key=lambda entry: (entry.score > bound, entry.law.size, entry.score, entry.number))
        kept: list[_Entry] = []
        for entry in own:
            if not any(proportional(entry.gradients, other.gradients) for other in kept):
                kept.append(entry)
        ordered.extend((family, entry) for entry in kept)
    return ordered


def _distinct(closest: list[_Entry], heads: list[_Entry]) -> list[_Entry]:
    """One candidate of each family among those not accepted."""
    kept: list[_Entry] = []
    for entry in closest:
        others = [*heads, *kept]
        if all(angle_between(entry.gradients, other.gradients) > PARALLEL for other in others):
            kept.append(entry)
        if len(kept) >= _CLOSEST:
            break
    return kept


def _random_ratios(
    candidates: Sequence[Candidate],
    order: list[int],
    samples: Samples,
    seed: int,
    workers: Workers | None,
    device: str,
) -> dict[int, float]:
    """Conservation ratio of the same formulas fitted to random data."""
    control = samples.as_control(seed + 1)
    fits = fit_candidates([candidates[n] for n in order], control, workers=workers, device=device)
    return {
        number: min(fit.ratio, 1.0) if np.isfinite(fit.ratio) else 1.0
        for number, fit in zip(order, fits, strict=True)
    }


def _held_out_alignment(law: Law, held_out: Samples | None) -> float | None:
    if held_out is None:
        return None
    frame = Frame.of(held_out)
    return alignment(frame.gradients(law), frame.directions())
