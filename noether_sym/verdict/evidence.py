"""How well one law is conserved on any samples: by variance, by rank, in every quarter.

A variance can be small beside that of the surrogate only because a few values of the
surrogate are huge, as those of v/x^4 are where x has decayed. Where g is conserved, so is its
rank among the values that chance gives; ranks know no scale. And a quantity that decays may
look constant because most samples lie where it has decayed; a law holds from the start.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.laws.law import Law
from noether_sym.statistics.conservation import conservation_ratio, masked, values_at
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import within_variance

_PARTS = 4
"""Parts of the time, all of which a law must hold in."""

_SHORTEST = 2
"""Fewest samples of a part."""

_STILL = 0.5
"""Share of the whole spread from which on a part counts as moving."""

_MOST_RANKED = 20_000
"""Most samples that are ranked."""


def rank_ratio(law: Law, samples: Samples) -> float:
    """Variance within segments of a law's ranks among its values on the surrogate.

    Over that of ranks at random, 1/12: 0 for a conserved quantity, about 1 for chance.

    Where a law reads nothing but columns that are still, its values come in one cluster a
    segment, on the surrogate too. Noise then takes all ranks of its cluster, however small it
    is, and what that amounts to is taken off.
    """
    samples = samples.thinned(_MOST_RANKED)
    value = values_at(law, samples.states)
    chance = values_at(law, samples.surrogate)[samples.weights > 0]
    known, counts = np.unique(chance[np.isfinite(chance)], return_counts=True)
    if len(known) < 2:
        return 1.0
    ranks = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    filled, mask = masked(value, samples.weights)
    rank = torch.from_numpy(_between(filled.numpy(), known, ranks))
    ratio = 12.0 * float(within_variance(rank, mask))
    if samples.still[sorted(law.expression.inputs)].all():
        shares = mask.sum(-1) / mask.sum()
        ratio = max(0.0, ratio - float((shares**3).sum()))
    return ratio


class Quarters:
    """Quarters of time: the first quarters of all segments, the second quarters, and so on.

    Each beside a surrogate of its own.
    """

    def __init__(self, samples: Samples) -> None:
        lengths = samples.weights.sum(1)
        count = min(_PARTS, int(np.median(lengths)) // _SHORTEST)
        self._parts: list[Samples] = []
        if count >= 2:
            place = np.arange(samples.weights.shape[1])
            part = np.minimum(place * count // lengths[:, None], count - 1)
            self._parts = [
                samples.part((part == number) * samples.weights, number) for number in range(count)
            ]
        whole = _spread(samples)
        self._moves = [_spread(part) > _STILL * whole for part in self._parts]

    def worst(self, law: Law) -> float | None:
        """Largest ratio over the quarters, by variance or by rank, whichever is less in each.

        Only those count in which a column that the law reads still moves; None if there are
        none.
        """
        columns = sorted(law.expression.inputs)
        ratios = [
            min(conservation_ratio(law, part), rank_ratio(law, part))
            for part, moves in zip(self._parts, self._moves, strict=True)
            if moves[columns].any()
        ]
        return max(ratios, default=None)


def _spread(samples: Samples) -> NDArray[np.float64]:
    spread: NDArray[np.float64] = samples.states[:, samples.weights > 0].std(1)
    return spread


def _between(
    value: NDArray[np.float64], known: NDArray[np.float64], ranks: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear interpolation of ranks, whatever the size of values and gaps."""
    above = np.clip(np.searchsorted(known, value), 1, len(known) - 1)
    low, high = known[above - 1], known[above]
    gap = 0.5 * high - 0.5 * low  # a difference of halves does not overflow
    share = (0.5 * np.clip(value, low, high) - 0.5 * low) / np.where(gap > 0, gap, 1.0)
    return ranks[above - 1] + np.where(gap > 0, share, 0.5) * (ranks[above] - ranks[above - 1])
