"""The set of formulas that the data allow beside a law: at this noise none is told from it.

A pendulum that swings little follows its cosine, and a polynomial about as well. Whether data can
tell two formulas apart shows on the trajectories that confirm, in pairs: each trajectory has both
formulas' variances, with the same noise in both. Of one trajectory or two only what varies far
more is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noether_sym.datasets.dataset import Dataset
from noether_sym.errors import GrammarError
from noether_sym.laws.expansion import expanded
from noether_sym.laws.law import LAW, Law
from noether_sym.statistics.directions import new_share
from noether_sym.statistics.samples import Samples
from noether_sym.verdict.confirm import Confirmation
from noether_sym.verdict.gradients import angle_between
from noether_sym.verdict.independence import AS_GOOD, FAR_WORSE, Judged, Judgement

LEVEL = 0.05
"""Level of the paired test by which a formula is told from a law."""

MOST = 5
"""Formulas that are shown beside a law."""

ALSO_ALLOWED = "also allowed"
"""Status of a formula that the data do not tell from a law."""

_PARALLEL = 0.05
"""Sine of the mean angle between gradients up to which formulas may be the same to the data."""

_OF_OTHERS = 0.1
"""Share of a law's new direction below which a formula is rather one of the other laws'."""

_COMPARED = 30
"""Formulas that are compared with a law at most."""

ENOUGH = 3
"""Fewest trajectories on which formulas are compared."""

_POINTS = 200
"""Points at which gradients are made parallel, to tell functions of a law."""

_WIDER = 3.0
"""Times as far out as the data lie some of them."""

_SAME = 1e-9
"""Mean squared sine of an angle up to which gradients are parallel everywhere."""


def with_allowed(
    judgement: Judgement,
    entries: Sequence[Judged],
    confirmation: Confirmation,
    samples: Samples,
    dataset: Dataset,
) -> Judgement:
    """Laws with the formulas that the confirming trajectories do not tell from them.

    Of each family its first law. A formula is allowed if its gradients are about those of the
    law on the data, it is not a function of the law for any values of its constants, nor does
    what it differs by come from other laws; if it has the law's own verdict; and if the log
    ratio of its variance along a trajectory to the law's, each in units of its gradients, is
    not larger than 0 (one-sided paired t test over trajectories at `LEVEL`). What is listed as a
    law by itself is left out.

    Parameters
    ----------
    judgement : Judgement
    entries : sequence of Judged
        All candidates, laws or not.
    confirmation : Confirmation
    samples : Samples
        On which they were fitted.
    dataset : Dataset
    """
    heads: dict[int, Judged] = {}
    known = {(entry.law.expression, entry.law.values): entry for entry in entries}
    for law in judgement.laws:
        entry = known.get((law.expression, law.values))
        if entry is not None and not law.function_of:
            heads.setdefault(law.family, entry)
    wide = _WidePoints(samples, dataset)
    fields = [head.gradients for head in heads.values()]
    others = [entry for entry in entries if entry.number not in judgement.numbers]
    allowed = {
        family: _beside(head, others, fields, confirmation, wide) for family, head in heads.items()
    }
    first = {law.family: law.rank for law in reversed(judgement.laws)}
    return replace(
        judgement,
        laws=tuple(
            law.with_(also_allowed=allowed.get(law.family, ()))
            if law.rank == first[law.family]
            else law
            for law in judgement.laws
        ),
    )


def _beside(
    head: Judged,
    entries: Sequence[Judged],
    fields: Sequence[NDArray[np.float64]],
    confirmation: Confirmation,
    wide: _WidePoints,
) -> tuple[Law, ...]:
    exact = head.law.verdict == LAW  # what drifts varies most by that, and so do others as much
    most = (FAR_WORSE if exact else AS_GOOD) * head.score
    alike = [
        entry
        for entry in entries
        if entry.number != head.number
        and entry.score <= most
        and angle_between(entry.gradients, head.gradients) < _PARALLEL
        and not _of_other_laws(entry.gradients, head.gradients, fields)
    ]
    alike.sort(key=lambda entry: (entry.law.complexity, entry.score, entry.number))
    # over whole trajectories a drift would enter the constants
    law = confirmation.refitted(head.law) if exact else head.law
    own = confirmation.variations(law)
    kept: list[Law] = []
    for entry in alike[:_COMPARED]:
        other = confirmation.refitted(entry.law) if exact else entry.law
        if told_apart(confirmation.variations(other), own):
            continue
        if any(wide.same(one, other) or wide.same(other, one) for one in (law, *kept)):
            continue
        evidence = confirmation.evidence(other)
        if head.law.evidence is not None and evidence.verdict == head.law.evidence.verdict:
            plain = other.with_(status=ALSO_ALLOWED, rank=0, family=0, gates=())
            kept.append(plain.with_(evidence=evidence))
        if len(kept) == MOST:
            break
    return tuple(kept)


def told_apart(variations: NDArray[np.float64], best: NDArray[np.float64]) -> bool:
    """Whether a formula varies more than the best does.

    Parameters
    ----------
    variations, best : arrays of shape (trajectory,)
        Of both, along the same trajectories. What is not finite is told apart; trajectories on
        which the best is not are left out. Of fewer than three the sums are compared, which must
        differ by more than `noether_sym.verdict.independence.AS_GOOD`.
    """
    from scipy.stats import t

    if not np.isfinite(variations).all():
        return True
    there = np.isfinite(best)
    variations, best = variations[there], best[there]
    tiny = np.finfo(np.float64).tiny
    if len(best) < ENOUGH:
        return bool(variations.sum() > AS_GOOD * max(float(best.sum()), tiny))
    ratios = np.log(np.maximum(variations, tiny)) - np.log(np.maximum(best, tiny))
    error = float(ratios.std(ddof=1)) / np.sqrt(len(ratios))
    mean = float(ratios.mean())
    return mean > 0 if error == 0 else bool(t.sf(mean / error, len(ratios) - 1) < LEVEL)


def _of_other_laws(
    gradients: NDArray[np.float64],
    own: NDArray[np.float64],
    fields: Sequence[NDArray[np.float64]],
) -> bool:
    """Whether what a formula differs by from a law is mostly a function of all laws."""
    return len(fields) > 1 and new_share(gradients, fields) < _OF_OTHERS * new_share(
        gradients, [own]
    )


class _WidePoints:
    """Points beyond the data, columns independent of each other, to compare functions at.

    Parameters
    ----------
    samples : Samples
        Whose surrogate is spread three times as wide about its median, but for columns of one
        sign.
    dataset : Dataset
    """

    def __init__(self, samples: Samples, dataset: Dataset) -> None:
        base = list(dataset.base_columns)
        values = samples.surrogate[base][:, samples.weights > 0]
        values = values[:, :: max(1, values.shape[1] // _POINTS)]
        middle = np.median(values, axis=1, keepdims=True)
        signed = np.asarray((values > 0).all(1) | (values < 0).all(1))
        wider = np.where(signed[:, None], values, middle + _WIDER * (values - middle))
        self._points: NDArray[np.float64] = wider.T
        spread = values.std(1)
        self._spread = np.where(spread > 0, spread, 1.0)
        self._dataset = dataset

    def same(self, law: Law, other: Law) -> bool:
        """Whether another law is a function of a law for some values of its constants.

        Values that make the gradients parallel everywhere are sought from its own on.
        """
        from scipy.optimize import least_squares

        try:
            law, other = expanded(law, self._dataset), expanded(other, self._dataset)
        except GrammarError:
            return True  # too long to compare, and so no simpler way to put it
        directions = self._directions(law)
        start = np.array(other.values)
        scale = np.where(start != 0, np.abs(start), 1.0)
        both = np.hstack([directions, self._directions(other)])
        usable = np.asarray(np.isfinite(both).all(1))

        def sines(steps: NDArray[np.float64]) -> NDArray[np.float64]:
            values = start + scale * steps
            parameters = zip(other.parameters, values.tolist(), strict=True)
            own = self._directions(
                other.with_(parameters=tuple(replace(p, value=value) for p, value in parameters))
            )[usable]
            along = (own * directions[usable]).sum(1, keepdims=True)
            rest: NDArray[np.float64] = own - along * directions[usable]
            return np.where(np.isfinite(rest), rest, 1.0).ravel()

        if not usable.any():
            return True
        if not len(start):
            return float((sines(start) ** 2).sum()) < _SAME * usable.sum()
        found = least_squares(sines, np.zeros_like(start), method="trf", max_nfev=50)
        return 2.0 * float(found.cost) < _SAME * float(usable.sum())

    def _directions(self, law: Law) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            gradients = law.gradient(self._points) * self._spread
            return gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
