"""Fit every candidate: starts, closed form, refinement, final ratio on all samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from noether_sym.runtime.workers import Workers
from noether_sym.search.candidate import Candidate
from noether_sym.search.chunk import ChunkFit, fit_chunk
from noether_sym.search.closed_form import best_combination
from noether_sym.search.program import Batch, Points
from noether_sym.statistics.samples import Samples
from noether_sym.statistics.variance import LEAST_DEFINED

if TYPE_CHECKING:
    from noether_sym.runtime.stages import Cache, Progress

NOT_CONSERVED = "not conserved"
CONSTANT = "constant"
DIVERGED = "diverged"
OUT_OF_DOMAIN = "out of domain"

_SCAN_SAMPLES = 160
"""Samples on which nonlinear parameters are started from many values."""

_SCREEN_SAMPLES = 400
"""Samples on which the best starts are refined; candidates far from conserved get no more."""

_MEMBERS = 128
"""Candidates of a chunk; 16 times as many without nonlinear parameters, 32 times on a GPU."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """The best fit of one candidate.

    Attributes
    ----------
    status : str
        ``not conserved`` until the ratio is judged, or why there is no ratio:
        ``constant``, ``out of domain``, ``diverged``.
    ratio : float
        Conservation ratio on all samples; inf where there is none.
    nonlinear : tuple of float
        Nonlinear parameters by slot.
    factors : tuple of float
        Factor of each term.
    defined : float
        Part of the samples on which the formula is finite.
    given : bool
        Whether the factors come from another search.
    """

    status: str
    ratio: float
    nonlinear: tuple[float, ...]
    factors: tuple[float, ...]
    defined: float
    given: bool = False


def fit_candidates(
    candidates: Sequence[Candidate],
    samples: Samples,
    *,
    workers: Workers | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    checkpoint: Cache | None = None,
) -> list[Fitted]:
    """Fit all candidates; the answer does not depend on the workers.

    Nonlinear parameters start from a spread of values on a few samples, the best starts are
    refined on more of them, and what looks promising is refined on all. Where a candidate
    is far from conserved, its ratio is that of the thinned samples.

    Parameters
    ----------
    candidates : sequence of Candidate
    samples : Samples
    workers : Workers, optional
        One thread by default.
    device : str
        ``cpu`` or ``cuda``.
    progress : callable, optional
        Called with (stage, done, total).
    checkpoint : Cache, optional
        Holds finished chunks; those are not fitted again.

    Returns
    -------
    list of Fitted
        In the order of the candidates.
    """
    tiers = [samples.thinned(limit) for limit in (_SCAN_SAMPLES, _SCREEN_SAMPLES)] + [samples]
    chunks = _chunks(candidates, device)
    results: list[Fitted | None] = [None] * len(candidates)
    done = 0
    for chunk, found in _found(chunks, candidates, tiers, device, workers, checkpoint):
        for number, fit in zip(chunk, _fitted(found), strict=True):
            results[number] = fit
        done += len(chunk)
        if progress is not None:
            progress("fit", done, len(candidates))
    return [fit for fit in results if fit is not None]


def ratio_with(
    candidate: Candidate, nonlinear: Sequence[float], samples: Samples, device: str
) -> float:
    """Conservation ratio of a candidate with given nonlinear parameters, factors at their best."""
    values = torch.tensor([[nonlinear]], dtype=torch.float64, device=device)
    with np.errstate(all="ignore"):
        batch = Batch([candidate], Points(samples, device))
        return float(best_combination(batch.values(values), batch.weights).ratio)


def _chunks(candidates: Sequence[Candidate], device: str) -> list[list[int]]:
    """Numbers of candidates with as many terms and nonlinear parameters, in bounded parts."""
    found: dict[tuple[int, int], list[int]] = {}
    for number, candidate in enumerate(candidates):
        found.setdefault((candidate.nonlinear, len(candidate.terms)), []).append(number)
    chunks = []
    for (nonlinear, _), numbers in found.items():
        step = _MEMBERS if nonlinear else 16 * _MEMBERS
        step *= 1 if device == "cpu" else 32
        chunks += [numbers[begin : begin + step] for begin in range(0, len(numbers), step)]
    return chunks


def _found(
    chunks: list[list[int]],
    candidates: Sequence[Candidate],
    tiers: list[Samples],
    device: str,
    workers: Workers | None,
    checkpoint: Cache | None,
) -> Iterator[tuple[list[int], ChunkFit]]:
    """Every chunk with its fit: first those that a checkpoint holds, then the others."""
    left = []
    for number, chunk in enumerate(chunks):
        held = None if checkpoint is None else checkpoint.read(_key(tiers[-1], device, number))
        own = [candidates[member] for member in chunk]
        found = None if held is None else ChunkFit.of(held, own)
        if found is None:
            left.append((number, own))
        else:
            yield chunk, found
    tasks = [(own, tiers, device) for _, own in left]
    run = (workers or Workers()).map(fit_chunk, tasks, shared=tiers)
    for (number, _), found in zip(left, run, strict=True):
        if checkpoint is not None:
            checkpoint.write(_key(tiers[-1], device, number), found.arrays())
        yield chunks[number], found


def _key(samples: Samples, device: str, number: int) -> str:
    return f"fit-{device}-{samples.window or 'full'}-{number:05d}"


def _fitted(found: ChunkFit) -> list[Fitted]:
    """Results of a chunk as records, each with its status."""
    finite = np.isfinite(found.nonlinear).all(1) & np.isfinite(found.factors).all(1)
    fitted = np.isfinite(found.ratio) & finite
    status = np.select(
        [fitted, found.defined < LEAST_DEFINED, ~found.varies],
        [NOT_CONSERVED, OUT_OF_DOMAIN, CONSTANT],
        DIVERGED,
    )
    ratio = np.where(fitted, found.ratio, np.inf)
    rows = zip(
        status.tolist(),
        ratio.tolist(),
        found.nonlinear.tolist(),
        found.factors.tolist(),
        found.defined.tolist(),
        strict=True,
    )
    return [Fitted(a, b, tuple(c), tuple(d), e) for a, b, c, d, e in rows]
