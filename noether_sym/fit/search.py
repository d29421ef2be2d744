"""Fit every candidate: starts, closed form, refinement, final ratio on all samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from noether_sym.fit.closed_form import LEAST_DEFINED, best_combination
from noether_sym.fit.program import Group, Leaves, group_candidates, term_values
from noether_sym.fit.refine import refine
from noether_sym.fit.samples import Samples
from noether_sym.fit.starts import natural_magnitudes, spread_starts
from noether_sym.fit.terms import Candidate

ACCEPTED = "accepted"
NOT_CONSERVED = "not conserved"
CONSTANT = "constant"
DIVERGED = "diverged"
OUT_OF_DOMAIN = "out of domain"

_STARTS = (1, 24, 64, 96)
_KEPT = 3
_STEPS = 12
_POLISH_STEPS = 25
_SCREEN_SAMPLES = 400
_PROMISING = 0.5
_ELEMENTS = 1 << 22

Progress = Callable[[str, int, int], None]


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
    inner : tuple of float
        Inner parameters by slot.
    factors : tuple of float
        Factor of each term.
    defined : float
        Part of the samples on which the formula is finite.
    """

    status: str
    ratio: float
    inner: tuple[float, ...]
    factors: tuple[float, ...]
    defined: float


def fit_candidates(
    candidates: Sequence[Candidate],
    samples: Samples,
    *,
    jobs: int = 1,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[Fitted]:
    """Fit all candidates; the answer does not depend on the number of jobs.

    Inner parameters start from a spread of values on a thinned set of samples, the best
    starts are refined there, and what looks promising is refined on all samples.

    Parameters
    ----------
    candidates : sequence of Candidate
    samples : Samples
    jobs : int
        Worker threads; torch releases the interpreter while it computes.
    device : str
        ``cpu`` or ``cuda``.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    list of Fitted
        In the order of the candidates.
    """
    thin = Leaves(samples.thinned(_SCREEN_SAMPLES), device)
    full = Leaves(samples, device)
    largest = max(1, _ELEMENTS // (samples.count * 2 * 4))
    groups = group_candidates(candidates, largest if device == "cpu" else 1 << 14)
    for group in groups:  # shared values are filled in before the workers read them
        for leaves in (thin, full):
            group.leaf_values(leaves)
    results: list[Fitted | None] = [None] * len(candidates)
    done = 0
    for group, fits in zip(groups, _run(groups, candidates, thin, full, jobs), strict=True):
        for member, fit in zip(group.members, fits, strict=True):
            results[member] = fit
        done += len(fits)
        if progress is not None:
            progress("fit", done, len(candidates))
    return [fit for fit in results if fit is not None]


def _run(  # type: ignore[no-untyped-def]
    groups: list[Group], candidates: Sequence[Candidate], thin: Leaves, full: Leaves, jobs: int
):
    if jobs == 1:
        return (_fit_group(group, candidates, thin, full) for group in groups)
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, backend="threading", return_as="generator")
    return parallel(delayed(_fit_group)(group, candidates, thin, full) for group in groups)


def _fit_group(
    group: Group, candidates: Sequence[Candidate], thin: Leaves, full: Leaves
) -> list[Fitted]:
    with np.errstate(all="ignore"):
        inner = _screened(group, candidates, thin)
    leaves = group.leaf_values(full)
    final = best_combination(term_values(group.skeleton, leaves, inner), full.weights)
    ratio, factors = final.ratio, final.factors
    if group.inner:
        promising = torch.nonzero((ratio < _PROMISING).any(1))[:, 0]
        if len(promising):
            chosen = [leaf[promising] for leaf in leaves]
            polished = refine(
                group.skeleton,
                chosen,
                inner[promising],
                factors[promising],
                full.weights,
                _POLISH_STEPS,
            )
            better = polished[0] < ratio[promising]
            ratio[promising] = torch.where(better, polished[0], ratio[promising])
            inner[promising] = torch.where(better[..., None], polished[1], inner[promising])
            factors[promising] = torch.where(better[..., None], polished[2], factors[promising])
    best = ratio.argmin(1)
    rows = torch.arange(len(best), device=best.device)
    return _statuses(
        ratio[rows, best].cpu().numpy(),
        inner[rows, best].cpu().numpy(),
        factors[rows, best].cpu().numpy(),
        final.defined[rows, best].cpu().numpy(),
        final.varies[rows, best].cpu().numpy(),
    )


def _screened(group: Group, candidates: Sequence[Candidate], thin: Leaves) -> torch.Tensor:
    """Inner parameters of the best few starts: shape (member, start, inner parameter)."""
    members = len(group.members)
    if group.inner == 0:
        return torch.zeros((members, 1, 0), dtype=torch.float64, device=thin.device)
    spread = spread_starts(_STARTS[min(group.inner, len(_STARTS) - 1)], group.inner)
    scales = np.stack(
        [natural_magnitudes(candidates[number].terms, thin.magnitude) for number in group.members]
    )
    starts = torch.as_tensor(scales[:, None] * spread[None], device=thin.device)
    leaves = group.leaf_values(thin)
    step = max(1, _ELEMENTS // (starts.shape[1] * leaves[0][0].numel()))
    kept = []
    for begin in range(0, members, step):
        part = slice(begin, begin + step)
        own = [leaf[part] for leaf in leaves]
        first = best_combination(term_values(group.skeleton, own, starts[part]), thin.weights)
        order = first.ratio.argsort(dim=1, stable=True)[:, :_KEPT]
        chosen = torch.take_along_dim(starts[part], order[..., None], 1)
        factors = torch.take_along_dim(first.factors, order[..., None], 1)
        _, inner, _ = refine(group.skeleton, own, chosen, factors, thin.weights, _STEPS)
        kept.append(torch.where(torch.isfinite(inner), inner, chosen))
    return torch.cat(kept)


def _statuses(
    ratio: NDArray[np.float64],
    inner: NDArray[np.float64],
    factors: NDArray[np.float64],
    defined: NDArray[np.float64],
    varies: NDArray[np.bool_],
) -> list[Fitted]:
    fits = []
    for row, value in enumerate(ratio.tolist()):
        finite = np.isfinite(inner[row]).all() and np.isfinite(factors[row]).all()
        if np.isfinite(value) and finite:
            status = NOT_CONSERVED
        elif defined[row] < LEAST_DEFINED:
            status, value = OUT_OF_DOMAIN, np.inf
        elif not varies[row]:
            status, value = CONSTANT, np.inf
        else:
            status, value = DIVERGED, np.inf
        fits.append(
            Fitted(
                status,
                float(value),
                tuple(inner[row].tolist()),
                tuple(factors[row].tolist()),
                float(defined[row]),
            )
        )
    return fits
