"""Judge fitted candidates: which are laws, which belong together, how many independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.fit.build import build_law
from noether_sym.fit.geometry import (
    PARALLEL,
    Frame,
    alignment,
    angle_between,
    local_ratio,
    residual,
)
from noether_sym.fit.nearmiss import CAPTURED, Corrections
from noether_sym.fit.samples import Samples
from noether_sym.fit.search import ACCEPTED, NOT_CONSERVED, Fitted, fit_candidates
from noether_sym.fit.tape import Batch, Points
from noether_sym.fit.terms import Candidate
from noether_sym.fit.workers import Workers
from noether_sym.laws import Law

_JUDGED = 300
_CLOSEST = 60
_HELD_OUT_SLACK = 3.0
_NEW_DIRECTION = 0.1
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
    its ratio on held-out data, within a small slack; its variance is as far below what its
    gradients at the data allow; no smooth correction is far better conserved; and what its
    gradient adds to those of better laws is conserved too.
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
            heldout_ratio=_held_out_ratio(candidates[number], fits[number], held_out),
            alignment=_held_out_alignment(law, held_out),
        )
        local = local_ratio(law, samples, frame)
        reason = _reason(law, local, corrections, factor)
        score = max(law.conservation_ratio, local)
        entries.append(_Entry(number, law, score, frame.gradients(law), reason))
    entries.sort(key=lambda entry: (max(entry.score, _ROUNDING), entry.law.size, entry.number))
    return _families(entries, frame.directions())


def _size(candidates: Sequence[Candidate], number: int) -> int:
    return candidates[number].expression.size


def _reason(law: Law, local: float, corrections: Corrections, factor: float) -> str:
    """Why a candidate is not accepted; empty if nothing speaks against it."""
    bound = law.random_ratio / factor
    if law.conservation_ratio > bound:
        return f"varies: ratio {law.conservation_ratio:.2g}, more than {bound:.2g}"
    if local > 1.0 / factor:
        return f"varies as much as its gradients allow: local ratio {local:.2g}"
    if law.heldout_ratio is not None and not law.heldout_ratio <= _HELD_OUT_SLACK * bound:
        return f"not confirmed on held-out data: ratio {law.heldout_ratio:.2g}"
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
    for entry in entries:
        if entry.reason:
            closest.append(entry)
            continue
        angles = [angle_between(entry.gradients, head.gradients) for head in heads]
        if angles and min(angles) < PARALLEL:
            members.append((int(np.argmin(angles)) + 1, entry))
            continue
        rest = residual(entry.gradients, [known.gradients for known in independent])
        share = float((rest**2).sum() / max((entry.gradients**2).sum(), 1e-300))
        if independent and share > PARALLEL and alignment(rest, velocities) > chance:
            family = int(np.argmin(angles)) + 1
            reason = f"a near miss of law {family}: what it adds to it is not conserved"
            verdicts[entry.number] = reason
            law = entry.law.with_(family=family)
            closest.append(_Entry(entry.number, law, entry.score, entry.gradients, reason))
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
    """Within a family, the shortest formula first, of those about as well conserved."""
    ordered: list[tuple[int, _Entry]] = []
    for family in dict.fromkeys(number for number, _ in members):
        own = [entry for number, entry in members if number == family]
        best = min(max(entry.score, _ROUNDING) for entry in own)
        own = list({_written(entry): entry for entry in reversed(own)}.values())[::-1]
        own.sort(
            key=lambda entry: (
                max(entry.score, _ROUNDING) > max(3.0 * best, 1e-9),
                entry.law.size,
                entry.score,
                entry.number,
            )
        )
        ordered.extend((family, entry) for entry in own)
    return ordered


def _written(entry: _Entry) -> tuple[object, ...]:
    """What a law says, constants to six digits: the same thing is listed once."""
    return entry.law.expression, tuple(f"{value:.6g}" for value in entry.law.values)


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


def _held_out_ratio(candidate: Candidate, fit: Fitted, held_out: Samples | None) -> float | None:
    """Conservation ratio of the fitted quantity on data that the fit has not seen."""
    if held_out is None:
        return None
    import torch

    from noether_sym.fit.variance import centred, freedom, outlier_weights

    batch = Batch([candidate], Points(held_out, "cpu"))
    inner = torch.tensor([[fit.inner]], dtype=torch.float64).reshape(1, 1, -1)
    values = batch.values(inner)
    factors = torch.tensor(fit.factors, dtype=torch.float64)
    total = torch.einsum("i,i...->...", factors, values)[0, 0]
    mask = torch.isfinite(total) * batch.weights
    total = torch.where(mask > 0, total, 0.0)
    within = centred(total[0], mask[0]).square().sum() / freedom(mask[0])
    pull = outlier_weights(total[1], mask[1])
    weight = pull.square()
    mean = (total[1] * weight).sum() / weight.sum().clamp_min(1.0)
    variance = ((total[1] - mean) * pull).square().sum() / (mask[1].sum() - 1.0).clamp_min(1.0)
    return float(within / variance) if variance > 0 else float("inf")


def _held_out_alignment(law: Law, held_out: Samples | None) -> float | None:
    if held_out is None:
        return None
    frame = Frame.of(held_out)
    return alignment(frame.gradients(law), frame.directions())
