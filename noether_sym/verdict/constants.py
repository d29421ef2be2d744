"""Constants of confirmed laws, fitted once more: to all training data, without noise's bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from noether_sym.datasets.dataset import Dataset
from noether_sym.laws.law import LAW
from noether_sym.noise import dataset_noise
from noether_sym.noise.constants import refit
from noether_sym.statistics.conservation import conservation_ratio
from noether_sym.statistics.samples import make_samples
from noether_sym.verdict.independence import Judgement

_MOST_SAMPLES = 50_000


def with_final_constants(judgement: Judgement, dataset: Dataset, seed: int) -> Judgement:
    """Laws with constants, standard errors and 95 % intervals from all training data.

    Approximate laws keep theirs, for a drift would enter; so do laws of derived columns, whose
    noise is not independent, and laws without constants.

    Parameters
    ----------
    judgement : Judgement
    dataset : Dataset
    seed : int
        Of the surrogate in the ratio of the new constants.
    """
    derived = {column for column, _ in dataset.derived}
    chosen = [
        law
        for law in judgement.laws
        if law.parameters and law.verdict == LAW and not derived & law.expression.inputs
    ]
    if not chosen:
        return judgement
    samples = make_samples(dataset.train, window=None, seed=seed).thinned(_MOST_SAMPLES)
    sigma = dataset_noise(dataset).noise.sigma
    again = {}
    for law in chosen:
        found = refit(law.expression, law.values, samples.states, samples.weights, sigma)
        if not np.isfinite(found.values).all():
            continue
        numbers = zip(law.parameters, found.values, found.errors, found.intervals(), strict=True)
        fitted = law.with_(
            parameters=tuple(
                replace(
                    own,
                    value=float(value),
                    stderr=float(error) if np.isfinite(error) else own.stderr,
                    interval=(float(low), float(high)) if np.isfinite(low) else None,
                )
                for own, value, error, (low, high) in numbers
            )
        )
        again[law.rank] = fitted.with_(conservation_ratio=conservation_ratio(fitted, samples))
    return replace(judgement, laws=tuple(again.get(law.rank, law) for law in judgement.laws))
