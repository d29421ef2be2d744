"""How likely a law among several was confirmed by chance: false discovery rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from noether_sym.laws.law import LAW, Law
from noether_sym.verdict.independence import Judgement
from noether_sym.verdict.revision import revised

FDR = 0.01
"""Expected share of false laws among those that are called laws."""


_FAILED = 1.0
"""p-value that stands for a family that was not confirmed."""


def q_values(chances: Sequence[float], looks: int = 1) -> list[float]:
    """Rates of false discoveries, by Benjamini and Yekutieli: for any dependence of the tests.

    Benjamini, Yekutieli 2001, Annals of Statistics 29, 1165, doi:10.1214/aos/1013699998.

    Parameters
    ----------
    chances : sequence of float
        p-values of the families that were sent to confirmation.
    looks : int
        How many times the data were looked at: with whole trajectories, then with windows.
    """
    from scipy.stats import false_discovery_control

    if not len(chances):
        return []
    return [min(1.0, looks * q) for q in false_discovery_control(chances, method="by").tolist()]


def paid_for(judgement: Judgement, fdr: float = FDR, looks: int = 1) -> Judgement:
    """Put q-values beside laws; those above the rate are undecided, with all of their family.

    All families that were sent to confirmation are paid for, those that it did not confirm too.
    Functions of laws and approximate laws claim nothing of their own, and are let pass; so are
    laws without evidence.
    """
    sent = {
        law.family: law.evidence.chance
        for law in reversed(judgement.laws)
        if law.evidence is not None and law.verdict == LAW and not law.function_of
    }
    failed = [_FAILED] * judgement.failed
    rates = dict(zip(sent, q_values([*sent.values(), *failed], looks), strict=False))
    lost = {family for family, rate in rates.items() if rate > fdr}
    kept: list[Law] = []
    undecided: list[tuple[Law, str]] = []
    for law in judgement.laws:
        rate = rates.get(law.family)
        if rate is not None and law.evidence is not None:
            law = law.with_(evidence=replace(law.evidence, q_value=rate))
        if law.family in lost:
            undecided.append((law, _by_chance(rates[law.family], fdr)))
        elif not lost & set(law.function_of):
            kept.append(law)
    if not lost:
        return replace(judgement, laws=tuple(kept))
    judgement = revised(judgement, kept, undecided)
    return replace(judgement, independent=judgement.independent - len(lost))


def _by_chance(q_value: float, fdr: float) -> str:
    return (
        f"with so many formulas tried it may hold by chance: q = {q_value:.2g}, above {fdr:g}; "
        "more data would decide"
    )
