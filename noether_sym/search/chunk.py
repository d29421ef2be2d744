"""Fit one chunk of candidates: scan starts, refine the best, polish what is promising."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.search.candidate import Candidate
from noether_sym.search.closed_form import Combination, best_combination
from noether_sym.search.multistart import natural_magnitudes, spread_starts
from noether_sym.search.program import Batch, Points
from noether_sym.search.refine import refine
from noether_sym.statistics.samples import Samples

_STARTS = (1, 24, 64, 96)
_KEPT = 3
_SCAN_STEPS = 4
_STEPS = 8
_POLISH = ((0.5, 10), (0.05, 25))
"""Steps on all samples, for ratios below a bound."""
_ELEMENTS = 1 << 18
_GPU_ELEMENTS = 1 << 27


@dataclass(frozen=True, slots=True, eq=False)
class ChunkFit:
    """Best fits of a chunk, one row a candidate."""

    ratio: NDArray[np.float64]
    nonlinear: NDArray[np.float64]
    factors: NDArray[np.float64]
    defined: NDArray[np.float64]
    varies: NDArray[np.bool_]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns by name, as a checkpoint keeps them."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], candidates: Sequence[Candidate]
    ) -> ChunkFit | None:
        """The columns that a checkpoint kept; None if they are not of these candidates."""
        shape = len(candidates), candidates[0].nonlinear, len(candidates[0].terms)
        wanted = {
            "ratio": (shape[0],),
            "nonlinear": shape[:2],
            "factors": shape[::2],
            "defined": (shape[0],),
            "varies": (shape[0],),
        }
        if {name: array.shape for name, array in arrays.items()} != wanted:
            return None
        return cls(**{name: arrays[name] for name in cls.__slots__})


def fit_chunk(candidates: Sequence[Candidate], tiers: Sequence[Samples], device: str) -> ChunkFit:
    """Fit candidates of equally many terms and nonlinear parameters.

    Parameters
    ----------
    candidates : sequence of Candidate
    tiers : sequence of Samples
        Few, more and all samples: to scan starts, to refine them, and to polish.
    device : str
    """
    with np.errstate(all="ignore"):
        return _fit_chunk(candidates, tiers, device)


def _fit_chunk(candidates: Sequence[Candidate], tiers: Sequence[Samples], device: str) -> ChunkFit:
    scan, thin, full = (Points(tier, device) for tier in tiers)
    elements = _ELEMENTS if device == "cpu" else _GPU_ELEMENTS
    if candidates[0].nonlinear:
        nonlinear = _scanned(candidates, scan, elements)
        batch = Batch(candidates, thin)
        start = best_combination(batch.values(nonlinear), batch.weights)
        found, starts = _improved(batch, start, nonlinear, _STEPS)
        best, nonlinear = _best(found, starts)
    else:
        nonlinear = torch.zeros((len(candidates), 1, 0), dtype=torch.float64, device=device)
        best, starts = _combined_in_blocks(candidates, thin, nonlinear, elements), nonlinear
    for bound, steps in _POLISH if candidates[0].nonlinear else _POLISH[:1]:
        promising = torch.nonzero(best.ratio[:, 0] < bound)[:, 0]
        if not len(promising):
            break
        chosen = [candidates[number] for number in promising.tolist()]
        polished, nonlinear[promising] = _polished(chosen, full, starts[promising], steps, elements)
        starts = nonlinear
        for name in Combination.__slots__:
            getattr(best, name)[promising] = getattr(polished, name)
    return ChunkFit(
        *(
            tensor[:, 0].cpu().numpy()
            for tensor in (best.ratio, nonlinear, best.factors, best.defined, best.varies)
        )
    )


def _scanned(candidates: Sequence[Candidate], points: Points, elements: int) -> torch.Tensor:
    """Nonlinear parameters of the best few starts, refined: (member, start, parameter)."""
    slots = candidates[0].nonlinear
    spread = spread_starts(_STARTS[min(slots, len(_STARTS) - 1)], slots)
    scales = np.stack([natural_magnitudes(one.terms, points.magnitude) for one in candidates])
    starts = torch.as_tensor(scales[:, None] * spread[None], device=points.columns.device)
    batch = Batch(candidates, points)
    step = max(1, elements // (len(candidates) * points.columns.shape[1]))
    found = [
        best_combination(batch.values(part), points.weights) for part in starts.split(step, dim=1)
    ]
    order = torch.cat([part.ratio for part in found], 1).argsort(dim=1, stable=True)[:, :_KEPT]
    chosen = torch.take_along_dim(starts, order[..., None], 1)
    factors = torch.cat([part.factors for part in found], 1)
    _, nonlinear, _ = refine(
        batch, chosen, torch.take_along_dim(factors, order[..., None], 1), _SCAN_STEPS
    )
    return torch.where(torch.isfinite(nonlinear), nonlinear, chosen)


def _best(found: Combination, nonlinear: torch.Tensor) -> tuple[Combination, torch.Tensor]:
    """The best of a few starts."""
    least = found.ratio.argmin(1, keepdim=True)
    return (
        Combination(
            found.ratio.gather(1, least),
            torch.take_along_dim(found.factors, least[..., None], 1),
            found.defined.gather(1, least),
            found.varies.gather(1, least),
        ),
        torch.take_along_dim(nonlinear, least[..., None], 1),
    )


def _improved(
    batch: Batch, start: Combination, nonlinear: torch.Tensor, steps: int
) -> tuple[Combination, torch.Tensor]:
    """Refine nonlinear parameters and factors together where that helps."""
    ratio, refined, factors = refine(batch, nonlinear, start.factors, steps)
    better = ratio < start.ratio
    return (
        Combination(
            torch.where(better, ratio, start.ratio),
            torch.where(better[..., None], factors, start.factors),
            start.defined,
            start.varies,
        ),
        torch.where(better[..., None], refined, nonlinear),
    )


def _polished(
    candidates: Sequence[Candidate],
    points: Points,
    nonlinear: torch.Tensor,
    steps: int,
    elements: int,
) -> tuple[Combination, torch.Tensor]:
    """The best of a few starts on all samples, refined there."""
    if not candidates[0].nonlinear:
        return _combined_in_blocks(candidates, points, nonlinear, elements), nonlinear
    found, refined = [], []
    block = max(1, elements // (nonlinear.shape[1] * points.columns.shape[1]))
    for begin in range(0, len(candidates), block):
        batch = Batch(candidates[begin : begin + block], points)
        own = nonlinear[begin : begin + block]
        start, own = _best(best_combination(batch.values(own), points.weights), own)
        best, better = _improved(batch, start, own, steps)
        found.append(best)
        refined.append(better)
    return _joined(found), torch.cat(refined)


def _combined_in_blocks(
    candidates: Sequence[Candidate], points: Points, nonlinear: torch.Tensor, elements: int
) -> Combination:
    """The best factors of candidates without nonlinear parameters."""
    step = max(1, elements // points.columns.shape[1])
    parts = []
    for begin in range(0, len(candidates), step):
        batch = Batch(candidates[begin : begin + step], points)
        values = batch.values(nonlinear[begin : begin + step])
        parts.append(best_combination(values, points.weights))
    return _joined(parts)


def _joined(parts: list[Combination]) -> Combination:
    columns = ([getattr(part, name) for part in parts] for name in Combination.__slots__)
    return Combination(*(torch.cat(column) for column in columns))
